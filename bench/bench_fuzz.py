"""Ten thousand damaged files through every import: one sentence or a result, never anything else.

The files are made of small ones of every kind: bytes changed, cut, doubled and moved, cells replaced by what people
write, endings exchanged. Nothing is stored: each file is read as its import would read it, up to the receipt.
A line says how many were read and refused; the run fails when one raised anything but a named error, or said a
path, a library or a traceback. ``python bench/bench_fuzz.py [COUNT] [FOLDER] [SEED]``; a folder gives files of its own
to damage (``-`` for none), another seed other damage.
"""

import random
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
GROUPS = "vest_A;vest_B_F;vest_G_I;vest_H_J;vest_K_L;vest_M_N;vest_O_Q;vest_R_U"
SEEDS = {
    "sites.csv": "naam;gemeente;lat;lon;fte\nEen;Ede;52,05;5,70;1,5\nTwee;Amsterdam;52,37;4,90;0,875\n",
    "sites.geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "A",'
    ' "capacity": "12"}, "geometry": {"type": "Point", "coordinates": [5.7, 52.05]}}]}',
    "sites.kml": '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Placemark><name>A</name><Point><coordinates>5.7,52.05,0</coordinates></Point></Placemark></Document></kml>",
    "sites.gpx": '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lat="52.05" lon="5.70"><name>A</name></wpt><wpt lat="52.37" lon="4.90"><name>B</name></wpt></gpx>',
    "sites.arcgis.json": '{"spatialReference": {"wkid": 28992}, "features": [{"attributes": {"naam": "A"},'
    ' "geometry": {"x": 172000, "y": 450000}}, {"attributes": {"naam": "B"}, "geometry": {"x": 121000, "y": 487000}}]}',
    "sites.two_tables.csv": "naam;gemeente;bedden\nA;Ede;40\nB;Amsterdam;60\n;;\nGemeente;Parken;\nEde;9;\nTiel;3;\n",
    "sites.beside.xlsx": "naam;gemeente;bedden;;Jaar;Som\nA;Ede;40;;2019;900\nB;Tiel;60;;2020;950\n;;;;2021;990\n",
    "sites.firms.csv": "nr;naam;gemeente;SBI 2008;personen\n1;A;Ede;10.11;40\n2;B;Amsterdam;5530;60\n3;C;Ede;62.01;9\n",
    "incidence.lines.json": '{"gemeente": "Ede", "week": "202037", "aantal": 5}\n{"gemeente": "Tiel", "week": "202037",'
    ' "aantal": 6}\n',
    "incidence.quotes.csv": 'gemeente, week, aantal\n"Ede", "202037", 5\n"Tiel", "202038", ">= 10"\n',
    "incidence.r.csv": '"gemeente","week","aantal"\n"1","Ede",202037,5\n"2","Ede",202038,NA\n',
    "incidence.single.csv": "'gemeente';'week';'aantal'\n'Ede';'202037';'5'\n'Tiel';'202037';'6'\n",
    "incidence.csv": "gemeente;datum;aantal\nAmsterdam;31-8-2020;4\nAmsterdam;1-9-2020;2\nUtrecht;2-9-2020;<5\n",
    "incidence.years.csv": ";2020;;2021\ngemeente;52;53;1\nEde;4;5;6\nTotaal Gelderland;4;5;6\nAmsterdam;<5;7;8\n",
    "incidence.years.xlsx": ";2020;;2021\ngemeente;52;53;1\nEde;4;5;6\nAmsterdam;x;7;8\n",
    "incidence.pivot.csv": "Rijlabels;Week;Som van aantal\nEde;week 5 (2020);4\nUtrecht;wk 6 '20;7\nEindtotaal;;11\n",
    "sites.pairs.csv": "naam;coordinaten;postcode en plaats;bedden\nEen;52.05 N, 5.70 E;6711AB Ede;50-100\n"
    "Twee;POINT (4.9 52.37);1012 JS Amsterdam;12 st.\nDrie;0101000020E6100000CDCCCCCCCCCC16406666666666064A40;;\n",
    "establishments.csv": f"gm_code;{GROUPS}\nGM0363;1.234;2;3;4;5;6;7;x\n14;5*;2;3;4;5;6;7;-\n",
    "workbook.xlsx": "Gemeente;Gemeentecode;Personen\nAmsterdam;363;1200\nDen Haag;518;-\n",
    "sites.xlsx": "naam;gemeente;lat;lon;fte\nEen;Ede;52.05;5.70;1.5\nTwee;Amsterdam;52.37;4.90;0,875\n",
    "incidence.xlsx": "gemeente;datum;aantal\nAmsterdam;31-8-2020;4\nAmsterdam;1-9-2020;2\nUtrecht;2-9-2020;<5\n",
    "activations.csv": "datum;soort;thema;gemeente;sector;uitkomst\n3-9-2020;preventief;wonen;Ede;lodging;niets\n",
}
WRITTEN = '-|.|x|<5|#N/B|1.234|1,234|1e400|-1|NaN|inf|"|=1+1|GM9999|363|Bergen|Totaal|2021-W53|31-2-2020|ca. 200|0,5'
CELLS = ["", "\x00", "\ufeff", "é", "9" * 400, "Utrecht (PV)", "12:30", *WRITTEN.split("|")]
SAID_TOO_MUCH = re.compile(
    r"Traceback|/tmp/|/usr/|site-packages|/root/|\bpandas\b|\bpyarrow\b|openpyxl|pyogrio|GDAL|0x[0-9a-f]{6}"
)


