"""Data: from the example to real figures and back, without a terminal; what came in, and how to undo it."""

import tempfile
from datetime import date, datetime
from pathlib import Path

import streamlit as st
from markupsafe import Markup

from access import audit
from access.rights import Rows, Verb, rows_of
from access.viewer import Viewer
from dashboard.pages.data import upload
from dashboard.pages.data.upload import Answers, Tried
from dashboard.parts import progress, ready, tables
from dashboard.parts.figures import official_model
from dashboard.shell import frame, problems, saving, session
from dashboard.shell.choices import choose
from dashboard.shell.markup import show
from door import readiness
from door.readiness import Outlook
from door.store import ScopedStore
from geodata import settings, site_kinds
from geodata.areas import regions
from geodata.codes import Status
from geodata.errors import RisicobeeldError
from geodata.intake import recognise, series, workbooks
from geodata.intake.files import reader
from geodata.intake.files.reader import Parts
from geodata.intake.files.table import Options
from geodata.intake.receipt import Receipt
from geodata.refresh import build, bundle, imports
from geodata.refresh import fetch as fetching
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots.formats import csv_for_reader
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from geodata.sources.registry import chosen
from geodata.tables import coverage
from register.schema import LONGEST_FIELD
from risk.targets import decisions
from words import Texts

_FIRST = ("cbs_regions", "cbs_establishments", "cbs_jobs", "cbs_agriculture")
_OPEN_QUESTIONS = ("kind_unsaid", "sheets_several", "layers_several")
_LOCAL = ("127.0.0.1", "localhost", "::1")
ASKING = "data-asking"
"""In the session while addresses are looked up: what is still there in the next run was stopped."""
_STATUSES = (Status.OFFICIAL, Status.ESTIMATE, Status.ASSUMPTION)


def run() -> None:
    """Draw the page."""
    texts = session.texts()
    store = frame.open_store(texts)
    frame.page_head(texts, store, texts("page.data"), texts("data.intro"))
    viewer = store.viewer
    progress.tell_stopped(texts)
    _tell_done(texts)
    kinds = may_import(viewer)
    if store.is_demonstration and "establishments" in kinds:
        _first_start(texts, store)
    if kinds:
        show(Markup('<h2 id="own">{}</h2>').format(texts("data.own")))
        _drop(texts, store, kinds)
        if "establishments" in kinds:
            _corrected_places(texts, store)
    else:
        st.caption(texts("data.who_may" if settings.has_sign_in() or _is_local() else "data.only_here"))
    show(Markup('<section class="rb-page">{}</section>').format(ready.what_there_is(texts, ready.of(store))))
    if "establishments" in kinds:
        _came_in(texts, store)
        _bundle(texts)


def may_import(viewer: Viewer) -> tuple[str, ...]:
    """Return the kinds of file that somebody may import here.

    Without sign-in that is whoever sits at this machine, and nobody over a network.
    """
    if not settings.has_sign_in() and not _is_local():
        return ()
    if rows_of(viewer.role, "sources", Verb.MANAGE) is Rows.ALL:
        return upload.KINDS
    return upload.REGION_KINDS if rows_of(viewer.role, "sites", Verb.MANAGE) is Rows.OWN else ()


def _is_local() -> bool:
    return str(st.get_option("server.address")) in _LOCAL


# --- the first start -----------------------------------------------------------------------------------


def _first_start(texts: Texts, store: ScopedStore) -> None:
    """Offer the ways on from the example: real figures, own files, a bundle; or go on with it."""
    with st.container(border=True, key="first-start"):
        show(
            Markup(
                "<h2>{first_title}</h2><p>{first_intro}</p>"
                "<ul><li>{first_fetch}</li><li>{first_own}</li>"
                "<li>{first_bundle}</li></ul>"
            ).format(
                first_title=texts("data.first_title"),
                first_intro=texts("data.first_intro"),
                first_fetch=texts("data.first_fetch"),
                first_own=texts("data.first_own"),
                first_bundle=texts("data.first_bundle"),
            )
        )
        with st.container(horizontal=True):
            asked = st.button(texts("data.fetch"), type="primary", key="fetch-real")
            if st.button(texts("data.go_on"), key="go-on"):
                session.open_page("picture")
        if asked:
            _fetch(texts, store)


