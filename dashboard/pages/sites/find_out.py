"""Sites that stand apart: of unknown size or place, by how likely they are to be among the first."""

import pandas as pd
from markupsafe import Markup

from dashboard.parts import figures, links, tables
from dashboard.parts import reasons as why
from dashboard.parts import site as site_page
from dashboard.parts.figures import Picture
from door.store import ScopedStore
from geodata import site_kinds
from risk.scores import site_tables
from risk.scores.site_tables import FIRST_N
from words import Texts

_LISTED_N = 50
_ROUNDED_TO_NIL = 0.005


def apart(shown: Picture, found: pd.DataFrame) -> pd.Series:
    """Tell of each site whether it has no place in the ranking: its size or place is to be found out first."""
    ranks = shown.by_unit["rank"]
    return pd.Series(ranks.reindex(found["site_id"]).isna().to_numpy(), index=found.index)


def by_chance(store: ScopedStore, shown: Picture, found: pd.DataFrame) -> pd.DataFrame:
    """Return the sites that stand apart with ``p_first`` and ``gain``; NaN where these are not known.

    Where finding out brings most stands on top, then the likeliest. An earlier week keeps no chances over all sectors
    together: there that of the own sector stands in, and the gain is not known.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    found
        Sites by their contract, with their score.
    """
    rows = found[apart(shown, found)]
    chance = shown.by_unit["p_top_k"].reindex(rows["site_id"])
    gain = chance * float("nan")
    if not shown.week and store.may("first_site"):
        known = site_tables.among_first(store, shown.scored.model.version).reindex(rows["site_id"])
        chance, gain = (known[name].fillna(0.0).where(chance.notna()) for name in known.columns)
    told = rows.assign(p_first=chance.to_numpy(float), gain=gain.to_numpy(float))
    order = ["gain", "p_first", "site_id"]
    return told.sort_values(order, ascending=[False, False, True], na_position="last")


def section(texts: Texts, shown: Picture, rows: pd.DataFrame) -> Markup:
    """Return the list to find out first (HTML for `links.linked`): no class, for nobody knows how large they are.

    Parameters
    ----------
    rows
        From `by_chance`.
    """
    if rows.empty:
        return Markup()
    cells, listed = [], rows.head(_LISTED_N)
    scores = why.of_units(shown, listed["site_id"])
    for row in listed.to_dict("records"):
        kind, scored = site_kinds.name(row["kind"], texts), scores[row["site_id"]]
        reason = scored["not_ranked_reason"] or "incomplete"
        place = site_page.place_name(texts, shown, row)
        cells.append(
            [
                links.link(site_kinds.title(row, texts, place), unit=row["site_id"]),
                kind,
                place,
                texts(f"sites.unknown_{reason}"),
                figures.gain_words(texts, row["gain"]),
                _chance(texts, row["p_first"]),
                why.place_span({**scored, "rank": scored["rank_p05"] if pd.isna(scored["rank"]) else scored["rank"]}),
                why.top_reason(shown, row["site_id"], texts),
            ]
        )
    heads = [texts(f"sites.{name}") for name in ("site", "kind", "place", "unknown")]
    heads += [texts("sites.gain"), texts("sites.chance", n=FIRST_N), texts("map.interval"), texts("targets.reason")]
    title = texts("sites.find_out_title", n=texts.number(len(rows), 0))
    told = texts("sites.find_out_how", n=FIRST_N)
    if len(rows) > _LISTED_N:
        told += " " + texts("sites.find_out_more", n=_LISTED_N)
    return Markup(
        '<section class="rb-page" id="find-out-first"><h2>{}</h2><p class="rb-muted">{}</p>{}</section>'
    ).format(title, told, tables.table(title, heads, cells, numeric=(4, 5)))


def _chance(texts: Texts, share: float) -> str:
    if pd.isna(share):
        return "–"
    return f"< {texts.percent(0.01)}" if share < _ROUNDED_TO_NIL else texts.percent(share)
