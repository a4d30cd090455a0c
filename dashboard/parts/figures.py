"""What the pages read of the scores of areas and sites: loaded once per viewer and version, shared between runs."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any, Final, TypeVar

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.map.assets import Geometry, publish, publish_geometry
from dashboard.map.layers import AreaLayer, Mark, SiteLayer
from dashboard.map.live import SectorFigures, figures_message
from dashboard.map.scale import told_decimals, told_score
from dashboard.shell.session import STATIC_DIR, kept, selection
from dashboard.shell.session import store as open_store
from door import readiness
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.areas import regions
from geodata.batch import Pool
from risk.index import classify
from risk.index.declaration import Model
from risk.index.model import for_disease, load_model
from risk.insight import reasons as explain
from risk.scores import outputs
from risk.scores.outputs import Scored, ensure, is_ready, newest_signal, read_scored
from words import LANGUAGES, Texts

AGENCIES = "temporary_agencies"
_Made = TypeVar("_Made")
_KEPT_N: Final = 200  # some kilobytes each
_LEAST_GAIN: Final = 0.01
Site = Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """The scores of a level with the names of its units, as one viewer may see them.

    The frames are shared between runs of the page: read them, never write in them.

    Attributes
    ----------
    names
        Name of every gemeente and veiligheidsregio, by code.
    vr_of
        The veiligheidsregio of every gemeente.
    moved
        How far the score of every unit moved in four weeks; empty where that cannot be told.
    """

    scored: Scored
    names: Mapping[str, str]
    is_demonstration: bool
    vr_of: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, float] = field(default_factory=dict)

    @property
    def scores(self) -> pd.DataFrame:
        """Return the scores of every unit and sector, indexed by unit_id."""
        return self.scored.scores

    @cached_property
    def by_unit(self) -> pd.DataFrame:
        """Return the scores of every unit and sector, on unit_id."""
        return self.scores.set_index("unit_id", drop=False)

    def unit(self, unit_id: str) -> pd.Series:
        """Return the scores of one unit, which must be among them."""
        return self.by_unit.loc[unit_id]

    def region_of(self, area_code: str, allowed: Sequence[str]) -> str:
        """Return the veiligheidsregio that an area is or lies in; the first allowed one where that is not allowed."""
        asked = self.vr_of.get(area_code, area_code)
        return asked if asked in allowed else allowed[0]

    def gemeenten_of(self, vr_code: str) -> frozenset[str]:
        """Return the gemeenten of a veiligheidsregio."""
        return frozenset(code for code, region in self.vr_of.items() if region == vr_code)

    @cached_property
    def lacks(self) -> tuple[str, ...]:
        """Return the dimensions and routes that the picture lacks, and is named after."""
        return classify.lacks_of(self.scores)

    def kept(self, make: Callable[..., _Made], *asked: Hashable) -> _Made:
        """Return ``make(self, *asked)``, made once for as long as these scores hold, as it follows from them alone."""
        made: _Made = self._made(make, *asked)
        return made

    @cached_property
    def _made(self) -> Callable[..., Any]:
        return lru_cache(maxsize=_KEPT_N)(lambda make, *asked: make(self, *asked))

    @property
    def week(self) -> str:
        """Return the week at whose end this picture stood; '' is the peildatum."""
        return self.scored.week

    def of_sector(self, sector_code: str) -> pd.DataFrame:
        """Return the scores of one sector ('' = all together), highest first, unscored last."""
        found = self._by_sector.get(sector_code)
        return self.none if found is None else found

    @cached_property
    def none(self) -> pd.DataFrame:
        """Return the scores of no unit at all."""
        return self.scores.iloc[:0]

    @cached_property
    def _by_sector(self) -> Mapping[str, pd.DataFrame]:
        rows = self.scores.sort_values(["score_0_10", "unit_id"], ascending=[False, True], na_position="last")
        return {str(sector): found for sector, found in rows.groupby("sector_code")}

    @cached_property
    def layers(self) -> Mapping[str, AreaLayer]:
        """Return the layer of the map of every sector in which an area has a score."""
        return {
            sector: area_layer(self, rows)
            for sector, rows in self._by_sector.items()
            if rows["score_0_10"].notna().any()
        }

    @cached_property
    def highest_pairs(self) -> pd.DataFrame:
        """Return scored pairs of area and sector, the highest first, without sectors that do not count together."""
        pairs = self.each_once[~self.each_once["sector_code"].isin(["", *self.scored.not_together])]
        return pairs.dropna(subset=["score_0_10"]).sort_values("score_0_10", ascending=False, kind="stable")

    @cached_property
    def each_once(self) -> pd.DataFrame:
        """Return the scores without a second sector of a group: sectors that are ranked as one group are one."""
        seen: dict[str, str] = {}
        apart = self.scored.apart
        again = [code for code, one in apart.items() if one.ranked_as and seen.setdefault(one.ranked_as, code) != code]
        return self.scores[~self.scores["sector_code"].isin(again)]

    def sectors_of(self, area_code: str) -> pd.DataFrame:
        """Return the scores of the sectors of an area, the highest first, unscored last; those of a group once."""
        rows = self.each_once
        rows = rows[(rows["area_code"] == area_code) & (rows["sector_code"] != "")]
        return rows.sort_values(["score_0_10", "sector_code"], ascending=[False, True], na_position="last")

    def ranked_n(self, sector_code: str) -> int:
        """Return how many units of the whole country have a place in the ranking of a sector ('' = all together)."""
        return self.scored.spread[sector_code].scored_n

    @cached_property
    def top_reasons(self) -> Mapping[str, Mapping[str, str]]:
        """Return the strongest reason of every scored unit, by language (`risk.insight.reasons.top_reasons`)."""
        return {language: dict(explain.top_reasons(self.scored, language)) for language in LANGUAGES}


_declared = cache(load_model)


def official_model() -> Model:
    """Return the model, for the disease that the address of the page asks for; a server has no such address."""
    return for_disease(_declared(), chosen_disease())


def chosen_disease() -> str:
    """Return the disease that the address asks for, where there are infections with it; '' is the model's own."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    asked = selection().disease if st.query_params.get("disease") else ""
    if not asked:
        return ""
    store, _ = open_store()
    return asked if asked in readiness.diseases(store) else ""


