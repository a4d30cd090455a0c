"""From deliveries to the picture: store what came in, rebuild the core tables, switch in one step."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pandas as pd

from geodata import catalogue, joins, regions, settings, snapshot, tables
from geodata.errors import InputError, RisicobeeldError
from geodata.snapshot import RawSnapshot, Snapshot, SourceRecord
from geodata.sources import establishments

_AREAS = ("gemeenten", "veiligheidsregios")
_FIRST_YEAR = 2020


def rebuild(as_of: date | None = None) -> Snapshot:
    """Make the core tables anew from the newest delivery of every source, and switch to them.

    Parameters
    ----------
    as_of
        Take only what was delivered by this date: the tables as they were known then.
    """
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    areas = {name: embedded.table(name) for name in _AREAS}
    parts: dict[str, list[pd.DataFrame]] = {}
    raws = snapshot.latest_raw(as_of)
    for source_id, raw in raws.items():
        for name, table in READERS[source_id](raw, areas).items():
            parts.setdefault(name, []).append(table)
    real = {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
    demonstration = {name: embedded.table(name) for name in tables.DEMONSTRATION_TABLES}
    core, is_demonstration = tables.core_tables(areas, demonstration, real)
    kept = [record for record in embedded.sources if is_demonstration or record.source_id != "demonstration"]
    records = [*kept, *(raw.record for raw in raws.values())]
    return snapshot.write_core(core, records, is_demonstration=is_demonstration)


def import_establishments(path: Path, year: int, mapping_path: Path | None = None) -> Snapshot:
    """Read a file with establishments per gemeente and SBI group and rebuild the picture on it.

    The whole file is read and checked before anything is stored, so that a bad file changes nothing.

    Raises
    ------
    InputError
        The file or the mapping cannot be used, or the year is before 2020.
    UnknownCodeError
        The file holds codes that are no gemeente of that year; all are listed.
    """
    if not _FIRST_YEAR <= year <= date.max.year:
        raise InputError(f"Year {year} is before {_FIRST_YEAR}; give figures of {_FIRST_YEAR} or later (--year).")
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    areas = {name: embedded.table(name) for name in _AREAS}
    names = regions.names_to_codes(areas["gemeenten"], year)
    frame = establishments.read_any_table(path)
    mapping = (
        establishments.read_mapping(mapping_path) if mapping_path else establishments.choose_mapping(frame, path.name)
    )
    counts = establishments.read(path, mapping, names)
    known = regions.gemeenten_of_year(areas["gemeenten"], year)
    joins.refuse_unknown_gemeenten(counts["gemeente_code"], known, path.name)
    source = catalogue.source("establishments_file")
    with snapshot.lock():
        files = {path.name: path} | ({mapping_path.name: mapping_path} if mapping_path else {})
        record = SourceRecord(
            source.source_id,
            f"{year}-01-01",
            counts["gemeente_code"].nunique(),
            path.name,
            source.licence,
            "",
        )
        parameters = {
            "file": path.name,
            "year": str(year),
            "mapping": mapping_path.name if mapping_path else "",
        }
        raw = snapshot.write_raw(record, files, parameters)
        try:
            return rebuild()
        except RisicobeeldError:
            snapshot.discard_raw(raw)
            raise


def _establishments(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    path, year = raw.path / raw.parameters["file"], int(raw.parameters["year"])
    mapping = (
        establishments.read_mapping(raw.path / raw.parameters["mapping"])
        if raw.parameters["mapping"]
        else establishments.choose_mapping(establishments.read_any_table(path), path.name)
    )
    counts = establishments.read(path, mapping, regions.names_to_codes(areas["gemeenten"], year))
    changes = regions.changes_from(year)
    source = f"CBS, {path.name}, {year}-01-01"
    return {"exposure": tables.exposure_from_establishments(counts, year, changes, source)}


READERS: dict[str, Callable[[RawSnapshot, Mapping[str, pd.DataFrame]], dict[str, pd.DataFrame]]] = {
    "establishments_file": _establishments,
}
"""How each source's delivery becomes core tables."""
