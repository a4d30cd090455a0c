"""Refuse a declaration that contradicts itself, in one sentence that says what and where."""

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final

from geodata import codes
from geodata.errors import ModelError
from risk.index.declaration import CONDITIONS, LANGUAGES, TABLES, TRANSFORMS, Goalposts, Index, Indicator, Model, Text

AT_MOST_AT_A_POST: Final = 1 / 3
_HIGH, _LOW, _MIDDLE = 9.0, 1.0, 4.0


def check_model(model: Model) -> None:
    """Raise `ModelError` at the first contradiction; return quietly when there is none."""
    _check_scale(model)
    _check_index("areas", model.areas)
    _check_index("sites", model.sites)
    _check_one_high_route_is_enough(model)
    for indicator in model.areas.indicators:
        _check_indicator(indicator, model)
    _check_protection(model)
    _check_sectors(model)
    _check_history(model)
    _check_sites(model)


def check_posts(shares: Mapping[str, float]) -> None:
    """Refuse goalposts of the infections at which too many areas stand: there the index cannot tell them apart.

    Parameters
    ----------
    shares
        Date (such as 2020-06-07) -> share of the areas that stand at a goalpost or beyond it.

    Raises
    ------
    ModelError
        On some date it is more than a third.

    Examples
    --------
    >>> check_posts({"2020-06-07": 0.2})
    """
    worst = max(shares, key=lambda date: shares[date], default="")
    if worst and shares[worst] > AT_MOST_AT_A_POST:
        _refuse(
            f"On {worst} {shares[worst]:.0%} of the areas stand at a goalpost of the infections, more than a third, "
            "and cannot be told apart; widen these goalposts in model.toml."
        )


def _refuse(sentence: str) -> None:
    raise ModelError(sentence)


def _check_scale(model: Model) -> None:
    scale = model.scale
    if list(scale.classes) != sorted(set(scale.classes)) or len(scale.classes) != 4:
        _refuse("The classes must be four rising cuts; correct [scale] classes.")
    if not all(0 < cut < 10 for cut in scale.classes):
        _refuse("The classes must be cut between 0 and 10; correct [scale] classes.")
    if not 0 < scale.floor < 1:
        _refuse("The floor must lie between 0 and 1; correct [scale] floor.")
    if not 0 < scale.minimum_present <= 1:
        _refuse("The minimum present must lie between 0 and 1; correct [scale] minimum_present.")
    if not (math.isfinite(scale.exponent) and scale.exponent >= 1):
        _refuse("The exponent between the routes must be 1 or more; correct [scale] exponent.")
    if not 0 < scale.top_share <= 1 or scale.top_minimum < 1 or not 0 < scale.flag_probability <= 1:
        _refuse("The top must be a share above 0 with at least one unit; correct [scale] top_share and top_minimum.")
    if not 0 < scale.minimum_cover <= 1:
        _refuse("The minimum cover must lie between 0 and 1; correct [scale] minimum_cover.")
    uncertain = model.uncertainty
    if min(uncertain.rebuilds, uncertain.choice_rebuilds) < 1:
        _refuse("The uncertainty needs at least one rebuild; correct [uncertainty].")
    if min(uncertain.weight_concentration, uncertain.condition_concentration) <= 0:
        _refuse("The uncertainty needs positive concentrations; correct [uncertainty].")
    contrast = model.contrast
    if min(contrast.own, contrast.around, contrast.rising) < 0 or contrast.own + contrast.around <= 0:
        _refuse("The weights of the contrast may not be negative, nor all 0; correct [contrast].")
    if min(contrast.around_km, contrast.around_prior, contrast.rising_prior) <= 0:
        _refuse("The distance and the priors of the contrast must be positive; correct [contrast].")


def _check_index(name: str, index: Index) -> None:
    dimensions = {dimension.code: dimension.weight for dimension in index.dimensions}
    routes = {route.code: route for route in index.routes}
    for route in index.routes:
        if route.dimension not in dimensions:
            _refuse(f"Route {route.code} belongs to dimension {route.dimension!r}, which does not exist; correct it.")
    for indicator in index.indicators:
        if indicator.route not in routes:
            _refuse(
                f"Indicator {indicator.code} belongs to route {indicator.route!r}, which does not exist; correct it."
            )
    for what, weights in (
        (f"the dimensions of {name}", dimensions.values()),
        *(
            (f"the routes of dimension {code}", [r.weight for r in index.routes if r.dimension == code])
            for code in dimensions
        ),
        *(
            (f"the indicators of route {code}", [i.weight for i in index.indicators if i.route == code])
            for code in routes
        ),
    ):
        _check_weights(what, weights)


