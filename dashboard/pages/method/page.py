"""The method: what is computed and why, made from the model itself; and what other weights would do."""

import streamlit as st
from markupsafe import Markup

from access.rights import rows_of
from dashboard.pages.method import document
from dashboard.pages.method import other_weights as what_if
from dashboard.parts import figures, ready, tables
from dashboard.parts import reasons as why
from dashboard.parts.figures import official_model
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from door.readiness import Ranking
from door.store import ScopedStore
from geodata.snapshots import formats as files
from risk.index.model import MODEL_FILE
from risk.insight import method
from risk.scores import outputs
from words import Texts

_PARTS = ("words", "what_if", "with_without", "intervals", "seasons")
_OF_SCORES = ("what_if", "with_without", "intervals")


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
        what_if.draw(texts, store)
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
            what_if.place(row["rank"]),
            *(
                Markup('{} <span class="rb-muted">{}</span>').format(
                    what_if.place(row[f"rank_without_{code}"]), what_if.moved(row["rank"] - row[f"rank_without_{code}"])
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
