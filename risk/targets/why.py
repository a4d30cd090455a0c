"""Why a line is in a plan: kept with it as keys and values, said in the language of whoever reads it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd

from geodata import site_kinds
from geodata.errors import ModelError
from register.schema import LONGEST_FIELD
from risk.index import classify
from risk.index.declaration import Model, Text
from risk.insight import reasons as explain
from risk.targets import draw as sampling
from risk.targets.estimates import RANDOM_LISTS
from risk.targets.inputs import Inputs
from risk.targets.plan import Plan
from words import read_texts

Parts = Sequence[tuple[str, Mapping[str, Any]]]

_WHYS_N: Final = 2
_SHOWN_GAIN: Final = 0.005  # what two decimals show
_KEPT_DECIMALS: Final = 4
_FACTOR: Final = "factor"
_DECIMALS: Final = {"risk_points": 1, "expected_finds": 2, "rose": 2, "fell": 2, "worth": 2}
_WORDS: Final = {
    "risk_points": Text("{n} risicopunten", "{n} risk points"),
    "expected_finds": Text("{n} verwachte vondsten", "{n} expected finds"),
    "rose": Text("steeg {n} in vier weken", "rose {n} in four weeks"),
    "fell": Text("daalde {n} in vier weken, minder dan elders", "fell {n} in four weeks, less than elsewhere"),
    "drawn": Text(
        "geloot: {drawn} van de {total} in {stratum}", "drawn at random: {drawn} of the {total} in {stratum}"
    ),
    "size_unknown": Text(
        "grootte onbekend, eerst uitzoeken: kans om bij de eersten te horen",
        "size unknown, find out first: a chance to be among the first",
    ),
    "worth": Text(
        "uitzoeken tilt de eerste {k} naar verwachting {n} op",
        "finding out is expected to lift the first {k} by {n}",
    ),
    "locked": Text("vastgezet: {reason}", "locked in: {reason}"),
}
_LESS: Final = Text("minder dan {n}", "less than {n}")
_PICTURE: Final = Text("{told} (beeld {without})", "{told} (picture {without})")
_UNKNOWN: Final = Text("weinig bekend", "little known")
_OTHERS: Final = (Text("overige soorten", "other kinds"), Text("overige regio's", "other regions"))
_ALL: Final = Text("alle locaties", "all sites")
_PARTS: Final = {
    "north": Text("noord", "north"),
    "east": Text("oost", "east"),
    "south": Text("zuid", "south"),
    "west": Text("west", "west"),
}
_KINDS: Final = {
    "slaughterhouse": Text("slachthuizen", "slaughterhouses"),
    "meat_plant": Text("vleesbedrijven", "meat plants"),
    "greenhouse": Text("kassen", "greenhouses"),
    "packing_hall": Text("pakhallen", "packing halls"),
    "distribution_centre": Text("distributiecentra", "distribution centres"),
    "lodging": Text("logies", "lodgings"),
    "holiday_park": Text("vakantieparken", "holiday parks"),
    "building_site": Text("bouwplaatsen", "building sites"),
}


def reasons(plan: Plan, inputs: Inputs, lang: str) -> pd.Series:
    """Return in a few words why each line is in the plan.

    Parameters
    ----------
    plan
        As made by `risk.targets.plan`.
    inputs
        What the plan was made from.
    lang
        ``nl`` or ``en``.
    """
    told = [said(parts, inputs.scored.model, lang) for parts in parts_of(plan, inputs)]
    return pd.Series(told, index=plan.lines.index, dtype="str")


def parts_of(plan: Plan, inputs: Inputs) -> list[Parts]:
    """Return why each line is in the plan as keys and values, in the order they are said in."""
    factors = _factors(plan.lines["site_id"], inputs)
    locked = {mark.site_id: mark.reason for mark in plan.request.locked}
    lacks = classify.lacks_of(inputs.scored.scores)
    return [
        _parts(line, plan, factors.get(line["site_id"], ()), locked, lacks) for line in plan.lines.to_dict("records")
    ]


def _factors(site_ids: pd.Series, inputs: Inputs) -> dict[str, tuple[str, ...]]:
    """Return what raises the score of each site most: at most two indicators."""
    parts = inputs.scored.contributions
    parts = parts[parts["unit_id"].isin(site_ids) & (parts["contribution_0_10"] > 0)]
    parts = parts[parts["indicator_code"].isin(inputs.scored.model.sites.codes)]
    highest = parts.sort_values("contribution_0_10", ascending=False, kind="stable").groupby("unit_id").head(_WHYS_N)
    return {str(site): tuple(some) for site, some in highest.groupby("unit_id")["indicator_code"]}


def _parts(
    line: Mapping[str, Any], plan: Plan, factors: Sequence[str], locked: Mapping[str, str], lacks: Sequence[str]
) -> Parts:
    if line["list"] in RANDOM_LISTS:
        drawn, total = int(line["drawn_n"]), int(line["stratum_n"])
        return [("drawn", {"drawn": drawn, "total": total, "stratum": line["stratum"]})]
    found: list[tuple[str, Mapping[str, Any]]] = []
    if line["site_id"] in locked:
        found.append(("locked", {"reason": locked[line["site_id"]]}))
    if line["list"] == "rising":
        found.append(("rose" if line["rise_0_10"] > 0 else "fell", {"n": _kept(abs(line["rise_0_10"]))}))
    if line.get("not_ranked_reason") == "size":
        found.append(("size_unknown", {}))
        if line["finding_out_gain_0_10"] >= _SHOWN_GAIN:
            found.append(("worth", {"k": plan.request.capacity, "n": _kept(line["finding_out_gain_0_10"])}))
    found += [(_FACTOR, {"indicator": code}) for code in factors]
    return [*found, (plan.points_are, {"n": _kept(line["points"]), "lacks": list(lacks)})]


def _kept(value: float) -> float:
    return round(float(value), _KEPT_DECIMALS)


def as_text(parts: Parts) -> str:
    """Return reasons as the register keeps them; `said_from` reads them."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def said_from(kept: str, written: str, model: Model, lang: str) -> str:
    """Return kept reasons in a language; what was written at the time where none are kept, or none that this reads.

    Parameters
    ----------
    kept
        Reasons as codes.
    written
        Reasons in the words of the time.
    model
        The index as declared.
    lang
        ``nl`` or ``en``.

    Examples
    --------
    >>> from risk.index.model import load_model
    >>> said_from('[["rose",{"n":0.12}],["risk_points",{"n":0.01,"lacks":[]}]]', "", load_model(), "en")
    'rose 0.12 in four weeks; less than 0.1 risk points'
    >>> said_from("", "hoge score", load_model(), "en")
    'hoge score'
    """
    try:
        return said([(key, values) for key, values in json.loads(kept)], model, lang)
    except (ValueError, KeyError, TypeError, AttributeError, ModelError):  # of before, or of other indicators
        return written


