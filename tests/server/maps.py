"""PDOK, Overpass, Geofabrik, TRACES and RIVM as they answer; all objects and figures are invented."""

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import shapely

from geodata import codes
from geodata.areas import regions
from tests.server.figures import codes_of, count, gemeenten
from tests.server.local import Answer, Request, Route

AREAS = "/cbs/gebiedsindelingen/ogc/v1"
TOP10NL = "/kadaster/brt-top10nl/ogc/v1"
PAGE_N = 100
_RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
_KNOWN = {"f", "limit", "jaarcode", "crs", "bbox", "cursor"}


def _json(content: object, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status)


def _features(frame: gpd.GeoDataFrame, crs: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(frame.to_crs(crs).to_json(drop_id=True))["features"]
    return found


def area_frames(years: tuple[int, ...]) -> dict[str, gpd.GeoDataFrame]:
    """Return the boundaries per collection, all years mixed as the service gives them when no year is asked."""
    areas = gemeenten()
    vr = regions.dissolve_veiligheidsregios(areas)
    am = areas.dissolve(by="am_code", as_index=False)
    parts = {
        "gemeente": (areas["gemeente_code"], areas["gemeente_name"], areas.geometry),
        "veiligheidsregio": (vr["vr_code"], vr["vr_name"], vr.geometry),
        "ggdregio": (vr["vr_code"].str.replace("VR", "GG"), vr["vr_name"], vr.geometry),
        "arbeidsmarktregio": (am["am_code"], am["am_code"], am.geometry),
    }
    frames = {}
    for collection, (code, name, geometry) in parts.items():
        one = gpd.GeoDataFrame({"statcode": code, "statnaam": name, "rubriek": collection}, geometry=geometry)
        mixed = [one.assign(jaarcode=year, jrstatcode=[f"{year}{value}" for value in code]) for year in years]
        frames[f"{collection}_gegeneraliseerd"] = gpd.GeoDataFrame(gpd.pd.concat(mixed, ignore_index=True))
    return frames


def _square(code: str, size_m: float, number: int = 0) -> shapely.Polygon:
    point = gemeenten().set_index("gemeente_code").geometry[code].representative_point()
    x, y = point.x + 60 * number, point.y
    return shapely.box(x - size_m / 2, y - size_m / 2, x + size_m / 2, y + size_m / 2)


def top10nl_frames() -> dict[str, gpd.GeoDataFrame]:
    """Return invented buildings and parks: a glasshouse is told by a whole token, a castle is none."""
    buildings = [
        ("g1", "kas, warenhuis|school", _square("GM1783", 50)),
        ("g2", "kas", _square("GM1783", 50, 1)),  # 10 m from the first: one nursery
        ("g3", "kas", _square("GM0363", 20)),  # too small for a firm with staff
        ("g4", "kasteel", _square("GM0363", 90)),
        ("g5", "kas, warenhuis", _square("GM1709", 80)),
    ]
    parks = [
        ("p1", "camping, kampeerterrein", "Camping Verzonnen Duin", _square("GM0498", 200)),
        ("p2", "bedrijventerrein", "Bedrijvenpark Verzonnen", _square("GM0498", 300)),
        ("p3", "vakantiepark|bungalowpark", "Bungalowpark Bedacht", _square("GM0505", 200)),
    ]
    glass = gpd.GeoDataFrame(
        {
            "lokaal_id": [row[0] for row in buildings],
            "typegebouw": [row[1] for row in buildings],
            "bronactualiteit": "2026-05-01",
        },
        geometry=[row[2] for row in buildings],
        crs=codes.CRS_RD,
    )
    areas = gpd.GeoDataFrame(
        {
            "lokaal_id": [row[0] for row in parks],
            "typefunctioneelgebied": [row[1] for row in parks],
            "naamnl": [row[2] for row in parks],
            "bronactualiteit": "2026-05-01",
        },
        geometry=[row[3] for row in parks],
        crs=codes.CRS_RD,
    )
    return {"gebouw_vlak": glass, "functioneel_gebied_vlak": areas, "functioneel_gebied_multivlak": areas.head(0)}


def pdok(collections: dict[str, dict[str, gpd.GeoDataFrame]]) -> Route:
    """Serve collections by OGC API Features, in pages with a cursor; an unknown question is 400."""

    def route(request: Request) -> Answer | None:
        for base, frames in collections.items():
            if request.path == f"{base}/collections":
                return _json({"collections": [{"id": name} for name in frames]})
            match = re.fullmatch(rf"{base}/collections/(\w+)/items", request.path)
            if match and match[1] in frames:
                return _items(request, frames[match[1]])
        return None

    return route


def _items(request: Request, frame: gpd.GeoDataFrame) -> Answer:
    if set(request.params) - _KNOWN:
        return _json({"status": 400, "title": "Bad Request", "detail": "unknown query parameter(s)"}, 400)
    if "jaarcode" in request.params:
        frame = frame[frame["jaarcode"] == int(request.params["jaarcode"])]
    start = int(request.params.get("cursor", 0))
    limit = min(int(request.params.get("limit", 10)), PAGE_N)
    crs = codes.CRS_RD if request.params.get("crs") == _RD else codes.CRS_WGS84
    page = frame.iloc[start : start + limit]
    links = [{"rel": "self", "href": f"http://localhost:8080{request.path}"}]
    if start + limit < len(frame):
        asked = "&".join(f"{key}={value}" for key, value in request.params.items() if key != "cursor")
        links.append({"rel": "next", "href": f"http://localhost:8080{request.path}?{asked}&cursor={start + limit}"})
    body = {"type": "FeatureCollection", "numberReturned": len(page), "links": links}
    return _json(body | {"features": _features(page, crs) if len(page) else []})


def wfs(frames: dict[str, gpd.GeoDataFrame]) -> Route:
    """Serve the boundaries of one year by WFS."""

    def route(request: Request) -> Answer | None:
        match = re.fullmatch(r"/cbs/gebiedsindelingen/(\d{4})/wfs/v1_0", request.path)
        layer = request.params.get("typeName", "").removeprefix("gebiedsindelingen:")
        if not match or layer not in frames:
            return None
        frame = frames[layer][frames[layer]["jaarcode"] == int(match[1])].drop(columns="jaarcode")
        return _json({"type": "FeatureCollection", "features": _features(frame, request.params["srsName"])})

    return route


def locatieserver(known: dict[str, tuple[str, str, str]]) -> Route:
    """Serve the geocoder: street and town (lower case) to the kind of answer, the town and the gemeente."""

    def route(request: Request) -> Answer | None:
        if request.path != "/bzk/locatieserver/search/v3_1/free":
            return None
        if set(request.params) - {"q", "rows", "fq", "fl"}:
            return _json({"title": "Bad Request", "detail": "query parameter not defined in the specifications"}, 400)
        found = known.get(request.params["q"].lower())
        documents = []
        if found:
            kind, town, code = found
            point = gemeenten().set_index("gemeente_code").geometry[code].representative_point()
            documents = [
                {
                    "type": kind,
                    "woonplaatsnaam": town,
                    "gemeentecode": code[2:],
                    "score": 9.1,
                    "centroide_rd": f"POINT({point.x:.1f} {point.y:.1f})",
                }
            ]
        return _json({"response": {"numFound": len(documents), "docs": documents}})

    return route


# --- OpenStreetMap -----------------------------------------------------------------------------------


def osm_objects() -> list[dict[str, Any]]:
    """Return invented objects, each with the gemeente it lies in and its tags."""
    return [
        {"id": 1, "gemeente": "GM0498", "tags": {"tourism": "camp_site", "name": "Verzonnen Duin", "beds": "300"}},
        {"id": 2, "gemeente": "GM0518", "tags": {"industrial": "warehouse", "name": "Loods Nergens"}},
        {"id": 3, "gemeente": "GM0363", "tags": {"landuse": "construction"}},
        {"id": 4, "gemeente": "GM1586", "tags": {"craft": "slaughterhouse", "name": "Slachterij Bedacht"}},
        {"id": 5, "gemeente": "GM0599", "tags": {"tourism": "hotel", "name": "Hotel voor Toeristen"}},
    ]


def overpass() -> Route:
    """Serve Overpass: the kind asked for is told by the tags in the question."""
    from geodata.sources import osm  # noqa: PLC0415 - the questions are those of the connector

    def route(request: Request) -> Answer | None:
        if request.path != "/api/interpreter" or "data" not in request.form:
            return None
        question = request.form["data"]
        kind = next((kind for kind in osm.SELECTORS if osm.SELECTORS[kind][0].ql() in question), "")
        places = gemeenten().set_index("gemeente_code").geometry.representative_point().to_crs(codes.CRS_WGS84)
        elements: list[dict[str, Any]] = []
        for row in osm_objects():
            if any(selector.takes(row["tags"]) for selector in osm.SELECTORS.get(kind, ())):
                centre = {"lat": places[row["gemeente"]].y, "lon": places[row["gemeente"]].x}
                elements.append({"type": "way", "id": row["id"], "center": centre, "tags": row["tags"]})
        if "out count;" in question:
            elements = [{"type": "count", "id": 0, "tags": {"total": str(len(elements))}}]
        stamp = {"timestamp_osm_base": "2026-11-20T01:00:00Z", "copyright": "ODbL"}
        return _json({"version": 0.6, "osm3s": stamp, "elements": elements})

    return route


def write_extract(path: Path) -> Path:
    """Write the invented objects as an extract (PBF): a node, and closed ways around the others."""
    places = gemeenten().set_index("gemeente_code").geometry.representative_point().to_crs(codes.CRS_WGS84)
    writer = osmium.SimpleWriter(str(path))
    ways, node_id = [], 1_000
    for row in osm_objects():
        x, y = places[row["gemeente"]].x, places[row["gemeente"]].y
        if row["id"] == 1:
            writer.add_node(osmium.osm.mutable.Node(id=1, location=(x, y), tags=row["tags"]))
            continue
        ring = []
        for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            node_id += 1
            writer.add_node(osmium.osm.mutable.Node(id=node_id, location=(x + dx * 1e-3, y + dy * 1e-3)))
            ring.append(node_id)
        ways.append(osmium.osm.mutable.Way(id=row["id"], nodes=[*ring, ring[0]], tags=row["tags"]))
    for way in ways:
        writer.add_way(way)
    writer.close()
    return path


def files(contents: dict[str, bytes]) -> Route:
    """Serve files by their path, in parts to who asks; beside each its MD5."""

    def route(request: Request) -> Answer | None:
        if request.path in contents:
            return Answer(contents[request.path], content_type="application/octet-stream")
        whole = request.path.removesuffix(".md5")
        if whole != request.path and whole in contents:
            digest = hashlib.md5(contents[whole], usedforsecurity=False).hexdigest()
            return Answer(f"{digest}  {Path(whole).name}\n".encode(), content_type="application/octet-stream")
        return None

    return route


# --- TRACES and RIVM ---------------------------------------------------------------------------------


def _establishment(number: str, name: str, street: str, town: str, activities: str) -> dict[str, Any]:
    return {
        "operatorName": name,
        "approvalNumber": number,
        "confidential": False,
        "address": {
            "street": {"value": street},
            "cityReference": {"name": town, "postalCode": "1234", "country": {"code": "NL"}},
        },
        "operatorActivityTypes": [{"officialCode": code} for code in activities.split()],
        "remarks": [{"value": "P"}],
        "lastUpdate": "2026-09-01",
    }


ESTABLISHMENTS = {
    "RM": [
        _establishment("9001", "Slachterij Nergenshuizen", "Dorpsstraat 1", "Nergens", "SH CP"),
        _establishment("9002", "Uitbenerij Bedacht", "Kade 2", "Verzin", "CP"),
        _establishment("9003", "Koelhuis Bedacht", "Kade 4", "Verzin", "CS"),
    ],
    "PM": [_establishment("9004", "Pluimveeslachterij Fictie", "Onbekend 9", "Verzin", "SH")],
    "FFP": [_establishment("9005", "Visbedrijf Fictie", "Haven 1", "Verzin", "PP")],
}
ADDRESSES = {
    "dam 1, amsterdam": ("adres", "Amsterdam", "GM0363"),
    "dorpsstraat 1, nergens": ("adres", "Nergens", "GM1586"),
    "kade 2, verzin": ("weg", "Verzin", "GM0599"),
    "onbekend 9, verzin": ("adres", "Elders", "GM0363"),  # the best hit lies in another town: not accepted
}


def traces() -> Route:
    """Serve the list of sections and the establishments of each; ``page`` and ``size`` are not heeded."""
    base = "/tracesnt/directory/listing/establishment/publication"

    def route(request: Request) -> Answer | None:
        if request.path == base:
            return _json(
                [
                    {
                        "establishmentListingId": {"classificationSectionId": {"id": number, "code": code}},
                        "numberOfEstablishments": len(rows),
                    }
                    for number, (code, rows) in enumerate(ESTABLISHMENTS.items())
                ]
            )
        code = request.path.removeprefix(f"{base}/establishments/NL/")
        if code not in ESTABLISHMENTS:
            return None
        start, most = int(request.params.get("offset", 0)), int(request.params.get("max", 100))
        return _json({"content": ESTABLISHMENTS[code][start : start + most]})

    return route


def rivm_files() -> dict[str, bytes]:
    """Return invented cases in RIVM's layout: two files, old codes before the mergers, unknown gemeente per GGD."""
    folder, name = "/data/covid-19", "COVID-19_aantallen_gemeente_per_dag"
    early = {"2020-09-07": 2020, "2020-09-08": 2020, "2021-01-04": 2020, "2021-01-11": 2021}
    late = {"2021-10-04": 2021, "2022-06-06": 2022, "2023-03-31": 2023}
    return {
        f"{folder}/{name}_tm_03102021.csv": _rivm_csv(early, has_version=False),
        f"{folder}/{name}.csv": _rivm_csv(late, has_version=True),
    }


def _rivm_csv(days: dict[str, int], *, has_version: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    head = [
        "Date_of_report",
        "Date_of_publication",
        "Municipality_code",
        "Municipality_name",
        "Security_region_code",
        "ROAZ_region",
        "Total_reported",
        "Deceased",
    ]
    version = ["7"] if has_version else []
    writer.writerow([*(["Version"] if has_version else []), *head])
    for day, year in days.items():
        for code in codes_of(year):
            writer.writerow([*version, f"{day} 10:00:00", day, code, code, "VR01", "x", count(code, "Z") % 17, 0])
        writer.writerow([*version, f"{day} 10:00:00", day, "", "", "VR01", "", 3, 0])
        # a gemeente in two hospital regions has two rows on one day
        writer.writerow([*version, f"{day} 10:00:00", day, "GM0363", "GM0363", "VR13", "y", 1, 0])
    return text.getvalue().encode()
