"""Make a plan: the request, the map and the lists together; lock, exclude, keep, export."""

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.map.layers import MapPicture, SiteLayer, map_texts
from dashboard.map.live import live_map
from dashboard.parts import figures, links, tables
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from door import export
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.errors import RisicobeeldError
from geodata.snapshots import formats as files
from risk.index import classify
from risk.report import plan_file
from risk.report import plan_file as target_table
from risk.report.files import render
from risk.report.plan_file import region_sheet
from risk.targets import inputs as target_inputs
from risk.targets import limits, plans
from risk.targets import plan as targets
from risk.targets.estimates import CALIBRATION_VISITS_N, RANDOM_LISTS
from risk.targets.inputs import Inputs
from risk.targets.plan import LISTS, Plan
from risk.targets.request import Mark, Quota, Request, change, read_request
from words import Texts

_ENDINGS: Final = tuple(one.ending for one in files.ON_PAGES)
_CHANCE: Final = 6  # the place of that column in a list
_MAP_HEIGHT_PX: Final = 540
_POLL_SECONDS: Final = 1.0
_MARKS: Final = "targets-marks"
_LEAST: Final = 0.1
_LISTED_N = 5
_LONGEST_BYTES = 100_000


def draw(texts: Texts, store: ScopedStore) -> None:
    """Draw request, map and lists."""
    inputs = read_inputs(store, texts)
    left, right = st.columns([1, 3.2], gap="medium")
    with left.container(key="targets-request"):
        request, seed = _draw_request(texts, inputs)
        request = _marked(request)
        _mark(texts, inputs)
    with right:
        try:
            plan = _plan(texts, store, inputs, request, seed)
        except RisicobeeldError as error:
            frame.failure(texts, error)
            return
        table = target_table.target_table(plan, inputs, store, texts.language)
        show(_summary(texts, plan, inputs))
        _map(texts, store, table)
        _actions(texts, store, plan, inputs, table)
        _lists(texts, store, table)
        _draw_find_out(texts, plan)
        _left_out(texts, plan, inputs)
        _prices(texts, plan)


def read_inputs(store: ScopedStore, texts: Texts) -> Inputs:
    """Return what plans are made from, read again when the data or the register's plans changed."""
    model = figures.official_model()
    key = (str(store.viewer), store.data_version, model.version, st.session_state.get("targets-round", 0))

    def read() -> Inputs:
        figures.open_picture(store, "site", texts)  # which tells how far it is where it has yet to be computed
        with st.spinner(texts("targets.reading")):
            return target_inputs.read_inputs(store, model)

    return session.kept("targets-inputs", key, read)


def forget() -> None:
    """Read the inputs again at the next run: a plan or a visit was recorded."""
    st.session_state["targets-round"] = st.session_state.get("targets-round", 0) + 1


def _plan(texts: Texts, store: ScopedStore, inputs: Inputs, request: Request, seed: int) -> Plan:
    """Return the plan of a request, made once as long as nothing changes."""
    model, turn = inputs.scored.model.version, st.session_state.get("targets-round", 0)
    key = (repr(request), seed, store.data_version, model, str(store.viewer), turn)

    def make() -> Plan:
        frame_ = target_inputs.frame_for(inputs, [mark.site_id for mark in request.locked])
        with st.spinner(texts("targets.making")):
            return targets.make_plan(frame_, request, seed, inputs.peildatum, calibration=inputs.calibration)

    return session.kept("targets-plan", key, make)


def _marked(request: Request) -> Request:
    marks: dict[str, tuple[str, Mark]] = st.session_state.get(_MARKS, {})
    own = {name: [mark for kind, mark in marks.values() if kind == name] for name in ("locked", "excluded")}
    taken = set(marks)
    return replace(
        request,
        locked=(*(mark for mark in request.locked if mark.site_id not in taken), *own["locked"]),
        excluded=(*(mark for mark in request.excluded if mark.site_id not in taken), *own["excluded"]),
    )


