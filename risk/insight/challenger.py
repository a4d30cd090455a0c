"""A challenger learned from the visits, reported next to the index and never silently used.

It is fitted only when enough visits with a known outcome are there, those that found nothing included. It is
tried on later months and on other regions than it learned from, compared with two naive rules: "size only" and "the
previous period's activations".
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from risk.index.declaration import Model, Text
from risk.insight.ranking_metrics import bootstrap, deciles
from risk.insight.visits import NEVER_FEATURES

Array = NDArray[np.float64]

VISITS_NEEDED: Final = 200
NOT_CAUSAL: Final = Text(
    "Een bezoek uit een steekproef weegt daarin een gedeeld door de kans op dat bezoek, elk ander bezoek een; waarom"
    " men ergens anders ging kijken, is niet gemodelleerd. Wat het leert, geldt voor plekken waar is gekeken, en is"
    " niet als oorzaak te lezen.",
    "In it a visit drawn at random weighs one over the chance of that visit, every other visit one; why people went to"
    " look elsewhere is not modelled. What it learns holds for places where somebody looked, and may not be read as a"
    " cause.",
)
"""Which weights the learned model uses, and what follows from that."""

_FOLDS = 5
_SMALLEST_RATE = 1e-4


@dataclass(frozen=True)
class Challenger:
    """What was learned, or how much is missing.

    Attributes
    ----------
    visits_n, found_n
        Visits with a known outcome, and how many of them found something.
    missing_n
        How many more visits are needed; 0 when it was fitted.
    quality
        Per validation (``later_months``, ``other_regions``) and method (``poisson``, ``boosting``, ``index``,
        ``size_only``, ``previous_activations``): n, deviance (Poisson, lower is better), in_the_large (predicted
        over found, 1 is right), concordance (chance that a find is ranked above a non-find) with its interval.
    calibration
        Predicted and found by decile, for the two learned methods, on visits they did not learn from.
    coefficients
        Of the Poisson regression, per point (0-10) of each indicator.
    """

    visits_n: int
    found_n: int
    missing_n: int
    quality: pd.DataFrame
    calibration: pd.DataFrame
    coefficients: pd.Series


def challenge_visits(visits: pd.DataFrame, model: Model, *, needed: int = VISITS_NEEDED) -> Challenger:
    """Learn from the visits and report how the challenger does compared with the index.

    Parameters
    ----------
    visits, model
        As `risk.insight.visits.visit_table` returns them, and the model that scored them.
    needed
        Visits with a known outcome below which nothing is fitted.
    """
    found_n = int(visits["found"].sum()) if len(visits) else 0
    lacking = max(needed - len(visits), 0)
    if not lacking and found_n in (0, len(visits)):
        lacking = 1  # every visit ended alike, so there is nothing to tell apart
    if lacking:
        return Challenger(len(visits), found_n, lacking, pd.DataFrame(), pd.DataFrame(), pd.Series(dtype=float))
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    # Threads cost more than they give at this size, most of all on a busy server.
    with threadpool_limits(1):
        return _challenger(visits, model, found_n)


def _challenger(visits: pd.DataFrame, model: Model, found_n: int) -> Challenger:
    visits_n = len(visits)
    features = [code for code in model.areas.codes if code not in NEVER_FEATURES]
    visits = visits.dropna(subset=["score"]).sort_values("month", kind="stable", ignore_index=True)
    folds = {"later_months": _later_months(visits), "other_regions": _other_regions(visits)}
    quality, calibration = [], []
    for name, splits in folds.items():
        predicted = _out_of_fold(visits, features, splits)
        for method in predicted.columns:
            quality.append(_quality(name, method, visits, predicted[method]))
            if method in ("poisson", "boosting"):
                known = predicted[method].notna()
                table = deciles(predicted.loc[known, method], visits.loc[known, "found"])
                calibration.append(table.assign(validation=name, method=method).reset_index())
    fitted = _poisson(visits[features], visits)
    coefficients = pd.Series(fitted[-1].coef_, index=features, name="per_point")
    return Challenger(
        visits_n, found_n, 0, pd.DataFrame(quality), pd.concat(calibration, ignore_index=True), coefficients
    )


def sentence(challenger: Challenger, lang: str) -> str:
    """Return in one sentence whether there is a challenger, or how many visits are missing."""
    if challenger.missing_n:
        words = Text(
            f"Er is nog geen geleerd model: {challenger.visits_n} bezoeken hebben een bekende uitkomst (bevindingen én "
            f"geen bevindingen), er zijn er nog minstens {challenger.missing_n} nodig.",
            f"There is no learned model yet: {challenger.visits_n} visits have a known outcome (finds and no finds), "
            f"at least {challenger.missing_n} more are needed.",
        )
        return f"{words[lang]} {NOT_CAUSAL[lang]}"
    words = Text(
        f"Het geleerde model rust op {challenger.visits_n} bezoeken, waarvan {challenger.found_n} met besmettingen; "
        "het staat naast de index en vervangt die niet.",
        f"The learned model rests on {challenger.visits_n} visits, of which {challenger.found_n} found infections; it "
        "stands beside the index and does not replace it.",
    )
    return f"{words[lang]} {NOT_CAUSAL[lang]}"


Split = tuple[NDArray[np.intp], NDArray[np.intp]]


def _later_months(visits: pd.DataFrame) -> list[Split]:
    months = visits["month"].to_numpy()
    return [(np.flatnonzero(months < one), np.flatnonzero(months == one)) for one in np.unique(months)[1:]]


def _other_regions(visits: pd.DataFrame) -> list[Split]:
    from sklearn.model_selection import GroupKFold  # noqa: PLC0415

    folds = min(_FOLDS, visits["vr_code"].nunique())
    if folds < 2:
        return []
    return list(GroupKFold(folds).split(visits, groups=visits["vr_code"]))


def _out_of_fold(visits: pd.DataFrame, features: list[str], splits: list[Split]) -> pd.DataFrame:
    """Return predictions for visits that the method did not learn from, NaN for the others."""
    columns = ("poisson", "boosting", "index", "size_only", "previous_activations")
    predicted = pd.DataFrame(np.nan, index=visits.index, columns=list(columns))
    for train, test in splits:
        learned, asked = visits.iloc[train], visits.iloc[test]
        if learned["found"].nunique() < 2:
            continue
        rules = {
            "poisson": _poisson(learned[features], learned).predict(asked[features]),
            "boosting": _boosting(learned[features], learned).predict(asked[features]),
            "index": _in_proportion(learned, asked, "score"),
            "size_only": _in_proportion(learned, asked, "workers_n"),
            "previous_activations": _in_proportion(learned, asked, "previous_n"),
        }
        for method, values in rules.items():
            predicted.loc[visits.index[test], method] = np.clip(values, _SMALLEST_RATE, None)
    return predicted


def _poisson(features: pd.DataFrame, visits: pd.DataFrame) -> Any:
    """Fit finds per visit: visits are the exposure, so that looking more often is not risk."""
    from sklearn.impute import SimpleImputer  # noqa: PLC0415
    from sklearn.linear_model import PoissonRegressor  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    machine = make_pipeline(SimpleImputer(keep_empty_features=True), PoissonRegressor(alpha=0.01, max_iter=1_000))
    return machine.fit(features, visits["found"], poissonregressor__sample_weight=visits["weight"])


def _boosting(features: pd.DataFrame, visits: pd.DataFrame) -> Any:
    """Fit shallow trees that may only rise with each indicator, so that they cannot learn nonsense."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415

    machine = HistGradientBoostingRegressor(
        loss="poisson",
        monotonic_cst=[1] * features.shape[1],
        max_leaf_nodes=6,
        max_iter=60,
        learning_rate=0.05,
        min_samples_leaf=20,
        early_stopping=False,
        random_state=1,
    )
    return machine.fit(features, visits["found"], sample_weight=visits["weight"])


