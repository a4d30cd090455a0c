"""PDOK: boundaries (OGC API Features, WFS as the second way), greenhouses and parks of TOP10NL."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geodata import codes
from geodata.areas import regions
from geodata.errors import SourceError
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import catalogue, http
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import NotThereError, Progress
from geodata.tables.site_table import site_table

Features = list[dict[str, Any]]

AREAS_PATH = "/cbs/gebiedsindelingen/ogc/v1"
TOP10NL_PATHS = ("/kadaster/brt-top10nl/ogc/v1", "/brt/top10nl/ogc/v1")  # it moved; the old one may still answer
_RD_URI = "http://www.opengis.net/def/crs/EPSG/0/28992"
_FIRST_WHOLE_YEAR = 2021  # boundaries of before cannot be brought to today's: a gemeente was divided
COLLECTIONS = ("gemeente", "veiligheidsregio", "ggdregio", "arbeidsmarktregio")
_CODE = {"gemeente": "GM", "veiligheidsregio": "VR", "ggdregio": "GG", "arbeidsmarktregio": "AM"}

GLASS_AREAS = (  # lon/lat: west, south, east, north
    (4.10, 51.93, 4.32, 52.08),
    (4.38, 51.95, 4.62, 52.06),
    (4.70, 52.20, 4.85, 52.30),
    (5.90, 51.30, 6.20, 51.55),
    (5.10, 51.75, 5.40, 51.85),
    (6.85, 52.65, 7.08, 52.80),
    (4.90, 52.70, 5.15, 52.90),
    (5.65, 51.30, 5.95, 51.50),
    (3.75, 51.22, 3.95, 51.35),
    (4.00, 51.83, 4.30, 51.93),
    (4.35, 51.58, 4.55, 51.70),
    (5.85, 51.88, 6.02, 51.97),
    (5.70, 52.65, 5.85, 52.80),
    (5.10, 52.35, 5.40, 52.45),
    (5.60, 53.20, 5.75, 53.30),
)
"""The areas with most of the country's glass; asking all buildings of the country would take days."""

TOP10NL_COLLECTIONS = ("gebouw_vlak", "functioneel_gebied_vlak", "functioneel_gebied_multivlak")
_GREENHOUSE = {"kas", "kas, warenhuis"}
_PARK = {"camping, kampeerterrein", "caravanpark", "bungalowpark", "vakantiepark"}
_SAME_NURSERY_M = 20.0
_SMALLEST_M2 = 2_500.0  # below this a glasshouse is seldom a firm with staff


def items(source_id: str, url: str, params: Mapping[str, str]) -> Features:
    """Return all features of a collection, page by page.

    Parameters
    ----------
    source_id
        Of `geodata.sources.catalogue`.
    url
        The address in full.
    params
        The query behind the address.

    Raises
    ------
    SourceError
        A page fails or is no feature collection.
    """

    def following(page: Mapping[str, Any]) -> str | None:
        return next((str(link["href"]) for link in page.get("links", []) if link.get("rel") == "next"), None)

    found: Features = []
    for page in http.pages(source_id, url, {"f": "json", "limit": "1000", **params}, following):
        if not isinstance(page.get("features"), list):
            raise SourceError(
                f"Source {source_id}: {url} answered without features; its layout has changed: compare it with"
                " docs/sources.md."
            )
        found += page["features"]
    return found


def to_frame(source_id: str, features: Features) -> gpd.GeoDataFrame:
    """Return features in EPSG:28992, whichever of longitude/latitude or RD metres they came in.

    Raises
    ------
    SourceError
        There is no feature with a place.
    """
    frame = gpd.GeoDataFrame.from_features(features) if features else gpd.GeoDataFrame(geometry=[])
    frame = frame[frame.geometry.notna()].reset_index(drop=True)
    if frame.empty:
        raise SourceError(f"Source {source_id}: no feature has a place; refresh again later.")
    is_degrees = abs(frame.total_bounds).max() <= 180
    return frame.set_crs(codes.CRS_WGS84 if is_degrees else codes.CRS_RD).to_crs(codes.CRS_RD)


