"""One printable sheet per region: where to go, when, with whom and why, with a map."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import geopandas as gpd
import pandas as pd

from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.errors import InputError
from risk.index import classify
from risk.index.declaration import Text
from risk.report import charts
from risk.report.files import Block, Document, Grid, Heading, Paragraph, Picture, stamp_of
from risk.report.words import banner_of, days_words, monday, week_words
from words import read_texts

_TITLE: Final = Text("Bezoeken in {region}", "Visits in {region}")
_INTRO: Final = Text(
    "{n} preventieve bezoeken, {weeks}. Het doel is mensen beschermen; een bezoek zegt niets over wie er werkt of "
    "woont. Leg elk bezoek vast, ook als er niets is gevonden.",
    "{n} preventive visits, {weeks}. The aim is to protect people; a visit says nothing about who works or lives "
    "there. Record every visit, also when nothing was found.",
)
_ONE: Final = Text(
    _INTRO.nl.replace("{n} preventieve bezoeken", "Een preventief bezoek"),
    _INTRO.en.replace("{n} preventive visits", "One preventive visit"),
)
_HEADS: Final = (
    Text("nr", "no"),
    Text("week", "week"),
    Text("locatie", "site"),
    Text("soort", "kind"),
    Text("partners", "partners"),
    Text("waarom", "why"),
)
_MAP: Final = Text("Kaart van de bezoeken, genummerd als in de tabel", "Map of the visits, numbered as in the table")
_LINKED: Final = Text(
    "Nr {number} is verbonden met locaties in {regions}: vraag LOT-C om u te verbinden.",
    "No {number} is linked to sites in {regions}: ask LOT-C to connect you.",
)
_PROTOCOLS: Final = Text("Protocollen van de branche", "Branch protocols")
_DRAW: Final = Text(
    "Lotingsgetal {seed}, lijst {sha}. Wie geloot is, is gekozen zonder naar de score te kijken.",
    "Seed {seed}, list {sha}. Who was drawn at random was chosen without looking at the score.",
)


def region_sheet(table: gpd.GeoDataFrame, vr_code: str, store: ScopedStore, language: str) -> Document:
    """Return the sheet of one region.

    Parameters
    ----------
    table
        From `risk.targets.table.target_table`.
    vr_code
        The region; the viewer must be allowed to see its lines, or there are none.

    Raises
    ------
    InputError
        The plan has no visit in the region.
    """
    lines = table[table["vr_code"] == vr_code].sort_values(["week", "site_id"]).reset_index(drop=True)
    if lines.empty:
        raise InputError("plan_without_region", region=vr_code)
    regions, gemeenten = store.table("veiligheidsregios"), store.table("gemeenten")
    region = regions[regions["vr_code"] == vr_code]
    banner = banner_of(language, is_invented=store.is_demonstration)
    inside = gemeenten[gemeenten["vr_code"] == vr_code]
    names = inside.set_index("gemeente_code")["gemeente_name"]
    where = {site: f" ({lat:.5f}, {lon:.5f})" for site, (lat, lon) in points(lines, store).items()}
    rows = tuple(
        (
            str(number),
            week_words(str(line["week"]), language),
            _site(line, names, language) + where.get(line["site_id"], ""),
            _kind(line, language),
            str(line["partners"]).replace(";", ", "),
            str(line["reason"]),
        )
        for number, (_, line) in enumerate(lines.iterrows(), 1)
    )
    title = _TITLE[language].format(region=region["vr_name"].iloc[0])
    weeks = days_words(monday(lines["week"].min()), monday(lines["week"].max()) + timedelta(days=6), language)
    lacks = classify.lacks_of(lines)  # of the picture that the plan was made from, however long ago
    named = read_texts(language)("picture.lacks", without=classify.without(lacks, language)) if lacks else ""
    intro = _ONE if len(lines) == 1 else _INTRO
    picture = charts.map_of_visits(region, inside, lines, banner)
    blocks: list[Block] = [
        Heading(title, 1),
        Paragraph(intro[language].format(n=len(lines), weeks=weeks)),
        *([Paragraph(f"{named}.")] if named else []),
        Grid(tuple(head[language] for head in _HEADS), rows),
        Picture(picture, _MAP[language], 12.0),
        *_notes(lines, dict(zip(regions["vr_code"], regions["vr_name"], strict=True)), language),
        Paragraph(
            _DRAW[language].format(seed=lines["seed"].iloc[0], sha=lines["frame_sha256"].iloc[0][:16]), is_small=True
        ),
        stamp_of(store, language, lines["peildatum"].iloc[0], str(lines["model_version"].iloc[0])),
    ]
    return Document(title, language, banner, tuple(blocks))


def _kind(line: pd.Series, language: str) -> str:
    """Return the kind of a line's site in words; '' for a site that has left the list since."""
    return site_kinds.name(line["kind"], read_texts(language)).lower() if line["kind"] else ""


def _site(line: pd.Series, names: Mapping[str, str], language: str) -> str:
    """Return what a site is called and where it lies; one without a name is called by its kind and id."""
    return ", ".join(filter(None, [site_kinds.title(line, read_texts(language)), names.get(line["gemeente_code"], "")]))


def points(lines: gpd.GeoDataFrame, store: ScopedStore) -> Mapping[str, tuple[float, float]]:
    """Return latitude and longitude of each site whose place is known, which any map on a telephone finds."""
    sites = store.table("sites").set_index("site_id")["located"]
    placed = lines.assign(located=lines["site_id"].map(sites)).to_crs(codes.CRS_WGS84)
    placed = placed[placed["located"].isin(codes.LOCATED_CLOSELY) & placed.geometry.notna()]
    return {site: (point.y, point.x) for site, point in zip(placed["site_id"], placed.geometry, strict=True)}


def _notes(lines: pd.DataFrame, names: Mapping[str, str], language: str) -> list[Block]:
    """Return what a contact must know beside the table: links across regions, and protocols."""
    notes: list[Block] = [
        Paragraph(
            _LINKED[language].format(
                number=number, regions=", ".join(names.get(code, code) for code in others.split(";"))
            ),
            is_small=True,
        )
        for number, others in enumerate(lines["other_vr_codes"], 1)
        if others
    ]
    protocols = sorted({title for title in lines["protocol"] if title})
    if protocols:
        notes += [Heading(_PROTOCOLS[language], 2), Paragraph("; ".join(protocols))]
    return notes
