"""Notes beside a region or a sector: who writes what, what it was on an earlier day, and in which documents it goes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from door import desk
from door.store import ScopedStore, open_store
from geodata.errors import AccessDeniedError, InputError
from register import record as write
from register.backup.make import backup
from register.backup.restore import restore
from register.read import Filters
from risk.report import interpretations
from risk.report.accountability import accountability
from risk.report.files import Document, Grid, Heading
from risk.report.interpretations import notes_on
from risk.report.meeting import meeting_sheet
from words import read_texts

LOTC = Viewer("lotc")
DAY = date(2020, 11, 28)


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    database.close()


def of(role: str) -> ScopedStore:
    return open_store(parse_viewer(role))


def texts_of(store: ScopedStore, vr_code: str, sector: str = "") -> list[str]:
    return list(notes_on(store, vr_code, sector)["text"])


def grid_of(document: Document, heading: str) -> tuple[tuple[str, ...], ...]:
    at = next(n for n, one in enumerate(document.blocks) if isinstance(one, Heading) and one.text == heading)
    following = document.blocks[at + 2]
    return following.rows if isinstance(following, Grid) else ()


def test_each_reads_those_of_the_own_region_and_of_the_sectors_of_the_country() -> None:
    interpretations.add(of("lotc"), "VR06", "", "van de regio", DAY)
    interpretations.add(of("region:VR06"), "VR06", "lodging", "van de sector hier", DAY)
    interpretations.add(of("lotc"), "", "lodging", "van de sector", DAY)
    interpretations.add(of("region:VR07"), "VR07", "", "van een ander", DAY)
    own = of("region:VR06")
    assert sorted(texts_of(own, "VR06")) == ["van de regio", "van de sector hier"]
    assert sorted(texts_of(own, "VR06", "lodging")) == ["van de regio", "van de sector", "van de sector hier"]
    assert texts_of(own, "VR06", "construction") == ["van de regio"]
    assert texts_of(own, "VR07") == []
    assert texts_of(of("lotc"), "", "lodging") == ["van de sector"]
    assert texts_of(of("lotc"), "", "") == []
    for role in ("analyst", "policy", "privacy", "partner:NVWA"):
        assert texts_of(of(role), "VR06", "lodging") == [], role


@pytest.mark.parametrize(
    ("role", "vr_code", "sector"),
    [("region:VR06", "VR07", ""), ("region:VR06", "", "lodging"), ("analyst", "VR06", ""), ("policy", "VR06", "")],
)
def test_who_may_not_write_is_refused(role: str, vr_code: str, sector: str) -> None:
    with pytest.raises(AccessDeniedError):
        interpretations.add(of(role), vr_code, sector, "tekst", DAY)


def test_nobody_signs_for_another_and_only_lotc_changes_what_lotc_signed() -> None:
    fields = {"event_date": DAY, "vr_code": "VR06", "text": "namens", "signed_by": "lotc"}
    with pytest.raises(AccessDeniedError, match="signed by who writes it"):
        write.record(parse_viewer("region:VR06"), "interpretation", fields)
    interpretations.add(of("lotc"), "VR06", "", "van LOT-C", DAY)
    own = of("region:VR06")
    row = notes_on(own, "VR06", "").to_dict("records")[0]
    assert not interpretations.may_change(own, row)
    with pytest.raises(AccessDeniedError):
        interpretations.change(own, row, "anders", DAY)
    with pytest.raises(AccessDeniedError):
        interpretations.withdraw(own, row, DAY)
    interpretations.change(of("lotc"), row, "beter", DAY)
    assert texts_of(own, "VR06") == ["beter"]


@pytest.mark.parametrize("text", ["", "   ", "Bel 06-12345678", "mail jan@voorbeeld.nl", "BSN 111222333", "x" * 20_001])
def test_a_text_that_is_empty_too_long_or_names_somebody_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        interpretations.add(of("lotc"), "VR06", "", text, DAY)


def test_it_is_about_something() -> None:
    with pytest.raises(InputError, match="a region, a sector or both"):
        interpretations.add(of("lotc"), "", "", "tekst", DAY)


def test_what_was_known_before_a_correction_and_a_withdrawal_stays_known() -> None:
    entry = interpretations.add(of("region:VR06"), "VR06", "", "eerst", DAY).entity_id
    before = datetime.now(UTC)
    own = of("region:VR06")
    interpretations.change(own, notes_on(own, "VR06", "").to_dict("records")[0], "daarna", DAY + timedelta(days=1))
    interpretations.withdraw(own, notes_on(own, "VR06", "").to_dict("records")[0], DAY + timedelta(days=2))
    assert texts_of(own, "VR06") == []
    then = interpretations.valid(own, Filters(as_of=before))
    assert list(then["text"]) == ["eerst"]
    kept = desk.history(own, "interpretation", entry)
    assert [version["content"]["text"] for version in kept] == ["eerst", "daarna", "daarna"]


def test_a_picture_of_an_earlier_week_shows_those_of_then() -> None:
    interpretations.add(of("lotc"), "VR06", "", "later", DAY)
    assert len(notes_on(of("lotc"), "VR06", "", DAY)) == 1
    assert notes_on(of("lotc"), "VR06", "", DAY - timedelta(days=1)).empty


@pytest.mark.parametrize("language", ["nl", "en"])
def test_it_is_signed_by_the_organisation_and_never_by_a_person(language: str) -> None:
    signer = Viewer("region", ("VR06",), person="iemand@voorbeeld.nl")
    interpretations.add(open_store(signer), "VR06", "lodging", "tekst", DAY)
    row = notes_on(of("lotc"), "VR06", "lodging").to_dict("records")[0]
    told = interpretations.signed(read_texts(language), row)
    assert "iemand" not in told
    assert read_texts(language).day(DAY) in told
    assert ("oefening" if language == "nl" else "training") in told
    assert row["recorded_by"] == "iemand@voorbeeld.nl"


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(("language", "heading"), [("nl", "Duiding"), ("en", "Interpretations")])
def test_report_and_meeting_sheet_carry_them_scoped(language: str, heading: str) -> None:
    empty = accountability(of("region:VR06"), date(2020, 11, 1), date(2020, 11, 30), language)
    assert grid_of(empty, heading) == ()
    interpretations.add(of("lotc"), "VR06", "", "van zes", DAY)
    interpretations.add(of("lotc"), "VR07", "", "van zeven", DAY)
    report = accountability(of("region:VR06"), date(2020, 11, 1), date(2020, 11, 30), language)
    assert [row[1] for row in grid_of(report, heading)] == ["van zes"]
    earlier = accountability(of("region:VR06"), date(2020, 10, 1), date(2020, 10, 31), language)
    assert grid_of(earlier, heading) == ()
    sheet = meeting_sheet(of("lotc"), date(2020, 11, 20), language)
    assert sorted(row[1] for row in grid_of(sheet, heading)) == ["van zes", "van zeven"]


def test_a_backup_brings_them_back() -> None:
    interpretations.add(of("lotc"), "VR06", "", "blijft", DAY)
    made = backup()
    row = notes_on(of("lotc"), "VR06", "").to_dict("records")[0]
    interpretations.withdraw(of("lotc"), row, DAY)
    restore(made.path, replace=True)
    assert texts_of(of("lotc"), "VR06") == ["blijft"]
