"""How sure the figures behind the scores are: the share that is official, estimated, assumed, invented or missing."""

from typing import Final

import pandas as pd
from markupsafe import Markup

from geodata.codes import Status
from words import Texts

SHOWN: Final = (Status.OFFICIAL, Status.ESTIMATE, Status.ASSUMPTION, Status.FICTIONAL, Status.MISSING)
WEAK: Final = (Status.ASSUMPTION, Status.MISSING)


def shares(by: pd.Series, statuses: pd.Series) -> pd.DataFrame:
    """Return per group the share (0-1) of figures of each status.

    Examples
    --------
    >>> shares(pd.Series(["a", "a"]), pd.Series(["official", "missing"])).loc["a", ["official", "missing"]].tolist()
    [0.5, 0.5]
    """
    counted = pd.crosstab(by.to_numpy(), statuses.to_numpy(), normalize="index")
    return counted.reindex(columns=[status.value for status in SHOWN], fill_value=0.0)


def bar(of_one: pd.Series) -> Markup:
    """Return the shares of one group as a bar (HTML); the figures must stand beside it."""
    parts = Markup().join(
        Markup('<i class="rb-share-{}" style="width:{:.1f}%"></i>').format(status, 100 * of_one[status])
        for status in SHOWN
        if of_one[status]
    )
    return Markup('<span class="rb-shares" aria-hidden="true">{}</span>').format(parts)


def words(texts: Texts, of_one: pd.Series) -> str:
    """Return the shares of one group in words."""
    told = (f"{texts.percent(of_one[status])} {texts(f'status.{status}')}" for status in SHOWN if of_one[status])
    return ", ".join(told)
