"""Nothing of one region reaches another, whichever surface of the store is asked."""

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import audit, told
from access import rights as rules
from access.viewer import Viewer
from dashboard.visit import receive
from door import desk, export, leaktest
from door import store as access
from geodata import codes, contracts
from geodata.errors import RisicobeeldError
from geodata.settings import MailServer
from geodata.snapshots import snapshot
from register import form, read
from register import record as write
from register.read import Filters
from risk.index.model import load_model
from risk.notices import forms, mail
from risk.notices.notices import notices
from risk.notices.notices import rules as notice_rules
from risk.scores import context
from tests.door.canaries import LEVELS, LOTC, Canary, cells_as_text, find, read_back
from tests.examples import examples
from words import read_texts

Birds = dict[str, Canary]
COMPUTED = {  # what stands beside the scores and is not stored with them
    "alarms_gemeente": context.alarms_of,
    "alarm_groups_gemeente": context.groups_of,
    "hot_spots_gemeente": context.hot_spots_of,
}
MAIL_SERVER = MailServer("localhost", 587, "starttls", "", "", "risicobeeld@example.org", "https://risk.example.org")
KINDS = ("signal", "activation", "referral", "plan_line", "contact", "work", "decision", "interpretation")


def of_region(code: str) -> access.ScopedStore:
    return access.open_store(Viewer("region", (code,)), surface="test")


def everything(scoped: access.ScopedStore, version: str) -> str:
    """Return all that a viewer can read through the store, as text."""
    parts = []
    for name in rules.RIGHTS[scoped.viewer.role][rules.Verb.READ]:
        if name in (*read.BY_TABLE, *snapshot.current().files) and scoped.may(name):
            parts.append(cells_as_text(scoped.table(name)))
        if name in read.BY_TABLE and scoped.may(name):
            parts.append(cells_as_text(scoped.register(name)))
        if scoped.may_count(name) and name in read.BY_TABLE:
            by = ("vr_code",) if name not in ("routes", "library") else ("kind",) if name == "library" else ()
            parts += [cells_as_text(scoped.counts(name, by))] if by else []
    for column in contracts.CONTRACTS["exposure"].person_columns:
        if scoped.may("persons"):
            parts.append(cells_as_text(scoped.persons(column)))
    for table in rules.RIGHTS[scoped.viewer.role][rules.Verb.READ]:
        name, _, level = table.rpartition("_")
        if level in LEVELS and name in contracts.CONTRACTS and scoped.may(table) and table not in COMPUTED:
            parts.append(cells_as_text(scoped.out(name, level, version)))
    for table, computed in COMPUTED.items():
        if scoped.may(table):
            parts.append(cells_as_text(computed(scoped, load_model().disease)))
    parts += [str(scoped.facts(level, version)) for level in LEVELS]
    if scoped.may("connected_sites"):
        parts.append(cells_as_text(scoped.connected_sites()))
    parts += [str(record) for record in scoped.sources]
    return "\n".join(parts)


def test_lotc_sees_every_canary(birds: Birds, model_version: str) -> None:
    """The search itself works: what may be seen is found."""
    nation = everything(access.open_store(LOTC), model_version)
    for canary in birds.values():
        assert [mark for mark in canary.marks() if mark not in nation] == []


@pytest.mark.parametrize("code", codes.VR_CODES)
def test_a_region_sees_itself_and_no_other_region_through_any_table(
    birds: Birds, model_version: str, code: str
) -> None:
    """With 25 viewers and 24 others each, all 600 pairs."""
    seen = everything(of_region(code), model_version)
    assert [mark for mark in birds[code].marks() if mark not in seen] == []
    assert find(seen, birds, own=code) == []


@pytest.mark.parametrize("role", ["policy", "privacy", "partner:Partner-VR06", "partner:nobody"])
def test_other_roles_see_no_place_no_name_and_no_text_of_a_region(birds: Birds, model_version: str, role: str) -> None:
    own = "VR06" if role.endswith("VR06") else ""
    assert find(everything(access.open_store(access.parse_viewer(role)), model_version), birds, own=own) == []


def test_an_analyst_sees_figures_and_places_but_no_name_and_no_text(birds: Birds, model_version: str) -> None:
    seen = everything(access.open_store(Viewer("analyst")), model_version)
    for canary in birds.values():
        assert str(canary.number) in seen
        assert canary.name not in seen
        assert canary.text not in seen


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".geojson", ".gpkg"])
def test_exported_files_hold_the_own_region_only_and_say_for_whom(birds: Birds, tmp_path: Path, ending: str) -> None:
    for code in ("VR06", "VR20", "VR23"):
        for name in ("sites", "activations", "exposure", "incidence"):
            path = tmp_path / f"{code}-{name}{ending}"
            export.export_table(of_region(code), name, path)
            text = read_back(path)
            assert find(text, birds, own=code) == []
            assert f"region:{code}" in text


