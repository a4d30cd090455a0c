"""What is new since one last looked: how many of what, and a way to where it stands; beside the title."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import streamlit as st
from markupsafe import Markup

from access import told
from dashboard.parts import links
from dashboard.shell import frame, session
from dashboard.shell.markup import show
from door.store import ScopedStore
from risk.notices.forms import names
from risk.notices.notices import Notice, notices, rules, today_of
from words import Texts

_WEEK: Final = timedelta(days=7)
_SHOWN_N: Final = 20
_PUT_AWAY: Final = "since-put-away"


@st.fragment
@frame.guarded
def card() -> None:
    """Tell what is new since the viewer last put it away; without sign-in, or the first time, in the last week.

    It is drawn after the map, of which it needs nothing; and compares with stored pictures alone, so that it is quick.
    """
    texts = session.texts()
    store, _ = session.store()
    today = today_of(store, datetime.now(UTC).date())
    since, is_kept = _since(store, today)
    if since >= today or st.session_state.get(_PUT_AWAY) == (str(store.viewer), today):
        show(Markup("<span></span>"))
        return
    found = notices(store, since, today, may_wait=False)
    name = "visit" if is_kept else "week"
    if not found:
        st.caption(texts(f"since.{name}_none", day=texts.day(since)))
        return
    count = "one" if len(found) == 1 else "many"
    with st.popover(texts(f"since.{name}_{count}", n=len(found)), key="since"):
        st.caption(texts("notice.since", since=texts.day(since), today=texts.day(today)))
        links.linked(_listed(texts, found), key="since-list")
        st.button(texts("since.away"), key="since-away", on_click=_put_away, args=(today,))
        st.caption(texts("since.away_how"))


def _since(store: ScopedStore, today: date) -> tuple[date, bool]:
    """Return the day to tell from, and whether it is the one that the account kept: never longer ago than the feed."""
    kept = told.looked_on(store.viewer)
    if kept is None:
        return today - _WEEK, False
    return max(kept, today - timedelta(days=rules()["since_days"])), True


def _put_away(today: date) -> None:
    store, _ = session.store()
    told.note_looked(store.viewer, today)
    st.session_state[_PUT_AWAY] = (str(store.viewer), today)


def _listed(texts: Texts, found: list[Notice]) -> Markup:
    """Return the notices as a list of links (HTML); one whose page the viewer cannot open is told without."""
    pages, regions = session.offered_pages(), names()
    items = []
    for one in found[:_SHOWN_N]:
        words = one.in_words(texts, regions)
        unit = one.vr_code if one.page in ("picture", "region") else ""
        items.append(
            Markup("<li>{}</li>").format(links.link(words, page=one.page, unit=unit) if one.page in pages else words)
        )
    if len(found) > _SHOWN_N:
        items.append(Markup("<li>{}</li>").format(texts("since.more", n=len(found) - _SHOWN_N)))
    return Markup('<ul class="rb-since">{}</ul>').format(Markup().join(items))
