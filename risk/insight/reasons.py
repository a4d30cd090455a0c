"""Say in words why a unit has its score, and what would change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from geodata.errors import UnknownCodeError
from risk.index.aggregate import aggregate, weigh
from risk.index.classify import class_name, classify
from risk.index.declaration import Model, Text
from risk.index.normalise import denormalise
from risk.index.pipeline import MISSING

_SHOWN = 4
_ROUNDING_0_10 = 1e-9  # what cancels against its sector leaves no more than this, and is no reason
_SEEN_0_10 = 0.05  # what shows as 0.1 or more
_MISSING_WORDS = Text("ontbrekende gegevens", "missing figures")
_REST_WORDS = Text("overige", "other")
_REFERENCE_WORDS = Text("landelijk", "national")


class Told(Protocol):
    """What can be explained: an `Outcome`, or the part of it that a viewer may see."""

    @property
    def model(self) -> Model:
        """The declaration the scores were made with."""

    @property
    def scores(self) -> pd.DataFrame:
        """By contract ``Scores``."""

    @property
    def contributions(self) -> pd.DataFrame:
        """By contract ``Contributions``."""

    @property
    def indicators(self) -> pd.DataFrame:
        """By contract ``Indicators``."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Indicator -> ``no_source``, ``switched_off`` or ``incomplete``."""


@dataclass(frozen=True)
class Change:
    """The smallest realistic change of one indicator that leaves the class.

    Attributes
    ----------
    raw_from, raw_to
        Values in the indicator's own unit.
    class_from, class_to
        Classes before and after.
    """

    indicator_code: str
    raw_from: float
    raw_to: float
    class_from: int
    class_to: int


def parts(told: Told, unit_id: str) -> pd.DataFrame:
    """Return the contributions of a unit, largest first: the data of a bar.

    Returns
    -------
    DataFrame
        indicator_code, contribution_0_10, raw_value, value_0_10, status; empty when not scored.

    Raises
    ------
    UnknownCodeError
        There is no such unit.
    """
    _row(told, unit_id)
    mine = told.contributions[told.contributions["unit_id"] == unit_id].drop(columns="unit_id")
    values = told.indicators[told.indicators["unit_id"] == unit_id]
    columns = ["indicator_code", "raw_value", "value_0_10", "status"]
    joined = mine.merge(values[columns], on="indicator_code", how="left")
    order = joined["contribution_0_10"].abs().sort_values(ascending=False, kind="stable").index
    return joined.loc[order].reset_index(drop=True)


def reasons(told: Told, unit_id: str, lang: str) -> str:
    """Return one sentence that adds up: the score, the national reference, and what makes the difference.

    The figures are rounded to one decimal; what rounding and small parts leave over stands under "other", so
    that the sentence adds up as it stands.

    Parameters
    ----------
    told
        Scores and contributions, with names.
    unit_id
        Of a row of the scores.
    lang
        ``nl`` or ``en``.

    Raises
    ------
    UnknownCodeError
        There is no such unit.
    """
    row = _row(told, unit_id)
    if np.isnan(row["score_0_10"]):
        share = number(row["completeness_pct"], lang, 0)
        return Text(
            f"Niet gescoord: te veel gegevens ontbreken ({share} % is er).",
            f"Not scored: too many figures are missing ({share} % is there).",
        )[lang]
    total, reference = round(row["score_0_10"], 1), round(row["reference_0_10"], 1)
    shown = parts(told, unit_id).head(_SHOWN)
    amounts = [round(value, 1) for value in shown["contribution_0_10"]]
    words = [
        f"{_signed(a, lang)} {_fragment(told, c, a, lang)}"
        for c, a in zip(shown["indicator_code"], amounts, strict=True)
        if a
    ]
    rest = round(total - reference - sum(amounts), 1)
    if rest:
        words.append(f"{_signed(rest, lang)} {_REST_WORDS[lang]}")
    start = f"{number(total, lang)} = {_REFERENCE_WORDS[lang]} {number(reference, lang)}"
    return " ".join([start, *words])


def top_reason(told: Told, unit_id: str, lang: str) -> str:
    """Return in a few words what raises the unit's score most, of all that can be changed; '' when nothing does.

    A border, the season and the past are passed over, as nobody on the spot can act on them.

    Parameters
    ----------
    told
        Scores and contributions, with names.
    unit_id
        Of a row of the scores.
    lang
        ``nl`` or ``en``.

    Raises
    ------
    UnknownCodeError
        There is no such unit.
    """
    _row(told, unit_id)
    mine = told.contributions[told.contributions["unit_id"] == unit_id]
    return str(_top_reasons(mine, told.model, lang).get(unit_id, ""))


