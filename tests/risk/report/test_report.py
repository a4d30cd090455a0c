"""The report counts what the register holds, for any period and region, and nothing in a text comes alive."""

import io
import re
import zipfile
from datetime import date, timedelta

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from commands.scores import main
from door.store import open_store
from geodata import codes
from geodata.errors import AccessDeniedError, InputError
from register import record as write
from risk.report import files
from risk.report.accountability import accountability, gather
from risk.report.files import Document, Grid, Heading, Paragraph
from risk.report.meeting import meeting_sheet
from risk.report.words import read_words
from tests.examples import examples

QUARTER = (date(2020, 9, 1), date(2020, 11, 30))
LOTC = Viewer("lotc")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> $x_1$ &amp; =1+1 \u202e"


@pytest.fixture(autouse=True)
def _closed():
    yield
    database.close()


def record(**changes):
    fields = {
        "event_date": "2020-10-05",
        "kind": "preventief",
        "themes": "wonen",
        "vr_code": "VR06",
        "sector_code": "lodging",
        "outcome": "verzonnen",
    }
    return write.record(LOTC, "activation", fields | changes)


def grid_after(document, heading):
    at = next(n for n, block in enumerate(document.blocks) if isinstance(block, Heading) and block.text == heading)
    return next(block for block in document.blocks[at:] if isinstance(block, Grid))


@pytest.mark.usefixtures("undrawn")
def test_the_demonstration_accounts_for_56_activations():
    document = accountability(open_store(LOTC), *QUARTER)
    assert grid_after(document, "Samenvatting").rows[0] == ("Activeringen", "56")
    regions = grid_after(document, "Activeringen naar veiligheidsregio").rows
    assert (len(regions), sum(int(row[1]) for row in regions)) == (25, 56)
    months = grid_after(document, "Activiteiten per maand").rows
    assert [row[0] for row in months] == ["september 2020", "oktober 2020", "november 2020"]
    assert sum(int(row[1]) for row in months) == 56
    assert document.banner == codes.EXAMPLE_BAND_NL
    assert accountability(open_store(LOTC), *QUARTER, "en").banner == codes.EXAMPLE_BAND_EN


@pytest.mark.usefixtures("undrawn")
def test_every_count_stands_with_its_definition():
    for language in ("nl", "en"):
        blocks = accountability(open_store(LOTC), *QUARTER, language).blocks
        definitions = {text for name, text in read_words(language).items() if name.endswith("_def")}
        shown = {block.text for block in blocks if isinstance(block, Paragraph)}
        headings = [block for block in blocks if isinstance(block, Heading) and block.level == 2]
        assert len(headings) == len(shown & definitions) == 18


def test_both_languages_have_the_same_words():
    assert read_words("nl").keys() == read_words("en").keys()
    with pytest.raises(InputError):
        read_words("fr")


days = st.dates(date(2020, 8, 25), date(2020, 12, 5))


@examples(40)
@given(
    entries=st.lists(
        st.fixed_dictionaries(
            {
                "event_date": days.map(str),
                "vr_code": st.sampled_from(codes.VR_CODES),
                "kind": st.sampled_from(codes.ACTIVATION_KINDS),
                "trigger": st.sampled_from(codes.TRIGGERS),
                "themes": st.lists(st.sampled_from(codes.THEMES), min_size=1, unique=True).map(";".join),
                "integral": st.booleans(),
                "measures": st.sampled_from(["", "geen", "waarschuwing; testen", "iets"]),
            }
        ),
        max_size=3,
    ),
    period=st.tuples(days, days).map(sorted),
    role=st.sampled_from(["lotc", "region:VR06", "region:VR13,VR20", "analyst", "partner:NVWA"]),
    erased=st.booleans(),
)
def test_totals_are_the_registers_for_any_period_region_and_viewer(entries, period, role, erased):
    receipts = [record(**entry) for entry in entries]
    if erased and receipts:
        write.erase(LOTC, "activation", receipts[0].entity_id, "request")
    store = open_store(parse_viewer(role))
    first, last = period
    facts = gather(store, first, last)
    table = store.table("activations")
    day = table["event_date"].dt.date
    inside = table[(day >= first) & (day <= last)]
    assert set(facts.activations["activation_id"]) == set(inside["activation_id"])
    counts = facts.counts
    for name in ("by_kind", "by_trigger", "by_sector", "by_integral", "by_found"):
        assert sum(counts[name].values()) == len(inside), name
    assert {code: n for code, n in counts["by_region"].items() if n} == inside["vr_code"].value_counts().to_dict()
    for theme in codes.THEMES:
        assert counts["by_theme"][theme] == inside["themes"].str.split(";").map(lambda found, t=theme: t in found).sum()
    assert sum(counts["by_measures"].values()) >= len(inside)
    assert facts.by_month["activations"].sum() == len(inside)
    assert (facts.by_month["preventief"] + facts.by_month["repressief"]).equals(facts.by_month["activations"])


