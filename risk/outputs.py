"""Scores on disk: computed once for the whole country per version of model and data, then only read.

Computed inside one region a score would mean something else in each, so the batch always sees the nation;
who looks then gets their part through the door.
"""

from dataclasses import dataclass

import pandas as pd

from geodata import access, snapshot
from geodata.access import ScopedStore, Viewer
from risk import pipeline
from risk.declaration import Model

_BATCH = Viewer("lotc")
_TABLES = ("gemeenten", "veiligheidsregios", "exposure", "sites", "activations", "incidence")


@dataclass(frozen=True)
class Scored:
    """What one viewer may see of the scores of a level.

    Attributes
    ----------
    scores, contributions, indicators
        By their contracts.
    left_out
        Indicator -> why it is left out for every unit alike.
    status_n
        How many figures behind the national scores are official, estimate, assumption or fictional.
    """

    level: str
    model: Model
    scores: pd.DataFrame
    contributions: pd.DataFrame
    indicators: pd.DataFrame
    left_out: dict[str, str]
    peildatum: pd.Timestamp
    status_n: dict[str, int]


def read_scored(store: ScopedStore, level: str, model: Model) -> Scored:
    """Return the scores of a level as the viewer may see them; compute them first when they are not there.

    Raises
    ------
    AccessDeniedError
        The viewer may not open this level.
    InputError
        The level does not exist, or no table holds a date.
    """
    ensure(store.data_version, level, model)
    facts = store.facts(level, model.version)
    return Scored(
        level,
        model,
        *(store.out(name, level, model.version) for name in ("scores", "contributions", "indicators")),
        left_out=facts["left_out"],
        peildatum=pd.Timestamp(facts["peildatum"]),
        status_n=facts["status_n"],
    )


def ensure(data_version: str, level: str, model: Model) -> None:
    """Compute and store the scores of a level unless they are there."""
    folder = snapshot.out_dir(model.version, data_version) / level
    if folder.exists():
        return
    batch = access.open_store(_BATCH, data_version)
    tables = {name: batch.table(name) for name in _TABLES}
    outcome = pipeline.score(tables, level, model, data_version=data_version)
    indicators = outcome.indicators
    counted = indicators.loc[indicators["status"] != "missing", "status"].value_counts()
    snapshot.write_out(
        folder,
        {"scores": outcome.scores, "contributions": outcome.contributions, "indicators": indicators},
        {
            "left_out": dict(outcome.left_out),
            "peildatum": outcome.peildatum.date().isoformat(),
            "status_n": {str(status): int(count) for status, count in counted.items()},
        },
    )
