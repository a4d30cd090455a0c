"""Compare two versions or dates, and divide the change into data, model and world."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from geodata.weeks import Tables, peildatum
from risk.index.classify import refuse_unlike
from risk.index.declaration import Model
from risk.index.pipeline import score


@dataclass(frozen=True)
class Version:
    """The tables as they were known, and the model they were scored with."""

    tables: Tables
    model: Model


SUMS: Final = ("score_before", "data", "world", "model", "score_after")


def compare(before: Version, after: Version, level: str) -> pd.DataFrame:
    """Return the change of every unit's score and where it comes from.

    The steps are taken one after the other, so the three parts add up to the change exactly:

    - *data*: the new tables, but only what had happened by the earlier peildatum (corrections, new deliveries);
    - *world*: what happened since, and the season;
    - *model*: the new declaration.

    Parameters
    ----------
    before, after
        The two versions; the later one may share tables or model with the earlier.
    level
        ``vr``, ``gemeente`` or ``site``.

    Returns
    -------
    DataFrame
        unit_id, score_before, score_after, change, of which data, world and model; NaN where a unit is not
        scored in one of the steps (or is new, or gone).

    Raises
    ------
    UnlikePicturesError
        One of the two pictures lacks a dimension or route that the other has.
    """
    then = peildatum(before.tables, before.model.disease)
    steps = [
        score(before.tables, level, before.model, rebuilds=0),
        score(after.tables, level, before.model, rebuilds=0, at=then),
        score(after.tables, level, before.model, rebuilds=0),
        score(after.tables, level, after.model, rebuilds=0),
    ]
    for one in steps[1:]:
        refuse_unlike(steps[0].lacks, one.lacks)
    table = pd.concat([one.scores.set_index("unit_id")["score_0_10"] for one in steps], axis=1, keys=range(4))
    return pd.DataFrame(
        {
            "score_before": table[0],
            "score_after": table[3],
            "change": table[3] - table[0],
            "data": table[1] - table[0],
            "world": table[2] - table[1],
            "model": table[3] - table[2],
        }
    ).reset_index(names="unit_id")
