"""The method: what is computed and why, made from the model itself; and what other weights would do."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access import profiles
from access.profiles import Profile
from access.rights import rows_of
from dashboard.pages.method import document
from dashboard.parts import figures, ready, tables
from dashboard.parts import reasons as why
from dashboard.parts.figures import official_model
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose, dealt_with
from dashboard.shell.markup import show
from door.readiness import Ranking
from door.store import ScopedStore
from geodata.errors import RisicobeeldError
from geodata.snapshots import formats as files
from risk.index.declaration import Dimension, Route
from risk.index.model import MODEL_FILE
from risk.insight import method
from risk.scores import outputs
from words import Texts

_PARTS = ("words", "what_if", "with_without", "intervals", "seasons")
_OF_SCORES = ("what_if", "with_without", "intervals")
_SURFACE: Final = "page method"
_BESIDE_MOST_N: Final = 3
_LEVEL: Final = "vr"


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("page.method"), texts("method.intro"))
    _page()


@st.fragment
@frame.guarded
def _page() -> None:
    """Draw the chosen part of the page; a choice in here redraws only this."""
    texts = session.texts()
    store, _ = session.store()
    part = _choose_part(texts) if rows_of(store.viewer.role, "scores_vr") else "words"
    if part in _OF_SCORES and not ready.ranks(texts, store, Ranking.AREAS):
        return
    if part == "what_if":
        draw(texts, store)
    elif part == "with_without":
        show(_with_without(texts, store))
    elif part == "intervals":
        _intervals(texts, store)
    elif part == "seasons":
        show(Markup('<p class="rb-page">{}</p>').format(texts("chart.seasons_how")))
        from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

        charts.seasons(texts, official_model().seasons)
    else:
        _words(texts)


def _choose_part(texts: Texts) -> str:
    st.session_state["method-part"] = session.selection().part or "words"
    choose(
        texts,
        texts("method.parts"),
        _PARTS,
        how="segmented_control",
        key="method-part",
        label_visibility="collapsed",
        format_func=lambda part: texts(f"method.{part}"),
        on_change=lambda: session.select(part=_part_in_address(st.session_state["method-part"])),
    )
    return st.session_state["method-part"] or "words"


def _part_in_address(part: str | None) -> str:
    return part if part and part != "words" else ""


def _words(texts: Texts) -> None:
    """Show the method in words, with the index and its weights to take away."""
    model = official_model()
    with st.container(horizontal=True):
        saving.offer(
            texts("method.download_index"),
            MODEL_FILE.read_bytes(),
            f"index-{model.version}.toml",
            mime="application/toml",
        )
        saving.offer(
            texts("method.download_weights"),
            lambda: _weights_file(texts.language),
            f"weights-{model.version}.csv",
            mime="text/csv",
        )
    show(Markup('<div class="rb-page">{}</div>').format(document.to_html(method.document(model, texts.language))))


def _weights_file(language: str) -> bytes:
    table = files.neutralise_formulas(method.weights_table(official_model(), language))
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _intervals(texts: Texts, store: ScopedStore) -> None:
    """Show how sure each place in the ranking is, of the sector that the address names."""
    shown, sector = figures.open_picture(store, "vr", texts), session.selection().sector
    name = why.sector_name(texts, shown, sector)
    show(Markup('<p class="rb-page">{}</p>').format(texts("chart.intervals_how", sector=name)))
    from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

    charts.rank_intervals(texts, shown.of_sector(sector), shown.names, shown.ranked_n(sector))


def _with_without(texts: Texts, store: ScopedStore) -> Markup:
    """Show the ranking with and without the history of finds and the counts by origin."""
    shown = figures.open_picture(store, "vr", texts)
    model = official_model()
    table = outputs.rankings(store)
    names = [model.indicator(code).name[texts.language] for code in method.SWITCHES]
    rows = [
        [
            shown.names[row["area_code"]],
            place(row["rank"]),
            *(
                Markup('{} <span class="rb-muted">{}</span>').format(
                    place(row[f"rank_without_{code}"]), moved(row["rank"] - row[f"rank_without_{code}"])
                )
                for code in method.SWITCHES
            ),
        ]
        for row in table.to_dict("records")
    ]
    heads = [texts("method.area"), texts("method.place"), *(texts("method.without", name=name) for name in names)]
    listed = tables.table(texts("method.with_without"), heads, rows, numeric=range(1, 4))
    how = texts("method.with_without_how")
    return Markup('<section class="rb-page"><p>{}</p>{}</section>').format(how, listed)


def draw(texts: Texts, store: ScopedStore) -> None:
    """Let the viewer move the weights, and show what that does to the ranking."""
    index = official_model().areas
    dimensions = {dimension.code: dimension for dimension in index.dimensions}
    routes = {route.code: route for route in index.routes if route.code not in dimensions}
    parts: dict[str, Dimension | Route] = {**dimensions, **routes}
    national = {code: part.weight for code, part in parts.items()}
    kept = _mine(store, frozenset(parts))
    show(Markup('<p class="rb-page">{}</p>').format(texts("method.what_if_how")))
    slide_side, table_side = st.columns([1, 2], gap="medium")
    with slide_side:
        _choose(texts, kept, national)
        st.button(texts("method.reset"), on_click=_put, args=(national,))
        weights = {code: _slider(texts, code, part.name[texts.language], part.weight) for code, part in parts.items()}
        if rows_of(store.viewer.role, "weight_profiles"):
            _keep(texts, store, kept, weights)
    if not any(weights[code] for code in dimensions) or not any(weights[code] for code in routes):
        table_side.info(texts("method.nothing_left"))
        return
    with table_side:
        others = _compared_profiles(texts, kept)
        trials = [
            outputs.what_if(store, _LEVEL, session.selection().sector, one.weights, official_model()) for one in others
        ]
        trial = outputs.what_if(store, _LEVEL, session.selection().sector, weights, official_model())
        show(_table(texts, store, trial, list(zip(others, trials, strict=True))))


def _mine(store: ScopedStore, codes: frozenset[str]) -> dict[str, Profile]:
    """Return the viewer's profiles whose weights are those of this model, by identity."""
    if not rows_of(store.viewer.role, "weight_profiles"):
        return {}
    return {one.profile_id: one for one in profiles.mine(store.viewer) if set(one.weights) == codes}


