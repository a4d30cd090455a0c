"""What is shown, as a file: scoped by the door, and carrying who may use it, how old it is and what it rests on."""

import html
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import geopandas as gpd
import pandas as pd
import streamlit as st

from dashboard.map.folium_map import as_single_file, folium_map
from dashboard.map.layers import MapPicture
from dashboard.map.words import map_texts
from dashboard.parts import figures as board
from dashboard.parts.figures import Board
from door import export
from door.store import ScopedStore
from geodata.snapshots import formats as files
from risk.scores import deliver
from words import Texts

FORMATS: Final = ("csv", "xlsx", "geojson", "gpkg")
MIME: Final = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "html": "text/html",
    "pdf": "application/pdf",
}


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
    """

    level: str
    sector: str = ""
    area_codes: frozenset[str] = frozenset()
    is_osm: bool = False

    @property
    def name(self) -> str:
        """Return the name of a file of this part, without its ending."""
        words = ["risicobeeld", self.level, "osm" if self.is_osm else "", self.sector.replace("_", "-")]
        return "-".join(word for word in words if word)


def table(store: ScopedStore, shown: Board, part: Part, language: str, *, with_places: bool) -> pd.DataFrame:
    """Return what a file holds: the scores with names and class words, and on each row what they rest on.

    Raises
    ------
    AccessDeniedError
        Sites are asked by a role that may not take them away.
    """
    if part.level == "site":
        export.refuse_sites(store)
    rows = deliver.score_table(store, shown.scores, part.level, part.sector, lang=language, with_places=with_places)
    if part.level == "site":
        sites = store.table("sites").set_index("site_id").loc[rows["unit_id"]]
        keep = export.is_osm(sites["source"]).to_numpy() == part.is_osm
        if part.area_codes:
            keep &= sites["vr_code"].isin(part.area_codes).to_numpy()
        rows = rows[keep]
    elif part.area_codes:
        rows = rows[rows["area_code"].isin(part.area_codes)]
    return rows.reset_index(drop=True)


def as_file(store: ScopedStore, shown: Board, part: Part, ending: str, language: str) -> bytes:
    """Return a part as a file of one of `FORMATS`, and leave a line in the audit trail."""
    rows = table(store, shown, part, language, with_places=f".{ending}" in export.MAP_ENDINGS)
    store.note_export(f"scores_{part.level} (.{ending})", len(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{part.name}.{ending}"
        files.write_table(rows, path)
        return path.read_bytes()


def as_map(store: ScopedStore, shown: Board, part: Part, texts: Texts) -> bytes:
    """Return the areas of a part as one HTML page that opens without a network; it never holds a site."""
    rows = shown.of_sector(part.sector if part.sector != deliver.ALL_SECTORS else "")
    if part.area_codes:
        rows = rows[rows["area_code"].isin(part.area_codes)]
    source, column = ("veiligheidsregios", "vr_code") if part.level == "vr" else ("gemeenten", "gemeente_code")
    areas = cast("gpd.GeoDataFrame", store.table(source))
    words = map_texts(texts, is_demonstration=shown.is_demonstration)
    picture = MapPicture(areas=board.area_layer(shown, rows), texts=words, background=False)
    page = as_single_file(folium_map(picture, areas[areas[column].isin(rows["area_code"])]))
    store.note_export(f"scores_{part.level} (.html)", len(rows))
    stamp = html.escape(stamp_line(texts, store, shown))
    return page.replace("</body>", f'<p style="font:13px sans-serif;margin:8px 12px">{stamp}</p></body>', 1).encode()


def stamp_line(texts: Texts, store: ScopedStore, shown: Board) -> str:
    """Return what stands under everything that leaves the product: band, date, versions, scope, sources, licence."""
    scored = shown.scored
    facts = texts(
        "download.stamp",
        day=texts.day(scored.peildatum.date()),
        model=scored.model.version,
        data=store.data_version,
        scope=str(store.viewer),
        sources=export.attributions(store.sources),
    )
    return f"{texts('map.band')} · {facts}" if shown.is_demonstration else facts


def menu(texts: Texts, store: ScopedStore, parts: Collection[Part], *, key: str, week: str = "") -> None:
    """Offer the parts as files, behind one button; what is in it, and each file, is made when it is asked for."""
    with st.popover(texts("download.menu"), key=key, on_change="rerun") as opened:
        if not opened.open:
            return
        for part in parts:
            if part.level == "site" and not export.may_take_sites(store):
                continue
            shown = board.open_board(store, part.level, texts, week)
            name = f"{part.name}-{week}" if week else part.name
            st.caption(texts(f"download.{part.level}{'_osm' if part.is_osm else ''}"))
            with st.container(horizontal=True):
                for ending in FORMATS:
                    st.download_button(
                        ending.upper() if ending != "gpkg" else "GeoPackage",
                        _maker(store, shown, part, ending, texts),
                        f"{name}.{ending}",
                        MIME[ending],
                        key=f"{key}-{part.name}-{ending}",
                        on_click="ignore",
                    )
                if part.level != "site":
                    st.download_button(
                        texts("download.map"),
                        _map_maker(store, shown, part, texts),
                        f"{name}.html",
                        MIME["html"],
                        key=f"{key}-{part.name}-html",
                        on_click="ignore",
                    )


def _maker(store: ScopedStore, shown: Board, part: Part, ending: str, texts: Texts) -> Callable[[], bytes]:
    return lambda: as_file(store, shown, part, ending, texts.language)


def _map_maker(store: ScopedStore, shown: Board, part: Part, texts: Texts) -> Callable[[], bytes]:
    return lambda: as_map(store, shown, part, texts)
