"""Imports of a user's files: read, judged, told in a receipt, kept, and only then part of the picture.

Each gives the receipt back and prints nothing, so that a command and a page can tell the same. A refusal changes
nothing; the same file read the same way makes no new version; a dry run stops before anything is kept. Places of
sites that somebody corrected are taken over as a delivery of their own.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from geodata import contracts, settings
from geodata.areas import regions
from geodata.areas.mergers import known_areas
from geodata.batch import LOCAL, Pool
from geodata.errors import AccessDeniedError, InputError, RisicobeeldError
from geodata.intake import establishments, incidence, sites, workbooks
from geodata.intake.columns import ColumnMapping
from geodata.intake.files.table import Options
from geodata.intake.places import known_places
from geodata.intake.receipt import Receipt
from geodata.refresh.build import FRAME, exposure_of, rebuild, trial
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots import formats as store
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.snapshots.snapshot import Snapshot
from geodata.sources import catalogue
from geodata.sources.http import Progress
from geodata.tables import corrections as places
from geodata.tables import coverage

Would = Callable[[Snapshot], None]
"""What a dry run calls with the tables as they would be, while they can be read."""
_EVERYTHING: Final = Options()
_SOURCE: Final = "place_corrections"


@contextmanager
def handed_over(content: bytes, name: str) -> Iterator[Path]:
    """Lay the content that a page received where the imports can read it, under its own name.

    Raises
    ------
    InputError
        The name is none that a file can have.
    """
    plain = re.split(r"[/\\]", name)[-1].strip().lstrip(".")
    if not plain or len(plain.encode()) > 200 or not plain.isprintable():
        raise InputError("file_name_unusable")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / plain
        path.write_bytes(content)
        yield path


def import_establishments(
    path: Path,
    year: int,
    mapping_path: Path | None = None,
    *,
    options: Options = _EVERYTHING,
    is_partial: bool = False,
    is_dry_run: bool = False,
    would: Would | None = None,
) -> Receipt:
    """Read a file with establishments per gemeente and SBI group and rebuild the picture on it.

    Parameters
    ----------
    year
        The year of the figures.
    mapping_path
        A TOML file that says which columns to read; None to let the header decide.
    options
        The sheet to take.
    is_partial
        Keep what can be kept, also where places are unknown.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Raises
    ------
    InputError
        The file or the mapping cannot be used, or the year is before 2020.
    UnknownCodeError
        The file names what is no gemeente of that year; all are listed.
    """
    if not regions.FIRST_YEAR <= year <= date.max.year:
        raise InputError("year_too_early", year=year, first_year=regions.FIRST_YEAR)
    mapping = establishments.read_mapping(mapping_path) if mapping_path else None
    question = establishments.Question(year, mapping, options, is_partial)
    counts, receipt = establishments.read(path, question, known_areas()["gemeenten"], known_places())
    receipt.is_dry_run = is_dry_run
    source = catalogue.source("establishments_file")
    stored = {path.name: path} | ({mapping_path.name: mapping_path} if mapping_path else {})
    record = SourceRecord(
        source.source_id, f"{year}-01-01", counts["gemeente_code"].nunique(), path.name, source.licence, ""
    )
    if is_dry_run:
        _try(record, exposure_of(counts, path.name, year), would)
        return receipt
    parameters = {
        "file": path.name,
        "year": str(year),
        "mapping": mapping_path.name if mapping_path else "",
        "sheet": options.sheet,
    }
    with snapshot.lock():
        before = deliveries.latest_raw_of(source.source_id)
        if before and _is_same(before, record, parameters) and before.files == _digests(stored):
            receipt.is_unchanged = True
            rebuild()
        else:
            keep(record, stored, parameters)
    return receipt


def import_sites(
    path: Path,
    question: sites.Question,
    progress: Progress,
    pool: Pool = LOCAL,
    *,
    only_in: Sequence[str] = (),
    is_dry_run: bool = False,
    would: Would | None = None,
) -> sites.Report:
    """Read a file with sites and rebuild the picture on it; a later file of the same name replaces it.

    Parameters
    ----------
    progress
        Told how many addresses were looked up.
    pool
        Who reads the rows, piece by piece.
    only_in
        Codes of the veiligheidsregio's whose sites are kept, for who may import no others; none is all.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Raises
    ------
    InputError
        The file or its mapping cannot be used; nothing has changed then.
    """
    table, report = sites.read(path, question, known_areas(), known_places(), progress, pool)
    if only_in:
        table = _only_in(table, only_in, report.receipt, is_asked_for=question.is_partial)
    checked = contracts.check("sites", table.assign(list_covers=question.covers))
    _tell_cover(checked, question.covers, report.receipt)
    report.receipt.is_dry_run = is_dry_run
    _store("sites_file", path, question.source_date, {"sites": checked}, report.receipt, would)
    return report


def _tell_cover(table: pd.DataFrame, covers: str, receipt: Receipt) -> None:
    """Tell where a list was declared to be whole, or else what is taken for whole."""
    names = regions.region_names()
    if covers == coverage.NOWHERE:
        receipt.note("covers_none")
        return
    if covers:
        receipt.note("covers", regions=", ".join(names.get(code, code) for code in covers.split(";")))
        return
    guessed = frozenset().union(*(coverage.guessed_regions(table, kind) for kind in table["kind"].unique()))
    if len(guessed) == len(names):
        receipt.note("covers_guessed_all")
    elif guessed:
        receipt.note("covers_guessed", regions=", ".join(sorted(names[code] for code in guessed)))
    else:
        receipt.note("covers_unsaid")


def _only_in(table: pd.DataFrame, vr_codes: Sequence[str], receipt: Receipt, *, is_asked_for: bool) -> pd.DataFrame:
    """Keep the sites of some regions; the receipt counts the others."""
    is_own = table["vr_code"].isin(list(vr_codes))
    receipt.note("other_region", n=int((~is_own).sum()), regions=", ".join(vr_codes))
    receipt.kept_n = int(is_own.sum())
    if not receipt.kept_n or (receipt.kept_n * 2 < len(table) and not is_asked_for):
        raise InputError("sites_elsewhere", name=receipt.file, kept_n=receipt.kept_n, rows_n=len(table))
    return table[is_own].reset_index(drop=True)


def _user_family(public: str, secret: str, *, is_secret: bool) -> str:
    """Return what a user's file is kept as; one that nobody published waits for sign-in."""
    if is_secret and not settings.has_sign_in():
        raise AccessDeniedError(
            "Figures that nobody published need sign-in, and none is configured: without it nobody can be told from"
            " another. Set up sign-in first (docs/privacy.md), or import only open data."
        )
    return secret if is_secret else public


