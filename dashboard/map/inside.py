"""What lies inside the score, in place of its colours: one indicator, or what it adds to the score."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from geodata import codes as fixed
from geodata.errors import ContractError
from geodata.sources import catalogue
from risk.index import normalise
from risk.index.declaration import Indicator
from risk.scores.outputs import Scored
from words import Texts

PART: Final = ".part"
"""Behind a code in the address: what the indicator adds to the score, instead of its value."""

_SIZE: Final = "size"  # the route of the model that counts people
_FIGURES: Final = ("raw_value", "value_0_10", "missing_reason", "status", "source", "source_date")
_EDGES_0_10: Final = (8.0, 6.0, 4.0, 2.0)
_EDGES_PART: Final = (0.5, 0.1, -0.1, -0.5)  # points of the score


VALUE_COLOURS: Final = ("#7a2f05", "#c2590f", "#f09a3e", "#fbcd86", "#fff0d0")
"""Of an indicator, the most attention first: another hue than the classes and the places, for it is another thing."""

PART_COLOURS: Final = ("#9a4a04", "#eba04c", "#f2f0ec", "#a79ccb", "#54278f")
"""Of what an indicator adds to a score or takes off it; the middle is as in the country."""

_MISSING_FROM: Final = 10  # the first step that stands for a reason why there is no figure
_DIGITS: Final = "0123456789abcdefghij"


@dataclass(frozen=True)
class Inside:
    """A figure per area in five steps that never follow the data.

    Attributes
    ----------
    title
        What is shown.
    colours, words
        Colour and meaning of each step, in the order of the legend.
    steps
        Step per code of the picture's areas, counted from 0; None where there is no figure.
    told
        The figure of each area in words; of one that is missing, why.
    notes
        Unit, status, source and date.
    """

    title: str
    colours: tuple[str, ...]
    words: tuple[str, ...]
    steps: tuple[int | None, ...]
    told: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.told) or len(self.colours) != len(self.words):
            raise ContractError("A figure inside the score needs a step and words per area; give one of each.")

    def of(self, areas: Sequence[str]) -> dict[str, tuple[int | None, str]]:
        """Return step and words per code of an area."""
        return dict(zip(areas, zip(self.steps, self.told, strict=True), strict=True))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why figures are missing, each reason once."""
        return tuple(dict.fromkeys(word for step, word in zip(self.steps, self.told, strict=True) if step is None))


def message(inside: Inside | None, areas: Sequence[str], codes: Sequence[str]) -> dict[str, Any] | None:
    """Return the figures in the order of the boundaries; None without any.

    Parameters
    ----------
    areas
        Codes of the picture's areas, in the order of the figures.
    codes
        Codes of the level in the order of the published boundaries.

    Returns
    -------
    dict
        ``steps``: a character per area: 0-9 its step, a letter its reason, a space outside the picture; ``told``: the
        figures of the areas that have one, in the same order.
    """
    if inside is None:
        return None
    found = inside.of(areas)
    reasons = inside.reasons
    steps, told = [], []
    for code in codes:
        if code not in found:
            steps.append(" ")
            continue
        step, words = found[code]
        if step is None:
            steps.append(_DIGITS[_MISSING_FROM + reasons.index(words)])
        else:
            steps.append(_DIGITS[step])
            told.append(words)
    return {
        "title": inside.title,
        "colours": inside.colours,
        "words": inside.words,
        "notes": inside.notes,
        "reasons": reasons,
        "steps": "".join(steps),
        "told": told,
    }


def options(texts: Texts, scored: Scored) -> dict[str, str | dict[str, str]]:
    """Return what the map can show in words, by what stands in the address: the score, and per indicator two things."""
    offered = [one for one in scored.model.areas.indicators if one.code not in scored.left_out]
    return {
        "": texts("inside.score"),
        texts("inside.values"): {one.code: _title(one.name[texts.language]) for one in offered},
        texts("inside.parts"): {one.code + PART: _title(one.name[texts.language]) for one in offered},
    }


