"""Who is it: sign-in by OpenID Connect when it is configured, else one person on this machine.

Streamlit reads who signed in once, at the start of a tab, and never looks at the time a token runs out.
So every run asks `access.admission.admit` again: expired, signed out elsewhere, revoked or unknown people see nothing.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import streamlit as st
from markupsafe import Markup

from access import admission, audit, told
from access.rights import ROLES, Verb
from access.viewer import Viewer, may, parse_viewer
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from geodata import codes, settings
from geodata.areas.regions import region_names
from geodata.errors import InputError
from risk.notices.notices import may_be_told
from words import Texts

_FORWARDED: Final = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")
_PARTNERS: Final = ("GGD", "Inspectie SZW", "NVWA")
_SURFACE: Final = "dashboard"
_MENU_WIDTH_PX: Final = 320


def enter(texts: Texts) -> Viewer | None:
    """Return who looks; draw the sign-in page, or why nobody may enter, and return None when nobody does."""
    reason = _unsafe()
    if reason:
        st.error(f"**{texts('signin.refused')}** {texts(f'signin.{reason}')}")
        return None
    if not settings.has_sign_in():
        return _through_whose_eyes()
    claims = st.user.to_dict()
    if not claims.get("is_logged_in"):
        _ask(texts, "")
        return None
    entry = admission.admit(claims)
    if entry.refusal is not None:
        _note_once("refused", claims, entry.refusal.value)
        _ask(texts, entry.refusal.value, entry.person)
        return None
    _note_once("sign-in", claims, "")
    return _chosen(entry.viewers)


def viewer() -> Viewer:
    """Return who looks, asked in the middle of a page; who may no longer enter gets the page of sign-in instead."""
    if not settings.has_sign_in():
        return _through_whose_eyes()
    entry = admission.admit(st.user.to_dict())
    if entry.refusal is not None:
        st.rerun()  # a part of the page ran by itself: the whole page must go
    return _chosen(entry.viewers)


def _chosen(viewers: tuple[Viewer, ...]) -> Viewer:
    """Return the role that the address asks for among one's own, else the first."""
    asked = st.query_params.get("as", "")
    return next((one for one in viewers if str(one) == asked), viewers[0])


def _through_whose_eyes() -> Viewer:
    """Return LOT-C, or the role that the address asks to look as (``?as=region:VR06``)."""
    try:
        return replace(parse_viewer(st.query_params.get("as", "lotc")), is_practice=True)
    except InputError:
        return Viewer("lotc", is_practice=True)


# --- what keeps everybody out --------------------------------------------------------------------------


def _unsafe() -> str:
    """Return why this server may not be used as it is set up; '' when it may."""
    if has_other_ways_in():
        return "other_ways_in"
    if settings.has_sign_in():
        return ""
    if not is_this_machine(st.get_option("server.address") or ""):
        return "other_address"
    headers = st.context.headers
    if any(name in headers for name in _FORWARDED):
        return "forwarded"
    host = headers.get("Host", "")
    return "other_address" if host and not is_this_machine(host_name(host)) else ""


def has_other_ways_in() -> bool:
    """Tell whether the server lets people in by another way than the provider's sign-in."""
    return bool(st.get_option("server.enableAgentApi") or st.get_option("server.trustedUserHeaders"))


def host_name(host: str) -> str:
    """Return the name in a ``Host`` header, without its port.

    Examples
    --------
    >>> host_name("127.0.0.1:8501"), host_name("[::1]:8501"), host_name("example.org")
    ('127.0.0.1', '::1', 'example.org')
    """
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_this_machine(address: str) -> bool:
    """Tell whether an address can be reached from this machine only; '' stands for every address.

    Examples
    --------
    >>> [is_this_machine(one) for one in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", "example.org")]
    [True, True, True, False, False, False]
    """
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


# --- pages and menu ------------------------------------------------------------------------------------


