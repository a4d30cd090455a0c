"""A file of tokens that is damaged is said by every check, before another system meets it."""

import json
from pathlib import Path

import pytest

from commands.data import main
from door import installation


@pytest.mark.parametrize("content", ["{bad", "[1]", '{"kaart": 1}'])
def test_damaged_tokens_are_found(content: str, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "feed_tokens.json").write_text(json.dumps({}))
    assert main(["verify"]) == main(["status", "--ready"]) == 0
    (data_dir / "feed_tokens.json").write_text(content)
    capsys.readouterr()
    assert main(["verify"]) == 2
    assert "feed_tokens.json" in capsys.readouterr().err
    assert "feed_tokens.json" in installation.check()["folder"]
    assert main(["status", "--ready"]) == 1
