"""The brake of everything that removes by date with nobody looking on: a clock that jumped removes nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from geodata import known
from geodata.errors import RegisterError
from register.events import last_known

MOST_DAYS_AHEAD: Final = 14
"""Days that the clock may be past the last entry, backup or run of this: more is a clock that jumped, or a machine
that stood still; somebody looks first."""


def believed(*, confirmed: bool = False) -> date:
    """Return the day of this machine's clock, when it may be removed by.

    Parameters
    ----------
    confirmed
        Somebody looked at the clock.

    Raises
    ------
    RegisterError
        As for `refuse`.
    """
    today = datetime.now(UTC).date()
    if not confirmed:
        refuse(today)
    return today


def refuse(today: date) -> None:
    """Stop at a day that is far past all that this installation knows of.

    Parameters
    ----------
    today
        What the clock says.

    Raises
    ------
    RegisterError
        It is more than `MOST_DAYS_AHEAD` days past the last that is known. Nothing was erased.
    """
    last = last_known(MOST_DAYS_AHEAD)
    if last and today > last.date() + timedelta(days=MOST_DAYS_AHEAD):
        days = (today - last.date()).days
        raise RegisterError(
            f"Nothing was erased: the clock says {today}, {days} days past the last that this installation knows of"
            f" ({last.date()}). Look at the clock of this machine; when it is right, add --confirm."
        )


def latest(today: date) -> date:
    """Return today, or the last day that was taken for true where the clock was set back since."""
    noted = known.read("clock").get("number")
    return today if noted is None else max(today, date.fromordinal(int(noted)))


def note(today: date) -> None:
    """Keep that this day was taken for true, so that quiet weeks vouch for one another."""
    known.note("clock", today.toordinal())
