"""What is shown, as a file: scoped by the door, and carrying who may use it, how old it is and what it rests on."""

import re
import tempfile
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import geopandas as gpd
import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard.files import reader_table
from dashboard.map import in_place
from dashboard.map.layers import MapPicture
from dashboard.map.words import map_texts
from dashboard.parts import figures
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from dashboard.shell import frame, saving
from door import export
from door.store import ScopedStore
from geodata import site_kinds
from geodata.snapshots import formats as files
from risk.index import classify
from risk.report.words import viewer_words
from risk.scores import deliver, site_tables
from words import Texts, read_texts

FORMATS: Final = tuple(one.ending.removeprefix(".") for one in files.ON_PAGES)


_TITLE_STYLE: Final = "font:600 18px sans-serif;margin:10px 12px"
_FOOT_STYLE: Final = "font:13px sans-serif;margin:8px 12px"


@dataclass(frozen=True)
class Part:
    """Which part of what the viewer sees goes into a file.

    Attributes
    ----------
    level
        ``vr``, ``gemeente`` or ``site``.
    sector
        A sector, '' for all together, ``all`` for a row per sector.
    area_codes
        Only these areas (or sites of these veiligheidsregio's); empty for all the viewer sees.
    is_osm
        Sites of OpenStreetMap, which stay a layer of their own under their licence.
    site_ids
        Only these sites; None for all that the viewer sees.
    within
        Code of the veiligheidsregio that the areas lie in, for title and name; '' for the whole country.
    unit
        Code of the chosen area, which is outlined on the map; '' when none is.
    by_place
        Colour a map by the place in the country instead of by score.
    inside
        What a map shows in place of the score, as in the address (`dashboard.map.in_place`).
    has_values
        Put the figures on a map.
    """

    level: str
    sector: str = ""
    area_codes: frozenset[str] = frozenset()
    is_osm: bool = False
    site_ids: frozenset[str] | None = None
    within: str = ""
    unit: str = ""
    by_place: bool = False
    inside: str = ""
    has_values: bool = False

    @property
    def name(self) -> str:
        """Return the name of a file of this part, without its ending."""
        words = ["risicobeeld", self.level, "osm" if self.is_osm else "", self.sector.replace("_", "-")]
        return "-".join(word for word in words if word)


def title(texts: Texts, store: ScopedStore, shown: Picture, part: Part) -> str:
    """Return in words what a file holds: level, region, sector, and the date of the picture.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    part
        Which rows, and of which level, leave the product.
    """
    level = texts(f"download.{part.level}{'_osm' if part.is_osm else ''}")
    if part.within:
        level = texts("download.within", level=level, region=shown.names[part.within])
    if part.site_ids is not None:
        level = texts("download.filtered", level=level, n=len(part.site_ids))
    is_each = part.sector == deliver.ALL_SECTORS
    sector = texts("download.each_sector") if is_each else why.sector_name(texts, shown, part.sector)
    if part.level == "site":
        sector = ""
    without = classify.without(shown.lacks, texts.language)
    shown_inside = in_place.title_of(texts, store, shown.scored, part.inside)
    return " · ".join(filter(None, [level, sector, shown_inside, without, texts.day(shown.scored.peildatum.date())]))


def file_name(texts: Texts, store: ScopedStore, shown: Picture, part: Part) -> str:
    """Return the name of a file without its ending, which says what the file holds.

    It has the words of `title`, without accents and signs that some systems refuse.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    part
        Which rows, and of which level, leave the product.
    """
    day = shown.week or shown.scored.peildatum.date().isoformat()
    example = texts("download.example") if shown.is_demonstration else ""
    words = title(texts, store, shown, part).rsplit(" · ", 1)[0]
    whole = " ".join(filter(None, ["risicobeeld", example, words, day])).replace("'", "")
    plain = unicodedata.normalize("NFKD", whole)
    return re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")