def sizes(scored: Scored) -> tuple[str, ...]:
    """Return the indicators that the picture has of how many people there are to protect."""
    model, left_out = scored.model.areas, scored.left_out
    return tuple(one.code for one in model.indicators if one.route == _SIZE and one.code not in left_out)


def _found(scored: Scored, asked: str) -> Indicator | None:
    """Return the indicator that is asked for; None where the picture has no such."""
    code = asked.removesuffix(PART)
    found = [one for one in scored.model.areas.indicators if one.code == code]
    return found[0] if found and code not in scored.left_out else None


def title_of(texts: Texts, scored: Scored, asked: str) -> str:
    """Return what is shown in place of the score, in words; '' for the score itself.

    Parameters
    ----------
    texts
        Words of the reader's language.
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    asked
        What is shown in place of the score, as in the address.
    """
    indicator = _found(scored, asked)
    if indicator is None:
        return ""
    name = indicator.name[texts.language]
    return texts("inside.part_of", name=name) if asked.endswith(PART) else _title(name)


def layer(texts: Texts, scored: Scored, rows: pd.DataFrame, asked: str) -> Inside | None:
    """Return what is asked for, of some rows of the scores in their order; None is the score itself.

    A figure that nobody published is there only as its step, which the door leaves of it.

    Parameters
    ----------
    texts
        Words of the reader's language.
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    indicator = _found(scored, asked)
    if indicator is None or rows.empty:
        return None
    table = scored.indicators
    found = table[table["indicator_code"] == indicator.code].set_index("unit_id").reindex(rows["unit_id"])
    missing = [_why(texts, reason) for reason in found["missing_reason"].fillna("")]
    if asked.endswith(PART):
        return _part(texts, scored, indicator, rows, found, missing)
    edges = _in_unit(scored, indicator, is_together=not str(rows["sector_code"].iloc[0]))
    steps = [_step(value, _EDGES_0_10) for value in found["value_0_10"]]
    words = _ranges(texts, edges)
    told = [
        why if step is None else words[step] if pd.isna(raw) else _number(texts, raw)
        for step, raw, why in zip(steps, found["raw_value"], missing, strict=True)
    ]
    notes = (texts("inside.unit", unit=indicator.unit[texts.language]), *_notes(texts, found))
    return Inside(title_of(texts, scored, asked), VALUE_COLOURS, words, tuple(steps), tuple(told), notes)


def with_figures(scored: Scored, rows: pd.DataFrame, asked: str) -> pd.DataFrame:
    """Return rows of the scores with the figure that is asked for behind them, and what it rests on.

    Parameters
    ----------
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    indicator = _found(scored, asked)
    if indicator is None:
        return rows
    figures = scored.indicators[scored.indicators["indicator_code"] == indicator.code].set_index("unit_id")
    parts = scored.contributions[scored.contributions["indicator_code"] == indicator.code].set_index("unit_id")
    made = rows.assign(indicator_code=indicator.code)
    for column in _FIGURES:
        made[f"indicator_{column}" if column in ("status", "source", "source_date") else column] = (
            figures[column].reindex(rows["unit_id"]).to_numpy()
        )
    added = pd.Series(parts["contribution_0_10"].reindex(rows["unit_id"]).to_numpy(), index=made.index)
    return made.assign(contribution_0_10=added.where(made["raw_value"].notna()))  # nothing of a figure that is hidden


