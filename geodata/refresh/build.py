"""From deliveries to the picture: store what came in, rebuild the core tables, switch in one step."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

import pandas as pd

from geodata import contracts, settings
from geodata.areas import mergers, regions
from geodata.errors import InputError, RisicobeeldError
from geodata.intake import establishments
from geodata.intake.files.table import Options
from geodata.intake.places import known_places
from geodata.refresh import bundle
from geodata.refresh.bundle import Brought
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots import formats as store
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.snapshots.snapshot import Snapshot
from geodata.sources import catalogue
from geodata.sources.connector import Frames
from geodata.sources.registry import CONNECTORS
from geodata.tables import core as tables
from geodata.tables import corrections, estimates

_AREAS = ("gemeenten", "veiligheidsregios")
FRAME = "frame.parquet"
_BUNDLE = "bundle"


class _Writer(Protocol):
    """Keeps core tables somewhere and gives the snapshot that they are."""

    def __call__(
        self, tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool = False
    ) -> Snapshot: ...


def check_frames(frames: Mapping[str, pd.DataFrame]) -> None:
    """Check those frames of a delivery that are core tables already.

    Raises
    ------
    ContractError
        One breaks its contract.
    """
    for name in frames.keys() & contracts.CONTRACTS.keys():
        contracts.check(name, frames[name])


def rebuild(as_of: date | None = None, prepared: Mapping[Path, Frames] | None = None) -> Snapshot:
    """Make the core tables anew from the newest delivery of every source, and switch to them.

    Parameters
    ----------
    as_of
        Take only what was delivered by this date: the tables as they were known then.
    prepared
        Deliveries that were just read, by their folder, so that they are not read a second time.
    """
    raws = _in_order(deliveries.latest_raw(as_of))
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    if not raws and mergers.later_changes(embedded.table("gemeenten")).empty:
        return snapshot.show_embedded()
    brought = raws.pop(_BUNDLE, None)
    if brought is None:
        return _rebuild_on(embedded, raws, prepared)
    with bundle.unpacked(brought.path / brought.parameters["file"]) as found:
        return _rebuild_on(found.tables, raws, prepared) if raws else snapshot.adopt(found.tables)


@contextmanager
def trial(record: SourceRecord, frames: Frames) -> Iterator[Snapshot]:
    """Give the tables as they would be with one more delivery; nothing of it is kept.

    Parameters
    ----------
    record
        Of the delivery.
    frames
        What was read from it.
    """
    with _written_aside() as (folder, write):
        raws = _in_order(deliveries.latest_raw() | {record.source_id: RawSnapshot(folder, record)})
        brought = raws.pop(_BUNDLE, None)
        if brought is None:
            yield _rebuild_on(snapshot.read_core(settings.EMBEDDED_DIR), raws, {folder: frames}, write)
            return
        with bundle.unpacked(brought.path / brought.parameters["file"]) as found:
            yield _rebuild_on(found.tables, raws, {folder: frames}, write)


@contextmanager
def trial_of_bundle(path: Path) -> Iterator[Brought]:
    """Give the tables as they would be with a bundle under what was imported here, and what else came with it.

    Raises
    ------
    InputError
        The file is no bundle, or damaged.
    """
    with bundle.unpacked(path) as found, _written_aside() as (_folder, write):
        raws = {name: raw for name, raw in _in_order(deliveries.latest_raw()).items() if name != _BUNDLE}
        yield replace(found, tables=_rebuild_on(found.tables, raws, None, write)) if raws else found


@contextmanager
def _written_aside() -> Iterator[tuple[Path, _Writer]]:
    """Give a folder that is gone afterwards, and what writes core tables into it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)

        def write(
            tables: Mapping[str, pd.DataFrame], sources: Sequence[SourceRecord], *, is_demonstration: bool = False
        ) -> Snapshot:
            snapshot.write_tables(folder, tables, sources, is_demonstration=is_demonstration)
            return snapshot.read_core(folder)

        yield folder, write