def diseases(texts: Texts, store: ScopedStore) -> Mapping[str, str]:
    """Return the diseases to choose from, '' for the model's own; none where there is no choice."""
    own, found = _declared().disease, readiness.diseases(store)
    others = {name: name for name in found if name != own}
    if not others:
        return {}
    return {"": own if own in found else texts("picture.no_disease", name=own), **others}


@st.cache_resource(max_entries=40, show_spinner=False)
def _load(
    viewer: str, data_version: str, model_version: str, level: str, newest_signal: int, _store: ScopedStore
) -> Picture:
    """Load a picture; the viewer, both versions and the signals are the key, so that nobody gets another's."""
    return read_picture(_store, level, "")


@st.cache_resource(max_entries=8, show_spinner=False)  # few: they are read from disk in an instant
def _load_week(
    viewer: str, data_version: str, model_version: str, level: str, newest_signal: int, week: str, _store: ScopedStore
) -> Picture:
    """Load a picture as it stood at the end of a week."""
    return read_picture(_store, level, week)


def read_picture(store: ScopedStore, level: str, week: str = "") -> Picture:
    """Return the picture of a level, computed first where it is not there; nothing is kept for others.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    gemeenten, regions_ = store.table("gemeenten"), store.table("veiligheidsregios")
    names = dict(zip(gemeenten["gemeente_code"], gemeenten["gemeente_name"], strict=True))
    names |= dict(zip(regions_["vr_code"], regions_["vr_name"], strict=True))
    vr_of = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
    scored = read_scored(store, level, official_model(), week)
    return Picture(scored, names, store.is_demonstration, vr_of, _moved(store, scored))


def _moved(store: ScopedStore, scored: Scored) -> Mapping[str, float]:
    """Return how far the score of every unit of areas moved in four weeks; empty where that cannot be told."""
    if scored.level == "site" or not store.may(f"changes_{scored.level}"):
        return {}
    table = store.out("changes", scored.level, scored.model.version, scored.week)
    return dict(table.groupby("unit_id")["change_0_10"].sum())


def open_picture(store: ScopedStore, level: str, texts: Texts, week: str = "") -> Picture:
    """Return the picture of a level, '' or at the end of a week; the page tells when it has yet to be computed.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    texts
        Words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    model = official_model()
    key = (str(store.viewer), store.data_version, model.version, level, newest_signal(level))
    if is_ready(store.data_version, level, model, week):
        place = f"_picture-{level}{'-then' if week else ''}"  # the picture of now stands beside one of a week
        return kept(place, (*key, week), lambda: _read(key, week, store))
    with st.spinner(texts("picture.first_time", level=texts(f"level.{level}").lower())):
        bar = st.empty()

        def show(done: int, total: int) -> None:
            is_done = done == total  # the next step has yet to tell how far it is
            told = texts("picture.computed" if is_done else "picture.computing", percent=texts.percent(done / total))
            bar.progress(done / total, told)

        pool = Pool(progress_of=lambda _step: show)
        ensure(store.data_version, level, model, week, pool)
        bar.empty()
        return _read(key, week, store)


