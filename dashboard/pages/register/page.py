"""The register: what was recorded, a new activation in half a minute, signals to decide on, referrals to follow."""

from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from access.rights import Verb
from access.viewer import may
from dashboard.pages.register import activation, triage
from dashboard.parts import entry, links, tables
from dashboard.shell import frame, session
from door.store import ScopedStore
from geodata import codes
from register.read import Filters
from register.schema import LONGEST_FIELD
from words import Texts

_VIEWS: Final = ("list", "new", "signals", "referrals")
_SHOWN_N: Final = 100


def run() -> None:
    """Draw the page."""
    entry.hold()
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("register.title"), texts("register.intro"))
    st.caption(texts("register.training"))
    if st.session_state.pop("register_saved", False):
        st.success(texts("register.saved"))
    chosen = session.selection().entry
    if chosen:
        activation.draw(texts, store, chosen)
        return
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    writes = may(store.viewer, Verb.RECORD, "activations", own)
    views = [view for view in _VIEWS if _may_see(store, view, writes=writes)]
    view = (
        st.segmented_control(
            texts("register.view"),
            views,
            format_func=lambda name: texts(f"register.view_{name}"),
            default=views[0],
            key="register_view",
            label_visibility="collapsed",
        )
        or views[0]
    )
    if not writes:
        st.caption(texts("register.may_not"))
    draw = {"list": _list, "new": entry.draw_new, "signals": triage.draw_signals, "referrals": triage.draw_referrals}
    draw[view](texts, store)


def _may_see(store: ScopedStore, view: str, *, writes: bool) -> bool:
    needs = {"list": "activations", "signals": "signals", "referrals": "referrals"}
    return writes if view == "new" else store.may(needs[view])


def _list(texts: Texts, store: ScopedStore) -> None:
    filters = _filters(texts, store)
    rows = store.register("activations", replace(filters, newest_n=_SHOWN_N + 1))
    if rows.empty:
        is_chosen = len(store.register("activations", Filters(newest_n=1))) > 0
        st.info(texts("register.none" if is_chosen else "register.none_yet"))
        return
    shown = rows.head(_SHOWN_N)
    has_more = len(rows) > len(shown)
    if st.toggle(texts("chart.trend")):  # it reads every entry: only for who asks
        from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

        words = charts.names_of(codes.ACTIVATION_KINDS, texts, "register")
        charts.trend(texts, store.register("activations", filters), words, texts("chart.trend_told"))
    caption = texts("register.found", shown=len(shown)) if has_more else texts("register.found_all", n=len(rows))
    regions = entry.region_names(store)
    heads = [texts(f"register.{name}") for name in ("date", "region", "sector", "kind", "themes", "outcome")]
    cells = [_cells(texts, row, regions) for _, row in shown.iterrows()]
    links.linked(tables.table(caption, heads, cells, is_caption_shown=True), key="register_list")


def _cells(texts: Texts, row: pd.Series, regions: dict[str, str]) -> list[str]:
    day = links.link(f"{row['event_date']:%d-%m-%Y}", entry=str(row["activation_id"]))
    themes = ", ".join(texts(f"register.{code}") for code in row["themes"].split(";"))
    outcome = str(row["outcome"])
    if row["erased_reason"]:
        outcome = texts("register.erased", reason=texts(f"register.erase_{row['erased_reason']}"))
    words = (
        regions.get(row["vr_code"], row["vr_code"]),
        texts(f"sector.{row['sector_code']}"),
        texts(f"register.{row['kind']}"),
        themes,
        outcome,
    )
    return [day, *(word for word in words)]


def _filters(texts: Texts, store: ScopedStore) -> Filters:
    regions = entry.region_names(store)
    own = store.viewer.vr_codes
    with st.expander(texts("register.filters")):
        columns = st.columns(4)
        region = columns[0].selectbox(
            texts("register.region"),
            [code for code in regions if not own or code in own],
            index=None,
            format_func=regions.__getitem__,
            placeholder=texts("register.all"),
        )
        sector = columns[1].selectbox(
            texts("register.sector"),
            list(codes.SECTORS),
            index=None,
            placeholder=texts("register.all"),
            format_func=lambda code: texts(f"sector.{code}"),
        )
        theme = columns[2].selectbox(
            texts("register.theme"),
            codes.THEMES,
            index=None,
            placeholder=texts("register.all"),
            format_func=lambda code: texts(f"register.{code}"),
        )
        kind = columns[3].selectbox(
            texts("register.kind"),
            codes.ACTIVATION_KINDS,
            index=None,
            placeholder=texts("register.all"),
            format_func=lambda code: texts(f"register.{code}"),
        )
        columns = st.columns(4)
        first = columns[0].date_input(texts("register.first"), value=None, format="DD-MM-YYYY")
        last = columns[1].date_input(texts("register.last"), value=None, format="DD-MM-YYYY")
        as_of = columns[2].date_input(
            texts("register.known_on"), value=None, format="DD-MM-YYYY", help=texts("register.known_help")
        )
        text = columns[3].text_input(texts("register.text"), max_chars=LONGEST_FIELD)
    wanted = {"vr_code": region, "sector_code": sector, "themes": theme, "kind": kind}
    chosen = {name: (code,) for name, code in wanted.items() if code}
    return Filters(codes=chosen, first=first, last=last, text=text.strip(), as_of=as_of)
