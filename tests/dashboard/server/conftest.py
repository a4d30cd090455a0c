"""The feed as a server of this process."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.server import feed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder that the tests of a file share (`tests.dashboard.server.shared`)."""
    return tmp_path_factory.mktemp("feed") / "data"


@pytest.fixture
def address() -> Iterator[str]:
    with feed.serve(0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