def import_incidence(
    path: Path,
    disease: str,
    mapping: ColumnMapping,
    *,
    is_secret: bool = False,
    series: str = "",
    options: Options = _EVERYTHING,
    is_partial: bool = False,
    is_dry_run: bool = False,
    would: Would | None = None,
) -> Receipt:
    """Read a file with cases of a disease and rebuild the picture on it.

    Parameters
    ----------
    is_secret
        Nobody published these figures; they are shown protected (`access.disclosure`).
    series
        ``counted`` or ``cumulative``; '' refuses what looks cumulative.
    options
        The sheet to take.
    is_partial
        Keep what can be kept, also where places are unknown.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Raises
    ------
    InputError
        The file or its mapping cannot be used; nothing has changed then.
    UnknownCodeError
        The file names what is no gemeente; all are listed.
    AccessDeniedError
        The figures are secret and sign-in is not configured.
    """
    family = _user_family("incidence_file", "secret_incidence", is_secret=is_secret)
    name = source_name(family, path) if is_secret else path.name
    now = datetime.now(UTC).strftime("%G-W%V")
    question = incidence.Question(disease, mapping, series, options, is_partial, now)
    found, receipt = incidence.read(path, question, known_places(), name)
    frame = "regional_incidence" if found.per_gemeente.empty else "incidence"
    if is_secret and frame == "regional_incidence":
        raise InputError("regional_secret", name=path.name)
    table = contracts.check(frame, found.per_region if found.per_gemeente.empty else found.per_gemeente)
    receipt.is_dry_run = is_dry_run
    year, week = str(table["week"].max()).split("-W")
    last_day = date.fromisocalendar(int(year), int(week), 7).isoformat()
    _store(family, path, last_day, {frame: table}, receipt, would)
    return receipt


