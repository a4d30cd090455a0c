"""Maps that a user hands over, read with the one driver that their ending stands for."""

import hashlib
import io
import json
import re
import sqlite3
import tempfile
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote
from xml.parsers import expat

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from geodata.errors import InputError
from geodata.intake.receipt import Line

ENDINGS: Final = (".geojson", ".json", ".gpkg", ".shp", ".zip", ".kml", ".kmz", ".gpx", ".fgb", ".gml")
_DRIVERS: Final = {
    ".geojson": {"GeoJSON"},
    ".json": {"GeoJSON"},
    ".gpkg": {"GPKG"},
    ".shp": {"ESRI Shapefile"},
    ".kml": {"LIBKML", "KML"},
    ".gpx": {"GPX"},
    ".fgb": {"FlatGeobuf"},
    ".gml": {"GML"},
}
_SIBLINGS: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_MAX_UNPACKED: Final = 1 << 30
_MAX_MEMBERS_N: Final = 2_000
_OF_GML: Final = re.compile(rb"<(?:\w+:)?FeatureCollection[\s>]")
_KNOWN_CRS: Final = re.compile(rb"urn:.*|EPSG:\d+|https?://www\.opengis\.net/.*|CRS84", re.IGNORECASE)  # read offline
_MATCHED: Final = re.compile(rb"\bnumberMatched\"?\s*[:=]\s*\"?(\d{1,12})\b")
_ENDS_N: Final = 4096  # a service tells how much it gave in the first or the last words
_CRS_KINDS: Final = ("name", "epsg", "ogc")  # the others of GeoJSON 2008 are addresses
_DEPTH: Final = 200  # nested brackets of a map; a feature collection has some eight
_BROKEN: Final = (
    DataSourceError,
    DataLayerError,
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    TypeError,
    MemoryError,
    sqlite3.Error,
    zipfile.BadZipFile,
    zlib.error,
)
_MOST_COLUMNS_N: Final = 4_000  # GDAL takes the square of their number
_NAMES: Final = {
    ".gml": re.compile(rb"<([\w:.-]+)"),
    ".kml": re.compile(rb"\sname\s*=\s*[\"']([^\"']*)"),
    ".geojson": re.compile(rb"\"([^\"]{1,200})\"\s{0,9}:"),
    ".json": re.compile(rb"\"([^\"]{1,200})\"\s{0,9}:"),
}
"""By ending, where the names of columns stand in a text."""
_OLD_VIEWS: Final = frozenset(("geometry_columns", "spatial_ref_sys", "st_geometry_columns", "st_spatial_ref_sys"))


def read(
    source: Path | bytes, name: str, layer: str, max_rows_n: int
) -> tuple[gpd.GeoDataFrame, str, tuple[Line, ...]]:
    """Return the features of a map, the digest of its content, and what is to be told of its layers.

    Parameters
    ----------
    source
        Its content, or where it lies; a Shapefile has its other parts beside it.
    layer
        The layer to take, '' for the only one.
    max_rows_n
        More features than this are refused before they are read.

    Raises
    ------
    InputError
        It is damaged, of another kind than its ending says, too big, or has several layers.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path, digest = _placed(source, name, Path(scratch))
        with _told(name):
            _refuse_computed(path, name)
            return _features(path, name, layer, max_rows_n, digest)


def layers(source: Path | bytes, name: str) -> tuple[str, ...]:
    """Return the layers of a map that hold shapes.

    Raises
    ------
    InputError
        It is damaged, or of another kind than its ending says.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path, _ = _placed(source, name, Path(scratch))
        with _told(name):
            _refuse_computed(path, name)
            return tuple(_layers(*_for_gdal(path)))


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Read with GDAL: what it advises programmers is dropped, and what it cannot read is one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError("map_unreadable", name=name) from error


def _placed(source: Path | bytes, name: str, folder: Path) -> tuple[Path, str]:
    """Put the content where GDAL can read it, unpacked and looked at; return where, and its digest."""
    ending = Path(name).suffix.lower()
    if ending == ".shp":
        if isinstance(source, bytes):
            raise InputError("shapefile_part", name=name)
        parts = [part for part in source.parent.glob(f"{source.stem}.*") if part.suffix.lower() in _SIBLINGS]
        if not any(part.suffix.lower() == ".dbf" for part in parts) or not any(
            part.suffix.lower() == ".shx" for part in parts
        ):
            raise InputError("shapefile_lacks", name=name)
        digest = hashlib.sha256()
        for part in sorted(parts):
            digest.update(part.read_bytes())
        if source.read_bytes()[:4] != b"\x00\x00\x27\x0a":
            raise InputError("no_shapefile", name=name)
        return source, digest.hexdigest()
    content = source.read_bytes() if isinstance(source, Path) else source
    sha256 = hashlib.sha256(content).hexdigest()
    if ending in (".zip", ".kmz"):
        return _unpacked(content, name, folder), sha256
    _refuse_other_content(content, name, ending)
    if isinstance(source, Path) and ending != ".gml" and not content.startswith(b"\xef\xbb\xbf"):
        return source, sha256
    path = folder / f"map{ending}"
    content = content.removeprefix(b"\xef\xbb\xbf")
    path.write_bytes(_without_schema(content) if ending == ".gml" else content)
    return path, sha256