def _fetch(texts: Texts, store: ScopedStore) -> None:
    """Fetch CBS first, so that there is a picture in seconds, then all others; tell how far it is."""
    audit.note("refresh", who=store.viewer.who, role=str(store.viewer), surface=store.surface)
    rest = [name for name in chosen([]) if name not in _FIRST]
    brings = readiness.outlook(official_model().disease)
    outcomes = []
    for title, names in (("data.fetching_cbs", list(_FIRST)), ("data.fetching_rest", rest)):
        with progress.shown(texts, texts(title)) as step:
            outcomes += fetching.refresh_sources(names, progress_of=progress.of_sources(step, names, texts.language))
    brings.see_current()
    st.session_state["data-fetched"] = (outcomes, brings)
    st.rerun()


def _named(record: SourceRecord, lang: str) -> str:
    """Return the title of what came in, with the name of its file: two lists of one kind have the same title."""
    title = catalogue.title(record.source_id.partition(".")[0], lang)
    return title if "://" in record.address else f"{title} ({record.address})"


def _day(texts: Texts, told: str) -> str:
    try:
        return texts.day(date.fromisoformat(told[:10]))
    except ValueError:
        return told


# --- a file --------------------------------------------------------------------------------------------


def _drop(texts: Texts, store: ScopedStore, kinds: tuple[str, ...]) -> None:
    """Take a file, say what it seems to be and what would happen, and import it when that is confirmed."""
    count = st.session_state.setdefault("data-drop", 0)
    given = st.file_uploader(texts("data.drop"), help=texts("data.drop_help"), key=f"data-file-{count}")
    if given is None:
        return
    # A region's list is kept under the region's name, so that it never takes the place of another's.
    prefix = "".join(f"{code}_" for code in own_regions(store.viewer))
    with imports.handed_over(given.getvalue(), prefix + given.name) as path:
        parts = session.kept("data-parts", (given.file_id,), lambda: reader.parts(path, path.name))
        options = ask_part(texts, parts)
        seems = _seems(texts, path, given.file_id, kinds, options)
        if seems == upload.ACTIVATIONS:
            st.info(texts("data.seems_activations"))
            return
        problem = seems if isinstance(seems, RisicobeeldError) else None
        seems = "" if problem else str(seems)
        st.write(texts("data.seems", kind=texts(f"data.kind.{seems}")) if seems else texts("data.seems_none"))
        year = (
            session.kept("data-year-said", (given.file_id, options), lambda: recognise.year_said(path, options))
            if seems == "establishments"
            else 0
        )
        answers = ask(texts, store, path, seems or kinds[0], kinds, year, options)
        # a book of tables is read as a whole, so a sheet to choose is no question then
        if problem is not None and not (answers.kind == "workbook" and problem.key in _OPEN_QUESTIONS):
            _refused(texts, problem)
            return
        brings = readiness.outlook(official_model().disease)
        try:
            tried = _tried(texts, path, answers, brings)
        except RisicobeeldError as error:
            _refused(texts, error)
            return
        _show_receipt(texts, tried, brings)
        st.caption(texts("data.replaces"))
        if st.button(texts("data.confirm"), type="primary", key="data-confirm"):
            _bring_in(texts, store, path, answers)


def _tried(texts: Texts, path: Path, answers: Answers, brings: Outlook) -> Tried:
    """Read a file without changing anything; where addresses are looked up, show how far that is."""
    if not answers.is_geocoded:
        with st.spinner(texts("data.reading")):
            return upload.attempt(path, answers, brings.see)
    with progress.shown(texts, texts("data.geocoding"), "geocoding-stop") as step:
        st.session_state[ASKING] = True
        try:
            tried = upload.attempt(path, answers, brings.see, lambda done, total: step(done / total if total else 1.0))
        except RisicobeeldError:
            del st.session_state[ASKING]
            raise
        del st.session_state[ASKING]
    return tried


