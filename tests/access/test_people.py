"""Who may enter is decided by our own table at every run, whatever a token claims."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from access import admission, audit, people, told
from access.admission import Refusal
from access.database import engine as database
from access.database.who import UPKEEP
from access.viewer import Viewer, parse_viewer
from commands import data as data_command
from geodata.errors import AccessDeniedError, InputError
from tests.examples import examples

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOTC = Viewer("lotc", person="test")


def claims(sub: str = "a", **changed: object) -> dict[str, object]:
    stamp = NOW.timestamp()
    told = {
        "iss": "https://id.example.org",
        "sub": sub,
        "email": f"{sub}@example.org",
        "email_verified": True,
        "iat": stamp - 60,
        "exp": stamp + 3600,
        "nonce": "n",
    }
    return told | changed


@pytest.fixture(autouse=True)
def closed():
    yield
    database.close()


def enters(told: dict[str, object], now: datetime = NOW) -> list[str]:
    return [str(viewer) for viewer in admission.admit(told, now).viewers]


def test_nobody_enters_while_the_table_is_empty_or_absent() -> None:
    assert admission.admit(claims(), NOW).refusal == Refusal.UNKNOWN
    people.add(LOTC, "b@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert admission.admit(claims(), NOW).refusal == Refusal.UNKNOWN


def test_a_person_enters_with_the_roles_of_today() -> None:
    people.add(LOTC, "A@Example.org ", parse_viewer("region:VR06"), first=date(2026, 1, 1))
    people.add(LOTC, "a@example.org", parse_viewer("region:VR07"), first=date(2026, 1, 1))
    people.add(LOTC, "a@example.org", parse_viewer("partner:NVWA"), first=date(2026, 1, 1), last=date(2026, 11, 20))
    found = admission.admit(claims(role="lotc", vr_codes="VR01"), NOW)
    assert [str(viewer) for viewer in found.viewers] == ["region:VR06,VR07"]
    assert found.viewers[0].person == "a@example.org"


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": NOW.timestamp()},
        {"exp": NOW.timestamp() - 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": NOW.timestamp() + 600},
        {"sub": ""},
        {"iat": NOW.timestamp() - admission.LONGEST_SESSION_S},
    ],
)
def test_a_token_out_of_its_time_or_without_one_is_refused(wrong: dict[str, object]) -> None:
    people.add(LOTC, "a@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert enters(claims()) == ["lotc"]
    assert admission.admit(claims(**wrong), NOW).refusal == Refusal.EXPIRED


@pytest.mark.parametrize("said", [False, None, "true", 1, "false"])
def test_an_address_counts_only_when_the_provider_vouches_for_it(said: object) -> None:
    people.add(LOTC, "a@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert admission.admit(claims(email_verified=said), NOW).refusal == Refusal.UNPROVED


def test_after_the_first_sign_in_only_that_account_counts() -> None:
    people.add(LOTC, "a@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert enters(claims()) == ["lotc"]
    other = claims("b", email="a@example.org")
    assert admission.admit(other, NOW).refusal == Refusal.OTHER_ACCOUNT
    assert admission.admit(claims(iss="https://elsewhere.example.org"), NOW).refusal == Refusal.OTHER_ACCOUNT
    assert enters(claims(email="renamed@example.org", email_verified=False)) == ["lotc"], "the account is what counts"
    people.forget(LOTC, "a@example.org")
    people.add(LOTC, "a@example.org", Viewer("analyst"), first=date(2026, 1, 1))
    assert enters(other) == ["analyst"], "after forgetting, a new account may be bound"


def test_a_deputy_stands_in_through_the_last_day() -> None:
    people.add(LOTC, "a@example.org", parse_viewer("region:VR06"), first=date(2026, 1, 1))
    people.add_deputy(LOTC, "b@example.org", "a@example.org", date(2026, 11, 22), first=date(2026, 11, 20))
    days = {19: [], 20: ["region:VR06"], 22: ["region:VR06"], 23: []}
    for day, expected in days.items():
        shift = timedelta(days=day - NOW.day)
        told = claims("b", iat=(NOW + shift).timestamp() - 5, exp=(NOW + shift).timestamp() + 60)
        assert enters(told, NOW + shift) == expected, day
        if not expected:
            assert admission.admit(told, NOW + shift).refusal == Refusal.NO_ROLE


def test_a_deputy_of_a_deputy_gets_nothing() -> None:
    people.add(LOTC, "a@example.org", parse_viewer("region:VR06"), first=date(2026, 1, 1))
    people.add_deputy(LOTC, "b@example.org", "a@example.org", date(2026, 12, 1), first=date(2026, 11, 1))
    with pytest.raises(InputError, match="no role of their own"):
        people.add_deputy(LOTC, "c@example.org", "b@example.org", date(2026, 12, 1), first=date(2026, 11, 1))
    assert admission.admit(claims("c"), NOW).viewers == ()


def test_revoked_means_out_until_added_again() -> None:
    people.add(LOTC, "a@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert enters(claims()) == ["lotc"]
    people.revoke(LOTC, "a@example.org")
    assert admission.admit(claims(), NOW).refusal == Refusal.REVOKED
    people.add(LOTC, "a@example.org", Viewer("analyst"), first=date(2026, 1, 1))
    assert enters(claims()) == ["analyst"]


def test_signing_out_ends_that_sign_in_and_no_other() -> None:
    people.add(LOTC, "a@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert enters(claims()) == ["lotc"]
    admission.end_session(claims(exp=4e9), "test")
    admission.end_session(claims(exp=4e9), "test")
    assert admission.admit(claims(), NOW).refusal == Refusal.ENDED
    assert enters(claims(nonce="another device")) == ["lotc"]


@pytest.mark.parametrize("role", ["analyst", "region:VR06", "partner:NVWA", "policy", "privacy"])
def test_only_lotc_changes_who_enters(role: str) -> None:
    people.add(LOTC, "a@example.org", Viewer("analyst"))
    by = parse_viewer(role)
    attempts = (
        lambda: people.add(by, "me@example.org", Viewer("lotc")),
        lambda: people.add_deputy(by, "me@example.org", "a@example.org", date(2030, 1, 1)),
        lambda: people.revoke(by, "a@example.org"),
        lambda: people.forget(by, "a@example.org"),
    )
    for attempt in attempts:
        with pytest.raises(AccessDeniedError, match="ask LOT-C"):
            attempt()
    assert len(people.everyone(LOTC)) == 1
    if role != "privacy":
        with pytest.raises(AccessDeniedError):
            people.everyone(by)


@examples(60)
@given(st.text(max_size=40))
def test_what_is_no_address_is_refused_and_never_stored(text: str) -> None:
    try:
        people.add(LOTC, text, Viewer("analyst"))
    except InputError:
        return
    assert people.everyone(LOTC)["email"].str.contains("@", regex=False).all()


def test_one_day_is_kept_of_when_somebody_looked_and_it_goes_with_the_account() -> None:
    people.add(LOTC, "a@example.org", Viewer("analyst"))
    people.add(LOTC, "b@example.org", Viewer("analyst"))
    a, b = Viewer("analyst", person="a@example.org"), Viewer("analyst", person="b@example.org")
    assert told.looked_on(a) is None
    for day in (date(2026, 11, 20), date(2026, 11, 21)):
        told.note_looked(a, day)
    assert (told.looked_on(a), told.looked_on(b)) == (date(2026, 11, 21), None)
    with database.reading(UPKEEP) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM people_looked")).scalar() == 1
    people.forget(LOTC, "a@example.org")
    people.add(LOTC, "a@example.org", Viewer("analyst"))
    assert told.looked_on(a) is None


@pytest.mark.parametrize("person", ["", "nobody@example.org"])
def test_of_who_has_no_account_nothing_is_kept(person: str, data_dir: Path) -> None:
    told.note_looked(Viewer("lotc", person=person), date(2026, 11, 20))
    assert not data_dir.exists() or not list(data_dir.rglob("*.sqlite")), "looking makes no register"
    people.add(LOTC, "a@example.org", Viewer("analyst"))
    told.note_looked(Viewer("lotc", person=person), date(2026, 11, 20))
    assert told.looked_on(Viewer("lotc", person=person)) is None


def test_every_change_stands_in_the_trail() -> None:
    people.add(LOTC, "a@example.org", Viewer("analyst"))
    people.revoke(LOTC, "a@example.org")
    trail = audit.read()
    assert list(trail["table"]) == ["a@example.org", "a@example.org"]
    assert trail["what"].tolist()[0] == "people: revoke"
    assert set(trail["who"]) == {"test"}


def test_the_commands_do_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> int:
        return data_command.main(["people", *arguments])

    assert run("add", "a@example.org", "region:VR06") == 0
    assert run("deputy", "b@example.org", "--for", "a@example.org", "--until", "2099-01-01") == 0
    assert run("list") == 0
    listed = capsys.readouterr().out
    assert "a@example.org" in listed
    assert "region:VR06 until 2099-01-01, deputy of a@example.org" in listed
    assert run("revoke", "a@example.org") == 0
    capsys.readouterr()
    assert run("list", "--as", "privacy") == 0
    assert "revoked" in capsys.readouterr().out
    assert run("revoke", "b@example.org", "--as", "analyst") == 2
    assert "may not take access away" in capsys.readouterr().err
    assert run("add", "a@example.org", "king") == 2
    assert "king" in capsys.readouterr().err
