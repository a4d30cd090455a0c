"""What the map shows in place of the score, whatever the address names: an indicator, or a figure of a workbook."""

import pandas as pd

from dashboard.map import inside, own_figures
from dashboard.map.inside import Inside
from door.store import ScopedStore
from risk.scores.outputs import Scored
from words import Texts


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
    return inside.title_of(texts, scored, asked) or own_figures.title_of(store, asked)


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
    return inside.layer(texts, scored, rows, asked) or own_figures.layer(texts, store, rows, asked)


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
    return own_figures.with_figures(store, inside.with_figures(scored, rows, asked), asked)
