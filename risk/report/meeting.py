"""The meeting sheet: one page of what changed since a date, for the fortnightly meeting of the platform."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pandas as pd

from access.rights import Verb
from access.viewer import may
from door.store import ScopedStore
from geodata import contracts
from geodata.areas.regions import region_names
from geodata.errors import UnlikePicturesError
from register.read import in_training
from risk.index.classify import class_name, class_words, refuse_unlike, without
from risk.index.declaration import Model
from risk.index.indicators import CORE_TABLES
from risk.index.model import for_disease, load_model
from risk.index.pipeline import score
from risk.report.files import Block, Document, Grid, Heading, Paragraph, Step, stamp_of, unseen
from risk.report.interpretations import section, valid
from risk.report.words import banner_of, read_words, route_names, sector_name
from words import read_texts

_LONGEST = 6


def meeting_sheet(
    store: ScopedStore, since: date, language: str = "nl", *, disease: str = "", step: Step = unseen
) -> Document:
    """Return the sheet of what was recorded or changed on or after a date; ``step`` hears the part that is done.

    The classes are those of the picture of a disease; '' is the model's own.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    since
        The first day of the period.
    language
        ``nl`` or ``en``.
    disease
        As the table of infections names it; '' is the model's own.
    step
        Is told the part that is done (0-1).

    Raises
    ------
    InputError
        The language does not exist.
    AccessDeniedError
        The viewer may not open the activations.
    """
    words = read_words(language)
    step(0.0)
    activations = store.register("activations")
    notes = _since(valid(store), since)
    is_invented = store.is_demonstration or any(
        len(rows) > 0 and bool(in_training(rows).any()) for rows in (activations, notes)
    )
    told = read_texts(language).day(since)
    title = words["meeting_title"].format(since=told)
    blocks: list[Block] = [Heading(title, 1), Paragraph(words["meeting_intro"].format(since=told), is_small=True)]
    blocks += _activations(_since(activations, since), words, language)
    blocks += _signals(_open(store, "signals"), since, words)
    referrals = _since(_open(store, "referrals"), since, "state_date")
    blocks += _referrals(referrals, words, route_names(store, language), language)
    blocks += _plan(_open(store, "plan_lines"), activations, words)
    blocks += section(notes, language) if len(notes) else []  # the sheet is one page
    step(0.5)
    blocks += _moved(store, since, for_disease(load_model(), disease), words, language)
    last = max(since, activations["event_date"].max().date()) if len(activations) else since
    blocks.append(stamp_of(store, language, last, for_disease(load_model(), disease).version))
    return Document(title, language, banner_of(language, is_invented=is_invented), tuple(blocks))


def _open(store: ScopedStore, name: str) -> pd.DataFrame:
    return store.register(name) if store.may(name) else contracts.empty(name)


def _since(rows: pd.DataFrame, since: date, column: str = "recorded_at") -> pd.DataFrame:
    return rows[rows[column] >= pd.Timestamp(since)] if len(rows) else rows


def _grid(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]], words: Mapping[str, str], numeric: tuple[int, ...] = ()
) -> list[Block]:
    if not rows:
        return [Paragraph(words["nothing"])]
    blocks: list[Block] = [Grid(header, tuple(rows[:_LONGEST]), numeric)]
    if len(rows) > _LONGEST:
        blocks.append(Paragraph(words["more"].format(n=len(rows) - _LONGEST), is_small=True))
    return blocks


def _across(counts: Mapping[str, int], words: Mapping[str, str]) -> Grid:
    """Lay counts beside one another, so that the sheet stays one page."""
    return Grid(tuple(words[name] for name in counts), (tuple(map(str, counts.values())),))


def _activations(rows: pd.DataFrame, words: Mapping[str, str], language: str) -> list[Block]:
    listed = [
        (
            read_texts(language).day(row.event_date.date()),
            region_names().get(str(row.vr_code), str(row.vr_code)),
            sector_name(str(row.sector_code), language),
            words[str(row.kind)],
            _short(str(row.outcome)),
        )
        for row in rows.itertuples()
    ]
    header = (words["date"], words["region"], words["sector"], words["kind"], words["what"])
    title = f"{words['new_activations']}: {len(rows)}"
    return [Heading(title), *_grid(header, listed, words)]


def _signals(rows: pd.DataFrame, since: date, words: Mapping[str, str]) -> list[Block]:
    changed = _since(rows, since)
    counts = {
        "since_new": int((changed["version"] == 1).sum()) if len(changed) else 0,
        "since_closed": int((changed["state"] != "new").sum()) if len(changed) else 0,
        "still_open": int((rows["state"] == "new").sum()),
    }
    return [Heading(words["open_signals"]), _across(counts, words), Paragraph(words["signals_def"], is_small=True)]


def _referrals(rows: pd.DataFrame, words: Mapping[str, str], routes: Mapping[str, str], language: str) -> list[Block]:
    day = read_texts(language).day
    listed = [
        (
            day(row.state_date.date()),
            routes.get(str(row.route), str(row.route)),
            words.get(str(row.state), str(row.state)),
        )
        for row in rows.itertuples()
    ]
    header = (words["date"], words["route"], words["state"])
    return [Heading(f"{words['followed']}: {len(rows)}"), *_grid(header, listed, words)]


def _plan(lines: pd.DataFrame, activations: pd.DataFrame, words: Mapping[str, str]) -> list[Block]:
    visits = activations[activations["plan_line_id"] != ""] if len(activations) else activations
    visits = visits[visits["plan_line_id"].isin(set(lines["plan_line_id"]))] if len(visits) else visits
    found = visits["infections_found"].value_counts()
    counts = {
        "planned": len(lines),
        "visited": visits["plan_line_id"].nunique() if len(visits) else 0,
        "found": int(found.get("yes", 0)),
        "nothing_found": int(found.get("no", 0)),
    }
    return [Heading(words["plan"]), _across(counts, words), Paragraph(words["plan_def"], is_small=True)]


def _moved(store: ScopedStore, since: date, model: Model, words: Mapping[str, str], language: str) -> list[Block]:
    heading: list[Block] = [Heading(words["moved"]), Paragraph(words["moved_def"], is_small=True)]
    if not may(store.viewer, Verb.RUN, "evaluation"):
        return [*heading, Paragraph(words["moved_needs"])]
    texts = read_texts(language)
    try:
        moved, lacks = classes_moved(store, since, model)
    except UnlikePicturesError as error:
        return [*heading, Paragraph(texts(f"problem.{error.key}"))]
    if lacks:
        heading.append(Paragraph(f"{texts('picture.lacks', without=without(lacks, language))}."))
    if not moved:
        return [*heading, Paragraph(words["moved_none"])]
    rows = [
        (name, *(class_words(class_name(int(one), language), lacks, language) for one in (before, after)))
        for name, before, after in moved
    ]
    return [*heading, *_grid((words["region"], words["before"], words["after"]), rows, words)]


def classes_moved(
    store: ScopedStore, since: date, model: Model
) -> tuple[list[tuple[str, float, float]], tuple[str, ...]]:
    """Return the regions whose class (1 to 5, all sectors together) changed since a date, and what both pictures lack.

    A region is its name with the class of then and of now.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    since
        The date.
    model
        The index as declared.

    Raises
    ------
    UnlikePicturesError
        One of the two pictures lacks a dimension or route that the other has.
    """
    tables = {name: store.table(name) for name in CORE_TABLES}
    then, now = (
        score(tables, "vr", model, rebuilds=0, at=at) for at in (pd.Timestamp(since - timedelta(days=1)), None)
    )
    refuse_unlike(then.lacks, now.lacks)
    before, after = (one.scores.set_index("unit_id") for one in (then, now))
    names = tables["veiligheidsregios"].set_index("vr_code")["vr_name"]
    units = after.index[after["sector_code"] == ""].intersection(before.index)
    pairs = [(unit, before.loc[unit, "risk_class"], after.loc[unit, "risk_class"]) for unit in units]
    moved = [(str(names.get(unit, unit)), old, new) for unit, old, new in pairs if pd.notna(old) and old != new]
    return sorted((one for one in moved if pd.notna(one[2])), key=lambda one: one[1] - one[2]), now.lacks


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
