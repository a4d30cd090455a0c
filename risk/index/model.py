"""The declaration of the index, read from ``model.toml`` and checked before anything is computed."""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from geodata import codes, site_kinds
from geodata.errors import ModelError
from risk.index.declaration import (
    CONDITIONS,
    LANGUAGES,
    TABLES,
    TRANSFORMS,
    Contrast,
    Dimension,
    Goalposts,
    History,
    Index,
    Indicator,
    Model,
    Prior,
    Route,
    Scale,
    Season,
    SectorConditions,
    TellingApart,
    Text,
    Uncertainty,
)

MODEL_FILE: Final = Path(__file__).parents[1] / "model.toml"

VERSIONS: Final = {"1.0.0": MODEL_FILE.with_name("model_1.toml")}
"""Earlier versions that can be compared with, by what they declared otherwise."""
AT_MOST_AT_A_POST: Final = 1 / 3
_HIGH, _LOW, _MIDDLE = 9.0, 1.0, 4.0


def load_model(path: Path | None = None, version: str = "") -> Model:
    """Read the declaration and check it.

    Parameters
    ----------
    path
        A TOML file in the form of ``risk/model.toml``, which is the default.
    version
        An earlier version to compare with, one of `VERSIONS`; '' is the version in use.

    Raises
    ------
    ModelError
        The file cannot be read, lacks something, or contradicts itself; one sentence says where.
    InputError
        The kinds of site that the installation added cannot be read.

    Examples
    --------
    >>> model = load_model()
    >>> model.scale.classes, len(model.conditions)
    ((2.0, 4.0, 6.0, 8.0), 12)
    """
    return _with_own_kinds(_declared(path, version) if path else _shipped(version))


@cache
def _shipped(version: str) -> Model:
    """Return the declaration that ships with the product, read once: every page asks for it several times."""
    return _declared(MODEL_FILE, version)


def _declared(path: Path, version: str) -> Model:
    content = _read(path)
    if version and version != content.get("version"):
        if version not in VERSIONS:
            known = ", ".join([str(content.get("version")), *VERSIONS])
            raise ModelError(f"There is no version {version} of the model; choose one of {known}.")
        content = _over(content, _read(VERSIONS[version]))
    return parse_model(content)


def _with_own_kinds(model: Model) -> Model:
    """Return the model with the kinds of site that the installation added, under a version of its own."""
    added = site_kinds.own()
    if not added:
        return model
    return replace(
        model,
        version=f"{model.version}+kinds.{site_kinds.digest(added)}",
        site_kinds={**model.site_kinds, **{code: kind.judged_0_10 for code, kind in added.items()}},
        site_kind_sizes={**model.site_kind_sizes, **{code: kind.sizes for code, kind in added.items()}},
    )


def for_disease(model: Model, disease: str) -> Model:
    """Return the model for the picture of another disease: the same declaration, under a version of its own.

    Parameters
    ----------
    disease
        As it stands in the table of infections; '' and the declared one give the model itself.

    Examples
    --------
    >>> other = for_disease(load_model(), "mpox")
    >>> other.disease, other.version == load_model().version, for_disease(load_model(), "") == load_model()
    ('mpox', False, True)
    """
    if disease in ("", model.disease):
        return model
    letters = re.sub(r"[^a-z0-9]+", "_", disease.casefold()).strip("_")[:20]
    digest = hashlib.sha256(disease.encode()).hexdigest()[:6]
    return replace(model, disease=disease, version=f"{model.version}+{letters}.{digest}")