def _part(
    texts: Texts, scored: Scored, indicator: Indicator, rows: pd.DataFrame, found: pd.DataFrame, missing: Sequence[str]
) -> Inside:
    """Return what an indicator adds to each score, against the country; nothing where it has no figure or no score."""
    table = scored.contributions
    parts = table[table["indicator_code"] == indicator.code].set_index("unit_id")["contribution_0_10"]
    values = parts.reindex(rows["unit_id"]).to_numpy()
    is_known = rows["score_0_10"].notna().to_numpy() & found["value_0_10"].notna().to_numpy()
    steps = [_step(value, _EDGES_PART) if is_there else None for value, is_there in zip(values, is_known, strict=True)]
    words = tuple(texts(f"inside.part_{number}") for number in range(1, 6))
    is_secret = found["raw_value"].isna().to_numpy()
    told = [
        (why or texts("map.no_data")) if step is None else words[step] if hidden else _signed(texts, value)
        for step, value, hidden, why in zip(steps, values, is_secret, missing, strict=True)
    ]
    notes = (texts("inside.part_unit"), *_notes(texts, found))
    return Inside(title_of(texts, scored, indicator.code + PART), PART_COLOURS, words, tuple(steps), tuple(told), notes)


def _title(name: str) -> str:
    return name[:1].upper() + name[1:]


def _step(value: float, edges: Sequence[float]) -> int | None:
    """Return which step a value stands on, the highest first.

    Examples
    --------
    >>> [_step(value, (8, 6, 4, 2)) for value in (9.0, 8.0, 1.9, float("nan"))]
    [0, 0, 4, None]
    """
    return None if pd.isna(value) else sum(value < edge for edge in edges)


def _in_unit(scored: Scored, indicator: Indicator, *, is_together: bool) -> tuple[float, ...]:
    """Return the edges between the steps in the indicator's own unit: they follow its goalposts, never the data."""
    low, high = indicator.goalposts.at(scored.level, together=is_together)
    return tuple(
        normalise.denormalise(edge, low, high, direction=indicator.direction, is_log=indicator.transform == "log")
        for edge in _EDGES_0_10
    )


def _ranges(texts: Texts, edges: Sequence[float]) -> tuple[str, ...]:
    """Return the meaning of each step in words: from an edge on, between two, below the last."""
    told = [_number(texts, edge) for edge in edges]
    above, below = ("inside.from", "inside.below") if edges[0] > edges[-1] else ("inside.to", "inside.above")
    between = []
    for one, other in pairwise(edges):
        low, high = sorted((one, other))
        between.append(texts("inside.between", low=_number(texts, low), high=_number(texts, high)))
    return (texts(above, n=told[0]), *between, texts(below, n=told[-1]))


def _number(texts: Texts, value: float) -> str:
    """Write a figure with about three digits, as many as it deserves."""
    size = abs(value)
    return texts.number(value, 0 if size >= 100 else 1 if size >= 10 else 2)


def _signed(texts: Texts, value: float) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{texts.number(abs(value), 1)}"


def _why(texts: Texts, reason: str) -> str:
    return texts(f"missing_means.{reason}") if reason else ""


def _notes(texts: Texts, found: pd.DataFrame) -> tuple[str, ...]:
    """Return status, source and date of the figures, in words."""
    counts = found["status"].value_counts()
    statuses = ", ".join(f"{texts(f'status.{status}')} {n}" for status, n in counts.items())
    is_there = found["status"] != fixed.Status.MISSING.value
    sources = dict.fromkeys(
        _source(texts, one.strip()) for text in found.loc[is_there, "source"].dropna() for one in str(text).split(";")
    )
    days = sorted({day.date() for day in pd.to_datetime(found.loc[is_there, "source_date"]).dropna()})
    notes = [texts("inside.status", statuses=statuses)]
    if sources:
        notes.append(texts("inside.source", sources=", ".join(sources)))
    if days:
        told = texts.day(days[-1]) if days[0] == days[-1] else f"{texts.day(days[0])} – {texts.day(days[-1])}"
        notes.append(texts("inside.date", day=told))
    return tuple(notes)


def _source(texts: Texts, named: str) -> str:
    """Return a source as people know it; one that nobody published is said to be so."""
    name, _, mark = named.partition(" · ")
    declared = name.partition(":")[0]
    known = catalogue.title(declared, texts.language) if declared in catalogue.SOURCES else name.replace("_", " ")
    return f"{known} ({texts(f'missing_means.{mark}')})" if f"missing_means.{mark}" in texts else known
