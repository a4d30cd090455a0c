"""The method page says all that the model declares, and shows the ranking with and without counts of migrants."""

import pandas as pd
import pytest

from geodata import codes
from risk.index.declaration import Model
from risk.insight import method


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_holds_every_indicator_sector_season_and_reason(model: Model, lang: str) -> None:
    page = method.document(model, lang)
    for indicator in model.areas.indicators:
        assert indicator.name[lang] in page
        assert indicator.why[lang] in page
    for why in (*(one.why for one in model.conditions.values()), *(one.why for one in model.seasons.values())):
        assert why[lang] in page
    assert model.version in page
    assert "assumption" in page if lang == "en" else "aanname" in page


def test_the_page_shows_the_ranking_with_and_without(tables: dict[str, pd.DataFrame], model: Model) -> None:
    rankings = method.with_and_without(tables, model)
    assert list(rankings.columns) == [
        "area_code",
        "score",
        "rank",
        "rank_without_confirmed_infections",
        "rank_without_registered_migrant_workers",
    ]
    assert rankings["rank"].is_monotonic_increasing
    page = method.document(model, "nl", rankings, codes.EXAMPLE_BAND_NL)
    assert codes.EXAMPLE_BAND_NL in page
    assert page.count("| VR") == len(rankings)
