"""Files as colleagues export them: Excel, Power BI, pivot tables, HPZone, Osiris, the KvK, SNF and My Maps.

The right answer was written before the reader was tried; facts and names are invented.
"""

from pathlib import Path
from typing import Any

import pytest

from geodata.errors import InputError
from tests.geodata.intake.reading import put, read_cases, read_sites

CASES: dict[str, tuple[str, object, Any]] = {
    "utf16 text of Excel": (
        "a.txt",
        ("Gemeente\tWeek\tAantal\nEde\t2020-W40\t7\n").encode("utf-16"),
        {("GM0228", "2020-W40"): 7},
    ),
    "Power BI: BOM, comma, quoted, blank last column": (
        "a.csv",
        ('\ufeff"Gemeente","ISO week","Som van Aantal meldingen"\r\n"Ede","2020-W40","7"\r\n').encode(),
        {("GM0228", "2020-W40"): 7},
    ),
    "Power BI filter note below": (
        "a.csv",
        ('Gemeente,Week,Aantal meldingen\nEde,2020-W40,7\n\n"Toegepaste filters:\nZiekte is COVID-19"\n'),
        {("GM0228", "2020-W40"): 7},
    ),
    "SPSS labels as values 'GM0228 Ede'": (
        "a.csv",
        ("gemeente;week;aantal\nGM0228 Ede;202040;7,00\n"),
        {("GM0228", "2020-W40"): 7},
    ),
    "pivot: gemeente rows, weeks across, total": (
        "a.csv",
        (
            "Som van aantal;Kolomlabels;;\n"
            "Rijlabels;2020-W40;2020-W41;Eindtotaal\n"
            "Ede;7;3;10\n"
            "Amsterdam;5;;5\n"
            "Eindtotaal;12;3;15\n"
        ),
        {("GM0228", "2020-W40"): 7, ("GM0228", "2020-W41"): 3, ("GM0363", "2020-W40"): 5, ("GM0363", "2020-W41"): None},
    ),
    "HPZone line list: one row per case": (
        "a.csv",
        ("HPZone ID;Datum melding;Gemeente;Infectie\n1;3-10-2020;Ede;COVID-19\n2;3-10-2020;Ede;COVID-19\n"),
        "lacks a column",
    ),
    "Osiris counts: Jaar, Weeknummer, Gemeente, Aantal": (
        "a.csv",
        ("Jaar;Weeknummer;Gemeente;Aantal\n2020;40;Ede;7\n"),
        {("GM0228", "2020-W40"): 7},
    ),
    "Osiris: ZIE1Epiweek header": ("a.csv", ("Gemeente;Epiweek;Aantal\nEde;2020w40;7\n"), {("GM0228", "2020-W40"): 7}),
    "week as 'Week 40 2020'": ("a.csv", ("Gemeente;Week;Aantal\nEde;Week 40 2020;7\n"), {("GM0228", "2020-W40"): 7}),
    "week as 2020_40": ("a.csv", ("Gemeente;Week;Aantal\nEde;2020_40;7\n"), {("GM0228", "2020-W40"): 7}),
    "week as 40-2020": ("a.csv", ("Gemeente;Week;Aantal\nEde;40-2020;7\n"), {("GM0228", "2020-W40"): 7}),
    "monday of week 'Week van'": (
        "a.csv",
        ("Gemeente;Week van;Aantal\nEde;28-09-2020;7\n"),
        {("GM0228", "2020-W40"): 7},
    ),
    "datetime with zone": (
        "a.csv",
        ("Gemeente,Datum,Aantal\nEde,2020-10-03T00:00:00Z,7\n"),
        {("GM0228", "2020-W40"): 7},
    ),
    "datetime US? ambiguous dd/mm ok": (
        "a.csv",
        ("Gemeente;Datum;Aantal\nEde;03/10/2020;7\n"),
        {("GM0228", "2020-W40"): 7},
    ),
    "percent per 100k only": ("a.csv", ("Gemeente;Week;Incidentie per 100.000\nEde;2020-W40;7,1\n"), "lacks a column"),
    "GGD regio name column": (
        "a.csv",
        ("GGD;Jaar;Week;Meldingen\nGGD Amsterdam;2020;40;7\n"),
        {("VR13", "2020-W40"): 7},
    ),
    "VR name with prefix": (
        "a.csv",
        ("Veiligheidsregio;Week;Aantal\nVeiligheidsregio Utrecht;2020-W40;7\n"),
        {("VR09", "2020-W40"): 7},
    ),
    "numbers as '7 '": ("a.csv", ("Gemeente;Week;Aantal\nEde;2020-W40;7 \n"), {("GM0228", "2020-W40"): 7}),
    "count 7,0": ("a.csv", ("Gemeente;Week;Aantal\nEde;2020-W40;7,0\n"), {("GM0228", "2020-W40"): 7}),
    "<10 and 10-19": (
        "a.csv",
        ("Gemeente;Week;Aantal\nEde;2020-W40;<10\nAmsterdam;2020-W40;12\n"),
        {("GM0228", "2020-W40"): None, ("GM0363", "2020-W40"): 12},
    ),
    "minus sign unicode nil": (
        "a.csv",
        ("Gemeente;Week;Aantal\nEde;2020-W40;–\nAmsterdam;2020-W40;12\n"),
        {("GM0228", "2020-W40"): 0, ("GM0363", "2020-W40"): 12},
    ),
}
SITES: dict[str, tuple[str, object, str, Any]] = {
    "KvK extract": (
        "a.csv",
        (
            "KVK-nummer;Vestigingsnummer;Handelsnaam;Straatnaam;Huisnummer;Postcode;Plaats;SBI-code;Werkzame personen\n"
            "12345678;000012345678;A;Dam;1;1012JS;Amsterdam;1011;40\n"
            "12345679;000012345679;B;Dam;2;1012JS;Amsterdam;62010;4\n"
        ),
        "",
        [("A", "slaughterhouse", 40.0, "GM0363")],
    ),
    "KvK with 'Hoofdactiviteit' words": (
        "a.csv",
        ("Handelsnaam;Plaats;SBI code;SBI omschrijving\nA;Ede;1011;Slachterijen (geen pluimvee-)\n"),
        "",
        [("A", "slaughterhouse", None, "GM0228")],
    ),
    "SNF register copy": (
        "a.csv",
        (
            "SNF-nummer;Naam onderneming;Adres locatie;Postcode;Plaats;Aantal bewoners\n"
            "S1;A;Dorpsstraat 1;6711AA;Ede;40\n"
        ),
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "KML ExtendedData": (
        "a.kml",
        (
            '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">'
            "<Document><Folder>"
            "<name>Parken</name>"
            "<Placemark><name>A</name>"
            "<ExtendedData>"
            '<Data name="Slaapplaatsen"><value>40</value></Data></ExtendedData>'
            "<Point><coordinates>5.66,52.04,0</coordinates></Point></Placemark></Folder>"
            "</Document></kml>"
        ),
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "KML two folders one empty": (
        "a.kml",
        (
            '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">'
            "<Document><Folder>"
            "<name>Leeg</name>"
            "</Folder>"
            "<Folder>"
            "<name>P</name>"
            "<Placemark><name>A</name>"
            "<Point><coordinates>5.66,52.04</coordinates></Point></Placemark></Folder>"
            "</Document></kml>"
        ),
        "lodging",
        [("A", "lodging", None, "GM0228")],
    ),
    "utf16 text of Excel sites": (
        "a.txt",
        ("Naam\tX\tY\tBedden\r\nA\t174000\t450000\t40\r\n").encode("utf-16"),
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "x,y with decimal comma and blank thousand": (
        "a.csv",
        ("naam;x;y\nA;174 000,5;450 000,5\n"),
        "lodging",
        [("A", "lodging", None, "GM0228")],
    ),
    "ISO date serial etc, gemeente code number": (
        "a.xlsx",
        {"B": [["Naam", "Gemeentecode", "Bedden"], ["A", 228, 40]]},
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "xlsx with table total row formula text": (
        "a.xlsx",
        {"B": [["Naam", "Gemeente", "Bedden"], ["A", "Ede", 40], ["Totaal", None, 40]]},
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "gemeente officer: merged title, legend right": (
        "a.xlsx",
        {
            "B": [
                ["Locaties arbeidsmigranten 2024", None, None],
                [None, None, None],
                ["Locatie", "Gemeente", "Max. aantal personen"],
                ["A", "Ede", 40],
            ]
        },
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "header with line break": (
        "a.csv",
        ('naam;gemeente;"aantal\nbedden"\nA;Ede;40\n'),
        "lodging",
        [("A", "lodging", 40.0, "GM0228")],
    ),
    "tilde in name, quotes": (
        "a.csv",
        ('naam;gemeente;bedden\n"Pension ""De Zon""";Ede;40\n'),
        "lodging",
        [('Pension "De Zon"', "lodging", 40.0, "GM0228")],
    ),
    "Lat/Long in one header pair w/ semicolons": (
        "a.csv",
        ("naam;Latitude;Longitude\nA;52,04;5,66\n"),
        "lodging",
        [("A", "lodging", None, "GM0228")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_export_of_cases_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, answer = CASES[name]
    path = put(tmp_path, file_name, content)
    if isinstance(answer, str):
        with pytest.raises(InputError, match=answer):
            read_cases(path)
        return
    found, _ = read_cases(path)
    assert found == {("x", *key): cases_n for key, cases_n in answer.items()}


@pytest.mark.parametrize("name", SITES)
def test_an_export_of_sites_gives_its_right_answer(tmp_path: Path, name: str) -> None:
    file_name, content, kind, answer = SITES[name]
    table, _ = read_sites(put(tmp_path, file_name, content), kind=kind)
    sizes = table["size_n"].astype(object).where(table["size_n"].notna(), None)
    rows = table.assign(size_n=sizes)[["name", "kind", "size_n", "gemeente_code"]]
    assert list(rows.itertuples(index=False, name=None)) == answer
