"""Interpretations beside the figures of a region or a sector: read, written, changed and withdrawn here."""

from datetime import UTC, date, datetime

import pandas as pd
import streamlit as st
from markupsafe import Markup, escape

from access.rights import Verb
from access.viewer import may
from dashboard.parts.figures import Picture
from dashboard.shell import frame, session
from dashboard.shell.choices import choose, dealt_with
from dashboard.shell.markup import show
from door.store import ScopedStore, newest_event
from geodata import codes
from geodata.errors import ConflictError, InputError
from register import personal
from register.read import Filters
from risk.notices.notices import today_of
from risk.report import interpretations as notes
from words import Texts

_SHOWN_N = 5
_HEIGHT_PX = 110


def panel(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> Markup:
    """Return the notes about a region and a sector (HTML); '' where there are none.

    Parameters
    ----------
    store
        As known on the day that the page shows.
    shown
        The picture of the page; of an earlier week it shows the notes of then.
    """
    rows = _of(store, shown, vr_code, sector)
    return (
        Markup('<section class="rb-done">{}</section>').format(_listed(texts, store, rows, 4))
        if len(rows)
        else Markup()
    )


def draw(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> None:
    """Draw the notes of a region and sector, and let who may write there write, change and withdraw.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    sector
        One of the twelve; '' is all together.
    """
    if not store.may_read_text("interpretations"):
        return
    rows = _of(store, shown, vr_code, sector)
    none = _head(texts, 2) + Markup("<p>{}</p>").format(_none(texts, store))
    told = _listed(texts, store, rows, 2) if len(rows) else none
    show(Markup('<section class="rb-page rb-interpretations">{}</section>').format(told))
    is_now = not store.known_on and not shown.week
    if not is_now or not may(store.viewer, Verb.RECORD, "interpretations", vr_code):
        return
    with st.container(horizontal=True):
        with st.popover(texts("interpretation.write"), key="interpretation-write"):
            _write(texts, store, vr_code, sector)
        own = {row["interpretation_id"]: row for row in rows.to_dict("records") if notes.may_change(store, row)}
        if own:
            with st.popover(texts("interpretation.change"), key="interpretation-change"):
                _change(texts, store, own, f"{vr_code}-{sector}")


def _of(store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> pd.DataFrame:
    until = shown.scored.peildatum.date() if shown.week else None
    asked = (store, newest_event("interpretations"), until)
    rows = session.kept("_interpretations", asked, lambda: notes.valid(store, Filters(last=until)))
    return notes.near(rows, vr_code, sector) if len(rows) else rows


def _head(texts: Texts, level: int) -> Markup:
    return Markup("<h{0}>{1}</h{0}>").format(level, texts("interpretation.title"))


def _none(texts: Texts, store: ScopedStore) -> str:
    earlier = f" {texts('interpretation.earlier', day=texts.day(store.known_on))}" if store.known_on else ""
    return texts("interpretation.none") + earlier


def _listed(texts: Texts, store: ScopedStore, rows: pd.DataFrame, level: int) -> Markup:
    """Return notes as a list, the newest open and the older ones folded away."""
    items = [_item(texts, row) for row in rows.to_dict("records")]
    listed = _list(items[:_SHOWN_N])
    if rest := items[_SHOWN_N:]:
        more = texts("interpretation.older", n=len(rest))
        listed += Markup("<details><summary>{}</summary>{}</details>").format(more, _list(rest))
    if store.known_on:
        told = texts("interpretation.earlier", day=texts.day(store.known_on))
        listed += Markup('<p class="rb-muted">{}</p>').format(told)
    return _head(texts, level) + listed


def _list(items: list[Markup]) -> Markup:
    return Markup('<ul class="rb-list">{}</ul>').format(Markup().join(items))


def _item(texts: Texts, row: dict[str, object]) -> Markup:
    about = notes.about(texts, str(row["vr_code"]), str(row["sector_code"]))
    body = Markup("<br>").join(escape(line) for line in str(row["text"]).split("\n"))
    signed = f"{about}. {notes.signed(texts, row)}"
    return Markup('<li>{}<br><span class="rb-muted">{}</span></li>').format(body, signed)


def _write(texts: Texts, store: ScopedStore, vr_code: str, sector: str) -> None:
    st.caption(texts("interpretation.how"))
    places = [vr_code, ""] if may(store.viewer, Verb.RECORD, "interpretations", "") else [vr_code]
    options = [(place, code) for place in places for code in ("", *codes.SECTORS) if place or code]
    made = st.session_state.setdefault("interpretations-made", 0)  # a saved note leaves an empty form
    with st.form(f"interpretation-{made}", border=False):
        about = choose(
            texts,
            texts("interpretation.about"),
            options,
            index=options.index((vr_code, sector)),
            format_func=lambda one: notes.about(texts, *one),
            key=f"interpretation-about-{vr_code}-{sector}-{made}",
        )
        text = st.text_area(
            texts("interpretation.text"),
            height=_HEIGHT_PX,
            max_chars=personal.LONGEST_TEXT,
            key=f"interpretation-text-{made}",
        )
        if st.form_submit_button(texts("interpretation.save"), type="primary"):
            try:
                notes.add(store, about[0], about[1], text, _day(store))
            except InputError as error:
                frame.failure(texts, error)
                return
            _done(texts("interpretation.saved"))


def _change(texts: Texts, store: ScopedStore, own: dict[str, dict[str, object]], place: str) -> None:
    def named(entry: str) -> str:
        row = own[entry]
        return f"{notes.about(texts, str(row['vr_code']), str(row['sector_code']))}. {notes.signed(texts, row)}"

    which = f"interpretation-which-{place}"
    chosen = own[choose(texts, texts("interpretation.which"), own, format_func=named, key=which)]
    version = f"{chosen['interpretation_id']}-{chosen['version']}"
    with st.form(f"interpretation-change-{version}", border=False):
        text = st.text_area(
            texts("interpretation.text"),
            str(chosen["text"]),
            height=_HEIGHT_PX,
            max_chars=personal.LONGEST_TEXT,
            key=f"interpretation-again-{version}",
        )
        saves = st.form_submit_button(texts("interpretation.save"), type="primary")
        withdraws = st.form_submit_button(texts("interpretation.withdraw"))
    try:
        if saves:
            notes.change(store, chosen, text, _day(store))
        elif withdraws:
            notes.withdraw(store, chosen, _day(store))
    except (InputError, ConflictError) as error:
        frame.failure(texts, error)
        return
    if saves or withdraws:
        dealt_with(which)
        _done(texts("interpretation.withdrawn" if withdraws else "interpretation.saved"))


def _day(store: ScopedStore) -> date:
    """Return the day that a note is dated: today, of invented figures the date of the picture."""
    return today_of(store, datetime.now(UTC).date())


def _done(told: str) -> None:
    st.session_state["interpretations-made"] += 1
    st.toast(told)
    st.rerun()
