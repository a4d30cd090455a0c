"""A whole table of CBS as one zip: the figures by their codes, and a list of codes for each dimension and subject."""

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

import pandas as pd

from geodata.errors import InputError
from geodata.intake.files.table import MAX_BYTES

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