def _read(key: tuple[str, str, str, str, int], week: str, store: ScopedStore) -> Picture:
    return _load_week(*key, week, store) if week else _load(*key, store)


def title(store: ScopedStore, texts: Texts, words: str, level: str = "vr") -> str:
    """Return the title of a page of a level, named after what its picture lacks, before that has been computed.

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    words
        The heading.
    level
        ``vr``, ``gemeente`` or ``site``.
    """
    model = official_model()
    what = Ranking.SITES if level == "site" else Ranking.AREAS
    if not readiness.of(store, model.disease).may_rank(what):
        return words  # there is no picture to name
    if is_ready(store.data_version, level, model):
        return named(texts, words, open_picture(store, level, texts).lacks)
    return named(texts, words, outputs.lacks(store, level, model))


def named(texts: Texts, words: str, lacks: Sequence[str]) -> str:
    """Return a title with what the picture lacks behind it.

    Parameters
    ----------
    texts
        Words of the reader's language.
    words
        The heading.
    lacks
        Codes of what the picture lacks (`risk.index.classify.lacks_of`).
    """
    without = classify.without(lacks, texts.language)
    return texts("lacks.title", title=words, without=without) if without else words


def map_files(store: ScopedStore) -> tuple[str, Geometry]:
    """Publish what the browser fetches once: the map's files and the boundaries of this version of the data."""
    return kept("_map_files", (store.data_version,), lambda: _map_files(store.data_version, store))


@st.cache_resource(max_entries=4, show_spinner=False)
def _map_files(data_version: str, _store: ScopedStore) -> tuple[str, Geometry]:
    return publish(STATIC_DIR), publish_geometry(regions.encode_topology(_store.table("gemeenten")), STATIC_DIR)


def sector_figures(shown: Picture, sector: str, assets: str, geometry: Geometry) -> SectorFigures:
    """Return what the map needs to change from this sector to another without the server; scoped as the picture is.

    Parameters
    ----------
    shown
        The picture on the page.
    sector
        One of the twelve; '' is all together.
    assets
        Address from `dashboard.map.assets.publish`.
    geometry
        The boundaries that the browser has.
    """
    channel = f"figures-{shown.scored.level}-{shown.week}"
    message = shown.kept(_figures_message, channel, assets, geometry.codes[shown.scored.level])
    return SectorFigures(channel, sector, message)


def _figures_message(shown: Picture, channel: str, assets: str, order: tuple[str, ...]) -> bytes:
    return figures_message(shown.layers, order, assets=assets, channel=channel)


def score_told(texts: Texts, score_0_10: float) -> str:
    """Return a score as it is told in the reader's language, on the side of the cuts that its class is."""
    told = told_score(score_0_10)
    return texts.number(told, told_decimals(told))


def unsure(rows: pd.DataFrame) -> pd.Series:
    """Tell which areas score high while it is not sure that they are among the first: first find out, then go."""
    return (rows["risk_class"].astype(float) >= 4) & ~rows["is_flagged"].astype(bool) & rows["p_top_k"].notna()


def area_layer(shown: Picture, rows: pd.DataFrame) -> AreaLayer:
    """Return some rows of a picture as a layer of the map, with what is flagged and what is high but unsure."""
    marks = [
        Mark.FLAGGED if flag else Mark.UNSURE if doubt else Mark.NONE
        for flag, doubt in zip(rows["is_flagged"], unsure(rows), strict=True)
    ]
    has_interval = rows["rank_p05"].notna().any()
    moved = rows["unit_id"].map(shown.moved)
    return AreaLayer(
        level="gemeente" if shown.scored.level == "gemeente" else "vr",
        codes=tuple(rows["area_code"]),
        scores=tuple(rows["score_0_10"]),
        ranks=tuple(rows["rank"]),
        rank_p05=tuple(rows["rank_p05"]) if has_interval else (),
        rank_p95=tuple(rows["rank_p95"]) if has_interval else (),
        marks=tuple(marks),
        moved=tuple(moved) if moved.notna().any() else (),
    )


