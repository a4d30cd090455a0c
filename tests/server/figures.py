"""Invented figures in the layouts of the CBS tables, for every gemeente there is and some that are gone."""

import functools
from typing import Any

import pandas as pd

from geodata import settings
from geodata.areas import regions
from geodata.snapshots import snapshot
from tests.server.cbs import Table, declare, keys_of

YEARS = ("2020", "2021", "2022", "2023", "2024", "2025", "2026")
SECTIONS = {
    "A": "301000 ",
    "B": "305700 ",
    "C": "307500 ",
    "D": "346600 ",
    "E": "348000 ",
    "F": "350000 ",
    "G": "354200 ",
    "H": "383100 ",
    "I": "389100 ",
    "J": "391600 ",
    "K": "396300 ",
    "L": "402000 ",
    "M": "403300 ",
    "N": "410200 ",
    "O": "417400 ",
    "P": "419000 ",
    "Q": "422400 ",
    "R": "428100 ",
    "S": "435500 ",
}
DETAIL = ("101", "102", "103", "104", "105", "106", "107", "108", "109", "52", "55", "78", "81", "03", "41", "42", "43")


@functools.cache
def gemeenten() -> pd.DataFrame:
    return snapshot.read_core(settings.EMBEDDED_DIR).table("gemeenten")


@functools.cache
def codes_of(year: int) -> tuple[str, ...]:
    return tuple(regions.gemeenten_of_year(gemeenten(), year))


@functools.cache
def listed() -> tuple[str, ...]:
    """Every gemeente since 2020: StatLine goes on listing the abolished ones."""
    return tuple(sorted({code for year in YEARS for code in codes_of(int(year))}))


def count(code: str, section: str) -> int:
    """An invented count, always the same for a gemeente and section."""
    return 5 * (1 + (int(code[2:]) * 7 + ord(section[0]) * 13) % 200)


def _sbi() -> list[tuple[str, str]]:
    sections = [(key, f"{letter} Sectie {letter} (verzonnen)") for letter, key in SECTIONS.items()]
    return [("T001081", "A-U Alle economische activiteiten"), ("300002 ", "B-E Nijverheid"), *sections]


def _regions(width: int = 6) -> list[tuple[str, str]]:
    return [("NL01".ljust(width), "Nederland"), *((code.ljust(width), code) for code in listed())]


def _years(years: tuple[str, ...] = YEARS) -> list[tuple[str, str]]:
    return [(f"{year}JJ00", year) for year in years] + [("2026MM01", "2026 januari")]


def establishments(years: tuple[str, ...] = ("2025", "2026")) -> Table:
    properties = declare(
        {"BedrijfstakkenBranchesSBI2008": "Dimension", "RegioS": "GeoDimension", "Perioden": "TimeDimension"},
        [("Vestigingen", "Vestigingen", "aantal")],
    )
    rows: list[dict[str, Any]] = [
        {
            "ID": 0,
            "BedrijfstakkenBranchesSBI2008": key,
            "RegioS": code,
            "Perioden": f"{year}JJ00",
            "Vestigingen_1": count(code, letter) if code in codes_of(int(year)) else None,
        }
        for year in years
        for code in listed()
        for letter, key in SECTIONS.items()
    ]
    dimensions = {"BedrijfstakkenBranchesSBI2008": _sbi(), "RegioS": _regions(), "Perioden": _years(years)}
    return Table("81575NED", dimensions, properties, rows, "Vestigingen van bedrijven; bedrijfstak, gemeente")


def jobs() -> Table:
    """Jobs x 1 000; the newest period stands there without values, and section B is suppressed everywhere."""
    properties = declare(
        {"BedrijfstakkenBranchesSBI2008": "Dimension", "RegioS": "GeoDimension", "Perioden": "TimeDimension"},
        [("BanenVanWerknemersInDecember", "Banen van werknemers in december", "x 1 000")],
    )
    key = keys_of(properties)[0]
    groups = [("383200 ", "B-F Nijverheid en energie"), ("410300 ", "M-N Zakelijke dienstverlening")]
    rows: list[dict[str, Any]] = []
    for code in listed():
        per_section = {letter: round(count(code, letter) / 50, 1) for letter in SECTIONS}
        published = {SECTIONS[letter]: value for letter, value in per_section.items() if letter != "B"}
        published["305700 "] = None
        published["383200 "] = round(sum(per_section[letter] for letter in "BCDEF"), 1)
        published["410300 "] = round(per_section["M"] + per_section["N"], 1)
        for sbi, value in published.items():
            is_there = code in codes_of(2024)
            rows.append(
                {
                    "BedrijfstakkenBranchesSBI2008": sbi,
                    "RegioS": code,
                    "Perioden": "2024JJ00",
                    key: value if is_there else None,
                }
            )
            rows.append({"BedrijfstakkenBranchesSBI2008": sbi, "RegioS": code, "Perioden": "2025JJ00", key: None})
    dimensions = {
        "BedrijfstakkenBranchesSBI2008": [*_sbi(), *groups],
        "RegioS": _regions(),
        "Perioden": [("2024JJ00", "2024 december"), ("2025JJ00", "2025 december*")],
    }
    return Table("83582NED", dimensions, properties, rows, "Banen van werknemers in december")


