"""Half-empty installations, made by the product's own imports from small invented files."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from access.database import engine as database
from commands import data as data_command
from geodata.snapshots import snapshot
from tests.few_rebuilds import few_rebuilds

GROUPS = ("A", "B-F", "G+I", "H+J", "K-L", "M-N", "O-Q", "R-U")
WEEKS = tuple(f"2020-W{week}" for week in range(36, 49))

STATES = {
    "establishments": "incidence",
    "sites": "establishments",
    "incidence": "establishments",
    "activations": "establishments",
    "establishments+incidence": "",
    "lodging_of_one_region": "",
    "another_disease": "incidence_other",
    "three_rows": "establishments",
    "half_the_country": "establishments_rest",
}
"""Every half-empty installation, with the next step towards a ranking of areas; '' where areas may be ranked."""


@contextmanager
def at(folder: Path) -> Iterator[None]:
    """Let the product look at a data folder; what it scores there is about words and tables, so few rebuilds do."""
    before = os.environ.get("RISICOBEELD_DATA")
    os.environ["RISICOBEELD_DATA"] = str(folder)
    try:
        with few_rebuilds():
            yield
    finally:
        database.close()
        if before is None:
            del os.environ["RISICOBEELD_DATA"]
        else:
            os.environ["RISICOBEELD_DATA"] = before


def make(name: str, folder: Path, files: Path) -> None:
    """Bring a data folder into one of `STATES`; activations count as real only where people sign in."""
    with at(folder), pytest.MonkeyPatch.context() as patch:
        if name == "activations":
            sign_in = files / "secrets.toml"
            sign_in.write_text("[auth]\n", "utf-8")
            patch.setenv("STREAMLIT_SECRETS_FILES", str(sign_in))
        for kind, *more in _IMPORTS[name]:
            path = files / f"{name}-{kind}-{len(list(files.iterdir()))}.csv"
            WRITERS[kind](path, name)
            if data_command.main(["import", kind, str(path), *more]):
                raise AssertionError(f"{kind} of {name} was not imported")


def gemeenten() -> pd.DataFrame:
    """Return the gemeenten that ship with the product, in the order of their code."""
    return snapshot.current().table("gemeenten").sort_values("gemeente_code", ignore_index=True)


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def _establishments(path: Path, name: str) -> None:
    known = gemeenten()
    known = known.iloc[::2] if name == "half_the_country" else known
    rows = [
        [row.gemeente_code, *(5 + int(row.population_n) % (90 + 7 * place) for place in range(len(GROUPS)))]
        for row in known.itertuples()
    ]
    _write(path, ["gm_code", *(f"vest_{group.replace('+', '_').replace('-', '_')}" for group in GROUPS)], rows)


def write_sites(path: Path, name: str) -> None:
    known = gemeenten().head(40)
    if name == "lodging_of_one_region":
        known = gemeenten().query("vr_code == 'VR20'")
    middle = known.geometry.representative_point()
    rows = [
        [f"Verzonnen plek {place}", point.x, point.y, 40 + 10 * place]
        for place, point in enumerate(middle.to_crs("EPSG:4326"))
    ]
    _write(path, ["naam", "longitude", "latitude", "bedden"], rows)


def _incidence(path: Path, name: str) -> None:
    if name == "three_rows":
        rows = [["Amsterdam", "2020-W46", 12], ["Utrecht", "2020-W46", 3], ["Rotterdam", "2020-W47", 9]]
        _write(path, ["gemeente", "week", "aantal"], rows)
        return
    rows = [
        [row.gemeente_code, week, int(row.population_n) * (1 + place % 7) // 20_000]
        for place, row in enumerate(gemeenten().itertuples())
        for week in WEEKS
    ]
    _write(path, ["gemeente", "week", "aantal"], rows)


def _activations(path: Path, _name: str) -> None:
    head = ["datum", "gemeente", "sector", "themas", "soort", "uitkomst"]
    rows = [["2020-10-05", "Utrecht", "lodging", "wonen", "preventief", "geen bijzonderheden"]]
    _write(path, head, rows)


WRITERS = {
    "establishments": _establishments,
    "sites": write_sites,
    "incidence": _incidence,
    "activations": _activations,
}
_ESTABLISHMENTS = ("establishments", "--year", "2023")
_COVID = ("incidence", "--disease", "COVID-19")
_IMPORTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "establishments": (_ESTABLISHMENTS,),
    "sites": (("sites", "--kind", "holiday_park"),),
    "incidence": (_COVID,),
    "activations": (("activations",),),
    "establishments+incidence": (_ESTABLISHMENTS, _COVID),
    "lodging_of_one_region": (_ESTABLISHMENTS, _COVID, ("sites", "--kind", "lodging")),
    "another_disease": (_ESTABLISHMENTS, ("incidence", "--disease", "mpox")),
    "three_rows": (("incidence", "--disease", "mpox"),),
    "half_the_country": (_ESTABLISHMENTS, _COVID),
}