def _refuse_other_content(content: bytes, name: str, ending: str) -> None:
    names = _NAMES.get(ending)
    if names and (width := len({one[1] for one in names.finditer(content)})) > _MOST_COLUMNS_N:
        raise InputError("too_many_columns", name=name, width=width, most=_MOST_COLUMNS_N)
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if ending in (".geojson", ".json"):
        if not start.startswith(b"{"):
            raise InputError("no_geojson", name=name)
        if _depth(content) > _DEPTH:
            raise InputError("geojson_too_deep", name=name)
        if _names_address(content):
            raise InputError("geojson_with_address", name=name)
    if ending == ".gpkg" and not (content.startswith(b"SQLite format 3\x00") and content[68:70] == b"GP"):
        raise InputError("no_geopackage", name=name)
    if ending == ".fgb" and not content.startswith(b"fgb"):
        raise InputError("map_unreadable", name=name)
    if ending in (".kml", ".gpx", ".gml"):
        _refuse_other_xml(content, name, ending)


def _refuse_computed(path: Path, name: str) -> None:
    """Stop at a GeoPackage that computes what is read of it: some bytes may ask for hours, or for all memory.

    A view, a virtual table in the place of a layer or of the list of layers, and a column that is generated. Views by
    which old versions of the standard named their own tables are let through.
    """
    if path.suffix.lower() != ".gpkg":
        return
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as connection:
        there = connection.execute("SELECT lower(name), type, lower(coalesce(sql, '')) FROM sqlite_master").fetchall()
        computed = {one for one, kind, _ in there if kind == "view"} - _OLD_VIEWS
        virtual = {one for one, kind, made in there if kind == "table" and made.startswith("create virtual")}
        computed |= {one for one in virtual if one.startswith("gpkg_")}
        if not computed:
            layers_of = "SELECT lower(table_name) FROM gpkg_contents"
            listed = {str(one) for (one,) in connection.execute(layers_of)} | {"gpkg_contents", "gpkg_geometry_columns"}
            generated = "SELECT 1 FROM pragma_table_xinfo(?) WHERE hidden > 1"
            computed = listed & (virtual | _OLD_VIEWS) | {
                one for one in listed if connection.execute(generated, (one,)).fetchone()
            }
    if computed:
        raise InputError("map_computed", name=name, a=min(computed))


def _refuse_other_xml(content: bytes, name: str, ending: str) -> None:
    """Stop at XML that is not the map of its ending, breaks off, or would have something fetched."""
    if ending == ".gml":
        if not _OF_GML.search(content[:65536]):
            raise InputError("no_gml", name=name)
        if any(not _KNOWN_CRS.fullmatch(crs) for crs in set(re.findall(rb"srsName\s*=\s*[\"']([^\"']*)", content))):
            raise InputError("gml_with_address", name=name)
    elif not re.search(rb"<%b[\s>]" % ending[1:].encode(), content[:65536]):
        raise InputError("no_kml" if ending == ".kml" else "map_unreadable", name=name)
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        raise InputError("kml_with_entities", name=name)
    try:  # of what breaks off GDAL gives the first part, or nothing, as if it were whole
        expat.ParserCreate().Parse(content, True)  # noqa: FBT003
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: letters that it does not know
        raise InputError("map_unreadable", name=name) from error


def _without_schema(content: bytes) -> bytes:
    """Return a GML that names no schema: GDAL would fetch it, from inside our network."""
    return re.sub(rb"\s[^\s=<>\"']*schemaLocation\s*=\s*(\"[^\"]*\"|'[^']*')", b"", content, flags=re.IGNORECASE)


def _names_address(content: bytes) -> bool:
    """Tell whether a GeoJSON says of its coordinates by an address: GDAL would fetch it, from inside our network."""
    if re.search(rb"crs|\\u00", content, re.IGNORECASE) is None:
        return False
    is_named = True

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_named
        for key, value in pairs:
            if key.casefold() == "crs" and isinstance(value, dict):
                kinds = [kind for name, kind in value.items() if name.casefold() == "type"]
                is_named &= all(isinstance(kind, str) and kind.casefold() in _CRS_KINDS for kind in kinds)
        return {key: value for key, value in pairs if key.casefold() in ("crs", "type")}

    try:
        json.loads(content.decode("utf-8", "replace"), object_pairs_hook=look)
    except (ValueError, RecursionError):
        return True  # what GDAL may take for JSON, and we cannot look through
    return not is_named


def _depth(content: bytes) -> int:
    """Return how deep brackets are nested, at most one more than is allowed; texts may hold some too."""
    deepest = depth = 0
    for match in re.finditer(rb"[\[\]{}]", content[: 1 << 20]):
        depth += 1 if match[0] in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > _DEPTH:
            break
    return deepest