def _label(one: Profile, kept: Mapping[str, Profile]) -> str:
    owners = {other.owner for other in kept.values()}
    return f"{one.name} ({one.owner})" if len(owners) > 1 else one.name


def _choose(texts: Texts, kept: Mapping[str, Profile], national: Mapping[str, float]) -> None:
    """Let the viewer take the weights of a profile; the sliders show them."""
    if st.session_state.get("profile") not in kept:
        st.session_state["profile"] = ""

    def take() -> None:
        chosen = kept.get(st.session_state["profile"] or "")
        _put(chosen.weights if chosen else national)

    if kept:
        choose(
            texts,
            texts("profile.choose"),
            ["", *kept],
            key="profile",
            on_change=take,
            format_func=lambda code: _label(kept[code], kept) if code else texts("profile.national"),
        )


def _put(weights: Mapping[str, float]) -> None:
    for code, weight in weights.items():
        st.session_state[f"weight-{code}"] = round(100 * weight)


def _slider(texts: Texts, code: str, name: str, official: float) -> float:
    """Draw a weight as a slider; untouched it gives the official weight, unrounded."""
    percent = round(100 * official)
    st.session_state.setdefault(f"weight-{code}", percent)
    label = texts("method.weight", name=name, percent=texts.percent(official))
    chosen = st.slider(label, 0, 100, key=f"weight-{code}")
    return official if chosen == percent else chosen / 100


def _keep(texts: Texts, store: ScopedStore, kept: Mapping[str, Profile], weights: Mapping[str, float]) -> None:
    """Let the viewer keep these weights under a name, and rename or delete the chosen profile."""
    if told := st.session_state.pop("profile-told", ""):
        st.success(texts(told))
    chosen = kept.get(st.session_state["profile"] or "")
    with st.expander(texts("profile.keep")):
        st.caption(texts("profile.keep_how"))
        try:
            _form(texts, store, chosen, weights)
        except RisicobeeldError as error:
            frame.failure(texts, error)