def table(store: ScopedStore, shown: Picture, part: Part, language: str, *, with_places: bool) -> pd.DataFrame:
    """Return what a file holds: the scores with names, words and reasons, and on each row what they rest on.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    part
        Which rows, and of which level, leave the product.
    language
        ``nl`` or ``en``.
    with_places
        Whether each row carries its area or point, for a map format.

    Raises
    ------
    AccessDeniedError
        Sites are asked by a role that may not take them away.
    """
    if part.level == "site":
        export.refuse_sites(store)
    rows = deliver.score_table(store, shown.scores, part.level, part.sector, lang=language, with_places=with_places)
    texts = read_texts(language)
    rows = rows.assign(
        sector_name=[why.sector_name(texts, shown, code) for code in rows["sector_code"]],
        reason=rows["unit_id"].map(shown.top_reasons[language]).fillna(""),
    )
    if part.level == "site":
        rows = _with_site_words(store, rows, texts)
        if not shown.week and store.may("first_site"):
            first = site_tables.among_first(store, shown.scored.model.version).reindex(rows["unit_id"])
            rows = rows.assign(finding_out_gain_0_10=first["finding_out_gain_0_10"].to_numpy())
        keep = export.is_osm(rows["site_source"]).to_numpy() == part.is_osm
        if part.area_codes:
            keep &= rows["vr_code"].isin(part.area_codes).to_numpy()
        if part.site_ids is not None:
            keep &= rows["unit_id"].isin(part.site_ids).to_numpy()
        rows = rows[keep]
    elif part.area_codes:
        rows = rows[rows["area_code"].isin(part.area_codes)]
    rows = rows.reset_index(drop=True)
    if part.level == "site":
        return rows
    return in_place.with_figures(store, shown.scored, rows, part.inside)


