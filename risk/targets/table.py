"""A plan as a table that leaves the product: every line with its reason, and what is needed to check it."""

from typing import Final

import geopandas as gpd
import pandas as pd

from door import export
from door.store import ScopedStore
from geodata import codes, site_kinds
from register.schema import LONGEST_FIELD
from risk.index import classify
from risk.index.declaration import Text
from risk.insight import reasons as explain
from risk.targets import draw as sampling
from risk.targets.inputs import RANDOM_LISTS, Inputs
from risk.targets.limits import limit_text
from risk.targets.plan import Plan
from words import read_texts

COLUMNS: Final = (
    "list",
    "site_id",
    "vr_code",
    "kind",
    "score_0_10",
    "inclusion_probability",
    "reason",
    "name",
    "gemeente_code",
    "sector_code",
    "week",
    "partners",
    "hours",
    "size_n",
    "size_unit",
    "p_top_k",
    "objective_value",
    "rise_0_10",
    "finding_out_gain_0_10",
    "completeness_pct",
    "days_since_visit",
    "other_vr_codes",
    "protocol",
    "stratum",
    "stratum_n",
    "drawn_n",
    "seed",
    "frame_sha256",
    "points_are",
    "picture_lacks",
    "model_version",
    "peildatum",
    *export.STAMP,
)

_WHYS_N: Final = 2
_SHOWN_GAIN: Final = 0.005  # what two decimals show
_ROUNDED: Final = ("score_0_10", "p_top_k", "objective_value", "rise_0_10", "finding_out_gain_0_10", "completeness_pct")

_POINTS: Final = Text("{points} risicopunten", "{points} risk points")
_FINDS: Final = Text("{points} verwachte vondsten", "{points} expected finds")
_PICTURE: Final = Text("beeld {without}", "picture {without}")
_ROSE: Final = Text("steeg {rise} in vier weken", "rose {rise} in four weeks")
_FELL: Final = Text("daalde {rise} in vier weken, minder dan elders", "fell {rise} in four weeks, less than elsewhere")
_DRAWN: Final = Text(
    "geloot: {drawn} van de {total} in {stratum}", "drawn at random: {drawn} of the {total} in {stratum}"
)
_SIZE_UNKNOWN: Final = Text(
    "grootte onbekend, eerst uitzoeken: kans om bij de eersten te horen",
    "size unknown, find out first: a chance to be among the first",
)
_WORTH: Final = Text(
    "uitzoeken tilt de eerste {k} naar verwachting {gain} op",
    "finding out is expected to lift the first {k} by {gain}",
)
_LOCKED: Final = Text("vastgezet: {reason}", "locked in: {reason}")
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


def target_table(plan: Plan, inputs: Inputs, store: ScopedStore, lang: str) -> gpd.GeoDataFrame:
    """Return the lines of a plan with reasons, links, protocols and the status band; points in EPSG:28992.

    Parameters
    ----------
    plan, inputs, store
        The plan, what it was made from, and the door it was read through.
    lang
        Language of the reasons: ``nl`` or ``en``.
    """
    lines = plan.lines
    links = store.out("linked", "site", inputs.scored.model.version)
    linked = dict(zip(links["unit_id"].astype(str), links["other_vr_codes"].astype(str), strict=True))
    table = lines.assign(
        reason=reasons(plan, inputs, lang),
        objective_value=lines["points"],
        other_vr_codes=_looked_up(lines["site_id"], linked),
        protocol=_looked_up(lines["sector_code"], protocols(store, lang)),
        points_are=plan.points_are,
        picture_lacks=";".join(classify.lacks_of(inputs.scored.scores)),
        model_version=inputs.scored.model.version,
        peildatum=inputs.peildatum,
    )
    table = export.with_own_sources(export.stamped(table, store, lang=lang), store, table["site_id"])
    table[list(_ROUNDED)] = table[list(_ROUNDED)].astype(float).round(4)
    return gpd.GeoDataFrame(table[[*COLUMNS, "geometry"]], geometry="geometry", crs=codes.CRS_RD)