def _mark(texts: Texts, inputs: Inputs) -> None:
    """Let the viewer lock a site in or exclude one, with a reason, and undo it."""
    names = {
        site: called
        for table in (inputs.frame, inputs.unplaced)
        for site, called in site_kinds.titles(table, texts).items()
    }
    unplaced = set(inputs.unplaced["site_id"])

    def label(code: str) -> str:
        told = f"{names.get(code, code)} ({code})"
        return f"{told} - {texts('targets.no_place')}" if code in unplaced else told

    marks: dict[str, tuple[str, Mark]] = st.session_state.setdefault(_MARKS, {})
    with st.expander(texts("targets.change")):
        site = choose(
            texts,
            texts("targets.choose_site"),
            sorted(names),
            index=None,
            key="targets-site",
            placeholder=texts("targets.choose_site"),
            format_func=label,
        )
        reason = st.text_input(texts("targets.why"), key="targets-reason", max_chars=200)

        def keep(kind: str) -> None:
            if st.session_state["targets-site"] and st.session_state["targets-reason"].strip():
                chosen = st.session_state["targets-site"]
                marks[chosen] = (kind, Mark(chosen, st.session_state["targets-reason"].strip()))
                st.session_state.update({"targets-site": None, "targets-reason": ""})

        lock, exclude = st.columns(2)
        lock.button(texts("targets.lock"), on_click=keep, args=("locked",), width="stretch")
        exclude.button(texts("targets.exclude"), on_click=keep, args=("excluded",), width="stretch")
        if not (site and reason.strip()):
            st.caption(texts("targets.needs_reason"))
    for site_id, (kind, mark) in list(marks.items()):
        told = texts(f"targets.{kind}_as", site=names.get(site_id, site_id), reason=mark.reason)
        st.caption(frame.markdown_escape(told))
        st.button(
            frame.label(texts, "targets.undo", site=names.get(site_id) or site_id),
            key=f"undo-{site_id}",
            on_click=_forget,
            args=(marks, site_id),
        )


def _forget(marks: dict[str, tuple[str, Mark]], site_id: str) -> None:
    """Take back what somebody asked of a site."""
    marks.pop(site_id, None)


def _summary(texts: Texts, plan: Plan, inputs: Inputs) -> Markup:
    counts = plan.lines["list"].value_counts()
    listed = ", ".join(f"{texts(f'targets.list_{name}').lower()} {counts[name]}" for name in LISTS if name in counts)
    told = texts("targets.summary", n=len(plan.lines), lists=listed, gap=texts.percent(plan.gap))
    if inputs.calibration is None:
        random = inputs.visits[inputs.visits["list"].isin(RANDOM_LISTS)]
        points = texts("targets.points_risk", n=max(0, CALIBRATION_VISITS_N - int(random["found"].notna().sum())))
    else:
        risk = (plan.lines["score_0_10"] * plan.lines["p_top_k"]).fillna(0)
        finds, low, high = (texts.number(value) for value in inputs.calibration.expected_finds(risk))
        points = texts("targets.points_finds", n=inputs.calibration.visits_n, finds=finds, low=low, high=high)
    over = _over_the_limit(texts, plan, inputs)
    lines = Markup("<br>").join(line for line in (points, over) if line)
    return Markup('<p class="rb-page" role="status"><b>{}</b><br>{}</p>').format(told, lines)


def _over_the_limit(texts: Texts, plan: Plan, inputs: Inputs) -> str:
    """Say which regions get more visits than asked because the draw looks at no region; '' where none does."""
    counts = plan.lines["vr_code"].value_counts()
    over = [
        f"{inputs.region_names.get(code, code)} ({n})"
        for code, n in counts.items()
        if (most := plan.request.quota(str(code)).at_most) is not None and n > most
    ]
    return texts("targets.over_limit", regions=", ".join(over)) if over else ""


