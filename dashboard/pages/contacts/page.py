"""Contacts and library: who answers for what, where to pass things on, words and protocols, other work."""

from datetime import date
from functools import partial
from io import StringIO
from typing import Any, Final

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.parts import entry, tables
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose, choose_view
from dashboard.shell.markup import show
from door import desk
from door.export import stamped
from door.store import ScopedStore
from geodata import codes
from geodata.snapshots.formats import neutralise_formulas
from register import files, personal
from register import record as write
from register.schema import LONGEST_FIELD
from words import Texts

_RINGS: Final = ("region", "platform", "second_ring", "border")
_TABLES: Final = {"contacts": "contacts", "routes": "routes", "library": "library", "work": "work_log"}
_WORK_KINDS: Final = ("communication", "product", "contact")


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("contacts.title"), texts("contacts.intro"))
    if st.session_state.pop("contacts_saved", False):
        st.success(texts("contacts.saved"))
    views = [view for view, table in _TABLES.items() if store.may(table)]
    view = choose_view(texts, "contacts", views)
    {"contacts": _contacts, "routes": _routes, "library": _library, "work": _work}[view](texts, store)


def _saved() -> None:
    st.session_state["contacts_saved"] = True
    st.rerun()


# --- contacts ---------------------------------------------------------------------------------------------


def _contacts(texts: Texts, store: ScopedStore) -> None:
    rows = store.register("contacts")
    regions = entry.region_names(store)
    present = [code for code in regions if code in set(rows["vr_code"])]
    region = choose(
        texts,
        texts("register.region"),
        present,
        key="contacts-region",
        index=None,
        format_func=regions.__getitem__,
        placeholder=texts("register.all"),
    )
    shown = rows[rows["vr_code"].isin([region, ""])] if region else rows
    if shown.empty:
        st.info(texts("contacts.none"))
    elif not (shown["name"] + shown["telephone"]).any():
        st.caption(texts("contacts.no_names"))
    for ring in _RINGS:
        of_ring = shown[shown["ring"] == ring].sort_values(["vr_code", "is_deputy", "organisation"])
        if len(of_ring):
            with st.expander(f"{texts(f'contacts.ring_{ring}')} ({len(of_ring)})", expanded=ring == "region"):
                show(_contact_table(texts, of_ring, regions, ring))
    saving.offer(
        texts("contacts.export"),
        data=_contacts_csv(store, rows, texts.language),
        file_name="contacts.csv",
        mime="text/csv",
    )
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    if may(store.viewer, Verb.RECORD, "contacts", own):
        with st.expander(texts("contacts.edit")):
            _edit_contact(texts, store, rows, regions)


def _contact_table(texts: Texts, rows: pd.DataFrame, regions: dict[str, str], ring: str) -> Markup:
    names = ["region", "organisation", "function", "name", "telephone", "valid_until"]
    heads = [texts("register.region" if name == "region" else f"contacts.{name}") for name in names]
    cells = []
    for row in rows.itertuples():
        until = "" if pd.isna(row.valid_until) else f"{row.valid_until:%d-%m-%Y}"
        if until and row.valid_until.date() < date.today():  # noqa: DTZ011 - the day where the viewer is
            until = f"{until} ({texts('contacts.expired')})"
        function = (
            f"{row.function} ({texts('contacts.deputy')})" if row.is_deputy and ring != "region" else row.function
        )
        words = (regions.get(row.vr_code, ""), row.organisation, function, row.name, row.telephone, until)
        cells.append([str(word) for word in words])
    filled = [n for n in range(len(heads)) if any(row[n] for row in cells)]  # an empty column tells nothing
    return tables.table(
        texts(f"contacts.ring_{ring}"), [heads[n] for n in filled], [[row[n] for n in filled] for row in cells]
    )


def _contacts_csv(store: ScopedStore, rows: pd.DataFrame, language: str) -> bytes:
    table = rows[["ring", "vr_code", "country", "organisation", "function", "is_deputy", "telephone", "valid_until"]]
    table = stamped(table, store, lang=language, attribution="LOT-C", licence="internal use")
    target = StringIO()
    neutralise_formulas(table).to_csv(target, index=False, lineterminator="\n")
    return target.getvalue().encode("utf-8")