def agriculture(first_suffix: int = 1) -> Table:
    """Open ground in are, glass in m2; one title stands under both headings."""
    properties = declare(
        {"RegioS": "GeoDimension", "Perioden": "TimeDimension"},
        [
            ("TuinbouwOpenGrondTotaal", "Tuinbouw open grond > Oppervlakte > Tuinbouw open grond, totaal", "are"),
            ("Bloemkwekerijgewassen", "Tuinbouw open grond > Oppervlakte > Bloemkwekerijgewassen", "are"),
            (
                "TuinbouwOpenGrondTotaal",
                "Tuinbouw open grond > Aantal bedrijven > Tuinbouw open grond, totaal",
                "aantal",
            ),
            ("TuinbouwOnderGlasTotaal", "Tuinbouw onder glas > Oppervlakte > Tuinbouw onder glas, totaal", "m2"),
            ("Bloemkwekerijgewassen", "Tuinbouw onder glas > Oppervlakte > Bloemkwekerijgewassen", "m2"),
        ],
        first_suffix,
    )
    open_key, _, _, glass_key, _ = keys_of(properties)
    rows = [
        dict.fromkeys(keys_of(properties), 0)
        | {
            "RegioS": code,
            "Perioden": "2025JJ00",
            open_key: count(code, "A") if code in codes_of(2025) else None,
            glass_key: 1_000 * count(code, "G") if code in codes_of(2025) else None,
        }
        for code in listed()
    ]
    dimensions = {"RegioS": _regions(), "Perioden": [("2025JJ00", "2025*")]}
    return Table("80781ned", dimensions, properties, rows, "Landbouw; gewassen, dieren en grondgebruik naar gemeente")


def corop_of(code: str) -> str:
    return f"CR{1 + listed().index(code) % 40:02d}"


def corop() -> Table:
    properties = declare(
        {"BedrijfstakkenBranchesSBI2008": "Dimension", "RegioS": "GeoDimension", "Perioden": "TimeDimension"},
        [
            ("Vestigingen", "Vestigingen", "aantal"),
            ("k_1WerkzamePersoon", "Naar grootte > 1 werkzame persoon", "aantal"),
        ],
    )
    key = keys_of(properties)[0]
    branches = dict(SECTIONS) | {code: f"3{code:0>5} " for code in DETAIL}
    areas = [f"CR{number:02d}" for number in range(1, 41)]
    rows = [
        {
            "BedrijfstakkenBranchesSBI2008": sbi,
            "RegioS": f"{area}  ",
            "Perioden": "2026JJ00",
            key: 4_000 if name.isalpha() else 40,
            keys_of(properties)[1]: 1,
        }
        for area in [*areas, "CR98"]
        for name, sbi in branches.items()
    ]
    titles = [(sbi, f"{name} Tak {name} (verzonnen)") for name, sbi in branches.items()]
    dimensions = {
        "BedrijfstakkenBranchesSBI2008": [("T001081", "Totaal"), *titles],
        "RegioS": [("NL01  ", "Nederland"), *((f"{area}  ", area) for area in [*areas, "CR98"])],
        "Perioden": [("2026JJ00", "2026*")],
    }
    return Table("81578NED", dimensions, properties, rows, "Vestigingen van bedrijven; bedrijfstak, regio")


