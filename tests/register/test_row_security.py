"""The second lock: PostgreSQL shows a viewer their own rows only, also to a question without any filter."""

import json
from datetime import UTC, date, datetime

import psycopg
import pytest
import sqlalchemy as sa

from access import admission, people, profiles, told
from access.database import engine as database
from access.database import tables
from access.database.tables import events
from access.database.who import UPKEEP, show_as
from access.rights import ROLES
from access.viewer import Viewer, parse_viewer
from door import desk
from door.store import open_store
from geodata.errors import AccessDeniedError, RegisterError
from register import chain, drafts, files
from register import record as write
from register.schema import KINDS
from tests.server.postgres import ACCOUNT, new_database

LOTC = Viewer("lotc")
ONE = parse_viewer("region:VR01")
VIEWERS = (
    "lotc",
    "analyst",
    "region:VR01",
    "region:VR02",
    "region:VR03",
    "region:VR01,VR02",
    "region:VR25",
    "partner:GGD",
    "partner:NVWA",
    "partner:nobody",
    "policy",
    "privacy",
)
SECRET = {"VR01": "geheim van een", "VR02": "geheim van twee"}
PARTAKEN = {"activation", "referral", "plan_line"}
REACHES_A_FILE = {"region:VR01", "region:VR02", "region:VR01,VR02", "partner:GGD", "partner:NVWA"}
SITE = {"VR01": "DEMO-0013", "VR02": "DEMO-0022"}


def activation(vr_code, partners="GGD"):
    return {
        "event_date": "2020-10-05",
        "kind": "preventief",
        "themes": "wonen",
        "vr_code": vr_code,
        "sector_code": "lodging",
        "outcome": SECRET[vr_code],
        "partners": partners,
    }


def fill():
    """Record one entry of every kind in each region; one moves to the other region, one partner leaves."""
    for vr_code, name in (("VR01", "one"), ("VR02", "two")):
        place = {"vr_code": vr_code}
        write.record(LOTC, "activation", activation(vr_code, "GGD;NVWA" if name == "two" else "GGD"), entity_id=name)
        write.record(
            LOTC,
            "signal",
            place | {"event_date": "2020-10-01", "origin": "own", "theme": "wonen", "text": SECRET[vr_code]},
        )
        write.record(LOTC, "referral", place | {"event_date": "2020-10-02", "route": "care", "partners": "NVWA"})
        write.record(
            LOTC,
            "plan_line",
            place | {"plan_id": "p", "plan_state": "draft", "list": "risk", "week": "2020-W41", "partners": "GGD"},
        )
        write.record(
            LOTC,
            "decision",
            place
            | {
                "event_date": "2020-10-02",
                "subject": "handover",
                "site_id": SITE[vr_code],
                "state": "open",
                "reason": "samen",
            },
        )
        write.record(LOTC, "contact", place | {"ring": "region", "organisation": name, "function": "piket"})
        write.record(LOTC, "work", place | {"event_date": "2020-10-01", "kind": "contact", "title": name})
        note = {"event_date": "2020-10-01", "text": SECRET[vr_code], "signed_by": "lotc"}
        write.record(LOTC, "interpretation", place | note)
    write.record(LOTC, "contact", {"ring": "platform", "organisation": "allen", "function": "piket"})
    write.record(LOTC, "work", {"event_date": "2020-10-01", "kind": "contact", "title": "landelijk"})
    note = {"event_date": "2020-10-01", "text": "landelijk", "sector_code": "lodging", "signed_by": "lotc"}
    write.record(LOTC, "interpretation", note)
    write.record(LOTC, "route", {"subject": "zorg", "organisation": "GGD", "area": "nation"})
    write.record(LOTC, "document", {"kind": "protocol", "title": "Handleiding"})
    write.record(LOTC, "activation", activation("VR01"), entity_id="moved")
    write.correct(LOTC, "activation", "moved", {"vr_code": "VR02", "outcome": SECRET["VR02"]}, based_on=1)
    write.record(LOTC, "activation", activation("VR01", "GGD;NVWA"), entity_id="left")
    write.correct(LOTC, "activation", "left", {"partners": "GGD"}, based_on=1)
    for name in ("one", "two", "moved"):
        files.attach(LOTC, "activation", name, f"{name}.txt", b"verslag")
    drafts.keep(ONE, "activation", "draft-of-one", {"outcome": "half"})
    drafts.keep(LOTC, "activation", "draft-of-lotc", {"outcome": "half"})
    people.add(LOTC, "een@voorbeeld.nl", ONE)
    profiles.save(parse_viewer("region:VR03"), "van drie", {"work": 0.5}, "1")
    with database.writing(UPKEEP) as connection:
        connection.execute(sa.text("INSERT INTO people_ended_sessions VALUES ('ended', 1)"))
    told.keep_wish(Viewer("region", ("VR01",), person="een@voorbeeld.nl"), told.Wish(("signal",)))
    told.note_looked(Viewer("region", ("VR01",), person="een@voorbeeld.nl"), date(2020, 11, 30))


