"""OGC API Features beside the feed: the same scores and alarms in the form that QGIS and other viewers read.

Core and GeoJSON of part 1, and coordinate systems of part 2: CRS84 (the default) and EPSG:28992. Who asks is
known already: everything here goes through the door that is handed in.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from dashboard.parts.figures import official_model
from door import export
from door.store import ScopedStore
from geodata import codes
from geodata.errors import InputError, UnknownCodeError
from geodata.weeks import last_day
from risk.scores import context, deliver
from risk.scores.outputs import read_scored

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
RD: Final = "http://www.opengis.net/def/crs/EPSG/0/28992"
CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)
DICTIONARY: Final = "/dictionary.json"
ROUTES: Final = ("/", "/api", "/conformance", "/collections")
MOST: Final = 1_000
_USUAL: Final = 100
_CRS: Final = {CRS84: codes.CRS_WGS84, RD: codes.CRS_RD}
_PARAMETERS: Final = {"bbox", "bbox-crs", "crs", "datetime", "limit", "offset", "week", "lang", "f", "token"}


@dataclass(frozen=True)
class Answer:
    """What is sent back: the body, its media type, and the coordinate system of its figures ('' without any)."""

    body: dict[str, Any]
    kind: str = "application/json"
    crs: str = ""


@dataclass(frozen=True)
class _Collection:
    title: str
    told: str
    table: str
    key: str
    read: Callable[[ScopedStore, Mapping[str, str]], gpd.GeoDataFrame]
    parameters: frozenset[str] = frozenset(_PARAMETERS | {"sector"})

    def is_open(self, scoped: ScopedStore) -> bool:
        return scoped.may(self.table) and (self.key != "unit_id" or export.may_take_sites(scoped))


def _scores(level: str) -> Callable[[ScopedStore, Mapping[str, str]], gpd.GeoDataFrame]:
    def read(scoped: ScopedStore, asked: Mapping[str, str]) -> gpd.GeoDataFrame:
        scored = read_scored(scoped, level, official_model(), asked.get("week", ""))
        sector = asked.get("sector", deliver.ALL_SECTORS if level == "site" else "")
        table = deliver.score_table(scoped, scored.scores, level, sector, lang=_lang(asked), with_places=True)
        return gpd.GeoDataFrame(deliver.as_supported(table))

    return read


def _alarms(scoped: ScopedStore, asked: Mapping[str, str]) -> gpd.GeoDataFrame:
    found = context.alarms_of(scoped, official_model().disease, asked.get("week", ""))
    stamped = export.stamped(found, scoped, lang=_lang(asked), licence=export.PLACES_LICENCE)
    return export.with_places(stamped, "gemeente_code", scoped)


COLLECTIONS: Final = {
    "vr": _Collection("Veiligheidsregio's", "Score per veiligheidsregio", "scores_vr", "area_code", _scores("vr")),
    "gemeente": _Collection("Gemeenten", "Score per gemeente", "scores_gemeente", "area_code", _scores("gemeente")),
    "site": _Collection("Locaties", "Score per locatie", "scores_site", "unit_id", _scores("site")),
    "alarms": _Collection(
        "Alarmen",
        "Besmettingen en verwachting per gemeente",
        "alarms_gemeente",
        "gemeente_code",
        _alarms,
        frozenset(_PARAMETERS),
    ),
}


def answer(scoped: ScopedStore, path: str, asked: Mapping[str, str], base: str) -> Answer | None:
    """Return the answer to a path; None when there is nothing there.

    Parameters
    ----------
    scoped
        The tables as the holder of the token may see them.
    path
        Such as ``/collections/gemeente/items``.
    asked
        The parameters of the query.
    base
        Where this server is reached, without a slash at the end: links begin with it.

    Raises
    ------
    UnknownCodeError
        A parameter has a value that cannot be used; the sentence says which.
    """
    parts = [part for part in path.split("/") if part]
    open_ones = {name: one for name, one in COLLECTIONS.items() if one.is_open(scoped)}
    match parts:
        case []:
            found = Answer(_landing(base))
        case ["conformance"]:
            found = Answer({"conformsTo": list(CONFORMANCE)})
        case ["api"]:
            found = Answer(_api(open_ones, base), "application/vnd.oai.openapi+json;version=3.0")
        case ["collections"]:
            described = [_described(name, one, base) for name, one in open_ones.items()]
            found = Answer({"links": [_link(base, "/collections", "self")], "collections": described})
        case ["collections", name] if name in open_ones:
            found = Answer(_described(name, open_ones[name], base))
        case ["collections", name, "items", *identity] if name in open_ones and len(identity) < 2:
            return _items(scoped, parts, open_ones[name], asked, base)
        case _:
            return None
    return found


def _items(
    scoped: ScopedStore, parts: list[str], collection: _Collection, asked: Mapping[str, str], base: str
) -> Answer | None:
    unknown = sorted(set(asked) - collection.parameters)
    if unknown:
        raise UnknownCodeError(f"There is no parameter {unknown[0]!r}; use {', '.join(sorted(collection.parameters))}.")
    crs = _crs(asked, "crs")
    try:
        table = collection.read(scoped, asked)
    except InputError as error:
        raise UnknownCodeError(str(error)) from error
    table = table.dropna(subset=["geometry"]) if "bbox" in asked else table
    if "datetime" in asked:
        first, last = _days(asked["datetime"])
        days = _days_of(table)
        table = table[(days >= first) & (days <= last)]
    if len(parts) == 4:
        one = table[table[collection.key] == parts[3]]
        if one.empty:
            return None
        return Answer(_features(one, collection.key, crs)[0], "application/geo+json", crs)
    if "bbox" in asked:
        area = gpd.GeoSeries([_box(asked["bbox"])], crs=_CRS[_crs(asked, "bbox-crs")]).to_crs(codes.CRS_RD).iloc[0]
        table = table[table.intersects(area)]
    limit, offset = min(_whole(asked, "limit", _USUAL, 1), MOST), _whole(asked, "offset", 0, 0)
    page = table.iloc[offset : offset + limit]
    here = f"/collections/{parts[1]}/items"
    kept = {name: value for name, value in asked.items() if name not in ("offset", "limit", "token")}
    links = [_link(base, here, "self", kept | {"limit": str(limit), "offset": str(offset)}, "application/geo+json")]
    if offset + limit < len(table):
        further = kept | {"limit": str(limit), "offset": str(offset + limit)}
        links.append(_link(base, here, "next", further, "application/geo+json"))
    scoped.note_export(f"features_{parts[1]}", len(page))
    body = {
        "type": "FeatureCollection",
        "features": _features(page, collection.key, crs),
        "numberMatched": len(table),
        "numberReturned": len(page),
        "links": links,
    }
    return Answer(body, "application/geo+json", crs)


def _features(table: gpd.GeoDataFrame, key: str, crs: str) -> list[dict[str, Any]]:
    placed = table.to_crs(_CRS[crs])
    days = placed.select_dtypes("datetime").columns
    placed = placed.assign(**{day: placed[day].dt.strftime("%Y-%m-%d") for day in days})
    digits = 6 if crs == CRS84 else 1
    placed = placed.set_geometry(placed.geometry.set_precision(10**-digits, mode="pointwise"))
    features: list[dict[str, Any]] = json.loads(placed.to_json(drop_id=True, na="null"))["features"]
    return [feature | {"id": feature["properties"][key]} for feature in features]


def _lang(asked: Mapping[str, str]) -> str:
    return "en" if asked.get("lang") == "en" else "nl"


def _crs(asked: Mapping[str, str], name: str) -> str:
    wanted = asked.get(name, CRS84)
    if wanted not in _CRS:
        raise UnknownCodeError(f"Parameter {name} cannot be {wanted!r}; use {' or '.join(_CRS)}.")
    return wanted


def _box(text: str) -> Any:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise UnknownCodeError(f"Parameter bbox cannot be {text!r}; give west,south,east,north.") from None
    if not (west <= east and south <= north and abs(west) + abs(south) + abs(east) + abs(north) < 1e7):
        raise UnknownCodeError(f"Parameter bbox cannot be {text!r}; west lies before east, south before north.")
    return box(west, south, east, north)


def _days_of(table: gpd.GeoDataFrame) -> pd.Series:
    """Return the day that each feature speaks of: its peildatum, or the last day of its week."""
    return table["peildatum"] if "peildatum" in table else pd.to_datetime(table["week"].map(last_day))


def _days(text: str) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day of an instant, or of an interval that may be open at one end."""
    ends = text.split("/")
    try:
        days = [
            usual if end in ("", "..") else pd.Timestamp(datetime.fromisoformat(end).date())
            for end, usual in zip((ends[0], ends[-1]), (pd.Timestamp.min, pd.Timestamp.max), strict=True)
        ]
    except ValueError:
        days = []
    if not days or len(ends) > 2 or text.strip("./") == "" or days[0] > days[1]:
        raise UnknownCodeError(f"Parameter datetime cannot be {text!r}; give 2020-11-30, or 2020-06-01/2020-11-30.")
    return days[0], days[1]


