"""One activation with its record: what it says, its versions, its files, and what may be done with it."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.pages.register import triage
from dashboard.parts import entry, entry_site, tables
from dashboard.shell import frame, session
from dashboard.shell.markup import show
from door import desk
from door.store import ScopedStore
from register import files
from register import record as write
from register.read import Filters
from words import Texts

_SHOWN: Final = (
    "date",
    "region",
    "gemeente",
    "site_id",
    "route_from",
    "route_to",
    "sector",
    "kind",
    "themes",
    "trigger",
    "partners",
    "integral",
    "infections_found",
    "outcome",
    "measures",
    "recorded_by",
    "recorded_at",
)


def draw(texts: Texts, store: ScopedStore, entity_id: str) -> None:
    """Draw the activation that the address names.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    entity_id
        Of the entry in the register.
    """
    st.button(texts("register.close"), on_click=_close, icon=":material/arrow_back:")
    rows = store.register("activations", Filters(entity_id=entity_id))
    if rows.empty:
        st.info(texts("register.not_there"))
        return
    row: Mapping[str, Any] = rows.iloc[0].to_dict()
    if row["erased_reason"]:
        st.warning(texts("register.erased", reason=texts(f"register.erase_{row['erased_reason']}")))
    said, done = st.columns(2, gap="large")
    with said:
        show(_facts(texts, store, row))
    with done:
        if store.may_read_text("activations"):
            _files(texts, store, row)
            _history(texts, store, entity_id)
        if may(store.viewer, Verb.RECORD, "activations", row["vr_code"]) and not row["erased_reason"]:
            _actions(texts, store, row)


def _close() -> None:
    session.select(entry="")
    st.session_state["register_view"] = "list"


def _actions(texts: Texts, store: ScopedStore, row: Mapping[str, Any]) -> None:
    entity_id = str(row["activation_id"])
    with st.expander(texts("register.correct"), expanded="conflict" in st.session_state):
        entry.draw_correction(texts, store, row)
    with st.expander(texts("register.refer")):
        triage.draw_refer(texts, store, about=row, activation_id=entity_id)
    if may(store.viewer, Verb.ERASE, "activations"):
        _erase(texts, store, entity_id)


def _facts(texts: Texts, store: ScopedStore, row: Mapping[str, Any]) -> Markup:
    regions, gemeenten = entry.region_names(store), entry.gemeente_names(store)
    said = {
        "date": f"{row['event_date']:%d-%m-%Y}",
        "region": regions.get(row["vr_code"], row["vr_code"]),
        "gemeente": gemeenten.get(row["gemeente_code"], row["gemeente_code"]),
        "site_id": entry_site.name_of(store, str(row["site_id"])),
        "sector": texts(f"sector.{row['sector_code']}"),
        "kind": texts(f"register.{row['kind']}"),
        "themes": ", ".join(texts(f"register.{code}") for code in row["themes"].split(";")),
        "trigger": texts(f"register.{row['trigger']}"),
        "integral": texts("register.yes" if row["integral"] else "register.no"),
        "infections_found": texts(f"register.{row['infections_found']}"),
        "partners": row["partners"].replace(";", ", "),
        "recorded_at": f"{row['recorded_at']:%d-%m-%Y %H:%M}",
    }
    cells = []
    for name in _SHOWN:
        value = str(said.get(name, row.get(name, "")))
        if value:
            shown = value.replace("\n", Markup("<br>"))
            cells.append([texts(f"register.{name}"), shown])
    return tables.table(str(row["activation_id"]), [texts("register.field"), texts("register.action")], cells)


def _history(texts: Texts, store: ScopedStore, entity_id: str) -> None:
    versions = desk.history(store, "activation", entity_id)
    with st.expander(f"{texts('register.history')} ({len(versions)})"):
        if not versions:
            st.caption(texts("register.history_empty"))
            return
        cells: list[list[str]] = []
        before: dict[str, Any] = {}
        for version in versions:
            content = version["content"]
            changed = [name for name, value in content.items() if before.get(name) != value] if before else []
            cells.append(
                [
                    str(version["version"]),
                    texts(f"register.action_{version['action']}"),
                    version["recorded_by"],
                    version["recorded_at"][:16].replace("T", " "),
                    "; ".join(f"{name}: {before.get(name)} → {content[name]}" for name in changed),
                ]
            )
            before = content
        heads = [texts(f"register.{name}") for name in ("version", "action", "who", "when", "changed")]
        show(tables.table(texts("register.history"), heads, cells))


def _files(texts: Texts, store: ScopedStore, row: Mapping[str, Any]) -> None:
    entity_id = str(row["activation_id"])
    kept = desk.files_of(store, "activation", entity_id)
    with st.expander(f"{texts('register.files')} ({len(kept)})"):
        if not kept:
            st.caption(texts("register.files_empty"))
        for one in kept:
            # Octets to save, never a page to show: the browser is given no type that it would open.
            st.download_button(
                frame.label(texts, "register.download", name=one.name),
                key=f"file-{one.file_id}",
                file_name=one.name,
                data=partial(desk.read_file, store, "activation", entity_id, one.file_id),
                mime=files.MEDIA_TYPE,
                on_click="ignore",
            )
        if not may(store.viewer, Verb.RECORD, "activations", row["vr_code"]) or row["erased_reason"]:
            return
        types = [ending[1:] for ending in files.TYPES]
        given = st.file_uploader(texts("register.files_add", types=", ".join(types)), type=types)
        if given is not None and st.button(texts("register.files_save")):
            files.attach(store.viewer, "activation", entity_id, given.name, given.getvalue())
            st.session_state["register_saved"] = True
            st.rerun()


def _erase(texts: Texts, store: ScopedStore, entity_id: str) -> None:
    with st.expander(texts("register.erase")):
        st.caption(texts("register.erase_help"))
        reason = st.selectbox(
            texts("register.erase_reason"),
            ("request", "mistake"),
            format_func=lambda code: texts(f"register.erase_{code}"),
        )
        sure = st.checkbox(texts("register.erase_confirm"))
        if st.button(texts("register.erase_do"), disabled=not sure):
            write.erase(store.viewer, "activation", entity_id, reason)
            st.rerun()
