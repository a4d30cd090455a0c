"""Two versions or dates: the change is divided into data, world and model, and nothing is left over."""

import numpy as np
import pandas as pd
import pytest

from geodata.weeks import until
from risk.index.declaration import Model
from risk.insight.changes import Version, compare

Tables = dict[str, pd.DataFrame]
PARTS = ["data", "world", "model"]


def _adds_up(table: pd.DataFrame) -> None:
    known = table.dropna(subset=["change"])
    assert len(known)
    assert (known[PARTS].sum(axis=1) - known["change"]).abs().max() < 1e-9
    assert (known["score_after"] - known["score_before"] - known["change"]).abs().max() < 1e-12


@pytest.mark.parametrize("level", ["vr", "gemeente", "site"])
def test_the_same_twice_is_no_change(tables: Tables, model: Model, level: str) -> None:
    table = compare(Version(tables, model), Version(tables, model), level)
    assert table[["change", *PARTS]].abs().max(axis=None) == 0


def test_another_model_is_a_change_of_model_only(tables: Tables, model: Model) -> None:
    table = compare(Version(tables, model), Version(tables, model.without("cold")), "vr")
    _adds_up(table)
    assert table["model"].abs().max() > 0.01
    assert table[["data", "world"]].abs().max(axis=None) == 0


def test_weeks_that_passed_are_a_change_of_the_world_only(tables: Tables, model: Model) -> None:
    earlier = until(tables, pd.Timestamp("2020-10-18"))
    earlier["activations"] = earlier["activations"].query("event_date < '2020-10-12'")
    table = compare(Version(earlier, model), Version(tables, model), "vr")
    _adds_up(table)
    assert table["world"].abs().max() > 0.01
    assert table["model"].abs().max() == 0
    # An activation of the week itself that was not known yet would be data; the others are world.
    late = tables["activations"].query("'2020-10-12' <= event_date <= '2020-10-18' and infections_found == 'yes'")
    if not late["trigger"].isin(["externe_melding", "steekproef"]).any():
        assert table["data"].abs().max() < 1e-12


def test_a_corrected_figure_is_a_change_of_data_only(tables: Tables, model: Model) -> None:
    corrected = dict(tables)
    corrected["exposure"] = tables["exposure"].assign(workers_n=tables["exposure"]["workers_n"] * 2)
    table = compare(Version(tables, model), Version(corrected, model), "gemeente")
    _adds_up(table)
    assert table["data"].abs().max() > 0.01
    assert table[["world", "model"]].abs().max(axis=None) == 0


def test_a_unit_that_is_new_has_no_change_and_no_false_one(tables: Tables, model: Model) -> None:
    before = dict(tables)
    before["sites"] = tables["sites"].iloc[1:]
    table = compare(Version(before, model), Version(tables, model), "site").set_index("unit_id")
    new = table.loc[tables["sites"]["site_id"].iloc[0]]
    assert np.isnan(new["change"])
    assert new["score_after"] > 0
