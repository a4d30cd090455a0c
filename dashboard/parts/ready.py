"""What a page shows where a table that it needs is absent: what is missing, what it would bring, one button.

"Your filter matches nothing" is another state, with other words: this one is about the whole country.
"""

import html

import pandas as pd
import streamlit as st

from access.rights import Verb, rows_of
from access.viewer import may
from dashboard.parts import tables
from dashboard.parts.figures import official_model
from dashboard.shell import session
from door import readiness
from door.outlook import Outlook
from door.readiness import Ranking, Readiness
from door.store import ScopedStore
from door.table_states import State, TableState
from geodata import codes, site_kinds
from words import Texts

_PER_REGION = ("sites", "activations")
_OF_A_RANKING = frozenset(
    (
        "establishments",
        "establishments_rest",
        "incidence",
        "incidence_other",
        "incidence_rest",
        "incidence_stale",
    )
)


def of(store: ScopedStore) -> Readiness:
    """Return how the tables behind a page stand."""
    return readiness.of(store, official_model().disease)


def ranks(texts: Texts, store: ScopedStore, what: Ranking, *, title: str = "ready.no_ranking") -> bool:
    """Tell whether a page may show its ranking; where it may not, draw what is missing instead.

    Parameters
    ----------
    title
        Name of the words that say what is not here.
    """
    ready = of(store)
    step = ready.missing(what)
    if not step:
        return True
    tell(texts, store, ready, step, title)
    return False


def tell(texts: Texts, store: ScopedStore, ready: Readiness, step: str, title: str) -> None:
    """Draw what is missing, what it would bring, one button, and what there is already."""
    sentence, brings = ready.sentence(step, texts.language, is_command=False), texts(f"ready.brings.{step}")
    why = f'<p class="rb-muted">{html.escape(texts("ready.why_not"))}</p>' if step in _OF_A_RANKING else ""
    told = (
        f'<section class="rb-page rb-ready" role="status"><h2>{html.escape(texts(title))}</h2>'
        f"<p><b>{html.escape(sentence)}</b> {html.escape(brings)}</p>"
        f"{why}</section>"
    )
    st.html(told)
    _button(texts, store, step)
    workers = _workers(texts, store, ready) if step in _OF_A_RANKING else ""
    st.html(f'<section class="rb-page">{what_there_is(texts, ready)}{workers}</section>')


def _button(texts: Texts, store: ScopedStore, step: str) -> None:
    """Lead to where the step is done; who may not do it is told who can."""
    if step == "activations":
        if st.button(texts("ready.button_register"), type="primary", key="ready-register"):
            session.open_page("register")
    elif not may(store.viewer, Verb.MANAGE, "sources"):
        st.caption(texts("ready.ask"))
    elif st.button(texts("ready.button"), type="primary", key="ready-data"):
        session.open_page("data")


def what_there_is(texts: Texts, ready: Readiness) -> str:
    """Return the tables with their state, date and cover (HTML)."""
    heads = [texts(f"ready.{name}") for name in ("table", "state", "as_of", "cover", "rows")]
    rows = [_row(texts, one) for one in ready.tables.values()]
    return tables.table(texts("ready.what_there_is"), heads, rows, numeric=(4,), is_caption_shown=True)


def brought(texts: Texts, brings: Outlook) -> str:
    """Return what goes on or off with an import, and what the picture still lacks (HTML)."""
    sentences = [html.escape(one) for one in brings.sentences(texts.language, is_command=False)]
    said = "".join(f"<li>{one}</li>" for one in sentences if not one.startswith(" "))
    steps = "".join(f"<li>{one.strip()}</li>" for one in sentences if one.startswith(" "))
    listed = f"{said.removesuffix('</li>')}<ul>{steps}</ul></li>" if steps else said  # the last sentence is of them
    return f'<h4>{html.escape(texts("outlook.title"))}</h4><ul class="rb-receipt">{listed}</ul>'


def _row(texts: Texts, one: TableState) -> list[str]:
    day = texts.day(pd.Timestamp(one.as_of).date()) if one.as_of else "–"
    unit = "regions" if one.name in _PER_REGION else "gemeenten"
    cover = texts(f"ready.cover_{unit}", n=one.covered_n, all=one.whole_n, percent=texts.percent(one.covered_pct / 100))
    if one.name == "sites" and one.kinds:
        cover += ": " + ", ".join(f"{site_kinds.name(kind, texts).lower()} {n}" for kind, n in one.kinds.items())
    return [
        html.escape(texts(f"ready.tables.{one.name}")),
        html.escape(texts(f"ready.states.{one.state}")),
        html.escape(day),
        html.escape("–" if one.state in (State.ABSENT, State.OTHER) else cover),
        texts.number(one.rows_n, 0),
    ]


def _workers(texts: Texts, store: ScopedStore, ready: Readiness) -> str:
    """Return how many people work in each region (HTML): size alone, and no risk; '' where nobody knows."""
    if not ready.has("exposure") or rows_of(store.viewer.role, "persons") is None:
        return ""
    names = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    persons = store.persons("workers_n")
    together = persons[(persons["sector_code"] == "") & persons["vr_code"].isin(names)]
    together = together.sort_values("workers_n", ascending=False, na_position="last")
    most = together["workers_n"].max()
    rows = [
        [
            html.escape(names[row.vr_code]),
            html.escape(texts("ready.workers_withheld"))
            if pd.isna(row.workers_n)
            else f'<meter min="0" max="{most:.0f}" value="{row.workers_n:.0f}" aria-hidden="true"></meter> '
            f"{texts.number(row.workers_n, 0)}",
        ]
        for row in together.itertuples()
    ]
    heads = [texts("ready.workers_region"), texts("ready.workers_n")]
    table = tables.table(texts("ready.workers"), heads, rows, numeric=(1,), kind="rb-sizes", is_caption_shown=True)
    return f"{table}<p class='rb-muted'>{html.escape(texts('ready.workers_how'))}</p>"


def lists_cover(texts: Texts, stands: Readiness) -> str:
    """Say of which kinds no list covers the whole country (HTML): there a gap is not none; '' where all do."""
    part = {kind: n for kind, n in stands["sites"].kinds.items() if n < len(codes.VR_CODES)}
    if stands.is_demonstration or not part:
        return ""
    kinds = ", ".join(f"{site_kinds.name(kind, texts).lower()} {n}" for kind, n in part.items())
    told = texts("ready.lists_cover", kinds=kinds, regions_n=len(codes.VR_CODES))
    return f'<p class="rb-page rb-muted" role="note">{html.escape(told)}</p>'
