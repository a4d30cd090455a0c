"""A table that breaks its contract is refused in one sentence that says what and where."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from geodata import contracts
from geodata.errors import ContractError


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
