"""What a page shows where a table that it needs is absent: what is missing, what it would bring, one button.

"Your filter matches nothing" is another state, with other words: this one is about the whole country.
"""

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb, rows_of
from access.viewer import may
from dashboard.parts import tables
from dashboard.parts.figures import official_model
from dashboard.shell import session
from dashboard.shell.markup import show
from door import readiness
from door.readiness import Outlook, Ranking, Readiness, State, TableState
from door.store import ScopedStore
from geodata import codes, site_kinds
from words import Texts

_COVERED_UNITS = {"sites": "lists", "activations": "regions"}
_ESTIMATED_DIGITS = 3  # an estimate of workers supports no more
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
    """Draw what is missing, what it would bring, one button, and what there is already.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    ready
        What is there and what is missing.
    step
        The next one (`door.readiness`).
    title
        Of the words over the box.
    """
    sentence, brings = ready.sentence(step, texts.language, is_command=False), texts(f"ready.brings.{step}")
    why = Markup('<p class="rb-muted">{}</p>').format(texts("ready.why_not")) if step in _OF_A_RANKING else ""
    told = Markup(
        '<section class="rb-page rb-ready" role="status"><h2>{title}</h2>'
        "<p><b>{sentence}</b> {brings}</p>"
        "{why}</section>"
    ).format(title=texts(title), sentence=sentence, brings=brings, why=why)
    show(told)
    _button(texts, store, step)
    workers = _workers(texts, store, ready) if step in _OF_A_RANKING else ""
    show(Markup('<section class="rb-page">{}{}</section>').format(what_there_is(texts, ready), workers))


def _button(texts: Texts, store: ScopedStore, step: str) -> None:
    """Lead to where the step is done; who may not do it is told who can."""
    if step == "activations":
        if st.button(texts("ready.button_register"), type="primary", key="ready-register"):
            session.open_page("register")
    elif not may(store.viewer, Verb.MANAGE, "sources"):
        st.caption(texts("ready.ask"))
    elif st.button(texts("ready.button"), type="primary", key="ready-data"):
        session.open_page("data")


def what_there_is(texts: Texts, ready: Readiness) -> Markup:
    """Return the tables with their state, date and cover (HTML)."""
    heads = [texts(f"ready.{name}") for name in ("table", "state", "as_of", "cover", "rows")]
    rows = [_row(texts, one) for one in ready.tables.values()]
    return tables.table(texts("ready.what_there_is"), heads, rows, numeric=(4,), is_caption_shown=True)


def brought(texts: Texts, brings: Outlook) -> Markup:
    """Return what goes on or off with an import, and what the picture still lacks (HTML)."""
    sentences = brings.sentences(texts.language, is_command=False)
    said = [one for one in sentences if not one.startswith(" ")]
    steps = Markup().join(Markup("<li>{}</li>").format(one.strip()) for one in sentences if one.startswith(" "))
    under = Markup("<ul>{}</ul>").format(steps) if steps else ""  # the last sentence is of them
    listed = Markup().join(
        Markup("<li>{}{}</li>").format(one, under if number == len(said) else "")
        for number, one in enumerate(said, start=1)
    )
    return Markup('<h4>{}</h4><ul class="rb-receipt">{}</ul>').format(texts("outlook.title"), listed)


def _row(texts: Texts, one: TableState) -> list[str]:
    day = texts.day(pd.Timestamp(one.as_of).date()) if one.as_of else "–"
    unit = _COVERED_UNITS.get(one.name, "gemeenten")
    cover = texts(f"ready.cover_{unit}", n=one.covered_n, all=one.whole_n, percent=_share(texts, one))
    if one.name == "sites" and one.kinds:
        cover += ": " + ", ".join(
            texts("ready.cover_kind", kind=site_kinds.name(kind, texts).lower(), n=n, named_n=one.named.get(kind, 0))
            for kind, n in one.kinds.items()
        )
    return [
        texts(f"ready.tables.{one.name}"),
        texts(f"ready.states.{one.state}"),
        day,
        "–" if one.state in (State.ABSENT, State.OTHER) else cover,
        "–" if one.state is State.ABSENT else texts.number(one.rows_n, 0),
    ]


def _share(texts: Texts, one: TableState) -> str:
    """Return how much is covered; what is not whole is never told as 100%."""
    share = one.covered_pct / 100
    return texts.percent(share if one.covered_n == one.whole_n else min(share, 0.99))


def _workers(texts: Texts, store: ScopedStore, ready: Readiness) -> Markup:
    """Return how many people work in each region (HTML): size alone, and no risk; '' where nobody knows."""
    if not ready.has("exposure") or rows_of(store.viewer.role, "persons") is None:
        return Markup()
    names = dict(store.table("veiligheidsregios")[["vr_code", "vr_name"]].to_numpy())
    persons = store.persons("workers_n")
    together = persons[(persons["sector_code"] == "") & persons["vr_code"].isin(names)]
    together = together.sort_values("workers_n", ascending=False, na_position="last")
    most = together["workers_n"].max()
    rows = [
        [
            names[row.vr_code],
            texts("ready.workers_withheld")
            if pd.isna(row.workers_n)
            else Markup('<meter min="0" max="{:.0f}" value="{:.0f}" aria-hidden="true"></meter><span>{}</span>').format(
                most, row.workers_n, texts.number(float(f"{row.workers_n:.{_ESTIMATED_DIGITS}g}"), 0)
            ),
        ]
        for row in together.itertuples()
    ]
    heads = [texts("ready.workers_region"), texts("ready.workers_n")]
    table = tables.table(texts("ready.workers"), heads, rows, numeric=(1,), kind="rb-sizes", is_caption_shown=True)
    return Markup("{}<p class='rb-muted'>{}</p>").format(table, texts("ready.workers_how"))


def lists_cover(texts: Texts, stands: Readiness) -> Markup:
    """Say of which kinds no list covers the whole country (HTML): there a gap is not none; '' where all do."""
    part = {kind: n for kind, n in stands["sites"].kinds.items() if n < len(codes.VR_CODES)}
    if stands.is_demonstration or not part:
        return Markup()
    kinds = ", ".join(f"{site_kinds.name(kind, texts).lower()} {n}" for kind, n in part.items())
    told = texts("ready.lists_cover", kinds=kinds, regions_n=len(codes.VR_CODES))
    return Markup('<p class="rb-page rb-muted" role="note">{}</p>').format(told)
