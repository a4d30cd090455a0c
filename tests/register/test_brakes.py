"""One night with a wrong clock erases nothing: retention and writing stop where they would do harm."""

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

from access import audit
from commands import data, sources
from geodata import known, settings
from geodata.errors import RegisterError
from geodata.snapshots import snapshot
from register import chain, clock, events, retention
from register import record as write
from register.backup import archive
from register.backup.make import backup
from register.backup.restore import restore
from tests.geodata.snapshots.test_snapshot import RECORD

pytestmark = pytest.mark.usefixtures("closed")
WRONG = date(2040, 1, 1)


@pytest.fixture
def filled(lotc, activation):
    write.record_many(lotc, "activation", [activation] * 40)
    return [backup() for _ in range(2)]


def tables_of_the_example():
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    return {name: embedded.table(name) for name in embedded.files}


def set_clock(monkeypatch, days):
    moment = datetime.now(UTC) + timedelta(days=days)

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment.astimezone(tz)

    monkeypatch.setattr(events, "datetime", Clock)


def test_a_clock_that_jumped_erases_nothing_and_leaves_every_backup(filled):
    with pytest.raises(RegisterError, match="the clock says 2040-01-01"):
        retention.apply(WRONG)
    assert chain.verify_chain().erased_n == 0
    assert [path for _, path in archive.made()] == [made.path for made in reversed(filled)]
    assert sum(done.erased_n for done in retention.apply(WRONG, dry_run=True)) == 40  # one may always look


def test_a_backup_by_that_same_clock_does_not_vouch_for_it(filled, lotc, activation, monkeypatch):
    """At night the backup comes first, and retention right after it."""
    made_then = archive.new_path(datetime.combine(WRONG, datetime.min.time(), UTC))
    shutil.copy2(filled[-1].path, made_then)
    with pytest.raises(RegisterError, match="the clock says 2040-01-01"):
        retention.apply(WRONG)
    assert len(archive.made()) == 3
    set_clock(monkeypatch, (WRONG - datetime.now(UTC).date()).days)
    with pytest.raises(RegisterError, match="past the last entry"):
        write.record(lotc, "activation", activation)


def test_backups_of_quiet_weeks_vouch_for_the_clock_one_after_the_other(filled):
    now = datetime.now(UTC)
    for days in (10, 20, 30):
        shutil.copy2(filled[-1].path, archive.new_path(now + timedelta(days=days)))
    done = retention.apply((now + timedelta(days=31)).date())
    assert {one.kind for one in done if one.erased_n} == {"backup"}


@pytest.mark.usefixtures("filled")
def test_a_run_erases_no_more_than_its_share_unless_somebody_looked():
    known.note("clock", (WRONG - timedelta(days=1)).toordinal())  # the clock is believed by now
    with pytest.raises(RegisterError, match="40 of 40 entries"):
        retention.apply(WRONG)
    assert chain.verify_chain().erased_n == 0
    done = retention.apply(WRONG, confirmed=True)
    assert sum(one.erased_n for one in done) == 40
    assert len(archive.made()) == 2  # the newest stay


@pytest.mark.usefixtures("filled")
def test_the_backup_comes_first_and_only_when_something_goes(monkeypatch):
    retention.apply(first=backup)
    assert len(archive.made()) == 2
    made = []
    monkeypatch.setattr(retention, "_erase", lambda *_: made.append("erased"))
    retention.apply(WRONG, confirmed=True, first=lambda: made.append("backup"))
    assert made == ["backup", "erased"]


def test_what_a_wrong_clock_erased_comes_back_and_is_not_erased_again(filled):
    retention.apply(WRONG, confirmed=True)
    assert chain.verify_chain().erased_n == 80  # of every entry its content, and the event that tells of it
    known.path("clock").unlink()  # the clock was set right
    done = restore(filled[-1].path, replace=True)
    assert (done.erased_again_n, done.problem) == (0, "")
    assert chain.verify_chain().erased_n == 0


@pytest.mark.usefixtures("filled")
def test_an_entry_by_a_clock_far_ahead_is_refused_until_the_clock_is_confirmed(lotc, activation, monkeypatch):
    set_clock(monkeypatch, events.MOST_DAYS_AHEAD + 2)
    with pytest.raises(RegisterError, match="past the last entry"):
        write.record(lotc, "activation", activation)
    assert chain.verify_chain().events_n == 40
    known.note("clock", (datetime.now(UTC).date() + timedelta(days=events.MOST_DAYS_AHEAD)).toordinal())
    assert write.record(lotc, "activation", activation).seq == 41


@pytest.mark.usefixtures("filled")
def test_the_command_says_what_to_do(capsys, monkeypatch):
    def late(**more):
        return apply(WRONG, **more)

    apply = retention.apply
    monkeypatch.setattr(retention, "apply", late)
    assert data.main(["retention"]) == 2
    assert "--confirm" in capsys.readouterr().err
    assert data.main(["retention", "--dry-run"]) == 0


@pytest.mark.parametrize("command", [["prune"], ["audit", "--forget"]])
@pytest.mark.usefixtures("filled")
def test_what_else_goes_by_date_stops_at_a_clock_that_jumped(command, capsys, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.combine(WRONG, datetime.min.time(), UTC).astimezone(tz)

    snapshot.write_core(tables_of_the_example(), [RECORD], is_demonstration=True)
    gone = []

    def note(today, **_):
        gone.append(today)
        return []

    monkeypatch.setattr(sources, "prune", note)
    monkeypatch.setattr(audit, "forget", note)
    assert data.main(command) == 0
    monkeypatch.setattr(clock, "datetime", Clock)
    assert data.main(command) == 2
    assert "the clock says 2040-01-01" in capsys.readouterr().err
    assert gone == [datetime.now(UTC).date()]
    assert data.main([*command, "--confirm"]) == 0
    assert gone[1:] == [WRONG]
    assert data.main(command) == 0, "it is believed from now on"


def test_a_backup_that_a_clock_ahead_stamped_ends_too_and_takes_nobodys_place(filled):
    today = datetime.now(UTC).date()
    for month in range(1, 5):
        shutil.copy2(filled[-1].path, archive.new_path(datetime(2040, month, 1, tzinfo=UTC)))
    old = archive.new_path(datetime.now(UTC) - timedelta(days=29))
    shutil.copy2(filled[-1].path, old)
    retention.apply(today)
    assert len(archive.made()) == 7, "nobody knows how old they are: they count from the day that they are found"
    with_clock_back = today - timedelta(days=300)
    retention.apply(with_clock_back)
    retention.apply(today + timedelta(days=10), confirmed=True)
    assert {path.name[:4] for _, path in archive.made()} == {"2040", *(str(one.path.name[:4]) for one in filled)}
    assert not old.exists()
    done = retention.apply(today + timedelta(days=40), confirmed=True)
    assert [one.erased_n for one in done if one.kind == "backup"] == [3]
    assert all(one.path.exists() for one in filled), "the newest three, of which one is of the wrong clock"
    assert len(archive.made()) == 3
