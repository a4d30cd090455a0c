"""Region of each gemeente per year, from CBS: 70072ned, or "Gebieden in Nederland" where that cannot serve."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import http
from geodata.sources.cbs import odata as cbs
from geodata.sources.cbs.question import Wanted, starting_with, years
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import Progress

SOURCE = "cbs_regions"
TABLE = "70072ned"
FIRST_YEAR = 2020

_CODE = r"[ >(,]*code\)?"
WANTED = {
    "vr_code": Wanted(rf"veiligheidsregio's{_CODE}"),
    "am_code": Wanted(rf"arbeidsmarktregio's{_CODE}", is_optional=True),
    "population_n": Wanted("(totale bevolking|inwonertal)", is_optional=True),
}
COROP = {"corop_code": Wanted(rf"corop-gebieden{_CODE}")}
_WHERE = {"RegioS": starting_with("GM"), "Perioden": years(first=FIRST_YEAR)}
_TITLE = re.compile(r"Gebieden in Nederland (\d{4})\s*")
KNOWN = {
    2020: "84721NED",
    2021: "84929NED",
    2022: "85067NED",
    2023: "85385NED",
    2024: "85755NED",
    2025: "86059NED",
    2026: "86247NED",
}


def yearly_tables(source_id: str) -> dict[int, str]:
    """Return the table "Gebieden in Nederland" of each year, as StatLine's catalogue lists them.

    Years that the catalogue does not give (or all, while it is down) come from the list known when this was written.
    """
    try:
        titles = cbs.titles_with(source_id, "Gebieden in Nederland")
    except SourceError:
        return dict(KNOWN)
    found = {table_id: _TITLE.fullmatch(title) for table_id, title in titles.items()}
    listed = {int(match[1]): table_id for table_id, match in found.items() if match}
    return KNOWN | {year: table for year, table in listed.items() if year >= FIRST_YEAR}


def _fetch(folder: Path, progress: Progress) -> Delivery:
    try:
        path = cbs.fetch(SOURCE, TABLE, WANTED, _WHERE, folder, progress=progress)
        files, parameters = {path.name: path}, {"table": TABLE}
    except SourceError:
        files = _fetch_yearly(folder, progress)
        parameters = {"table": "Gebieden in Nederland"}
    frame = _history(SOURCE, files, parameters["table"])
    newest = int(frame["year"].max())
    address = f"{http.base('cbs_v3')}/ODataFeed/odata/{TABLE}"
    return Delivery(files, f"{newest}-01-01", len(frame), address, parameters)


def _fetch_yearly(folder: Path, progress: Progress) -> dict[str, Path]:
    tables = yearly_tables(SOURCE)
    files = {}
    for number, (year, table_id) in enumerate(sorted(tables.items())):
        progress(number, len(tables))
        where = {"RegioS": starting_with("GM")}
        path = cbs.fetch(SOURCE, table_id, WANTED, where, folder, name=f"{year}", progress=lambda _done, _all: None)
        files[path.name] = path
    progress(len(tables), len(tables))
    return files


def _history(source_id: str, files: Mapping[str, Path], table_id: str) -> pd.DataFrame:
    parts = []
    for name, path in files.items():
        table = cbs.read(source_id, path, table_id, WANTED, _WHERE)
        frame = table.frame
        year = frame["Perioden"].str[:4] if "Perioden" in frame else Path(name).stem
        parts.append(frame.assign(year=year))
    history = pd.concat(parts, ignore_index=True).rename(columns={"RegioS": "gemeente_code"})
    history["year"] = history["year"].astype(int)
    # a gemeente that is not there (yet, or any more) has no region in that year
    history = history[history["vr_code"].astype(str).str.fullmatch(r"VR\d\d")]
    if history.empty:
        raise SourceError(
            f"Source {source_id}: {table_id} gives no veiligheidsregio for any gemeente; compare its columns with"
            " docs/sources.md."
        )
    for column in ("am_code", "population_n"):
        if column not in history:
            history[column] = "" if column == "am_code" else float("nan")
    return history[["gemeente_code", "year", "vr_code", "am_code", "population_n"]].reset_index(drop=True)


def _read(raw: RawSnapshot, _areas: Mapping[str, pd.DataFrame]) -> Frames:
    files = {name: raw.path / name for name in raw.files}
    return {"region_history": _history(SOURCE, files, raw.parameters["table"])}


CONNECTOR = Connector(_fetch, _read)