def _edit_contact(texts: Texts, store: ScopedStore, rows: pd.DataFrame, regions: dict[str, str]) -> None:
    mine: dict[str, Any] = {
        str(row["contact_id"]): row
        for _, row in rows.iterrows()
        if may(store.viewer, Verb.RECORD, "contacts", row["vr_code"])
    }
    chosen = choose(
        texts,
        texts("contacts.which"),
        ["", *mine],
        key="contacts-which",
        format_func=lambda one: (
            f"{mine[one]['organisation']}: {mine[one]['function']}" if one else texts("contacts.new")
        ),
    )
    row = mine.get(chosen, {})
    own = store.viewer.vr_codes
    key = f"contact-{row['contact_id']}-{row['version']}" if len(row) else "contact-new"
    with st.form(key, border=False):
        fields: dict[str, Any] = {
            "ring": choose(
                texts,
                texts("contacts.ring"),
                _RINGS,
                key=f"{key}-ring",
                index=_RINGS.index(row["ring"]) if len(row) else 0,
                format_func=lambda code: texts(f"contacts.ring_{code}"),
            )
        }
        options = [*(own or ("", *regions))]
        fields["vr_code"] = choose(
            texts,
            texts("register.region"),
            options,
            key=f"{key}-region",
            format_func=lambda code: regions.get(code, "-"),
            index=options.index(row["vr_code"]) if len(row) and row["vr_code"] in options else 0,
        )
        for name in ("organisation", "function", "name", "telephone"):
            fields[name] = st.text_input(
                texts(f"contacts.{name}"), value=row[name] if len(row) else "", max_chars=LONGEST_FIELD
            )
        for name in ("valid_from", "valid_until"):
            known = row[name].date() if len(row) and pd.notna(row[name]) else None
            day = st.date_input(texts(f"contacts.{name}"), value=known, format="DD-MM-YYYY")
            fields[name] = str(day) if day else None
        fields["is_deputy"] = st.toggle(
            texts("contacts.is_deputy"), value=bool(row["is_deputy"]) if len(row) else False
        )
        if st.form_submit_button(texts("contacts.save"), type="primary"):
            if len(row):
                write.correct(store.viewer, "contact", row["contact_id"], fields, based_on=int(row["version"]))
            else:
                write.record(store.viewer, "contact", fields)
            _saved()


# --- routes -----------------------------------------------------------------------------------------------


def _routes(texts: Texts, store: ScopedStore) -> None:
    rows = store.register("routes")
    subject = "subject" if texts.language == "nl" else "subject_en"
    heads = [texts(f"contacts.{name}") for name in ("subject", "organisation", "function", "telephone")]
    cells = [
        [str(word) for word in (row[subject] or row["subject"], row["organisation"], row["function"], row["telephone"])]
        for _, row in rows.iterrows()
    ]
    st.caption(texts("register.refer_help"))
    show(tables.table(texts("contacts.view_routes"), heads, cells))
    if not may(store.viewer, Verb.RECORD, "routes", ""):
        return
    with st.expander(texts("contacts.route_edit")):
        routes = {str(row["route_id"]): row for _, row in rows.iterrows()}
        row = routes[
            choose(
                texts,
                texts("contacts.route_which"),
                routes,
                key="contacts-route",
                format_func=lambda one: str(routes[one]["subject"]),
            )
        ]
        with st.form(f"route-{row['route_id']}-{row['version']}", border=False):
            fields = {
                name: st.text_input(texts(f"contacts.{name}"), value=row[name], max_chars=LONGEST_FIELD)
                for name in ("organisation", "function", "telephone")
            }
            if st.form_submit_button(texts("contacts.save"), type="primary"):
                write.correct(store.viewer, "route", row["route_id"], fields, based_on=int(row["version"]))
                _saved()


# --- library ----------------------------------------------------------------------------------------------


