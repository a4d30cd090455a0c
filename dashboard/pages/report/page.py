"""The accountability report and the meeting sheet: shown here, and saved as Word, PDF or HTML."""

from datetime import date, timedelta
from functools import partial

import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.parts import progress, ready, tables
from dashboard.parts.figures import chosen_disease
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from door.store import ScopedStore
from register import personal
from register import record as write
from risk.report.accountability import TEXT_KINDS, accountability
from risk.report.files import ENDINGS, Document, Grid, Heading, Paragraph, render
from risk.report.meeting import meeting_sheet
from words import Texts

_PERIOD_DAYS = 91
_MEETING_DAYS = 14


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("report.title"), texts("report.intro"))
    stands = ready.of(store)
    if not stands.has("activations"):
        ready.tell(texts, store, stands, "activations", "ready.no_report")
        return
    last = _last_day(store)
    columns = st.columns(6, vertical_alignment="bottom")
    periods = _periods(texts, store, last)
    with columns[0]:
        chosen = choose(
            texts,
            texts("report.period"),
            ["", *periods],
            key=f"report-period-{texts.language}",
            format_func=lambda n: n or texts("report.own"),
        )
    if chosen:
        first_day, last_day = periods[chosen]
    else:
        first_day = columns[1].date_input(
            texts("report.first"), last - timedelta(days=_PERIOD_DAYS - 1), format="DD-MM-YYYY"
        )
        last_day = columns[2].date_input(texts("report.last"), last, format="DD-MM-YYYY")
    if columns[3].button(texts("report.make"), type="primary", width="stretch"):
        st.session_state["document"] = _make(texts, store, "report", first_day, last_day)
    since = columns[4].date_input(texts("report.since"), last - timedelta(days=_MEETING_DAYS), format="DD-MM-YYYY")
    if columns[5].button(texts("report.make_meeting"), width="stretch"):
        st.session_state["document"] = _make(texts, store, "meeting", since, last_day)
    _fixed_texts(texts, store)
    progress.tell_stopped(texts)
    made = st.session_state.get("document")
    if made is not None and made[0] == (str(store.viewer), texts.language):
        _show(texts, store, made[1])
    else:
        st.info(texts("report.empty"))


def _periods(texts: Texts, store: ScopedStore, last: date) -> dict[str, tuple[date, date]]:
    """Return the months, quarters and years in which something happened, newest first, each with its days."""
    days = store.register("activations")["event_date"].dropna()
    found: dict[str, tuple[date, date]] = {}
    for letter, told in (("M", "month"), ("Q", "quarter"), ("Y", "year")):
        for one in sorted(set(days.dt.to_period(letter)), reverse=True):
            name = texts(f"report.{told}", month=texts.month(one.month), quarter=one.quarter, year=one.year)
            found[name] = (one.start_time.date(), min(one.end_time.date(), max(last, one.start_time.date())))
    return found


def _fixed_texts(texts: Texts, store: ScopedStore) -> None:
    """Let who keeps the log book write the texts of the report: each is dated, and stays until a newer one."""
    if not may(store.viewer, Verb.RECORD, "work_log", ""):
        return
    rows = store.register("work_log")
    with st.expander(texts("report.texts")), st.form("report-texts", border=False):
        st.caption(texts("report.texts_how"))
        written = {}
        for kind in TEXT_KINDS:
            mine = rows[rows["kind"] == kind].sort_values("event_date", kind="stable")
            now = "" if mine.empty else str(mine["text"].iloc[-1])
            label = texts(f"contacts.work_{kind}")
            if now:
                label += f" ({texts.day(mine['event_date'].iloc[-1].date())})"
            written[kind] = now, st.text_area(label, now, key=f"text-{kind}", max_chars=personal.LONGEST_TEXT)
        day = st.date_input(texts("report.texts_day"), _last_day(store), format="DD-MM-YYYY")
        if st.form_submit_button(texts("contacts.save"), type="primary"):
            for kind, (before, after) in written.items():
                if after.strip() and after != before:
                    title = texts(f"contacts.work_{kind}")
                    fields = {"kind": kind, "title": title, "text": after.strip(), "event_date": str(day)}
                    write.record(store.viewer, "work", fields)
            st.session_state.pop("document", None)
            st.rerun()


def _make(texts: Texts, store: ScopedStore, name: str, first: date, last: date) -> tuple[tuple[str, str], Document]:
    with progress.shown(texts, texts("report.making")) as step:

        def tell(done: float) -> None:
            step(done, "")

        if name == "report":
            made = accountability(store, first, last, texts.language, step=tell)
        else:
            made = meeting_sheet(store, first, texts.language, disease=chosen_disease(), step=tell)
    file_name = texts(f"report.file_{name}", first=first, last=last)
    st.session_state["document_name"] = file_name
    return (str(store.viewer), texts.language), made


def _last_day(store: ScopedStore) -> date:
    """Return the last day on which something happened: reports count to the data, not to the clock."""
    rows = store.register("activations")
    return rows["event_date"].max().date() if len(rows) else date.today()  # noqa: DTZ011 - nothing has a date


def _show(texts: Texts, store: ScopedStore, document: Document) -> None:
    columns = st.columns(len(ENDINGS))
    for column, ending in zip(columns, ENDINGS, strict=True):
        with column:
            saving.offer(
                texts("report.save", ending=ending),
                key=f"save{ending}",
                file_name=f"{st.session_state.get('document_name', 'risicobeeld')}{ending}",
                data=partial(_file, store, document, ending),
                width="stretch",
            )
    if document.banner:
        show(Markup('<p class="rb-band">{}</p>').format(document.banner))
    for block in document.blocks:
        if isinstance(block, Heading):
            level = min(block.level + 1, 4)
            show(Markup("<h{}>{}</h{}>").format(level, block.text, level))
        elif isinstance(block, Paragraph):
            kind = "rb-foot" if block.is_small else "rb-intro"
            show(Markup('<p class="{}">{}</p>').format(kind, block.text))
        elif isinstance(block, Grid):
            show(tables.table(block.header[0], block.header, block.rows, numeric=block.numeric))
        else:
            st.image(block.png, width=int(block.width_cm * 40))


def _file(store: ScopedStore, document: Document, ending: str) -> bytes:
    store.note_export(f"report{ending}", 1)
    return render(document, ending)
