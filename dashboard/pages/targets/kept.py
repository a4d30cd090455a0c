"""Plans that were kept, what came of them, and the sites that must be sorted out first."""

import html
from typing import Final

import pandas as pd
import streamlit as st

from access.rights import Verb
from access.viewer import may
from dashboard.pages.targets import maker as plan_maker
from dashboard.parts import charts, links, tables
from dashboard.shell import frame
from door.store import ScopedStore
from geodata import codes
from register import personal
from risk.targets import checks as site_checks
from risk.targets import decisions, outcome, plans
from words import Texts

_STATES: Final = (plans.DRAFT, plans.APPROVED, plans.CARRIED_OUT)
_FOUND: Final = ("no", "yes", "unknown")
_FEW_N: Final = 50
_SHOWN_N: Final = 200


def draw_plans(texts: Texts, store: ScopedStore) -> None:
    """Draw the plans that were kept; approve one, and record a visit of one."""
    kept = plans.plans(store)
    if kept.empty:
        st.info(texts("targets.plans_none"))
        return
    heads = [texts("targets.plan"), texts("targets.lines"), *(texts(f"targets.{state}") for state in _STATES)]
    rows = [
        [html.escape(row["plan_id"]), str(row["lines_n"]), *(str(row[state]) for state in _STATES)]
        for row in kept.to_dict("records")
    ]
    st.html(tables.table(texts("targets.plans_caption"), heads, rows, numeric=(1, 2, 3, 4)))
    name = st.selectbox(texts("targets.plan"), list(kept["plan_id"]), key="plans-chosen", width=360)
    lines = plans.lines_of(store, name)
    if may(store.viewer, Verb.RECORD, "plan_lines", ""):
        if (lines["plan_state"] == plans.DRAFT).any() and st.button(texts("targets.approve"), type="primary"):
            st.session_state["plans-approved"] = plans.approve(store, name)
            plan_maker.forget()
            st.rerun(scope="fragment")
        _carry_out(texts, store, lines[lines["plan_state"] == plans.APPROVED])
    if (done := st.session_state.pop("plans-approved", None)) is not None:
        st.success(texts("targets.approved_done", n=done))
    heads = [texts(f"targets.{name}") for name in ("site", "region", "week", "plan", "partners", "reason")]
    cells = [
        [
            links.link(html.escape(line["site_id"]), page="sites", unit=line["site_id"]),
            html.escape(line["vr_code"]),
            html.escape(line["week"]),
            html.escape(texts(f"targets.{line['plan_state']}")),
            html.escape(line["partners"].replace(";", ", ")),
            html.escape(line["reason"]),
        ]
        for line in lines.to_dict("records")
    ]
    links.linked(tables.table(name, heads, cells), key="plans-lines")


def _carry_out(texts: Texts, store: ScopedStore, lines: pd.DataFrame) -> None:
    """Record the visit of an approved line, also when nothing was found."""
    if st.session_state.pop("plans-carried", False):
        st.success(texts("targets.carry_saved"))
    if lines.empty:
        return
    labels = {row["plan_line_id"]: f"{row['site_id']} ({row['vr_code']})" for row in lines.to_dict("records")}
    with st.expander(texts("targets.carry_out")), st.form("plans-carry", clear_on_submit=True):
        line = st.selectbox(texts("targets.carry_line"), list(labels), format_func=labels.__getitem__)
        day = st.date_input(texts("targets.carry_date"), format="DD-MM-YYYY")
        themes = st.multiselect(
            texts("targets.carry_themes"),
            codes.THEMES,
            default=["werken"],
            format_func=lambda code: texts(f"register.{code}"),
        )
        found = st.radio(
            texts("targets.carry_found"),
            _FOUND,
            horizontal=True,
            format_func=lambda code: texts(f"targets.found_{code}"),
        )
        told = st.text_area(texts("targets.carry_outcome"), max_chars=personal.LONGEST_TEXT)
        if st.form_submit_button(texts("targets.carry_save")):
            fields = {"event_date": day, "themes": ";".join(themes), "infections_found": found, "outcome": told}
            plans.carry_out(store, str(line), fields)
            plan_maker.forget()
            st.session_state["plans-carried"] = True
            st.rerun(scope="fragment")


