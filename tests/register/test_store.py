"""The register keeps, corrects, shows and erases alike on SQLite and PostgreSQL."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from access.database import engine as database
from access.database import migrate, tables
from access.database.who import UPKEEP
from access.viewer import Viewer, parse_viewer
from door import desk
from door.store import open_store
from geodata import codes, known
from geodata.errors import AccessDeniedError, ConflictError, InputError, RegisterError
from register import chain, drafts
from register import record as write
from register.read import Filters

pytestmark = pytest.mark.usefixtures("register")
SIGNAL = {"event_date": "2020-10-01", "origin": "own", "theme": "wonen", "vr_code": "VR06", "text": "volle kamers"}


def shown(name="activations", role="lotc", **filters):
    return open_store(parse_viewer(role)).register(name, Filters(**filters))


def test_the_demonstration_is_shown_before_anything_is_recorded(register):
    assert len(shown()) == 56
    assert set(shown()["status"]) == {"fictional"}
    if register == "sqlite":
        assert not database.exists()  # looking makes no register


def test_an_entry_from_before_a_column_was_there_is_read_and_corrected(lotc):
    """Kept fault: a whole number that is not given stopped every plan line, and those of before the column."""
    line = {"plan_id": "p", "plan_state": "draft", "list": "risk", "vr_code": "VR06", "week": "2020-W41"}
    old, new = (write.record(lotc, "plan_line", line).entity_id for _ in range(2))
    with database.writing(UPKEEP) as connection:
        its = sa.select(tables.events.c.event_id).where(tables.events.c.entity_id == old).scalar_subquery()
        body = connection.execute(sa.select(tables.contents.c.body).where(tables.contents.c.event_id == its)).scalar()
        before = {name: value for name, value in json.loads(body).items() if name != "plan_version"}
        connection.execute(
            sa.update(tables.contents).where(tables.contents.c.event_id == its).values(body=json.dumps(before))
        )
    database.close()
    assert set(shown("plan_lines").set_index("plan_line_id").loc[[old, new], "plan_version"]) == {0}
    write.correct(lotc, "plan_line", old, {"plan_state": "approved"}, based_on=1)
    assert shown("plan_lines", entity_id=old)["plan_state"].tolist() == ["approved"]


def test_a_recorded_activation_stands_beside_the_demonstration(lotc, activation):
    receipt = write.record(lotc, "activation", activation)
    table = open_store(lotc).table("activations")
    assert len(table) == 57
    row = table.set_index("activation_id").loc[receipt.entity_id]
    assert (row["vr_code"], row["outcome"], row["status"]) == ("VR13", "niets aangetroffen", "fictional")
    assert row["recorded_by"] == lotc.who
    assert chain.verify_chain().problems == ()


def test_a_real_entry_is_refused_with_the_reason(lotc, activation):
    with pytest.raises(AccessDeniedError, match=r"training register.*sign-in"):
        write.record(lotc, "activation", activation, status="official")
    assert len(shown()) == 56


@pytest.mark.parametrize("field", ["kind", "themes", "sector_code", "outcome", "event_date"])
def test_a_mandatory_field_cannot_be_left_out(lotc, activation, field):
    del activation[field]
    with pytest.raises(InputError, match=field):
        write.record(lotc, "activation", activation)


def test_place_or_route_is_mandatory(lotc, activation):
    del activation["gemeente_code"]
    with pytest.raises(InputError, match="vr_code"):
        write.record(lotc, "activation", activation)
    with pytest.raises(InputError, match="both ends"):
        write.record(lotc, "activation", activation | {"vr_code": "VR06", "route_from": "Kleve"})
    write.record(lotc, "activation", activation | {"vr_code": "VR06", "route_from": "Kleve", "route_to": "Venlo"})
    with pytest.raises(InputError, match="lies in VR13"):
        write.record(lotc, "activation", activation | {"vr_code": "VR06", "gemeente_code": "GM0363"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "anders"},
        {"themes": "wonen;slapen"},
        {"sector_code": "x"},
        {"event_date": "gisteren"},
        {"inclusion_probability": 2},
        {"integral": "misschien"},
        {"nationality": "x"},
        {"vr_code": "VR26", "gemeente_code": ""},
        {"gemeente_code": "GM9999"},
    ],
)
def test_a_value_outside_the_contract_is_refused_by_name(lotc, activation, wrong):
    with pytest.raises(InputError, match="GM9999" if "GM9999" in wrong.values() else next(iter(wrong))):
        write.record(lotc, "activation", activation | wrong)


def test_a_correction_supersedes_and_hides_nothing(lotc, activation):
    first = write.record(lotc, "activation", activation)
    write.correct(lotc, "activation", first.entity_id, {"outcome": "te veel bedden"}, based_on=1)
    row = shown().set_index("activation_id").loc[first.entity_id]
    assert (row["outcome"], row["version"], row["supersedes"]) == ("te veel bedden", 2, first.event_id)
    versions = desk.history(open_store(lotc), "activation", first.entity_id)
    assert [version["content"]["outcome"] for version in versions] == ["niets aangetroffen", "te veel bedden"]


def test_a_demonstration_activation_can_be_corrected_in_training(lotc):
    write.correct(lotc, "activation", "DEMO-A03", {"outcome": "verbeterd"}, based_on=0)
    table = open_store(lotc).table("activations").set_index("activation_id")
    assert len(table) == 56
    assert (table.loc["DEMO-A03", "outcome"], table.loc["DEMO-A03", "supersedes"]) == ("verbeterd", "DEMO-A03")


def test_two_people_editing_the_second_sees_the_difference(lotc, activation):
    receipt = write.record(lotc, "activation", activation)
    write.correct(lotc, "activation", receipt.entity_id, {"outcome": "van de eerste"}, based_on=1)
    mine = {"outcome": "van de tweede"}
    with pytest.raises(ConflictError) as caught:
        write.correct(lotc, "activation", receipt.entity_id, mine, based_on=1)
    assert caught.value.version == 2
    assert desk.difference(open_store(lotc), "activation", receipt.entity_id, mine) == [
        ("outcome", "van de eerste", "van de tweede")
    ]
    assert shown().set_index("activation_id").loc[receipt.entity_id, "outcome"] == "van de eerste"


def test_sending_the_same_entry_twice_keeps_it_once(lotc, activation):
    first = write.record(lotc, "activation", activation, entity_id="draft-1")
    assert write.record(lotc, "activation", activation, entity_id="draft-1") == first
    with pytest.raises(ConflictError):
        write.record(lotc, "activation", activation | {"outcome": "anders"}, entity_id="draft-1")
    assert len(shown()) == 57


def test_as_of_shows_what_was_recorded_by_then(lotc, activation):
    receipt = write.record(lotc, "activation", activation)
    before = datetime.fromisoformat(receipt.recorded_at)
    write.correct(lotc, "activation", receipt.entity_id, {"outcome": "later"}, based_on=1)
    write.record(lotc, "activation", activation)
    then = shown(as_of=before)
    assert len(then) == 57
    assert then.set_index("activation_id").loc[receipt.entity_id, "outcome"] == "niets aangetroffen"
    assert len(shown(as_of=before - timedelta(microseconds=1))) == 56
    assert len(shown(as_of=datetime(2020, 8, 31, tzinfo=UTC))) == 0
    assert 0 < len(shown(as_of=datetime(2020, 10, 1, tzinfo=UTC))) < 56


def test_a_signal_becomes_one_activation(lotc, activation):
    signal = write.record(lotc, "signal", SIGNAL)
    del activation["gemeente_code"]
    made, moved = write.triage(lotc, signal.entity_id, based_on=1, activation=activation | {"vr_code": "VR06"})
    with pytest.raises(ConflictError):
        write.triage(lotc, signal.entity_id, based_on=1, activation=activation | {"vr_code": "VR06"})
    row = shown("signals").iloc[0]
    assert (row["state"], row["version"], moved.version) == ("activation", 2, 2)
    assert shown().set_index("activation_id").loc[made.entity_id, "signal_id"] == signal.entity_id
    assert len(shown()) == 57


def test_a_signal_is_closed_with_a_reason_only(lotc):
    signal = write.record(lotc, "signal", SIGNAL)
    with pytest.raises(InputError, match="reason"):
        write.triage(lotc, signal.entity_id, based_on=1)
    write.triage(lotc, signal.entity_id, based_on=1, reason="dubbel gemeld")
    assert shown("signals").iloc[0]["state"] == "closed"


def test_a_referral_never_holds_a_person(lotc):
    referral = {"event_date": "2020-10-02", "route": "care", "to": "GGD", "vr_code": "VR06"}
    with pytest.raises(InputError, match="never holds a person"):
        write.record(lotc, "referral", referral | {"to": "GGD, bel 06-12345678"})
    receipt = write.record(lotc, "referral", referral)
    write.set_state(lotc, "referral", receipt.entity_id, "done", based_on=1, state_date="2020-10-09")
    row = open_store(lotc).table("referrals").iloc[0]
    assert (row["state"], str(row["state_date"])[:10]) == ("done", "2020-10-09")
    assert "vr_code" not in row.index


def test_erased_content_is_gone_and_the_chain_and_the_counts_stay(register, lotc, activation, tmp_path):
    canary = "kanarie-1f9a"
    receipt = write.record(lotc, "activation", activation | {"outcome": canary})
    write.correct(lotc, "activation", receipt.entity_id, {"measures": canary}, based_on=1)
    before = shown().groupby(["vr_code", "themes", "kind", "trigger", "sector_code"]).size()
    write.erase(lotc, "activation", receipt.entity_id, "request")
    found = chain.verify_chain()
    assert (found.problems, found.events_n, found.erased_n) == ((), 3, 3)
    assert shown().groupby(["vr_code", "themes", "kind", "trigger", "sector_code"]).size().equals(before)
    row = shown().set_index("activation_id").loc[receipt.entity_id]
    assert (row["outcome"], row["gemeente_code"], row["erased_reason"]) == ("", "", "request")
    with pytest.raises(RegisterError, match="erased"):
        write.correct(lotc, "activation", receipt.entity_id, {"outcome": "x"}, based_on=3)
    if register == "sqlite":
        kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
        assert not [path.name for path in kept if canary.encode() in path.read_bytes()]


def test_a_demonstration_activation_can_be_erased(lotc):
    write.erase(lotc, "activation", "DEMO-A03", "mistake")
    assert len(open_store(lotc).table("activations")) == 56
    assert shown().set_index("activation_id").loc["DEMO-A03", "outcome"] == ""


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE register_contents SET body = replace(body, 'lodging', 'fishery')", "content was changed"),
        ("DELETE FROM register_contents", "gone without an erasure"),
        ("UPDATE register_events SET sector_code = 'fishery' WHERE seq = 1", "chain is broken"),
        ("UPDATE register_events SET recorded_at = '2020' WHERE seq = 2", "chain is broken"),
    ],
)
def test_tampering_is_seen(lotc, activation, statement, problem):
    write.record(lotc, "activation", activation)
    write.record(lotc, "activation", activation)
    with database.writing(UPKEEP) as connection:
        connection.execute(sa.text(statement))
    assert problem in chain.verify_chain().problems[0]


def test_events_cut_off_at_the_end_are_seen(lotc, activation):
    write.record(lotc, "activation", activation)
    write.record(lotc, "activation", activation)
    head = chain.verify_chain().head
    with database.writing(UPKEEP) as connection:
        connection.execute(
            sa.text(
                "DELETE FROM register_contents WHERE event_id IN (SELECT event_id FROM register_events WHERE seq = 2)"
            )
        )
        connection.execute(sa.text("DELETE FROM register_events WHERE seq = 2"))
    assert "cut off" in chain.verify_chain().problems[0]  # the head is kept outside the database
    known.path("register").unlink()
    assert chain.verify_chain().problems == ()
    assert "cut off" in chain.verify_chain(head).problems[0]  # or noted by somebody


def test_filters_give_what_a_plain_selection_gives(lotc, activation):
    for vr, themes in (("VR06", "wonen"), ("VR07", "werken;vervoer"), ("VR06", "vervoer")):
        place = {"gemeente_code": "", "vr_code": vr, "themes": themes}
        write.record(lotc, "activation", activation | place)
    everything = shown()
    for vr in ("VR06", "VR07"):
        expected = set(everything.loc[everything["vr_code"] == vr, "activation_id"])
        assert set(shown(codes={"vr_code": (vr,)})["activation_id"]) == expected
    for theme in codes.THEMES:
        expected = set(everything.loc[everything["themes"].str.contains(theme), "activation_id"])
        assert set(shown(codes={"themes": (theme,)})["activation_id"]) == expected
    days = everything["event_date"].dt.date
    inside = everything.loc[(days >= date(2020, 10, 1)) & (days <= date(2020, 10, 31)), "activation_id"]
    assert set(shown(first=date(2020, 10, 1), last=date(2020, 10, 31))["activation_id"]) == set(inside)
    assert 3 < len(inside) < len(everything)
    assert list(shown(entity_id="DEMO-A03")["activation_id"]) == ["DEMO-A03"]
    assert list(shown(newest_n=5)["activation_id"]) == list(everything["activation_id"].head(5))
    assert len(shown(text="NIETS AANGETROFFEN")) == (everything["outcome"] == "niets aangetroffen").sum()
    assert len(shown(text="100%_")) == 0


def test_a_region_sees_and_writes_its_own_only(lotc, activation):
    write.record(lotc, "activation", activation)
    theirs = write.record(lotc, "signal", SIGNAL | {"text": "geheim van zes"})
    contact = parse_viewer("region:VR13")
    assert set(shown(role="region:VR13")["vr_code"]) == {"VR13"}
    assert len(shown("signals", role="region:VR13")) == 0
    with pytest.raises(AccessDeniedError) as caught:
        write.correct(contact, "signal", theirs.entity_id, {"text": "x"}, based_on=1)
    assert "VR06" not in str(caught.value)
    with pytest.raises(AccessDeniedError):
        desk.history(open_store(contact), "signal", theirs.entity_id)
    with pytest.raises(AccessDeniedError):
        write.record(contact, "signal", SIGNAL)
    write.record(contact, "signal", SIGNAL | {"vr_code": "VR13"})
    assert len(shown("signals", role="region:VR13", newest_n=1)) == 1


def test_other_roles_see_what_their_rule_says(lotc, activation):
    write.record(lotc, "activation", activation)
    write.record(lotc, "signal", SIGNAL)
    assert set(shown("signals", role="analyst")["text"]) == {""}
    assert shown(role="partner:KMAR").empty
    assert {"GGD" in names for names in shown(role="partner:GGD")["partners"]} == {True}
    for role in ("policy", "privacy"):
        for name in ("activations", "signals", "referrals", "contacts"):
            with pytest.raises(AccessDeniedError):
                shown(name, role=role)
    for role in ("analyst", "policy", "privacy", "partner:GGD"):
        with pytest.raises(AccessDeniedError):
            write.record(parse_viewer(role), "activation", activation)
    with pytest.raises(AccessDeniedError):
        write.erase(parse_viewer("region:VR06"), "activation", "DEMO-A03", "mistake")


def test_contacts_and_routes_come_filled_without_names(lotc):
    contacts, routes = shown("contacts"), shown("routes")
    assert set(contacts.loc[contacts["ring"] == "region", "vr_code"]) == set(codes.VR_CODES)
    assert set(contacts["name"]) == {""}
    assert set(routes["route_id"]) >= {"labour_exploitation", "care", "work", "housing", "crime"}
    write.correct(lotc, "contact", "VR06-contact", {"telephone": "0000", "valid_until": "2030-01-01"}, based_on=0)
    row = shown("contacts").set_index("contact_id").loc["VR06-contact"]
    assert (row["telephone"], len(shown("contacts"))) == ("0000", len(contacts))


def test_a_draft_survives_and_belongs_to_its_writer(lotc):
    drafts.keep(lotc, "activation", "d1", {"outcome": "half"})
    drafts.keep(lotc, "activation", "d1", {"outcome": "half een zin"})
    assert [draft.fields for draft in drafts.mine(lotc, "activation")] == [{"outcome": "half een zin"}]
    assert drafts.mine(Viewer("region", ("VR06",)), "activation") == []
    drafts.discard(lotc, "d1")
    assert drafts.mine(lotc, "activation") == []


def test_control_characters_do_not_come_in(lotc, activation):
    receipt = write.record(lotc, "activation", activation | {"outcome": "a\x00b\x0b\x1bc\r\nd\ud800"})
    assert shown().set_index("activation_id").loc[receipt.entity_id, "outcome"] == "abc\nd"


def test_the_migration_makes_the_tables_of_the_code():
    engine = database.engine()
    with engine.connect() as connection:
        for table in tables.REGISTER_TABLES:
            made = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
            assert made == set(table.columns.keys())
    migrate.upgrade(engine)  # a second time changes nothing


def test_a_register_of_a_newer_program_is_left_alone(lotc, activation):
    write.record(lotc, "activation", activation)
    with database.writing(UPKEEP) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(RegisterError, match="newer"):
        write.record(lotc, "activation", activation)