def residents() -> Table:
    properties = declare(
        {
            "Geslacht": "Dimension",
            "Leeftijd": "Dimension",
            "Nationaliteit": "Dimension",
            "RegioS": "GeoDimension",
            "Perioden": "TimeDimension",
        },
        [("Bevolking", "Bevolking", "aantal")],
    )
    rows = [
        {
            "Geslacht": sex,
            "Leeftijd": "10000",
            "Nationaliteit": key,
            "RegioS": code,
            "Perioden": "2026JJ00",
            "Bevolking_1": size * count(code, "E") if code in codes_of(2026) else None,
        }
        for sex in ("T001038", "3000   ")
        for key, size in (("NAT9345", 1), ("NAT9700", 3))
        for code in listed()
    ]
    dimensions = {
        "Geslacht": [("T001038", "Totaal mannen en vrouwen"), ("3000   ", "Mannen")],
        "Leeftijd": [("10000", "Totaal"), ("22000", "95 jaar of ouder")],
        "Nationaliteit": [("NAT9345", "Hongaars"), ("NAT9700", "EU-landen (exclusief Nederlandse nationaliteit)")],
        "RegioS": _regions(),
        "Perioden": [("2026JJ00", "1 januari 2026")],
    }
    return Table("85644NED", dimensions, properties, rows, "Bevolking; geslacht, leeftijd, nationaliteit en regio")


def region_history(first_suffix: int = 301) -> Table:
    """70072ned: region of each gemeente per year, and its inhabitants, among other columns."""
    path = "Lokalisering > Lokaliseringen van gemeenten > "
    properties = declare(
        {"RegioS": "GeoDimension", "Perioden": "TimeDimension"},
        [
            ("TotaleBevolking", "Bevolking > Bevolkingssamenstelling op 1 januari > Totale bevolking", "aantal"),
            ("Code", path + "Landsdelen > Code", ""),
            ("Code", path + "Arbeidsmarktregio's > Code", ""),
            ("Naam", path + "Arbeidsmarktregio's > Naam", ""),
            ("Code", path + "RegioPlus-arbeidsmarktregio's > Code", ""),
            ("Code", path + "Veiligheidsregio's > Code", ""),
            ("Naam", path + "Veiligheidsregio's > Naam", ""),
        ],
        first_suffix,
    )
    people, country_part, am, am_name, plus, vr, vr_name = keys_of(properties)
    am_of = gemeenten().set_index("gemeente_code")["am_code"]
    rows: list[dict[str, Any]] = []
    for year in YEARS:
        vr_of = regions.veiligheidsregio_of_year(gemeenten(), int(year))
        for code in listed():
            is_there = code in vr_of.index
            rows.append(
                {
                    "RegioS": code,
                    "Perioden": f"{year}JJ00",
                    people: 100 * count(code, "P") if is_there else None,
                    country_part: "LD01" if is_there else None,
                    am: am_of.get(code, "AM01") if is_there else None,
                    am_name: "x" if is_there else None,
                    plus: "RP01" if is_there else None,
                    vr: f"{vr_of[code]}  " if is_there else None,
                    vr_name: "y" if is_there else None,
                }
            )
    dimensions = {"RegioS": _regions(), "Perioden": _years()}
    return Table("70072ned", dimensions, properties, rows, "Regionale kerncijfers Nederland")


def areas_of(year: str, table_id: str, first_suffix: int = 1) -> Table:
    """Gebieden in Nederland: one row per gemeente, keys ten wide."""
    properties = declare(
        {"RegioS": "GeoDetail"},
        [
            ("Code", "Codes en namen van gemeenten > Code", ""),
            ("Code", "Arbeidsmarktregio's > Code", ""),
            ("Code", "COROP-gebieden > Code", ""),
            ("Code", "Veiligheidsregio's > Code", ""),
            ("Inwonertal", "Inwonertal", "aantal"),
        ],
        first_suffix,
    )
    own, am, corop_key, vr, people = keys_of(properties)
    vr_of = regions.veiligheidsregio_of_year(gemeenten(), int(year))
    am_of = gemeenten().set_index("gemeente_code")["am_code"]
    rows = [
        {
            "RegioS": code.ljust(10),
            own: code.ljust(10),
            am: am_of.get(code, "AM01").ljust(10),
            corop_key: corop_of(code).ljust(10),
            vr: vr_of[code].ljust(10),
            people: 100 * count(code, "P"),
        }
        for code in codes_of(int(year))
    ]
    dimensions = {"RegioS": [(code.ljust(10), code) for code in codes_of(int(year))]}
    return Table(table_id, dimensions, properties, rows, f"Gebieden in Nederland {year}")


def statline() -> dict[str, Table]:
    """Every table that the connectors ask."""
    yearly = {
        "2020": "84721NED",
        "2021": "84929NED",
        "2022": "85067NED",
        "2023": "85385NED",
        "2024": "85755NED",
        "2025": "86059NED",
        "2026": "86247NED",
    }
    tables = [establishments(), jobs(), agriculture(), corop(), residents(), region_history()]
    tables += [areas_of(year, table_id) for year, table_id in yearly.items()]
    return {table.table_id: table for table in tables}