def _map(texts: Texts, store: ScopedStore, table: gpd.GeoDataFrame) -> None:
    shown = figures.open_picture(store, "vr", texts)
    assets, geometry = figures.map_files(store)
    points = table.geometry.to_crs(codes.CRS_WGS84)
    layer = SiteLayer(
        site_ids=tuple(table["site_id"]),
        names=tuple(table["name"]),
        kinds=tuple(table["kind"]),
        longitudes=tuple(points.x),
        latitudes=tuple(points.y),
        scores=tuple(table["score_0_10"]),
    )
    picture = MapPicture(
        areas=figures.area_layer(shown, shown.of_sector("")),
        texts=map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks),
        sites=layer,
        has_list=False,
    )
    live_map(picture, key="targets-map", assets=assets, geometry=geometry, height=_MAP_HEIGHT_PX)


def _lists(texts: Texts, store: ScopedStore, table: gpd.GeoDataFrame) -> None:
    """Show every list as a table; the name of a site leads to its page."""
    regions = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    table = plan_file.lines_in_words(table, store, texts.language)
    heads = [
        texts(f"targets.{name}") for name in ("site", "region", "kind", "week", "partners", "score", "chance", "reason")
    ]
    parts = []
    for name in LISTS:
        lines = table[table["list"] == name]
        if lines.empty:
            continue
        title = f"{texts(f'targets.list_{name}')} ({len(lines)})"
        rows = [_cells(texts, line, regions, sees_links=store.may("links_site")) for _, line in lines.iterrows()]
        if name not in RANDOM_LISTS:  # its lines were chosen: they had no chance in a draw
            rows = [[*row[:_CHANCE], *row[_CHANCE + 1 :]] for row in rows]
        shown = heads if name in RANDOM_LISTS else [*heads[:_CHANCE], *heads[_CHANCE + 1 :]]
        parts.append(tables.table(title, shown, rows, numeric=range(5, len(shown) - 1), is_caption_shown=True))
    links.linked(Markup().join(parts), key="targets-lists")


def _cells(texts: Texts, line: pd.Series, regions: dict[str, str], *, sees_links: bool) -> list[str]:
    label = line["site_name"]
    reason = line["reason"]
    if line["other_vr_codes"]:
        named = ", ".join(regions.get(code, code) for code in line["other_vr_codes"].split(";"))
        told = texts("targets.linked_all" if sees_links else "targets.linked", regions=named)
        reason += Markup('<br><span class="rb-muted">{}</span>').format(told)
    is_drawn = line["list"] in RANDOM_LISTS
    score = "" if pd.isna(line["score_0_10"]) else figures.score_told(texts, line["score_0_10"])
    return [
        links.link(label, page="sites", unit=line["site_id"]),
        line["region_name"],
        line["kind_name"],
        line["week_words"],
        line["partners"].replace(";", ", "),
        score,
        texts("targets.one_in", drawn=line["drawn_n"], n=line["stratum_n"]) if is_drawn else "",
        reason,
    ]


def _actions(texts: Texts, store: ScopedStore, plan: Plan, inputs: Inputs, table: gpd.GeoDataFrame) -> None:
    """Offer to keep the plan, and the files that leave the product."""
    if st.session_state.get("targets-kept"):
        st.success(texts("targets.kept", plan=st.session_state.pop("targets-kept")))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if may(store.viewer, Verb.RECORD, "plan_lines", ""):
            if st.button(texts("targets.keep"), type="primary", key="targets-keep"):
                name = plans.keep_draft(store, plan, inputs, texts.language)
                version = int(plans.lines_of(store, name)["plan_version"].max())
                st.session_state["targets-kept"] = plan_file.plan_words(name, texts.language, version=version)
                forget()
                st.rerun(scope="fragment")
        else:
            st.caption(texts("targets.may_not"))
        if not export.may_take_sites(store):
            return
        words = file_words(texts, classify.lacks_of(inputs.scored.scores))
        ending = choose(texts, texts("targets.export"), _ENDINGS, key="targets-ending", width=120)
        saving.offer(
            texts("targets.download"),
            _file(table, ending, store, texts.language),
            file_name=f"{words}-{inputs.peildatum:%Y-%m-%d}-{plan.seed}{ending}",
        )
        regions = sorted(table["vr_code"].unique())
        if regions:
            names = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
            code = choose(
                texts,
                texts("targets.sheet_region"),
                regions,
                key="targets-sheet",
                width=260,
                format_func=lambda one: names.get(one, one),
            )
            saving.offer(
                texts("targets.sheet_download"),
                _sheet(table, code, store, texts.language),
                file_name=f"{texts('targets.sheet_file')} {names.get(code, code)}.html",
                mime="text/html",
            )


