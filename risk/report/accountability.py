"""The accountability report: what the register says of a period, counted, and what it led to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import geopandas as gpd
import pandas as pd

from access.rights import Rows, rows_of
from door.store import ScopedStore
from geodata import codes, contracts
from geodata.areas.regions import region_names
from geodata.errors import InputError
from register.read import Filters, in_training
from register.schema import MEASURES, REFERRAL_STATES, measure_codes
from risk.report import charts
from risk.report.files import Block, Document, Grid, Heading, Paragraph, Picture, Step, stamp_of, unseen
from risk.report.interpretations import section, valid
from risk.report.words import banner_of, monday, month_words, read_words, route_names, sector_name, viewer_words
from words import read_texts

_COUNTS = ("by_theme", "by_kind", "by_trigger", "by_integral", "by_found", "by_measures", "by_sector", "by_region")
_LONGEST_LIST = 100
WORK_KINDS: Final = ("communication", "product", "contact")
TEXT_KINDS: Final = ("assignment", "coordination", "conclusions")
"""Kinds of the log book that are texts of the report: written once, dated, used until a newer one."""


@dataclass(frozen=True)
class Facts:
    """The rows of one period as one viewer may see them, and what is counted of them.

    Attributes
    ----------
    counts
        Name of the count -> code -> number; every code of a closed list is there, also with 0.
    by_month
        Month (2020-09) x activations, preventief, repressief, signals, referrals, work.
    interpretations
        The notes of the period that hold (`risk.report.interpretations`).
    regions
        Code -> name of the veiligheidsregio's in the viewer's scope.
    texts
        Kind of text (`TEXT_KINDS`) -> its date and the text: the newest up to the last day, else the first after it.
    plan
        The lines of approved plans, and of plans that were carried out, whose week began in the period.
    """

    first: date
    last: date
    activations: pd.DataFrame
    signals: pd.DataFrame
    referrals: pd.DataFrame
    work: pd.DataFrame
    interpretations: pd.DataFrame
    counts: Mapping[str, Mapping[str, int]]
    by_month: pd.DataFrame
    regions: Mapping[str, str]
    is_invented: bool
    texts: Mapping[str, tuple[date, str]]
    plan: pd.DataFrame


def gather(store: ScopedStore, first: date, last: date, *, as_of: date | None = None) -> Facts:
    """Return the facts of a period.

    Parameters
    ----------
    first, last
        Both included; an entry counts on its event date.
    as_of
        Only what was recorded by then: an earlier report comes out the same again.

    Raises
    ------
    InputError
        The period ends before it begins.
    AccessDeniedError
        The viewer may not open the activations.
    """
    if last < first:
        raise InputError("period_reversed", last=last, first=first)
    filters = Filters(first=first, last=last, as_of=as_of)
    names = ("activations", "signals", "referrals", "work_log")
    tables = {name: _rows(store, name, filters) for name in names}
    tables["interpretations"] = valid(store, filters)
    is_invented = store.is_demonstration or any(bool(in_training(rows).any()) for rows in tables.values() if len(rows))
    activations, referrals, work = tables["activations"], tables["referrals"], tables["work_log"]
    work = work[work["kind"].isin(WORK_KINDS)].reset_index(drop=True)
    regions = _regions(store)
    counts = {
        "by_theme": _listed(activations["themes"].str.split(";"), codes.THEMES),
        "by_kind": _counted(activations["kind"], codes.ACTIVATION_KINDS),
        "by_trigger": _counted(activations["trigger"], codes.TRIGGERS),
        "by_region": _counted(activations["vr_code"], tuple(regions)),
        "by_sector": _counted(activations["sector_code"], tuple(codes.SECTORS)),
        "by_integral": _counted(activations["integral"].map({True: "yes", False: "no"}), ("yes", "no")),
        "by_found": _counted(activations["infections_found"], ("yes", "no", "unknown")),
        "by_measures": _listed(activations["measures"].map(_measures), (*MEASURES, "other", "empty")),
        "by_referral_state": _counted(referrals["state"], REFERRAL_STATES),
        "by_work": _counted(work["kind"], WORK_KINDS),
    }
    return Facts(
        first,
        last,
        activations,
        tables["signals"],
        referrals,
        work,
        tables["interpretations"],
        counts,
        _counted_by_month(first, last, activations, tables["signals"], referrals, work),
        regions,
        is_invented,
        _texts(store, last, as_of),
        _planned(store, first, last, as_of),
    )


def _texts(store: ScopedStore, last: date, as_of: date | None) -> dict[str, tuple[date, str]]:
    if not store.may("work_log"):
        return {}
    rows = store.register("work_log", Filters(as_of=as_of)).sort_values("event_date", kind="stable")
    found = {}
    for kind in TEXT_KINDS:
        mine = rows[(rows["kind"] == kind) & (rows["text"] != "")]
        until = mine[mine["event_date"] <= pd.Timestamp(last)]
        if len(mine):
            row = mine.iloc[0] if until.empty else until.iloc[-1]
            found[kind] = row["event_date"].date(), str(row["text"])
    return found


def _planned(store: ScopedStore, first: date, last: date, as_of: date | None) -> pd.DataFrame:
    if not store.may("plan_lines"):
        return contracts.empty("plan_lines")
    lines = store.register("plan_lines", Filters(as_of=as_of))
    begins = lines["week"].map(monday)
    return lines[(lines["plan_state"] != "draft") & (begins >= first) & (begins <= last)].reset_index(drop=True)


def _rows(store: ScopedStore, name: str, filters: Filters) -> pd.DataFrame:
    """Return rows of one kind, invented or real, never both: once there are real ones only those count."""
    if not store.may(name) and name != "activations":
        return contracts.empty(name)
    rows = store.register(name, filters)
    if "status" not in rows.columns:
        return rows
    real = ~in_training(rows)
    return rows[real].reset_index(drop=True) if real.any() else rows


def _measures(text: str) -> list[str]:
    return measure_codes(text) or ["empty"]


def _counted(values: pd.Series, known: tuple[str, ...]) -> dict[str, int]:
    found = values.value_counts()
    rest = [str(code) for code in found.index if code not in known]
    return {code: int(found.get(code, 0)) for code in (*known, *rest)}


def _listed(values: pd.Series, known: tuple[str, ...]) -> dict[str, int]:
    return _counted(values.explode().dropna(), known)


def _regions(store: ScopedStore) -> dict[str, str]:
    table = store.table("veiligheidsregios").sort_values("vr_code")
    names = dict(zip(table["vr_code"], table["vr_name"], strict=True))
    own = store.viewer.vr_codes
    return {code: name for code, name in names.items() if not own or code in own}


def _counted_by_month(
    first: date,
    last: date,
    activations: pd.DataFrame,
    signals: pd.DataFrame,
    referrals: pd.DataFrame,
    work: pd.DataFrame,
) -> pd.DataFrame:
    months = pd.period_range(first, last, freq="M").astype(str)
    parts = {
        "activations": activations,
        **{kind: activations[activations["kind"] == kind] for kind in codes.ACTIVATION_KINDS},
        "signals": signals,
        "referrals": referrals,
        "work": work,
    }
    columns = {
        name: rows["event_date"].dt.strftime("%Y-%m").value_counts().reindex(months, fill_value=0)
        for name, rows in parts.items()
    }
    return pd.DataFrame(columns, index=months).astype(int)


def accountability(
    store: ScopedStore, first: date, last: date, language: str = "nl", *, as_of: date | None = None, step: Step = unseen
) -> Document:
    """Return the report of a period as the viewer may see it; `risk.report.files.write_document` makes the file.

    Parameters
    ----------
    as_of
        Only what was recorded by this day.
    step
        Called with the part that is done.

    Raises
    ------
    InputError
        The period ends before it begins, or the language does not exist.
    AccessDeniedError
        The viewer may not open the activations.
    """
    words = read_words(language)
    step(0.0)
    facts = gather(store, first, last, as_of=as_of)
    step(0.5)
    banner = banner_of(language, is_invented=facts.is_invented)
    viewer = store.viewer
    scope = words["scope_nation"]
    if rows_of(viewer.role, "activations") in (Rows.OWN, Rows.PARTNER):
        scope = words["scope_region"].format(
            scope=", ".join(facts.regions.values()) if viewer.vr_codes else str(viewer)
        )
    day = read_texts(language).day
    period = words["period"].format(
        first=day(first), last=day(last), viewer=viewer_words(store, language), version=store.data_version
    )
    blocks: list[Block] = [Heading(words["title"], 1), Paragraph(scope), Paragraph(period, is_small=True)]
    blocks += _text(facts, words, "assignment", language)
    blocks += _composition(store, words)
    blocks += _summary(facts, words)
    blocks += _by_month(facts, words, banner, language)
    for place, name in enumerate(_COUNTS):
        step(0.5 + 0.5 * place / len(_COUNTS))
        blocks += _count(facts, words, name, language, banner)
        if name == "by_region":
            blocks += _map(store, facts, words, banner)
    blocks += _plan(facts, words)
    blocks += _referrals(facts, words, route_names(store, language))
    blocks += _work(facts, words, language)
    blocks += section(facts.interpretations, language)
    blocks += _text(facts, words, "coordination", language)
    blocks += _text(facts, words, "conclusions", language)
    blocks.append(stamp_of(store, language, last))
    return Document(words["title"], language, banner, tuple(blocks))


def _summary(facts: Facts, words: Mapping[str, str]) -> list[Block]:
    erased = int((facts.activations["erased_reason"] != "").sum()) if len(facts.activations) else 0
    rows = [
        (words["activations"], len(facts.activations)),
        (f"- {words['preventief']}", facts.counts["by_kind"]["preventief"]),
        (f"- {words['repressief']}", facts.counts["by_kind"]["repressief"]),
        (f"- {words['of_which_integral']}", facts.counts["by_integral"]["yes"]),
        (words["signals"], len(facts.signals)),
        (words["referrals"], len(facts.referrals)),
        (words["work"], len(facts.work)),
    ]
    if erased:
        rows.insert(4, (f"- {words['erased']}", erased))
    grid = Grid((words["label"], words["number"]), tuple((label, str(number)) for label, number in rows), (1,))
    return [Heading(words["summary"]), grid, Paragraph(words["summary_def"], is_small=True)]


def _text(facts: Facts, words: Mapping[str, str], kind: str, language: str) -> list[Block]:
    """Return a text of the log book with its date, or where it can be written."""
    blocks: list[Block] = [Heading(words[kind]), Paragraph(words[f"{kind}_def"], is_small=True)]
    if kind not in facts.texts:
        return [*blocks, Paragraph(words["text_none"])]
    day, text = facts.texts[kind]
    blocks += [Paragraph(part) for part in text.split("\n\n") if part.strip()]
    return [*blocks, Paragraph(words["text_of"].format(day=read_texts(language).day(day)), is_small=True)]


def _composition(store: ScopedStore, words: Mapping[str, str]) -> list[Block]:
    """Return who takes part, by function: never a name."""
    blocks: list[Block] = [Heading(words["composition"]), Paragraph(words["composition_def"], is_small=True)]
    if not store.may("contacts"):
        return [*blocks, Paragraph(words["none"])]
    contacts = store.register("contacts")
    if contacts.empty:
        return [*blocks, Paragraph(words["none"])]
    if contacts.loc[contacts["ring"] == "region", "vr_code"].unique().size > 1:
        contacts = contacts.assign(
            organisation=contacts["organisation"].where(contacts["ring"] != "region", words["per_region"])
        )
    counted = contacts.groupby(["ring", "organisation", "function"], sort=False)["contact_id"].count().reset_index()
    rows = tuple(
        (words[f"ring_{row.ring}"], str(row.organisation), str(row.function), str(row.contact_id))
        for row in counted.itertuples()
    )
    return [*blocks, Grid((words["ring"], words["organisation"], words["function"], words["number"]), rows, (3,))]


def _plan(facts: Facts, words: Mapping[str, str]) -> list[Block]:
    """Lay the lines of the plans of the period next to what came of them, by list."""
    blocks: list[Block] = [Heading(words["plan"]), Paragraph(words["plan_period_def"], is_small=True)]
    if facts.plan.empty:
        return [*blocks, Paragraph(words["none"])]
    visits = facts.activations[facts.activations["plan_line_id"] != ""]
    header = tuple(words[name] for name in ("list", "planned", "visited", "found", "nothing_found"))
    rows = []
    for name, lines in facts.plan.groupby("list", sort=False):
        mine = visits[visits["plan_line_id"].isin(lines["plan_line_id"])]
        found = mine["infections_found"].value_counts()
        numbers = (len(lines), mine["plan_line_id"].nunique(), found.get("yes", 0), found.get("no", 0))
        rows.append((words[f"list_{name}"], *(str(int(number)) for number in numbers)))
    return [*blocks, Grid(header, tuple(rows), (1, 2, 3, 4))]


def label_of(name: str, code: str, facts: Facts, words: Mapping[str, str], language: str) -> str:
    """Return the word for a code of a count.

    Parameters
    ----------
    name
        Of the count.
    code
        Its value.
    facts
        What the report rests on.
    words
        Of the report.
    language
        ``nl`` or ``en``.
    """
    if name == "by_region":
        return facts.regions.get(code, code)
    if name == "by_sector":
        return sector_name(code, language)
    if name == "by_measures":
        return words[f"measure_{code}"]
    return words.get(code, code)


def _count(facts: Facts, words: Mapping[str, str], name: str, language: str, banner: str) -> list[Block]:
    texts = read_texts(language)
    counts = facts.counts[name]
    total = len(facts.activations)
    labels = [label_of(name, code, facts, words, language) for code in counts]
    numbers = list(counts.values())
    rows = tuple(
        (label, str(number), texts.percent(number / total) if total else "-")
        for label, number in zip(labels, numbers, strict=True)
    )
    grid = Grid((words["label"], words["number"], words["share"]), rows, (1, 2))
    told = f"{name}_def" if name != "by_region" or len(counts) == len(region_names()) else "by_region_own_def"
    blocks: list[Block] = [Heading(words[name]), Paragraph(words[told], is_small=True), grid]
    if name in ("by_theme", "by_trigger", "by_measures") and total:
        blocks.append(Picture(charts.bars(labels, numbers, banner), words[name]))
    return blocks


def _map(store: ScopedStore, facts: Facts, words: Mapping[str, str], banner: str) -> list[Block]:
    regions = store.table("veiligheidsregios")
    if not isinstance(regions, gpd.GeoDataFrame):
        return []
    return [Picture(charts.map_of_regions(regions, facts.counts["by_region"], banner, words), words["map"], width_cm=9)]


def _by_month(facts: Facts, words: Mapping[str, str], banner: str, language: str) -> list[Block]:
    names = ("activations", "preventief", "repressief", "signals", "referrals", "work")
    rows = tuple(
        (month_words(month, language), *(str(facts.by_month.loc[month, name]) for name in names))
        for month in facts.by_month.index
    )
    grid = Grid((words["month"], *(words[name] for name in names)), rows, (1, 2, 3, 4, 5, 6))
    blocks: list[Block] = [Heading(words["by_month"]), Paragraph(words["by_month_def"], is_small=True), grid]
    if len(facts.activations):
        shown = facts.by_month.rename(index=lambda month: month_words(month, language))
        blocks.append(Picture(charts.months(shown, words, banner), words["chart_month"]))
    return blocks


def _referrals(facts: Facts, words: Mapping[str, str], routes: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = [Heading(words["by_referral"]), Paragraph(words["by_referral_def"], is_small=True)]
    if facts.referrals.empty:
        return [*blocks, Paragraph(words["none"])]
    counts = facts.referrals.groupby(["route", "state"]).size().reset_index(name="n")
    rows = tuple(
        (routes.get(str(row.route), str(row.route)), words.get(str(row.state), str(row.state)), str(row.n))
        for row in counts.itertuples()
    )
    return [*blocks, Grid((words["route"], words["state"], words["number"]), rows, (2,))]


def _work(facts: Facts, words: Mapping[str, str], language: str) -> list[Block]:
    blocks: list[Block] = [Heading(words["work_list"]), Paragraph(words["work_list_def"], is_small=True)]
    if facts.work.empty:
        return [*blocks, Paragraph(words["none"])]
    counted = tuple((words[code], str(number)) for code, number in facts.counts["by_work"].items())
    listed = facts.work.sort_values("event_date").head(_LONGEST_LIST)
    rows = tuple(
        (
            read_texts(language).day(row.event_date.date()),
            words.get(str(row.kind), ""),
            str(row.title),
            str(row.organisation),
        )
        for row in listed.itertuples()
    )
    header = (words["date"], words["kind"], words["what"], words["organisation"])
    monthly = facts.work.groupby([facts.work["event_date"].dt.strftime("%Y-%m"), "kind"]).size().unstack(fill_value=0)  # noqa: PD010
    per_month = tuple(
        (month_words(str(month), language), *(str(int(row.get(kind, 0))) for kind in WORK_KINDS))
        for month, row in monthly.iterrows()
    )
    blocks += [
        Grid((words["kind"], words["number"]), counted, (1,)),
        Grid((words["month"], *(words[kind] for kind in WORK_KINDS)), per_month, (1, 2, 3)),
        Grid(header, rows),
    ]
    if len(facts.work) > _LONGEST_LIST:
        blocks.append(Paragraph(words["more"].format(n=len(facts.work) - _LONGEST_LIST)))
    return blocks