def import_workbook(
    path: Path,
    year: int,
    *,
    is_secret: bool = False,
    options: Options = _EVERYTHING,
    is_partial: bool = False,
    is_dry_run: bool = False,
    would: Would | None = None,
) -> Receipt:
    """Read a custom workbook of CBS and add its figures to the table ``context``.

    Parameters
    ----------
    is_secret
        Nobody published these figures; they are shown protected (`access.disclosure`).
    options
        The sheet to take; by default every visible one.
    is_partial
        Keep what can be kept, also where that is less than half.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Raises
    ------
    InputError
        The file is no workbook with figures per gemeente or veiligheidsregio; nothing has changed then.
    AccessDeniedError
        The figures are secret and sign-in is not configured.
    """
    family = _user_family("workbook", "secret_workbook", is_secret=is_secret)
    name = source_name(family, path) if is_secret else path.stem
    found, receipt = workbooks.read(path, year, known_areas(), known_places(), name, options.sheet)
    receipt.refuse_if_too_little(is_asked_for=is_partial)
    table = contracts.check("context", found)
    receipt.is_dry_run = is_dry_run
    _store(family, path, f"{year}-12-31", {"context": table}, receipt, would)
    return receipt


def source_name(family: str, path: Path) -> str:
    """Return under what name a user's file is kept.

    Examples
    --------
    >>> source_name("sites_file", Path("Vakantieparken 2026.csv"))
    'sites_file.vakantieparken_2026'
    """
    return f"{family}.{re.sub(r'[^a-z0-9]+', '_', path.stem.lower()).strip('_') or 'file'}"


def _try(record: SourceRecord, frames: Mapping[str, pd.DataFrame], would: Would | None) -> None:
    """Show a dry run the tables as they would be."""
    if would:
        with trial(record, dict(frames)) as tables:
            would(tables)


def _store(
    family: str, path: Path, source_date: str, read: Mapping[str, pd.DataFrame], receipt: Receipt, would: Would | None
) -> None:
    """Keep a user's file with what was read from it, and rebuild; the same once more is no new version."""
    [(name, table)] = read.items()
    source_id = source_name(family, path)
    licence = catalogue.source(source_id).licence
    record = SourceRecord(source_id, source_date, len(table), path.name, licence, receipt.sha256)
    if receipt.is_dry_run:
        _try(record, read, would)
        return
    with snapshot.lock(), tempfile.TemporaryDirectory() as scratch:
        before = deliveries.latest_raw_of(source_id)
        if before and _is_same(before, record, {"frame": name}) and _is_same_table(before, table, name):
            receipt.is_unchanged = True
            rebuild()
            return
        frame_path = Path(scratch) / FRAME
        store.write_parquet(table, frame_path)
        siblings = path.parent.glob(f"{path.stem}.*") if path.suffix.lower() == ".shp" else [path]
        stored = {file.name: file for file in siblings} | {FRAME: frame_path}
        keep(record, stored, {"frame": name}, {name: table})


