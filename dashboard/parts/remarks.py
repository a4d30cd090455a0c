"""What users write beside the figures: interpretations of a region or a sector, and what is not so.

That something is not so is said of a site with one tap, of a figure of an area in words, and answered by who keeps the
sources. No score changes by either.
"""

from collections.abc import Hashable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import streamlit as st
from markupsafe import Markup, escape

from access.rights import Verb
from access.viewer import may
from dashboard.parts import links, tables
from dashboard.parts import reasons as why
from dashboard.parts import site as site_page
from dashboard.parts.figures import Picture, Site
from dashboard.shell import frame, session
from dashboard.shell.choices import choose, dealt_with
from dashboard.shell.forms import form_key, saved
from dashboard.shell.markup import show
from door.store import ScopedStore, newest_event
from geodata import codes, site_kinds
from geodata.areas.regions import region_names
from geodata.errors import ConflictError, InputError
from geodata.intake.places import known_places
from register import personal
from register.read import Filters
from risk.notices.notices import today_of
from risk.report import interpretations as notes
from risk.targets import decisions
from words import Texts

_SHOWN_N = 5
_HEIGHT_PX = 110
_LISTED_N = 50
_ANSWERED_N = 20
_TAPS = ("closed", "elsewhere", "twice")


def panel(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> Markup:
    """Return the notes about a region and a sector (HTML); '' where there are none.

    Parameters
    ----------
    store
        As known on the day that the page shows.
    shown
        The picture of the page; of an earlier week it shows the notes of then.
    """
    rows = _of(store, shown, vr_code, sector)
    return (
        Markup('<section class="rb-done">{}</section>').format(_listed(texts, store, rows, 4))
        if len(rows)
        else Markup()
    )


def draw(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> None:
    """Draw the notes of a region and sector, and let who may write there write, change and withdraw.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    sector
        One of the twelve; '' is all together.
    """
    if not store.may_read_text("interpretations"):
        return
    rows = _of(store, shown, vr_code, sector)
    none = _head(texts, 2) + Markup("<p>{}</p>").format(_none(texts, store))
    told = _listed(texts, store, rows, 2) if len(rows) else none
    show(Markup('<section class="rb-page rb-interpretations">{}</section>').format(told))
    is_now = not store.known_on and not shown.week
    if not is_now or not may(store.viewer, Verb.RECORD, "interpretations", vr_code):
        return
    with st.container(horizontal=True):
        with st.popover(texts("interpretation.write"), key="interpretation-write"):
            _write(texts, store, vr_code, sector)
        own = {row["interpretation_id"]: row for row in rows.to_dict("records") if notes.may_change(store, row)}
        if own:
            with st.popover(texts("interpretation.change"), key="interpretation-change"):
                _change(texts, store, own, f"{vr_code}-{sector}")


def _of(store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> pd.DataFrame:
    until = shown.scored.peildatum.date() if shown.week else None
    asked = (store, newest_event("interpretations"), until)
    rows = session.kept("_interpretations", asked, lambda: notes.valid(store, Filters(last=until)))
    return notes.near(rows, vr_code, sector) if len(rows) else rows


def _head(texts: Texts, level: int) -> Markup:
    return Markup("<h{0}>{1}</h{0}>").format(level, texts("interpretation.title"))


def _none(texts: Texts, store: ScopedStore) -> str:
    earlier = f" {texts('interpretation.earlier', day=texts.day(store.known_on))}" if store.known_on else ""
    return texts("interpretation.none") + earlier


def _listed(texts: Texts, store: ScopedStore, rows: pd.DataFrame, level: int) -> Markup:
    """Return notes as a list, the newest open and the older ones folded away."""
    items = [_item(texts, row) for row in rows.to_dict("records")]
    listed = _list(items[:_SHOWN_N])
    if rest := items[_SHOWN_N:]:
        more = texts("interpretation.older", n=len(rest))
        listed += Markup("<details><summary>{}</summary>{}</details>").format(more, _list(rest))
    if store.known_on:
        told = texts("interpretation.earlier", day=texts.day(store.known_on))
        listed += Markup('<p class="rb-muted">{}</p>').format(told)
    return _head(texts, level) + listed


def _list(items: list[Markup]) -> Markup:
    return Markup('<ul class="rb-list">{}</ul>').format(Markup().join(items))


def _item(texts: Texts, row: dict[str, object]) -> Markup:
    about = notes.about(texts, str(row["vr_code"]), str(row["sector_code"]))
    body = Markup("<br>").join(escape(line) for line in str(row["text"]).split("\n"))
    signed = f"{about}. {notes.signed(texts, row)}"
    return Markup('<li>{}<br><span class="rb-muted">{}</span></li>').format(body, signed)


def _write(texts: Texts, store: ScopedStore, vr_code: str, sector: str) -> None:
    st.caption(texts("interpretation.how"))
    places = [vr_code, ""] if may(store.viewer, Verb.RECORD, "interpretations", "") else [vr_code]
    options = [(place, code) for place in places for code in ("", *codes.SECTORS) if place or code]
    made = st.session_state.setdefault("interpretations-made", 0)  # a saved note leaves an empty form
    with st.form(f"interpretation-{made}", border=False):
        about = choose(
            texts,
            texts("interpretation.about"),
            options,
            index=options.index((vr_code, sector)),
            format_func=lambda one: notes.about(texts, *one),
            key=f"interpretation-about-{vr_code}-{sector}-{made}",
        )
        text = st.text_area(
            texts("interpretation.text"),
            height=_HEIGHT_PX,
            max_chars=personal.LONGEST_TEXT,
            key=f"interpretation-text-{made}",
        )
        if st.form_submit_button(texts("interpretation.save"), type="primary"):
            try:
                notes.add(store, about[0], about[1], text, _day(store))
            except InputError as error:
                frame.failure(texts, error)
                return
            _done(texts("interpretation.saved"))


def _change(texts: Texts, store: ScopedStore, own: dict[str, dict[str, object]], place: str) -> None:
    def named(entry: str) -> str:
        row = own[entry]
        return f"{notes.about(texts, str(row['vr_code']), str(row['sector_code']))}. {notes.signed(texts, row)}"

    which = f"interpretation-which-{place}"
    chosen = own[choose(texts, texts("interpretation.which"), own, format_func=named, key=which)]
    version = f"{chosen['interpretation_id']}-{chosen['version']}"
    with st.form(f"interpretation-change-{version}", border=False):
        text = st.text_area(
            texts("interpretation.text"),
            str(chosen["text"]),
            height=_HEIGHT_PX,
            max_chars=personal.LONGEST_TEXT,
            key=f"interpretation-again-{version}",
        )
        saves = st.form_submit_button(texts("interpretation.save"), type="primary")
        withdraws = st.form_submit_button(texts("interpretation.withdraw"))
    try:
        if saves:
            notes.change(store, chosen, text, _day(store))
        elif withdraws:
            notes.withdraw(store, chosen, _day(store))
    except (InputError, ConflictError) as error:
        frame.failure(texts, error)
        return
    if saves or withdraws:
        dealt_with(which)
        _done(texts("interpretation.withdrawn" if withdraws else "interpretation.saved"))


def _day(store: ScopedStore) -> date:
    """Return the day that a note is dated: today, of invented figures the date of the picture."""
    return today_of(store, datetime.now(UTC).date())


def _done(told: str) -> None:
    st.session_state["interpretations-made"] += 1
    st.toast(told)
    st.rerun()


def ask(texts: Texts, store: ScopedStore, shown: Picture, site: Site) -> None:
    """Let who may record here say what is not so of a site as it is known now.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    site
        As `figures.open_sites` gives it.
    """
    is_now = not store.known_on and not shown.week
    if is_now and may(store.viewer, Verb.RECORD, "decisions", site["vr_code"]):
        with st.popover(texts("not_so.title"), key="not-so"):
            st.caption(texts("not_so.how"))
            _taps(texts, store, site)
            _beds(texts, store, site)
            _figure(texts, store, shown, site)


def ask_of_area(texts: Texts, store: ScopedStore, shown: Picture, area_code: str, sector: str) -> None:
    """Let who may record here say which figure or reason of an area is not so, show what was done with it, and answer.

    Parameters
    ----------
    store
        As known on the day that the page shows.
    shown
        The picture of the page, of whatever level.
    """
    if area_code not in shown.names or not store.may("decisions"):
        return
    is_now = not store.known_on and not shown.week
    if is_now and may(store.viewer, Verb.RECORD, "decisions", shown.vr_of.get(area_code, area_code)):
        with st.popover(texts("not_so.title"), key="not-so", on_change="rerun") as opened:
            if opened.open:  # the form is made for who asks for it
                st.caption(texts("not_so.how"))
                _area_figure(texts, store, why.picture_of(area_code, texts, store, shown), area_code, sector)
    asked = (store, newest_event("decisions"), area_code)
    _shown(texts, store, session.kept("_not_so", asked, lambda: _of_area(store, area_code)))


def _of_area(store: ScopedStore, area_code: str) -> pd.DataFrame:
    """Return what was said of an area and its sectors; another sector asks the register only whether more came in."""
    known = decisions.reports(store)
    return known[known["unit_id"].str.split(":").str[0] == area_code]


def _area_figure(texts: Texts, store: ScopedStore, shown: Picture, area_code: str, sector: str) -> None:
    unit_id = f"{area_code}:{sector}" if sector else area_code
    table = shown.scored.indicators
    rows = {row["indicator_code"]: row for row in table[table["unit_id"] == unit_id].to_dict("records")}
    if not rows:
        st.caption(texts("picture.not_scored"))
        return
    parts = shown.scored.contributions
    parts = parts[parts["unit_id"] == unit_id].set_index("indicator_code")["contribution_0_10"]
    codes = sorted(rows, key=lambda code: -abs(float(parts.get(code, 0))))
    code = choose(
        texts,
        texts("not_so.which"),
        codes,
        format_func=lambda one: why.indicator_name(shown, one, texts),
        key=f"not-so-which-{unit_id}",
    )
    row, name = rows[code], why.indicator_name(shown, code, texts)
    facts = {
        "name": name,
        "value": _value(texts, row, parts.get(code)),
        **_source(texts, row["source"], row["source_date"]),
    }
    owner = texts(f"can_better.{shown.scored.model.indicator(code).table}")
    st.caption(frame.markdown_escape(texts("not_so.shown", owner=owner, **facts)))
    if st.session_state.pop("not-so-area-sent", False):
        st.toast(texts("not_so.sent"))
    form = f"not-so-area-{unit_id}-{code}"
    with st.form(form_key(form), border=False):
        seen = st.text_input(texts("not_so.said"), max_chars=300)
        if st.form_submit_button(texts("not_so.send")) and seen.strip():
            words = texts("not_so.said_area", said=seen.strip(), version=store.data_version[:8], **facts)
            decisions.say_figure_not_so(store, unit_id, code, words, facts["source"], _today(store))
            saved(form)
            st.session_state["not-so-area-sent"] = True
            st.rerun(scope="fragment")


def _value(texts: Texts, row: Mapping[Hashable, Any], part: float | None) -> str:
    """Say a figure, what it is worth and what it adds to the score; one that is missing or hidden says so."""
    raw, status = row["raw_value"], texts(f"status.{row['status']}")
    figure = "–" if pd.isna(raw) else texts.number(raw, 0 if float(raw).is_integer() else 1)
    return texts("not_so.value", value=figure, status=status, part="–" if part is None else why.signed(texts, part))


def said(texts: Texts, store: ScopedStore, site_id: str) -> None:
    """Show what was said of a site, and what was done with it; who keeps the sources answers here.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    site_id
        Of the list of sites.
    """
    if store.may("decisions"):
        known = decisions.reports(store)
        _shown(texts, store, known[known["site_id"] == site_id])


def listed(texts: Texts, store: ScopedStore) -> None:
    """List what was said not to be so, of sites and areas, what is open first; who keeps the sources answers here."""
    if store.may("decisions"):
        _shown(texts, store, decisions.reports(store))


def _shown(texts: Texts, store: ScopedStore, known: pd.DataFrame) -> None:
    if known.empty:
        return
    links.linked(_table(texts, store, known), key="not-so-list")
    is_open = known["state"] == "open"
    if not store.known_on and may(store.viewer, Verb.MANAGE, "sources") and is_open.any():
        with st.expander(texts("not_so.answer")):
            st.caption(texts("not_so.answer_how"))
            _answer(texts, store, known[is_open].head(_ANSWERED_N))


def _taps(texts: Texts, store: ScopedStore, site: Site) -> None:
    with st.container(horizontal=True):
        for what in _TAPS:
            if st.button(texts(f"not_so.{what}"), key=f"not-so-{what}"):
                words = texts(f"not_so.{what}")
                _say(
                    texts,
                    store,
                    site,
                    what,
                    texts("not_so.said_tap", what=words, **_source(texts, site["source"], site["source_date"])),
                )


def _beds(texts: Texts, store: ScopedStore, site: Site) -> None:
    with st.form("not-so-beds", border=False):
        now = site_page.size_words(texts, site)
        n = st.number_input(f"{texts('not_so.n')} ({now})", min_value=0, step=1, value=None)
        if st.form_submit_button(texts("not_so.beds")) and n is not None:
            words = texts(
                "not_so.said_beds", n=texts.number(n, 0), now=now, **_source(texts, site["source"], site["source_date"])
            )
            _say(texts, store, site, "beds", words)


def _figure(texts: Texts, store: ScopedStore, shown: Picture, site: Site) -> None:
    parts = shown.scored.contributions
    mine = parts[(parts["unit_id"] == site["site_id"]) & (parts["indicator_code"] != "missing")]
    values = dict(zip(mine["indicator_code"], mine["contribution_0_10"], strict=True))
    if not values:
        return
    with st.form("not-so-figure", border=False):
        code = choose(
            texts,
            f"{texts('not_so.figure')}: {texts('not_so.which').lower()}",
            values,
            key=f"not-so-figure-{site['site_id']}",
            format_func=lambda one: why.indicator_name(shown, one, texts),
        )
        seen = st.text_input(texts("not_so.said"), max_chars=300)
        if st.form_submit_button(texts("not_so.send")) and seen.strip():
            name, value = why.indicator_name(shown, code, texts), why.signed(texts, values[code])
            words = texts("not_so.said_figure", name=name, value=value, said=seen.strip())
            _say(texts, store, site, "figure", words, code)


def _say(texts: Texts, store: ScopedStore, site: Site, what: str, words: str, figure: str = "") -> None:
    decisions.say_not_so(store, str(site["site_id"]), what, words, _today(store), figure)
    st.toast(texts("not_so.sent"))


def _today(store: ScopedStore) -> pd.Timestamp:
    """Return the day that a report is dated: today, of invented figures the date of the picture."""
    return pd.Timestamp(today_of(store, datetime.now(UTC).date()))


def _source(texts: Texts, source: object, day: object) -> dict[str, str]:
    return {"source": str(source), "day": texts.day(day.date()) if isinstance(day, pd.Timestamp) else "–"}


def _answer(texts: Texts, store: ScopedStore, known: pd.DataFrame) -> None:
    names = site_kinds.titles(store.table("sites"), texts)
    titles = {row["decision_id"]: _title(texts, names, row) for row in known.to_dict("records")}
    with st.form("not-so-answer", border=False):
        chosen = choose(texts, texts("not_so.what"), titles, format_func=titles.__getitem__, key="not-so-what")
        reason = st.text_input(texts("not_so.why"), max_chars=300)
        done = {
            "taken_over": st.form_submit_button(texts("not_so.take_over"), type="primary"),
            "refused": st.form_submit_button(texts("not_so.refuse")),
        }
    for state, is_pressed in done.items():
        if is_pressed:
            decisions.answer_report(store, chosen, state, reason.strip())
            dealt_with("not-so-what")
            st.rerun()


def _title(texts: Texts, names: Mapping[str, str], row: Mapping[Hashable, object]) -> str:
    what = texts(f"not_so.{str(row['subject']).removeprefix('not_so_')}")
    return f"{_about(texts, names, row)}: {what}. {row['reason']}"


def _about(texts: Texts, names: Mapping[str, str], row: Mapping[Hashable, object]) -> str:
    """Say what a report is about: a site, or an area with its sector."""
    site_id, (area, _, sector) = str(row["site_id"]), str(row["unit_id"]).partition(":")
    if site_id:
        return names.get(site_id, site_id)
    place = region_names().get(area) or known_places().names.get(area, area)
    return f"{place}, {texts(f'sector.{sector}').lower()}" if sector else place


def _link(texts: Texts, names: Mapping[str, str], row: Mapping[Hashable, object]) -> Markup:
    about = _about(texts, names, row)
    if row["site_id"]:
        return links.link(about, page="sites", unit=str(row["site_id"]))
    area, _, sector = str(row["unit_id"]).partition(":")
    return links.link(about, page="region", unit=area, sector=sector)


def _table(texts: Texts, store: ScopedStore, known: pd.DataFrame) -> Markup:
    """Return the reports as a table (HTML for `links.linked`)."""
    names = site_kinds.titles(store.table("sites"), texts)
    rows = [
        [
            _link(texts, names, row),
            texts(f"not_so.{row['subject'].removeprefix('not_so_')}"),
            texts(f"not_so.{row['state']}"),
            row["reason"],
            texts.day(row["event_date"].date()),
        ]
        for row in known.head(_LISTED_N).to_dict("records")
    ]
    heads = [texts(f"not_so.{name}") for name in ("site", "what", "state", "words")] + [texts("sources.date")]
    title = texts("not_so.list")
    left = len(known) - _LISTED_N
    more = Markup("<p>{}</p>").format(texts("not_so.more", n=left)) if left > 0 else ""
    return Markup('<section class="rb-page"><h2>{}</h2>{}{}</section>').format(
        title, tables.table(title, heads, rows), more
    )