def _of_year(features: Features, year: int) -> Features:
    """Keep the features of one year: without it in the question, or where it is not heeded, all years come mixed."""

    def year_of(properties: Mapping[str, Any]) -> int:
        return int(properties.get("jaarcode") or str(properties.get("jrstatcode", ""))[:4] or 0)

    return [feature for feature in features if year_of(feature["properties"]) in {year, 0}]


def _fetch_collection(source_id: str, collection: str, year: int) -> Features:
    layer = f"{collection}_gegeneraliseerd"
    url = f"{http.base('pdok_api')}{AREAS_PATH}/collections/{layer}/items"
    try:
        return _of_year(items(source_id, url, {"jaarcode": str(year), "crs": _RD_URI}), year)
    except SourceError:
        wfs = f"{http.base('pdok_service')}/cbs/gebiedsindelingen/{year}/wfs/v1_0"
        question = {
            "service": "WFS",
            "version": "2.0.0",
            "request": "GetFeature",
            "outputFormat": "application/json",
            "typeName": f"gebiedsindelingen:{layer}",
            "srsName": codes.CRS_RD,
        }
        try:
            answer = http.get_json(source_id, wfs, question)
            return _of_year(list(answer["features"]), year)
        except NotThereError:
            return []


def _fetch_areas(folder: Path, progress: Progress) -> Delivery:
    source_id = "pdok_areas"
    this_year = datetime.now(UTC).year
    for year in range(this_year, _FIRST_WHOLE_YEAR - 1, -1):
        found = _fetch_collection(source_id, "gemeente", year)
        if found:
            break
    else:
        raise SourceError(
            f"Source {source_id}: no gemeente from {_FIRST_WHOLE_YEAR} to {this_year} is served; look at the"
            " address of docs/sources.md in a browser."
        )
    files, rows_n = {}, 0
    for number, collection in enumerate(COLLECTIONS):
        features = found if collection == "gemeente" else _fetch_collection(source_id, collection, year)
        files[f"{collection}.json"] = _store(folder / f"{collection}.json", features)
        rows_n += len(features)
        progress(number + 1, len(COLLECTIONS))
    address = f"{http.base('pdok_api')}{AREAS_PATH}"
    return Delivery(files, f"{year}-01-01", rows_n, address, {"year": str(year)})


def _store(path: Path, features: Features) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


def _read_features(path: Path) -> Features:
    return list(json.loads(path.read_text("utf-8"))["features"])


def _read_areas(raw: RawSnapshot, _areas: Mapping[str, pd.DataFrame]) -> Frames:
    """Return boundaries: gemeenten brought to today's, and the other regions as they are."""
    source_id, year = raw.record.source_id, int(raw.parameters["year"])
    frames: Frames = {}
    for collection in COLLECTIONS:
        features = _read_features(raw.path / f"{collection}.json")
        if not features and collection != "gemeente":
            continue
        frame = to_frame(source_id, features)[["statcode", "statnaam", "geometry"]]
        frame = frame[frame["statcode"].astype(str).str.startswith(_CODE[collection])]
        frame = frame.assign(geometry=frame.geometry.make_valid())
        if collection == "gemeente":
            changes = regions.changes_from(year)
            merged = dict(zip(changes["old_code"], changes["new_code"], strict=True))
            frame["statcode"] = frame["statcode"].replace(merged)
        frames[f"{collection}_boundaries"] = frame.dissolve(by="statcode", as_index=False, aggfunc="first")
    return frames


# --- TOP10NL -----------------------------------------------------------------------------------------


def _top10nl(source_id: str, collection: str, questions: Sequence[Mapping[str, str]], progress: Progress) -> Features:
    found: dict[str, dict[str, Any]] = {}
    for number, question in enumerate(questions):
        for feature in _top10nl_items(source_id, collection, question):
            properties = feature["properties"]
            found.setdefault(f"{collection}/{properties.get('lokaal_id') or feature.get('id')}", feature)
        progress(number + 1, len(questions))
    return list(found.values())


def _top10nl_items(source_id: str, collection: str, question: Mapping[str, str]) -> Features:
    first, *rest = (f"{http.base('pdok_api')}{path}/collections/{collection}/items" for path in TOP10NL_PATHS)
    try:
        return items(source_id, first, question)
    except NotThereError:
        return items(source_id, rest[0], question)


