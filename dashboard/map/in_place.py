"""What the map shows in place of the score, whatever the address names: an indicator, or a figure of a workbook.

What imported custom workbooks tell of areas is no indicator, and it counts in no score.
"""

import itertools
from hashlib import sha256
from typing import Final

import numpy as np
import pandas as pd

from dashboard.map import inside
from dashboard.map.inside import VALUE_COLOURS, Inside
from door.store import ScopedStore
from geodata.codes import Status
from risk.scores.outputs import Scored
from words import Texts

_MARK: Final = "own_"
_SHARES: Final = (0.8, 0.6, 0.4, 0.2)  # of the areas that have a figure: fifths, the highest first


def title_of(texts: Texts, store: ScopedStore, scored: Scored, asked: str) -> str:
    """Return what is shown in words; '' for the score itself, which also stands for what is not there.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    asked
        What is shown in place of the score, as in the address.
    """
    return inside.title_of(texts, scored, asked) or _own_title(store, asked)


def layer(texts: Texts, store: ScopedStore, scored: Scored, rows: pd.DataFrame, asked: str) -> Inside | None:
    """Return what is shown of some rows of the scores, in their order; None is the score itself.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    return inside.layer(texts, scored, rows, asked) or _own_layer(texts, store, rows, asked)


def with_figures(store: ScopedStore, scored: Scored, rows: pd.DataFrame, asked: str) -> pd.DataFrame:
    """Return rows of the scores with the figure that is shown behind them, and what it rests on.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    scored
        The scores of a level (`risk.scores.outputs.read_scored`).
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    return _with_own_figures(store, inside.with_figures(scored, rows, asked), asked)


def own_options(texts: Texts, store: ScopedStore, level: str) -> dict[str, str | dict[str, str]]:
    """Return the figures of a level in words, by what stands in the address, under their heading; {} without any.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    """
    found = _figures(store)
    there = found[found["region_code"].str.startswith(_code_of(level))]
    named = {key: str(rows["title"].iloc[0]) for key, rows in there.groupby("key", sort=False)}
    return {texts("context.title"): named} if named else {}


def _own_title(store: ScopedStore, asked: str) -> str:
    """Return what is asked for in words; '' where it is no figure of a workbook, or is not there."""
    found = _asked(store, asked)
    return "" if found is None else str(found["title"].iloc[0])


def _own_layer(texts: Texts, store: ScopedStore, rows: pd.DataFrame, asked: str) -> Inside | None:
    """Return a figure of some rows of the scores, in their order; None where it is no figure of a workbook.

    Its steps are fifths of the areas that have one, for nobody stated between which bounds it lies.

    Parameters
    ----------
    texts, store
        Words of the reader's language and the tables as the viewer may see them.
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    found = _asked(store, asked)
    if found is None or rows.empty:
        return None
    level = str(rows["area_code"].iloc[0])[:2]
    of_level = found[found["region_code"].str.startswith(level)].set_index("region_code")
    here = of_level.reindex(rows["area_code"])
    edges = _edges(of_level["value"].dropna())
    values = here["value"].to_numpy(float)
    steps = tuple(None if np.isnan(value) else sum(value < edge for edge in edges) for value in values)
    missing = [_why(texts, reason) for reason in here["missing_reason"].fillna("")]
    told = [_number(texts, value) if value == value else why for value, why in zip(values, missing, strict=True)]  # noqa: PLR0124 - NaN
    counts = here["status"].fillna(Status.MISSING.value).value_counts()
    notes = (
        texts("context.how"),
        texts("context.fifths"),
        texts("inside.status", statuses=", ".join(f"{texts(f'status.{one}')} {n}" for one, n in counts.items())),
        texts("inside.source", sources=", ".join(sorted(set(found["source"])))),
    )
    words = _words(texts, edges)
    return Inside(str(found["title"].iloc[0]), VALUE_COLOURS[: len(words)], words, steps, tuple(told), notes)


def _with_own_figures(store: ScopedStore, rows: pd.DataFrame, asked: str) -> pd.DataFrame:
    """Return rows of the scores with a figure of a workbook behind them; as they are where it is none.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    rows
        Rows of the scores (contract ``Scores``).
    asked
        What is shown in place of the score, as in the address.
    """
    found = _asked(store, asked)
    if found is None:
        return rows
    here = found.set_index("region_code").reindex(rows["area_code"])
    return rows.assign(
        indicator_code=str(found["title"].iloc[0]),
        raw_value=here["value"].to_numpy(),
        missing_reason=here["missing_reason"].to_numpy(),
        indicator_status=here["status"].fillna(Status.MISSING.value).to_numpy(),
        indicator_source=here["source"].to_numpy(),
    )


def _code_of(level: str) -> str:
    return "VR" if level == "vr" else "GM"


def _figures(store: ScopedStore) -> pd.DataFrame:
    """Return what the viewer may see of the workbooks, with the key and the title of each figure."""
    found = store.table("context") if store.may("context") else pd.DataFrame()
    if found.empty:
        return pd.DataFrame({"region_code": [], "key": [], "title": []}, dtype="str")
    parts = ["measure", "source", "year"]
    different = found[parts].drop_duplicates()
    many = different["measure"].duplicated(keep=False)
    keys, titles = {}, {}
    for (measure, source, year), is_doubled in zip(different.itertuples(index=False, name=None), many, strict=True):
        keys[measure, source, year] = _MARK + sha256(f"{measure}\n{source}\n{year}".encode()).hexdigest()[:12]
        titles[measure, source, year] = f"{measure} ({source}, {year})" if is_doubled else f"{measure} ({year})"
    named = list(found[parts].itertuples(index=False, name=None))
    return found.assign(key=[keys[one] for one in named], title=[titles[one] for one in named])


def _asked(store: ScopedStore, asked: str) -> pd.DataFrame | None:
    """Return the rows of the figure that is asked for; None where it is no figure of a workbook, or is not there."""
    if not asked.startswith(_MARK):
        return None
    found = _figures(store)
    found = found[found["key"] == asked]
    return None if found.empty else found


def _edges(values: pd.Series) -> tuple[float, ...]:
    """Return what parts the fifths, the highest first; equal ones once, so that every step has areas.

    Examples
    --------
    >>> _edges(pd.Series(range(1, 11))), _edges(pd.Series([3.0, 3.0]))
    ((8.2, 6.4, 4.6, 2.8), ())
    """
    if values.empty:
        return ()
    found = sorted({float(round(edge, 9)) for edge in values.quantile(_SHARES)}, reverse=True)
    return tuple(edge for edge in found if edge > values.min())


def _words(texts: Texts, edges: tuple[float, ...]) -> tuple[str, ...]:
    told = [_number(texts, edge) for edge in edges]
    if not told:
        return (texts("context.one_step"),)
    between = [texts("inside.between", low=low, high=high) for high, low in itertools.pairwise(told)]
    return (texts("inside.from", n=told[0]), *between, texts("inside.below", n=told[-1]))


def _number(texts: Texts, value: float) -> str:
    size = abs(value)
    return texts.number(value, 0 if float(value).is_integer() or size >= 100 else 1 if size >= 10 else 2)


def _why(texts: Texts, reason: str) -> str:
    return texts(f"missing_means.{reason}") if f"missing_means.{reason}" in texts else texts("context.none")