def _ask(texts: Texts, refusal: str, person: str = "") -> None:
    """Draw the page on which one signs in, and nothing else."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        title, intro = texts("app.title"), texts("signin.intro")
        show(Markup('<h1 class="rb-title rb-asks">{}</h1><p class="rb-intro">{}</p>').format(title, intro))
        if refusal:
            told = texts(f"signin.{refusal}")
            whom = Markup("<p>{}</p>").format(texts("signin.as_whom", person=person)) if person else ""
            show(Markup('<div class="rb-refused" role="alert"><p>{}</p>{}</div>').format(told, whom))
        for name in _providers():
            label = texts("signin.button") + (f" ({name})" if name else "")
            if st.button(label, key=f"signin_{name}", type="primary"):
                st.login(name or None)


def _providers() -> list[str]:
    """Return the providers of the configuration; '' is the one without a name."""
    section: Mapping[str, Any] = st.secrets.get("auth", {})
    named = [name for name, value in section.items() if isinstance(value, Mapping) and "client_id" in value]
    return named or [""]


def _note_once(what: str, claims: Mapping[str, Any], reason: str) -> None:
    """Leave a line in the audit trail, once per tab and sign-in."""
    key = (what, reason, admission.session_id(claims))
    if st.session_state.get("_noted") == key:
        return
    st.session_state["_noted"] = key
    who = str(claims.get("email") or claims.get("sub") or "")
    audit.note(what, who=who, role="", surface=_SURFACE, table=reason)


def menu(texts: Texts, current: Viewer) -> None:
    """Draw the small menu of who looks: the role, whose eyes or which of one's roles, and signing out."""
    if settings.has_sign_in():
        own = admission.admit(st.user.to_dict()).viewers
        label = role_name(texts, current)
    else:
        own = ()
        label = f"{role_name(texts, current)} · {texts('signin.practice')}"  # a narrow header cuts the end
    with st.popover(label, width="content"), st.container(width=_MENU_WIDTH_PX):
        if not settings.has_sign_in():
            show(Markup("<p>{}</p>").format(texts("signin.banner")))
            _eyes(texts, current)
            return
        show(Markup("<p>{}</p>").format(current.person))
        if len(own) > 1:
            choose(
                texts,
                texts("signin.role"),
                [str(one) for one in own],
                index=[str(one) for one in own].index(str(current)),
                format_func=lambda one: role_name(texts, parse_viewer(one)),
                key="own_role",
                on_change=lambda: st.query_params.update({"as": st.session_state["own_role"]}),
            )
        draw_mail_wish(texts, current)
        if settings.takes_visits() and may(current, Verb.RECORD, "activations"):
            st.caption(texts("visit.sign_out"))
        if st.button(texts("signin.out"), key="sign_out"):
            admission.end_session(st.user.to_dict(), _SURFACE)
            st.logout()
            st.stop()  # a page that ran on would find nobody and run anew, which can drop the way to the provider


def _eyes(texts: Texts, current: Viewer) -> None:
    """Let the one person look through another role's eyes; the address keeps the choice."""
    st.session_state.update(
        eyes_role=current.role,
        eyes_vr=(current.vr_codes or ("VR01",))[0],
        eyes_partner=current.organisation or _PARTNERS[0],
    )

    def keep() -> None:
        role = st.session_state["eyes_role"]
        scope = {"region": st.session_state.get("eyes_vr"), "partner": st.session_state.get("eyes_partner")}.get(role)
        st.query_params["as"] = f"{role}:{scope}" if scope else role

    choose(
        texts,
        texts("signin.eyes"),
        ROLES,
        key="eyes_role",
        on_change=keep,
        format_func=lambda role: texts(f"role.{role}"),
    )
    if current.vr_codes:
        choose(
            texts,
            texts("signin.region"),
            sorted(codes.VR_CODES, key=region_names().__getitem__),
            key="eyes_vr",
            on_change=keep,
            format_func=region_names().__getitem__,
        )
    if current.organisation:
        named = sorted({*_PARTNERS, current.organisation})
        choose(texts, texts("signin.organisation"), named, key="eyes_partner", on_change=keep)


def role_name(texts: Texts, of: Viewer) -> str:
    """Return a role with its scope, in words."""
    scope = ", ".join(region_names().get(code, code) for code in of.vr_codes) or of.organisation
    name = texts(f"role.{of.role}")
    return f"{name} {scope}" if scope else name


def banner(texts: Texts) -> Markup:
    """Return the strip that tells that nobody signs in here (HTML); '' with sign-in."""
    if settings.has_sign_in():
        return Markup()
    return Markup('<div class="rb-practice" role="note">{}</div>').format(texts("signin.banner"))


def draw_mail_wish(texts: Texts, current: Viewer) -> None:
    """Let a person choose of what they are told; nothing where no e-mail is configured or nothing can be told."""
    rules = may_be_told(current)
    if not settings.has_mail() or not rules:
        return
    now = told.wish(current)
    with st.expander(texts("mail.wish")), st.form("mail-wish", border=False):
        show(Markup("<p>{}</p>").format(texts("mail.wish_how", email=current.person)))
        chosen = choose(
            texts,
            texts("mail.wish_rules"),
            rules,
            how="multiselect",
            default=[rule for rule in now.rules if rule in rules],
            format_func=lambda rule: texts(f"mail.rule_{rule}"),
            key="mail-rules",
        )
        wants_quiet = st.checkbox(texts("mail.wish_quiet"), now.wants_quiet, key="mail-quiet")
        if st.form_submit_button(texts("mail.wish_save")):
            told.keep_wish(current, told.Wish(tuple(chosen), wants_quiet, texts.language))
            st.caption(texts("mail.wish_saved" if chosen else "mail.wish_ended"))
