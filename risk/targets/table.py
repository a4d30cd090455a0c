"""A plan as a table that leaves the product: every line with its reason, and what is needed to check it."""

from typing import Final

import geopandas as gpd
import pandas as pd

from door import export
from door.store import ScopedStore
from geodata import codes
from risk.index import classify
from risk.targets.inputs import Inputs
from risk.targets.limits import limit_text
from risk.targets.plan import Plan
from risk.targets.why import reasons

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

_ROUNDED: Final = ("score_0_10", "p_top_k", "objective_value", "rise_0_10", "finding_out_gain_0_10", "completeness_pct")


def target_table(plan: Plan, inputs: Inputs, store: ScopedStore, lang: str) -> gpd.GeoDataFrame:
    """Return the lines of a plan with reasons, links, protocols and the status banner; points in EPSG:28992.

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
    table = export.with_own_sources(export.stamped(table, store, lang=lang), store, table["site_id"], lang)
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


def left_out_table(plan: Plan, lang: str) -> pd.DataFrame:
    """Return the high scorers that are not in the plan, with the reason in words."""
    about = plan.sites.set_index("site_id")[["vr_code", "kind", "score_0_10"]]
    words = [limit_text(limit, subject, lang) for limit, subject in plan.left_out[["limit", "subject"]].to_numpy()]
    return plan.left_out.join(about, on="site_id").assign(reason=pd.Series(words, dtype="str"))