def test_an_erased_activation_keeps_old_counts_right():
    receipt = record(measures="waarschuwing; testen", integral=True, trigger="vervolg", themes="wonen;vervoer")
    before = gather(open_store(LOTC), *QUARTER).counts
    write.erase(LOTC, "activation", receipt.entity_id, "request")
    assert gather(open_store(LOTC), *QUARTER).counts == before


def test_an_earlier_report_comes_out_the_same_again():
    record(event_date="2020-10-05")
    assert len(gather(open_store(LOTC), *QUARTER, as_of=date(2020, 12, 31)).activations) == 56
    assert len(gather(open_store(LOTC), *QUARTER).activations) == 57


@pytest.mark.usefixtures("undrawn")
def test_work_and_referrals_are_accounted_for():
    work = {"event_date": "2020-10-07", "kind": "product", "title": "Verzonnen brancheprotocol", "organisation": "X"}
    write.record(LOTC, "work", work)
    referral = {"event_date": "2020-10-08", "route": "care", "to": "GGD", "vr_code": "VR06"}
    sent = write.record(LOTC, "referral", referral)
    write.set_state(LOTC, "referral", sent.entity_id, "done", based_on=1)
    document = accountability(open_store(LOTC), *QUARTER, "en")
    assert grid_after(document, "Referrals by route and state").rows == (
        ("Isolation, quarantine or care", "done", "1"),
    )
    assert grid_after(document, "Products, communication and other contacts").rows[1] == ("product", "1")
    assert "Verzonnen brancheprotocol" in files.as_html(document).decode()


@pytest.mark.usefixtures("undrawn")
def test_texts_of_the_report_are_kept_with_their_date_and_the_newest_counts():
    for day, text in (
        ("2020-09-02", "Bescherm mensen."),
        ("2020-11-12", "Bescherm mensen beter."),
        ("2020-12-24", "Later."),
    ):
        fields = {"event_date": day, "kind": "assignment", "title": "Opdracht", "text": text}
        write.record(LOTC, "work", fields)
    page = files.as_html(accountability(open_store(LOTC), *QUARTER)).decode()
    assert "Bescherm mensen beter." in page
    assert "Tekst van 12 november 2020." in page
    assert "Bescherm mensen.<" not in page
    assert "Later." not in page
    assert page.count("Hiervoor is nog geen tekst geschreven.") == 2
    earlier = accountability(open_store(LOTC), date(2020, 9, 1), date(2020, 9, 30))
    assert any(block == Paragraph("Bescherm mensen.") for block in earlier.blocks)
    assert grid_after(earlier, "Samenvatting").rows[-1] == ("Ander werk", "0"), "a text is not other work"


@pytest.mark.usefixtures("undrawn")
def test_the_composition_names_functions_and_no_code_stands_in_the_report():
    document = accountability(open_store(LOTC), *QUARTER)
    rows = grid_after(document, "Samenstelling naar functie").rows
    assert ("veiligheidsregio's", "elke veiligheidsregio", "Regiocontact arbeidsmigranten", "25") in rows
    words = files.as_html(document).decode()
    assert not re.search(r"\bVR\d\d\b|>lotc<|\d{4}-\d\d-\d\d", words)


def test_the_meeting_sheet_of_a_busy_fortnight_is_one_page():
    for day in range(16, 28):
        record(event_date=f"2020-11-{day}", sector_code="slaughter_meat", vr_code="VR24")
        write.record(LOTC, "referral", {"event_date": f"2020-11-{day}", "route": "care", "vr_code": "VR24"})
    made = files.as_pdf(meeting_sheet(open_store(LOTC), date(2020, 11, 16), "nl"))
    assert len(re.findall(rb"/Type /Page\b(?!s)", made)) == 1