def _unpacked(content: bytes, name: str, folder: Path) -> Path:
    """Unpack the parts of a map, whatever folder they lie in, and return the map."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            wanted = [part for part in packed.infolist() if _is_part(part)]
            _refuse_bomb(wanted, name)
            for part in wanted:
                target = folder / PurePosixPath(part.filename).name
                target.with_suffix(target.suffix.lower()).write_bytes(packed.read(part))
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise InputError("zip_unreadable", name=name) from error
    found = sorted(path for path in folder.iterdir() if path.suffix in _DRIVERS)
    if not found:
        raise InputError("zip_without_map", name=name)
    if len({path.suffix for path in found}) > 1 or (len(found) > 1 and found[0].suffix != ".shp"):
        raise InputError("zip_several_maps", name=name, a=", ".join(path.name for path in found))
    for path in found:
        if path.suffix == ".shp":
            if not path.with_suffix(".dbf").exists() or not path.with_suffix(".shx").exists():
                raise InputError("zip_shapefile_lacks", name=name, part=path.name)
        else:
            _refuse_other_content(path.read_bytes(), name, path.suffix)
        if path.suffix == ".gml":
            path.write_bytes(_without_schema(path.read_bytes()))
    return found[0] if len(found) == 1 else folder


def _is_part(part: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(part.filename)
    is_wanted = path.suffix.lower() in {*_SIBLINGS, *_DRIVERS} and not path.name.startswith(".")
    return is_wanted and not part.is_dir() and "__MACOSX" not in path.parts


def _refuse_bomb(wanted: list[zipfile.ZipInfo], name: str) -> None:
    if len(wanted) > _MAX_MEMBERS_N or sum(part.file_size for part in wanted) > _MAX_UNPACKED:
        raise InputError("zip_too_big", name=name)
    if any(part.flag_bits & 1 for part in wanted):
        raise InputError("file_has_password", name=name)
    names = [PurePosixPath(part.filename).name.lower() for part in wanted]
    doubled = [one for one in names if names.count(one) > 1]
    if doubled:
        raise InputError("zip_holds_twice", name=name, a=doubled[0])


def _for_gdal(path: Path) -> tuple[str, str]:
    """Return a map's name for GDAL, and the ending that says its driver."""
    ending = ".shp" if path.is_dir() else path.suffix.lower()
    return f"GeoJSON:{path}" if ending in (".geojson", ".json") else str(path), ending


def _layers(where: str, ending: str) -> list[str]:
    titles = [str(title) for title, kind in pyogrio.list_layers(where) if kind is not None]
    return [title for title in titles if title == "waypoints"] if ending == ".gpx" else titles  # no tracks


def _features(
    path: Path, name: str, layer: str, max_rows_n: int, digest: str
) -> tuple[gpd.GeoDataFrame, str, tuple[Line, ...]]:
    where, ending = _for_gdal(path)
    titles = _layers(where, ending)
    if not titles:
        raise InputError("map_without_layer", name=name)
    chosen = [title for title in titles if title.casefold() == layer.strip().casefold()] if layer else titles
    if not chosen:
        raise InputError("layer_absent", layer=layer, name=name, a=", ".join(titles))
    if len(chosen) > 1:  # a folder of folders, or a layer of styles, holds nothing itself
        chosen = [
            title for title in chosen if pyogrio.read_info(where, layer=title, force_feature_count=True)["features"]
        ]
        chosen = chosen or titles[:1]
    if len(chosen) > 1:
        raise InputError("layers_several", name=name, a=", ".join(titles))
    about = pyogrio.read_info(where, layer=chosen[0])
    if about["driver"] not in _DRIVERS[ending]:
        raise InputError("map_of_another_kind", name=name, a=about["driver"])
    if about["features"] > max_rows_n:
        raise InputError("map_too_many", name=name, a=about["features"])
    frame = pyogrio.read_dataframe(where, layer=chosen[0], datetime_as_string=True, on_invalid="ignore")
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError("map_without_layer", name=name)
    frame = frame.reset_index(drop=True)
    frame.columns = _different([str(name).strip() if name != "geometry" else name for name in frame.columns])
    notes: list[Line] = []
    if len(titles) > 1:
        notes.append(Line("layer", {"layer": chosen[0]}))
    if ending in (".gml", ".geojson", ".json") and (total := _matched(path)) > len(frame):
        notes.append(Line("map_page", {"n": len(frame), "total": total}))
    return frame, digest, tuple(notes)


def _matched(path: Path) -> int:
    """Return how many features a service says that there are: it may have given a page of them; 0 where it does not."""
    content = path.read_bytes()
    found = _MATCHED.search(content[:_ENDS_N]) or _MATCHED.search(content[-_ENDS_N:])
    return int(found[1]) if found else 0


def _different(names: list[str]) -> list[str]:
    """Return names of which each is there once: what differed by a blank around it gets a number.

    Examples
    --------
    >>> _different(["@id", "naam", "@id"])
    ['@id', 'naam', '@id (2)']
    """
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return told


def texts(cells: pd.Series) -> pd.Series:
    """Return the attribute of a map as texts, '' where a feature has none."""
    present: Any = cells.where(cells.notna(), "")
    return present.astype("str")