def apart(told: Told, unit_ids: Sequence[str], lang: str) -> list[str]:
    """Return for units that are named together a reason each that tells them apart.

    The reason is the strongest that can be acted on (`top_reason`); where an earlier unit gave the same, the
    strongest that none gave stands behind it, also one that nobody can change. '' for a unit that nothing raises.

    Parameters
    ----------
    told
        Scores and contributions, with names.
    unit_ids
        In the order in which they are named.
    lang
        ``nl`` or ``en``.
    """
    fixed = {indicator.code for indicator in told.model.areas.indicators if indicator.is_fixed}
    table = told.contributions[told.contributions["unit_id"].isin(unit_ids)]
    table = table[(table["indicator_code"] != MISSING) & (table["contribution_0_10"] >= _SEEN_0_10)]
    table = table.sort_values("contribution_0_10", ascending=False, kind="stable")
    said: set[str] = set()
    told_of = []
    for unit_id in unit_ids:
        codes = sorted(table.loc[table["unit_id"] == unit_id, "indicator_code"], key=fixed.__contains__)
        first = [code for code in codes[:1] if code not in fixed]
        fresh = [code for code in codes if code not in said][:1]
        shown = list(dict.fromkeys(first + fresh))
        said.update(shown)
        words = [told.model.indicator(code).more[lang] for code in shown]
        told_of.append("; ".join(words) if words else top_reason(told, unit_id, lang))
    return told_of


def shared_and_own(told: Told, unit_ids: Sequence[str], lang: str) -> tuple[str, list[str], dict[str, str]]:
    """Return what raises most sectors of one area more than all else, and of each the strongest reason besides.

    The infections of an area raise nearly every sector in it. Said once, they leave room for what makes this
    sector stand out here.

    Parameters
    ----------
    told
        The scores.
    unit_ids
        Units of one area that stand in one list; those without a score are passed over.
    lang
        Language of the words.

    Returns
    -------
    tuple
        The reason that is the strongest of more than half of them and seen in as many, '' where there is none; the
        units in which it is not seen; and by unit its strongest other reason, '' where nothing else raises it.
    """
    mine = told.contributions["unit_id"].isin(unit_ids)
    table = _that_can_change(told.contributions[mine], told.model)
    amounts = table.pivot_table(index="unit_id", columns="indicator_code", values="contribution_0_10", observed=True)
    strongest = amounts.idxmax(axis="columns").value_counts()
    most = (amounts >= _SEEN_0_10).mean() > 0.5
    shared = [code for code, n in strongest.items() if 2 * n > len(amounts) > 1 and most[code]]  # one at most
    own = _top_reasons(table[~table["indicator_code"].isin(shared)], told.model, lang)
    words = told.model.indicator(str(shared[0])).more[lang] if shared else ""
    seen = set(amounts.index[(amounts[shared] >= _SEEN_0_10).any(axis="columns")])
    without = [unit_id for unit_id in unit_ids if shared and unit_id not in seen]
    return words, without, {unit_id: str(own.get(unit_id, "")) for unit_id in unit_ids}


def top_reasons(told: Told, lang: str) -> pd.Series:
    """Return `top_reason` of every scored unit, on unit_id."""
    return _top_reasons(told.contributions, told.model, lang)