def _in_proportion(learned: pd.DataFrame, asked: pd.DataFrame, column: str) -> Array:
    """Return a rule's ranking on the scale of finds per visit."""
    rate = np.average(learned["found"], weights=learned["weight"])
    middle = np.average(learned[column].fillna(0), weights=learned["weight"])
    values = asked[column].fillna(0).to_numpy(float)
    return np.asarray(rate * (values + 1e-9) / (middle + 1e-9))


def _quality(validation: str, method: str, visits: pd.DataFrame, predicted: pd.Series) -> dict[str, Any]:
    known = predicted.notna().to_numpy()
    found, rate = visits.loc[known, "found"].to_numpy(float), predicted[known].to_numpy(float)
    terms = np.where(found > 0, found * np.log(np.maximum(found, 1e-12) / rate), 0.0) - (found - rate)
    middle, low, high = bootstrap(lambda rows: concordance(rate[rows], found[rows]), visits.loc[known, "vr_code"])
    return {
        "validation": validation,
        "method": method,
        "n": int(known.sum()),
        "deviance": float(2 * terms.mean()),
        "in_the_large": float(rate.sum() / found.sum()) if found.sum() else float("nan"),
        "concordance": middle,
        "concordance_p05": low,
        "concordance_p95": high,
    }


def concordance(predicted: Array, found: Array) -> float:
    """Return the chance that a find is ranked above a non-find (0.5 = no better than chance).

    Examples
    --------
    >>> concordance(np.array([0.9, 0.2, 0.4]), np.array([1.0, 0.0, 1.0]))
    1.0
    """
    from scipy.stats import rankdata  # noqa: PLC0415

    hits, misses = int(found.sum()), int((1 - found).sum())
    if not hits or not misses:
        return float("nan")
    ranks = rankdata(predicted)
    return float((ranks[found > 0].sum() - hits * (hits + 1) / 2) / (hits * misses))