def _form(texts: Texts, store: ScopedStore, chosen: Profile | None, weights: Mapping[str, float]) -> None:
    owners = profiles.owners(store.viewer)
    with st.form("profile-form", border=False):
        name = st.text_input(texts("profile.name"), chosen.name if chosen else "", max_chars=profiles.LONGEST_NAME)
        owner = choose(texts, texts("region.choose"), owners, key="profile-owner") if len(owners) > 1 else owners[0]
        if st.form_submit_button(texts("profile.save"), type="primary"):
            version = official_model().version
            profiles.save(store.viewer, name, weights, version, owner=owner, surface=_SURFACE)
            _done("profile.saved")
        if chosen and st.form_submit_button(frame.label(texts, "profile.rename", name=chosen.name)):
            profiles.rename(store.viewer, chosen.profile_id, name, surface=_SURFACE)
            _done("profile.renamed")
        if chosen and st.form_submit_button(frame.label(texts, "profile.delete", name=chosen.name)):
            profiles.delete(store.viewer, chosen.profile_id, surface=_SURFACE)
            dealt_with("profiles-beside")
            _done("profile.deleted")


def _done(told: str) -> None:
    st.session_state["profile-told"] = told
    st.rerun(scope="fragment")


def _compared_profiles(texts: Texts, kept: Mapping[str, Profile]) -> list[Profile]:
    """Let the viewer choose which profiles are compared with the national version."""
    if not kept:
        return []
    chosen = choose(
        texts,
        texts("profile.beside"),
        kept,
        how="multiselect",
        format_func=lambda code: _label(kept[code], kept),
        max_selections=_BESIDE_MOST_N,
        placeholder=texts("profile.beside_none"),
        key="profiles-beside",
    )
    return [kept[code] for code in chosen]


def _table(
    texts: Texts, store: ScopedStore, trial: outputs.Trial, others: Sequence[tuple[Profile, outputs.Trial]]
) -> Markup:
    shown = figures.open_picture(store, _LEVEL, texts)
    told = [_stability(texts, texts("profile.sliders"), trial)] if others else [_stability(texts, "", trial)]
    told += [_stability(texts, one.name, other) for one, other in others]
    ranks = [other.ranks.set_index("unit_id")["rank_what_if"] for _, other in others]
    rows = [
        [
            shown.names[row.area_code],
            f"{int(row.rank)}",
            f"{int(row.rank_what_if)}",
            moved(row.rank - row.rank_what_if),
            figures.score_told(texts, row.score_0_10),
            figures.score_told(texts, row.score_0_10_what_if),
            *(place(other.get(row.unit_id)) for other in ranks),
        ]
        for row in trial.ranks.itertuples()
    ]
    heads = [texts(f"method.{name}") for name in ("area", "place", "place_then", "moved", "score", "score_then")]
    heads += [texts("profile.place", name=one.name) for one, _ in others]
    table = tables.table(texts("method.what_if"), heads, rows, numeric=range(1, len(heads)))
    lines = Markup("<br>").join(Markup("<b>{}</b>").format(line) for line in told)
    return Markup('<section class="rb-page"><p role="status">{}</p>{}</section>').format(lines, table)


def _stability(texts: Texts, name: str, trial: outputs.Trial) -> str:
    told = texts("method.stability", stays=trial.stays_n, k=trial.k_n, agreement=texts.number(trial.agreement, 2))
    return f"{name}: {told}" if name else told


def moved(places: float) -> str:
    """Return how many places a unit rose or fell, as a sign and a figure.

    Examples
    --------
    >>> moved(3), moved(-2), moved(0)
    ('▲ 3', '▼ 2', '=')
    """
    if pd.isna(places):
        return ""
    if not places:
        return "="
    return f"{'▲' if places > 0 else '▼'} {abs(int(places))}"


def place(rank: float | None) -> str:
    """Return a place in a ranking, a dash for a unit that has none."""
    return "–" if rank is None or pd.isna(rank) else f"{int(rank)}"