def _looked_up(keys: pd.Series, texts: dict[str, str]) -> pd.Series:
    return pd.Series([texts.get(key, "") for key in keys], index=keys.index, dtype="str")


def protocols(store: ScopedStore, lang: str) -> dict[str, str]:
    """Return the titles of the branch protocols in the library, by sector."""
    if not store.may("library"):
        return {}
    library = store.table("library")
    found = library[(library["kind"] == "protocol") & (library["sector_code"] != "")]
    title = "title_en" if lang == "en" else "title"
    by_sector = found.groupby("sector_code")[title].agg(lambda titles: "; ".join(sorted(titles)))
    return {str(sector): str(titles) for sector, titles in by_sector.items()}


def reasons(plan: Plan, inputs: Inputs, lang: str) -> pd.Series:
    """Return in a few words why each line is in the plan."""
    why = _whys(plan.lines["site_id"], inputs, lang)
    locked = {mark.site_id: mark.reason for mark in plan.request.locked}
    without = classify.without(classify.lacks_of(inputs.scored.scores), lang)
    return pd.Series(
        [
            _reason(line, plan, str(why.get(line["site_id"], "")), locked, without, lang)
            for _, line in plan.lines.iterrows()
        ],
        index=plan.lines.index,
        dtype="str",
    )


def _whys(site_ids: pd.Series, inputs: Inputs, lang: str) -> dict[str, str]:
    """Return what raises the score of each site most: at most two factors."""
    parts = inputs.scored.contributions
    parts = parts[parts["unit_id"].isin(site_ids) & (parts["contribution_0_10"] > 0)]
    parts = parts[parts["indicator_code"].isin(inputs.scored.model.sites.codes)]
    highest = parts.sort_values("contribution_0_10", ascending=False, kind="stable").groupby("unit_id").head(_WHYS_N)
    words = highest["indicator_code"].map(lambda code: inputs.scored.model.indicator(code).more[lang])
    return {str(site): "; ".join(some) for site, some in words.groupby(highest["unit_id"])}


def _reason(line: pd.Series, plan: Plan, why: str, locked: dict[str, str], without: str, lang: str) -> str:
    if line["list"] in RANDOM_LISTS:
        return _DRAWN[lang].format(
            drawn=line["drawn_n"], total=line["stratum_n"], stratum=stratum_name(line["stratum"], lang)
        )
    words: list[str] = []
    if line.get("not_ranked_reason") == "size":
        words.append(_SIZE_UNKNOWN[lang])
        if line["finding_out_gain_0_10"] >= _SHOWN_GAIN:
            worth = explain.number(line["finding_out_gain_0_10"], lang, 2)
            words.append(_WORTH[lang].format(k=plan.request.capacity, gain=worth))
    if line["list"] == "rising":
        sentence = _ROSE if line["rise_0_10"] > 0 else _FELL
        words.insert(0, sentence[lang].format(rise=explain.number(abs(line["rise_0_10"]), lang, 2)))
    if line["site_id"] in locked:
        words.insert(0, _LOCKED[lang].format(reason=locked[line["site_id"]]))
    points = _FINDS if plan.points_are == "expected_finds" else _POINTS
    told = points[lang].format(points=explain.number(line["points"], lang, 1 + (points is _FINDS)))
    told = f"{told} ({_PICTURE[lang].format(without=without)})" if without else told
    for more in why.split("; ") if why else []:  # a plan is kept with its reasons, in a field of the register
        if len("; ".join([*words, more, told])) <= LONGEST_FIELD:
            words.append(more)
    whole = "; ".join([*words, told])
    return whole if len(whole) <= LONGEST_FIELD else f"{whole[: LONGEST_FIELD - 1]}…"


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


def left_out_table(plan: Plan, lang: str) -> pd.DataFrame:
    """Return the high scorers that are not in the plan, with the reason in words."""
    about = plan.sites.set_index("site_id")[["vr_code", "kind", "score_0_10"]]
    words = [limit_text(limit, subject, lang) for limit, subject in plan.left_out[["limit", "subject"]].to_numpy()]
    return plan.left_out.join(about, on="site_id").assign(reason=pd.Series(words, dtype="str"))
