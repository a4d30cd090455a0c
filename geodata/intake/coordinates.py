"""Coordinates of a file, from a map or from columns, judged in one place: degrees or metres, exchanged or not."""

import re
from collections.abc import Mapping
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.errors

from geodata import codes
from geodata.errors import InputError
from geodata.intake import cells
from geodata.intake.cells import Mark
from geodata.intake.receipt import Receipt
from geodata.tables.site_table import coordinates_rd

_RD_X: Final = (-7_000, 300_000)
_RD_Y: Final = (289_000, 629_000)
_MOST_DEGREES: Final = 180.0
_MOST: Final = 0.5  # the share of rows that tells what the file's coordinates are


def of_rows(
    frame: pd.DataFrame, chosen: Mapping[str, str], row_n: Any, where: str, receipt: Receipt | None = None
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return x and y of every row (EPSG:28992), NaN without, and what of them cannot be read: x, y, point or ''.

    Parameters
    ----------
    receipt
        Told of kilometres that were taken for RD; without one nobody can be told, and they are refused.

    Raises
    ------
    InputError
        The map does not say in which coordinates it is, or they are no degrees and no metres of the Netherlands.
    """
    odd = pd.Series("", index=frame.index, dtype="str")
    if isinstance(frame, gpd.GeoDataFrame):
        return _of_map(frame, row_n, where, odd)
    across, up = (pd.Series(np.nan, index=frame.index) for _ in range(2))
    if "point" in chosen and not {"x", "lon"} & set(chosen):
        pairs = of_pairs(frame[chosen["point"]])
        if pairs is not None:
            frame, is_odd = pairs
            chosen, odd = {"x": "x", "y": "y"}, odd.mask(is_odd, "point")
    for first, second in (("x", "y"), ("lon", "lat")):
        if first not in chosen or second not in chosen:
            continue
        one, other = (_read(frame[chosen[name]], f"{where}, {chosen[name]}", row_n) for name in (first, second))
        for letter, found in (("x", one), ("y", other)):
            wrong = found.marks.eq(Mark.UNREADABLE)
            odd = odd.mask(wrong & odd.eq("") & across.isna(), letter)
        x, y = _figures(one), _figures(other)
        try:
            x, y = _judged(x, y, where, {codes.CRS_WGS84, codes.CRS_RD}, row_n, odd)
        except InputError:  # 155.000 may be metres with a mark between thousands: then it is RD
            grouped = [_figures(_read(frame[chosen[name]], where, row_n, groups=True)) for name in (first, second)]
            if grouped[0].equals(x) and grouped[1].equals(y):
                if receipt is None or not _are_km(x, y, where):
                    raise
                grouped = [(x * 1000).round(3), (y * 1000).round(3)]
                receipt.note("kilometres", x=chosen[first], y=chosen[second])
            x, y = _judged(grouped[0], grouped[1], where, {codes.CRS_RD}, row_n, odd)
        across, up = across.fillna(x), up.fillna(y)
        if across.notna().all():
            break
    return across, up, odd.mask(across.notna(), "")


def _of_map(frame: gpd.GeoDataFrame, row_n: Any, where: str, odd: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    if frame.crs is None:
        raise InputError("map_without_coordinates", where=where)
    present = frame.geometry.notna() & ~frame.geometry.is_empty
    with np.errstate(invalid="ignore"):  # a corner at infinity is judged below, like any other
        points = frame.geometry.where(present).representative_point()
    x, y = pd.Series(points.x, index=frame.index), pd.Series(points.y, index=frame.index)
    if frame.crs.is_geographic:
        x, y = _judged(x, y, where, {codes.CRS_WGS84}, row_n, odd)
        return x, y, odd
    if present.any() and x.abs().max() <= _MOST_DEGREES and y.abs().max() <= _MOST_DEGREES:
        raise InputError("degrees_as_metres", where=where, crs=frame.crs.name)
    x, y = coordinates_rd(x, y, frame.crs.to_wkt())
    return x, y, odd


def _read(column: pd.Series, where: str, row_n: Any, *, groups: bool = False) -> cells.Numbers:
    if not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_datetime64_any_dtype(column):
        column = _plain_degrees(column)
    return cells.numbers(column, where, groups=groups, refuses=False, row_n=row_n)


_LOOKED_AT_N: Final = 1_000
_OF_DEGREES: Final = re.compile(r"[°NZSOEWnzsoew]")
_DEGREES: Final = re.compile(
    r"""([NZSOEW]?)\s*(\d{1,3}(?:[.,]\d+)?)\s*°?\s*(?:(\d{1,2}(?:[.,]\d+)?)\s*['’′]\s*)?"""
    r"""(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:"|”|″|'')\s*)?([NZSOEW]?)""",
    re.IGNORECASE,
)


def _plain_degrees(column: pd.Series) -> pd.Series:
    r"""Return degrees with their mark, minutes and seconds as plain numbers; other cells as they are.

    Examples
    --------
    >>> _plain_degrees(pd.Series(['52°03\'00"N', "5,7° O", "4.9", "52,1 N"])).tolist()
    [52.05, 5.7, '4.9', 52.1]
    """
    if column.dtype != object:  # a million texts are looked through at once
        has_letters = column.head(_LOOKED_AT_N).str.contains(_OF_DEGREES.pattern).fillna(value=False).any()
        marks = column.str.contains(_OF_DEGREES.pattern) if has_letters else column.str.contains("°", regex=False)
        has_mark = marks.fillna(value=False).astype(bool)
    else:
        has_mark = column.map(lambda cell: isinstance(cell, str) and bool(_OF_DEGREES.search(cell))).astype(bool)
    texts = column[has_mark]
    found = {text: match for text in texts.unique() if (match := _DEGREES.fullmatch(text.strip()))}
    if not found:
        return column
    plain = {text: _degrees(match) for text, match in found.items()}
    return column.astype(object).map(lambda cell: plain.get(cell, cell) if isinstance(cell, str) else cell)


def _degrees(match: "re.Match[str]") -> float:
    whole, minutes, seconds = (float((match[n] or "0").replace(",", ".")) for n in (2, 3, 4))
    is_negative = (match[1] + match[5]).upper() in ("Z", "S", "W")
    return round((whole + minutes / 60 + seconds / 3600) * (-1 if is_negative else 1), 9)


_NUMBER: Final = r"-?\d+(?:[.,]\d+)?"
_POINTED: Final = r"-?\d+(?:\.\d+)?"
_PAIRS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\d[^NZSEOW]*[NZSEOW])\s*[,;/|]?\s*(\d[^NZSEOW]*[NZSEOW])",  # 52.05 N, 5.70 E
        r"([NZSEOW][^NZSEOW]*?)\s*[,;/|]?\s*([NZSEOW][^NZSEOW]*)",
        rf"({_NUMBER})°?\s*[;/|]\s*({_NUMBER})°?",
        rf"({_NUMBER})°?,?\s+({_NUMBER})°?",
        rf"({_POINTED})°?\s*,\s*({_POINTED})°?",
        r"(-?\d+,\d+)\s*,\s*(-?\d+,\d+)",
    )
)
_LINK: Final = re.compile(r"(?:@|[?&](?:q|ll|query|mlat)=|geo:)(-?\d+\.\d+)(?:,|%2C|&mlon=)(-?\d+\.\d+)", re.IGNORECASE)
_SHAPE: Final = re.compile(
    r"(?:SRID=\d+;)?\s*((?:MULTI)?(?:POINT|POLYGON|LINESTRING)\b.*|GEOMETRYCOLLECTION.*|0[01][0-9A-F]{40,}|\{.*\})",
    re.IGNORECASE | re.DOTALL,
)


