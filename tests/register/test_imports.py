"""Activations from files: whatever stands in them, all rows or none, and the same file twice changes nothing."""

import csv
import string

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.database import engine as database
from access.viewer import parse_viewer
from commands.data import main
from door import desk
from door.store import open_store
from geodata import codes
from geodata.errors import InputError, RisicobeeldError
from register import chain, imports, personal
from register import record as write
from tests.examples import examples

pytestmark = pytest.mark.usefixtures("closed")
HEADER = ["event_date", "gemeente_code", "sector_code", "themes", "kind", "outcome"]
ROW = ["2020-10-05", "GM0363", "lodging", "wonen", "preventief", "niets aangetroffen"]


def write_csv(path, rows, header=HEADER):
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])
    return path


def write_xlsx(path, rows, header=HEADER):
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_was_exported_comes_back_unchanged(lotc, tmp_path, ending, capsys):
    nasty = '=HYPERLINK("http://x") <script>alert(1)</script>'
    write.record(lotc, "activation", dict(zip(HEADER, ROW, strict=True)) | {"outcome": nasty})
    path = tmp_path / f"activations.{ending}"
    assert main(["export", "activations", "--out", str(path)]) == 0
    assert main(["import", "activations", str(path), "--dry-run"]) == 0
    assert "0 new, 0 correction, 57 unchanged, 0 refused" in capsys.readouterr().out
    head = chain.verify_chain().head
    assert main(["import", "activations", str(path)]) == 0
    assert chain.verify_chain().head == head
    if ending == "csv":
        with path.open(encoding="utf-8", newline="") as handle:
            cells = [cell for row in csv.reader(handle) for cell in row]
    else:
        cells = [cell.value for row in openpyxl.load_workbook(path).active for cell in row]
        assert not [c for row in openpyxl.load_workbook(path).active for c in row if c.data_type == "f"]
    assert f"'{nasty}" in cells
    assert not [cell for cell in cells if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell]


