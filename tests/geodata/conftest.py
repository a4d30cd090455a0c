"""The local server for the tests of the data, with every publisher at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server import cbs, figures, publishers
from tests.server.cbs import Table
from tests.server.local import LocalServer, Route, running


@pytest.fixture(scope="session")
def all_tables() -> dict[str, Table]:
    return figures.statline()


@pytest.fixture(scope="session")
def other_routes() -> list[Route]:
    return publishers.everything({})[1:]


@pytest.fixture
def tables(all_tables: dict[str, Table]) -> dict[str, Table]:
    """Return the tables that StatLine serves; a test may put others in their place."""
    return dict(all_tables)


@contextmanager
def asked_here(routes: list[Route], folder: Path) -> Iterator[LocalServer]:
    """Run the server; every base address leads to it, and no wait between attempts is long."""
    with running(routes) as hosted, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_SOURCES", str(hosted.write_sources(folder)))
        patch.setenv("RISICOBEELD_TIMEOUT", "20")
        patch.setenv("RISICOBEELD_RETRY_WAIT", "0.01")
        yield hosted


@pytest.fixture
def server(tables: dict[str, Table], other_routes: list[Route], tmp_path: Path) -> Iterator[LocalServer]:
    """Let this test ask every publisher of a server of its own."""
    with asked_here([cbs.v3(tables), *other_routes], tmp_path) as hosted:
        yield hosted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder to fetch into."""
    path = tmp_path / "fetched"
    path.mkdir()
    return path


@pytest.fixture
def impatient(server: LocalServer) -> Iterator[None]:  # noqa: ARG001 - after its settings
    """Cut silence off soon, for tests in which a server hangs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_TIMEOUT", "0.5")
        yield
