"""Scores on disk: computed once for the whole country per version of model and data, then only read.

Computed inside one region a score would mean something else in each, so the batch always sees the nation;
who looks then gets their part through the door.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from geodata import access, snapshot
from geodata.access import ScopedStore
from geodata.errors import SnapshotError
from risk import pipeline, site_tables
from risk.declaration import Model

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


@cache
def method_sha256() -> str:
    """Return the digest of the code that computes scores: other code makes the stored scores stale."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_ready(data_version: str, level: str, model: Model) -> bool:
    """Tell whether the scores of a level are stored, computed by this code from this model and data."""
    return _is_fresh(snapshot.out_dir(model.version, data_version) / level)


def ensure(data_version: str, level: str, model: Model) -> None:
    """Compute and store the scores of a level, unless this code already did so from this model and data."""
    folder = snapshot.out_dir(model.version, data_version) / level
    if _is_fresh(folder):
        return
    with snapshot.one_at_a_time(folder):
        if not _is_fresh(folder):
            _compute(folder, data_version, level, model)


def _is_fresh(folder: Path) -> bool:
    try:
        return bool(snapshot.read_facts(folder).get("method_sha256") == method_sha256())
    except SnapshotError:
        return False


def _compute(folder: Path, data_version: str, level: str, model: Model) -> None:
    batch = access.open_batch(data_version)
    tables = {name: batch.table(name) for name in _TABLES}
    outcome = pipeline.score(tables, level, model, data_version=data_version)
    indicators = outcome.indicators
    counted = indicators.loc[indicators["status"] != "missing", "status"].value_counts()
    beside = site_tables.beside_scores(tables, outcome) if level == "site" else {}
    snapshot.write_out(
        folder,
        {"scores": outcome.scores, "contributions": outcome.contributions, "indicators": indicators, **beside},
        {
            "left_out": dict(outcome.left_out),
            "peildatum": outcome.peildatum.date().isoformat(),
            "status_n": {str(status): int(count) for status, count in counted.items()},
            "method_sha256": method_sha256(),
        },
    )
