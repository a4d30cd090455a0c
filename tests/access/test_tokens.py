"""A file of tokens that is damaged is said by every check, before another system meets it."""

import json
import threading
from datetime import date
from pathlib import Path

import pytest

from access import tokens
from access.viewer import Viewer
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


def test_a_token_that_is_ended_while_another_is_given_stays_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    today, last = date(2026, 11, 28), date(2027, 1, 1)
    ended = tokens.give("map", Viewer("policy"), last, today=today)
    others: list[threading.Thread] = []
    keep = tokens._keep

    def slowly(content: dict[str, dict[str, str]]) -> None:
        if not others:
            others.append(threading.Thread(target=tokens.revoke, args=("map",)))
            others[0].start()
            others[0].join(0.3)  # long enough for one that nothing holds up
        keep(content)

    monkeypatch.setattr(tokens, "_keep", slowly)
    given = tokens.give("table", Viewer("policy"), last, today=today)
    others[0].join()
    assert tokens.who(ended, today) is None
    assert tokens.who(given, today) is not None