def draw_outcome(texts: Texts, store: ScopedStore) -> None:
    """Draw plan against outcome: finds per list, lift, the estimate for the country, and the alarm."""
    inputs = plan_maker.read_inputs(store)
    hits = outcome.hits_by_list(inputs.visits)
    if hits.empty:
        st.info(texts("targets.outcome_none"))
        return
    rows = [
        [
            html.escape(texts(f"targets.list_{row['list']}")),
            str(row["visits_n"]),
            str(row["known_n"]),
            str(row["found_n"]),
            _interval(texts, row["share"], row["low"], row["high"]),
        ]
        for row in hits.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("view_plans", "visits", "known", "finds", "share")]
    st.html(tables.table(texts("targets.outcome_caption"), heads, rows, numeric=(1, 2, 3)))
    found = outcome.lift(inputs.visits)
    if found.k:
        st.write(
            texts(
                "targets.precision",
                k=found.k,
                share=texts.percent(found.precision),
                low=texts.percent(found.precision_low),
                high=texts.percent(found.precision_high),
            )
        )
    if pd.isna(found.lift):
        st.write(texts("targets.lift_none"))
    else:
        high = "∞" if found.high == float("inf") else texts.number(found.high)
        st.write(texts("targets.lift", lift=texts.number(found.lift), low=texts.number(found.low), high=high))
    if found.base.visits_n:
        base = found.base
        st.write(
            texts(
                "targets.base",
                share=texts.percent(base.share),
                low=texts.percent(base.low),
                high=texts.percent(base.high),
                n=base.visits_n,
            )
        )
        if base.visits_n < _FEW_N:
            st.caption(texts("targets.few"))
    if inputs.calibration is not None:
        charts.calibration(texts, inputs.calibration)
    _alarm(texts, store, inputs.visits)


def _interval(texts: Texts, share: float, low: float, high: float) -> str:
    if pd.isna(share):
        return ""
    return html.escape(f"{texts.percent(share)} ({texts.percent(low)} - {texts.percent(high)})")


def _alarm(texts: Texts, store: ScopedStore, visits: pd.DataFrame) -> None:
    lines = store.table("plan_lines")
    dated = lines.assign(date=pd.to_datetime(lines["plan_id"].str.slice(0, 8), format="%Y%m%d", errors="coerce"))
    alarm = outcome.revisit_alarm(outcome.past_visits(dated, visits, store.table("sites")))
    if alarm.is_raised:
        st.warning(texts("targets.alarm"))
    elif pd.isna(alarm.p):
        st.caption(texts("targets.alarm_few"))
    else:
        st.caption(texts("targets.alarm_quiet"))


def draw_problems(texts: Texts, store: ScopedStore) -> None:
    """Draw the sites that something is wrong with, in an order to work through, and decide on one."""
    inputs = plan_maker.read_inputs(store)
    found = inputs.problems
    names = dict(zip(*store.table("sites")[["site_id", "name"]].to_numpy().T, strict=True))
    if st.session_state.pop("problems-decided", False):
        st.success(texts("targets.decided"))
    _decide(texts, store, inputs.peildatum, names)
    if found.empty:
        st.info(texts("targets.problems_none"))
        return
    st.caption(frame.markdown_escape(texts("targets.problems_intro")))
    rows = [
        [
            links.link(html.escape(names.get(row["site_id"]) or row["site_id"]), page="sites", unit=row["site_id"]),
            str(row["row"]),
            html.escape(site_checks.problem_text(row["problem"], texts.language)),
            html.escape(names.get(row["other_site_id"]) or row["other_site_id"]),
        ]
        for row in found.head(_SHOWN_N).to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "row", "problem", "other")]
    links.linked(tables.table(texts("targets.view_problems"), heads, rows, numeric=(1,)), key="targets-problems")


def _decide(texts: Texts, store: ScopedStore, day: pd.Timestamp, names: dict[str, str]) -> None:
    """Let the viewer decide on a faulty site, and take a decision back."""
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    if not may(store.viewer, Verb.RECORD, "decisions", own):
        return
    all_found = site_checks.find_problems(store.table("sites"), store.table("gemeenten"))
    all_found = all_found[all_found["problem"] != "abroad_lodging"].to_dict("records")
    if not all_found:
        return

    def label(place: int) -> str:
        row = all_found[place]
        told = site_checks.problem_text(row["problem"], texts.language).split(";")[0]
        return f"{names.get(row['site_id']) or row['site_id']} ({row['site_id']}): {told}"

    with st.expander(texts("targets.decide")):
        place = st.selectbox(texts("targets.site"), range(len(all_found)), format_func=label, key="problems-site")
        chosen = all_found[place]
        states = ("same", "different", "open") if chosen["problem"] == "double" else ("resolved", "open")
        with st.form("problems-form", clear_on_submit=True):
            state = st.radio(
                texts("targets.decision"),
                states,
                horizontal=True,
                format_func=lambda name: texts(f"targets.state_{name}"),
            )
            reason = st.text_input(texts("targets.why"), max_chars=200)
            if st.form_submit_button(texts("targets.decide_save")):
                decisions.decide(store, chosen["site_id"], chosen["problem"], str(state), reason, day)
                plan_maker.forget()
                st.session_state["problems-decided"] = True
                st.rerun(scope="fragment")