def _rebuild_on(
    base: Snapshot,
    raws: dict[str, RawSnapshot],
    prepared: Mapping[Path, Frames] | None,
    write: _Writer = snapshot.write_core,
) -> Snapshot:
    """Lay the deliveries on a base: the embedded snapshot, or a bundle that was read here."""
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    areas = mergers.known_areas(base)
    frames: dict[str, list[pd.DataFrame]] = {}
    for name in base.files.keys() - set(_AREAS) if not base.is_demonstration else ():
        table = mergers.to_today({name: base.table(name)}, mergers.later_changes(base.table("gemeenten")))[name]
        if name == "sites":  # what was imported here anew takes the place of the base's
            table = table[~table["source"].isin(raws.keys())]
        if len(table):
            frames[name] = [table]
    for source_id, raw in raws.items():
        ready = (prepared or {}).get(raw.path)
        for name, frame in (read_delivery(source_id, raw, areas) if ready is None else ready).items():
            frames.setdefault(name, []).append(frame)
    areas = tables.current_areas(areas, frames)
    real = tables.real_tables(frames, areas["gemeenten"], estimates.read_agency_matrix(_matrix_path()))
    later = mergers.later_changes(embedded.table("gemeenten"))
    demonstration = mergers.to_today({name: embedded.table(name) for name in tables.DEMONSTRATION_TABLES}, later)
    for corrected in frames.get(corrections.FRAME, []):
        for lists in (real, demonstration):
            if "sites" in lists:
                placed = corrections.with_corrected_places(lists["sites"], corrected, areas["gemeenten"])
                lists["sites"] = contracts.check("sites", placed)
    core, is_demonstration = tables.core_tables(areas, demonstration, real)
    replaced = {old for new, olds in _REPLACES.items() if new in raws for old in olds}
    if not is_demonstration:
        replaced.add("demonstration")
    kept = [record for record in base.sources if record.source_id not in replaced | raws.keys()]
    records = [*kept, *(raw.record for raw in raws.values())]
    return write(core, records, is_demonstration=is_demonstration)


def import_bundle(path: Path) -> Brought:
    """Take over the tables of another installation; what was imported here stays, on top of them.

    Returns
    -------
    Brought
        The snapshot in use, with the bundle's own version where nothing was imported here; the tables that the
        bundle leaves out, and the kinds of site that came with it.

    Raises
    ------
    InputError
        The file is no bundle, or damaged, or needs kinds that the file of this installation lacks; nothing has
        changed then.
    """
    with snapshot.lock(), bundle.unpacked(path) as found, bundle.kinds_put(found):
        newest = max((record.source_date for record in found.tables.sources), default="")
        record = SourceRecord(_BUNDLE, newest, sum(found.tables.rows_n.values()), path.name, "see LICENCES.txt", "")
        raw = deliveries.write_raw(record, {path.name: path}, {"file": path.name} | bundle.kinds_of(found))
        try:
            return replace(found, tables=rebuild())
        except RisicobeeldError:
            deliveries.discard_raw(raw)
            raise


def undo() -> SourceRecord:
    """Put the newest import or refresh of one source aside and rebuild; return what it was.

    The kinds of site that a bundle brought go with it. What is put aside stays in the data folder under ``aside/``;
    nothing is erased.

    Raises
    ------
    InputError
        Nothing was imported here.
    """
    with snapshot.lock():
        raws = deliveries.latest_raw()
        if not raws:
            raise InputError("Nothing was imported here, so there is nothing to undo; the picture is the example.")
        newest = max(raws.values(), key=lambda raw: (raw.record.retrieved_at, raw.path.stat().st_mtime))
        _rebuild_without([newest])
        return newest.record


def return_to_example() -> int:
    """Put every import aside, so that the example is shown again; return how many sources that were.

    What is put aside stays in the data folder under ``aside/``; nothing is erased, and the register is not touched.
    """
    with snapshot.lock():
        raws = deliveries.every_raw()
        _rebuild_without(raws)
        return len({raw.record.source_id for raw in raws})


def _rebuild_without(raws: Sequence[RawSnapshot]) -> None:
    """Rebuild as if some deliveries had not come; they come back where that fails."""
    aside = [deliveries.put_aside(raw) for raw in raws]
    try:
        with bundle.kinds_taken(raws, aside):
            rebuild()
    except RisicobeeldError:
        for raw, folder in zip(raws, aside, strict=True):
            folder.rename(raw.path)
        raise


