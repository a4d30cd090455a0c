"""Lists of sites and counts of kinds that nobody here had tried: each with the answer that was written first. All invented."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from geodata.errors import RisicobeeldError
from tests.geodata.intake.reading import put, read_counts, read_sites

EDE, AMSTERDAM, HAGUE = "GM0228", "GM0363", "GM0518"
ONE = [("A", EDE, None)]
TWO = [("A", EDE, 40), ("B", AMSTERDAM, 60)]
W37 = {(EDE, "2020-W37"): 5}


def of(code: str, **weeks: float | None) -> dict[tuple[str, str], float | None]:
    return {(code, f"20{week[1:3]}-W{week[3:]}"): cases for week, cases in weeks.items()}


def sheet(*rows: list[object], change: Callable[[Any], None] = lambda _sheet: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


# --- sites: file, content, what is asked, and (name, gemeente, size) of each or the refusal

GPX = (
    '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    '<wpt lat="52.05" lon="5.70"><ele>1</ele><name>A</name></wpt></gpx>'
)
NVWA = "Erkenningsnummer;Naam;Plaats;Sectie;Activiteiten;Opmerkingen"
LISA = "LISA nr;Naam;Gemeente;SBI 2008;SBI omschrijving;Werkzame personen"
EPRTR = (
    "countryName|EPRTRAnnexIMainActivityCode|facilityInspireId|facilityName|Longitude|Latitude|Pollutant|reportingYear"
)


def arcgis(wkid: int, *points: tuple[str, float, float]) -> str:
    features = [{"attributes": {"naam": name}, "geometry": {"x": x, "y": y}} for name, x, y in points]
    return json.dumps({"displayFieldName": "naam", "spatialReference": {"wkid": wkid}, "features": features})


SITES: dict[str, tuple[str, object, dict[str, Any], object]] = {
    "waypoints": ("a.gpx", GPX, {}, ONE),
    "an ArcGIS service in metres": ("a.json", arcgis(28992, ("A", 172000, 450000)), {}, ONE),
    "an ArcGIS service in degrees": ("a.json", arcgis(4326, ("A", 5.7, 52.05)), {}, ONE),
    "an ArcGIS service in metres of the web": ("a.json", arcgis(102100, ("A", 634521, 6806000)), {}, ONE),
    "an ArcGIS service of areas": (
        "a.json",
        json.dumps(
            {
                "spatialReference": {"wkid": 28992},
                "features": [
                    {
                        "attributes": {"naam": "A"},
                        "geometry": {"rings": [[[171900, 449900], [172100, 449900], [172100, 450100]]]},
                    }
                ],
            }
        ),
        {},
        ONE,
    ),
    "the answer of a catalogue of data": (
        "a.json",
        json.dumps({"success": True, "result": {"records": [{"naam": "A", "gemeente": "Ede"}], "total": 1}}),
        {},
        ONE,
    ),
    "an object, its postcode and its most persons": (
        "a.csv",
        "Object;Adres;PC;Woonplaats;Max. personen\nA;Weg 1;6711AB;Ede;40\n",
        {},
        [("A", EDE, 40)],
    ),
    "metres named by their number": (
        "a.geojson",
        json.dumps(
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}},
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"naam": "A"},
                        "geometry": {"type": "Point", "coordinates": [172000, 450000]},
                    }
                ],
            }
        ),
        {},
        ONE,
    ),
    "the answer of an address service": (
        "a.json",
        json.dumps(
            {
                "response": {
                    "numFound": 1,
                    "docs": [{"weergavenaam": "A", "gemeentenaam": "Ede", "centroide_ll": "POINT(5.7 52.05)"}],
                }
            }
        ),
        {},
        ONE,
    ),
    "approved plants by their activities": (
        "a.csv",
        f"Sectie I: vlees van als landbouwhuisdier gehouden hoefdieren;;;;;\n{NVWA}\n1;A;Ede;I;SH, CP;B\n2;B;Amsterdam;I;CP;\n"
        "3;C;Utrecht;I;CS;\n",
        {"kind": ""},
        [("A", EDE, None, "slaughterhouse"), ("B", AMSTERDAM, None, "meat_plant")],
    ),
    "approved plants of TRACES": (
        "a.csv",
        "approval_number,name,address,city,postcode,region,country,section,activity,slaughter,species,remarks\n"
        '28,A,Weg 1,Ede,6711,"Gelderland,Netherlands",NL,RM,SH CP,yes,B,\n29,B,Weg 2,Amsterdam,1012,"x",NL,RM,CP,,,\n'
        '30,C,Weg 3,Amsterdam,1012,"x",NL,RM,CS,,,\n',
        {"kind": ""},
        [("A", EDE, None, "slaughterhouse"), ("B", AMSTERDAM, None, "meat_plant")],
    ),
    "a register of firms by SBI": (
        "a.csv",
        f"{LISA}\n1;A;Ede;10.11;Slachterijen;40\n2;B;Amsterdam;5530;Kampeerterreinen;60\n3;C;Ede;62.01;Software;9\n"
        "4;D;Ede;1013;Vleesverwerking;1\n",
        {"kind": ""},
        [("A", EDE, 40, "slaughterhouse"), ("B", AMSTERDAM, 60, "holiday_park"), ("D", EDE, 1, "meat_plant")],
    ),
    "size classes of LISA": (
        "a.csv",
        "Naam;Gemeente;Werkzame personen\nA;Ede;10 tot 20\nB;Amsterdam;60\n",
        {},
        [("A", EDE, None), ("B", AMSTERDAM, 60)],
    ),
    "Europe's releases, a row per pollutant": (
        "F1_4.csv",
        f"{EPRTR}\nNetherlands|8(a)|NL.1|A|5.7|52.05|Ammonia|2020\nNetherlands|8(a)|NL.1|A|5.7|52.05|Methane|2020\n"
        "Poland|8(a)|PL.1|P|19.0|52.0|Ammonia|2020\nNetherlands|1(c)|NL.2|E|4.9|52.37|NOx|2020\n",
        {"kind": ""},
        [("A", EDE, None, "slaughterhouse")],
    ),
    "blanks behind commas": ("a.csv", 'naam, gemeente, bedden\n"A", "Ede", 40\n"B", "Amsterdam", 60\n', {}, TWO),
    "a second table to the right": (
        "a.xlsx",
        sheet(
            ["naam", "gemeente", "bedden", None, "Jaar", "Totaal"],
            ["A", "Ede", 40, None, 2019, 900],
            ["B", "Amsterdam", 60, None, 2020, 950],
            [None, None, None, None, 2021, 990],
        ),
        {},
        TWO,
    ),
    "a second table below": (
        "a.xlsx",
        sheet(
            ["naam", "gemeente", "bedden"],
            ["A", "Ede", 40],
            ["B", "Amsterdam", 60],
            [],
            ["Jaar", "Totaal"],
            [2019, 900],
            [2020, 950],
        ),
        {},
        TWO,
    ),
    "a second table below, as text": (
        "a.csv",
        "naam;gemeente;bedden\nA;Ede;40\nB;Amsterdam;60\n;;\nGemeente;Parken;\nEde;9;\nTiel;3;\n",
        {},
        TWO,
    ),
    "a second table below, of the same fields": (
        "a.xlsx",
        sheet(
            ["naam", "gemeente", "bedden"],
            ["A", "Ede", 40],
            ["B", "Amsterdam", 60],
            [],
            ["Gesloten in 2020"],
            ["gemeente", "naam", "bedden"],
            ["Tiel", "C", 10],
        ),
        {},
        TWO,
    ),
    "a table of totals to the right, with a field of ours": (
        "a.xlsx",
        sheet(
            ["naam", "gemeente", None, "soort", "bedden"],
            ["A", "Ede", None, "Hotel", 900],
            ["B", "Amsterdam", None, "Camping", 950],
            ["C", "Ede"],
            ["D", "Ede"],
        ),
        {},
        [("A", EDE, None), ("B", AMSTERDAM, None), ("C", EDE, None), ("D", EDE, None)],
    ),
    "headers without rows, beside a column of remarks": (
        "a.xlsx",
        sheet(["naam", "gemeente", None, "opmerking"], [None, None, None, "x"], [None, None, None, "y"]),
        {},
        "keeps nothing|no row|says nowhere",
    ),
    "a blank column between its own": (
        "a.xlsx",
        sheet(["naam", "gemeente", None, "bedden"], ["A", "Ede", None, 40], ["B", "Amsterdam", None, 60]),
        {},
        TWO,
    ),
    "a blank row between its own": (
        "a.xlsx",
        sheet(["naam", "gemeente", "bedden"], ["A", "Ede", 40], [], ["B", "Amsterdam", 60]),
        {},
        TWO,
    ),
    "a blank row, and a figure below a word": (
        "a.csv",
        "naam;gemeente;huisnummer;opmerking\nX;Ede;12a;oud\n;;;\nA;Ede;7bis;nieuw\nB;Amsterdam;9;2019\n",
        {},
        [("X", EDE), ("A", EDE), ("B", AMSTERDAM)],
    ),
    "another table above": (
        "a.xlsx",
        sheet(
            ["Jaar", "Totaal"],
            [2019, 900],
            [2020, 950],
            [],
            ["naam", "gemeente", "bedden"],
            ["A", "Ede", 40],
            ["B", "Amsterdam", 60],
        ),
        {},
        TWO,
    ),
    "a table of a workbook with a filter and a hidden column": (
        "a.xlsx",
        sheet(
            ["naam", "oud", "gemeente", "bedden"],
            ["A", "x", "Ede", 40],
            ["B", "y", "Amsterdam", 60],
            change=lambda page: page.column_dimensions["B"].__setattr__("hidden", True),
        ),
        {},
        TWO,
    ),
    "a percentage as a size": ("a.xlsx", sheet(["naam", "gemeente", "bedden"], ["A", "Ede", "40%"]), {}, ONE),
    "sizes with currency": ("a.csv", "naam;gemeente;bedden\nA;Ede;€ 40\n", {}, ONE),
    "a comma and apostrophe for thousands": (
        "a.csv",
        "naam;gemeente;m2\nA;Ede;1'200\nB;Amsterdam;12'345\n",
        {},
        [("A", EDE, 1200), ("B", AMSTERDAM, 12345)],
    ),
    "hard blanks for thousands": (
        "a.csv",
        "naam;gemeente;m2\nA;Ede;1\u00a0200\nB;Amsterdam;12\u00a0345,50\n",
        {},
        [("A", EDE, 1200), ("B", AMSTERDAM, 12345.5)],
    ),
    "a name on two lines": ("a.csv", 'naam;gemeente;bedden\n"A\nB.V.";Ede;40\n', {}, [("A B.V.", EDE, 40)]),
    "ETRS89 in degrees": ("a.csv", "naam;ETRS89 lat;ETRS89 lon\nA;52.05;5.70\n", {}, ONE),
    "a postcode in two columns": (
        "a.csv",
        "naam;postcode cijfers;postcode letters;plaats;bedden\nA;6711;AB;Ede;40\n",
        {},
        [("A", EDE, 40)],
    ),
    "a page saved as a spreadsheet": ("a.xls", "<html><table><tr><td>naam</td></tr></table></html>", {}, "a.xls"),
    "the Hague in English": ("a.csv", "name,municipality,beds\nA,The Hague,40\n", {}, [("A", HAGUE, 40)]),
    "fields of a map that differ by a blank": (
        "a.geojson",
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"\t@id": "node/1", "@id": "node/2", "naam": "A"},
                        "geometry": {"type": "Point", "coordinates": [5.7, 52.05]},
                    }
                ],
            }
        ),
        {},
        ONE,
    ),
    "a map of FlatGeobuf called so by mistake": ("a.fgb", "naam;lat\n", {}, "a.fgb cannot be read as a map"),
    "zero rows": ("a.xlsx", sheet(["naam", "gemeente", "bedden"]), {}, "holds no rows"),
}


SECOND_TABLES = {
    "a second table to the right": "a second table beside it, not read: Jaar, Totaal",
    "a second table below": "a second table below, from row 5, not read: Jaar, Totaal",
    "a second table below, as text": "a second table below, from row 5, not read: Gemeente, Parken",
}


@pytest.mark.parametrize("name", SECOND_TABLES)
def test_what_is_passed_over_of_a_sheet_is_told(tmp_path: Path, name: str) -> None:
    file, content, asked, _ = SITES[name]
    _, receipt = read_sites(put(tmp_path, file, content), **asked)
    assert SECOND_TABLES[name] in receipt.sentences()
    assert not receipt.left_out


@pytest.mark.parametrize("name", SITES)
def test_a_list_of_sites_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file, content, asked, answer = SITES[name]
    path = put(tmp_path, file, content)
    if isinstance(answer, str):
        with pytest.raises(RisicobeeldError, match=answer):
            read_sites(path, **asked)
        return
    table, _ = read_sites(path, **asked)
    found = [
        (row.name, row.gemeente_code, None if pd.isna(row.size_n) else row.size_n, row.kind)
        for row in table.itertuples(index=False)
    ]
    assert [row[: len(wanted)] for row, wanted in zip(found, answer, strict=True)] == answer


# --- establishments: content, year, and per gemeente and group

ODATA3 = {
    "A": "ALandbouwBosbouwEnVisserij_91",
    "B-F": "BFNijverheidEnEnergie_92",
    "G+I": "GIHandelEnHoreca_93",
    "H+J": "HJVervoerInformatieEnCommunicatie_94",
    "K-L": "KLFinancieleDienstenOnroerendGoed_95",
    "M-N": "MNZakelijkeDienstverlening_96",
    "O-Q": "OQOverheidOnderwijsEnZorg_97",
    "R-U": "RUCultuurRecreatieOverigeDiensten_98",
}
EIGHT = {(EDE, group): n for n, group in enumerate(ODATA3, 1)}
COUNTS: dict[str, tuple[str, object, int, object]] = {
    "CBS's answer, one row per gemeente": (
        "a.json",
        json.dumps(
            {
                "odata.metadata": "x",
                "value": [
                    {"ID": 0, "WijkenEnBuurten": "NL00      ", "Gemeentenaam_1": "Nederland"}
                    | dict.fromkeys(ODATA3.values(), 99),
                    {"ID": 1, "WijkenEnBuurten": "GM0228    ", "Gemeentenaam_1": "Ede   "}
                    | {title: n for n, title in enumerate(ODATA3.values(), 1)},
                    {"ID": 2, "WijkenEnBuurten": "WK022800  ", "Gemeentenaam_1": "Ede   "}
                    | dict.fromkeys(ODATA3.values()),
                ],
            }
        ),
        2021,
        EIGHT,
    ),
    "short names with a percentage beside each": (
        "a.csv",
        "gm_code,gm_name,vest_A,vest_B_F,vest_G_I,vest_H_J,vest_K_L,vest_M_N,vest_O_Q,vest_R_U,pct_A,pct_B_F\n"
        "GM0228,Ede,1,2,3,4,5,6,7,8,2.8,5.6\n",
        2021,
        EIGHT,
    ),
    "key figures with decimals of a spreadsheet": (
        "a.csv",
        "gwb_code;regio;recs;a_bedv;a_bed_a;a_bed_bf;a_bed_gi;a_bed_hj;a_bed_kl;a_bed_mn;a_bed_oq;a_bed_ru\n"
        "GM0228;Ede;Gemeente;36,0;1,0;2,0;3,0;4,0;5,0;6,0;7,0;8,0\n",
        2023,
        EIGHT,
    ),
    "key figures in capitals with a blank behind": (
        "a.csv",
        "GWB_CODE ;REGIO ;RECS ;A_BEDV ;A_BED_A ;A_BED_BF ;A_BED_GI ;A_BED_HJ ;A_BED_KL ;A_BED_MN ;A_BED_OQ ;A_BED_RU\n"
        "GM0228 ;Ede ;Gemeente ;36;1;2;3;4;5;6;7;8\n",
        2024,
        EIGHT,
    ),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_file_of_establishments_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file, content, year, answer = COUNTS[name]
    path = put(tmp_path, file, content)
    assert {key: n for key, n in read_counts(path, year).items() if not pd.isna(n)} == answer
