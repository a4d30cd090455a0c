"""For a file whose tests share one data folder: import `data_dir`."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share one folder between the tests of a file; each begins without a token."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    (folder / "feed_tokens.json").unlink(missing_ok=True)
    return folder