def _check_weights(what: str, weights: Iterable[float]) -> None:
    weights = list(weights)
    if any(not (math.isfinite(weight) and weight > 0) for weight in weights):
        _refuse(f"The weights of {what} must all be positive numbers; remove what should not count.")
    if not math.isclose(sum(weights), 1, abs_tol=1e-6):
        _refuse(f"The weights of {what} add up to {sum(weights):g} instead of 1; correct them.")


def _check_one_high_route_is_enough(model: Model) -> None:
    """Refuse weights by which one route at 9 with the others at 1 stays below a 4 on all routes."""
    for dimension in model.areas.dimensions:
        weights = [route.weight for route in model.areas.routes if route.dimension == dimension.code]
        power = model.scale.exponent
        for weight in weights if len(weights) > 1 else []:
            mean = (weight * _HIGH**power + (1 - weight) * _LOW**power) ** (1 / power)
            if mean <= _MIDDLE:
                _refuse(
                    f"In dimension {dimension.code} one route at 9 with the others at 1 gives {mean:.2f}, below a "
                    "middling 4 on all; raise the smallest route weight or the exponent."
                )


def _check_indicator(indicator: Indicator, model: Model) -> None:
    where = f"Indicator {indicator.code}"
    if indicator.direction not in (1, -1):
        _refuse(f"{where}: direction must be 1 (more is riskier) or -1, not {indicator.direction}; correct it.")
    if indicator.table not in TABLES:
        _refuse(f"{where}: table {indicator.table!r} is not known; choose one of {', '.join(TABLES)}.")
    if indicator.transform not in TRANSFORMS:
        _refuse(f"{where}: transform {indicator.transform!r} is not known; choose one of {', '.join(TRANSFORMS)}.")
    if indicator.condition and indicator.condition not in CONDITIONS:
        _refuse(f"{where}: condition {indicator.condition!r} is not known; choose one of {', '.join(CONDITIONS)}.")
    if indicator.is_smoothed and indicator.code not in model.priors:
        _refuse(f"{where} is smoothed, but has no prior; add [priors.{indicator.code}].")
    if indicator.is_smoothed and not _is_prior(model, indicator.code):
        _refuse(f"{where}: its prior's shape and rate must be positive numbers; correct [priors.{indicator.code}].")
    if not indicator.denominator:
        _refuse(f"{where}: the denominator is empty; write what the figure is counted on, or 'none' and why.")
    _check_goalposts(where, indicator.goalposts, indicator.transform)
    texts = (indicator.name, indicator.unit, indicator.why, indicator.more, indicator.less, indicator.goalposts.source)
    for text in texts:
        _check_text(where, text)


def _is_prior(model: Model, code: str) -> bool:
    prior = model.priors[code]
    return all(math.isfinite(value) and value > 0 for value in (prior.shape, prior.rate))


def _check_goalposts(where: str, goalposts: Goalposts, transform: str) -> None:
    for level in codes.LEVELS[:2]:
        for together in (False, True):
            low, high = goalposts.at(level, together=together)
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                _refuse(f"{where}: goalposts {low:g} and {high:g} at level {level} must rise; correct them.")
            if transform == "log" and low <= 0:
                _refuse(f"{where}: a log scale needs goalposts above 0, not {low:g} at level {level}; correct them.")


def _check_text(where: str, text: Text) -> None:
    for lang in LANGUAGES:
        if not text[lang].strip():
            _refuse(f"{where}: a text in language {lang} is empty; fill it in.")


def _check_protection(model: Model) -> None:
    """Origin may only tell how many people there are to protect, never how risky they are."""
    for indicator in model.areas.indicators:
        is_origin = "migrant" in indicator.code
        if is_origin and indicator.route != "size":
            _refuse(f"Indicator {indicator.code} counts people by origin and may only stand under size; move it.")
    for indicator in model.areas.indicators:
        if indicator.table == "activations" and indicator.max_share > 0.10:
            _refuse(f"Indicator {indicator.code}: history may carry at most a tenth; set max_share to 0.10 or less.")
        largest = _largest_share(model, indicator)
        if largest > indicator.max_share + 1e-9:
            _refuse(
                f"Indicator {indicator.code} can come to carry {largest:.1%} of the whole weight when other tables are "
                f"absent, above its limit of {indicator.max_share:.0%}; lower its weight."
            )


