"""What is written about the sources: the generated page, the catalogue and the notebook."""

import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from commands import sources
from geodata import settings
from geodata.errors import UnknownCodeError
from geodata.refresh.build import READERS
from geodata.sources import catalogue
from geodata.sources.catalogue import BASES
from geodata.sources.registry import CONNECTORS
from tests.server.local import LocalServer

ROOT = Path(__file__).parents[3]


def test_the_page_is_the_generated_one() -> None:
    written = (ROOT / "docs" / "sources.md").read_text("utf-8")
    assert written == sources.sources_page(), "run: python -m geodata sources --out docs/sources.md"


def test_every_connector_and_every_kind_of_file_is_declared() -> None:
    assert set(CONNECTORS) | set(READERS) <= set(catalogue.SOURCES)
    assert all(f"`{name}`" in sources.sources_page() for name in (*CONNECTORS, *READERS, *BASES))


def test_every_source_says_whose_it_is_and_under_which_licence() -> None:
    for source in catalogue.SOURCES.values():
        assert source.publisher, source.source_id
        assert source.licence, source.source_id
        assert source.attribution, source.source_id
        assert source.max_change_pct > 0, source.source_id


def test_a_file_of_a_user_is_known_by_its_family() -> None:
    assert catalogue.source("sites_file.parks") is catalogue.SOURCES["sites_file"]
    with pytest.raises(UnknownCodeError, match="not in the catalogue"):
        catalogue.source("parks")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery, on its event loop
def test_the_notebook_runs(server: LocalServer) -> None:
    assert server
    book = nbformat.read(ROOT / "notebooks" / "01_sources.ipynb", as_version=4)
    client = nbclient.NotebookClient(book, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    texts = "".join(
        output.get("text", "") for cell in book.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "pdok_parks new 2" in texts
    assert "cbs_regions ok" in texts
    assert sys.executable
    assert (settings.data_dir() / "raw" / "pdok_parks").is_dir()  # in the test's own folder
