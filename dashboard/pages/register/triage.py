"""Signals to decide on, and referrals to follow."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.parts import alarms, entry, tables
from dashboard.shell import frame
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from dashboard.shell.problems import personal_data
from door.store import ScopedStore
from geodata import codes
from geodata.areas.regions import labour_regions
from register import personal
from register import record as write
from register.read import Filters
from register.schema import LONGEST_FIELD, REFERRAL_STATES, vr_of_gemeenten
from words import Texts


def draw_signals(texts: Texts, store: ScopedStore) -> None:
    """Draw the signals on which nothing was decided, and the form of a new one."""
    rows = store.register("signals", Filters(codes={"state": ("new",)}))
    if rows.empty:
        st.info(texts("register.signals_none"))
    else:
        st.caption(texts("register.signals_open", n=len(rows)))
    regions = entry.region_names(store)
    for _, row in rows.iterrows():
        _signal(texts, store, row.to_dict(), regions)
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    if may(store.viewer, Verb.RECORD, "signals", own):
        _open_alarms(texts, store)
        with st.expander(texts("register.signal_new"), expanded=rows.empty):
            _new_signal(texts, store)


def _open_alarms(texts: Texts, store: ScopedStore) -> None:
    """Offer each alarm of the last week as a signal; nothing is recorded until somebody presses."""
    week, found = alarms.without_signal(texts, store) if store.may(alarms.TABLE) else ("", [])
    if not found:
        return
    with st.expander(texts("alarms.open_title", week=int(week[-2:])), expanded=True):
        st.caption(texts("alarms.open_told"))
        theme = choose(
            texts,
            texts("register.theme"),
            codes.THEMES,
            format_func=lambda code: texts(f"register.{code}"),
            key="alarm-theme",
        )
        for one in found:
            told, button = st.columns([3, 1], vertical_alignment="center")
            told.markdown(f"**{frame.markdown_escape(one.name)}**. {frame.markdown_escape(one.text)}")
            if button.button(texts("alarms.record"), key=f"alarm-{one.gemeente_code}"):
                fields = {
                    "event_date": str(one.day),
                    "origin": "alarm",
                    "theme": theme,
                    "text": one.text,
                    "gemeente_code": one.gemeente_code,
                    "sector_code": "",
                    "vr_code": "",
                }
                write.record(store.viewer, "signal", fields)
                st.session_state["register_saved"] = True
                st.rerun()


def _signal(texts: Texts, store: ScopedStore, row: Mapping[str, Any], regions: Mapping[str, str]) -> None:
    signal_id, version = str(row["signal_id"]), int(row["version"])
    with st.container(border=True):
        place = regions.get(row["vr_code"], "")
        words = (
            f"{row['event_date']:%d-%m-%Y}",
            texts(f"register.{row['theme']}"),
            place,
            texts(f"register.origin_{row['origin']}"),
        )
        show(
            Markup('<p class="rb-muted">{}</p><p>{}</p>').format(
                " · ".join(word for word in words if word), row["text"]
            )
        )
        if not may(store.viewer, Verb.RECORD, "signals", row["vr_code"]):
            return
        st.button(
            texts("register.to_activation"),
            key=f"act-{signal_id}",
            type="primary",
            on_click=_to_activation,
            args=(texts, store, row),
        )
        refer, close = st.columns(2)
        with refer.popover(texts("register.refer"), width="stretch"):
            draw_refer(texts, store, about={**row, "partners": ""}, signal=(signal_id, version))
        with close.popover(texts("register.to_closed"), width="stretch"):
            reason = st.text_input(texts("register.close_reason"), max_chars=LONGEST_FIELD, key=f"reason-{signal_id}")
            if st.button(texts("register.to_closed"), key=f"close-{signal_id}"):
                write.triage(store.viewer, signal_id, based_on=version, reason=reason)
                st.rerun()


def _to_activation(texts: Texts, store: ScopedStore, row: Mapping[str, Any]) -> None:
    """Begin an activation with what the signal says; saving it also closes the signal."""
    told = texts("register.from_signal", date=f"{row['event_date']:%d-%m-%Y}")
    fields = {
        "themes": row["theme"],
        "gemeente_code": row["gemeente_code"],
        "vr_code": row["vr_code"],
        "sector_code": row["sector_code"],
        "outcome": f"{told}: {row['text']}\n",
        "trigger": "eigen_constatering" if row["origin"] in ("own", "alarm") else "externe_melding",
        "_signal": {"id": row["signal_id"], "version": int(row["version"])},
    }
    entry.start_from(store, fields)
    st.session_state["register_view"] = "new"


def _new_signal(texts: Texts, store: ScopedStore) -> None:
    own = store.viewer.vr_codes
    with st.form("signal", clear_on_submit=False, border=False):
        text = st.text_area(texts("register.signal_text"), height=110, max_chars=personal.LONGEST_TEXT)
        origin = choose(
            texts,
            texts("register.origin"),
            codes.SIGNAL_ORIGINS,
            key="signal-origin",
            format_func=lambda code: texts(f"register.origin_{code}"),
        )
        theme = choose(
            texts,
            texts("register.theme"),
            codes.THEMES,
            key="signal-theme",
            format_func=lambda code: texts(f"register.{code}"),
        )
        names, vr_of = entry.gemeente_names(store), vr_of_gemeenten()
        options = [code for code in names if not own or vr_of[code] in own]
        gemeente = choose(
            texts,
            texts("register.gemeente"),
            options,
            key="signal-gemeente",
            index=None,
            format_func=names.__getitem__,
            placeholder="",
        )
        sector = choose(
            texts,
            texts("register.sector"),
            codes.SECTORS,
            key="signal-sector",
            index=None,
            placeholder="",
            format_func=lambda code: texts(f"sector.{code}"),
        )
        day = st.date_input(texts("register.date"), format="DD-MM-YYYY")
        anyway = st.checkbox(texts("register.save_anyway")) if st.session_state.get("signal_asked") else False
        pressed = st.form_submit_button(texts("register.save"), type="primary")
    if not pressed:
        return
    found = personal.find(text)
    if found and not anyway:
        st.session_state["signal_asked"] = True
        st.warning(frame.markdown_escape(personal_data(texts, found)))
        return
    fields = {
        "event_date": str(day or date.today()),  # noqa: DTZ011  # the day here
        "origin": origin,
        "theme": theme,
        "text": text,
        "gemeente_code": gemeente or "",
        "sector_code": sector or "",
        "vr_code": own[0] if own and not gemeente else "",
    }
    write.record(store.viewer, "signal", fields)
    st.session_state.pop("signal_asked", None)
    st.session_state["register_saved"] = True
    st.rerun()


def draw_refer(
    texts: Texts,
    store: ScopedStore,
    *,
    about: Mapping[str, Any],
    activation_id: str = "",
    signal: tuple[str, int] | None = None,
) -> None:
    """Draw the form of a referral: a route from the editable list, and whose region it goes to, nothing else.

    Parameters
    ----------
    about
        The signal or activation: vr_code, gemeente_code, site_id and partners, as far as it has them.
    """
    st.caption(texts("register.refer_help"))
    routes = store.register("routes").set_index("route_id")
    name = "subject" if texts.language == "nl" else "subject_en"
    key = activation_id or (signal[0] if signal else "")
    route = choose(
        texts,
        texts("register.refer_route"),
        list(routes.index),
        key=f"route-{key}",
        format_func=lambda code: (
            f"{routes.loc[code, name] or routes.loc[code, 'subject']} → {routes.loc[code, 'organisation']}"
        ),
    )
    region = _region(texts, store, about, str(routes.loc[route, "area"]), key) if route else ""
    if not st.button(texts("register.refer_save"), key=f"refer-{key}") or route is None:
        return
    organisation = str(routes.loc[route, "organisation"])
    fields = {
        "event_date": str(date.today()),  # noqa: DTZ011  # the day here
        "route": route,
        "to": ", ".join(part for part in (organisation, region) if part),
        "vr_code": about["vr_code"],
        "partners": ";".join(part for part in (about.get("partners", ""), organisation) if part),
        "activation_id": activation_id,
    }
    if signal:
        write.triage(store.viewer, signal[0], based_on=signal[1], referral=fields)
    else:
        write.record(store.viewer, "referral", fields)
    st.session_state["register_saved"] = True
    st.rerun()


def _region(texts: Texts, store: ScopedStore, about: Mapping[str, Any], area: str, key: str) -> str:
    """Return the name of the region that a route leads to, filled in from the gemeente, else from that of the site.

    Where neither is known, the viewer chooses among those that lie in the veiligheidsregio.
    """
    if area == "vr":
        return entry.region_names(store).get(about["vr_code"], "")
    gemeente = str(about.get("gemeente_code", "")) or _gemeente_of(store, str(about.get("site_id", "")))
    gemeenten = store.table("gemeenten")
    column, names = {
        "am": ("am_code", labour_regions()),
        "gemeente": ("gemeente_code", entry.gemeente_names(store)),
    }.get(area, ("", {}))
    if not column:
        return ""
    near = gemeenten[gemeenten["vr_code"] == about["vr_code"]] if about["vr_code"] else gemeenten
    known = gemeenten.loc[gemeenten["gemeente_code"] == gemeente, column]
    found = sorted({*near[column], *known}, key=lambda code: names.get(code, code))
    choice = choose(
        texts,
        texts(f"register.refer_{area}"),
        found,
        index=found.index(known.iloc[0]) if len(known) else None,
        key=f"refer-region-{area}-{key}",
        format_func=lambda code: names.get(code, code),
        placeholder=texts("app.choose"),
    )
    return names.get(choice, "") if choice else ""


def _gemeente_of(store: ScopedStore, site_id: str) -> str:
    if not site_id or not store.may("sites"):
        return ""
    sites = store.table("sites")
    return str(next(iter(sites.loc[sites["site_id"] == site_id, "gemeente_code"]), ""))


def draw_referrals(texts: Texts, store: ScopedStore) -> None:
    """Draw the referrals with their state, and let who may change it."""
    rows = store.register("referrals")
    if rows.empty:
        st.info(texts("register.referrals_none"))
        return
    routes = store.register("routes").set_index("route_id")
    name = "subject" if texts.language == "nl" else "subject_en"
    heads = [texts(f"register.{head}") for head in ("date", "refer_route", "region", "state", "when")]
    regions = entry.region_names(store)
    cells = [
        [
            f"{row['event_date']:%d-%m-%Y}",
            f"{routes[name].get(row['route'], row['route'])} → {row['to']}",
            regions.get(row["vr_code"], ""),
            texts(f"register.state_{row['state']}"),
            f"{row['state_date']:%d-%m-%Y}",
        ]
        for _, row in rows.iterrows()
    ]
    show(tables.table(texts("register.view_referrals"), heads, cells))
    open_rows = {
        str(row["referral_id"]): row
        for _, row in rows.iterrows()
        if may(store.viewer, Verb.RECORD, "referrals", row["vr_code"])
    }
    if not open_rows:
        return
    with st.form("referral_state", border=False):
        row = open_rows[
            choose(
                texts,
                texts("register.refer"),
                open_rows,
                key="referral-which",
                format_func=lambda one: f"{open_rows[one]['event_date']:%d-%m-%Y} {open_rows[one]['to']}",
            )
        ]
        state = choose(
            texts,
            texts("register.state"),
            REFERRAL_STATES,
            key="referral-state",
            format_func=lambda code: texts(f"register.state_{code}"),
        )
        if st.form_submit_button(texts("register.state_save")):
            today = str(date.today())  # noqa: DTZ011 - the day where the viewer is
            write.set_state(
                store.viewer, "referral", row["referral_id"], state, based_on=int(row["version"]), state_date=today
            )
            st.rerun()
