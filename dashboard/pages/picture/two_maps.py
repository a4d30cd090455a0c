"""A second map that moves with the first: size alone, or an earlier week."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
from markupsafe import Markup

from dashboard.map import in_place, inside
from dashboard.map.layers import MapPicture
from dashboard.map.live import live_map
from dashboard.map.words import map_texts
from dashboard.parts import controls, figures
from dashboard.parts.figures import Picture
from dashboard.shell import session
from dashboard.shell.markup import show
from dashboard.shell.session import Selection
from door.store import ScopedStore
from geodata.weeks import last_day
from words import Texts

HEIGHT_PX: Final = 500
TOGETHER: Final = "picture"
"""Under this name the two maps of the page find each other."""


def choose(texts: Texts, now: Picture, chosen: Selection) -> Markup:
    """Return a list of what the second map may show (HTML for `links.linked`).

    Parameters
    ----------
    texts
        Words of the reader's language.
    now
        The picture of today.
    chosen
        What the address chooses.
    """
    return now.kept(_choice, texts, asked(now, chosen))


def asked(now: Picture, chosen: Selection) -> str:
    """Return what the second map shows: a week, or an indicator of size; '' where there is one map."""
    return chosen.second if chosen.second in (*inside.sizes(now.scored), *now.scored.weeks) else ""


def _choice(now: Picture, texts: Texts, second: str) -> Markup:
    return controls.dropdown(texts("picture.second"), "second", _options(texts, now), second)


def _options(texts: Texts, now: Picture) -> dict[str, str | Mapping[str, str]]:
    sizes = {code: inside.title_of(texts, now.scored, code) for code in inside.sizes(now.scored)}
    weeks = {
        week: texts("picture.week_of", week=int(week[-2:]), day=texts.day(last_day(week).date()))
        for week in reversed(now.scored.weeks)
    }
    groups = {texts("picture.second_size"): sizes, texts("picture.second_week"): weeks}
    return {"": texts("picture.second_none")} | {words: group for words, group in groups.items() if group}


def title(texts: Texts, store: ScopedStore, shown: Picture, second: str) -> None:
    """Say over a map what it shows: an indicator, a figure of a workbook by its own title, or the score of a day.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    second
        What the map shows, as in the address; '' is the score.
    """
    words = in_place.title_of(texts, store, shown.scored, second)
    told = words or texts("picture.score_of", day=texts.day(shown.scored.peildatum.date()))
    show(Markup('<p class="rb-page rb-over-map">{}</p>').format(told))


def draw(texts: Texts, chosen: Selection, store: ScopedStore, shown: Picture, rows: pd.DataFrame, within: str) -> None:
    """Draw the second map.

    Parameters
    ----------
    shown, rows
        The picture of the first map, and its rows.
    within
        The area that the maps are drawn into; '' for the whole country.
    """
    second = chosen.second
    other, other_rows = _of_second(texts, store, shown, rows, second)
    title(texts, store, other, second)
    picture = MapPicture(
        areas=figures.area_layer(other, other_rows),
        texts=map_texts(texts, is_demonstration=other.is_demonstration, lacks=other.lacks),
        selected=chosen.unit if chosen.unit in other.names else "",
        focus=within,
        inside=inside.layer(texts, other.scored, other_rows, second),
        has_values=chosen.numbers == "1",
        together=TOGETHER,
    )
    assets, geometry = figures.map_files(store)
    live_map(
        picture,
        key="second-map",
        assets=assets,
        geometry=geometry,
        height=HEIGHT_PX,
        on_select=lambda code: session.select(unit=code),
    )


def _of_second(
    texts: Texts, store: ScopedStore, shown: Picture, rows: pd.DataFrame, second: str
) -> tuple[Picture, pd.DataFrame]:
    """Return the picture and the rows of the second map: of another week, or those of the first."""
    if inside.title_of(texts, shown.scored, second):
        return shown, rows
    other = figures.open_picture(store, shown.scored.level, texts, second)
    sector = str(rows["sector_code"].iloc[0]) if len(rows) else ""
    found = other.of_sector(sector)
    return other, found[found["area_code"].isin(rows["area_code"])]