def test_the_dry_run_tells_row_by_row_and_changes_nothing(tmp_path, capsys):
    bad = [*ROW[:2], "no_sector", *ROW[3:]]
    warned = [*ROW[:5], "BSN 111222333 gezien"]
    path = write_csv(tmp_path / "a.csv", [ROW, bad, ROW, warned])
    assert main(["import", "activations", str(path), "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("row 2: new IMP-")
    assert "row 3: refused" in lines[1]
    assert "sector_code" in lines[1]
    assert "unchanged" in lines[2]
    assert "the same as row 2" in lines[2]
    assert "personal data: bsn" in lines[3]
    assert not database.exists()
    assert main(["import", "activations", str(path)]) == 2
    assert "1 row(s) cannot be recorded" in capsys.readouterr().err
    assert not database.exists()


def test_a_row_that_stands_twice_stays_unchanged_when_the_file_comes_again(tmp_path, lotc):
    path = write_csv(tmp_path / "twice.csv", [ROW, ROW], HEADER)
    assert [row.action for row in imports.import_activations(path, lotc).rows] == ["new", "unchanged"]
    assert [row.action for row in imports.plan(path, lotc).rows] == ["unchanged", "unchanged"]


def test_imported_rows_are_marked_fictional_whatever_the_file_says(lotc, tmp_path):
    path = write_csv(tmp_path / "a.csv", [[*ROW, "official"]], [*HEADER, "status"])
    imports.import_activations(path, lotc)
    assert set(open_store(lotc).table("activations")["status"]) == {"fictional"}


def test_dutch_words_and_names_are_understood(lotc, tmp_path):
    header = ["Datum", "Gemeente", "Sector", "Thema", "Soort", "Uitkomst", "Integraal", "Besmettingen"]
    rows = [["5-10-2020", "amsterdam", "lodging", "Wonen", "Preventief", "niets", "ja", "nee"]]
    imports.import_activations(write_xlsx(tmp_path / "a.xlsx", rows, header), lotc)
    newest = open_store(lotc).table("activations").sort_values("recorded_at").iloc[-1]
    assert (newest["gemeente_code"], newest["integral"], newest["infections_found"]) == ("GM0363", True, "no")
    assert newest["event_date"] == pd.Timestamp("2020-10-05")


def test_a_correction_by_file_makes_a_new_version(lotc, tmp_path):
    first = write_csv(tmp_path / "a.csv", [["A-1", *ROW]], ["activation_id", *HEADER])
    imports.import_activations(first, lotc)
    second = write_csv(tmp_path / "b.csv", [["A-1", *ROW[:5], "anders"]], ["activation_id", *HEADER])
    assert [row.action for row in imports.import_activations(second, lotc).rows] == ["correction"]
    assert [v["content"]["outcome"] for v in desk.history(open_store(lotc), "activation", "A-1")] == [
        "niets aangetroffen",
        "anders",
    ]


def test_a_region_learns_nothing_of_another_region_from_an_import(lotc, tmp_path):
    write.record(lotc, "activation", dict(zip(HEADER, ROW, strict=True)), entity_id="A-1")
    path = write_csv(tmp_path / "a.csv", [["A-1", *ROW]], ["activation_id", *HEADER])
    row = imports.plan(path, parse_viewer("region:VR06")).rows[0]
    assert row.action == "refused"
    assert "VR13" not in row.message


@pytest.mark.parametrize(
    ("header", "rows", "problem"),
    [
        ([*HEADER, "outcome"], [[*ROW, "x"]], "two columns called 'outcome'"),
        (HEADER[:-1], [ROW[:-1]], "outcome"),
        (HEADER, [], "no rows"),
        (["activation_id", *HEADER], [["a b", *ROW]], "may hold letters"),
        (["activation_id", *HEADER], [["A", *ROW], ["A", *ROW[:5], "anders"]], "row 2 has this activation_id too"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(lotc, tmp_path, header, rows, problem):
    path = write_csv(tmp_path / "a.csv", rows, header)
    with pytest.raises(InputError, match=problem):
        imports.import_activations(path, lotc)
    assert not database.exists()


cell = st.one_of(
    st.sampled_from(
        [
            "",
            "wonen",
            "werken;vervoer",
            "VR06",
            "GM0363",
            "preventief",
            "2020-10-05",
            "5-10-2020",
            "=1+1",
            "lodging",
            "ja",
            "nan",
            "-",
            "0",
            "1e999",
            "<script>alert(1)</script>",
            "A-1",
        ]
    ),
    st.text(max_size=20),
)
columns = st.lists(
    st.sampled_from(
        [
            "activation_id",
            *HEADER,
            "vr_code",
            "integral",
            "measures",
            "route_from",
            "inclusion_probability",
            "status",
            "x",
        ]
    ),
    min_size=1,
    max_size=12,
)


@examples(120)
@given(st.data())
def test_whatever_a_file_holds_nothing_breaks_and_nothing_is_half_done(tmp_path, lotc, data):
    header = data.draw(st.one_of(columns, st.just(HEADER)))
    likely = ROW if header == HEADER else [""] * len(header)
    row = st.tuples(*(st.one_of(st.just(value), st.just(value), cell) for value in likely))
    rows = data.draw(st.lists(row, max_size=5))
    path = write_csv(tmp_path / "any.csv", rows, header)
    before = chain.verify_chain()
    try:
        planned = imports.plan(path, lotc)
        done = imports.import_activations(path, lotc)
    except RisicobeeldError as error:
        assert str(error)  # noqa: PT017 - most files are refused, some are not
        assert chain.verify_chain() == before
        return
    assert done == planned
    recorded = sum(row.action in ("new", "correction") for row in planned.rows)
    after = chain.verify_chain()
    assert after.events_n == before.events_n + recorded
    assert after.problems == ()
    assert {row.action for row in imports.plan(path, lotc).rows} <= {"unchanged"}


@examples(60)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx", "a.pdf"]))
def test_any_bytes_are_a_table_or_one_sentence(tmp_path, lotc, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RisicobeeldError):
        imports.import_activations(path, lotc)


@examples(25)
@given(
    text=st.text(max_size=60),
    measures=st.text(max_size=30),
    theme=st.sampled_from(codes.THEMES),
    ending=st.sampled_from(["csv", "xlsx"]),
)
def test_any_text_survives_export_and_import(tmp_path, lotc, text, measures, theme, ending):
    fields = dict(zip(HEADER, ROW, strict=True)) | {"outcome": f"x{text}", "measures": measures, "themes": theme}
    write.record(lotc, "activation", fields)
    path = tmp_path / f"all.{ending}"
    assert main(["export", "activations", "--out", str(path)]) == 0
    assert {row.action for row in imports.plan(path, lotc).rows} == {"unchanged"}


# --- personal data ---------------------------------------------------------------------------------------


@given(st.text(string.digits, min_size=8, max_size=8))
def test_of_the_ten_last_digits_at_most_one_passes_the_eleven_test(first):
    passing = [digit for digit in string.digits if personal.is_bsn(first + digit)]
    assert len(passing) <= 1
    total = sum(int(digit) * weight for digit, weight in zip(first, range(9, 1, -1), strict=True)) % 11
    assert passing == ([str(total)] if total < 10 and int(first + str(total)) else [])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("BSN 111222333", "bsn"),
        ("1112.22.333", "bsn"),
        ("111 222 333", "bsn"),
        ("nummer 123456782.", "bsn"),
        ("bel 0612345678", "telephone"),
        ("06-1234 5678", "telephone"),
        ("+31 6 12345678", "telephone"),
        ("+48 601 123 456", "telephone"),
        ("(020) 123 4567", "telephone"),
        ("0031612345678", "telephone"),
        ("mail a.b@voorbeeld.nl", "e-mail"),
        ("geb. 12-3-85", "date of birth"),
        ("12-03-1985", "date of birth"),
        ("1985-03-12", "date of birth"),
        ("geboren 3 mei 1990", "date of birth"),
        ("born in 1990", "date of birth"),
        ("12 maart 1985", "date of birth"),
    ],
)
def test_personal_data_is_found(text, kind):
    assert kind in {finding.kind for finding in personal.find(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Controle op 14-09-2020 om 10.30 uur",
        "120 bedden in 40 kamers, 12.500 m2",
        "3711 AB Austerlitz",
        "SBI 10.13",
        "4 partners, 15 personen, 1,5 meter",
        "VR06 GM0363 NL-2020-000123",
        "bedrag 123456789,50",
        "tussen 2015 en 2020",
    ],
)
def test_ordinary_text_gives_no_warning(text):
    assert personal.find(text) == []


def test_no_day_of_an_event_looks_like_a_bsn():
    days = pd.date_range("2013-01-01", "2031-12-31")
    texts = [f"gezien op {day:{form}}" for day in days for form in ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y")]
    assert [text for text in texts if personal.find(text)] == []


def test_demonstration_texts_give_no_warning():
    table = open_store(parse_viewer("lotc")).table("activations")
    texts = pd.concat([table["outcome"], table["measures"], table["route_from"]])
    assert [text for text in texts if personal.find(text)] == []