def keep(
    record: SourceRecord,
    stored: Mapping[str, Path],
    parameters: Mapping[str, str],
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Store a delivery and rebuild; one that does not fit is taken back. The lock is held by whoever calls.

    Parameters
    ----------
    record, stored, parameters
        Of the delivery; its files by the name that they are kept under.
    tables
        What was read from it, so that it is not read a second time.
    """
    raw = deliveries.write_raw(record, stored, parameters)
    try:
        rebuild(prepared={raw.path: dict(tables)} if tables else None)
    except RisicobeeldError:
        deliveries.discard_raw(raw)
        raise


def _is_same(before: RawSnapshot, record: SourceRecord, parameters: Mapping[str, str]) -> bool:
    """Tell whether a delivery is of the same content, name and parameters; when it came does not matter."""
    old = before.record
    return dict(before.parameters) == dict(parameters) and (old.sha256, old.address, old.rows_n) == (
        record.sha256,
        record.address,
        record.rows_n,
    )


def _is_same_table(before: RawSnapshot, table: pd.DataFrame, name: str) -> bool:
    """Tell whether what was read is what was read before; the day on which it was handed over does not matter."""
    old = store.read_parquet(name, before.path / FRAME)
    parts = [frame.drop(columns=["source_date"], errors="ignore").reset_index(drop=True) for frame in (old, table)]
    return bool(parts[0].equals(parts[1]))


def _digests(stored: Mapping[str, Path]) -> dict[str, str]:
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in stored.items()}


def import_places(corrected: pd.DataFrame, *, is_dry_run: bool = False, would: Would | None = None) -> Receipt:
    """Lay corrected places over those of the lists and rebuild; the whole set takes the place of the one before.

    Parameters
    ----------
    corrected
        site_id, place_wgs84 and corrected_on, as `geodata.tables.corrections` wants them: every correction that
        stands. One that was taken back is no longer among them, and the list's place counts again.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Returns
    -------
    Receipt
        Which sites moved and how far, and which corrections could not be taken over and why.
    """
    with snapshot.lock():
        current = snapshot.current()
        before = deliveries.latest_raw_of(_SOURCE)
        known = places.read(before.path / places.FILE) if before else pd.DataFrame(columns=list(places.COLUMNS))
        listed = places.as_listed(current.table("sites"), known)
        table = _with_listed(corrected, listed, known)
        receipt = _receipt(places.fates(listed, table, current.table("gemeenten")))
        receipt.is_dry_run = is_dry_run
        content = table.to_csv(index=False).encode()
        source = catalogue.source(_SOURCE)
        record = SourceRecord(
            _SOURCE,
            str(table["corrected_on"].max()) if len(table) else datetime.now(UTC).date().isoformat(),
            len(table),
            source.address,
            source.licence,
            sha256(content).hexdigest(),
        )
        if is_dry_run:
            if would:
                with trial(record, {places.FRAME: table}) as tables:
                    would(tables)
            return receipt
        is_new = before.record.sha256 != record.sha256 if before else len(table) > 0
        if not is_new:
            receipt.is_unchanged = True
            return receipt
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / places.FILE
            path.write_bytes(content)
            keep(record, {places.FILE: path}, {}, {places.FRAME: table})
        return receipt


def _with_listed(corrected: pd.DataFrame, sites: gpd.GeoDataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return corrections with the place that the list gave when they were first taken over."""
    table = corrected.merge(known, on=["site_id", "place_wgs84", "corrected_on"], how="left")
    today = dict(zip(sites["site_id"], places.texts_of(sites.geometry), strict=True))
    table["listed_wgs84"] = table["listed_wgs84"].fillna(table["site_id"].map(today)).fillna("")
    return table[list(places.COLUMNS)].astype("str").sort_values("site_id", ignore_index=True)


def _receipt(found: pd.DataFrame) -> Receipt:
    receipt = Receipt(places.FILE, "places", rows_n=len(found), kept_n=int((found["fate"] == "taken").sum()))
    for row_n, one in enumerate(found.to_dict("records"), 1):
        if one["fate"] != "taken":
            receipt.leave_out(row_n, f"place_{one['fate']}", site=one["site_id"])
        elif pd.isna(one["moved_m"]):
            receipt.change(row_n, "place_added", site=one["site_id"], day=one["corrected_on"])
        else:
            receipt.change(row_n, "place_moved", site=one["site_id"], day=one["corrected_on"], m=round(one["moved_m"]))
    return receipt
