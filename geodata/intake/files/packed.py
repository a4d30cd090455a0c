"""A table that was packed: ``.csv.gz``, the one table in a zip, or a whole table of CBS with its lists of codes."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

import pandas as pd

from geodata.errors import InputError
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
            if (bulk := joined(held, name)) is not None:
                return bulk, NAME
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


NAME: Final = "Observations.csv"
_SUBJECTS: Final = "measurecodes.csv"
_OF_EACH: Final = ("Id", "Measure", "ValueAttribute", "Value", "StringValue")  # the other columns are dimensions
_CODED: Final = {"Identifier", "Title"}
_REGIONS: Final = ("regios", "wijkenenbuurten")  # their titles are names of more than one area
_IMPOSSIBLE: Final = {"confidential": "x", "unavailable": "."}
_MOST_BYTES: Final = MAX_BYTES // 2


def joined(held: zipfile.ZipFile, name: str) -> bytes | None:
    """Return the figures as a text, a column per dimension and one per subject; None for any other zip.

    Raises
    ------
    InputError
        It unpacks to too much, or its tables do not fit each other.
    """
    parts = {PurePosixPath(part.filename).name.lower(): part for part in held.infolist() if not part.is_dir()}
    if not {NAME.lower(), _SUBJECTS} <= set(parts):
        return None
    if sum(part.file_size for part in parts.values()) > _MOST_BYTES:
        raise InputError("file_unpacks_too_big", name=name, most_mb=_MOST_BYTES >> 20)
    tables = {title: _read(held, part) for title, part in parts.items() if title.endswith("codes.csv")}
    figures = _read(held, parts[NAME.lower()])
    if not {"Measure", "Value"} <= set(figures.columns) or not {"Identifier", "Title"} <= set(
        tables[_SUBJECTS].columns
    ):
        raise InputError("bulk_unfitting", name=name)
    dimensions = [column for column in figures.columns if column not in _OF_EACH]
    for column in dimensions:
        codes = tables.get(f"{column.lower()}codes.csv")
        if codes is not None and column.lower() not in _REGIONS and set(codes.columns) >= _CODED:
            titles = dict(zip(codes["Identifier"], codes["Title"], strict=True))
            figures[column] = figures[column].map(lambda code, known=titles: known.get(code, code))
    why = figures.get("ValueAttribute", pd.Series("", index=figures.index)).str.lower().map(_IMPOSSIBLE).fillna("")
    figures["Value"] = figures["Value"].mask(figures["Value"].eq(""), why)
    figures["Measure"] = figures["Measure"].map(_subjects(tables[_SUBJECTS])).fillna(figures["Measure"])
    if figures.duplicated([*dimensions, "Measure"]).any():
        raise InputError("bulk_unfitting", name=name)
    wide = figures.pivot_table(index=dimensions, columns="Measure", values="Value", aggfunc="first").reset_index()
    return str(wide.to_csv(sep=";", index=False)).encode()


def _read(held: zipfile.ZipFile, part: zipfile.ZipInfo) -> pd.DataFrame:
    content = held.read(part).decode("utf-8-sig")
    separator = ";" if ";" in content.partition("\n")[0] else ","
    table = pd.read_csv(io.StringIO(content), sep=separator, dtype="str", keep_default_na=False)
    return table.apply(lambda column: column.str.strip())


def _subjects(codes: pd.DataFrame) -> dict[str, str]:
    """Return what each subject is called, with its unit as StatLine writes it behind it."""
    units = codes.get("Unit", pd.Series("", index=codes.index))
    return {
        code: f"{title} ({unit})" if unit else title
        for code, title, unit in zip(codes["Identifier"], codes["Title"], units, strict=True)
    }
