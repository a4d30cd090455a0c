"""The register: what was recorded, a new activation in half a minute, signals to decide on, referrals to follow."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st
from markupsafe import Markup

from access.rights import Verb
from access.viewer import may
from dashboard.pages.register import triage
from dashboard.parts import entry, links, tables
from dashboard.shell import frame, saving, session
from dashboard.shell.choices import choose, choose_view
from dashboard.shell.markup import show
from door import desk
from door.store import ScopedStore
from geodata import codes
from register import files
from register import record as write
from register.read import Filters
from register.schema import LONGEST_FIELD
from words import Texts

_VIEWS: Final = ("list", "new", "signals", "referrals")
_SHOWN_N: Final = 100


def run() -> None:
    """Draw the page."""
    entry.hold()
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("register.title"), texts("register.intro"))
    st.caption(texts("register.training"))
    if st.session_state.pop("register_saved", False):
        st.success(texts("register.saved"))
    chosen = session.selection().entry
    if chosen:
        _draw_activation(texts, store, chosen)
        return
    own = store.viewer.vr_codes[0] if store.viewer.vr_codes else ""
    writes = may(store.viewer, Verb.RECORD, "activations", own)
    views = [view for view in _VIEWS if _may_see(store, view, writes=writes)]
    view = choose_view(texts, "register", views)
    if not writes:
        st.caption(texts("register.may_not"))
    draw = {"list": _list, "new": entry.draw_new, "signals": triage.draw_signals, "referrals": triage.draw_referrals}
    draw[view](texts, store)


def _may_see(store: ScopedStore, view: str, *, writes: bool) -> bool:
    needs = {"list": "activations", "signals": "signals", "referrals": "referrals"}
    return writes if view == "new" else store.may(needs[view])


def _list(texts: Texts, store: ScopedStore) -> None:
    filters = _filters(texts, store)
    rows = store.register("activations", replace(filters, newest_n=_SHOWN_N + 1))
    if rows.empty:
        is_chosen = len(store.register("activations", Filters(newest_n=1))) > 0
        st.info(texts("register.none" if is_chosen else "register.none_yet"))
        return
    shown = rows.head(_SHOWN_N)
    has_more = len(rows) > len(shown)
    if st.toggle(texts("chart.trend")):  # it reads every entry: only for who asks
        from dashboard.parts import charts  # noqa: PLC0415 - Altair is slow to load: only who looks at a chart waits

        words = charts.names_of(codes.ACTIVATION_KINDS, texts, "register")
        charts.trend(texts, store.register("activations", filters), words, texts("chart.trend_told"))
    caption = texts("register.found", shown=len(shown)) if has_more else texts("register.found_all", n=len(rows))
    regions = entry.region_names(store)
    heads = [texts(f"register.{name}") for name in ("date", "region", "sector", "kind", "themes", "outcome")]
    cells = [_cells(texts, row, regions) for _, row in shown.iterrows()]
    links.linked(tables.table(caption, heads, cells, is_caption_shown=True), key="register_list")


def _cells(texts: Texts, row: pd.Series, regions: dict[str, str]) -> list[str]:
    day = links.link(f"{row['event_date']:%d-%m-%Y}", entry=str(row["activation_id"]))
    themes = ", ".join(texts(f"register.{code}") for code in row["themes"].split(";"))
    outcome = str(row["outcome"])
    if row["erased_reason"]:
        outcome = texts("register.erased", reason=texts(f"register.erase_{row['erased_reason']}"))
    words = (
        regions.get(row["vr_code"], row["vr_code"]),
        texts(f"sector.{row['sector_code']}"),
        texts(f"register.{row['kind']}"),
        themes,
        outcome,
    )
    return [day, *words]


def _filter(texts: Texts, name: str, options: Iterable[str], words: Callable[[str], str]) -> str | None:
    return choose(
        texts,
        texts(f"register.{name}"),
        options,
        key=f"register-filter-{name}",
        index=None,
        placeholder=texts("register.all"),
        format_func=words,
    )


def _filters(texts: Texts, store: ScopedStore) -> Filters:
    regions = entry.region_names(store)
    own = store.viewer.vr_codes
    with st.expander(texts("register.filters")):
        columns = st.columns(4)
        with columns[0]:
            region = _filter(texts, "region", [one for one in regions if not own or one in own], regions.__getitem__)
        with columns[1]:
            sector = _filter(texts, "sector", codes.SECTORS, lambda code: texts(f"sector.{code}"))
        with columns[2]:
            theme = _filter(texts, "theme", codes.THEMES, lambda code: texts(f"register.{code}"))
        with columns[3]:
            kind = _filter(texts, "kind", codes.ACTIVATION_KINDS, lambda code: texts(f"register.{code}"))
        columns = st.columns(4)
        first = columns[0].date_input(texts("register.first"), value=None, format="DD-MM-YYYY")
        last = columns[1].date_input(texts("register.last"), value=None, format="DD-MM-YYYY")
        as_of = columns[2].date_input(
            texts("register.known_on"), value=None, format="DD-MM-YYYY", help=texts("register.known_help")
        )
        text = columns[3].text_input(texts("register.text"), max_chars=LONGEST_FIELD)
    wanted = {"vr_code": region, "sector_code": sector, "themes": theme, "kind": kind}
    chosen = {name: (code,) for name, code in wanted.items() if code}
    return Filters(codes=chosen, first=first, last=last, text=text.strip(), as_of=as_of)


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


def _draw_activation(texts: Texts, store: ScopedStore, entity_id: str) -> None:
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
        "site_id": entry.site_name(store, str(row["site_id"])),
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
            saving.offer(
                frame.label(texts, "register.download", name=one.name),
                key=f"file-{one.file_id}",
                file_name=one.name,
                data=partial(desk.read_file, store, "activation", entity_id, one.file_id),
                mime=files.MEDIA_TYPE,
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
        reason = choose(
            texts,
            texts("register.erase_reason"),
            ("request", "mistake"),
            key="erase-reason",
            format_func=lambda code: texts(f"register.erase_{code}"),
        )
        sure = st.checkbox(texts("register.erase_confirm"))
        if st.button(texts("register.erase_do"), disabled=not sure):
            write.erase(store.viewer, "activation", entity_id, reason)
            st.rerun()
