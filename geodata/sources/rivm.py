"""RIVM: COVID-19 cases per gemeente per day (frozen since April 2023), to weekly incidence."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from geodata.areas import joins, regions
from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import http
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import NotThereError, Progress

SOURCE = "rivm"
FOLDERS = ("/data/covid-19", "/covid-19")  # the address in use, and the one before
FILES = ("COVID-19_aantallen_gemeente_per_dag_tm_03102021.csv", "COVID-19_aantallen_gemeente_per_dag.csv")
COLUMNS = ("Date_of_publication", "Municipality_code", "Total_reported")
_FIRST_YEAR = 2020
_DISEASE = "COVID-19"


def _fetch(folder: Path, progress: Progress) -> Delivery:
    files, parts = {}, []
    for name in FILES:
        try:
            files[name] = _download(name, folder / name, progress)
        except NotThereError:  # RIVM has split and joined its files before
            continue
        parts.append(read_days(files[name]))
    if not parts:
        raise SourceError(f"Source {SOURCE}: neither of its files is served; compare their names with docs/sources.md.")
    days = pd.concat(parts)
    newest = days["Date_of_publication"].max().date().isoformat()
    cut = unfinished_week(days)
    told = f"Week {cut} is left out: the figures end within it, on {newest}." if cut else ""
    return Delivery(files, newest, len(days), f"{http.base('rivm')}{FOLDERS[0]}", notes=(told,) if told else ())


def _download(name: str, target: Path, progress: Progress) -> Path:
    try:
        return http.download(SOURCE, f"{http.base('rivm')}{FOLDERS[0]}/{name}", target, progress)
    except NotThereError:
        return http.download(SOURCE, f"{http.base('rivm')}{FOLDERS[1]}/{name}", target, progress)


def read_days(path: Path) -> pd.DataFrame:
    """Return the rows of a file with their day, gemeente ('' where RIVM did not know it) and cases.

    Raises
    ------
    SourceError
        The file is no such table, as when a web page was served in its place.
    """
    try:
        try:
            frame = pd.read_csv(path, sep=";", usecols=list(COLUMNS), dtype="str", encoding="utf-8-sig")
        except UnicodeDecodeError:
            frame = pd.read_csv(path, sep=";", usecols=list(COLUMNS), dtype="str", encoding="latin1")
        frame["Date_of_publication"] = pd.to_datetime(frame["Date_of_publication"], format="%Y-%m-%d")
        frame["Total_reported"] = pd.to_numeric(frame["Total_reported"])
    except (ValueError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        is_page = path.read_bytes()[:200].lstrip().startswith(b"<")
        raise SourceError(
            f"Source {SOURCE}: {path.name} is {'a web page instead of data' if is_page else 'not the table of cases'}"
            f" ({error}); look at its address in a browser and compare it with docs/sources.md."
        ) from error
    if frame.empty:
        raise SourceError(f"Source {SOURCE}: {path.name} holds no row; refresh again later.")
    return frame.assign(Municipality_code=frame["Municipality_code"].fillna(""))


def unfinished_week(days: pd.DataFrame) -> str:
    """Return the last week of the figures where they end before its Sunday; '' where it is whole, or the only one.

    Examples
    --------
    >>> days = pd.DataFrame({"Date_of_publication": pd.to_datetime(["2023-03-26", "2023-03-31"])})
    >>> unfinished_week(days), unfinished_week(days.head(1))
    ('2023-W13', '')
    """
    last = days["Date_of_publication"].max()
    week: str = last.strftime("%G-W%V")
    is_only = (days["Date_of_publication"].dt.strftime("%G-W%V") == week).all()
    return "" if last.isoweekday() == 7 or is_only else week


def weekly(days: pd.DataFrame) -> pd.DataFrame:
    """Return cases per gemeente of today and week of publication (ISO).

    Cases of which RIVM did not know the gemeente are left out, and so is a last week that is not over: half of its
    cases would look like a decline. The codes are those of the day: each abolished
    gemeente is brought to the one of today, whenever it was abolished.

    Returns
    -------
    DataFrame
        gemeente_code, week (2020-W37), cases_n, is_split.
    """
    cut = unfinished_week(days)
    week = days["Date_of_publication"].dt.strftime("%G-W%V")
    named = days.rename(columns={"Municipality_code": "gemeente_code", "Total_reported": "cases_n"}).assign(week=week)
    named = named[(named["gemeente_code"] != "") & (named["week"] != cut)]
    counts = named.groupby(["gemeente_code", "week"], as_index=False)[["cases_n"]].sum()
    changes = regions.changes_from(_FIRST_YEAR, with_arisen=True)
    return joins.to_today(counts, changes, ["cases_n"], by=["gemeente_code", "week"])


def _read(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    days = read_days(raw.path / next(name for name in FILES if name in raw.files))
    for name in (name for name in FILES[1:] if name in raw.files):
        # a gemeente may have two rows a day (two hospital regions), so that only whole days can be told apart
        later = read_days(raw.path / name)
        days = pd.concat([days, later[later["Date_of_publication"] > days["Date_of_publication"].max()]])
    cases = weekly(days)
    cases = cases[cases["gemeente_code"].isin(areas["gemeenten"]["gemeente_code"])]
    cases = cases.assign(
        disease=_DISEASE,
        status=joins.status_after_split(cases["is_split"], cases["cases_n"]),
        source=f"RIVM, cases per gemeente per day, to {raw.record.source_date}",
    )
    return {"incidence": cases.drop(columns="is_split")}


def _ask() -> list[str]:
    header = http.first_bytes(SOURCE, f"{http.base('rivm')}{FOLDERS[0]}/{FILES[1]}", 500)
    return [f"column {name} is not in the file" for name in COLUMNS if name not in header]


CONNECTOR = Connector(_fetch, _read, ask=_ask)
