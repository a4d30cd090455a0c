"""Names, rivers and lakes on a drawn map."""

import geopandas as gpd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geodata.settings import EMBEDDED_DIR
from risk.report import charts


@pytest.mark.parametrize("vr_code", ["VR21", "VR16"])
def test_names_on_paper_lie_apart_and_the_larger_areas_come_first(vr_code: str) -> None:
    gemeenten = gpd.read_parquet(EMBEDDED_DIR / "gemeenten.parquet")
    areas = gemeenten[gemeenten["vr_code"] == vr_code]
    figure = Figure(figsize=(4, 4))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    areas.plot(ax=axes)
    axes.set_aspect("equal")
    written = charts.draw_orientation(axes, areas, "gemeente_name")
    largest = areas.loc[areas.area.idxmax(), "gemeente_name"]
    assert written[0] == largest
    figure.canvas.draw()
    named = [text for text in axes.texts if text.get_text() in written]
    assert len(named) == len(written) > len(areas) / 2
    boxes = [text.get_window_extent() for text in named]
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert any(text.get_text() == charts.CREDIT for text in axes.texts)