def file_words(texts: Texts, lacks: Sequence[str]) -> str:
    """Return what the file of a plan is called: after what its picture lacks, too."""
    without = classify.without(lacks, texts.language)
    return "-".join(filter(None, [texts("targets.file"), without.replace(",", "").replace(" ", "-")]))


def _file(table: gpd.GeoDataFrame, ending: str, store: ScopedStore, language: str) -> Callable[[], bytes]:
    """Return what makes the file and leaves a line in the audit trail; it runs when somebody asks for it.

    The press draws nothing anew: a run of the page would take the file away before it is asked for.
    """

    def make() -> bytes:
        store.note_export("targets", len(table))
        with tempfile.TemporaryDirectory() as folder:
            if ending == ".csv":
                return files.csv_for_reader(table, language)
            path = Path(folder) / f"targets{ending}"
            files.write_table(table, path)
            return path.read_bytes()

    return make


def _sheet(table: gpd.GeoDataFrame, code: str, store: ScopedStore, language: str) -> Callable[[], bytes]:
    def make() -> bytes:
        store.note_export(f"sheet {code}", int((table["vr_code"] == code).sum()))
        return render(region_sheet(table, code, store, language), ".html")

    return make


def _left_out(texts: Texts, plan: Plan, inputs: Inputs) -> None:
    with st.expander(texts("targets.left_out")):
        out = target_table.left_out_table(plan, texts.language)
        if out.empty:
            st.caption(texts("targets.left_out_none"))
            return
        names = site_kinds.titles(plan.sites, texts)
        rows = [
            [
                names.get(row["site_id"], row["site_id"]),
                inputs.region_names.get(row["vr_code"], row["vr_code"]),
                site_kinds.name(row["kind"], texts),
                _points(texts, row["points"]),
                row["reason"],
            ]
            for row in out.to_dict("records")
        ]
        heads = [texts(f"targets.{name}") for name in ("site", "region", "kind", "points", "reason")]
        show(tables.table(texts("targets.left_out"), heads, rows, numeric=(3,)))


def _points(texts: Texts, points: float) -> str:
    """Return points; what one decimal would show as none as less than that."""
    return f"< {texts.number(_LEAST)}" if 0 < points < _LEAST / 2 else texts.number(points)


@st.cache_resource
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="prices")


def _prices(texts: Texts, plan: Plan) -> None:
    """Show what the quotas cost; worked out in the background, so that nobody waits for it."""
    with st.expander(texts("targets.prices")):
        known: tuple[int, Future[Any]] | None = st.session_state.get("targets-prices")
        if known is None or known[0] != id(plan):
            if known is not None:
                known[1].cancel()
            known = (id(plan), _workers().submit(targets.prices, plan))
            st.session_state["targets-prices"] = known
        every = None if known[1].done() else _POLL_SECONDS
        st.fragment(_price_table, run_every=every)(texts, known[1])


def _price_table(texts: Texts, future: "Future[pd.DataFrame]") -> None:
    if not future.done():
        st.caption(texts("targets.prices_busy"))
        return
    costs = future.result()
    costs = costs[costs["price"] > 0]
    if costs.empty:
        st.caption(texts("targets.prices_none"))
        return
    rows = [
        [limits.limit_text(limit, subject, texts.language), _points(texts, price)]
        for limit, subject, price in costs.to_numpy()
    ]
    st.caption(texts("targets.prices_help"))
    show(tables.table(texts("targets.prices"), [texts("targets.limit"), texts("targets.price")], rows, numeric=(1,)))


