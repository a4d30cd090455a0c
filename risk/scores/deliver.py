"""Scores as a table that leaves the product: named areas, words for classes, places, and what each row rests on."""

from typing import Final

import geopandas as gpd
import pandas as pd

from door import export
from door.store import ScopedStore
from geodata import codes
from geodata.errors import UnknownCodeError
from risk.index import classify
from risk.index.declaration import Text
from risk.index.model import load_model

ALL_SECTORS = "all"
OF_A_SECTOR = ("score_0_10", "risk_class", "class_name", "is_flagged", "rank", "rank_p05", "rank_p95", "ranked_as")
_WHOLE: Final = ("risk_class", "rank", "k_n")
_EXAMPLE = Text("voorbeeld: ", "example: ")


def score_table(
    store: ScopedStore,
    scores: pd.DataFrame,
    level: str,
    sector: str = "",
    *,
    lang: str = "nl",
    with_places: bool = False,
) -> pd.DataFrame:
    """Return the scores of a level with names, class words and `door.export.STAMP`, highest first.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    scores, level
        By contract ``Scores``, of one level, as the viewer may see them.
    sector
        One of the twelve, ``all`` for one row per unit and sector, or '' for all sectors together. Sites have
        one row each: a sector chooses among them.
    lang
        Language of the class words and the banner: ``nl`` or ``en``.
    with_places
        Give each row its area or point (EPSG:28992), for a map format. An area then stands there once, with a
        column per sector (`wide_by_sector`).

    Raises
    ------
    UnknownCodeError
        There is no such sector.
    """
    if sector not in ("", ALL_SECTORS, *codes.SECTORS):
        names = ", ".join(codes.SECTORS)
        raise UnknownCodeError(f"Sector {sector!r} does not exist; choose all, or one of {names}.")
    is_site = level == "site"
    table = scores
    if sector in codes.SECTORS or (sector == "" and not is_site):
        table = table[table["sector_code"] == sector]
    lacks = classify.lacks_of(scores)
    named = table.assign(
        area_name=_names(store, table, level),
        class_name=[_class_word(value, store, lang, lacks) for value in table["risk_class"]],
    )
    licence = export.PLACES_LICENCE if with_places and not is_site else export.FIGURES_LICENCE
    named = export.stamped(named, store, lang=lang, licence=licence)
    if is_site:
        named = export.with_own_sources(named, store, named["unit_id"], lang)
    named = named.sort_values(["score_0_10", "unit_id"], ascending=[False, True], ignore_index=True)
    if not with_places:
        return named
    placed: pd.DataFrame
    if not is_site:
        placed = export.with_places(wide_by_sector(named), "area_code", store)
        return placed
    sites = store.table("sites").set_index("site_id")
    geometry = sites["geometry"].reindex(named["unit_id"]).to_numpy()
    placed = gpd.GeoDataFrame(named, geometry=gpd.GeoSeries(geometry, index=named.index, crs=codes.CRS_RD))
    return placed


def as_supported(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of `score_table` for a machine: scores in hundredths, classes and places as whole numbers.

    An interval is tenths wide; the hundredth keeps the order. Just under a cut a score is rounded down, so that it
    never stands in another class than its own.

    Examples
    --------
    >>> as_supported(pd.DataFrame({"score_0_10": [5.996, 5.994, 6.0], "risk_class": [3.0, 3.0, float("nan")]}))
       score_0_10  risk_class
    0        5.99           3
    1        5.99           3
    2        6.00        <NA>
    """
    made = table.copy()
    cuts = load_model().scale.classes
    for column in made.columns:
        if _is_of(column, "score_0_10") or _is_of(column, "reference_0_10"):
            made[column] = classify.told(made[column], cuts, decimals=2)
        elif _is_of(column, "completeness_pct"):
            made[column] = made[column].astype(float).round(1)
        elif any(_is_of(column, name) for name in _WHOLE):
            made[column] = made[column].astype("Int64")
    return made


def _is_of(column: str, name: str) -> bool:
    """Tell whether a column holds this figure: of all sectors together, or of one (`wide_by_sector`)."""
    return column == name or column.startswith(f"{name}_")


def wide_by_sector(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row per area: all sectors together in the columns as they are, each sector in columns of its own.

    Its columns are those of `OF_A_SECTOR` with the sector's code behind them, such as ``score_0_10_cleaning``. A
    table of one sector, or of all together, comes back as it is.
    """
    if table["area_code"].is_unique:
        return table
    together = table[table["sector_code"] == ""].set_index("area_code", drop=False)
    parts = [together]
    for sector in codes.SECTORS:
        rows = table[table["sector_code"] == sector].set_index("area_code")
        if len(rows):
            parts.append(rows[list(OF_A_SECTOR)].add_suffix(f"_{sector}"))
    return pd.concat(parts, axis=1).reset_index(drop=True)


def _names(store: ScopedStore, table: pd.DataFrame, level: str) -> pd.Series:
    if level == "site":
        names = store.table("sites").set_index("site_id")["name"]
        return pd.Series(table["unit_id"].map(names).fillna(""))
    source, column = {"vr": ("veiligheidsregios", "vr"), "gemeente": ("gemeenten", "gemeente")}[level]
    names = store.table(source).set_index(f"{column}_code")[f"{column}_name"]
    return pd.Series(table["area_code"].map(names).fillna(""))


def _class_word(risk_class: float, store: ScopedStore, lang: str, lacks: tuple[str, ...]) -> str:
    if pd.isna(risk_class):
        return classify.class_name(risk_class, lang)
    mark = _EXAMPLE[lang] if store.is_demonstration else ""
    return mark + classify.class_words(classify.class_name(risk_class, lang), lacks, lang)