@pytest.mark.usefixtures("undrawn")
def test_a_region_reads_only_its_own():
    record(vr_code="VR07", outcome="geheim van zeven")
    document = accountability(open_store(parse_viewer("region:VR06")), *QUARTER)
    regions = grid_after(document, "Activeringen naar veiligheidsregio").rows
    assert [row[0] for row in regions] == ["Noord- en Oost-Gelderland"]
    words = " ".join(block.text for block in document.blocks if isinstance(block, Paragraph))
    assert "alle 25" not in words
    first = grid_after(document, "Samenstelling naar functie").rows[0]
    assert first == (
        "veiligheidsregio's",
        "Veiligheidsregio Noord- en Oost-Gelderland",
        "Regiocontact arbeidsmigranten",
        "1",
    )
    with pytest.raises(AccessDeniedError):
        accountability(open_store(Viewer("privacy")), *QUARTER)


@pytest.mark.parametrize("ending", files.ENDINGS)
def test_each_kind_of_file_is_written_and_holds_the_banner(tmp_path, ending):
    path = tmp_path / f"report{ending}"
    command = ["report", "--from", "2020-09-01", "--to", "2020-11-30", "--lang", "en", "--out", str(path)]
    assert main(command) == 0
    content = path.read_bytes()
    if ending == ".docx":
        made = docx.Document(io.BytesIO(content))
        assert made.sections[0].header.paragraphs[0].text == codes.EXAMPLE_BAND_EN
        assert made.tables[1].cell(1, 1).text == "56"
        assert len(made.inline_shapes) == 5
    elif ending == ".html":
        text = content.decode("utf-8")
        assert codes.EXAMPLE_BAND_EN in text
        assert not re.search(r"(src|href)=[\"'](?!data:)", text)  # nothing is fetched
    else:
        assert content.startswith(b"%PDF-")
        assert content.count(b"/Subtype /Image") >= 5


def test_hostile_texts_are_inert_in_every_file(tmp_path):
    write.record(
        LOTC, "work", {"event_date": "2020-10-07", "kind": "product", "title": HOSTILE, "organisation": HOSTILE}
    )
    document = accountability(open_store(LOTC), *QUARTER)
    page = files.as_html(document).decode()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page
    with zipfile.ZipFile(io.BytesIO(files.as_docx(document))) as archive:
        assert b"&lt;script&gt;" in archive.read("word/document.xml")
    assert b"/JavaScript" not in files.as_pdf(document)
    for ending in files.ENDINGS:
        files.write_document(document, tmp_path / f"r{ending}")


def test_a_table_of_any_texts_fits_its_page() -> None:
    """The widths of its columns are shares of the page: their sum may be a rounding above it, which stops the file."""
    texts = [" ".join(["woord"] * n) for n in (1, 3, 9, 20, 33)]
    rows = [tuple(texts[n % (k + 2) % len(texts)] + "x" * ((n + k) % 7) for k in range(3 + n % 6)) for n in range(60)]
    grids = [Grid(tuple("abcdefghi"[: len(row)]), (row,)) for row in rows]
    assert files.as_pdf(Document("Proef", "nl", "", (Heading("Proef"), *grids))).startswith(b"%PDF")


@examples(6)
@given(st.text(max_size=80))
def test_any_text_can_be_written_in_any_file(text):
    document = Document(text, "nl", "", (Heading(text), Paragraph(text), Grid((text, "n"), ((text, "1"),), (1,))))
    for write_file in (files.as_html, files.as_docx, files.as_pdf):
        assert write_file(document)


def test_an_empty_period_says_so_and_a_turned_one_is_refused(tmp_path, capsys):
    document = accountability(open_store(LOTC), date(2019, 1, 1), date(2019, 1, 31))
    assert grid_after(document, "Samenvatting").rows[0] == ("Activeringen", "0")
    files.write_document(document, tmp_path / "empty.pdf")
    out = str(tmp_path / "a.html")
    assert main(["report", "--from", "2020-11-30", "--to", "2020-09-01", "--out", out]) == 2
    assert "swap" in capsys.readouterr().err
    assert main(["report", "--from", "2020-09-01", "--to", "2020-11-30", "--out", str(tmp_path / "a.exe")]) == 2
    assert ".docx, .html, .pdf" in capsys.readouterr().err


def test_the_meeting_sheet_tells_what_changed_since(tmp_path):
    record()
    since = date.today() - timedelta(days=1)  # noqa: DTZ011 - what was just recorded was recorded today
    document = meeting_sheet(open_store(LOTC), since, "en")
    texts = [block.text for block in document.blocks if isinstance(block, Heading)]
    assert "Newly recorded activations: 1" in texts
    for language in ("nl", "en"):
        out = tmp_path / f"{language}.pdf"
        assert main(["meeting", "--since", "2020-11-16", "--lang", language, "--out", str(out)]) == 0
        assert len(re.findall(rb"/Type /Page\b(?!s)", out.read_bytes())) == 1