def of_pairs(column: pd.Series) -> tuple[pd.DataFrame, "pd.Series[bool]"] | None:
    r"""Return x and y of cells that hold both, and which cells say something else; None where no cell holds them.

    A cell may hold two numbers, degrees with the quarter of the sky, the link of a map, or a shape as GIS programs
    and databases write it (WKT, WKB, GeoJSON). Two numbers say not which is which: in the Netherlands the one that is
    bigger is the latitude, and in metres the second.

    Examples
    --------
    >>> cells = ["POINT (5.7 52.05)", "52.37, 4.90", "172000 450000", "52°03'00\"N 5°42'00\"E", "(52,05; 5,7)", "erf"]
    >>> pairs, is_odd = of_pairs(pd.Series(cells))
    >>> pairs.dropna().to_numpy().tolist(), is_odd.tolist()[-2:]
    ([[5.7, 52.05], [4.9, 52.37], [172000.0, 450000.0], [5.7, 52.05], [5.7, 52.05]], [False, True])
    """
    texts = column.astype("str").fillna("").str.strip()
    read = {text: pair for text in texts.unique() if (pair := _pair(text))}
    if not read:
        return None
    nowhere = (np.nan, np.nan)
    pairs = pd.DataFrame([read.get(text, nowhere) for text in texts], columns=["x", "y"], index=column.index)
    return pairs, pairs["x"].isna() & ~texts.str.casefold().isin(list(cells.MARKS))