@pytest.fixture(scope="module")
def filled(postgres, tmp_path_factory):
    """The address of a register with something of everything in it; the tests only look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(tmp_path_factory.mktemp("filled") / "data"))
        address = new_database(postgres)
        patch.setenv("RISICOBEELD_REGISTER", address)
        fill()
        database.close()
    return address


@pytest.fixture
def locked(filled, monkeypatch):
    monkeypatch.setenv("RISICOBEELD_REGISTER", filled)
    yield filled
    database.close()


def ask(who, statement):
    with database.reading(who) as connection:
        return connection.execute(sa.text(statement)).scalars().all()


def rows_of_all_tables(connection):
    names = sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    tables = [name for name in connection.execute(names).scalars() if name != "alembic_version"]
    return {name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar() for name in tables}  # noqa: S608


@pytest.mark.usefixtures("locked")
def test_a_forgotten_filter_shows_a_region_nothing_of_another():
    assert set(ask(ONE, "SELECT DISTINCT vr_code FROM register_events")) == {"VR01", ""}
    bodies = " ".join(ask(ONE, "SELECT body FROM register_contents"))
    assert SECRET["VR01"] in bodies
    assert SECRET["VR02"] not in bodies
    assert "VR02" not in bodies
    assert ask(ONE, "SELECT name FROM register_files") == ["one.txt"]
    assert ask(ONE, "SELECT draft_id FROM register_drafts") == ["draft-of-one"]
    assert ask(ONE, "SELECT email FROM people") == []


@pytest.mark.usefixtures("locked")
def test_who_tells_nothing_sees_nothing_not_even_the_owner_of_the_tables():
    with database.engine().connect() as connection:
        owners = connection.execute(sa.text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"))
        assert owners.scalars().all() == [connection.execute(sa.text("SELECT current_user")).scalar()] == [ACCOUNT]
        assert set(rows_of_all_tables(connection).values()) == {0}
        assert connection.execute(sa.text("SELECT * FROM register_newest('activation', '9999', NULL)")).all() == []
        assert connection.execute(sa.text("SELECT * FROM register_shared_with('GGD')")).all() == []


@pytest.mark.usefixtures("locked")
def test_every_table_is_locked():
    unlocked = (
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert ask(UPKEEP, unlocked) == ["alembic_version"], "a new table needs row security in its migration"


@pytest.mark.usefixtures("locked")
def test_a_connection_from_the_pool_brings_nothing_of_whoever_had_it_before():
    database.engine().dispose()
    pids = set()
    both = {"VR01", "VR02"}
    for who, regions in ((LOTC, both), (ONE, {"VR01"}), (Viewer("policy"), set()), (LOTC, both)):
        for statement in ("SELECT 1/0", "SELECT 1"):  # after a failure and after a success
            try:
                ask(who, statement)
            except RegisterError:
                assert "1/0" in statement
            pids |= set(ask(who, "SELECT pg_backend_pid()"))
            assert set(ask(who, "SELECT DISTINCT vr_code FROM register_events WHERE vr_code <> ''")) == regions
            with database.engine().connect() as connection:  # whoever forgets to say who looks
                pids.add(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar())
                assert connection.execute(sa.text("SELECT count(*) FROM register_events")).scalar() == 0
    assert len(pids) == 1, "one connection served them all"


@pytest.mark.usefixtures("locked")
def test_a_viewer_changes_nothing_but_the_own_drafts():
    for who in (ONE, LOTC, Viewer("analyst"), parse_viewer("partner:GGD")):
        with database.writing(who) as connection:
            for table in (tables.events, tables.contents, tables.files):
                assert connection.execute(sa.delete(table)).rowcount == 0
            assert connection.execute(sa.update(tables.events).values(vr_code="VR01")).rowcount == 0
            others = sa.delete(tables.drafts).where(tables.drafts.c.owner != who.who)
            assert connection.execute(others).rowcount == 0
        row = {"draft_id": "x", "owner": "somebody else", "entity_kind": "signal", "body": "{}", "saved_at": "2026"}
        with pytest.raises(RegisterError, match="row-level security"), database.writing(who) as connection:
            connection.execute(sa.insert(tables.drafts), row)
    assert chain.verify_chain().problems == ()


def all_rows(who):
    """Return every table with all rows that this viewer sees without any filter."""
    tables = sa.MetaData()
    with database.reading(UPKEEP) as connection:
        tables.reflect(connection)
    with database.reading(who) as connection:
        return {
            table: connection.execute(sa.select(table)).mappings().all()
            for table in tables.sorted_tables
            if table.name != "alembic_version"
        }


def may_change(viewer, table, row):
    """Tell whose a row is by the rules of the documents, not by those of the database."""
    if table.name == "register_drafts":
        return row["owner"] == viewer.who
    if table.name == "weight_profiles":
        return row["owner"] in (viewer.vr_codes or (viewer.role,))
    return table.name in ("people", "people_grants") and viewer.role == "lotc"


def may_see(viewer, table, row):
    """Tell which rows beside those of the register's entries a viewer sees."""
    if table.name in ("people", "people_grants"):
        return viewer.role in ("lotc", "privacy")
    return may_change(viewer, table, row)


