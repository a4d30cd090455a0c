"""The product served on a folder that the tests of a file also read and write."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from access.database import engine as database
from access.database import tables
from access.database.who import UPKEEP

APP = Path(__file__).parents[3] / "app.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page") / "data"


@pytest.fixture
def app(serve: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the product, with an empty register when the test begins."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    address = serve(APP, RISICOBEELD_DATA=str(folder))
    with database.writing(UPKEEP) as connection:
        for table in reversed(tables.REGISTER_TABLES):
            connection.execute(table.delete())
    expect.set_options(timeout=60_000)  # the scores are computed first, and a busy machine is slow, not wrong
    yield address
    database.close()
