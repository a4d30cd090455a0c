"""A fresh register for each test, on SQLite and on a real PostgreSQL."""

import pytest

from access.database import engine as database
from access.viewer import Viewer
from tests.server.postgres import new_database, running


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this test run only; the reason is printed where it cannot start."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request, tmp_path, monkeypatch):
    """An empty register; its name tells which database holds it."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("RISICOBEELD_REGISTER", raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv("RISICOBEELD_REGISTER", new_database(request.getfixturevalue("postgres")))
    yield request.param
    database.close()


@pytest.fixture
def lotc():
    return Viewer("lotc")


@pytest.fixture
def activation():
    """An invented activation."""
    return {
        "event_date": "2020-10-05",
        "kind": "preventief",
        "themes": "wonen",
        "gemeente_code": "GM0363",
        "sector_code": "lodging",
        "outcome": "niets aangetroffen",
        "partners": "GGD;NVWA",
        "measures": "geen",
    }


@pytest.fixture
def closed():
    """Leave no connection open after a test that makes its own register."""
    yield
    database.close()