def _over(content: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with the entries of another file in their place; what is false there goes."""
    joined = dict(content)
    for key, value in other.items():
        if value is False:
            joined.pop(key, None)
        elif isinstance(value, dict) and isinstance(joined.get(key), dict):
            joined[key] = _over(joined[key], value)
        else:
            joined[key] = value
    return joined


def _read(source: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"The model {source.name} cannot be read: {error.strerror}; restore the file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"The model {source.name} is not valid TOML: {error}; correct that line.") from error


def parse_model(content: Mapping[str, Any]) -> Model:
    """Turn the content of the file into a checked `Model`.

    Raises
    ------
    ModelError
        Something is absent, of the wrong kind, or contradicts the rest.
    """
    try:
        model = _build(content)
    except ModelError:
        raise
    except KeyError as error:
        raise ModelError(f"The model lacks the entry {error.args[0]!r}; add it to model.toml.") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"The model has an entry of the wrong kind ({error}); compare it with model.toml.") from error
    check_model(model)
    return model


def _build(content: Mapping[str, Any]) -> Model:
    scale, together, site = content["scale"], content["together"], content["site"]
    uncertainty, history = content["uncertainty"], content["history"]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return Model(
        version=f"{content['version']}-{digest[:8]}",
        scale=Scale(
            _numbers(scale["classes"]),
            float(scale["floor"]),
            float(scale["minimum_present"]),
            float(scale["exponent"]),
            float(scale["top_share"]),
            int(scale["top_minimum"]),
            float(scale["flag_probability"]),
            float(scale["minimum_cover"]),
        ),
        telling_apart=_telling_apart(content.get("telling_apart", {})),
        areas=Index(
            tuple(_dimension(code, entry) for code, entry in content["dimensions"].items()),
            tuple(
                Route(code, entry["dimension"], float(entry["weight"]), _text(entry["name"]))
                for code, entry in content["routes"].items()
            ),
            tuple(_indicator(code, entry) for code, entry in content["indicators"].items()),
        ),
        sites=_site_index(site),
        conditions=(
            {
                code: SectorConditions(
                    ({name: float(entry[name]) for name in CONDITIONS}),
                    entry["source"],
                    _text(entry["why"]),
                    tuple(entry["evidence"]),
                )
                for code, entry in content["sectors"].items()
            }
        ),
        seasons=(
            {
                code: Season(_numbers(entry["months"]), entry["source"], _text(entry["why"]))
                for code, entry in content["seasons"].items()
            }
        ),
        priors=(
            {
                code: Prior(float(entry["shape"]), float(entry["rate"]), entry["source"])
                for code, entry in content["priors"].items()
            }
        ),
        contrast=Contrast(
            *(float(content["contrast"][name]) for name in ("own", "around", "rising")),
            *(float(content["contrast"][name]) for name in ("around_km", "around_prior", "rising_prior")),
        ),
        history=History(
            float(history["half_life_weeks"]),
            tuple(history["counted_triggers"]),
            float(history["minimum_probability"]),
        ),
        uncertainty=Uncertainty(
            int(uncertainty["rebuilds"]),
            int(uncertainty["seed"]),
            float(uncertainty["weight_concentration"]),
            int(uncertainty["choice_rebuilds"]),
            float(uncertainty["condition_concentration"]),
        ),
        site_kinds=({kind: float(value) for kind, value in site["kinds"].items()}),
        site_sizes=({unit: _pair(value) for unit, value in site["sizes"].items()}),
        site_kind_sizes=(
            {kind: {unit: _pair(value) for unit, value in sizes.items()} for kind, sizes in site["kind_sizes"].items()}
        ),
        site_goalposts=({code: _pair(value) for code, value in site["goalposts"].items()}),
        leave_out_of_together=tuple(together["leave_out"]),
        counted_when_moved_by=together["unless_moved_by"],
        why_left_out=_text(together["why"]),
        disease=content["incidence"]["disease"],
    )


def _dimension(code: str, entry: Mapping[str, Any]) -> Dimension:
    required = bool(entry.get("required", False))
    return Dimension(code, float(entry["weight"]), _text(entry["name"]), _text(entry["why"]), required)


def _telling_apart(entry: Mapping[str, Any]) -> TellingApart:
    """Return the measure below which areas are not told apart; a declaration from before it gets the default."""
    declared = TellingApart()
    return TellingApart(
        float(entry.get("minimum_distinct", declared.minimum_distinct)),
        float(entry.get("minimum_measured", declared.minimum_measured)),
        int(entry.get("fewest_n", declared.fewest_n)),
    )


def _indicator(code: str, entry: Mapping[str, Any]) -> Indicator:
    known = {
        "route",
        "weight",
        "direction",
        "table",
        "condition",
        "transform",
        "smoothed",
        "fixed",
        "max_share",
        "goalposts",
        "goalposts_source",
        "denominator",
        "name",
        "unit",
        "why",
        "more",
        "less",
        "evidence",
    }
    if strange := sorted(set(entry) - known):
        raise ModelError(f"Indicator {code}: the entry {strange[0]!r} is not known; remove or rename it.")
    posts = Goalposts(
        ({level: _pair(pair) for level, pair in entry["goalposts"].items()}), _text(entry["goalposts_source"])
    )
    return Indicator(
        code,
        entry["route"],
        float(entry["weight"]),
        int(entry["direction"]),
        entry["table"],
        entry.get("transform", "linear"),
        posts,
        entry["denominator"],
        _text(entry["name"]),
        _text(entry["unit"]),
        _text(entry["why"]),
        _text(entry["more"]),
        _text(entry["less"]),
        tuple(entry["evidence"]),
        entry.get("condition", ""),
        bool(entry.get("smoothed", False)),
        bool(entry.get("fixed", False)),
        float(entry.get("max_share", 1.0)),
    )


def _site_index(site: Mapping[str, Any]) -> Index:
    """Make the index of sites: every dimension is one route; the goalposts stand with each value."""
    posts = Goalposts(({"all": (0.0, 10.0)}), Text("per locatie, naar soort en eenheid", "per site, by kind and unit"))
    dimensions = site["dimensions"].items()
    return Index(
        tuple(_dimension(c, e) for c, e in dimensions),
        tuple(Route(c, c, 1.0, _text(e["name"])) for c, e in dimensions),
        tuple(
            Indicator(
                code,
                entry["dimension"],
                float(entry["weight"]),
                1,
                entry.get("table", "model"),
                entry.get("transform", "linear"),
                posts,
                "none",
                _text(entry["name"]),
                _text(entry["unit"]),
                _text(entry["why"]),
                _text(entry["more"]),
                _text(entry["less"]),
                is_fixed=True,
            )
            for code, entry in site["factors"].items()
        ),
        drops_missing=True,
    )


def _text(entry: Mapping[str, str]) -> Text:
    return Text(entry["nl"], entry["en"])


def _numbers(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _pair(values: Iterable[float]) -> tuple[float, float]:
    low, high = _numbers(values)
    return low, high


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
