"""What a plan is made from, read through the door: the frame of sites, what is wrong with the others, past visits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import geopandas as gpd
import pandas as pd

from door.store import ScopedStore
from geodata.tables.corrections import valid_activations
from risk.index.declaration import Model
from risk.scores import outputs
from risk.scores.outputs import Scored
from risk.targets import checks as site_checks
from risk.targets.estimates import RANDOM_LISTS, Calibration, calibrate
from risk.targets.plan import CHANCE, GAIN

_OF_SCORES: Final = ("score_0_10", "p_top_k", "k_n", "completeness_pct", "risk_class", "not_ranked_reason")
_FOUND: Final = {"yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class Inputs:
    """Everything a plan needs.

    Attributes
    ----------
    frame
        Sites that can be visited, as `risk.targets.plan.make_plan` wants them, with name, size and place.
    unplaced
        Sites of which nothing is wrong but that their place is not known, in a region that is: never chosen or
        drawn by themselves, for nobody can tell how far they are, but they can be locked in.
    problems
        From `risk.targets.checks.find_problems`, less what an analyst resolved.
    visits
        One row per visit to a site: site_id, event_date, found (1, 0, NaN), list, points,
        inclusion_probability, plan_id.
    region_names
        Name of every veiligheidsregio, by code.
    calibration
        None until enough random visits are recorded.
    """

    frame: gpd.GeoDataFrame
    unplaced: gpd.GeoDataFrame
    problems: pd.DataFrame
    visits: pd.DataFrame
    scored: Scored
    calibration: Calibration | None
    region_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def peildatum(self) -> pd.Timestamp:
        """Return the last date in the data."""
        return self.scored.peildatum


def read_inputs(store: ScopedStore, model: Model) -> Inputs:
    """Read what a plan needs, as far as the viewer may see it.

    Raises
    ------
    AccessDeniedError
        The viewer may not see sites or plans.
    """
    sites = store.table("sites")
    scored = outputs.read_scored(store, "site", model)
    problems = read_problems(store)
    visits = read_visits(store)
    joined = sites.merge(
        scored.scores[["unit_id", *_OF_SCORES]],
        left_on="site_id",
        right_on="unit_id",
        how="left",
        validate="one_to_one",
    ).drop(columns="unit_id")
    rises = store.out("rises", "site", model.version).set_index("unit_id")["rise_0_10"]
    first = store.out("first", "site", model.version)
    chances = first.pivot_table(index="unit_id", columns="capacity_n", values="p_first", fill_value=0.0)
    joined = joined.join(chances.add_prefix(CHANCE), on="site_id")
    unsure = first[first["finding_out_gain_0_10"].notna()]
    worth = unsure.pivot_table(
        index="unit_id", columns="capacity_n", values="finding_out_gain_0_10", fill_value=0.0
    ).add_prefix(GAIN)
    joined = joined.join(worth, on="site_id")
    last = visits.groupby("site_id")["event_date"].max()  # also right where nobody ever went
    lines = store.table("plan_lines")
    planned = lines.loc[lines["plan_state"] == "approved", "site_id"]
    frame = joined.assign(
        rise_0_10=joined["site_id"].map(rises).astype(float),
        completeness_pct=joined["completeness_pct"].fillna(0.0),
        last_visit=last.reindex(joined["site_id"]).to_numpy("datetime64[ns]"),
        is_planned=joined["site_id"].isin(planned),
    )
    worse = problems.loc[problems["problem"] != "no_place", "site_id"]
    is_unplaced = frame["site_id"].isin(problems["site_id"]) & ~frame["site_id"].isin(worse) & (frame["vr_code"] != "")
    can_go = ~frame["site_id"].isin(problems["site_id"]) & (frame["vr_code"] != "")
    random = visits[visits["list"].isin(RANDOM_LISTS)]
    calibration = calibrate(random["points"], random["found"], random["inclusion_probability"])
    placed, unplaced = (frame[rows].reset_index(drop=True) for rows in (can_go, is_unplaced))
    regions = store.table("veiligheidsregios")
    names = dict(zip(regions["vr_code"], regions["vr_name"], strict=True))
    return Inputs(placed, unplaced, problems, visits, scored, calibration, names)


def frame_for(inputs: Inputs, locked: Collection[str]) -> gpd.GeoDataFrame:
    """Return the sites that a plan chooses from: those that can be visited, and those without a place locked in."""
    asked = inputs.unplaced[inputs.unplaced["site_id"].isin(locked)]
    if asked.empty:
        return inputs.frame
    return gpd.GeoDataFrame(pd.concat([inputs.frame, asked], ignore_index=True), crs=inputs.frame.crs)


def read_problems(store: ScopedStore) -> pd.DataFrame:
    """Return the sites that something is wrong with and that nobody resolved, as far as the viewer may see them."""
    found = site_checks.find_problems(store.table("sites"), store.table("gemeenten"))
    return site_checks.unresolved(found, store.table("decisions"))


def read_visits(store: ScopedStore) -> pd.DataFrame:
    """Return the recorded visits to sites, each with the line of the plan it carried out, if any."""
    done = valid_activations(store.table("activations"))
    done = done[done["site_id"] != ""]
    lines = store.table("plan_lines")[["plan_line_id", "plan_id", "list", "objective_value", "inclusion_probability"]]
    lines = lines.rename(columns={"objective_value": "points", "inclusion_probability": "drawn_with"})
    joined = done.merge(lines, on="plan_line_id", how="left", validate="many_to_one")
    is_random = (joined["trigger"] == "steekproef") & joined["list"].isna()
    return pd.DataFrame(
        {
            "site_id": joined["site_id"],
            "event_date": joined["event_date"],
            "found": joined["infections_found"].map(_FOUND).astype(float),
            "list": joined["list"].mask(is_random, "random").fillna("").astype("str"),
            "points": joined["points"].astype(float),
            "inclusion_probability": joined["drawn_with"].fillna(joined["inclusion_probability"]).astype(float),
            "plan_id": joined["plan_id"].fillna("").astype("str"),
            "trigger": joined["trigger"],
        }
    )
