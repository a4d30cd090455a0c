"""Sectors of which only the CBS group is known per gemeente show one ranking: that of the group."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from geodata import codes
from geodata.weeks import Tables
from risk.index.declaration import Model
from risk.index.pipeline import AREA_LEVELS, score
from risk.scores import telling_apart

AGRICULTURE = [sector for sector, one in codes.SECTORS.items() if one.cbs_group == "A"]


@pytest.fixture
def shared(tables: Tables) -> Tables:
    """Return the tables with the workers of agriculture shared out by the same counts in every gemeente."""
    exposure = tables["exposure"].copy()
    mine = exposure["sector_code"].isin(AGRICULTURE)
    count = exposure.loc[exposure["sector_code"] == AGRICULTURE[0]].set_index("gemeente_code")["workers_n"] + 5
    share = exposure.loc[mine, "sector_code"].map({one: codes.SECTORS[one].share_of_group for one in AGRICULTURE})
    exposure.loc[mine, "workers_n"] = 3 * share * exposure.loc[mine, "gemeente_code"].map(count)
    exposure.loc[mine, "workers_n_source"] = "group_share"
    exposure.loc[mine, "establishments_n"] = np.nan
    return tables | {"exposure": exposure}


def _ranked(tables: Tables, model: Model, level: str = "gemeente") -> telling_apart.Scored:
    outcome = score(tables, level, model, rebuilds=40, data_version="0123456789ab")
    apart = telling_apart.rankings(outcome, tables["exposure"])
    whole = telling_apart.ties_alike(outcome.scores, model)
    return telling_apart.ranked(tables, level, outcome, whole, apart, rebuilds=40)


@pytest.mark.parametrize("level", AREA_LEVELS)
def test_the_sectors_of_a_group_share_its_ranking(shared: Tables, model: Model, level: str) -> None:
    found = _ranked(shared, model, level)
    scores = telling_apart.withheld(found.scores, found.apart)
    wide = scores.pivot_table(index="area_code", columns="sector_code", values="score_0_10")
    for sector in AGRICULTURE:
        assert found.apart[sector].ranked_as == "A"
        assert_allclose(wide[sector], wide[AGRICULTURE[0]])
    of_group = scores[scores["sector_code"].isin(AGRICULTURE)]
    assert set(of_group["ranked_as"]) == {"A"}
    assert of_group["score_0_10"].notna().all()
    assert set(scores.loc[~scores["sector_code"].isin(AGRICULTURE), "ranked_as"]) == {""}
    assert scores["unit_id"].is_unique
    parts = found.contributions.groupby("unit_id")["contribution_0_10"].sum()
    rows = of_group.set_index("unit_id")
    assert_allclose(parts.reindex(rows.index), rows["score_0_10"] - rows["reference_0_10"], atol=1e-9)
    indicators = found.indicators
    assert not indicators.duplicated(["unit_id", "indicator_code"]).any()


def test_a_group_has_the_workers_of_its_sectors_together_and_their_average_conditions(
    shared: Tables, model: Model
) -> None:
    carrier_of = telling_apart.carriers(dict.fromkeys(AGRICULTURE, "A"))
    assert set(carrier_of.values()) == {AGRICULTURE[0]}
    whole = telling_apart.merged(shared, carrier_of)["exposure"]
    mine = shared["exposure"][shared["exposure"]["sector_code"].isin(AGRICULTURE)]
    got = whole[whole["sector_code"] == AGRICULTURE[0]].set_index("gemeente_code")["workers_n"]
    assert_allclose(got.sort_index(), mine.groupby("gemeente_code")["workers_n"].sum().sort_index())
    for sector in AGRICULTURE[1:]:
        same = whole[whole["sector_code"] == sector].set_index("gemeente_code")["workers_n"]
        assert_allclose(same.sort_index(), got.sort_index())
    shares = [model.conditions[one].shares["proximity"] for one in AGRICULTURE]
    mean = telling_apart.averaged(model, carrier_of).conditions[AGRICULTURE[0]].shares["proximity"]
    jobs = [codes.SECTORS[one].jobs_n for one in AGRICULTURE]
    assert mean == pytest.approx(float(np.average(shares, weights=jobs)))
    assert telling_apart.averaged(model, carrier_of).conditions["construction"] == model.conditions["construction"]


def test_groups_are_ranked_where_no_sector_has_figures_of_its_own(tables: Tables, model: Model) -> None:
    """Establishments per group of the CBS alone: size is known of every group, so it is not left out."""
    exposure = tables["exposure"].copy()
    count = exposure.groupby("gemeente_code")["workers_n"].transform("sum") + 5
    share = exposure["sector_code"].map({code: one.share_of_group for code, one in codes.SECTORS.items()})
    exposure["workers_n"] = share.fillna(1.0) * count
    exposure[["establishments_n", "migrant_workers_n"]] = np.nan
    exposure["workers_n_source"] = [f"jobs x share of establishments of SBI:{code}" for code in exposure["sector_code"]]
    found = _ranked(tables | {"exposure": exposure}, model)
    groups_n = {sector: one.ranked_as for sector, one in found.apart.items() if one.why == telling_apart.Why.GROUP}
    assert len(groups_n) > len(codes.SECTORS) / 2
    assert all(groups_n.values()), groups_n
    shown = found.scores[found.scores["sector_code"].isin(groups_n)]
    assert shown["score_0_10"].notna().all()
    assert "size" not in set(shown["picture_lacks"].str.split(";").explode())


def test_nothing_changes_where_every_sector_has_its_own_figures(tables: Tables, model: Model) -> None:
    found = _ranked(tables, model)
    assert set(found.scores["ranked_as"]) == {""}
    assert not any(one.ranked_as for one in found.apart.values())
