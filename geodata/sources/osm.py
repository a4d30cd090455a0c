"""OpenStreetMap: sites per kind through Overpass, or the whole country from the Geofabrik extract (pyosmium).

Both ways use the same selectors and store the same elements, so that one reader serves both.
"""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import osmium
import pandas as pd

from geodata import codes, settings
from geodata.errors import SourceError
from geodata.snapshots import deliveries
from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources import catalogue, http
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import Progress
from geodata.tables.site_table import points_rd, site_table

_NETHERLANDS = "area(id:3600047796)->.nl;"  # relation 47796, the European part
_SERVER_S = 180
_INTERPRETER = "/api/interpreter"
_STATUS = "/api/status"
_LONGEST_WAIT_S = 60
_FAILED_N = 2
EXTRACT = "/europe/netherlands-latest.osm.pbf"
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Selector:
    """Objects to take: each named tag must match its pattern (a search, as Overpass does it)."""

    tags: Mapping[str, str]
    types: str = "nwr"
    ignore_case: bool = False

    def ql(self) -> str:
        """Return the selector in Overpass QL."""
        flag = ",i" if self.ignore_case else ""
        conditions = "".join(f'["{key}"~"{pattern}"{flag}]' for key, pattern in self.tags.items())
        return f"{self.types}{conditions}(area.nl);"

    def takes(self, tags: Mapping[str, str]) -> bool:
        """Tell whether an object with these tags is taken.

        Examples
        --------
        >>> Selector({"name": "slachthuis"}, ignore_case=True).takes({"name": "Oude Slachthuis"})
        True
        """
        flags = re.IGNORECASE if self.ignore_case else 0
        return all(key in tags and re.search(pattern, tags[key], flags) for key, pattern in self.tags.items())


SELECTORS: dict[str, tuple[Selector, ...]] = {
    "slaughterhouse": (
        Selector({"industrial": "^slaughterhouse$"}),
        Selector({"man_made": "^works$", "works": "^slaughterhouse$"}),
        Selector({"craft": "^slaughterhouse$"}),
        Selector({"amenity": "^slaughterhouse$"}),
        Selector({"name": "slachterij|slachthuis", "building": "industrial|warehouse"}, ignore_case=True),
    ),
    "meat_plant": (
        Selector({"man_made": "^works$", "product": "meat|poultry"}, ignore_case=True),
        Selector({"name": "vlees(verwerk|bedrijf)|pluimvee", "building": "industrial|warehouse"}, ignore_case=True),
    ),
    "greenhouse": (Selector({"landuse": "^greenhouse_horticulture$"}, types="wr"),),
    "packing_hall": (
        Selector({"name": "pakstation|sorteerbedrijf|verpakkingsbedrijf", "building": "."}, ignore_case=True),
    ),
    "distribution_centre": (
        Selector({"industrial": "^(distribution|warehouse|distributor|logistics)$"}),
        Selector({"office": "^logistics$"}),
        Selector({"name": "distributiecentrum", "building": "."}, ignore_case=True),
    ),
    "lodging": (
        Selector({"building": "^(dormitory|barracks)$"}),
        Selector({"amenity": "^dormitory$"}),
        Selector({"name": "flexwonen|arbeidsmigrant|short ?stay|logies"}, ignore_case=True),
    ),
    "holiday_park": (
        Selector({"tourism": "^(caravan_site|camp_site|chalet)$"}),
        Selector({"leisure": "^resort$"}),
        Selector({"landuse": "^recreation_ground$", "name": "park|camping|recreatie"}, ignore_case=True),
    ),
    "building_site": (Selector({"landuse": "^construction$"}, types="wr"),),
}
"""What counts as which kind of site. Hotels are left out: tourists are not whom this product protects."""


def question(kind: str) -> str:
    """Return the Overpass question for one kind of site.

    Examples
    --------
    >>> question("building_site").splitlines()[3]
    'wr["landuse"~"^construction$"](area.nl);'
    """
    parts = "\n".join(selector.ql() for selector in SELECTORS[kind])
    return f"[out:json][timeout:{_SERVER_S}];\n{_NETHERLANDS}\n(\n{parts}\n);\nout center tags;"


