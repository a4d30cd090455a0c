"""A table that breaks its contract is refused in one sentence that says what and where."""

import contextlib
import functools

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point

from geodata import contracts, settings
from geodata.errors import ContractError
from geodata.snapshots import snapshot
from tests.examples import examples


def incidence(**changes: list[object]) -> pd.DataFrame:
    """Two invented rows that keep the contract, unless changed."""
    rows = {
        "disease": ["COVID-19", "COVID-19"],
        "gemeente_code": ["GM0014", "GM0034"],
        "week": ["2020-W40", "2020-W40"],
        "cases_n": [3, None],
        "status": ["fictional", "missing"],
        "source": ["", ""],
    }
    return pd.DataFrame(rows | changes)


def test_a_table_that_keeps_its_contract_passes_with_its_types() -> None:
    checked = contracts.check("incidence", incidence())
    assert checked["cases_n"].dtype == float
    assert list(checked.columns) == contracts.CONTRACTS["incidence"].columns


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gemeente_code": ["GM14", "GM0034"]}, "gemeente_code holds 'GM14'"),
        ({"week": ["2020-W54", "2020-W40"]}, "week holds '2020-W54'"),
        ({"cases_n": [-1, 2]}, "cases_n holds -1"),
        ({"status": ["certain", "missing"]}, "status holds 'certain'"),
        ({"gemeente_code": ["GM0014", "GM0014"]}, "occurs 2 times"),
        ({"disease": [None, "COVID-19"]}, "disease holds an empty value"),
    ],
)
def test_what_breaks_is_named(changes: dict[str, list[object]], words: str) -> None:
    with pytest.raises(ContractError, match=words) as caught:
        contracts.check("incidence", incidence(**changes))
    assert str(caught.value).count("\n") == 0


_TEXTS = (None, "", "x", "GM0014", "GM0014\n", "GM\u0660\u0660\u0661\u0664", "2020-W40", "lodging")
CELLS = st.sampled_from([*_TEXTS, -1, 0.5, 1e12, True, pd.Timestamp(0)])


@functools.cache
def shipped() -> snapshot.Snapshot:
    return snapshot.read_core(settings.EMBEDDED_DIR)


@examples(150)
@given(st.data())
def test_what_passes_at_once_is_what_pandera_lets_pass_and_as_it_gives_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(shipped().files)))
    table = shipped().table(name).iloc[:3]
    column = data.draw(st.sampled_from(list(contracts.CONTRACTS[name].schema.columns)))
    cell = data.draw(CELLS | st.just(table[column].iloc[0]))
    kept = [cell, *table[column].iloc[1:]]
    # As a file gives it, or of the type of the contract already.
    dtype = data.draw(st.sampled_from([object, table[column].dtype]))
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        table = table.assign(**{column: pd.Series(kept, index=table.index, dtype=dtype)})
    results = []
    for asked in (contracts._keeps, lambda _contract, _table: False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(contracts, "_keeps", asked)
            try:
                results.append(contracts.check(name, table))
            except ContractError as error:
                results.append(str(error))
    quick, slow = results
    assert isinstance(quick, str) == isinstance(slow, str), (quick, slow)
    if isinstance(slow, str):
        assert quick == slow
    else:
        pd.testing.assert_frame_equal(pd.DataFrame(quick), pd.DataFrame(slow))
        assert type(quick) is type(slow)


def test_the_tables_that_ship_pass_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts, "_as_wanted", lambda contract, _table: pytest.fail(contract.name))
    for name in shipped().files:
        contracts.check(name, shipped().table(name))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ContractError, match="column week is missing"):
        contracts.check("incidence", incidence().drop(columns="week"))


def test_coordinates_must_be_in_metres() -> None:
    shape = Point(5.1, 52.0).buffer(0.1)
    table = gpd.GeoDataFrame(
        {
            "vr_code": ["VR01"],
            "vr_name": ["x"],
            "land_border": ["DE;BE"],
            "population_n": [1],
            "land_area_km2": [1.0],
        },
        geometry=[shape],
        crs="EPSG:4326",
    )
    with pytest.raises(ContractError, match="EPSG:28992"):
        contracts.check("veiligheidsregios", table)


@pytest.mark.parametrize("name", sorted(contracts.CONTRACTS))
def test_an_empty_table_keeps_its_contract(name: str) -> None:
    table = contracts.empty(name)
    assert len(table) == 0
    assert list(table.columns) == contracts.CONTRACTS[name].columns
