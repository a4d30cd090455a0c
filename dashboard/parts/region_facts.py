"""What page and sheet tell of a region, in plain words and figures: what changed, what was done, how sure it is."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from dashboard.parts import quality
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture, score_told
from dashboard.shell import session
from door.store import ScopedStore, newest_event
from geodata.codes import Status
from geodata.tables.corrections import valid_activations
from risk.insight import changes
from risk.insight import visits as history
from words import Texts

_SHOWN_N = 3
_FELT = 0.05  # a change that one decimal does not show


def unit_id(area_code: str, sector: str) -> str:
    """Return the unit of an area and a sector ('' for all together)."""
    return f"{area_code}:{sector}" if sector else area_code


def change(texts: Texts, store: ScopedStore, shown: Picture, unit: str) -> tuple[str, list[str]]:
    """Return how far a score moved in four weeks, as a sentence, and the largest causes with their share.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    unit
        Of a row of the scores.
    """
    moved = store.out("changes", "vr", shown.scored.model.version, shown.week)
    mine = moved[moved["unit_id"] == unit].set_index("indicator_code")["change_0_10"]
    if mine.empty:
        refused = shown.scored.refused.get("changes")
        return texts(f"problem.{refused}" if refused else "region.change_unknown"), []
    total, now = float(mine.sum()), float(shown.unit(unit)["score_0_10"])
    if abs(total) < _FELT:
        told = texts("region.unchanged", weeks=changes.WEEKS)
    else:
        name = "region.rose" if total > 0 else "region.fell"
        told = texts(name, weeks=changes.WEEKS, then=texts.number(now - total), now=texts.number(now))
    largest = mine[mine.abs() >= _FELT].sort_values(key=abs, ascending=False).head(_SHOWN_N)
    return told, [f"{why.signed(texts, amount)} {_cause(texts, shown, str(code))}" for code, amount in largest.items()]


def since_before(texts: Texts, store: ScopedStore, shown: Picture, unit: str) -> str:
    """Say what data, model and world did to a score since the picture before this one; '' where there is none.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    unit
        Of a row of the scores.
    """
    if refused := shown.scored.refused.get("causes"):
        return texts(f"problem.{refused}")
    table = store.out("causes", "vr", shown.scored.model.version, shown.week).set_index("unit_id")
    if unit not in table.index:
        return ""
    row = table.loc[unit]
    parts = {name: _signed(texts, row[name]) for name in ("data", "model", "world")}
    then, now = (score_told(texts, row[name]) for name in ("score_before", "score_after"))
    return texts("region.since_before", then=then, now=now, **parts)


def _signed(texts: Texts, value: float) -> str:
    return why.signed(texts, value) if abs(value) >= _FELT else texts.number(0)


def _cause(texts: Texts, shown: Picture, code: str) -> str:
    return texts("region.everywhere") if code == changes.REFERENCE else why.indicator_name(shown, code, texts)


def done(store: ScopedStore, shown: Picture, vr_code: str, sector: str) -> pd.DataFrame | None:
    """Return a region's activations by kind (`visits.own_rates`); None for who may not see them.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    sector
        One of the twelve; '' is all together.
    """
    if not store.may("activations"):
        return None
    rows = valid_activations(store.table("activations"))
    rows = rows[(rows["vr_code"] == vr_code) & (rows["event_date"] <= shown.scored.peildatum)]
    if sector:
        rows = rows[rows["sector_code"] == sector]
    workers = store.persons("workers_n").set_index(["vr_code", "sector_code"])["workers_n"]
    return history.own_rates(rows, float(workers.get((vr_code, sector), float("nan"))))


def latest(store: ScopedStore, shown: Picture, area_code: str, sector: str) -> list[dict[Hashable, Any]] | None:
    """Return the activations in an area up to the picture's date, the newest first; None for who may not see them.

    The tab keeps those of the area: another sector asks the register only whether something came in.

    Parameters
    ----------
    store, shown
        The tables as the viewer may see them and the picture on the page.
    area_code
        A veiligheidsregio or gemeente.
    sector
        One of the twelve; '' is all together.
    """
    if not store.may("activations"):
        return None
    until = shown.scored.peildatum

    def read() -> list[dict[Hashable, Any]]:
        rows = valid_activations(store.table("activations"))
        column = "vr_code" if area_code.startswith("VR") else "gemeente_code"
        rows = rows[(rows[column] == area_code) & (rows["event_date"] <= until)]
        columns = ["event_date", "sector_code", "kind", "infections_found"]
        newest: list[dict[Hashable, Any]] = rows.sort_values("event_date", ascending=False)[columns].to_dict("records")
        return newest

    found = session.kept("_latest", (store, newest_event("activations"), until, area_code), read)
    return [one for one in found if sector in ("", one["sector_code"])]


def sureness(texts: Texts, shown: Picture, vr_code: str) -> tuple[pd.Series, str]:
    """Return the shares of the figures by status (`quality.shares`), and which are missing most often ('' if none).

    Parameters
    ----------
    texts, shown
        Words of the reader's language and the picture on the page.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    """
    return shown.kept(_sureness, texts, vr_code)


def _sureness(shown: Picture, texts: Texts, vr_code: str) -> tuple[pd.Series, str]:
    indicators = shown.scored.indicators
    mine = indicators[indicators["unit_id"].str.startswith(vr_code)]
    gone = mine.loc[mine["status"] == Status.MISSING, "indicator_code"].value_counts()
    names = ", ".join(why.indicator_name(shown, str(code), texts).lower() for code in gone.index[:_SHOWN_N])
    shares = quality.shares(mine["unit_id"].str[:4], mine["status"]).loc[vr_code]
    return shares, texts("region.most_missing", names=names) if names else ""


def sentences(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str) -> list[str]:
    """Return all of this for a region and all sectors together, as sentences.

    Parameters
    ----------
    texts, store, shown
        Words of the reader's language, the tables as the viewer may see them and the picture on the page.
    vr_code
        A veiligheidsregio; '' is all that the viewer sees.
    """
    told, causes = change(texts, store, shown, vr_code)
    lines = [" ".join([told, ", ".join(causes)]).strip()]
    rates = done(store, shown, vr_code, "")
    if rates is not None and store.table("activations").empty:
        lines.append(texts("region.done_none"))
    elif rates is not None:
        both = rates.set_index("kind").loc[history.ALL_KINDS]
        lines.append(texts("region.done_in_words", n=int(both["activations_n"]), rate=texts.number(both["per_10k"])))
    shares, missing = sureness(texts, shown, vr_code)
    return [*lines, f"{texts('region.quality')}: {quality.words(texts, shares)}. {missing}"]