@pytest.mark.parametrize("role", ["lotc", "analyst", "policy", "privacy", "partner:Partner-VR06", *codes.VR_CODES])
def test_notices_hold_no_canary_at_all_not_even_the_own(birds: Birds, role: str) -> None:
    """Whoever reads over a shoulder or in a mailbox learns how many and where to look."""
    scoped = of_region(role) if role in codes.VR_CODES else access.open_store(access.parse_viewer(role))
    since, today = date(2020, 9, 1), date(2020, 11, 30)
    found, texts = notices(scoped, since, today, may_wait=False), read_texts("nl")
    wish = told.Wish(tuple(notice_rules()["rule"]), wants_quiet=True)
    reader = told.Subscriber("someone", "someone@example.org", wish, date(2020, 8, 31))
    seen = [
        forms.atom(scoped, found, today, texts, "http://127.0.0.1/notices.atom").decode(),
        forms.calendar(scoped, found, texts).decode(),
        str(forms.digest(scoped, since, today, "nl")),
        *(letter.as_string() for letter in mail.letters([scoped], reader, today, MAIL_SERVER)),
    ]
    assert find("\n".join(seen), birds, own="") == []
    if role in codes.VR_CODES:
        assert {one.vr_code for one in found} == {role}
        assert {"signal", "visit"} <= {one.rule for one in found}


def test_errors_tell_nothing_of_what_was_asked_for(birds: Birds) -> None:
    """Each region tries to read, change and erase each kind of entry of another; errors are searched too."""
    for own, other in (("VR06", "VR07"), ("VR20", "VR21"), ("VR23", "VR22")):
        scoped = of_region(own)
        for kind in KINDS:
            entity = f"kanarie-{other}-{kind}"
            attempts = (
                partial(desk.history, scoped, kind, entity),
                partial(desk.difference, scoped, kind, entity, {"vr_code": own}),
                partial(write.correct, scoped.viewer, kind, entity, {}, based_on=1),
                partial(write.correct, scoped.viewer, kind, entity, {}, based_on=7),
                partial(write.erase, scoped.viewer, kind, entity, "request"),
                partial(desk.files_of, scoped, kind, entity),
                partial(desk.read_file, scoped, kind, entity, "x"),
            )
            for attempt in attempts:
                with pytest.raises(RisicobeeldError) as caught:
                    attempt()
                assert find(str(caught.value), birds, own=own) == []


def test_a_text_is_not_looked_for_where_it_may_not_be_read(birds: Birds) -> None:
    """Kept leak: an analyst could ask whether a hidden text holds a word, and read the answer from the rows."""
    analyst = access.open_store(Viewer("analyst"))
    for name in (
        "signals",
        "activations",
        "referrals",
        "plan_lines",
        "contacts",
        "work_log",
        "decisions",
        "interpretations",
    ):
        for canary in list(birds.values())[:2]:
            assert analyst.register(name, Filters(text=canary.text)).empty
            assert analyst.register(name, Filters(text=canary.name)).empty
    assert len(of_region("VR06").register("signals", Filters(text=birds["VR06"].text))) == 1
    assert of_region("VR06").register("signals", Filters(text=birds["VR07"].text)).empty


codes_asked = st.lists(st.sampled_from([*codes.VR_CODES, ""]), max_size=4).map(tuple)
days = st.dates(date(2020, 8, 1), date(2020, 12, 31))


@examples(120)
@given(
    code=st.sampled_from(codes.VR_CODES),
    name=st.sampled_from(sorted(read.BY_TABLE)),
    asked=codes_asked,
    first=st.none() | days,
    last=st.none() | days,
    text=st.sampled_from(["", "kanarie", "VR07", "tekst"]),
    newest_n=st.integers(0, 5),
    known=st.none() | days,
)
def test_no_filter_widens_what_a_region_sees(birds, *, code, name, asked, first, last, text, newest_n, known) -> None:
    filters = Filters(
        codes={"vr_code": asked} if asked else {}, first=first, last=last, text=text, as_of=known, newest_n=newest_n
    )
    rows = of_region(code).register(name, filters)
    allowed = {code, ""} if rules.rows_of("region", name) != rules.Rows.OWN else {code}
    if name not in ("routes", "library"):
        assert set(rows["vr_code"]) <= allowed
    assert find(cells_as_text(rows), birds, own=code) == []
    assert not newest_n or len(rows) <= newest_n


@examples(15)
@given(mine=st.sets(st.sampled_from(codes.VR_CODES), min_size=1, max_size=4))
@pytest.mark.usefixtures("birds")
def test_several_regions_are_seen_together_and_no_more(mine: set[str]) -> None:
    scoped = access.open_store(Viewer("region", tuple(sorted(mine))))
    for name in ("sites", "activations", "signals", "plan_lines"):
        assert set(scoped.table(name).get("vr_code", [])) <= mine
    national = access.open_store(LOTC).table("sites")
    assert len(scoped.table("sites")) == national["vr_code"].isin(mine).sum()