def _tokens(text: object) -> set[str]:
    return {token.strip().lower() for token in str(text or "").split("|")}


def _fetch_greenhouses(folder: Path, progress: Progress) -> Delivery:
    source_id = "pdok_greenhouses"
    questions = [{"bbox": ",".join(f"{edge:.2f}" for edge in box), "crs": _RD_URI} for box in GLASS_AREAS]
    buildings = _top10nl(source_id, TOP10NL_COLLECTIONS[0], questions, progress)
    glass = [building for building in buildings if _tokens(building["properties"].get("typegebouw")) & _GREENHOUSE]
    return _delivery(source_id, folder, glass)


def _fetch_parks(folder: Path, progress: Progress) -> Delivery:
    source_id = "pdok_parks"
    features: Features = []
    for collection in TOP10NL_COLLECTIONS[1:]:
        features += _top10nl(source_id, collection, [{"crs": _RD_URI}], progress)
    parks = [area for area in features if _tokens(area["properties"].get("typefunctioneelgebied")) & _PARK]
    return _delivery(source_id, folder, parks)


def _delivery(source_id: str, folder: Path, features: Features) -> Delivery:
    if not features:
        raise SourceError(
            f"Source {source_id}: no object of the kind asked for is served; the names of the kinds may have changed:"
            " compare them with docs/sources.md."
        )
    dates = [str(feature["properties"].get("bronactualiteit") or "")[:10] for feature in features]
    known = [text for text in dates if re.fullmatch(r"\d{4}-\d\d-\d\d", text)]
    source_date = max(known, default=datetime.now(UTC).date().isoformat())
    path = _store(folder / "features.json", features)
    return Delivery({path.name: path}, source_date, len(features), f"{http.base('pdok_api')}{TOP10NL_PATHS[0]}")


def _read_greenhouses(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    """Return nurseries: glasshouses that stand together are one site, with their area together."""
    frame = to_frame(raw.record.source_id, _read_features(raw.path / "features.json"))
    frame["key"] = _column(frame, "lokaal_id").where(_column(frame, "lokaal_id") != "", frame.index.astype(str))
    near = gpd.GeoSeries(list(shapely.get_parts(frame.buffer(_SAME_NURSERY_M / 2).union_all())), crs=frame.crs)
    pairs = near.sindex.query(frame.representative_point(), predicate="intersects")
    frame.loc[frame.index[pairs[0]], "nursery"] = pairs[1]
    frame["area_m2"] = frame.area
    groups = frame.groupby("nursery")
    largest = frame.loc[groups["area_m2"].idxmax()].set_index("nursery")
    rows = gpd.GeoDataFrame(
        {
            "key": groups["key"].min(),
            "kind": "greenhouse",
            "name": "",
            "size_n": groups["area_m2"].sum().round(),
            "located": "exact",
        },
        geometry=largest.representative_point(),
        crs=frame.crs,
    )
    return _sites(raw, rows[rows["size_n"] >= _SMALLEST_M2].reset_index(drop=True), areas)


def _read_parks(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    frame = to_frame(raw.record.source_id, _read_features(raw.path / "features.json"))
    key = _column(frame, "lokaal_id")
    rows = gpd.GeoDataFrame(
        {
            "key": key.where(key != "", frame.index.astype(str)),
            "kind": "holiday_park",
            "name": _column(frame, "naamnl"),
            "located": "exact",
        },
        geometry=frame.representative_point(),
        crs=frame.crs,
    )
    return _sites(raw, rows.drop_duplicates("key"), areas)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype="str")
    return frame[name].fillna("").astype("str").str.strip()


def _sites(raw: RawSnapshot, rows: gpd.GeoDataFrame, areas: Mapping[str, pd.DataFrame]) -> Frames:
    source_id = raw.record.source_id
    status = catalogue.source(source_id).status
    return {"sites": site_table(rows, source_id, raw.record.source_date, status, areas)}


CONNECTORS = {
    "pdok_areas": Connector(_fetch_areas, _read_areas),
    "pdok_greenhouses": Connector(_fetch_greenhouses, _read_greenhouses),
    "pdok_parks": Connector(_fetch_parks, _read_parks),
}
