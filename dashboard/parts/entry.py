"""The form of one activation: five fields first, the rest on demand, kept as a draft while someone types.

A site is found by name among those of the viewer; it fills in gemeente and sector.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st

from dashboard.shell import choices, frame, session
from dashboard.shell.choices import choose
from dashboard.shell.problems import lacking, personal_data
from door import desk
from door.store import ScopedStore
from geodata import site_kinds
from geodata.errors import ConflictError
from register import drafts, form
from register import record as write
from register.events import new_id
from register.schema import LONGEST_FIELD, MEASURES, vr_of_gemeenten
from words import Texts, read_texts

_SHORT_PX: Final = 110
_MOST_N: Final = 2_000
"""More sites than this are too many for one list in the browser: then only those of the chosen gemeente."""


def draw_new(texts: Texts, store: ScopedStore) -> None:
    """Draw the form of a new activation; what is typed is kept on the server after each field."""
    draft = _open_draft(store)
    if draft["came_back"]:
        st.info(texts("register.draft_back", time=_clock(draft["saved_at"])))
    fields = _fields(texts, store, draft["id"], draft["start"])
    _keep(store, draft, fields)
    if draft["saved_at"]:
        told, drop = st.columns([3, 2], vertical_alignment="center")
        told.caption(texts("register.draft_kept", time=_clock(draft["saved_at"])))
        drop.button(texts("register.draft_drop"), on_click=_drop, args=(store, draft["id"]), type="tertiary")
    if _confirmed(texts, fields, draft["id"], texts("register.save")):
        signal = draft["start"].get("_signal")
        given = {name: value for name, value in fields.items() if not name.startswith("_")}
        if signal:
            receipt = write.triage(store.viewer, signal["id"], based_on=signal["version"], activation=given)[0]
        else:
            receipt = write.record(store.viewer, "activation", given, entity_id=draft["id"])
        _drop(store, draft["id"])
        st.session_state["register_saved"] = True
        session.select(entry=receipt.entity_id)
        st.rerun()


def hold() -> None:
    """Remember what was typed, before the page reads anything.

    A run that fails half-way draws no fields, and fields that a run did not draw forget what they held.
    """
    draft = st.session_state.get("draft")
    if draft is not None:
        typed = {name: st.session_state.get(f"{draft['id']}-{name}") for name in _BLANK}
        draft["start"] |= {name: value for name, value in typed.items() if value is not None}


def start_from(store: ScopedStore, fields: Mapping[str, object]) -> None:
    """Begin a new draft with some fields filled in, for example those of a signal."""
    made = new_id()
    drafts.keep(store.viewer, "activation", made, dict(fields))
    st.session_state.pop("draft", None)


def draw_correction(texts: Texts, store: ScopedStore, row: Mapping[str, Any]) -> None:
    """Draw the form of a correction; when someone else was first, show the difference and ask.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    row
        The entry as it stands in the register.
    """
    entity_id = str(row["activation_id"])
    version, start = _seen(entity_id, row)
    prefix = f"correct-{entity_id}-{version}"
    fields = _fields(texts, store, prefix, start)
    changes = {name: value for name, value in fields.items() if not name.startswith("_")}
    conflict = st.session_state.get("conflict", {})
    if conflict.get("prefix") == prefix:
        _show_conflict(texts, store, entity_id, conflict)
        return
    if _confirmed(texts, fields, prefix, texts("register.correct_save")):
        try:
            write.correct(store.viewer, "activation", entity_id, changes, based_on=version)
        except ConflictError as error:
            st.session_state["conflict"] = {"prefix": prefix, "version": error.version, "changes": changes}
        else:
            _settled(entity_id)
            st.session_state["register_saved"] = True
        st.rerun()


def _seen(entity_id: str, row: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the version that the viewer began to change, which stays the base although another came after it."""
    name = f"editing-{entity_id}"
    version, start = st.session_state.get(name, (0, None))
    prefix = f"correct-{entity_id}-{version}"
    if start is None or all(st.session_state.get(f"{prefix}-{one}", value) == value for one, value in start.items()):
        version, start = st.session_state[name] = int(row["version"]), _start_of(row)
    return version, start


def _settled(entity_id: str) -> None:
    st.session_state.pop(f"editing-{entity_id}", None)
    st.session_state.pop("conflict", None)


