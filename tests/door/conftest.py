"""One country of canaries for all tests of this folder."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from access.database import engine as database
from geodata.snapshots import formats as store
from tests.door import canaries


@pytest.fixture(scope="session")
def country(
    tmp_path_factory: pytest.TempPathFactory, once: Callable[[str, Callable[[Path], None]], Path]
) -> Iterator[tuple[Path, str, dict[str, canaries.Canary]]]:
    """Return the data folder full of canaries, the version of the model that scored them, and them by region."""
    folder = tmp_path_factory.mktemp("canaries") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(folder))
        patch.delenv("RISICOBEELD_REGISTER", raising=False)
        version, made = canaries.copy(once("canaries", canaries.build_in), folder)
        yield folder, version, made
    database.close()


_read_once = functools.cache(store.read_parquet)


@pytest.fixture
def birds(
    country: tuple[Path, str, dict[str, canaries.Canary]], monkeypatch: pytest.MonkeyPatch
) -> dict[str, canaries.Canary]:
    """Use the country of canaries in this test."""
    folder, _, made = country
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    # What lies before the door is read once for all viewers; the door itself does its work each time.
    monkeypatch.setattr(store, "read_parquet", _read_once)
    return made


@pytest.fixture
def model_version(country: tuple[Path, str, dict[str, canaries.Canary]]) -> str:
    """Return the version of the model that scored the canaries."""
    return country[1]
