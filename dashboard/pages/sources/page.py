"""Sources and quality: where every figure comes from, how old it is, what is missing and who can better it."""

from datetime import date, datetime

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access import audit
from access.rights import Verb, rows_of
from access.viewer import may
from dashboard.parts import figures, progress, quality, ready, remarks, tables
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from dashboard.shell import frame, session
from dashboard.shell.markup import show
from door.readiness import Ranking
from door.store import ScopedStore
from geodata.refresh import fetch as fetching
from geodata.refresh import health
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from geodata.sources.registry import chosen
from words import Texts

_OWN_LICENCES = {
    "van het bestand": "sources.licence_of_file",
    "niet openbaar": "sources.licence_closed",
    "zie LICENCES.txt in de bundel": "sources.licence_of_bundle",
    "Publiek domein": "sources.licence_domain",
}
"""What the catalogue says in Dutch in place of the name of a licence."""


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("page.sources"), texts("sources.intro"))
    stands = ready.of(store)
    sees = rows_of(store.viewer.role, "scores_vr") and stands.may_rank(Ranking.AREAS)
    shown = figures.open_picture(store, "vr", texts) if sees else None
    step = stands.next_step()
    told = Markup("<p><b>{}</b></p>").format(stands.sentence(step, texts.language, is_command=False)) if step else ""
    show(Markup('<section class="rb-page">{}{}</section>').format(ready.what_there_is(texts, stands), told))
    peildatum = shown.scored.peildatum.date() if shown else None
    parts = [_sources(texts, store, peildatum)]
    if shown is not None:
        parts += [_regions(texts, shown), _indicators(texts, shown)]
    if may(store.viewer, Verb.MANAGE, "sources"):
        remarks.listed(texts, store)
        _refresh(texts, store)
    show(Markup('<div class="rb-page">{}</div>').format(Markup().join(parts)))


def _refresh(texts: Texts, store: ScopedStore) -> None:
    """Let LOT-C fetch every source anew; what is stopped half-way changes nothing."""
    asked = st.button(texts("sources.refresh"), help=texts("sources.refresh_how"))
    progress.tell_stopped(texts)
    if asked:
        names = list(chosen([]))
        audit.note("refresh", who=store.viewer.who, role=str(store.viewer), surface=store.surface)
        with progress.shown(texts, texts("sources.refreshing")) as step:
            st.session_state["refreshed"] = fetching.refresh_sources(
                [], progress_of=progress.of_sources(step, names, texts.language)
            )
        st.rerun()
    if outcomes := st.session_state.pop("refreshed", []):
        rows = [
            [
                catalogue.title(one.source_id, texts.language),
                texts(f"sources.{one.state}"),
                texts.number(one.rows_n, 0),
                Markup('<span lang="en">{}</span>').format(one.message),
            ]
            for one in outcomes
        ]
        heads = [texts(f"sources.{name}") for name in ("source", "status", "rows", "said")]
        listed = tables.table(texts("sources.refreshed"), heads, rows, numeric=(2,), is_caption_shown=True)
        show(Markup('<section class="rb-page">{}</section>').format(listed))


def _sources(texts: Texts, store: ScopedStore, peildatum: date | None) -> Markup:
    attempts, today = health.read(), peildatum or datetime.now().astimezone().date()
    rows = [source_row(texts, record, peildatum, health.word(record, attempts, today)) for record in store.sources]
    told = texts("picture.peildatum", day=texts.day(peildatum)) if peildatum else ""
    version = texts("sources.version", data=store.data_version)
    failing = Markup().join(
        Markup("<p>{}</p>").format(
            texts("sources.failing", source=catalogue.title(name, texts.language), error=one.error)
        )
        for name, one in attempts.items()
        if one.error
    )
    heads = [texts(f"sources.{name}") for name in ("source", "publisher", "licence", "date", "age", "rows", "status")]
    listed = tables.table(texts("sources.caption"), [*heads, texts("sources.health")], rows, numeric=(5,))
    return Markup('<p class="rb-muted">{}</p>{}{}').format(f"{told} · {version}".strip(" ·"), listed, failing)


