"""How the tests of the imports write a file and read it back."""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from geodata.areas import mergers
from geodata.intake import establishments, incidence, sites
from geodata.intake.places import known_places
from geodata.intake.receipt import Receipt

SECTIONS = [
    "A Landbouw, bosbouw en visserij",
    "B Delfstoffenwinning",
    "C Industrie",
    "D Energievoorziening",
    "E Waterbedrijven en afvalbeheer",
    "F Bouwnijverheid",
    "G Handel",
    "H Vervoer en opslag",
    "I Horeca",
    "J Informatie en communicatie",
    "K Financiële dienstverlening",
    "L Verhuur en handel van onroerend goed",
    "M Specialistische zakelijke diensten",
    "N Verhuur en overige zakelijke diensten",
    "O Openbaar bestuur en overheidsdiensten",
    "P Onderwijs",
    "Q Gezondheids- en welzijnszorg",
    "R Cultuur, sport en recreatie",
    "S Overige dienstverlening",
    "T Huishoudens",
    "U Extraterritoriale organisaties",
]


@cache
def areas() -> dict[str, pd.DataFrame]:
    return mergers.known_areas()


def put(folder: Path, name: str, content: object) -> Path:
    """Write a file: bytes or text as it is, a dict of sheets as a workbook (``~`` before a title hides it)."""
    path = folder / name
    if isinstance(content, dict):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in content.items():
            sheet = book.create_sheet(title.removeprefix("~"))
            sheet.sheet_state = "hidden" if title.startswith("~") else "visible"
            for row in rows:
                sheet.append(list(row))
        book.save(path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else str(content).encode())
    return path


def read_sites(path: Path, **asked: Any) -> tuple[pd.DataFrame, Receipt]:
    question = sites.Question("sites_file.x", "2026-01-01", **({"kind": "lodging"} | asked))
    places = known_places()
    table, report = sites.read(path, question, areas(), places, lambda _done, _total: None)
    return pd.DataFrame(table), report.receipt


def point(x: float, y: float, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [x, y]}}


def geojson(*features: dict[str, object]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return held.getvalue()


def read_cases(path: Path, **asked: Any) -> tuple[dict[tuple[str, str, str], float | None], Receipt]:
    question = incidence.Question(**({"disease": "x"} | asked))
    cases, receipt = incidence.read(path, question, known_places(), "test")
    table = pd.concat([cases.per_gemeente, cases.per_region.rename(columns={"vr_code": "gemeente_code"})])
    found = {
        (row.disease, row.gemeente_code, row.week): None if pd.isna(row.cases_n) else row.cases_n
        for row in table.itertuples(index=False)
    }
    return found, receipt


def read_counts(path: Path, year: int = 2021) -> dict[tuple[str, str], float]:
    question = establishments.Question(year)
    table, _ = establishments.read(path, question, areas()["gemeenten"], known_places())
    return dict(zip(zip(table["gemeente_code"], table["group"], strict=True), table["establishments_n"], strict=True))


def opendocument(rows: list[list[object]], *, hidden: list[list[object]] | None = None) -> bytes:
    """Return an OpenDocument spreadsheet of typed rows; a cell may be its XML."""
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    style = '<style:style style:name="out"><style:table-properties table:display="false"/></style:style>'
    tables = [_table("Blad1", rows)] if hidden is None else [_table("Oud", hidden, "out"), _table("Blad1", rows)]
    content = (
        f"<office:document-content{names}><office:automatic-styles>{style}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def _table(title: str, rows: list[list[object]], style: str = "in") -> str:
    body = "".join(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>" for row in rows)
    below = (
        '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="1024"/>'
    )
    return f'<table:table table:name="{title}" table:style-name="{style}">{body}{below}</table:table-row></table:table>'


def _cell(value: object) -> str:
    if isinstance(value, str) and value.startswith("<"):
        return value
    kinds = {float: ("float", "value"), int: ("float", "value"), date: ("date", "date-value")}
    kind, attribute = kinds.get(type(value), ("string", "string-value"))
    if value is None:
        return "<table:table-cell/>"
    return (
        f'<table:table-cell office:value-type="{kind}" office:{attribute}="{value}"><text:p>{value}</text:p>'
        "</table:table-cell>"
    )