def open_sites(store: ScopedStore, texts: Texts, week: str = "") -> pd.DataFrame:
    """Return the sites the viewer may see, with their score where they are ranked, and place in degrees (EPSG:4326).

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    shown = open_picture(store, "site", texts, week)
    return _load_sites(*_sites_key(store, shown), store, shown)


def _sites_key(store: ScopedStore, shown: Picture) -> tuple[str, str, str, str, int]:
    version = shown.scored.model.version  # that of the disease, too
    return str(store.viewer), store.data_version, version, shown.week, newest_signal("site")


@st.cache_resource(max_entries=40, show_spinner=False)
def _load_sites(
    viewer: str,
    data_version: str,
    model_version: str,
    week: str,
    newest_signal: int,
    _store: ScopedStore,
    _scores: Picture,
) -> pd.DataFrame:
    sites = _store.table("sites")
    points = sites.geometry.to_crs(codes.CRS_WGS84)
    placed = pd.DataFrame(sites.drop(columns="geometry")).assign(lon=points.x, lat=points.y)
    found = _scores.scores.set_index("unit_id")
    scores = found["score_0_10"].where(found["rank"].notna())  # an expected score of an unknown size is no class
    return placed.assign(score_0_10=scores.reindex(placed["site_id"]).to_numpy())


def highest_sites(store: ScopedStore, texts: Texts, week: str, within: str, most: int) -> tuple[list[Site], int]:
    """Return the highest sites of a veiligheidsregio, a gemeente or ('') the country, and how many there are.

    Those without a place in the ranking have no score here, and come last.

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    within
        A veiligheidsregio or gemeente; '' is the country.
    most
        How many to return.
    """
    shown = open_picture(store, "site", texts, week)

    def read() -> tuple[list[Site], int]:
        sites = open_sites(store, texts, week)
        if within:
            sites = sites[(sites["gemeente_code"] == within) | (sites["vr_code"] == within)]
        highest = sites.sort_values(["score_0_10", "site_id"], ascending=[False, True]).head(most)
        return [{str(name): value for name, value in one.items()} for one in highest.to_dict("records")], len(sites)

    return kept("_highest_sites", (*_sites_key(store, shown), within, most), read)


def site_layer(store: ScopedStore, texts: Texts, week: str = "") -> SiteLayer:
    """Return the sites of `open_sites` as a layer of the map, made once of thousands.

    Parameters
    ----------
    store, texts
        The tables as the viewer may see them and words of the reader's language.
    week
        Such as ``2020-W22``; '' is the last one.
    """
    shown = open_picture(store, "site", texts, week)
    return _load_site_layer(*_sites_key(store, shown), open_sites(store, texts, week))


@st.cache_resource(max_entries=8, show_spinner=False)
def _load_site_layer(
    viewer: str, data_version: str, model_version: str, week: str, newest_signal: int, _sites: pd.DataFrame
) -> SiteLayer:
    return SiteLayer(
        site_ids=tuple(_sites["site_id"]),
        names=tuple(_sites["name"]),
        kinds=tuple(_sites["kind"]),
        longitudes=tuple(_sites["lon"]),
        latitudes=tuple(_sites["lat"]),
        scores=tuple(_sites["score_0_10"]),
    )


def site_title(store: ScopedStore, site_id: str, texts: Texts) -> str:
    """Return what a site is called: its name, else its kind, and its size.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_id
        Of the list of sites.
    texts
        Words of the reader's language.
    """
    sites = open_sites(store, texts)
    found = sites[sites["site_id"] == site_id]
    if found.empty:
        return ""
    site = found.iloc[0]
    kind = site_kinds.name(site["kind"], texts)
    size = (
        "" if pd.isna(site["size_n"]) else f", {texts.number(site['size_n'], 0)} {texts('unit.' + site['size_unit'])}"
    )
    return f"{site['name'] or kind} ({kind.lower()}{size})"


def gain_words(texts: Texts, gain: float) -> str:
    """Return by how much finding out is expected to lift the first of all sites; a dash where nobody knows."""
    if pd.isna(gain):
        return "–"
    if gain <= 0:
        return texts.number(0, 0)
    return f"< {texts.number(_LEAST_GAIN, 2)}" if gain < _LEAST_GAIN else texts.number(gain, 2)
