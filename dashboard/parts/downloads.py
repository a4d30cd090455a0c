"""What is shown, as a file: scoped by the door, and carrying who may use it, how old it is and what it rests on.

A workbook is written as a colleague opens it: the headings of the reader, rounded figures, what they rest on and mean.
"""

import re
import tempfile
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

import geopandas as gpd
import pandas as pd
import streamlit as st
from markupsafe import Markup

from dashboard.map import in_place
from dashboard.map.layers import MapPicture, map_texts
from dashboard.parts import figures, reasons
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from dashboard.shell import frame, saving
from door import export
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.snapshots import formats as files
from geodata.snapshots.formats import Sheet
from risk.index import classify
from risk.report.words import viewer_words
from risk.scores import deliver, site_tables
from words import Texts, read_texts

FORMATS: Final = tuple(one.ending.removeprefix(".") for one in files.ON_PAGES)


_TITLE_STYLE: Final = "font:600 18px sans-serif;margin:10px 12px"
_FOOT_STYLE: Final = "font:13px sans-serif;margin:8px 12px"
_DECIMALS: Final = {
    "score_0_10": 1,
    "reference_0_10": 1,
    "p_top_k": 2,
    "finding_out_gain_0_10": 2,
    "completeness_pct": 0,
    "contribution_0_10": 1,
    "objective_value": 1,
    "inclusion_probability": 3,
}
"""What the interval of a figure supports; the others are counts, codes and words."""
_WHOLE: Final = ("risk_class", "rank", "rank_p05", "rank_p95", "rank_choice_p05", "rank_choice_p95", "k_n")
_FIRST: Final = (
    "area_name",
    "kind_name",
    "gemeente_name",
    "vr_name",
    "sector_name",
    "score_0_10",
    "class_name",
    "rank",
    "rank_p05",
    "rank_p95",
    "p_top_k",
    "is_flagged",
    "reason",
    "size_n",
    "size_unit",
    "completeness_pct",
    "peildatum",
)
_FORMATS: Final = {"p_top_k": "0%", "peildatum": "dd-mm-yyyy", "score_0_10": "0.0", "reference_0_10": "0.0"}
_CONTRIBUTIONS_MOST_N: Final = 1_000


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
        return files.csv_for_reader(rounded(rows), language)
    if ending == "xlsx":
        told = [title(texts, store, shown, part), stamp_line(texts, store, shown)]
        return files.workbook(sheets(texts, shown, rows, told))
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


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its figures rounded to what their interval supports, places and classes as whole numbers."""
    table = table.copy()
    for column in table.columns:
        if column in _DECIMALS:
            table[column] = table[column].astype(float).round(_DECIMALS[column])
        elif column in _WHOLE:
            table[column] = table[column].astype("Int64")
    return table


def heading(texts: Texts, column: str) -> str:
    """Return the heading of a column in the reader's language; the name itself where there is none."""
    name = f"column.{column}"
    return texts(name) if name in texts else column


def sheets(texts: Texts, shown: Picture, rows: pd.DataFrame, told: Iterable[str]) -> list[Sheet]:
    """Return the sheets of a workbook: the figures, their reasons, what they rest on, and what each column means.

    Parameters
    ----------
    shown
        The picture that the rows are of.
    rows
        As `dashboard.parts.downloads.table` gives them.
    told
        What the workbook holds and rests on, a line each.
    """
    figures = rounded(rows)
    order = [column for column in _FIRST if column in figures.columns]
    figures = figures[[*order, *(column for column in figures.columns if column not in order)]]
    made = [readable(texts, texts("download.sheet_figures"), _in_words(texts, figures))]
    units = set(rows["unit_id"])
    if len(units) <= _CONTRIBUTIONS_MOST_N:
        made.append(readable(texts, texts("download.sheet_reasons"), _contributions(texts, shown, rows)))
    return [*made, *explained(texts, figures.columns, told)]


def _in_words(texts: Texts, figures: pd.DataFrame) -> pd.DataFrame:
    """Write the codes of a unit of size and of what a picture lacks as a reader says them."""
    unit = {code: texts(f"unit.{code}") for code in codes.SIZE_UNITS}
    words = {
        "size_unit": lambda code: unit.get(code, ""),
        "picture_lacks": lambda lacks: ", ".join(texts(f"lacks.{code}") for code in str(lacks).split(";") if code),
    }
    return figures.assign(**{name: figures[name].map(tell) for name, tell in words.items() if name in figures})


def readable(texts: Texts, name: str, table: pd.DataFrame) -> Sheet:
    """Return a sheet whose columns carry headings in the reader's language.

    Parameters
    ----------
    texts
        Words of the reader's language.
    name
        Of the sheet.
    table
        Its rows, columns named as in the contracts.
    """
    headings = {column: heading(texts, column) for column in table.columns}
    formats = {headings[column]: form for column, form in _FORMATS.items() if column in headings}
    table = table.assign(
        **{
            column: table[column].map({True: texts("download.yes"), False: texts("download.no")})
            for column in table.columns
            if table[column].dtype == bool
        }
    )
    return Sheet(name, table.rename(columns=headings), formats)


def explained(texts: Texts, columns: Iterable[str], told: Iterable[str]) -> list[Sheet]:
    """Return the sheet that says what a workbook holds and rests on, and the dictionary of its columns.

    Parameters
    ----------
    texts
        Words of the reader's language.
    columns
        Names of the columns that the workbook holds.
    told
        Lines on what it holds and rests on.
    """
    lines = [*told, texts("picture.intro"), texts("download.how_sure"), texts("download.missing")]
    about = pd.DataFrame({texts("download.sheet_about"): lines})
    meaning = pd.DataFrame(
        {
            texts("download.heading"): [heading(texts, column) for column in columns],
            texts("download.column"): list(columns),
            texts("download.meaning"): [_meaning(texts, column) for column in columns],
        }
    )
    return [Sheet(texts("download.sheet_about"), about), Sheet(texts("download.sheet_columns"), meaning)]


def _meaning(texts: Texts, column: str) -> str:
    name = f"column_means.{column}"
    return texts(name) if name in texts else ""


def _contributions(texts: Texts, shown: Picture, rows: pd.DataFrame) -> pd.DataFrame:
    """Return what each indicator brings to the score of each row, the largest first."""
    table = shown.scored.contributions
    table = table[table["unit_id"].isin(rows["unit_id"])]
    names = rows.set_index("unit_id")
    words = {code: reasons.indicator_name(shown, str(code), texts) for code in table["indicator_code"].unique()}
    size = table["contribution_0_10"].abs()
    made = pd.DataFrame(
        {
            "area_name": table["unit_id"].map(names["area_name"]),
            "sector_name": table["unit_id"].map(names["sector_name"]),
            "indicator_name": table["indicator_code"].map(words),
            "contribution_0_10": table["contribution_0_10"].round(1),
            "unit_id": table["unit_id"],
            "indicator_code": table["indicator_code"],
        }
    )
    order = made.assign(size=size).sort_values(["unit_id", "size"], ascending=[True, False]).index
    return made.loc[order].reset_index(drop=True)
