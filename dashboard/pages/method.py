"""The method: what is computed and why, made from the model itself; and what other weights would do."""

import html

import pandas as pd
import streamlit as st

from dashboard import board, document, frame, session, tables
from dashboard.board import official_model
from dashboard.text import Texts
from geodata import store as files
from geodata.access import ScopedStore
from geodata.rules import rows_of
from risk import method, outputs
from risk.model import MODEL_FILE

_PARTS = ("words", "what_if", "with_without")


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
    if part == "what_if":
        _what_if(texts, store)
    elif part == "with_without":
        st.html(_with_without(texts, store))
    else:
        _words(texts)


def _choose_part(texts: Texts) -> str:
    st.session_state["method-part"] = session.selection().part or "words"
    st.segmented_control(
        texts("method.parts"), _PARTS, key="method-part", label_visibility="collapsed",
        format_func=lambda part: texts(f"method.{part}"),
        on_change=lambda: session.select(part=_beside_default(st.session_state["method-part"])),
    )  # fmt: skip
    return st.session_state["method-part"] or "words"


def _beside_default(part: str | None) -> str:
    return part if part and part != "words" else ""


def _words(texts: Texts) -> None:
    """Show the method in words, with the index and its weights to take away."""
    model = official_model()
    with st.container(horizontal=True):
        st.download_button(
            texts("method.download_index"), MODEL_FILE.read_bytes(), f"index-{model.version}.toml",
            mime="application/toml", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            texts("method.download_weights"), lambda: _weights_file(texts.language), f"weights-{model.version}.csv",
            mime="text/csv", on_click="ignore",
        )  # fmt: skip
    st.html(f'<div class="rb-page">{document.to_html(method.document(model, texts.language))}</div>')


def _weights_file(language: str) -> bytes:
    table = files.neutralise_formulas(method.weights_table(official_model(), language))
    return table.to_csv(index=False, lineterminator="\n").encode()


def _what_if(texts: Texts, store: ScopedStore) -> None:
    """Let the viewer move the weights, and show what that does to the ranking."""
    index = official_model().areas
    dimensions = {dimension.code: dimension for dimension in index.dimensions}
    routes = {route.code: route for route in index.routes if route.code not in dimensions}
    st.html(f'<p class="rb-page">{html.escape(texts("method.what_if_how"))}</p>')
    slide_side, table_side = st.columns([1, 2], gap="medium")
    parts = {**dimensions, **routes}
    with slide_side:
        st.button(texts("method.reset"), on_click=_reset, args=({code: part.weight for code, part in parts.items()},))
        weights = {code: _slider(texts, code, part.name[texts.language], part.weight) for code, part in parts.items()}
    if not any(weights[code] for code in dimensions) or not any(weights[code] for code in routes):
        table_side.info(texts("method.nothing_left"))
        return
    trial = outputs.what_if(store, "vr", session.selection().sector, weights)
    table_side.html(_trial(texts, store, trial))


def _reset(official: dict[str, float]) -> None:
    for code, weight in official.items():
        st.session_state[f"weight-{code}"] = round(100 * weight)


def _slider(texts: Texts, code: str, name: str, official: float) -> float:
    """Draw a weight as a slider; untouched it gives the official weight, unrounded."""
    percent = round(100 * official)
    st.session_state.setdefault(f"weight-{code}", percent)
    label = texts("method.weight", name=name, percent=texts.percent(official))
    chosen = st.slider(label, 0, 100, key=f"weight-{code}")
    return official if chosen == percent else chosen / 100


def _trial(texts: Texts, store: ScopedStore, trial: outputs.Trial) -> str:
    shown = board.open_board(store, "vr", texts)
    told = texts(
        "method.stability", stays=trial.stays_n, k=trial.k_n, agreement=texts.number(trial.agreement, 2)
    )  # fmt: skip
    rows = [
        [
            html.escape(shown.names[row.area_code]),
            f"{int(row.rank)}",
            f"{int(row.rank_what_if)}",
            _moved(row.rank - row.rank_what_if),
            texts.number(row.score_0_10),
            texts.number(row.score_0_10_what_if),
        ]
        for row in trial.ranks.itertuples()
    ]
    heads = [texts(f"method.{name}") for name in ("area", "place", "place_then", "moved", "score", "score_then")]
    table = tables.table(texts("method.what_if"), heads, rows, numeric=range(1, 6))
    return f'<section class="rb-page"><p role="status"><b>{html.escape(told)}</b></p>{table}</section>'


def _moved(places: float) -> str:
    if pd.isna(places):
        return ""
    if not places:
        return "="
    return f"{'▲' if places > 0 else '▼'} {abs(int(places))}"


def _with_without(texts: Texts, store: ScopedStore) -> str:
    """Show the ranking with and without the history of finds and the counts by origin."""
    shown = board.open_board(store, "vr", texts)
    model = official_model()
    table = outputs.rankings(store)
    names = [model.indicator(code).name[texts.language] for code in method.SWITCHES]
    rows = [
        [
            html.escape(shown.names[row["area_code"]]),
            _place(row["rank"]),
            *(
                f"{_place(row[f'rank_without_{code}'])} "
                f'<span class="rb-muted">{_moved(row["rank"] - row[f"rank_without_{code}"])}</span>'
                for code in method.SWITCHES
            ),
        ]
        for row in table.to_dict("records")
    ]
    heads = [texts("method.area"), texts("method.place"), *(texts("method.without", name=name) for name in names)]
    listed = tables.table(texts("method.with_without"), heads, rows, numeric=range(1, 4))
    how = html.escape(texts("method.with_without_how"))
    return f'<section class="rb-page"><p>{how}</p>{listed}</section>'


def _place(rank: float) -> str:
    return "–" if pd.isna(rank) else f"{int(rank)}"