def _draw_find_out(texts: Texts, plan: Plan) -> None:
    """Draw the few sites where finding out brings most to the first of all sites; nothing where it brings nothing."""
    sites = plan.sites[plan.sites["finding_out_gain_0_10"] > 0]
    if sites.empty:
        return
    highest = sites.sort_values(["finding_out_gain_0_10", "site_id"], ascending=[False, True]).head(_LISTED_N)
    rows = []
    for site in highest.to_dict("records"):
        kind = site_kinds.name(site["kind"], texts)
        rows.append(
            [
                links.link(site_kinds.title(site, texts), page="sites", unit=site["site_id"]),
                kind,
                texts(f"sites.unknown_{site['not_ranked_reason'] or 'incomplete'}"),
                figures.gain_words(texts, site["finding_out_gain_0_10"]),
                texts(f"targets.list_{site['list']}") if site["list"] else "–",
            ]
        )
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "unknown", "gain")] + [texts("targets.list")]
    title = texts("targets.find_out_title")
    told = texts("targets.find_out_how", k=plan.request.capacity, n=len(sites))
    table = tables.table(title, heads, rows, numeric=(3,))
    links.linked(
        Markup('<section class="rb-page"><h3>{}</h3><p class="rb-muted">{}</p>{}</section>').format(title, told, table),
        key="targets-find-out",
    )


def _draw_request(texts: Texts, inputs: Inputs) -> tuple[Request, int]:
    """Draw the controls and return the request with its seed.

    Raises
    ------
    InputError
        A value is out of bounds.
    """
    first, more = st.container(), st.expander(texts("targets.more"))
    with more:
        base = _uploaded(texts)
    with first:
        request, seed = _first(texts, inputs, base)
    with more:
        return _more(texts, request), seed


def _first(texts: Texts, inputs: Inputs, base: Request) -> tuple[Request, int]:
    """Draw what nearly every plan sets."""
    capacity = st.number_input(texts("targets.capacity"), 1, 1_000, base.capacity, key="targets-capacity")
    percent = st.slider(
        texts("targets.audit_share"), 0, 100, round(100 * base.audit_share), step=5, key="targets-share"
    )
    columns = st.columns(2)
    each = base.each_region
    at_least = columns[0].number_input(texts("targets.at_least"), 0, 100, each.at_least, key="targets-least")
    at_most = columns[1].number_input(texts("targets.at_most"), 0, 1_000, each.at_most or 1_000, key="targets-most")
    seed = st.number_input(
        texts("targets.seed"),
        0,
        2**53 - 1,
        int(f"{inputs.peildatum:%Y%m%d}"),
        key="targets-seed",
        help=texts("targets.seed_help"),
    )
    request = change(
        base, capacity=int(capacity), audit_share=percent / 100, each_region=Quota(int(at_least), int(at_most))
    )
    return request, int(seed)


def _more(texts: Texts, base: Request) -> Request:
    """Draw what is seldom set: risers, interval, employers, hours, partners."""
    rising = st.number_input(texts("targets.rising"), 0, 1_000, base.rising, key="targets-rising")
    days = st.number_input(texts("targets.revisit_days"), 0, 3_650, base.revisit_days, key="targets-days")
    single = st.checkbox(texts("targets.one_per_employer"), base.one_per_employer, key="targets-employer")
    hours = st.number_input(texts("targets.hours"), 0.0, 100_000.0, base.hours, key="targets-hours")
    names = sorted({name for visit in base.kinds.values() for name in visit.partners})
    visits = {
        name: st.number_input(
            texts("targets.partner_visits", partner=name),
            0,
            1_000,
            base.partners.get(name),
            key=f"targets-partner-{name}",
        )
        for name in names
    }
    return change(
        base,
        rising=int(rising),
        revisit_days=int(days),
        one_per_employer=single,
        hours=hours,
        partners={name: int(n) for name, n in visits.items() if n is not None},
    )


def _uploaded(texts: Texts) -> Request:
    """Return the request of an uploaded file, or the default; a file that cannot be used says why."""
    given = st.file_uploader(texts("targets.upload"), type=["toml"], key="targets-upload")
    if given is None or given.size > _LONGEST_BYTES:
        return read_request()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.toml"
        path.write_bytes(given.getvalue())
        try:
            return read_request(path)
        except RisicobeeldError as error:
            frame.failure(texts, error)
            return read_request()
