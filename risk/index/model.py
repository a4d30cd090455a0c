"""The declaration of the index, read from ``model.toml`` and checked before anything is computed."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from geodata import site_kinds
from geodata.errors import ModelError
from risk.index.declaration import (
    CONDITIONS,
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
from risk.index.model_check import check_model

MODEL_FILE: Final = Path(__file__).parents[1] / "model.toml"

VERSIONS: Final = {"1.0.0": MODEL_FILE.with_name("model_1.toml")}
"""Earlier versions that can be compared with, by what they declared otherwise."""


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
