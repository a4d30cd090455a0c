"""The notebooks of the index run from the first cell to the last, on a data folder of their own."""

from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
_FEW = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.few_rebuilds import few_rebuilds
few = few_rebuilds()
few.__enter__()
"""


@pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery, on its event loop
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("02_index", ["left over:", "dummy            0.00", "VOORBEELD"]),
        ("03_validation", ["says nothing about the index", "There is no learned model yet"]),
        ("04_targets", ["the chances add up to 8.000000 of 8 draws", "VOORBEELD"]),
    ],
)
def test_the_notebook_runs_and_draws(name: str, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)  # Streamlit sets it for its own process; a kernel would inherit it
    book = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    # That each cell runs and draws is proved here; how sure a rank is and how often a site is drawn, elsewhere.
    book.cells.insert(0, nbformat.v4.new_code_cell(_FEW))
    for cell in book.cells:
        cell.source = cell.source.replace("10_000", "500")
    nbclient.NotebookClient(book, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    told = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)
    told += "".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    for word in words:
        assert word in told
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4
    assert not [output for output in outputs if output.get("name") == "stderr"]