def source_row(texts: Texts, record: SourceRecord, peildatum: date | None, state: str) -> list[str]:
    """Return the cells of a source (HTML), in the reader's language but for what a publisher prescribes.

    Parameters
    ----------
    texts
        Words of the reader's language.
    record
        Of the delivery that is in use.
    peildatum
        Date of the picture, None without one.
    state
        Health in one word (`geodata.refresh.health`).
    """
    declared = catalogue.source(record.source_id)
    day = _day(record.source_date)
    link = Markup("{}").format(catalogue.title(record.source_id, texts.language))
    if record.address.startswith("https://"):
        link = Markup('<a href="{}" rel="noopener">{}</a>').format(record.address, link)
    is_own = declared.address == "bestand"
    return [
        Markup('{}<br><span class="rb-muted">{}</span>').format(link, declared.credit(texts.language)),
        texts("sources.of_user") if is_own else Markup('<span lang="nl">{}</span>').format(declared.publisher),
        texts(_OWN_LICENCES[record.licence]) if record.licence in _OWN_LICENCES else record.licence,
        texts.day(day) if day else record.source_date,
        _age(texts, day, peildatum) if day and peildatum else "",
        texts.number(record.rows_n, 0),
        texts(f"status.{declared.status}"),
        texts(f"health.{state}"),
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _age(texts: Texts, day: date, peildatum: date) -> str:
    """Say how much older (or later) a source is than the peildatum, in the unit that reads best."""
    days = (peildatum - day).days
    if days == 0:
        return texts("sources.same_day")
    size = abs(days)
    unit, n = ("days", size) if size < 60 else ("months", round(size / 30.4)) if size < 730 else ("years", size // 365)
    return texts("sources.older" if days > 0 else "sources.later", age=texts(f"sources.{unit}", n=n))


def _quality_row(texts: Texts, shares: pd.Series) -> list[str]:
    cells = [texts.percent(shares[status]) if shares[status] else "–" for status in quality.SHOWN]
    return [quality.bar(shares), *cells]


def _regions(texts: Texts, shown: Picture) -> Markup:
    indicators = shown.scored.indicators
    shares = quality.shares(indicators["unit_id"].str[:4], indicators["status"])
    weakest_first = shares[list(quality.WEAK)].sum(axis=1).sort_values(ascending=False, kind="stable").index
    rows = [[shown.names[code], *_quality_row(texts, shares.loc[code])] for code in weakest_first]
    heads = [texts("map.name"), texts("sources.mix"), *(texts(f"status.{status}") for status in quality.SHOWN)]
    listed = tables.table(texts("sources.per_region"), heads, rows, numeric=range(2, 7))
    title, how = texts("sources.per_region"), texts("sources.per_region_how")
    return Markup("<h2>{}</h2><p>{}</p>{}").format(title, how, listed)


def _indicators(texts: Texts, shown: Picture) -> Markup:
    indicators, model = shown.scored.indicators, shown.scored.model
    shares = quality.shares(indicators["indicator_code"], indicators["status"])
    dated = indicators.groupby("indicator_code")["source_date"].max()
    rows = []
    for indicator in model.areas.indicators:
        who = texts(f"can_better.{indicator.table}")
        name = why.indicator_name(shown, indicator.code, texts)
        if indicator.code in shown.scored.left_out:
            rows.append([name, texts("sources.left_out"), "", who])
            continue
        mine = shares.loc[indicator.code]
        day = dated[indicator.code]
        rows.append(
            [
                name,
                quality.words(texts, mine),
                "" if pd.isna(day) else texts.day(day.date()),
                who,
            ]
        )
    heads = [texts("sources.figure"), texts("sources.status"), texts("sources.date"), texts("sources.who")]
    listed = tables.table(texts("sources.per_figure"), heads, rows)
    return Markup("<h2>{}</h2>{}").format(texts("sources.per_figure"), listed)