def _seems(texts: Texts, path: Path, file_id: str, kinds: tuple[str, ...], options: Options) -> str | RisicobeeldError:
    """Return what a file seems to be, or why it cannot be read at all; tried once per file, sheet and layer."""

    def tried() -> str | RisicobeeldError:
        with st.spinner(texts("data.reading")):
            try:
                return upload.seems(path, options, kinds)
            except RisicobeeldError as error:
                return error

    return session.kept("data-seems", (file_id, options), tried)


def _refused(texts: Texts, error: RisicobeeldError) -> None:
    """Say why a file is refused, and once that nothing was changed: some reasons end with it."""
    if error.key in _OPEN_QUESTIONS:  # no fault of the file: a question is still open
        st.info(frame.markdown_escape(problems.in_words(texts, error)))
        return
    frame.failure(texts, error)
    if texts("data.nothing_changed") not in problems.in_words(texts, error):
        st.caption(texts("data.nothing_changed"))


def _show_receipt(texts: Texts, tried: Tried, brings: Outlook) -> None:
    """Show what a file would bring, before anything changes."""
    with st.container(border=True, key="receipt"):
        show(Markup("<h3>{}</h3>").format(texts("data.receipt")))
        if tried.receipt is None:
            rows = [[name, texts.number(n, 0)] for name, n in sorted(tried.bundle_rows.items())]
            show(tables.table(texts("data.in_bundle"), [texts("ready.table"), texts("ready.rows")], rows, numeric=(1,)))
            if tried.left_out:
                st.warning(frame.label(texts, "data.bundle_lacks", tables=", ".join(tried.left_out)))
            for what, kinds in (("added", tried.kinds_added), ("otherwise", tried.kinds_otherwise)):
                if kinds:
                    names = ", ".join(frame.markdown_escape(getattr(kind, texts.language)) for kind in kinds)
                    st.write(texts(f"receipt.kinds_{what}", file=site_kinds.FILE, kinds=names))
        else:
            _sentences(texts, tried.receipt)
        show(ready.brought(texts, brings))


def _sentences(texts: Texts, receipt: Receipt) -> None:
    said = Markup().join(
        Markup("<li>{}</li>").format(one.strip()) for one in receipt.sentences(texts.language, is_command=False)
    )
    show(Markup('<ul class="rb-receipt">{}</ul>').format(said))
    listed = receipt.rows(texts.language, is_command=False)
    if len(listed):
        saving.offer(
            texts("data.save_rows", n=len(listed)),
            csv_for_reader(listed, texts.language),
            f"{Path(receipt.file).stem}-{texts('data.rows_file')}.csv",
            "text/csv",
            key="data-rows",
        )


def _bring_in(texts: Texts, store: ScopedStore, path: Path, answers: Answers) -> None:
    brings = readiness.outlook(official_model().disease)
    with progress.shown(texts, texts("data.importing")) as step:
        step(0.1)
        receipt = upload.bring_in(path, answers, lambda done, total: step(done / total if total else 0.5))
        step(1.0)
    audit.note("import", who=store.viewer.who, role=str(store.viewer), surface=store.surface, table=answers.kind)
    brings.see_current()
    st.session_state["data-done"] = ("imported", path.name, receipt, brings)
    st.session_state["data-drop"] += 1
    st.rerun()


def _corrected_places(texts: Texts, store: ScopedStore) -> None:
    """Offer to let the figures follow the places that were corrected in the register; say first what that does."""
    waiting_n = len(decisions.places_waiting(store))
    if not waiting_n:
        return
    with st.container(border=True, key="corrected-places"):
        show(
            Markup('<h2 id="places">{}</h2><p>{}</p>').format(
                texts("data.places"), texts("data.places_how", n=waiting_n)
            )
        )
        with st.expander(texts("data.receipt")):
            _sentences(texts, decisions.take_over_places(store, is_dry_run=True))
        if st.button(texts("data.places_take"), type="primary", key="places-take"):
            brings = readiness.outlook(official_model().disease)
            with progress.shown(texts, texts("data.importing")) as step:
                step(0.1)
                receipt = decisions.take_over_places(store)
                step(1.0)
            audit.note("import", who=store.viewer.who, role=str(store.viewer), surface=store.surface, table="places")
            brings.see_current()
            st.session_state["data-done"] = ("places", texts("data.places"), receipt, brings)
            st.rerun()