def _largest_share(model: Model, indicator: Indicator) -> float:
    """Return its part of the whole weight when as much is absent as the rules allow, and it is not.

    A route is left out below the minimum of its declared weight, so the least that can stand beside the
    indicator is the smallest sum of weights that still reaches it.
    """
    routes = {route.code: route for route in model.areas.routes}
    route = routes[indicator.route]
    others = [i.weight for i in model.areas.indicators if i.route == route.code and i.code != indicator.code]
    least = min(
        total
        for size in range(len(others) + 1)
        for chosen in combinations(others, size)
        if (total := indicator.weight + sum(chosen)) >= model.scale.minimum_present - 1e-9
    )
    inside = [r.weight for r in model.areas.routes if r.dimension == route.dimension]
    least_other = min(inside) if len(inside) > 1 else 0.0
    required = sum(d.weight for d in model.areas.dimensions if d.is_required or d.code == route.dimension)
    dimension = next(d.weight for d in model.areas.dimensions if d.code == route.dimension)
    return dimension / required * route.weight / (1 - least_other) * indicator.weight / least


def _check_sectors(model: Model) -> None:
    for name, table in (("sectors", model.conditions), ("seasons", model.seasons)):
        _check_same(name, table, codes.SECTORS)
    for sector, conditions in model.conditions.items():
        for name, share in conditions.shares.items():
            if not 0 <= share <= 1:
                _refuse(f"Sector {sector}: condition {name} is {share:g}, but must be a share from 0 to 1; correct it.")
        if not conditions.source:
            _refuse(f"Sector {sector} has no source; name it or write 'assumption'.")
        _check_text(f"Sector {sector}", conditions.why)
    for sector, season in model.seasons.items():
        if len(season.months) != 12 or min(season.months) <= 0:
            _refuse(f"Season of {sector} needs twelve positive months; correct it.")
        if not math.isclose(sum(season.months) / 12, 100, abs_tol=0.5):
            _refuse(f"Season of {sector} has a mean of {sum(season.months) / 12:g} instead of 100; correct it.")
        if not season.source:
            _refuse(f"Season of {sector} has no source; name it or write 'assumption'.")
        _check_text(f"Season of {sector}", season.why)
    for sector in model.leave_out_of_together:
        if sector not in codes.SECTORS:
            _refuse(f"[together] leaves out sector {sector!r}, which does not exist; correct it.")


def _check_same(name: str, table: Mapping[str, object], expected: Iterable[str]) -> None:
    for entry in sorted(set(table) - set(expected)):
        _refuse(f"[{name}] holds {entry!r}, which does not exist; remove it.")
    for entry in sorted(set(expected) - set(table)):
        _refuse(f"[{name}] lacks {entry}; add it.")


def _check_history(model: Model) -> None:
    history = model.history
    if history.half_life_weeks <= 0 or not 0 < history.minimum_probability <= 1:
        _refuse("[history] needs a positive half-life and a minimum probability between 0 and 1; correct it.")
    allowed = {"externe_melding", "steekproef"}
    if not set(history.counted_triggers) <= allowed:
        _refuse("[history] may only count outside reports and random visits, or it would feed on itself; correct it.")


def _check_sites(model: Model) -> None:
    _check_same("site.kinds", model.site_kinds, codes.SITE_KINDS)
    _check_same("site.sizes", model.site_sizes, codes.SIZE_UNITS)
    for kind, value in model.site_kinds.items():
        if not 0 <= value <= 10:
            _refuse(f"Kind of site {kind} is {value:g}, but must lie from 0 to 10; correct it.")
    _check_same("site.kind_sizes", model.site_kind_sizes, codes.SITE_KINDS)
    sizes = [("[site.sizes]", model.site_sizes), *model.site_kind_sizes.items()]
    for where, by_unit in sizes:
        for unit, (low, high) in by_unit.items():
            if unit not in codes.SIZE_UNITS or not 0 < low < high:
                _refuse(f"Sizes of {where} in {unit} need a known unit and goalposts above 0 that rise; correct them.")
    for code, (low, high) in model.site_goalposts.items():
        if code not in model.sites.codes or not low < high:
            _refuse(f"Goalposts of {code} in [site.goalposts] must belong to a factor and rise; correct them.")
    least = [i.weight for i in model.sites.indicators if i.code == "site_kind"]
    if not least or least[0] < model.scale.minimum_present:
        _refuse("site_kind is all that is known of some sites; give it at least the minimum present of its dimension.")