def ask(source_id: str, ql: str) -> dict[str, Any]:
    """Return the answer of Overpass, refused when it says that it stopped early.

    Raises
    ------
    SourceError
        No answer, no elements, or a ``remark``: with status 200 Overpass may give a part only.
    """
    url = f"{http.base('overpass')}{_INTERPRETER}"
    answer = http.get_json(source_id, url, form={"data": ql}, read_s=_SERVER_S + 10)
    if not isinstance(answer, dict) or not isinstance(answer.get("elements"), list):
        raise SourceError(f"Source {source_id}: {url} answered without elements; refresh again later.")
    if answer.get("remark"):
        raise SourceError(
            f"Source {source_id}: {url} stopped before the end ({answer['remark']}); refresh again at a quieter hour."
        )
    return answer


def _fetch_overpass(folder: Path, progress: Progress) -> Delivery:
    """Ask for each kind; one that fails keeps its previous answer, and does not lose the others."""
    source_id, files, rows_n = "osm", {}, 0
    dates: list[str] = []
    notes: list[str] = []
    failed: list[SourceError] = []
    previous = deliveries.latest_raw_of(source_id)
    for number, kind in enumerate(SELECTORS):
        path = folder / f"{kind}.json"
        try:
            wait_for_slot(source_id)
            answer = ask(source_id, question(kind))
            rows_n += len(answer["elements"])
            dates.append(str(answer.get("osm3s", {}).get("timestamp_osm_base", ""))[:10])
            _store(path, answer)
        except SourceError as error:
            failed.append(error)
            if not dates and len(failed) == _FAILED_N:  # nobody answers: the other kinds would only wait as long
                raise failed[0] from error
            kept = previous is not None and path.name in previous.files
            if previous is not None and kept:
                shutil.copyfile(previous.path / path.name, path)
                rows_n += len(json.loads(path.read_text("utf-8"))["elements"])
            else:
                _store(path, {"elements": []})
            which = f"those of {previous.record.source_date} stay" if previous and kept else "there are none of it"
            notes.append(f"Kind {kind} could not be fetched, so {which} ({error}).")
        files[path.name] = path
        progress(number + 1, len(SELECTORS))
    if not rows_n:
        raise SourceError(f"Source {source_id}: not one site of any kind is served; refresh again later.")
    address = f"{http.base('overpass')}{_INTERPRETER}"
    source_date = max(dates) or datetime.now(UTC).date().isoformat()
    return Delivery(files, source_date, rows_n, address, notes=tuple(notes))


def wait_for_slot(source_id: str) -> None:
    """Wait as long as Overpass asks for until a place is free, a minute at most; where it does not say, not at all."""
    try:
        told = http.first_bytes(source_id, f"{http.base('overpass')}{_STATUS}", 4_000, attempts_n=1)
    except SourceError:
        return
    waits = [int(seconds) for seconds in re.findall(r"in (-?\d+) seconds", told)]
    if waits and "slots available now" not in told:
        time.sleep(min(max(min(waits), 0), _LONGEST_WAIT_S))


def _store(path: Path, answer: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(answer, ensure_ascii=False), "utf-8")
    return path


# --- the extract -------------------------------------------------------------------------------------


def _fetch_extract(folder: Path, progress: Progress) -> Delivery:
    source_id = "osm_extract"
    address = f"{http.base('geofabrik')}{EXTRACT}"
    path = settings.data_dir() / "cache" / "osm" / Path(EXTRACT).name
    http.download(source_id, address, path, progress)
    _prove_whole(source_id, address, path, folder)
    try:
        kinds, source_date = select(path)
    except RuntimeError as error:  # what the library raises for a file that is no PBF
        raise SourceError(f"Source {source_id}: {address} is no OpenStreetMap extract ({error}); try again.") from error
    rows_n = sum(len(elements) for elements in kinds.values())
    if not rows_n:
        raise SourceError(f"Source {source_id}: the extract holds not one site; fetch it again later.")
    files = {f"{kind}.json": _store(folder / f"{kind}.json", {"elements": kinds[kind]}) for kind in SELECTORS}
    path.unlink()
    return Delivery(files, source_date or datetime.now(UTC).date().isoformat(), rows_n, address)