def _library(texts: Texts, store: ScopedStore) -> None:
    rows = store.register("library")
    title, text = ("title", "text") if texts.language == "nl" else ("title_en", "text_en")
    words = rows[rows["kind"] == "glossary"]
    with st.expander(f"{texts('contacts.glossary')} ({len(words)})", expanded=True):
        cells = [[(row[title] or row["title"]), (row[text] or row["text"])] for _, row in words.iterrows()]
        show(tables.table(texts("contacts.glossary"), [texts("contacts.kind_glossary"), ""], cells))
    with st.expander(texts("contacts.protocols"), expanded=True):
        for code in codes.SECTORS:
            of_sector = rows[(rows["kind"] == "protocol") & (rows["sector_code"] == code)]
            st.markdown(f"**{frame.markdown_escape(texts(f'sector.{code}'))}**")
            if of_sector.empty:
                st.caption(texts("contacts.protocol_none"))
            for _, row in of_sector.iterrows():
                _document(texts, store, row)
    others = rows[rows["kind"] == "presentation"]
    if len(others):
        with st.expander(f"{texts('contacts.presentations')} ({len(others)})"):
            for _, row in others.iterrows():
                _document(texts, store, row)
    if may(store.viewer, Verb.RECORD, "library", ""):
        with st.expander(texts("contacts.document_add")):
            _add_document(texts, store)


def _document(texts: Texts, store: ScopedStore, row: pd.Series) -> None:
    st.text(f"{row['title']}\n{row['text']}".strip())
    for one in desk.files_of(store, "document", row["document_id"]):
        saving.offer(
            frame.label(texts, "register.download", name=one.name),
            key=f"file-{one.file_id}",
            file_name=one.name,
            data=partial(desk.read_file, store, "document", row["document_id"], one.file_id),
            mime=files.MEDIA_TYPE,
        )


def _add_document(texts: Texts, store: ScopedStore) -> None:
    types = [ending[1:] for ending in files.TYPES]
    with st.form("document", border=False):
        kind = choose(
            texts,
            texts("contacts.document_kind"),
            ("protocol", "presentation"),
            key="document-kind",
            format_func=lambda code: texts(f"contacts.kind_{code}"),
        )
        sector = choose(
            texts,
            texts("register.sector"),
            codes.SECTORS,
            key="document-sector",
            format_func=lambda code: texts(f"sector.{code}"),
        )
        title = st.text_input(texts("contacts.document_title"), max_chars=LONGEST_FIELD)
        text = st.text_area(texts("contacts.document_text"), height=110, max_chars=personal.LONGEST_TEXT)
        given = st.file_uploader(texts("register.files_add", types=", ".join(types)), type=types)
        if st.form_submit_button(texts("contacts.save"), type="primary"):
            if given is not None:
                files.check_file(given.name, given.getvalue())  # before the entry: no entry without its file
            fields = {"kind": kind, "sector_code": sector, "title": title, "text": text}
            receipt = write.record(store.viewer, "document", fields)
            if given is not None:
                files.attach(store.viewer, "document", receipt.entity_id, given.name, given.getvalue())
            _saved()


# --- other work -------------------------------------------------------------------------------------------


def _work(texts: Texts, store: ScopedStore) -> None:
    rows = store.register("work_log")
    if rows.empty:
        st.info(texts("contacts.work_none"))
    else:
        heads = [
            texts(name)
            for name in (
                "contacts.month",
                "register.date",
                "contacts.work_kind",
                "contacts.work_title",
                "contacts.organisation",
            )
        ]
        cells = [
            [
                f"{row['event_date']:%Y-%m}",
                f"{row['event_date']:%d-%m-%Y}",
                texts(f"contacts.work_{row['kind']}"),
                row["title"],
                row["organisation"],
            ]
            for _, row in rows.iterrows()
        ]
        show(tables.table(texts("contacts.view_work"), heads, cells))
    if not may(store.viewer, Verb.RECORD, "work_log", ""):
        return
    with st.expander(texts("contacts.work_add"), expanded=rows.empty), st.form("work", border=False):
        fields = {
            "kind": choose(
                texts,
                texts("contacts.work_kind"),
                _WORK_KINDS,
                key="work-kind",
                format_func=lambda code: texts(f"contacts.work_{code}"),
            ),
            "title": st.text_input(texts("contacts.work_title"), max_chars=LONGEST_FIELD),
            "organisation": st.text_input(texts("contacts.organisation"), max_chars=LONGEST_FIELD),
            "event_date": str(st.date_input(texts("register.date"), format="DD-MM-YYYY")),
        }
        if st.form_submit_button(texts("contacts.save"), type="primary"):
            write.record(store.viewer, "work", fields)
            _saved()
