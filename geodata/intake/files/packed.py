"""A table that was packed: ``.csv.gz``, or the one table in a zip."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from geodata.errors import InputError
from geodata.intake.files import cbs_bulk
from geodata.intake.files.table import MAX_BYTES

_TABLES: Final = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".json")
_MAPS: Final = (".shp", ".geojson", ".gpkg", ".kml", ".gpx", ".fgb", ".gml")
_BROKEN: Final = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def table_in(source: Path | bytes, name: str) -> tuple[bytes, str] | None:
    """Return the content and the name of the one table that a file packs; None where it packs none.

    Raises
    ------
    InputError
        It is damaged, has a password, unpacks to too much, or holds several tables.
    """
    ending = Path(name).suffix.lower()
    if ending not in (".gz", ".zip"):
        return None
    content = source.read_bytes() if isinstance(source, Path) else source
    if ending == ".gz":
        return _gunzipped(content, name), Path(name).stem
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as held:
            if (bulk := cbs_bulk.joined(held, name)) is not None:
                return bulk, cbs_bulk.NAME
            tables = [part for part in held.infolist() if _is_table(part)]
            has_map = any(PurePosixPath(part.filename).suffix.lower() in _MAPS for part in held.infolist())
            if not tables or has_map:
                return None
            part = _only(tables, name)
            return held.read(part), PurePosixPath(part.filename).name
    except InputError:
        raise
    except _BROKEN:
        return None  # whoever reads maps tells what is wrong with the zip


def _only(tables: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(tables) > 1:  # a text beside the one table is what explains it
        tables = [part for part in tables if not part.filename.lower().endswith(".txt")] or tables
    if len(tables) > 1:
        names = ", ".join(sorted(PurePosixPath(part.filename).name for part in tables)[:5])
        raise InputError("zip_several_tables", name=name, names=names)
    (part,) = tables
    if part.file_size > MAX_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=MAX_BYTES >> 20)
    if part.flag_bits & 1:
        raise InputError("file_has_password", name=name)
    return part


def _is_table(part: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(part.filename)
    is_own = not part.is_dir() and not path.name.startswith(".") and "__MACOSX" not in path.parts
    return is_own and path.suffix.lower() in _TABLES


def _gunzipped(content: bytes, name: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as held:
            unpacked = held.read(MAX_BYTES + 1)
    except _BROKEN as error:
        raise InputError("gz_damaged", name=name) from error
    if len(unpacked) > MAX_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=MAX_BYTES >> 20)
    return unpacked