def _that_can_change(contributions: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Return the contributions on which somebody on the spot can act."""
    passed_over = [indicator.code for indicator in model.areas.indicators if indicator.is_fixed]
    return contributions[~contributions["indicator_code"].isin([MISSING, *passed_over])]


def _top_reasons(contributions: pd.DataFrame, model: Model, lang: str) -> pd.Series:
    table = _that_can_change(contributions, model)
    if not len(table):
        return pd.Series(dtype="str")
    best = table.loc[table.groupby("unit_id", sort=False)["contribution_0_10"].idxmax()].set_index("unit_id")
    words = {code: model.indicator(code).more[lang] for code in best["indicator_code"].unique()}
    return best["indicator_code"].map(words).where(best["contribution_0_10"] > _ROUNDING_0_10, "")


def what_would_change(told: Told, unit_id: str) -> list[Change]:
    """Return for each class next to the unit's the smallest change of one indicator that leads there.

    Smallest means the shortest way between the indicator's goalposts. Borders, seasons and the past are
    passed over: nobody on the spot can change them. Not scored units have no answer.

    Raises
    ------
    UnknownCodeError
        There is no such unit.
    """
    row = _row(told, unit_id)
    if np.isnan(row["score_0_10"]):
        return []
    cuts = told.model.scale.classes
    now = int(row["risk_class"])
    found = [_smallest(told, row, now, cuts[now - 2], lower=True)] if now > 1 else []
    found += [_smallest(told, row, now, cuts[now - 1], lower=False)] if now < 5 else []
    return [change for change in found if change is not None]


def change_sentence(told: Told, change: Change, lang: str) -> str:
    """Return a change in words.

    Parameters
    ----------
    told
        Scores and contributions, with names.
    change
        What moved and by how much.
    lang
        ``nl`` or ``en``.
    """
    indicator = told.model.indicator(change.indicator_code)
    largest = max(abs(change.raw_from), abs(change.raw_to))
    decimals = 0 if largest >= 100 else 1 if largest >= 10 else 2
    start, end = number(change.raw_from, lang, decimals), number(change.raw_to, lang, decimals)
    name, unit = indicator.name[lang], indicator.unit[lang]
    to = class_name(change.class_to, lang)
    return Text(
        f"Klasse {to} als {name} van {start} naar {end} gaat ({unit}).",
        f"Class {to} if {name} goes from {start} to {end} ({unit}).",
    )[lang]


def number(value: float, lang: str, decimals: int = 1) -> str:
    """Return a number as the language writes it.

    Parameters
    ----------
    value
        The number.
    lang
        ``nl`` or ``en``.
    decimals
        How many are written.

    Examples
    --------
    >>> number(1234.56, "nl"), number(1234.56, "en")
    ('1.234,6', '1,234.6')
    """
    text = f"{value:,.{decimals}f}"
    return text.translate(str.maketrans(",.", ".,")) if lang == "nl" else text


def _signed(value: float, lang: str) -> str:
    return f"{'+' if value > 0 else '-'} {number(abs(value), lang)}"


def _fragment(told: Told, code: str, amount: float, lang: str) -> str:
    if code == MISSING:
        return _MISSING_WORDS[lang]
    indicator = told.model.indicator(code)
    return (indicator.more if amount > 0 else indicator.less)[lang]


def _row(told: Told, unit_id: str) -> pd.Series:
    found = told.scores[told.scores["unit_id"] == unit_id]
    if not len(found):
        raise UnknownCodeError(f"There is no unit {unit_id!r} at this level; choose one from the ranking.")
    return found.iloc[0]


def _smallest(told: Told, row: pd.Series, now: int, cut: float, *, lower: bool) -> Change | None:
    """Try for each indicator every hundredth of its scale at once, and take the nearest that is enough."""
    model, level, unit_id = told.model, row["level"], row["unit_id"]
    index = model.sites if level == "site" else model.areas
    rows = told.indicators[told.indicators["unit_id"] == unit_id].set_index("indicator_code")
    mine = rows["value_0_10"].reindex(index.codes).to_numpy(float)
    weights = weigh(index, set(rows.index))
    ways = []
    for column, indicator in enumerate(index.indicators):
        if indicator.is_fixed or weights.indicator[column] == 0 or np.isnan(mine[column]):
            continue
        steps = np.linspace(mine[column], 0 if lower else 10, 101)
        tried = np.repeat(mine[None, :], len(steps), axis=0)
        tried[:, column] = steps
        scores = aggregate(tried, weights, model.scale, drops_missing=index.drops_missing).score
        enough = scores < cut if lower else scores >= cut
        if enough.any():
            first = int(np.argmax(enough))
            ways.append((abs(steps[first] - mine[column]), column, float(steps[first]), float(scores[first])))
    if not ways:
        return None
    _, column, value, result = min(ways)
    indicator = index.indicators[column]
    low, high = indicator.goalposts.at(level, together=row["sector_code"] == "")
    raw = denormalise(value, low, high, direction=indicator.direction, is_log=indicator.transform == "log")
    return Change(
        indicator.code,
        float(rows.loc[indicator.code, "raw_value"]),
        raw,
        now,
        int(classify([result], model.scale.classes)[0]),
    )