def _whole(asked: Mapping[str, str], name: str, usual: int, least: int) -> int:
    text = asked.get(name, str(usual))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < least:
        raise UnknownCodeError(f"Parameter {name} cannot be {text!r}; give a whole number of at least {least}.")
    return int(text)


def _link(
    base: str, path: str, rel: str, query: Mapping[str, str] | None = None, kind: str = "application/json"
) -> dict[str, str]:
    return {"href": base + path + (f"?{urlencode(query)}" if query else ""), "rel": rel, "type": kind}


def _landing(base: str) -> dict[str, Any]:
    return {
        "title": "Risicobeeld",
        "description": "Where does protection of migrant workers need attention first, and why.",
        "links": [
            _link(base, "/", "self"),
            _link(base, "/api", "service-desc", kind="application/vnd.oai.openapi+json;version=3.0"),
            _link(base, "/conformance", "conformance"),
            _link(base, "/collections", "data"),
            _link(base, DICTIONARY, "describedby"),
        ],
    }


def _described(name: str, collection: _Collection, base: str) -> dict[str, Any]:
    return {
        "id": name,
        "title": collection.title,
        "description": collection.told,
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [[3.3, 50.7, 7.3, 53.7]], "crs": CRS84}},
        "crs": [CRS84, RD],
        "storageCrs": RD,
        "links": [
            _link(base, f"/collections/{name}", "self"),
            _link(base, f"/collections/{name}/items", "items", kind="application/geo+json"),
        ],
    }


def _api(open_ones: Mapping[str, _Collection], base: str) -> dict[str, Any]:
    text = {"schema": {"type": "string"}, "style": "form", "explode": False, "in": "query"}
    parameters = {
        key: [{"name": name, **text} for name in sorted(one.parameters - {"token"})] for key, one in open_ones.items()
    }
    items = {
        f"/collections/{name}/items": {
            "get": {
                "summary": one.told,
                "parameters": parameters[name],
                "responses": {"200": {"description": "GeoJSON", "content": {"application/geo+json": {}}}},
            }
        }
        for name, one in open_ones.items()
    }
    plain = {
        path: {"get": {"responses": {"200": {"description": "JSON", "content": {"application/json": {}}}}}}
        for path in ROUTES
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Risicobeeld", "version": official_model().version},
        "servers": [{"url": base}],
        "paths": plain | items,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }
