"""Looking back: the week whose picture is shown, and the day whose knowledge of the register is shown."""

from datetime import UTC, date, datetime

from markupsafe import Markup

from dashboard.parts import links
from dashboard.parts.figures import Picture
from dashboard.shell.session import Selection
from door.store import ScopedStore
from geodata.weeks import last_day
from words import Texts


def week(now: Picture, chosen: Selection) -> str:
    """Return the chosen week where there is a picture of it; '' (the peildatum) otherwise."""
    return chosen.week if chosen.week in now.scored.weeks else ""


def slider(texts: Texts, now: Picture, week: str) -> Markup:
    """Return a slider through the weeks (HTML for `links.linked`); '' where there is no earlier week.

    Parameters
    ----------
    now
        A picture of the peildatum: it knows the weeks.
    week
        The week that is shown.
    """
    return now.kept(_slider, texts, week) if now.scored.weeks else Markup()


def _slider(now: Picture, texts: Texts, week: str) -> Markup:
    steps = [
        (one, texts("picture.week_of", week=int(one[-2:]), day=texts.day(last_day(one).date())))
        for one in now.scored.weeks
    ]
    steps.append(("", texts("picture.week_now", day=texts.day(now.scored.peildatum.date()))))
    play = texts("picture.play"), texts("picture.play_stop")
    return links.slider(texts("picture.week"), "week", steps, week, play)


def known_on(chosen: Selection) -> date | None:
    """Return the day whose knowledge is asked for; None is now, also for a day that has yet to come."""
    day = date.fromisoformat(chosen.known) if chosen.known else None
    return day if day and day < datetime.now(UTC).date() else None


def notice(texts: Texts, store: ScopedStore, shown: Picture) -> Markup:
    """Say that the page looks back (HTML): at which week, and at what the register knew when; '' when it does not.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    """
    told = [texts("picture.back_then", day=texts.day(shown.scored.peildatum.date()))] if shown.week else []
    if store.known_on and store.may("activations"):
        told.append(texts("region.known_how", day=texts.day(store.known_on)))
    return Markup('<p class="rb-muted rb-back">{}</p>').format(" ".join(told)) if told else Markup()


def choose_known(texts: Texts, now: Picture, chosen: Selection) -> Markup:
    """Return a list to look at the register as it was known at the end of a week (HTML for `links.linked`).

    Parameters
    ----------
    texts
        Words of the reader's language.
    now
        The picture of today.
    chosen
        What the address chooses.
    """
    sundays = {last_day(one).date().isoformat() for one in now.scored.weeks}
    asked = known_on(chosen)
    here = asked.isoformat() if asked else ""
    days = sorted((sundays | {here}) - {""}, reverse=True)
    words = {"": texts("region.known_now")}
    words |= {day: texts("region.known_on", day=texts.day(date.fromisoformat(day))) for day in days}
    return links.dropdown(texts("region.known"), "known", words, here)
