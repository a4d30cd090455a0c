"""Looking back: the week whose picture is shown, and the day whose knowledge of the register is shown."""

from datetime import date

import pandas as pd
import streamlit as st

from dashboard import board, session
from dashboard.board import Board
from dashboard.session import Selection
from dashboard.text import Texts
from geodata.access import ScopedStore
from risk.changes import last_day

_WIDTH_PX = 340


def week(store: ScopedStore, chosen: Selection, texts: Texts) -> str:
    """Return the chosen week where there is a picture of it; '' (the peildatum) otherwise."""
    return chosen.week if chosen.week in board.open_board(store, "vr", texts).scored.weeks else ""


def slider(texts: Texts, now: Board, week: str, *, key: str) -> None:
    """Let the viewer slide through the weeks; the address bar keeps the choice, the last one needs none.

    Parameters
    ----------
    now
        A board of the peildatum: it knows the weeks.
    week
        The week that is shown.
    """
    weeks = [*now.scored.weeks, ""]
    if len(weeks) == 1:
        return

    def words(one: str) -> str:
        if not one:
            return texts("picture.week_now", day=texts.day(now.scored.peildatum.date()))
        return texts("picture.week_of", week=int(one[-2:]), day=texts.day(last_day(one).date()))

    st.session_state[key] = week
    st.select_slider(
        texts("picture.week"), weeks, key=key, format_func=words, width=_WIDTH_PX, label_visibility="collapsed",
        on_change=lambda: session.select(week=st.session_state[key]),
    )  # fmt: skip


def known_on(chosen: Selection) -> date | None:
    """Return the day whose knowledge is asked for; None is now."""
    return date.fromisoformat(chosen.known) if chosen.known else None


def choose_known(texts: Texts, now: Board, chosen: Selection, *, key: str) -> None:
    """Let the viewer look at the register as it was known at the end of a week."""
    sundays = [last_day(one).date().isoformat() for one in reversed(now.scored.weeks)]
    days = sorted({*sundays, chosen.known} - {""}, reverse=True)

    def words(day: str) -> str:
        return texts("region.known_on", day=texts.day(pd.Timestamp(day).date())) if day else texts("region.known_now")

    st.session_state[key] = chosen.known
    st.selectbox(
        texts("region.known"), ["", *days], key=key, format_func=words, width=_WIDTH_PX, label_visibility="collapsed",
        on_change=lambda: session.select(known=st.session_state[key] or ""),
    )  # fmt: skip