def _tell_done(texts: Texts) -> None:
    """Tell, once, what the last action did."""
    if done := st.session_state.pop("data-done", None):
        what, name, receipt, brings = done
        st.success(texts(f"data.done_{what}", name=frame.markdown_escape(name)))
        if receipt is not None:
            with st.expander(texts("data.receipt_done")):
                _sentences(texts, receipt)
        show(ready.brought(texts, brings))
    if fetched := st.session_state.pop("data-fetched", None):
        outcomes, brings = fetched
        rows = [
            [
                catalogue.title(one.source_id, texts.language),
                texts(f"sources.{one.state}"),
                texts.number(one.rows_n, 0),
                Markup('<span lang="en">{}</span>').format(one.message),
            ]
            for one in outcomes
        ]
        if all(one.state == "failed" for one in outcomes):
            st.warning(texts("data.no_network"))
        heads = [texts(f"sources.{name}") for name in ("source", "status", "rows", "said")]
        listed = tables.table(texts("sources.refreshed"), heads, rows, numeric=(2,), is_caption_shown=True)
        show(Markup('<section class="rb-page">{}{}</section>').format(listed, ready.brought(texts, brings)))


# --- what came in --------------------------------------------------------------------------------------


def _came_in(texts: Texts, store: ScopedStore) -> None:
    """List what was imported, with the way back."""
    raws = sorted(deliveries.latest_raw().values(), key=lambda raw: raw.record.retrieved_at, reverse=True)
    show(Markup("<h2>{}</h2>").format(texts("data.came_in")))
    if not raws:
        st.caption(texts("data.nothing_came_in"))
        return
    rows = [
        [
            catalogue.title(raw.record.source_id, texts.language),
            raw.record.address,
            _day(texts, raw.record.source_date),
            texts.number(raw.record.rows_n, 0),
            f"{_day(texts, raw.record.retrieved_at)}, {raw.record.retrieved_at[11:16]}",
        ]
        for raw in raws
    ]
    heads = [texts(f"data.column_{name}") for name in ("source", "file", "date", "rows", "when")]
    show(
        Markup('<section class="rb-page">{}</section>').format(
            tables.table(texts("data.came_in"), heads, rows, numeric=(3,))
        )
    )
    with st.container(horizontal=True):
        last = raws[0].record
        if st.button(frame.label(texts, "data.undo", name=_named(last, texts.language)), key="data-undo"):
            _ask_back(texts, store, "undone")
        if st.button(texts("data.example"), key="data-example"):
            _ask_back(texts, store, "example")


def _ask_back(texts: Texts, store: ScopedStore, what: str) -> None:
    """Ask once before a way back is taken."""

    @st.dialog(texts(f"data.ask_{what}"))
    def asked() -> None:
        st.write(texts(f"data.ask_{what}_what"))
        with st.container(horizontal=True):
            if st.button(texts("data.yes"), type="primary", key="data-yes"):
                brings = readiness.outlook(official_model().disease)
                name = build.undo().address if what == "undone" else str(build.return_to_example())
                brings.see_current()
                audit.note(what, who=store.viewer.who, role=str(store.viewer), surface=store.surface)
                st.session_state["data-done"] = (what, name, None, brings)
                st.rerun()
            if st.button(texts("data.no"), key="data-no"):
                st.rerun()

    asked()


def _bundle(texts: Texts) -> None:
    """Offer all public tables as one file for an installation without a network."""
    show(Markup("<h2>{}</h2><p>{}</p>").format(texts("data.bundle"), texts("data.bundle_how")))

    def packed() -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle.zip"
            bundle.write(path, snapshot.current())
            return path.read_bytes()

    left_out = bundle.secret_tables(snapshot.current())
    if left_out:
        st.caption(texts("data.bundle_without", tables=", ".join(texts(f"ready.tables.{name}") for name in left_out)))
    name = f"risicobeeld-{snapshot.current().data_version}.zip"
    saving.offer(texts("data.bundle_save"), packed, name, "application/zip", key="data-bundle")


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