def attempt(viewer, statement, values=None):
    """Return how many rows a statement of this viewer touches, and undo it."""
    with database.engine().connect() as connection:
        show_as(connection, viewer)
        touched = connection.execute(statement, values or {}).rowcount
        connection.rollback()
    return touched


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("role", VIEWERS)
def test_each_role_that_attacks_each_table_gets_no_further_than_its_own_rows(role):
    viewer = parse_viewer(role)
    held, seen = all_rows(UPKEEP), {table.name: rows for table, rows in all_rows(viewer).items()}
    for table, rows in held.items():
        assert rows, f"{table.name} is empty: nothing would be tried"
        own = [row for row in rows if may_change(viewer, table, row)]
        changed = next(column for column in table.columns if not column.primary_key)
        assert attempt(viewer, table.update().values({changed.name: changed})) == len(own), table.name
        if table.name != "people":  # of whom the grants hold on
            assert attempt(viewer, table.delete()) == len(own), table.name
        for row in rows[:1] + rows[-1:] + own[:1]:
            refusal = "duplicate key" if row in own else "row-level security"
            with pytest.raises(sa.exc.DBAPIError, match=refusal):
                attempt(viewer, table.insert(), dict(row))
        if "owner" in table.columns and own:
            with pytest.raises(sa.exc.DBAPIError, match="row-level security"):
                attempt(viewer, table.update().values(owner="somebody else"))
        if not table.name.startswith("register_") or table.name == "register_drafts":
            assert seen[table.name] == [row for row in rows if may_see(viewer, table, row)], table.name
    assert list(all_rows(UPKEEP).values()) == list(held.values())


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("role", VIEWERS)
def test_each_role_reads_of_the_register_what_is_of_its_region_or_organisation(role):
    viewer = parse_viewer(role)
    seen = {table.name: rows for table, rows in all_rows(viewer).items()}
    events_ = {row["event_id"]: row for row in seen["register_events"]}
    bodies = " ".join(row["body"] for row in seen["register_contents"])
    if viewer.role in ("policy", "privacy"):
        assert events_ == {}
        assert bodies == ""
    if viewer.role == "region":
        assert {row["vr_code"] for row in events_.values()} <= {*viewer.vr_codes, ""}
        assert all(SECRET[other] not in bodies for other in SECRET.keys() - set(viewer.vr_codes))
    if viewer.role == "partner":
        of_it = [row for row in seen["register_contents"] if events_[row["event_id"]]["entity_kind"] in PARTAKEN]
        assert all(viewer.organisation in json.loads(row["body"])["partners"].split(";") for row in of_it)
        assert {row["entity_kind"] for row in events_.values()} <= {*PARTAKEN, "route", "document"}
    assert {row["event_id"] for row in seen["register_contents"]} == set(events_)
    assert bool(seen["register_files"]) == (viewer.role == "lotc" or role in REACHES_A_FILE)


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("role", VIEWERS)
def test_both_locks_let_the_same_rows_through(role, monkeypatch):
    viewer = parse_viewer(role)
    second = {}
    for kind in KINDS.values():
        newest = sa.func.register_newest(kind.name, "9999", None).table_valued("entity_id", "event_id").alias("newest")
        with database.reading(viewer) as connection:
            joined = tables.contents.join(tables.events).join(newest, newest.c.event_id == events.c.event_id)
            second[kind.table] = set(connection.execute(sa.select(events.c.entity_id).select_from(joined)).scalars())
    plain = show_as
    monkeypatch.setattr(database, "show_as", lambda connection, _: plain(connection, UPKEEP))
    for kind in KINDS.values():
        try:
            rows = open_store(viewer).register(kind.table)
        except AccessDeniedError:
            assert second[kind.table] == set(), kind.table
        else:
            assert second[kind.table] == set(rows.loc[rows["version"] > 0, kind.key]), kind.table


