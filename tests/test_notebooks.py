"""The notebooks of the index run from the first cell to the last, on a data folder of their own."""

from itertools import product
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parents[1]
_WORDS = {
    "02_index": ["left over:", "dummy            0.00", "VOORBEELD"],
    "03_validation": ["says nothing about the index", "There is no learned model yet"],
    "04_targets": ["the chances add up to 8.000000 of 8 draws", "VOORBEELD"],
}
_FEW = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.few_rebuilds import few_rebuilds
few = few_rebuilds()
few.__enter__()
"""


_RESET = "%reset -f"
# That each cell runs and draws is proved here; how sure a rank is, how often a site is drawn and what is learned of
# figures with all their digits, elsewhere.
_LESS = {"10_000": "500", "rng.uniform(0, 10, size)": "rng.uniform(0, 10, size).round(1)"}


@pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery, on its event loop
def test_the_notebooks_run_and_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process, which forgets every name between two notebooks: each has what it needs in its own cells."""
    monkeypatch.delenv("MPLBACKEND", raising=False)  # Streamlit sets it for its own process; a kernel would inherit it
    books = {name: nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4) for name in _WORDS}
    for book in books.values():
        book.cells.insert(0, nbformat.v4.new_code_cell(_RESET))
        for cell, (more, less) in product(book.cells, _LESS.items()):
            cell.source = cell.source.replace(more, less)
    whole = nbformat.v4.new_notebook(metadata=book.metadata)
    whole.cells = [nbformat.v4.new_code_cell(_FEW), *(cell for book in books.values() for cell in book.cells)]
    nbclient.NotebookClient(whole, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    for name, book in books.items():
        outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
        told = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs)
        told += "".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
        assert [word for word in _WORDS[name] if word not in told] == [], name
        assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4, name
        assert not [output for output in outputs if output.get("name") == "stderr"], name