@pytest.mark.usefixtures("birds")
def test_a_partner_sees_what_it_takes_part_in_by_its_whole_name() -> None:
    """Kept leak: ``Partner-VR0`` is no part of ``Partner-VR06``."""
    for name in ("activations", "plan_lines"):
        assert len(access.open_store(Viewer("partner", organisation="Partner-VR06")).register(name)) == 1
        assert access.open_store(Viewer("partner", organisation="Partner-VR0")).register(name).empty
        assert access.open_store(Viewer("partner", organisation="VR06")).register(name).empty


def test_a_third_region_cannot_slip_into_a_handover_of_two(birds: Birds) -> None:
    """Kept leak: whoever records a decision under somebody's pair would have seen their site."""
    sites = access.open_store(LOTC).table("sites").drop_duplicates("vr_code").set_index("vr_code")["site_id"]
    for code, state, by in (
        ("VR06", "accepted", LOTC),
        ("VR07", "open", LOTC),
        ("VR20", "accepted", Viewer("region", ("VR20",))),
    ):
        fields = {
            "event_date": "2020-10-09",
            "subject": "handover",
            "site_id": sites[code],
            "vr_code": code,
            "state": state,
            "reason": "x",
        }
        asked = partial(write.record, by, "decision", fields, entity_id=f"pair-{code}")
        if by is LOTC:
            asked()
        else:
            with pytest.raises(RisicobeeldError, match="connect"):
                asked()
    for code in ("VR06", "VR07", "VR20"):
        assert of_region(code).connected_sites().empty
        assert find(cells_as_text(of_region(code).register("decisions")), birds, own=code) == []


def test_the_visit_form_tells_a_region_nothing_of_another(birds: Birds) -> None:
    """Who records at another's place, on the day of a visit there, hears no more than that it may not be."""
    seen = access.open_store(LOTC).table("activations")
    placed = seen[(seen["gemeente_code"] != "") & (seen["sector_code"] != "")].drop_duplicates("vr_code")
    by_region = {row["vr_code"]: row for row in placed.to_dict("records")}
    assert len(by_region) > 20
    names = [name for name in form.NAMES if name in placed.columns and name not in ("vr_code", "site_id", "integral")]
    sites = access.open_store(LOTC).table("sites").drop_duplicates("vr_code").set_index("vr_code")["site_id"]
    for place, code in enumerate(by_region):
        viewers = (Viewer("region", (code,)),)
        for other in (code, [*by_region][place - 1]):
            row = by_region[other]
            typed = {name: receive._as_typed(row[name]) for name in names} | {"outcome": "x", "measures": ""}
            for forged in ({}, {"vr_code": code}, {"site_id": sites[other]}, {"gemeente_code": "", "vr_code": code}):
                sent = {"id": str(uuid4()), "fields": typed | forged, "anyway": []}
                stands = receive.standing(viewers, "somebody", sent)
                told = str(stands)
                if other != code and forged.get("gemeente_code") != "":
                    answer = receive.receive(viewers, "somebody", sent)
                    assert answer.state == "refused", (code, other, forged)
                    assert stands == []
                    told += str(answer)
                assert find(told, birds, own=code) == []
                assert other != code or forged or birds[code].text in told, "the search itself works"


def test_the_leak_test_passes_on_the_canaries_and_finds_a_planted_leak(
    birds: Birds, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = leaktest.run(Viewer("privacy"))
    assert certificate.passed, certificate.leaks
    assert certificate.pairs_n == 600
    planted = access.ScopedStore._rows

    def leaky(self, kind, table):
        return table if self.viewer.role == "region" and "site_id" in table.columns else planted(self, kind, table)

    monkeypatch.setattr(access.ScopedStore, "_rows", leaky)
    found = leaktest.run(Viewer("privacy"), ["VR06"])
    assert not found.passed
    assert any("region:VR06 sees of VR07" in leak and "sites.name" in leak for leak in found.leaks)
    assert not any(birds["VR07"].name in leak for leak in found.leaks), "the certificate repeats no content"


def test_every_read_and_every_refusal_leaves_a_line(birds: Birds) -> None:
    viewer = replace(Viewer("region", ("VR06",)), person="spoor@example.org")
    scoped = access.open_store(viewer, surface="page test")
    scoped.table("sites")
    scoped.register("signals")
    with pytest.raises(RisicobeeldError):
        scoped.table("audit_trail")
    trail = audit.read().query("who == 'spoor@example.org'")
    assert list(trail["what"])[::-1] == ["read", "read", "refused"]
    assert set(trail["role"]) == {"region:VR06"}
    assert set(trail["surface"]) == {"page test"}
    assert trail["rows_n"].iloc[-1] == len(scoped.table("sites"))
    assert find(" ".join(trail.astype(str).agg(" ".join, axis=1)), birds, own="") == []
