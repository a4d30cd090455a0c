"""The activations as a picture: counts, rates with an interval, dates; nothing that enters the score."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from risk.index.declaration import Model
from risk.insight.visits import ALL_KINDS, picture

Tables = dict[str, pd.DataFrame]


def test_every_activation_is_counted_once_in_its_region(tables: Tables, model: Model) -> None:
    table = picture(tables, "vr", model)
    together = table[(table["sector_code"] == "") & (table["kind"] == ALL_KINDS)]
    assert together["activations_n"].sum() == 56
    expected = tables["activations"]["vr_code"].value_counts()
    counts = together.set_index("area_code")["activations_n"]
    assert counts[counts > 0].to_dict() == expected.astype(float).to_dict()
    by_kind = table[(table["sector_code"] == "") & (table["kind"] != ALL_KINDS)].groupby("kind")["activations_n"].sum()
    assert by_kind.to_dict() == tables["activations"]["kind"].value_counts().astype(float).to_dict()
    by_sector = table[(table["sector_code"] != "") & (table["kind"] == ALL_KINDS)]
    assert by_sector["activations_n"].sum() == 56


def test_the_date_last_visited_is_the_last_and_blank_where_never(tables: Tables, model: Model) -> None:
    table = picture(tables, "vr", model).query("sector_code == '' and kind == ''").set_index("area_code")
    last = tables["activations"].groupby("vr_code")["event_date"].max()
    assert (table["last_visited"].dropna() == last.reindex(table["last_visited"].dropna().index)).all()
    assert set(table.index[table["last_visited"].isna()]) == set(table.index) - set(last.index)


def test_an_activation_known_by_region_only_counts_at_that_level_only(tables: Tables, model: Model) -> None:
    known = (tables["activations"]["gemeente_code"] != "").sum()
    table = picture(tables, "gemeente", model).query("sector_code == '' and kind == ''")
    assert table["activations_n"].sum() == known < 56


def test_rates_lie_in_their_interval_and_nobody_exposed_has_the_prior(tables: Tables, model: Model) -> None:
    table = picture(tables, "gemeente", model)
    assert (table["per_10k_p05"] <= table["per_10k_p95"]).all()
    assert np.isfinite(table["per_10k"]).all()
    columns = ["per_10k_p05", "per_10k", "per_10k_p95"]
    usual = table[table["activations_n"] > 0]
    for low, high in pairwise(columns):
        assert (usual[low] <= usual[high]).all()


def test_a_corrected_activation_is_counted_once(tables: Tables, model: Model) -> None:
    first = tables["activations"].iloc[[0]]
    correction = first.assign(activation_id="NEW", supersedes=first["activation_id"].iloc[0])
    tables["activations"] = pd.concat([tables["activations"], correction], ignore_index=True)
    table = picture(tables, "vr", model).query("sector_code == '' and kind == ''")
    assert table["activations_n"].sum() == 56


def test_without_activations_the_picture_is_empty_but_there(tables: Tables, model: Model) -> None:
    tables["activations"] = tables["activations"].iloc[:0]
    table = picture(tables, "vr", model)
    assert table["activations_n"].sum() == 0
    assert table["last_visited"].isna().all()


@pytest.mark.parametrize("level", ["vr", "gemeente"])
def test_the_keys_are_units_and_kinds(tables: Tables, model: Model, level: str) -> None:
    table = picture(tables, level, model)
    assert not table.duplicated(["unit_id", "kind"]).any()