def _prove_whole(source_id: str, address: str, path: Path, folder: Path) -> None:
    """Compare the file with the checksum that stands beside it, where there is one."""
    try:
        http.download(source_id, f"{address}.md5", folder / "md5", lambda _done, _total: None)
    except http.NotThereError:
        return
    wanted = (folder / "md5").read_text("utf-8").split()[:1]
    with path.open("rb") as handle:
        found = hashlib.file_digest(handle, "md5").hexdigest()
    if wanted != [found]:
        path.unlink()
        raise SourceError(f"Source {source_id}: {address} does not match its checksum; fetch it again.")


def select(path: Path) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """Return the sites of each kind in an extract, as Overpass would give them, and the date of the extract."""
    kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in SELECTORS}
    keys = sorted({key for selectors in SELECTORS.values() for selector in selectors for key in selector.tags})
    newest = ""
    processor = (
        osmium.FileProcessor(str(path))
        .with_areas(osmium.filter.KeyFilter(*keys))
        .with_filter(osmium.filter.KeyFilter(*keys))
    )
    for element in processor:
        tags = dict(element.tags)
        for kind, selectors in SELECTORS.items():
            if any(_type_of(element) in selector.types and selector.takes(tags) for selector in selectors):
                found = _element(element, tags)
                if found:
                    kinds[kind].append(found)
    with osmium.io.Reader(str(path)) as reader:
        newest = str(reader.header().get("osmosis_replication_timestamp"))[:10]
    return kinds, newest


def _type_of(element: Any) -> str:
    if element.is_area():
        return "w" if element.from_way() else "r"
    return str(element.type_str())


def _element(element: Any, tags: Mapping[str, str]) -> dict[str, Any] | None:
    """Return an object in the layout of Overpass; closed ways and multipolygons come as areas, once."""
    if element.is_node():
        return {"type": "node", "id": element.id, "lat": element.lat, "lon": element.lon, "tags": tags}
    if not element.is_area():
        return None
    points = [node.location for ring in element.outer_rings() for node in ring if node.location.valid()]
    if not points:
        return None
    lons, lats = [point.lon for point in points], [point.lat for point in points]
    centre = {"lat": (min(lats) + max(lats)) / 2, "lon": (min(lons) + max(lons)) / 2}
    kind = "way" if element.from_way() else "relation"
    return {"type": kind, "id": element.orig_id(), "center": centre, "tags": tags}


# --- reading -----------------------------------------------------------------------------------------


def _read(raw: RawSnapshot, areas: Mapping[str, pd.DataFrame]) -> Frames:
    rows = pd.DataFrame([row for kind in SELECTORS for row in _rows(raw.path / f"{kind}.json", kind)])
    # an object that fits two kinds keeps the first: the list of kinds begins with the rarest
    rows = rows.drop_duplicates("key").reset_index(drop=True)
    points = points_rd(rows["lon"], rows["lat"], codes.CRS_WGS84)
    sites = gpd.GeoDataFrame(rows.drop(columns=["lon", "lat"]), geometry=points)
    source_id = raw.record.source_id
    status = catalogue.source(source_id).status
    return {"sites": site_table(sites, "osm", raw.record.source_date, status, areas)}


def _rows(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    for element in json.loads(path.read_text("utf-8"))["elements"]:
        place = element.get("center", element)
        if "lat" not in place:
            continue
        tags = element.get("tags", {})
        beds = _NUMBER.match(str(tags.get("beds") or tags.get("capacity:persons") or ""))
        yield {
            "key": f"{element['type']}/{element['id']}",
            "kind": kind,
            "name": str(tags.get("name", "")),
            "employer_group": str(tags.get("operator", "")),
            "size_n": float(beds[0]) if beds and kind in {"lodging", "holiday_park"} else float("nan"),
            "located": "exact",
            "lon": float(place["lon"]),
            "lat": float(place["lat"]),
        }


def _ask_overpass() -> list[str]:
    ql = question("slaughterhouse").replace("out center tags;", "out count;")
    return [] if ask("osm", ql)["elements"] else ["Overpass counts nothing"]


def _ask_extract() -> list[str]:
    mark = http.first_bytes("osm_extract", f"{http.base('geofabrik')}{EXTRACT}.md5", 100)
    return [] if len(mark.split()[0] if mark.split() else "") == 32 else ["the checksum of the extract is no MD5"]


CONNECTORS = {
    "osm": Connector(_fetch_overpass, _read, ask=_ask_overpass),
    "osm_extract": Connector(_fetch_extract, _read, is_bulk=True, ask=_ask_extract),
}
