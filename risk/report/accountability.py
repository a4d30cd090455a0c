"""The accountability report: what the platform did in a period, and what it led to."""

from collections.abc import Mapping
from datetime import date

import geopandas as gpd

from access.rights import Rows, rows_of
from door.store import ScopedStore
from risk.report import charts
from risk.report.blocks import Block, Document, Grid, Heading, Paragraph, Picture, Step, unseen
from risk.report.facts import Facts, gather
from risk.report.words import band_of, read_words, sector_name, stamp_of

_COUNTS = ("by_theme", "by_kind", "by_trigger", "by_integral", "by_found", "by_measures", "by_sector", "by_region")
_LONGEST_LIST = 100


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
    band = band_of(language, is_invented=facts.is_invented)
    viewer = store.viewer
    scope = words["scope_nation"]
    if rows_of(viewer.role, "activations") in (Rows.OWN, Rows.PARTNER):
        scope = words["scope_region"].format(
            scope=", ".join(facts.regions.values()) if viewer.vr_codes else str(viewer)
        )
    period = words["period"].format(first=first, last=last, viewer=viewer, version=store.data_version)
    blocks: list[Block] = [Heading(words["title"], 1), Paragraph(scope), Paragraph(period, is_small=True)]
    blocks += _summary(facts, words)
    blocks += _by_month(facts, words, band)
    for place, name in enumerate(_COUNTS):
        step(0.5 + 0.5 * place / len(_COUNTS))
        blocks += _count(facts, words, name, language, band)
        if name == "by_region":
            blocks += _map(store, facts, words, band)
    blocks += _referrals(facts, words)
    blocks += _work(facts, words)
    blocks.append(stamp_of(store, language, last))
    return Document(words["title"], language, band, tuple(blocks))


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


def label_of(name: str, code: str, facts: Facts, words: Mapping[str, str], language: str) -> str:
    """Return the word for a code of a count."""
    if name == "by_region":
        return f"{facts.regions.get(code, code)} ({code})"
    if name == "by_sector":
        return sector_name(code, language)
    if name == "by_measures":
        return words[f"measure_{code}"]
    return words.get(code, code)


def _count(facts: Facts, words: Mapping[str, str], name: str, language: str, band: str) -> list[Block]:
    counts = facts.counts[name]
    total = len(facts.activations)
    labels = [label_of(name, code, facts, words, language) for code in counts]
    numbers = list(counts.values())
    rows = tuple(
        (label, str(number), f"{100 * number / total:.0f}%" if total else "-")
        for label, number in zip(labels, numbers, strict=True)
    )
    grid = Grid((words["label"], words["number"], words["share"]), rows, (1, 2))
    blocks: list[Block] = [Heading(words[name]), Paragraph(words[f"{name}_def"], is_small=True), grid]
    if name in ("by_theme", "by_trigger", "by_measures") and total:
        blocks.append(Picture(charts.bars(labels, numbers, band), words[name]))
    return blocks


def _map(store: ScopedStore, facts: Facts, words: Mapping[str, str], band: str) -> list[Block]:
    regions = store.table("veiligheidsregios")
    if not isinstance(regions, gpd.GeoDataFrame):
        return []
    return [Picture(charts.map_of_regions(regions, facts.counts["by_region"], band), words["map"], width_cm=12)]


def _by_month(facts: Facts, words: Mapping[str, str], band: str) -> list[Block]:
    names = ("activations", "preventief", "repressief", "signals", "referrals", "work")
    rows = tuple((month, *(str(facts.by_month.loc[month, name]) for name in names)) for month in facts.by_month.index)
    grid = Grid((words["month"], *(words[name] for name in names)), rows, (1, 2, 3, 4, 5, 6))
    blocks: list[Block] = [Heading(words["by_month"]), Paragraph(words["by_month_def"], is_small=True), grid]
    if len(facts.activations):
        blocks.append(Picture(charts.months(facts.by_month, words, band), words["chart_month"]))
    return blocks


def _referrals(facts: Facts, words: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = [Heading(words["by_referral"]), Paragraph(words["by_referral_def"], is_small=True)]
    if facts.referrals.empty:
        return [*blocks, Paragraph(words["none"])]
    counts = facts.referrals.groupby(["route", "state"]).size().reset_index(name="n")
    rows = tuple((str(row.route), words.get(str(row.state), str(row.state)), str(row.n)) for row in counts.itertuples())
    return [*blocks, Grid((words["route"], words["state"], words["number"]), rows, (2,))]


def _work(facts: Facts, words: Mapping[str, str]) -> list[Block]:
    blocks: list[Block] = [Heading(words["work_list"]), Paragraph(words["work_list_def"], is_small=True)]
    if facts.work.empty:
        return [*blocks, Paragraph(words["none"])]
    counted = tuple((words[code], str(number)) for code, number in facts.counts["by_work"].items())
    listed = facts.work.sort_values("event_date").head(_LONGEST_LIST)
    rows = tuple(
        (f"{row.event_date:%Y-%m-%d}", words.get(str(row.kind), ""), str(row.title), str(row.organisation))
        for row in listed.itertuples()
    )
    header = (words["date"], words["kind"], words["what"], words["organisation"])
    blocks += [Grid((words["kind"], words["number"]), counted, (1,)), Grid(header, rows)]
    if len(facts.work) > _LONGEST_LIST:
        blocks.append(Paragraph(words["more"].format(n=len(facts.work) - _LONGEST_LIST)))
    return blocks
