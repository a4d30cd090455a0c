"""Files are whole or absent, of the kind their ending says, and harmless in a spreadsheet."""

import gc
import os
import stat
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from door import export
from door import store as access
from geodata.errors import InputError, UnknownCodeError
from geodata.snapshots import formats as store


def lotc() -> access.ScopedStore:
    return access.open_store(access.Viewer("lotc"))


def exporter(ending: str) -> access.ScopedStore:
    """Return who exports: everything, but of a workbook, which is slow to write and to read back, one region's part."""
    return access.open_store(access.Viewer("region", ("VR06",))) if ending == ".xlsx" else lotc()


@pytest.mark.parametrize("name", export.TABLES)
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".geojson", ".gpkg"])
def test_every_table_goes_into_every_kind_of_file(name: str, ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"{name}{ending}"
    if name == "context" and ending in store.MAPS:
        with pytest.raises(InputError, match="no places"):
            export.export_table(lotc(), name, path)
        return
    rows_n = export.export_table(exporter(ending), name, path)
    readers = {
        ".csv": pd.read_csv,
        ".xlsx": pd.read_excel,
        ".parquet": pd.read_parquet,
        ".geojson": gpd.read_file,
        ".gpkg": gpd.read_file,
    }
    table = readers[ending](path)
    assert len(table) == rows_n == len(exporter(ending).table(name))
    if rows_n or ending != ".geojson":  # a GeoJSON without features has no columns
        assert table["status_band"].eq("VOORBEELD - verzonnen cijfers").all()
    if ending == ".geojson" and rows_n:
        west, south, east, north = table.total_bounds
        assert (3 < west < east < 8, 50 < south < north < 54) == (True, True)
    if ending == ".gpkg" and rows_n:
        assert table.crs.to_epsg() == 28992
    assert [found.name for found in folder.iterdir()] == [path.name]


def test_what_cannot_be_written_is_said_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.docx"
    path.write_text("old")
    with pytest.raises(InputError, match="ending"):
        export.export_table(lotc(), "gemeenten", path)
    assert path.read_text() == "old"
    with pytest.raises(InputError, match="cannot be written"):
        export.export_table(lotc(), "gemeenten", tmp_path / "absent" / "table.csv")
    with pytest.raises(UnknownCodeError, match="choose one of"):
        export.export_table(lotc(), "secrets", tmp_path / "table.csv")


BLANK = ' "\x00\xa0\ufeff\u200b'
_FORMULAS = st.text(alphabet=f"=+-@;,\n\uff1da'{BLANK}", min_size=1, max_size=8)


@given(st.lists(st.one_of(st.text(min_size=1, max_size=20), _FORMULAS), min_size=1, max_size=5))
def test_no_text_runs_as_a_formula(texts: list[str]) -> None:
    made = store.neutralise_formulas(pd.DataFrame({"text": texts}))["text"]
    assert not made.str.startswith(("=", "+", "-", "@", "\t", "\r")).any()
    again = store.neutralise_formulas(pd.DataFrame({"text": made}))["text"]
    assert [*again] == [*made]
    for separator in (";", ",", "\t", "\n"):
        for cell in made:
            assert not any(part.lstrip(BLANK).startswith(("=", "+", "@", "\uff1d")) for part in cell.split(separator))
    assert [cell.replace("'", "") for cell in made] == [text.replace("'", "") for text in texts]


def test_a_formula_after_a_semicolon_stays_text_in_a_dutch_spreadsheet(tmp_path: Path) -> None:
    table = pd.DataFrame({"=kop": ["bezoek;=cmd|' /C calc'!A0;einde"], "soort": pd.Categorical(["@SUM(A1)"])})
    path = tmp_path / "table.csv"
    store.write_table(table, path)
    read = pd.read_csv(path, sep=";", header=None, dtype=str, names=range(9), quotechar="\0")
    cells = [str(cell) for cell in read.to_numpy().ravel() if isinstance(cell, str)]
    assert len(cells) >= 4
    assert not [cell for cell in cells if cell.lstrip('"').startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o027, 0o640)])
def test_a_file_is_for_whom_the_account_says(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        store.write_table(pd.DataFrame({"name": ["Park"]}), tmp_path / "table.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == mode


def test_a_formula_in_a_workbook_is_text(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    store.write_table(pd.DataFrame({"name": ['=HYPERLINK("http://127.0.0.1")']}), path)
    cell = load_workbook(path).active["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'=")


def test_a_large_workbook_leaves_nothing_for_a_collection_that_holds_everybody() -> None:
    table = pd.DataFrame({f"column {n}": ["a text"] * 3_000 for n in range(20)})
    whole: list[int] = []

    def note(phase: str, told: dict[str, int]) -> None:
        if phase == "start" and told["generation"] == 2:
            whole.append(len(whole))

    gc.collect()
    gc.callbacks.append(note)
    try:
        store.workbook([store.Sheet("sheet", table)])
    finally:
        gc.callbacks.remove(note)
    assert not whole, "the cells are not kept until the end"