def rebuild_as_of(day: date) -> Snapshot:
    """Make the core tables as they were known on a day, and switch to them until the next refresh or import."""
    with snapshot.lock():
        return rebuild(as_of=day)


_REPLACES = {"cbs_regions": ("gemeente_facts",), "pdok_areas": ("boundaries", "water")}
"""Which embedded sources are no longer behind the picture once another is there."""

_TWINS = ("osm", "osm_extract")  # two ways to the same objects: the newer one counts


def _in_order(raws: dict[str, RawSnapshot]) -> dict[str, RawSnapshot]:
    """Return the deliveries that count, public sources first: what a user imported goes before them."""
    twins = [raws[name] for name in _TWINS if name in raws]
    newest = max(twins, key=lambda raw: (raw.record.source_date, raw.record.retrieved_at), default=None)
    counting = {name: raw for name, raw in raws.items() if name not in _TWINS or raw is newest}
    return dict(sorted(counting.items(), key=lambda item: item[0] not in CONNECTORS))


def _matrix_path() -> Path:
    """Return the table of agency workers: the one in the data folder goes before the one that ships."""
    own = settings.data_dir() / estimates.SHIPPED_MATRIX.name
    return own if own.is_file() else estimates.SHIPPED_MATRIX


def read_delivery(source_id: str, raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    """Read a stored delivery into frames, whichever source it is of.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    raw
        The delivery on disk.
    areas
        Boundaries by name of their table.
    """
    family = source_id.split(".", 1)[0]
    if family in CONNECTORS:
        return CONNECTORS[family].read(raw, areas)
    return READERS[family](raw, areas)


def switch_to_real_activations() -> None:
    """Switch the demonstration off, all four tables: the register holds real activations now.

    The activations themselves stay in the register, which is read with the tables.
    """
    with snapshot.lock():
        if not snapshot.current().is_demonstration:
            return
        source = catalogue.source(_REGISTER)
        today = datetime.now(UTC).date().isoformat()
        raw = deliveries.write_raw(SourceRecord(_REGISTER, today, 0, source.address, source.licence, ""), {}, {})
        try:
            rebuild()
        except RisicobeeldError:
            deliveries.discard_raw(raw)
            raise


def _read_frame(raw: RawSnapshot, _areas: Mapping[str, pd.DataFrame]) -> Frames:
    name = raw.parameters["frame"]
    return {name: store.read_parquet(name, raw.path / FRAME)}


def _establishments(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    path, year = raw.path / raw.parameters["file"], int(raw.parameters["year"])
    mapping = raw.parameters["mapping"]
    question = establishments.Question(
        year,
        establishments.read_mapping(raw.path / mapping) if mapping else None,
        Options(sheet=raw.parameters.get("sheet", "")),
        is_partial=True,  # whether that was wanted was asked when the file came
    )
    counts, _ = establishments.read(path, question, areas["gemeenten"], known_places())
    return exposure_of(counts, path.name, year)


def exposure_of(counts: pd.DataFrame, name: str, year: int) -> dict[str, pd.DataFrame]:
    """Return what a file with establishments brings to the tables.

    Parameters
    ----------
    counts
        Establishments per gemeente and sector.
    name
        Of the source.
    year
        Of the figures.
    """
    source = f"CBS, {name}, {year}-01-01"
    return {"exposure": tables.exposure_from_establishments(counts, year, regions.changes_from(year), source)}


_REGISTER = "platform_register"
READERS: dict[str, Callable[[RawSnapshot, Mapping[str, pd.DataFrame]], Frames]] = {
    "establishments_file": _establishments,
    "sites_file": _read_frame,
    "incidence_file": _read_frame,
    "secret_incidence": _read_frame,
    "workbook": _read_frame,
    "secret_workbook": _read_frame,
    "place_corrections": lambda raw, _areas: {corrections.FRAME: corrections.read(raw.path / corrections.FILE)},
    _REGISTER: lambda _raw, _areas: {"activations": contracts.empty("activations")},
}
"""How what a user imported is read again."""