def test_every_role_is_tried():
    assert {parse_viewer(role).role for role in VIEWERS} == set(ROLES)


@pytest.mark.usefixtures("locked")
def test_upkeep_sees_all():
    assert chain.verify_chain().problems == ()
    with database.reading(UPKEEP) as connection:
        assert rows_of_all_tables(connection)["register_events"] == chain.verify_chain().events_n > 20


@pytest.mark.usefixtures("locked")
def test_profiles_of_weights_stay_with_their_owner():
    two = parse_viewer("region:VR02")
    for viewer in (ONE, two, LOTC):
        profiles.save(viewer, "eigen", {"work": 0.5}, "1")
    renamed = profiles.mine(ONE)[0]
    profiles.rename(ONE, renamed.profile_id, "anders")
    assert ask(ONE, "SELECT name FROM weight_profiles") == ["anders"]
    assert ask(two, "SELECT owner FROM weight_profiles") == ["VR02"]
    assert ask(LOTC, "SELECT owner FROM weight_profiles") == ["lotc"]
    assert ask(Viewer("policy"), "SELECT owner FROM weight_profiles") == []
    profiles.delete(ONE, renamed.profile_id)
    assert ask(UPKEEP, "SELECT count(*) FROM weight_profiles") == [3]


@pytest.mark.usefixtures("locked")
def test_who_may_only_count_still_counts_and_who_manages_people_still_does():
    assert open_store(Viewer("policy")).counts("activations", ("kind",))["n"].sum() > 4
    people.add(LOTC, "k@voorbeeld.nl", ONE)
    assert "k@voorbeeld.nl" in set(people.everyone(Viewer("privacy"))["email"])
    assert ask(ONE, "SELECT email FROM people") == ask(Viewer("analyst"), "SELECT role FROM people_grants") == []
    now = datetime.now(UTC).timestamp()
    claims = {"iss": "i", "sub": "s", "iat": now, "exp": now + 60, "email": "k@voorbeeld.nl", "email_verified": True}
    assert admission.admit(claims).viewers == (ONE,)
    admission.end_session(claims, "test")
    assert admission.admit(claims).refusal is admission.Refusal.ENDED
    people.forget(LOTC, "k@voorbeeld.nl")


def test_an_account_that_row_security_does_not_bind_is_refused(locked, postgres, monkeypatch):
    monkeypatch.setenv("RISICOBEELD_REGISTER", locked.replace(f"//{ACCOUNT}:", "//postgres:"))
    with pytest.raises(RegisterError, match="Row security does not bind the account postgres"):
        write.record(LOTC, "activation", activation("VR01"))
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("CREATE ROLE sees_all LOGIN BYPASSRLS")
    monkeypatch.setenv("RISICOBEELD_REGISTER", locked.replace(f"//{ACCOUNT}:", "//sees_all:"))
    with pytest.raises(RegisterError, match="sees_all"):
        open_store(ONE).register("activations")


@pytest.mark.usefixtures("register")
def test_an_entry_that_moved_takes_its_past_along_for_nobody_new():
    write.record(LOTC, "activation", activation("VR01"), entity_id="moved")
    write.correct(LOTC, "activation", "moved", {"vr_code": "VR02", "outcome": SECRET["VR02"]}, based_on=1)
    here, there = open_store(ONE), open_store(parse_viewer("region:VR02"))
    assert "moved" not in set(here.register("activations")["activation_id"]), "not its old version either"
    assert "moved" in set(there.register("activations")["activation_id"])
    told = desk.history(there, "activation", "moved")
    assert [version["content"]["outcome"] for version in told] == [SECRET["VR02"]]
    assert len(desk.history(open_store(LOTC), "activation", "moved")) == 2