def _pair(text: str) -> tuple[float, float] | None:
    if shape := _SHAPE.fullmatch(text):
        return _middle(shape[1])
    if link := _LINK.search(text):
        return float(link[2]), float(link[1])
    bare = text.strip("()[] ")
    both = next((match for pattern in _PAIRS if (match := pattern.fullmatch(bare))), None)
    parts = [_DEGREES.fullmatch(part.strip()) for part in both.groups()] if both else []
    if not both or not all(parts):
        plain = [float(part.replace(",", ".")) for part in both.groups()] if both and _is_plain(both) else []
        return _in_order(plain[0], plain[1]) if plain else None
    one, other = (_degrees(part) for part in parts if part)
    letters = [(part[1] + part[5]).upper() for part in parts if part]
    if letters[0] and letters[1]:
        return (other, one) if letters[0] in "NZS" else (one, other)
    return _in_order(one, other)


def _is_plain(both: "re.Match[str]") -> bool:
    return all(re.fullmatch(_NUMBER, part) for part in both.groups())


def _in_order(one: float, other: float) -> tuple[float, float]:
    is_degrees = abs(one) <= _MOST_DEGREES and abs(other) <= _MOST_DEGREES
    return (other, one) if is_degrees and one > other else (one, other)


def _middle(text: str) -> tuple[float, float] | None:
    """Return the point of a shape that was written as text: WKT, the WKB of a database, or GeoJSON."""
    read = shapely.from_geojson if text[0] == "{" else shapely.from_wkb if text[0] == "0" else shapely.from_wkt
    try:
        point = read(text).representative_point()
    except (shapely.errors.ShapelyError, ValueError, TypeError):
        return None
    return None if point.is_empty else (point.x, point.y)


def _figures(found: cells.Numbers) -> pd.Series:
    return found.figures.mask(found.marks.ne(""))


def _judged(
    x: pd.Series, y: pd.Series, where: str, allowed: set[str], row_n: Any, odd: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return coordinates in EPSG:28992 by what most rows say they are; the others have none."""
    both = x.notna() & y.notna()
    if not both.any():
        return pd.Series(np.nan, index=x.index), pd.Series(np.nan, index=x.index)
    degrees = both & x.abs().le(180) & y.abs().le(90)
    metres = both & x.between(*_RD_X) & y.between(*_RD_Y)
    if codes.CRS_WGS84 in allowed and degrees.sum() > _MOST * both.sum():
        if x[degrees].median() > y[degrees].median():
            raise InputError(
                "degrees_exchanged",
                where=where,
                a=np.asarray(row_n)[degrees.to_numpy()][0],
                b=x[degrees].iloc[0],
                c=y[degrees].iloc[0],
            )
        _mark(odd, both & ~degrees)
        return coordinates_rd(x.where(degrees), y.where(degrees), codes.CRS_WGS84)
    if codes.CRS_RD in allowed and metres.sum() > _MOST * both.sum():
        _mark(odd, both & ~metres)
        return coordinates_rd(x.where(metres), y.where(metres), codes.CRS_RD)
    exchanged = both & y.between(*_RD_X) & x.between(*_RD_Y)
    if codes.CRS_RD in allowed and exchanged.sum() > _MOST * both.sum():
        raise InputError(
            "metres_exchanged",
            where=where,
            a=np.asarray(row_n)[exchanged.to_numpy()][0],
            b=x[exchanged].iloc[0],
            c=y[exchanged].iloc[0],
        )
    if allowed == {codes.CRS_WGS84}:
        raise InputError("metres_as_degrees", where=where)
    raise InputError("coordinates_unknown", where=where)


def _are_km(x: pd.Series, y: pd.Series, where: str) -> bool:
    """Tell whether most rows stand in kilometres of RD: no degrees lie there, for latitudes end at 90.

    Raises
    ------
    InputError
        They are whole kilometres: of a square, which may lie in another gemeente than the site.
    """
    both = x.notna() & y.notna()
    inside = both & (x * 1000).between(*_RD_X) & (y * 1000).between(*_RD_Y)
    if inside.sum() <= _MOST * both.sum():
        return False
    if ((x[inside] % 1).eq(0) & (y[inside] % 1).eq(0)).mean() > _MOST:
        raise InputError("coordinates_of_squares", where=where, x=x[inside].iloc[0], y=y[inside].iloc[0])
    return True


def _mark(odd: pd.Series, rows: pd.Series) -> None:
    odd[rows] = "x"
