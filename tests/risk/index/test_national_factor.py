"""A national wave and the order of gemeenten: the contrast is compared with the country."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from geodata import settings
from geodata.snapshots import formats
from risk.index.indicators import measure
from risk.index.model import load_model

TABLES = ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {name: formats.read_parquet(name, settings.EMBEDDED_DIR / f"{name}.parquet") for name in TABLES}


@pytest.mark.parametrize("factor", [2, 4, 10])
def test_a_national_factor_on_all_counts_hardly_changes_the_order(tables, factor: int) -> None:
    """Not at all but for the smoothing, which holds back small counts less when all are larger."""
    model = load_model()
    more = tables["incidence"].assign(cases_n=tables["incidence"]["cases_n"] * factor)
    place = model.areas.codes.index("infections_contrast")
    both = []
    for incidence in (tables["incidence"], more):
        measured = measure(tables | {"incidence": incidence}, "gemeente", model)
        both.append(measured.raw[(measured.units["sector_code"] == "").to_numpy(), place])
    known = np.isfinite(both[0])
    assert (known == np.isfinite(both[1])).all()
    assert stats.spearmanr(both[0][known], both[1][known]).statistic > 0.99