def _with_site_words(store: ScopedStore, rows: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """Return rows of sites with what a reader knows them by: kind, place, region, size, source."""
    sites = store.table("sites").set_index("site_id").loc[rows["unit_id"]]
    gemeenten = store.table("gemeenten").set_index("gemeente_code")["gemeente_name"]
    regions = store.table("veiligheidsregios").set_index("vr_code")["vr_name"]
    return rows.assign(
        kind_name=[site_kinds.name(kind, texts) for kind in sites["kind"]],
        gemeente_name=sites["gemeente_code"].map(gemeenten).fillna("").to_numpy(),
        vr_code=sites["vr_code"].to_numpy(),
        vr_name=sites["vr_code"].map(regions).fillna("").to_numpy(),
        size_n=sites["size_n"].to_numpy(),
        size_unit=sites["size_unit"].to_numpy(),
        located=sites["located"].to_numpy(),
        site_source=sites["source"].to_numpy(),
    )


def as_file(store: ScopedStore, shown: Picture, part: Part, ending: str, language: str) -> bytes:
    """Return a part as a file of one of `FORMATS`, and leave a line in the audit trail.

    A workbook and a CSV are made for the reader's language, with figures rounded to what their interval supports;
    the map formats keep a decimal more, for machines.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    part
        Which rows, and of which level, leave the product.
    ending
        One of `FORMATS`.
    language
        ``nl`` or ``en``.
    """
    rows = table(store, shown, part, language, with_places=f".{ending}" in files.MAPS)
    store.note_export(f"scores_{part.level} (.{ending})", len(rows))
    texts = read_texts(language)
    if ending == "csv":
        return files.csv_for_reader(reader_table.rounded(rows), language)
    if ending == "xlsx":
        told = [title(texts, store, shown, part), stamp_line(texts, store, shown)]
        return files.workbook(reader_table.sheets(texts, shown, rows, told))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{part.name}.{ending}"
        files.write_table(deliver.as_supported(rows), path)
        return path.read_bytes()


def as_map(store: ScopedStore, shown: Picture, part: Part, texts: Texts) -> bytes:
    """Return the areas of a part as one HTML page that opens without a network; it never holds a site.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    part
        Which rows, and of which level, leave the product.
    texts
        Words of the reader's language.
    """
    from dashboard.map.folium_map import as_single_file, folium_map  # noqa: PLC0415 - slow to load, for this file alone

    rows = shown.of_sector(part.sector if part.sector != deliver.ALL_SECTORS else "")
    if part.area_codes:
        rows = rows[rows["area_code"].isin(part.area_codes)]
    source, column = ("veiligheidsregios", "vr_code") if part.level == "vr" else ("gemeenten", "gemeente_code")
    areas = cast("gpd.GeoDataFrame", store.table(source))
    words = map_texts(texts, is_demonstration=shown.is_demonstration, lacks=shown.lacks)
    picture = MapPicture(
        areas=figures.area_layer(shown, rows),
        texts=words,
        selected=part.unit if part.unit in set(rows["area_code"]) else "",
        background=False,
        ranked_n=shown.ranked_n(rows["sector_code"].iloc[0]) if part.by_place and len(rows) else 0,
        inside=in_place.layer(texts, store, shown.scored, rows, part.inside),
        has_values=part.has_values,
    )
    page = as_single_file(folium_map(picture, areas[areas[column].isin(rows["area_code"])]))
    store.note_export(f"scores_{part.level} (.html)", len(rows))
    sector = part.sector if part.sector != deliver.ALL_SECTORS else ""
    named = title(texts, store, shown, replace(part, sector=sector))
    if picture.selected:
        named += " · " + texts("download.chosen", name=shown.names[part.unit])
    head = str(Markup("<title>{}</title>").format(named))
    heading = str(Markup('<h1 style="{}">{}</h1>').format(_TITLE_STYLE, named))
    foot = Markup('<p style="{}">{}</p></body>').format(_FOOT_STYLE, stamp_line(texts, store, shown))
    page = re.sub(r"<title>.*?</title>", lambda _: head, page, count=1, flags=re.DOTALL)
    page = re.sub(r"<body[^>]*>", lambda body: body[0] + heading, page, count=1)
    return page.replace("</body>", foot, 1).encode()


def stamp_line(texts: Texts, store: ScopedStore, shown: Picture) -> str:
    """Return what stands under everything that leaves the product: banner, date, versions, scope, sources, licence.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    """
    scored = shown.scored
    facts = texts(
        "download.stamp",
        day=texts.day(scored.peildatum.date()),
        model=scored.model.version,
        data=store.data_version,
        scope=viewer_words(store, texts.language),
        sources=export.attributions(store.sources, texts.language),
    )
    return f"{texts('map.band')} · {facts}" if shown.is_demonstration else facts


def menu(
    texts: Texts, store: ScopedStore, seen: Collection[Part], everything: Collection[Part], *, key: str, week: str = ""
) -> None:
    """Offer files behind one button; what is in it, and each file, is made when it is asked for.

    Parameters
    ----------
    seen
        What is on the screen.
    everything
        What else the viewer may take along.
    key
        Identity of the menu on the page.
    week
        The week that is shown; '' is the peildatum.
    """
    with st.popover(texts("download.menu"), key=key, on_change="rerun") as opened:
        if not opened.open:
            return
        for name, parts in (("download.seen", seen), ("download.all", everything)):
            allowed = [part for part in parts if part.level != "site" or export.may_take_sites(store)]
            if allowed:
                st.markdown(f"**{texts(name)}**")
            for place, part in enumerate(allowed):
                _offer(texts, store, part, f"{key}-{name}-{place}", week)


def _offer(texts: Texts, store: ScopedStore, part: Part, key: str, week: str) -> None:
    """Draw the buttons of one part."""
    shown = figures.open_picture(store, part.level, texts, week)
    name = file_name(texts, store, shown, part)
    st.caption(frame.markdown_escape(title(texts, store, shown, part)))
    with st.container(horizontal=True):
        for form in files.ON_PAGES:
            ending = form.ending.removeprefix(".")
            saving.offer(
                form.label,
                _maker(store, shown, part, ending, texts),
                f"{name}{form.ending}",
                form.media_type,
                key=f"{key}-{ending}",
            )
        if part.level != "site" and part.sector != deliver.ALL_SECTORS:
            saving.offer(
                texts("download.map"),
                _map_maker(store, shown, part, texts),
                f"{name}.html",
                files.BY_ENDING[".html"].media_type,
                key=f"{key}-html",
            )


def _maker(store: ScopedStore, shown: Picture, part: Part, ending: str, texts: Texts) -> Callable[[], bytes]:
    return lambda: as_file(store, shown, part, ending, texts.language)


def _map_maker(store: ScopedStore, shown: Picture, part: Part, texts: Texts) -> Callable[[], bytes]:
    return lambda: as_map(store, shown, part, texts)