def as_workbook(text: str) -> bytes:
    import io

    import openpyxl

    book = openpyxl.Workbook()
    for line in text.splitlines():
        book.active.append(
            [float(cell) if re.fullmatch(r"\d+(\.\d+)?", cell) else clean(cell) for cell in line.split(";")]
        )
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def clean(cell: str) -> str:
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", cell)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return the content with one or two things wrong with it."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 2)):
        where, to = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
        what = rng.randrange(8)
        if what == 0 and data:
            data[min(where, len(data) - 1)] = rng.randrange(256)
        elif what == 1:
            del data[where : min(to, where + 20)]
        elif what == 2:
            data[where:where] = data[where : min(to, where + 60)]
        elif what == 3:
            data[where:where] = rng.choice(
                [b'"', b";", b"\n", b"\r\n", b",", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00"]
            )
        elif what == 4:
            del data[where:]
        else:
            marks = [n for n, byte in enumerate(data) if byte in b";,\n"]
            if len(marks) > 1:
                at = rng.randrange(len(marks) - 1)
                data[marks[at] + 1 : marks[at + 1]] = rng.choice(CELLS).encode()
    return bytes(data)


def readers() -> dict[str, Callable[[Path], object]]:
    """Return how each import reads a file, up to its receipt."""
    from access.viewer import Viewer
    from geodata.areas import mergers
    from geodata.intake import establishments, incidence, sites, workbooks
    from geodata.intake.places import known_places
    from register import imports

    areas, places = mergers.known_areas(), known_places()
    asked = sites.Question("sites_file.fuzz", "2026-01-01", kind="lodging")
    year = establishments.Question(2021)
    return {
        "sites": lambda path: sites.read(path, asked, areas, places, lambda _done, _total: None)[1].receipt,
        "incidence": lambda path: incidence.read(path, incidence.Question("x"), places, "fuzz")[1],
        "establishments": lambda path: establishments.read(path, year, areas["gemeenten"], places)[1],
        "workbook": lambda path: workbooks.read(path, 2021, areas, places, "fuzz")[1],
        "activations": lambda path: imports.plan(path, Viewer("lotc")),
    }


def seeds(folder: Path | None) -> list[tuple[str, str, bytes]]:
    """Return the kind, the ending and the content of every file to damage."""
    found = []
    for name, text in SEEDS.items():
        found.append((name.split(".")[0], Path(name).suffix, text.encode()))
    kinds = {"s": "sites", "i": "incidence", "e": "establishments", "w": "workbook", "a": "activations"}
    given = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name[0] in kinds] if folder else []
    found += [(kinds[path.name[0]], path.suffix, path.read_bytes()) for path in given if path.suffix != ".toml"]
    return found


def main() -> int:
    """Read the files and tell what came of them."""
    from bench.goals import machine
    from geodata.errors import RisicobeeldError
    from geodata.intake import recognise
    from geodata.intake.receipt import Receipt

    count_n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    given = seeds(Path(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] != "-" else None)
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    read, told, wrong = readers(), Counter[str](), []
    rng = random.Random(seed)  # noqa: S311 - the same files every time
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(count_n):
            kind, ending, content = given[number % len(given)]
            if rng.random() < 0.05:
                ending = rng.choice([".csv", ".xlsx", ".geojson", ".json", ".kml", ".gpkg", ".zip", ".shp", ".txt"])
            path = Path(scratch) / f"fuzz{ending}"
            spoiled = damaged(content, rng)
            is_text = ending == ".xlsx" and not content.startswith(b"PK")  # its cells are spoiled, not its packing
            path.write_bytes(as_workbook(spoiled.decode("utf-8", "replace")) if is_text else spoiled)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    with suppress(RisicobeeldError):
                        recognise.kind_of(path)  # as the page looks at a file before it is read
                        recognise.year_said(path)
                    done = read[kind](path)
                said = done.sentences() if isinstance(done, Receipt) else [row.message for row in done.rows]  # type: ignore[attr-defined]
                told["read"] += 1
            except RisicobeeldError as error:
                said = [str(error)]
                told["refused"] += 1
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                said = []
                told["broke"] += 1
                wrong.append((number, kind, ending, repr(error)[:300], path.read_bytes()))
            if any(SAID_TOO_MUCH.search(sentence) for sentence in said):
                told["said too much"] += 1
                wrong.append((number, kind, ending, " | ".join(said)[:300], path.read_bytes()))
    seconds = time.perf_counter() - start
    print(machine())
    print(
        f"fuzz  {count_n} files in {seconds:.0f} s: {told['read']} read, {told['refused']} refused in a sentence,"
        f" {told['broke']} broke, {told['said too much']} said too much (limit: none breaks, none says too much)"
    )
    for number, kind, ending, what, content in wrong[:20]:
        print(f"  file {number} ({kind}{ending}): {what}\n    {content[:200]!r}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
