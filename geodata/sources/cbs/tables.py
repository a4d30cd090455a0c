"""The CBS tables: establishments, jobs, agriculture, detail by COROP, registered residents, and gemeenten per year.

The region of each gemeente is in 70072ned, or in "Gebieden in Nederland" where that cannot serve.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from geodata import codes
from geodata.areas import joins, regions
from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import http
from geodata.sources.cbs import odata as cbs
from geodata.sources.cbs.question import Wanted, Where, starting_with, years
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import Progress

_SECTION = re.compile(r"([A-Z](?:[-+][A-Z])?)\s")
_DETAIL = re.compile(r"(\d{2,5}|\d{2}-\d{2})\s")
_SECTION_KEYS = {
    "301000": "A",
    "305700": "B",
    "307500": "C",
    "346600": "D",
    "348000": "E",
    "350000": "F",
    "354200": "G",
    "383100": "H",
    "389100": "I",
    "391600": "J",
    "396300": "K",
    "402000": "L",
    "403300": "M",
    "410200": "N",
    "417400": "O",
    "419000": "P",
    "422400": "Q",
    "428100": "R",
    "435500": "S",
    "440000": "T",
    "440900": "U",
    "300010": "M-N",
    "300012": "O-Q",
    "300014": "R-U",
}
_SBI = "BedrijfstakkenBranches"
_NEWEST = years(newest_n=3)  # the newest period may stand in a table without values
_RESIDENTS = (
    r"(Totaal )?(EU|Europese Unie)\b.*(EVA|EFTA).*",
    r"(Totaal )?(EU|Europese Unie)\b.*(zonder|exclusief|excl\.?).*Ned.*",
    r"Midden- en Oost-Europese nat.* EU",
)
"""Titles of the one aggregate of nationalities, the best first; single nationalities are never asked."""
_REGIONS = "cbs_regions"
_REGIONS_TABLE = "70072ned"
_FIRST_YEAR = 2020

_CODE = r"[ >(,]*code\)?"
_OF_REGIONS = {
    "vr_code": Wanted(rf"veiligheidsregio's{_CODE}"),
    "am_code": Wanted(rf"arbeidsmarktregio's{_CODE}", is_optional=True),
    "population_n": Wanted("(totale bevolking|inwonertal)", is_optional=True),
}
COROP = {"corop_code": Wanted(rf"corop-gebieden{_CODE}")}
_WHERE = {"RegioS": starting_with("GM"), "Perioden": years(first=_FIRST_YEAR)}
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
    return KNOWN | {year: table for year, table in listed.items() if year >= _FIRST_YEAR}


def _fetch_regions(folder: Path, progress: Progress) -> Delivery:
    try:
        path = cbs.fetch(_REGIONS, _REGIONS_TABLE, _OF_REGIONS, _WHERE, folder, progress=progress)
        files, parameters = {path.name: path}, {"table": _REGIONS_TABLE}
    except SourceError:
        files = _fetch_yearly(folder, progress)
        parameters = {"table": "Gebieden in Nederland"}
    frame = _history(_REGIONS, files, parameters["table"])
    newest = int(frame["year"].max())
    address = f"{http.base('cbs_v3')}/ODataFeed/odata/{_REGIONS_TABLE}"
    return Delivery(files, f"{newest}-01-01", len(frame), address, parameters)


def _fetch_yearly(folder: Path, progress: Progress) -> dict[str, Path]:
    tables = yearly_tables(_REGIONS)
    files = {}
    for number, (year, table_id) in enumerate(sorted(tables.items())):
        progress(number, len(tables))
        where = {"RegioS": starting_with("GM")}
        path = cbs.fetch(
            _REGIONS, table_id, _OF_REGIONS, where, folder, name=f"{year}", progress=lambda _done, _all: None
        )
        files[path.name] = path
    progress(len(tables), len(tables))
    return files


def _history(source_id: str, files: Mapping[str, Path], table_id: str) -> pd.DataFrame:
    parts = []
    for name, path in files.items():
        table = cbs.read(source_id, path, table_id, _OF_REGIONS, _WHERE)
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


def _read_regions(raw: RawSnapshot, _areas: Mapping[str, pd.DataFrame]) -> Frames:
    files = {name: raw.path / name for name in raw.files}
    return {"region_history": _history(_REGIONS, files, raw.parameters["table"])}


def sbi_code(code: str, title: str) -> str:
    """Return the letter, range or digits by which a title of the SBI begins; '' for totals.

    Examples
    --------
    >>> sbi_code("350000", "F Bouwnijverheid"), sbi_code("300002", "B-E Nijverheid"), sbi_code("T001081", "Totaal")
    ('F', 'B-E', '')
    """
    match = _SECTION.match(title) or _DETAIL.match(title)
    return match[1] if match else _SECTION_KEYS.get(code, "")


def _with_sbi(wanted: Callable[[str], bool]) -> Callable[[Mapping[str, str]], set[str]]:
    return lambda titles: {code for code, title in titles.items() if wanted(sbi_code(code, title))}


def _is_section(sbi: str) -> bool:
    return bool(re.fullmatch(r"[A-Z]([-+][A-Z])?", sbi)) and sbi != "A-U"


def _detail_codes() -> set[str]:
    return {code.replace(".", "") for sector in codes.SECTORS.values() for code in sector.sbi2008}


def _residents(titles: Mapping[str, str]) -> set[str]:
    for pattern in _RESIDENTS:
        found = {code for code, title in titles.items() if re.fullmatch(pattern, title, re.IGNORECASE)}
        if found:
            return {min(found)}
    return set()


_GM: Where = {"RegioS": starting_with("GM"), "Perioden": _NEWEST}
_ESTABLISHMENTS = {"value_n": Wanted(r"[^>]*\bvestigingen\b[^>]*")}
_JOBS = {"value_n": Wanted(r"[^>]*\bbanen\b[^>]*")}
_PEOPLE = {"value_n": Wanted(r"bevolking[^>]*")}
_LAND = {
    "glass_m2": Wanted(r"tuinbouw onder glas > oppervlakte[^>]* > tuinbouw onder glas,? totaal"),
    "open_m2": Wanted(r"tuinbouw open grond > oppervlakte[^>]* > tuinbouw open grond,? totaal"),
}


def _newest(
    source_id: str, path: Path, table_id: str, wanted: Mapping[str, Wanted], where: Where
) -> tuple[pd.DataFrame, int]:
    """Return the rows of the newest period that has values, with its year; ``sbi`` where the table has branches."""
    table = cbs.read(source_id, path, table_id, wanted, where)
    frame = table.frame.rename(columns={"RegioS": "region"})
    if _SBI in frame:
        names = {code: sbi_code(code, title) for code, title in table.titles[_SBI].items()}
        frame["sbi"] = frame[_SBI].map(names)
    filled = frame.loc[frame[list(wanted)].notna().any(axis=1), "Perioden"]
    if filled.empty:
        raise SourceError(
            f"Source {source_id}: the newest periods of table {table_id} hold no figure; refresh again later."
        )
    newest = filled.max()
    return frame[frame["Perioden"] == newest].reset_index(drop=True), int(newest[:4])


def today(
    frame: pd.DataFrame, year: int, gemeenten: pd.DataFrame, counts: Sequence[str], by: Sequence[str] = ()
) -> pd.DataFrame:
    """Bring figures per gemeente of a year to the gemeenten of today; ``is_split`` marks what became an estimate.

    StatLine goes on listing abolished gemeenten, without values: they are dropped, not counted as zero.

    Parameters
    ----------
    frame
        Figures per gemeente.
    year
        Of their gemeenten.
    gemeenten
        Of today.
    counts
        Columns to add or to split.
    by
        Columns that tell rows of one gemeente apart.
    """
    known = set(regions.gemeenten_of_year(gemeenten, year))
    frame = frame.rename(columns={"region": "gemeente_code"})
    frame = frame[frame["gemeente_code"].isin(known)]
    return joins.to_today(frame, regions.changes_from(year), list(counts), by=["gemeente_code", *by]).assign(year=year)


def _connector(source_id: str, where: Where, frame_name: str, month_day: str = "01-01") -> Connector:
    """Return the connector of a table per gemeente, whose figures are of a fixed day of the year."""

    def fetch(folder: Path, progress: Progress) -> Delivery:
        usual, wanted = TABLES[source_id]
        table_id = http.table(source_id, usual)
        path = cbs.fetch(source_id, table_id, wanted, where, folder, progress=progress)
        frame, year = _newest(source_id, path, table_id, wanted, where)
        address = f"{http.base('cbs_v3')}/ODataFeed/odata/{table_id}"
        parameters = {} if table_id == usual else {"table": table_id}
        stopped = cbs.stopped(source_id, table_id, path)
        return Delivery({path.name: path}, f"{year}-{month_day}", len(frame), address, parameters, stopped=stopped)

    def read(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
        usual, wanted = TABLES[source_id]
        table_id = raw.parameters.get("table", usual)
        frame, year = _newest(source_id, raw.path / f"{table_id}.json", table_id, wanted, where)
        by = ["sbi"] if "sbi" in frame else []
        return {frame_name: today(frame, year, areas["gemeenten"], list(wanted), by)}

    return Connector(fetch, read)


_COROP_TABLE = "81578NED"
_COROP_WHERE: Where = {
    "RegioS": lambda titles: {code for code in titles if re.fullmatch(r"CR(?!98|99)\d\d", code)},
    "Perioden": _NEWEST,
    _SBI: _with_sbi(lambda sbi: _is_section(sbi) or sbi in _detail_codes()),
}


def _fetch_corop(folder: Path, progress: Progress) -> Delivery:
    source_id = "cbs_corop"
    path = cbs.fetch(source_id, _COROP_TABLE, _ESTABLISHMENTS, _COROP_WHERE, folder, progress=progress)
    frame, year = _newest(source_id, path, _COROP_TABLE, _ESTABLISHMENTS, _COROP_WHERE)
    tables = yearly_tables(source_id)
    area_year = max(tables)
    where = {"RegioS": starting_with("GM")}
    areas = cbs.fetch(
        source_id, tables[area_year], COROP, where, folder, name="areas", progress=lambda _done, _all: None
    )
    address = f"{http.base('cbs_v3')}/ODataFeed/odata/{_COROP_TABLE}"
    files = {path.name: path, areas.name: areas}
    parameters = {"areas_table": tables[area_year], "areas_year": str(area_year)}
    stopped = cbs.stopped(source_id, _COROP_TABLE, path)
    return Delivery(files, f"{year}-01-01", len(frame), address, parameters, stopped=stopped)


def _read_corop(raw: RawSnapshot, _areas: Mapping[str, pd.DataFrame]) -> Frames:
    source_id = "cbs_corop"
    path = raw.path / f"{_COROP_TABLE}.json"
    frame, year = _newest(source_id, path, _COROP_TABLE, _ESTABLISHMENTS, _COROP_WHERE)
    where = {"RegioS": starting_with("GM")}
    table = cbs.read(source_id, raw.path / "areas.json", raw.parameters["areas_table"], COROP, where)
    corop_of = table.frame.rename(columns={"RegioS": "gemeente_code"})
    frame = frame.rename(columns={"region": "corop_code", "value_n": "establishments_n"}).assign(year=year)
    return {
        "corop_establishments": frame[["corop_code", "sbi", "establishments_n", "year"]],
        "corop_of": corop_of[["gemeente_code", "corop_code"]],
    }


_SECTIONS: Where = {**_GM, _SBI: _with_sbi(_is_section)}
_TOTAL_OF_PEOPLE: Where = {
    **_GM,
    "Geslacht": starting_with("T001038"),
    "Leeftijd": lambda titles: titles.keys() & {"10000"},
    "Nationaliteit": _residents,
}

TABLES = {
    "cbs_regions": (_REGIONS_TABLE, _OF_REGIONS),
    "cbs_establishments": ("81575NED", _ESTABLISHMENTS),
    "cbs_jobs": ("83582NED", _JOBS),
    "cbs_agriculture": ("80781ned", _LAND),
    "cbs_corop": (_COROP_TABLE, _ESTABLISHMENTS),
    "cbs_residents": ("85644NED", _PEOPLE),
}
"""The table of each source, and the columns that are looked for in it."""

CONNECTORS = {
    "cbs_regions": Connector(_fetch_regions, _read_regions),
    "cbs_establishments": _connector("cbs_establishments", _SECTIONS, "section_establishments"),
    "cbs_jobs": _connector("cbs_jobs", _SECTIONS, "section_jobs", "12-31"),
    "cbs_agriculture": _connector("cbs_agriculture", _GM, "land", "05-15"),
    "cbs_corop": Connector(_fetch_corop, _read_corop),
    "cbs_residents": _connector("cbs_residents", _TOTAL_OF_PEOPLE, "eu_residents"),
}
