"""A country of canaries: every region's rows carry a name, a number, a place and a text that are only its own."""

import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from access.database import engine as database
from access.viewer import Viewer
from geodata import codes, settings
from geodata.snapshots import snapshot
from register import record as write
from risk.index.model import load_model
from risk.scores import outputs
from tests.few_rebuilds import few_rebuilds

LOTC = Viewer("lotc", person="canary keeper")
LEVELS = ("vr", "gemeente", "site")


@dataclass(frozen=True)
class Canary:
    """What is one region's alone, as the texts that it would show up as."""

    vr_code: str
    name: str
    text: str
    number: int
    lon: float
    lat: float

    def marks(self) -> tuple[str, ...]:
        return (self.name, self.text, str(self.number), f"{self.lon:.4f} {self.lat:.4f}")


def number_of(vr_code: str) -> int:
    """Return a number that nothing else in the data comes near: 7 digits with the region in the middle."""
    return 9_000_041 + 1_000 * int(vr_code[2:])


def build() -> tuple[str, dict[str, Canary]]:
    """Write a snapshot and a register full of canaries in the data folder; return the model's version and them."""
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    rng = np.random.default_rng(4)
    sites: gpd.GeoDataFrame = tables["sites"].copy()
    centres = tables["veiligheidsregios"].set_index("vr_code").geometry.representative_point()
    canaries = {}
    for code in codes.VR_CODES:
        place = Point(centres[code].x + rng.uniform(-500, 500), centres[code].y + rng.uniform(-500, 500))
        degrees = gpd.GeoSeries([place], crs=codes.CRS_RD).to_crs(codes.CRS_WGS84).iloc[0]
        canaries[code] = Canary(
            code,
            f"Kanarie-{code}-naam",
            f"kanarie-{code}-tekst",
            number_of(code),
            round(degrees.x, 6),
            round(degrees.y, 6),
        )
        first = sites.index[sites["vr_code"] == code][0]
        sites.loc[first, ["name", "size_n"]] = [canaries[code].name, float(number_of(code))]
        sites.loc[first, "geometry"] = place
    inside = sites["vr_code"] != ""
    sites.loc[inside, "employer_group"] = "kanarie-" + sites.loc[inside, "vr_code"] + "-tekst"
    tables["sites"] = sites
    region = tables["gemeenten"].set_index("gemeente_code")["vr_code"]
    for name, column in (("exposure", "workers_n"), ("incidence", "cases_n")):
        table = tables[name].copy()
        first_rows = ~table["gemeente_code"].map(region).duplicated()
        table.loc[first_rows, column] = [
            float(number_of(region[one])) for one in table.loc[first_rows, "gemeente_code"]
        ]
        tables[name] = table
    activations = tables["activations"].copy()
    for column in ("outcome", "measures"):
        activations[column] = "kanarie-" + activations["vr_code"] + "-tekst"
    tables["activations"] = activations
    made = snapshot.write_core(tables, embedded.sources, is_demonstration=True)
    for code in codes.VR_CODES:
        _register(canaries[code])
    model = load_model()
    for level in LEVELS:
        outputs.ensure(made.data_version, level, model)
    return model.version, canaries


def build_in(folder: Path) -> None:
    """Build the country in a folder: its data folder, and what `build` returned.

    Who sees what does not hang on how often the scores were rebuilt.
    """
    with few_rebuilds(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(folder / "data"))
        patch.delenv("RISICOBEELD_REGISTER", raising=False)
        made = build()
        database.close()
    (folder / "made.pickle").write_bytes(pickle.dumps(made))


def copy(built: Path, data: Path) -> tuple[str, dict[str, Canary]]:
    """Copy a country that was built to a data folder; return the model's version and the canaries."""
    shutil.copytree(built / "data", data)
    return pickle.loads((built / "made.pickle").read_bytes())  # noqa: S301 - our own bytes


def _register(canary: Canary) -> None:
    """Record one entry of every kind in a region."""
    code, text = canary.vr_code, canary.text
    place = {"vr_code": code, "sector_code": "lodging"}
    signal = {"event_date": "2020-10-05", "origin": "own", "theme": "wonen", "text": f"{canary.name}: {text}"}
    activation = {
        "event_date": "2020-10-06",
        "kind": "preventief",
        "themes": "wonen",
        "outcome": text,
        "measures": text,
        "partners": f"Partner-{code}",
    }
    entries = {
        "signal": signal | place,
        "activation": activation | place,
        "referral": {"event_date": "2020-10-07", "route": "GGD", "state": "sent", "vr_code": code, "to": text},
        "plan_line": {
            "plan_id": f"plan-{code}",
            "plan_state": "approved",
            "list": "risk",
            "vr_code": code,
            "week": "2020-W41",
            "reason": text,
            "partners": f"Partner-{code}",
        },
        "contact": {
            "ring": "region",
            "organisation": f"Veiligheidsregio {code}",
            "function": "contact",
            "name": canary.name,
            "vr_code": code,
        },
        "work": {"event_date": "2020-10-08", "kind": "contact", "title": text, "text": text, "vr_code": code},
        "decision": {
            "event_date": "2020-10-09",
            "subject": "not_so_figure",
            "unit_id": f"{code}:lodging",
            "vr_code": code,
            "state": "open",
            "reason": f"{canary.name}: {text}",
        },
        "interpretation": {"event_date": "2020-10-09", "text": f"{canary.name}: {text}", "signed_by": "lotc"} | place,
    }
    for kind, fields in entries.items():
        write.record(LOTC, kind, fields, entity_id=f"kanarie-{code}-{kind}")


def find(text: str, canaries: dict[str, Canary], own: str) -> list[str]:
    """Return the marks of other regions that occur in a text."""
    return [mark for code, canary in canaries.items() if code != own for mark in canary.marks() if mark in text]


def cells_as_text(table: pd.DataFrame) -> str:
    """Return every cell of a table as text, points as degrees."""
    flat = pd.DataFrame(table)
    parts = []
    if {"lon", "lat"} <= set(table.columns):
        parts.append(" ".join(f"{lon:.4f} {lat:.4f}" for lon, lat in zip(table["lon"], table["lat"], strict=True)))
    if isinstance(table, gpd.GeoDataFrame):
        flat = pd.DataFrame(table.drop(columns=table.geometry.name))
        if set(table.geom_type.dropna()) <= {"Point"}:
            points = table.geometry.to_crs(codes.CRS_WGS84)
            parts.append(" ".join(f"{p.x:.4f} {p.y:.4f}" for p in points if p is not None))
    values = (value for name in flat.columns for value in flat[name].unique())
    cells = (f"{value:.6f}" if isinstance(value, float) else str(value) for value in values)
    return "\n".join([*parts, " ".join(cells)])


def read_back(path: Path) -> str:
    """Return what somebody who opens an exported file can read in it."""
    readers = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}
    reader = readers.get(path.suffix)
    if reader is not None:
        return cells_as_text(reader(path))
    return cells_as_text(gpd.read_file(path))