def _show_conflict(texts: Texts, store: ScopedStore, entity_id: str, conflict: Mapping[str, Any]) -> None:
    st.warning(texts("register.conflict"))
    for name, theirs, yours in desk.difference(store, "activation", entity_id, conflict["changes"]):
        label = texts(f"register.{name}") if f"register.{name}" in texts else name
        left, right = st.columns(2)
        left.markdown(f"**{frame.markdown_escape(label)}**: {texts('register.theirs')}")
        left.text(str(theirs))
        right.markdown(f"**{frame.markdown_escape(label)}**: {texts('register.yours')}")
        right.text(str(yours))
    mine, other = st.columns(2)
    if mine.button(texts("register.keep_mine"), type="primary"):
        changes = conflict["changes"]
        write.correct(store.viewer, "activation", entity_id, changes, based_on=conflict["version"])
        _settled(entity_id)
        st.session_state["register_saved"] = True
        st.rerun()
    if other.button(texts("register.take_theirs")):
        _settled(entity_id)
        st.rerun()


# --- the fields -------------------------------------------------------------------------------------------


def _fields(texts: Texts, store: ScopedStore, prefix: str, start: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the widgets and return what they hold, as the register takes it."""

    def key(name: str) -> str:
        """Give a widget its start value once; later the widget itself remembers."""
        made = f"{prefix}-{name}"
        if made not in st.session_state:
            st.session_state[made] = start.get(name, _BLANK[name]())
        return made

    found = {asked.name: _answer(texts, asked, key, start) for asked in form.BEFORE_PLACE}
    found |= _place(texts, store, key, str(start.get("site_id") or ""))
    found |= {asked.name: _answer(texts, asked, key, start) for asked in form.AFTER_PLACE}
    st.button(
        texts("register.nothing_found"), key=f"{prefix}-nothing", on_click=_nothing_found, args=(prefix, texts.language)
    )
    with st.expander(texts("register.more")):
        found |= {asked.name: _answer(texts, asked, key, start) for asked in form.MORE}
    if "_signal" in start:
        found["_signal"] = start["_signal"]
    return found


def _answer(texts: Texts, asked: form.Question, key: Callable[[str], str], start: Mapping[str, Any]) -> Any:
    """Draw the widget of one question and return its answer, as the register takes it."""

    def word(code: str) -> str:
        return texts(f"{asked.words}.{code}") if asked.words else code

    label = texts(f"register.{asked.word}")
    explained = f"register.{asked.word}_help"
    shared: dict[str, Any] = {"key": key(asked.name), "help": texts(explained) if explained in texts else None}
    given: Any = None
    match asked.control:
        case "one":
            width: Literal["stretch", "content"] = "stretch" if asked.is_mandatory else "content"
            given = choose(
                texts, label, asked.options, how="segmented_control", format_func=word, width=width, **shared
            )
            given = given or ("" if asked.is_mandatory else asked.options[-1])
        case "several" if asked.words:
            given = ";".join(
                choose(texts, label, asked.options, how="pills", selection_mode="multi", format_func=word, **shared)
            )
        case "several":
            known = list(dict.fromkeys([*asked.options, *start.get(asked.name, [])]))
            given = ";".join(choose(texts, label, known, how="multiselect", **shared))
        case "list":
            given = choose(texts, label, asked.options, format_func=word, placeholder="", **shared) or ""
        case "text":
            given = st.text_area(label, height=_SHORT_PX, max_chars=asked.longest, **shared)
        case "day":
            given = str(st.date_input(label, format="DD-MM-YYYY", **shared))
        case "yes_no":
            given = st.toggle(label, **shared)
        case "line":
            told = [texts(f"register.measure_{code}") for code in list(MEASURES)[1:4]]
            given = st.text_input(label, max_chars=asked.longest, placeholder="; ".join(told), **shared)
    return given


_BLANK: Final[dict[str, Any]] = {
    "kind": lambda: None,
    "themes": list,
    "is_route": lambda: False,
    "site_id": lambda: None,
    "gemeente_code": lambda: None,
    "vr_code": lambda: None,
    "route_from": str,
    "route_to": str,
    "sector_code": lambda: None,
    "outcome": str,
    "event_date": date.today,
    "trigger": lambda: "eigen_constatering",
    "partners": list,
    "integral": lambda: False,
    "infections_found": lambda: "unknown",
    "measures": str,
}


def _place(texts: Texts, store: ScopedStore, key: Any, kept: str) -> dict[str, str]:
    own = store.viewer.vr_codes
    names = gemeente_names(store)
    if st.toggle(texts("register.is_route"), key=key("is_route")):
        regions = region_names(store)
        left, right = st.columns(2)
        route = {
            "route_from": left.text_input(texts("register.route_from"), max_chars=LONGEST_FIELD, key=key("route_from")),
            "route_to": right.text_input(texts("register.route_to"), max_chars=LONGEST_FIELD, key=key("route_to")),
        }
        vr_code = choose(
            texts,
            texts("register.region"),
            [code for code in regions if not own or code in own],
            format_func=lambda code: str(regions.get(code, code)),
            key=key("vr_code"),
            placeholder="",
        )
        return {**route, "vr_code": vr_code or "", "gemeente_code": "", "site_id": ""}
    vr_of = vr_of_gemeenten()
    site_id = choose_site(texts, store, key, names, kept)
    options = [code for code in names if not own or vr_of[code] in own]
    code = choose(
        texts,
        texts("register.gemeente"),
        options,
        format_func=lambda code: str(names.get(code, code)),
        key=key("gemeente_code"),
        placeholder="",
        on_change=forget_elsewhere,
        args=(store, key("site_id"), key("gemeente_code")),
    )
    return {
        "gemeente_code": code or "",
        "vr_code": vr_of.get(code or "", ""),
        "route_from": "",
        "route_to": "",
        "site_id": site_id,
    }


def gemeente_names(store: ScopedStore) -> dict[str, str]:
    """Return code -> name of every gemeente, by name."""
    return _names(str(store.viewer), store.data_version, store)[0]


def region_names(store: ScopedStore) -> dict[str, str]:
    """Return code -> name of every veiligheidsregio, by code."""
    return _names(str(store.viewer), store.data_version, store)[1]


@st.cache_data(max_entries=40, show_spinner=False)
def _names(viewer: str, data_version: str, _store: ScopedStore) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ARG001 - the key
    """Read the names of gemeenten and regions once: the form runs again at every touch."""
    gemeenten = _store.table("gemeenten").sort_values("gemeente_name")
    regions = _store.table("veiligheidsregios").sort_values("vr_code")
    return (
        dict(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True)),
        dict(zip(regions["vr_code"], regions["vr_name"], strict=True)),
    )


def _nothing_found(prefix: str, language: str) -> None:
    st.session_state[f"{prefix}-outcome"] = "niets aangetroffen" if language == "nl" else "nothing found"
    st.session_state[f"{prefix}-infections_found"] = "no"


def _confirmed(texts: Texts, fields: Mapping[str, Any], prefix: str, label: str) -> bool:
    """Draw the button; return True when all is there and what looks personal was looked at."""
    pressed = st.button(label, type="primary", key=f"{prefix}-save", width="stretch")
    asked = st.session_state.get(f"{prefix}-asked", False)
    if not pressed and not asked:
        return False
    if missing := form.lacking(fields):
        st.error(lacking(texts, missing))
        return False
    findings = form.findings(fields)
    if not findings:
        return True
    st.session_state[f"{prefix}-asked"] = True
    st.warning(frame.markdown_escape(personal_data(texts, findings)))
    return bool(st.button(texts("register.save_anyway"), key=f"{prefix}-anyway"))


def _start_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the register as the widgets want it."""
    return {
        "kind": row["kind"],
        "themes": row["themes"].split(";"),
        "is_route": bool(row["route_from"]),
        "site_id": row["site_id"] or None,
        "gemeente_code": row["gemeente_code"] or None,
        "vr_code": row["vr_code"],
        "route_from": row["route_from"],
        "route_to": row["route_to"],
        "sector_code": row["sector_code"],
        "outcome": row["outcome"],
        "event_date": row["event_date"].date(),
        "trigger": row["trigger"],
        "partners": [name for name in row["partners"].split(";") if name],
        "integral": bool(row["integral"]),
        "infections_found": row["infections_found"],
        "measures": row["measures"],
    }


# --- the draft --------------------------------------------------------------------------------------------


def _open_draft(store: ScopedStore) -> dict[str, Any]:
    """Return the draft of this tab: the viewer's newest one from the server, or an empty one."""
    if "draft" not in st.session_state:
        mine = drafts.mine(store.viewer, "activation")
        start = _widgets_of(mine[0].fields) if mine else {}
        st.session_state["draft"] = {
            "id": mine[0].draft_id if mine else new_id(),
            "start": start,
            "came_back": bool(mine),
            "saved_at": mine[0].saved_at if mine else "",
            "kept": None,
        }
    found: dict[str, Any] = st.session_state["draft"]
    return found


def _widgets_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a draft as the widgets want them; what no longer fits is left out."""
    start: dict[str, Any] = {name: fields[name] for name in _BLANK if name in fields and fields[name] != ""}
    for name in ("themes", "partners"):
        if name in start:
            start[name] = [part for part in str(start[name]).split(";") if part]
    if "event_date" in start:
        start["event_date"] = date.fromisoformat(start["event_date"])
    start["is_route"] = bool(fields.get("route_from") or fields.get("route_to"))
    if start.get("gemeente_code") not in vr_of_gemeenten():
        start.pop("gemeente_code", None)
    if "_signal" in fields:
        start["_signal"] = fields["_signal"]
    return start


def _keep(store: ScopedStore, draft: dict[str, Any], fields: dict[str, Any]) -> None:
    now = json.dumps(fields, sort_keys=True)
    if draft["kept"] is None:
        draft["kept"] = now  # as the form opened: nothing to keep yet
    elif draft["kept"] != now:
        drafts.keep(store.viewer, "activation", draft["id"], fields)
        draft |= {"kept": now, "saved_at": datetime.now().astimezone().isoformat(timespec="seconds")}


def _drop(store: ScopedStore, draft_id: str) -> None:
    drafts.discard(store.viewer, draft_id)
    st.session_state.pop("draft", None)


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M}"


def choose_site(
    texts: Texts, store: ScopedStore, key: Callable[[str], str], gemeenten: Mapping[str, str], kept: str = ""
) -> str:
    """Draw the field and return the identity of the chosen site; '' for none.

    Parameters
    ----------
    key
        Gives the key of a field of the form in the session.
    gemeenten
        Names of gemeenten, by code.
    kept
        The site that the entry names already: it stays, also when it is gone or another's.
    """
    sites = _sites(store)
    of_gemeente = st.session_state[key("gemeente_code")]
    chosen = st.session_state[key("site_id")]
    if chosen is not None and chosen not in sites.index:
        if chosen == kept:
            return kept
        st.session_state[key("site_id")] = chosen = None  # a browser may send any text: it is none of the options
    listed = (
        sites if len(sites) <= _MOST_N else sites[(sites["gemeente_code"] == of_gemeente) | (sites.index == chosen)]
    )
    labels = dict(zip(listed.index, listed["name"] + ", " + listed["gemeente_code"].map(gemeenten), strict=True))
    found = choices.choose(
        texts,
        texts("register.site"),
        list(labels),
        key=key("site_id"),
        placeholder="",
        help=texts("register.site_help"),
        format_func=lambda code: str(labels.get(code, code)),
        on_change=_fill_place,
        args=(store, key),
    )
    if listed.empty and not sites.empty:
        st.caption(texts("register.site_many"))
    return found or ""


def site_name(store: ScopedStore, site_id: str) -> str:
    """Return the name of a site as the viewer may see it, its identity where that has none."""
    sites = _sites(store)
    return str(sites.loc[site_id, "name"]) if site_id in sites.index else site_id


def forget_elsewhere(store: ScopedStore, site_key: str, gemeente_key: str) -> None:
    """Drop the chosen site when another gemeente is chosen than the one it lies in.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_key
        Of the choice of a site, in the session.
    gemeente_key
        Of the choice of a gemeente, in the session.
    """
    sites, chosen = _sites(store), st.session_state[site_key]
    if chosen in sites.index and sites.loc[chosen, "gemeente_code"] != st.session_state[gemeente_key]:
        st.session_state[site_key] = None


def _sites(store: ScopedStore) -> pd.DataFrame:
    return _load_sites(str(store.viewer), store.data_version, session.texts().language, store)


@st.cache_resource(max_entries=40, show_spinner=False)
def _load_sites(viewer: str, data_version: str, language: str, _store: ScopedStore) -> pd.DataFrame:  # noqa: ARG001 - they are the key
    if not _store.may("sites"):
        return pd.DataFrame(columns=["name", "gemeente_code", "sector_code"])
    sites = pd.DataFrame(_store.table("sites")[["site_id", "name", "kind", "gemeente_code", "sector_code"]])
    named = sites.assign(name=sites["site_id"].map(site_kinds.titles(sites, read_texts(language))))
    return named[named["gemeente_code"] != ""].set_index("site_id").sort_values("name")


def _fill_place(store: ScopedStore, key: Callable[[str], str]) -> None:
    """Fill in what the chosen site tells; what it does not tell stays as it was."""
    sites, chosen = _sites(store), st.session_state[key("site_id")]
    if chosen in sites.index:
        for name in ("gemeente_code", "sector_code"):
            if sites.loc[chosen, name]:
                st.session_state[key(name)] = sites.loc[chosen, name]