def said(parts: Parts, model: Model, lang: str) -> str:
    """Return reasons in words; as many factors as fit into a field of the register.

    Parameters
    ----------
    parts
        Reasons with their share.
    model
        The index as declared.
    lang
        ``nl`` or ``en``.
    """
    words = [(key == _FACTOR, _said(key, values, model, lang)) for key, values in parts]
    while len(_joined(words)) > LONGEST_FIELD and any(is_factor for is_factor, _ in words):
        words.remove([one for one in words if one[0]][-1])
    whole = _joined(words)
    return whole if len(whole) <= LONGEST_FIELD else f"{whole[: LONGEST_FIELD - 1]}…"


def _joined(words: Sequence[tuple[bool, str]]) -> str:
    return "; ".join(word for _, word in words)


def _said(key: str, values: Mapping[str, Any], model: Model, lang: str) -> str:
    if key == _FACTOR:
        return model.indicator(values["indicator"]).more[lang]
    filled = dict(values)
    if key in _DECIMALS:
        filled["n"] = _number(values["n"], lang, _DECIMALS[key])
    if key == "drawn":
        filled["stratum"] = stratum_name(values["stratum"], lang)
    told = _WORDS[key][lang].format(**filled)
    without = classify.without(values.get("lacks", ()), lang)
    return _PICTURE[lang].format(told=told, without=without) if without else told


def _number(value: float, lang: str, decimals: int) -> str:
    """Return a number; one that its decimals would show as zero as less than the least they show."""
    least = 10.0**-decimals
    if 0 < value < least / 2:
        return _LESS[lang].format(n=explain.number(least, lang, decimals))
    return explain.number(value, lang, decimals if value else 0)


def stratum_name(stratum: str, lang: str) -> str:
    """Return a stratum in words.

    Examples
    --------
    >>> stratum_name("greenhouse/west", "nl"), stratum_name("unknown/other", "en")
    ('kassen, west', 'little known, other kinds')
    """
    parts = stratum.split("/")
    unknown = [_UNKNOWN[lang]] if parts[0] == sampling.UNKNOWN else []
    named = [
        others[lang] if part == "other" else _part(part, lang)
        for part, others in zip(parts[len(unknown) :], _OTHERS, strict=False)
    ]
    return ", ".join([*unknown, *named])


def _part(part: str, lang: str) -> str:
    known = _KINDS | _PARTS | {"all": _ALL}
    return known[part][lang] if part in known else site_kinds.name(part, read_texts(lang)).lower()
