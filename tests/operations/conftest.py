"""A PostgreSQL that several processes share, and can be stopped and started under them."""

import pytest

from access.database import engine as database
from geodata import settings
from tests.server.postgres import new_database, running


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this test run only; the reason is printed where it cannot start."""
    with running() as server:
        yield server


@pytest.fixture
def shared(postgres, data_dir, monkeypatch) -> dict[str, str]:
    """An empty register in it, and the settings by which every process of a test finds that and one data folder."""
    monkeypatch.setenv("RISICOBEELD_REGISTER", new_database(postgres))
    yield {"RISICOBEELD_DATA": str(data_dir), "RISICOBEELD_REGISTER": settings.register_url()}
    database.close()
