"""What a file that was dropped leaves open, asked of the person who drops it."""

from datetime import date, datetime
from pathlib import Path

import streamlit as st

from access.rights import Rows, Verb, rows_of
from access.viewer import Viewer
from dashboard.pages.data import upload
from dashboard.pages.data.upload import Answers
from dashboard.shell.choices import choose
from door.store import ScopedStore
from geodata import site_kinds
from geodata.areas import regions
from geodata.codes import Status
from geodata.intake import series, workbooks
from geodata.intake.files.reader import Parts
from geodata.intake.files.table import Options
from geodata.tables import coverage
from register.schema import LONGEST_FIELD
from words import Texts

ASKING = "data-asking"
"""In the session while addresses are looked up: what is still there in the next run was stopped."""
_STATUSES = (Status.OFFICIAL, Status.ESTIMATE, Status.ASSUMPTION)


def _today() -> date:
    return datetime.now().astimezone().date()


def ask_part(texts: Texts, parts: Parts) -> Options:
    """Ask which of its sheets or layers is meant, where a file has several."""
    if not parts.names:
        return Options()
    name = choose(
        texts,
        texts(f"data.{parts.kind}"),
        ("", *parts.names),
        format_func=lambda one: one or texts(f"data.{parts.kind}_unsaid"),
        help=texts(f"data.{parts.kind}_help"),
        key="data-part",
    )
    return parts.chosen(name)


def ask(
    texts: Texts,
    store: ScopedStore,
    path: Path,
    seems: str,
    kinds: tuple[str, ...],
    year_said: int = 0,
    options: Options | None = None,
) -> Answers:
    """Ask what a file leaves open, with what it seems to be, and the year that it says, as the first answers.

    Parameters
    ----------
    options
        The sheet or layer that was chosen.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choose(
            texts,
            texts("data.what"),
            kinds,
            index=kinds.index(seems) if seems in kinds else 0,
            format_func=lambda one: texts(f"data.kind.{one}"),
            key=f"data-kind-{path.name}-{seems}",  # what a sheet that is chosen seems to be is asked anew
        )
        year, disease, site_kind, status = 0, "", "", Status.OFFICIAL
        covers: list[str] = []
        if kind in ("establishments", "workbook"):
            guess = min(year_said or upload.year_of(path.name, _today()), _today().year)
            key = f"data-year-{path.name}"
            first = workbooks.FIRST_YEAR if kind == "workbook" else regions.FIRST_YEAR
            year = int(st.number_input(texts("data.year"), first, _today().year, max(guess, first), key=key))
        elif kind == "incidence":
            disease = st.text_input(
                texts("data.disease"),
                "COVID-19",
                max_chars=LONGEST_FIELD,
                help=texts("data.disease_help"),
                key="data-dis",
            )
        elif kind == "sites":
            choices = ("", *site_kinds.codes())
            site_kind = choose(
                texts,
                texts("data.site_kind"),
                choices,
                index=choices.index(upload.site_kind_of(path.name)),
                format_func=lambda one: site_kinds.name(one, texts) if one else texts("data.kind_in_file"),
                key="data-site-kind",
            )
            status = choose(
                texts,
                texts("data.status"),
                _STATUSES,
                format_func=lambda one: texts(f"status.{one}"),
                key="data-status",
            )
            covers = _ask_cover(texts, store)
    if st.session_state.pop(ASKING, False):
        st.session_state["data-geocode"] = False
    # addresses leave this machine, so nobody finds them sent without having said so
    is_geocoded = kind == "sites" and st.checkbox(
        texts("data.geocode"), help=texts("data.geocode_help"), key="data-geocode"
    )
    is_partial = st.checkbox(texts("data.partial"), help=texts("data.partial_help"), key="data-partial")
    how = _ask_series(texts) if kind == "incidence" else ""
    own = own_regions(store.viewer)
    return Answers(
        kind,
        year,
        disease.strip(),
        site_kind,
        status,
        is_partial,
        own,
        options or Options(),
        how,
        tuple(covers),
        is_geocoded,
    )


def _ask_cover(texts: Texts, store: ScopedStore) -> list[str]:
    """Ask where a list is whole; who imports the sites of an own region answers for no other."""
    regions = store.table("veiligheidsregios").sort_values("vr_name")
    names = dict(regions[["vr_code", "vr_name"]].to_numpy())
    if own := own_regions(store.viewer):
        names = {code: name for code, name in names.items() if code in own}
    else:
        names = {coverage.WHOLE_COUNTRY: texts("data.covers_all")} | names
    names |= {coverage.NOWHERE: texts("data.covers_none")}
    return choose(
        texts,
        texts("data.covers"),
        names,
        how="multiselect",
        format_func=names.__getitem__,
        placeholder=texts("data.covers_unsaid"),
        help=texts("data.covers_help"),
        key="data-covers",
    )


def _ask_series(texts: Texts) -> str:
    """Ask what only few files leave open: whether cases count up."""
    with st.expander(texts("data.more_choices")):
        return choose(
            texts,
            texts("data.series"),
            ("", *series.SERIES),
            format_func=lambda one: texts(f"data.series_{one or 'unsaid'}"),
            key="data-series",
        )


def own_regions(viewer: Viewer) -> tuple[str, ...]:
    """Return the regions whose sites somebody may import; none for who may import all."""
    is_own = rows_of(viewer.role, "sites", Verb.MANAGE) is Rows.OWN
    return tuple(viewer.vr_codes) if is_own else ()
