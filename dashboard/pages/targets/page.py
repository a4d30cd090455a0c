"""Targets: where to go first within limits, with a random share; keep, approve, carry out, and learn."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.pages.targets import maker as plan_maker
from dashboard.parts import downloads, figures, links, ready, tables
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose, dealt_with
from dashboard.shell.forms import form_key, saved
from dashboard.shell.markup import show
from door import export
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.snapshots import formats
from register import personal
from risk.index import classify
from risk.report import plan_file
from risk.report.plan_file import points
from risk.targets import checks as site_checks
from risk.targets import decisions, estimates, plans
from words import Texts

_STATES: Final = (plans.DRAFT, plans.APPROVED, plans.CARRIED_OUT)
_MIME: Final = {"zip": "application/zip", "ics": "text/calendar"}
_FIRST: Final = (
    "week_words",
    "site_name",
    "kind_name",
    "gemeente_name",
    "region_name",
    "list_name",
    "reason",
    "partners",
    "plan_state",
    "lon",
    "lat",
)
_FOUND: Final = ("no", "yes", "unknown")
_FEW_N: Final = 50
_LINES_SHOWN_N: Final = 200


def draw_plans(texts: Texts, store: ScopedStore) -> None:
    """Draw the plans that were kept; approve one, take it along, and record a visit of one."""
    kept = plans.plans(store)
    if kept.empty:
        st.info(texts("targets.plans_none"))
        return
    versions = dict(zip(kept["plan_id"], kept["plan_version"], strict=True))
    names = {plan: plan_file.plan_words(plan, texts.language, version=n) for plan, n in versions.items()}
    heads = [texts("targets.plan"), texts("targets.lines"), *(texts(f"targets.{state}") for state in _STATES)]
    rows = [
        [
            links.link(names[row["plan_id"]], plan=row["plan_id"]),
            str(row["lines_n"]),
            *(str(row[state]) for state in _STATES),
        ]
        for row in kept.to_dict("records")
    ]
    links.linked(tables.table(texts("targets.plans_caption"), heads, rows, numeric=(1, 2, 3, 4)), key="plans-kept")
    asked = session.selection().plan
    name = asked if asked in names else str(kept["plan_id"].iloc[0])
    if asked and asked not in names:
        st.warning(frame.markdown_escape(texts("targets.plan_unknown", plan=asked)))
    lines = plan_file.lines_in_words(plans.lines_of(store, name), store, texts.language)
    lacks = classify.lacks_of(lines)
    title = plan_file.plan_words(name, texts.language, lacks, versions[name])
    told = texts("targets.lacked", without=classify.without(lacks, texts.language)) if lacks else ""
    note = Markup('<p role="note">{}</p>').format(told) if told else ""
    show(Markup('<section class="rb-page"><h2>{}</h2>{}{}</section>').format(title, note, _number(texts, name)))
    if may(store.viewer, Verb.RECORD, "plan_lines", ""):
        _approve(texts, store, name, int((lines["plan_state"] == plans.DRAFT).sum()))
    if (done := st.session_state.pop("plans-approved", None)) is not None:
        st.success(texts("targets.approved_done", n=done))
    if export.may_take_sites(store):
        _files(texts, store, name, versions[name], lacks)
    if may(store.viewer, Verb.RECORD, "plan_lines", ""):
        _carry_out(texts, store, lines[lines["plan_state"] == plans.APPROVED])
    columns = ("site", "region", "week", "list", "plan", "partners", "reason")
    parts = [
        links.link(line["site_name"], page="sites", unit=line["site_id"], plan="")
        + Markup('<br><span class="rb-muted">{}</span>').format(_what(line))
        for line in lines.to_dict("records")
    ]
    cells = [
        [
            label,
            line["region_name"],
            line["week_words"],
            line["list_name"],
            texts(f"targets.{line['plan_state']}"),
            line["partners"].replace(";", ", "),
            line["reason"],
        ]
        for label, line in zip(parts, lines.to_dict("records"), strict=True)
    ]
    heads = [texts(f"targets.{column}") for column in columns]
    links.linked(tables.table(title, heads, cells), key="plans-lines")


def _number(texts: Texts, name: str) -> Markup:
    """Return the number that a plan is checked by: date of its picture, seed, and a fingerprint of frame and lines."""
    return Markup('<p class="rb-muted">{}</p>').format(texts("targets.plan_number", plan=name))


def _what(line: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, [line["kind_name"], line["gemeente_name"]]))


def _approve(texts: Texts, store: ScopedStore, name: str, drafts_n: int) -> None:
    """Ask once before a plan is approved: from then on it is what everybody goes by."""
    if not drafts_n:
        return
    if st.session_state.get("plans-asked") != name:
        if st.button(texts("targets.approve"), type="primary"):
            st.session_state["plans-asked"] = name
            st.rerun(scope="fragment")
        return
    st.warning(texts("targets.approve_ask", n=drafts_n))
    with st.container(horizontal=True):
        if st.button(texts("targets.approve_yes"), type="primary"):
            st.session_state["plans-approved"] = plans.approve(store, name)
            plan_maker.forget()
        elif not st.button(texts("targets.approve_no")):
            return
    del st.session_state["plans-asked"]
    st.rerun(scope="fragment")


def _files(texts: Texts, store: ScopedStore, name: str, version: int, lacks: Sequence[str]) -> None:
    """Offer the plan as it was kept: as a table, as a map, as the sheets of all regions, as a calendar."""

    def table() -> gpd.GeoDataFrame:
        return plan_file.kept_table(plans.lines_of(store, name), store, texts.language)

    made: dict[str, tuple[str, Callable[[], bytes]]] = {
        "xlsx": (formats.BY_ENDING[".xlsx"].label, lambda: _workbook(texts, table(), name, version, lacks)),
        "csv": (
            formats.BY_ENDING[".csv"].label,
            lambda: formats.csv_for_reader(downloads.rounded(table()), texts.language),
        ),
        "gpkg": (formats.BY_ENDING[".gpkg"].label, lambda: _map_file(table())),
        "zip": (texts("targets.sheets_all"), lambda: plan_file.all_sheets(table(), store, texts.language)),
        "ics": (texts("targets.calendar"), lambda: _calendar(texts, store, table())),
    }
    words = plan_maker.file_words(texts, lacks)
    stem = plan_file.file_stem(name, texts.language, version)
    with st.container(horizontal=True):
        for ending, (label, make) in made.items():
            saving.offer(
                label,
                _noted(store, make, ending),
                file_name=f"{words}-{stem}.{ending}",
                mime=_MIME[ending] if ending in _MIME else formats.BY_ENDING[f".{ending}"].media_type,
                key=f"plan-file-{ending}",
            )


def _calendar(texts: Texts, store: ScopedStore, table: gpd.GeoDataFrame) -> bytes:
    return plan_file.calendar(table, texts.language, points(table, store))


def _noted(store: ScopedStore, make: Callable[[], bytes], ending: str) -> Callable[[], bytes]:
    """Return what makes a file and leaves a line in the audit trail."""

    def made() -> bytes:
        content = make()
        store.note_export(f"plan (.{ending})", 1)
        return content

    return made


def _workbook(texts: Texts, table: gpd.GeoDataFrame, name: str, version: int, lacks: Sequence[str]) -> bytes:
    flat = plan_file.for_reader(table, texts.language)
    order = [column for column in _FIRST if column in flat.columns]
    flat = downloads.rounded(flat[[*order, *(column for column in flat.columns if column not in order)]])
    told = [
        plan_file.plan_words(name, texts.language, lacks, version),
        texts("targets.plan_number", plan=name),
        str(table["status_band"].iloc[0]),
        texts("targets.intro"),
    ]
    sheet = downloads.readable(texts, texts("targets.lines"), flat)
    return formats.workbook([sheet, *downloads.explained(texts, flat.columns, told)])


def _map_file(table: gpd.GeoDataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gpkg"
        formats.write_table(table, path)
        return path.read_bytes()


def _carry_out(texts: Texts, store: ScopedStore, lines: pd.DataFrame) -> None:
    """Record the visit of an approved line, also when nothing was found."""
    if st.session_state.pop("plans-carried", False):
        st.success(texts("targets.carry_saved"))
    if lines.empty:
        return
    labels = {
        row["plan_line_id"]: f"{row['site_name']} ({row['region_name']}, {row['week_words']})"
        for row in lines.to_dict("records")
    }
    form = form_key("plans-carry")
    with st.expander(texts("targets.carry_out")), st.form(form):
        line = choose(texts, texts("targets.carry_line"), labels, format_func=labels.__getitem__, key=f"{form}-line")
        day = st.date_input(texts("targets.carry_date"), format="DD-MM-YYYY")
        themes = choose(
            texts,
            texts("targets.carry_themes"),
            codes.THEMES,
            how="multiselect",
            key=f"{form}-themes",
            default=["werken"],
            format_func=lambda code: texts(f"register.{code}"),
        )
        found = choose(
            texts,
            texts("targets.carry_found"),
            _FOUND,
            how="radio",
            key=f"{form}-found",
            horizontal=True,
            format_func=lambda code: texts(f"targets.found_{code}"),
        )
        told = st.text_area(texts("targets.carry_outcome"), max_chars=personal.LONGEST_TEXT)
        if st.form_submit_button(texts("targets.carry_save")):
            fields = {"event_date": day, "themes": ";".join(themes), "infections_found": found, "outcome": told}
            plans.carry_out(store, line, fields)
            saved("plans-carry")
            plan_maker.forget()
            st.session_state["plans-carried"] = True
            st.rerun(scope="fragment")


def draw_outcome(texts: Texts, store: ScopedStore) -> None:
    """Draw plan against outcome: finds per list, lift, the estimate for the country, and the alarm."""
    inputs = plan_maker.read_inputs(store, texts)
    hits = estimates.hits_by_list(inputs.visits)
    if hits.empty:
        st.info(texts("targets.outcome_none"))
        return
    rows = [
        [
            texts(f"targets.list_{row['list']}"),
            str(row["visits_n"]),
            str(row["known_n"]),
            str(row["found_n"]),
            _interval(texts, row["share"], row["low"], row["high"]),
        ]
        for row in hits.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("view_plans", "visits", "known", "finds", "share")]
    show(tables.table(texts("targets.outcome_caption"), heads, rows, numeric=(1, 2, 3)))
    found = estimates.lift(inputs.visits)
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
        from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

        charts.calibration(texts, inputs.calibration)
    _alarm(texts, store, inputs.visits)


def _interval(texts: Texts, share: float, low: float, high: float) -> str:
    if pd.isna(share):
        return ""
    return f"{texts.percent(share)} ({texts.percent(low)} - {texts.percent(high)})"


def _alarm(texts: Texts, store: ScopedStore, visits: pd.DataFrame) -> None:
    lines = store.table("plan_lines")
    dated = lines.assign(date=plans.dates_of(lines))
    alarm = estimates.revisit_alarm(estimates.past_visits(dated, visits, store.table("sites")))
    if alarm.is_raised:
        st.warning(texts("targets.alarm"))
    elif pd.isna(alarm.p):
        st.caption(texts("targets.alarm_few"))
    else:
        st.caption(texts("targets.alarm_quiet"))


def draw_problems(texts: Texts, store: ScopedStore) -> None:
    """Draw the sites that something is wrong with, in an order to work through, and decide on one."""
    inputs = plan_maker.read_inputs(store, texts)
    found = inputs.problems
    names = site_kinds.titles(store.table("sites"), texts)
    if st.session_state.pop("problems-decided", False):
        st.success(texts("targets.decided"))
    _decide(texts, store, inputs.peildatum, names)
    if found.empty:
        st.info(texts("targets.problems_none"))
        return
    st.caption(frame.markdown_escape(texts("targets.problems_intro")))
    rows = [
        [
            links.link(names.get(row["site_id"], row["site_id"]), page="sites", unit=row["site_id"]),
            str(row["row"]),
            site_checks.problem_text(row["problem"], texts.language),
            names.get(row["other_site_id"], row["other_site_id"]),
        ]
        for row in found.head(_LINES_SHOWN_N).to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "row", "problem", "other")]
    links.linked(tables.table(texts("targets.view_problems"), heads, rows, numeric=(1,)), key="targets-problems")


def _decide(texts: Texts, store: ScopedStore, day: pd.Timestamp, names: dict[str, str]) -> None:
    """Let the viewer decide on a faulty site, and take a decision back."""
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    if not may(store.viewer, Verb.RECORD, "decisions", own):
        return
    all_found = site_checks.find_problems(store.table("sites"), store.table("gemeenten"))
    all_found = all_found[all_found["problem"] != "abroad_lodging"]
    problems = {(row["site_id"], row["problem"]): row for row in all_found.to_dict("records")}
    if not problems:
        return

    def label(one: tuple[str, str]) -> str:
        row = problems[one]
        told = site_checks.problem_text(row["problem"], texts.language).split(";")[0]
        return f"{names.get(row['site_id'], row['site_id'])} ({row['site_id']}): {told}"

    with st.expander(texts("targets.decide")):
        site_id, problem = choose(texts, texts("targets.site"), problems, format_func=label, key="problems-site")
        states = ("same", "different", "open") if problem == "double" else ("resolved", "open")
        form = form_key("problems-form")
        with st.form(form):
            state = choose(
                texts,
                texts("targets.decision"),
                states,
                how="radio",
                key=f"{form}-state-{problem}",
                horizontal=True,
                format_func=lambda name: texts(f"targets.state_{name}"),
            )
            reason = st.text_input(texts("targets.why"), max_chars=200)
            if st.form_submit_button(texts("targets.decide_save")):
                decisions.decide(store, site_id, problem, state, reason, day)
                dealt_with("problems-site")
                saved("problems-form")
                plan_maker.forget()
                st.session_state["problems-decided"] = True
                st.rerun(scope="fragment")


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    title = figures.title(store, texts, texts("page.targets"), "site")
    frame.page_head(texts, store, title, texts("targets.intro"))
    if cover := ready.lists_cover(texts, ready.of(store)):
        show(cover)
    # Who makes no plans comes for the visits that are planned; so does who follows a link to a plan.
    first = "make" if may(store.viewer, Verb.RECORD, "plan_lines", "") else "plans"
    if session.selection().plan:
        st.session_state.setdefault("targets-view", "plans")
    st.session_state.setdefault("targets-view", first)
    choose(
        texts,
        texts("targets.view"),
        [part for part in _PARTS if part != "links" or store.may("decisions")],
        format_func=lambda part: texts(f"targets.view_{part}"),
        how="segmented_control",
        key="targets-view",
        label_visibility="collapsed",
    )
    _part()


@st.fragment
@frame.guarded
def _part() -> None:
    """Draw the chosen part; what is done in here redraws only this part of the page."""
    texts, (store, _) = session.texts(), session.store()
    part = st.session_state["targets-view"] or "make"
    if part == "plans" or ready.ranks(texts, store, Ranking.SITES, title="ready.no_plan"):
        _PARTS[part](texts, store)


_SHOWN_N: Final = 300


def _draw_handovers(texts: Texts, store: ScopedStore) -> None:
    """Draw what was asked, who may ask or answer, and the sites that both contacts opened to each other."""
    st.caption(texts("targets.links_intro"))
    inputs = plan_maker.read_inputs(store, texts)  # computes the links when they are not there yet
    names = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    asked = store.register("decisions")
    asked = asked[asked["subject"] == "handover"]
    if may(store.viewer, Verb.MANAGE, "connected_sites"):
        _ask(texts, store, names, inputs.peildatum)
    elif may(store.viewer, Verb.RECORD, "decisions"):
        _answer(texts, store, asked, names)
    if asked.empty:
        st.info(texts("targets.links_none"))
        return
    rows = [
        [
            row["site_id"],
            names.get(row["vr_code"], ""),
            names.get(row["other_vr_code"], ""),
            texts(f"targets.state_{row['state']}"),
            row["reason"],
        ]
        for row in asked.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "region", "links_pair", "links_state", "reason")]
    show(tables.table(texts("targets.links_caption"), heads, rows, is_caption_shown=True))
    _connected(texts, store, names)


def _connected(texts: Texts, store: ScopedStore, names: dict[str, str]) -> None:
    seen = store.connected_sites()
    if seen.empty:
        return
    rows = [
        [
            site_kinds.title(row, texts),
            names.get(row["vr_code"], ""),
            site_kinds.name(row["kind"], texts),
            row["for_site_id"],
        ]
        for row in seen.to_dict("records")
    ]
    heads = [texts(f"targets.{name}") for name in ("site", "region", "kind", "other")]
    show(tables.table(texts("targets.links_connected"), heads, rows, is_caption_shown=True))


def _ask(texts: Texts, store: ScopedStore, names: dict[str, str], day: pd.Timestamp) -> None:
    if st.session_state.pop("links-asked", False):
        st.success(texts("targets.links_asked"))
    links = store.out("links", "site", figures.official_model().version)
    about = store.table("sites").set_index("site_id")
    here, there = (links[column].map(about["vr_code"]) for column in ("site_id", "other_site_id"))
    across = links[(here != there) & (here != "") & (there != "")].head(_SHOWN_N)
    pairs = list(across[["site_id", "other_site_id"]].itertuples(index=False, name=None))
    if not pairs:
        return

    def label(pair: tuple[str, str]) -> str:
        return " - ".join(f"{about.loc[one, 'name'] or one} ({names[about.loc[one, 'vr_code']]})" for one in pair)

    form = form_key("links-form")
    with st.expander(texts("targets.links_ask")), st.form(form):
        pair = choose(texts, texts("targets.links_pair"), pairs, format_func=label, key=f"{form}-pair")
        reason = st.text_input(texts("targets.why"), max_chars=200)
        if st.form_submit_button(texts("targets.links_save")):
            decisions.ask_handover(store, pair[0], pair[1], reason, day)
            saved("links-form")
            st.session_state["links-asked"] = True
            st.rerun(scope="fragment")


def _answer(texts: Texts, store: ScopedStore, asked: pd.DataFrame, names: dict[str, str]) -> None:
    if asked.empty:
        return
    labels = {
        row["decision_id"]: f"{row['site_id']} - {names.get(row['other_vr_code'], '')}"
        for row in asked.to_dict("records")
    }
    form = form_key("links-answer")
    with st.expander(texts("targets.links_answer"), expanded=True), st.form(form):
        chosen = choose(texts, texts("targets.links_pair"), labels, format_func=labels.__getitem__, key=f"{form}-which")
        reason = st.text_input(texts("targets.why"), max_chars=200)
        yes = st.form_submit_button(texts("targets.links_accept"), type="primary")
        no = st.form_submit_button(texts("targets.links_decline"))
        if yes or no:
            decisions.answer_handover(store, str(chosen), "accepted" if yes else "declined", reason)
            saved("links-answer")
            st.rerun(scope="fragment")


_PARTS: Final = {
    "make": plan_maker.draw,
    "plans": draw_plans,
    "outcome": draw_outcome,
    "problems": draw_problems,
    "links": _draw_handovers,
}
