"""Scores on disk: computed once for the whole country per version of model and data, then only read.

Computed inside one region a score would mean something else in each, so the batch always sees the nation;
who looks then gets their part through the door.
"""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from door import readiness
from door import store as access
from door.readiness import Ranking
from door.store import ScopedStore
from geodata import codes, contracts, site_kinds, weeks
from geodata.batch import LOCAL, Pool
from geodata.errors import InputError, ModelError, SnapshotError, UnlikePicturesError
from geodata.snapshots import computed
from geodata.tables import coverage
from geodata.weeks import Tables, last_day, weeks_of
from risk import index
from risk.index import pipeline
from risk.index.declaration import Model
from risk.index.indicators import CORE_TABLES
from risk.index.model import MODEL_FILE, for_disease, load_model, parse_model
from risk.insight import changes, method
from risk.insight import ranking_metrics as metrics
from risk.scores import site_tables, telling_apart

_ENOUGH_FOR_QUANTILES = 10


@dataclass(frozen=True)
class Spread:
    """How the scores of a sector lie over the country, without saying whose they are.

    Attributes
    ----------
    scored_n
        Units with a place in the ranking.
    class_n
        Units in each class, the lowest class first.
    quantiles
        Scores below which 10, 25, 50, 75 and 90 % of the units lie; empty with fewer than 10 units, whose own
        scores they would give away.
    """

    scored_n: int
    class_n: tuple[int, ...]
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Trial:
    """The ranking under other weights compared with the official one.

    Attributes
    ----------
    ranks
        unit_id, area_code, sector_code, score_0_10, rank, score_0_10_what_if, rank_what_if.
    agreement
        Kendall's tau between the two national rankings: 1 the same order, 0 none in common.
    k_n, stays_n
        Size of the top, and how many of it stay in it.
    """

    ranks: pd.DataFrame
    agreement: float
    k_n: int
    stays_n: int


@dataclass(frozen=True)
class Scored:
    """What one viewer may see of the scores of a level.

    Attributes
    ----------
    scores, contributions, indicators
        By their contracts.
    left_out
        Indicator -> why it is left out for every unit alike.
    not_together
        Sectors that do not count in all sectors together.
    status_share
        How much of what sets the national scores apart is official, estimate, assumption or fictional, 0-1.
    apart
        Sector ('' = all together) -> how well its areas can be told apart; empty for sites.
    spread
        Sector ('' = all together) -> how its scores lie over the country.
    weeks
        Earlier weeks whose picture can be had (`geodata.weeks.weeks_of`), the oldest first.
    week
        The week at whose end this picture stood; '' is the peildatum.
    refused
        Comparison (``changes``, ``causes``) -> name of the sentence that says why it is not made.
    """

    level: str
    model: Model
    scores: pd.DataFrame
    contributions: pd.DataFrame
    indicators: pd.DataFrame
    left_out: dict[str, str]
    not_together: tuple[str, ...]
    peildatum: pd.Timestamp
    status_share: dict[str, float]
    spread: dict[str, Spread]
    weeks: tuple[str, ...] = ()
    week: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    apart: dict[str, telling_apart.Ranking] = field(default_factory=dict)


def read_scored(store: ScopedStore, level: str, model: Model, week: str = "") -> Scored:
    """Return the scores of a level as the viewer may see them; compute them first when they are not there.

    With a week: the picture as it stood at the end of it, with the intervals of that moment.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    model
        The index as declared.
    week
        Such as ``2020-W22``; '' is the peildatum.

    Raises
    ------
    AccessDeniedError
        The viewer may not open this level.
    InputError
        The level or the week does not exist, or no table holds a date.
    """
    ensure(store.data_version, level, model, week)
    facts = store.facts(level, model.version, week)
    scores, contributions, indicators = (
        store.out(name, level, model.version, week) for name in ("scores", "contributions", "indicators")
    )
    return Scored(
        level,
        model,
        scores,
        contributions,
        indicators,
        left_out=facts["left_out"],
        not_together=tuple(facts["not_together"]),
        peildatum=pd.Timestamp(facts["peildatum"]),
        status_share=facts["status_share"],
        spread={
            sector: Spread(one["scored_n"], tuple(one["class_n"]), tuple(one["quantiles"]))
            for sector, one in facts["spread"].items()
        },
        weeks=tuple(facts["weeks"]),
        week=week,
        refused=facts["refused"],
        apart={sector: telling_apart.Ranking(**one) for sector, one in facts["apart"].items()},
    )


@cache
def method_sha256() -> str:
    """Return the digest of all that a score follows from but the data: with another, the stored scores are stale.

    That is the room of the index, its declaration, the codes and weeks of the domain, and the versions of the
    libraries that compute. A report, a page or a command changes no score and is not in it.
    """
    return digest_of(
        *sorted(Path(index.__file__).parent.rglob("*.py")),
        MODEL_FILE,
        Path(codes.__file__),
        Path(site_kinds.__file__),
        Path(weeks.__file__),
        Path(telling_apart.__file__),
        Path(telling_apart.__file__),
        Path(site_tables.__file__),
        Path(site_tables.__file__),
        Path(coverage.__file__),
    )


def digest_of(*files: Path) -> str:
    """Return the digest of some code with the versions of the libraries that compute."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    for library in (np, scipy, pd):
        digest.update(f"{library.__name__} {library.__version__};".encode())
    return digest.hexdigest()


def is_ready(data_version: str, level: str, model: Model, week: str = "") -> bool:
    """Tell whether the scores of a level are stored, computed by this code from this model, data and signals.

    Parameters
    ----------
    data_version
        Of the snapshot.
    level
        ``vr``, ``gemeente`` or ``site``.
    model
        The index as declared.
    week
        Such as ``2020-W22``; '' is the peildatum.
    """
    return _is_fresh(computed.out_level(model.version, data_version, level, week), level)


def ensure(data_version: str, level: str, model: Model, week: str = "", pool: Pool = LOCAL) -> None:
    """Compute and store the scores of a level, unless this code already did so from this model and data.

    Parameters
    ----------
    pool
        Who computes.

    Raises
    ------
    InputError
        The level or the week does not exist, or no table holds a date.
    NotReadyError
        Nothing may be ranked yet; the sentence names the next step.
    """
    folder = computed.out_level(model.version, data_version, level, week)
    if _is_fresh(folder, level):
        return
    what = Ranking.SITES if level == "site" else Ranking.AREAS
    readiness.of_version(data_version, model.disease).require(what)
    with computed.one_at_a_time(folder):
        if not is_ready(data_version, level, model, week):
            _compute(folder, data_version, level, model, week, pool)


def _tables(batch: ScopedStore) -> dict[str, pd.DataFrame]:
    """Return the tables that scores are made from.

    Signals carry no status of their own, so training entries cannot be told from real ones: they count only
    with invented figures.
    """
    tables = {name: batch.table(name) for name in CORE_TABLES}
    return tables | ({"signals": batch.table("signals")} if batch.is_demonstration else {})


def newest_signal(level: str) -> int:
    """Return the number of the newest signal where signals count in the scores: with another, these are stale."""
    return access.newest_event("signals") if level == "site" else 0


def _is_fresh(folder: Path, level: str) -> bool:
    facts = computed.made_by(folder, method_sha256=method_sha256())
    if facts is None:
        return False
    has_signals = facts.get("newest_signal") is not None  # with real figures they do not count
    return not has_signals or bool(facts["newest_signal"] == newest_signal(level))


@lru_cache(maxsize=2)
def _areas(data_version: str, pool: Pool) -> dict[str, pipeline.Outcome]:
    """Compute what sites take from their areas once per version of the data: a new signal changes none of it.

    They take what was measured there, never a rank: nothing is rebuilt.
    """
    tables = _tables(access.open_batch(data_version))
    return {area: pipeline.score(tables, area, load_model(), rebuilds=0, pool=pool) for area in pipeline.AREA_LEVELS}


def _compute(folder: Path, data_version: str, level: str, model: Model, week: str, pool: Pool) -> None:
    batch = access.open_batch(data_version)
    signal = newest_signal(level) if batch.is_demonstration else None  # read first: what comes now makes it stale
    tables = _tables(batch)
    earlier = weeks_of(tables, model.disease)
    if week and week not in earlier:
        raise InputError(f"There is no picture of week {week}; choose one of {earlier[:1]} to {earlier[-1:]}.")
    at = last_day(week) if week else None
    areas = _areas(data_version, pool) if level == "site" and not week and model == load_model() else None
    outcome = pipeline.score(tables, level, model, data_version=data_version, areas=areas, at=at, pool=pool)
    apart = telling_apart.rankings(outcome, tables["exposure"]) if level in pipeline.AREA_LEVELS else {}
    whole = telling_apart.ties_alike(outcome.scores, model)
    shown = telling_apart.ranked(tables, level, outcome, whole, apart, at=at, pool=pool)
    scores = telling_apart.withheld(shown.scores, shown.apart)
    further, refused = _further_tables(tables, outcome, level, week, pool)
    as_group = scores.loc[scores["ranked_as"] != "", "unit_id"]
    for name in {"changes", "causes"} & set(further):  # what moved a sector alone is not what moved its group
        further[name] = further[name][~further[name]["unit_id"].isin(as_group)].reset_index(drop=True)
    computed.write_out(
        folder,
        {"scores": scores, "contributions": shown.contributions, "indicators": shown.indicators, **further},
        {
            "left_out": dict(outcome.left_out),
            "not_together": list(outcome.not_together),
            "peildatum": outcome.peildatum.date().isoformat(),
            "status_share": telling_apart.status_shares(shown.contributions, shown.indicators),
            "apart": {sector: asdict(one) for sector, one in shown.apart.items()},
            "spread": {str(code): asdict(spread(part)) for code, part in scores.groupby("sector_code")},
            "weeks": list(earlier),
            "refused": refused,
            "data_version": data_version,
            "declaration": MODEL_FILE.read_text("utf-8") if model == load_model() else "",
            "newest_signal": signal,
            "method_sha256": method_sha256(),
        },
    )


def _further_tables(
    tables: Tables, outcome: pipeline.Outcome, level: str, week: str, pool: Pool
) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the tables that are stored with the scores, and why some are empty: pictures that lack different things.

    Those of sites serve the choice of targets, which looks at today alone.
    """
    if level == "site":
        return ({} if week else site_tables.beside_scores(tables, outcome, pool)), {}
    found: dict[str, pd.DataFrame] = {}
    refused: dict[str, str] = {}
    makers: dict[str, Callable[[], pd.DataFrame]] = {"changes": lambda: changes.changes(tables, outcome)}
    if level == "vr":
        makers["causes"] = lambda: _causes(tables, outcome, week)
    for name, make in makers.items():
        try:
            found[name] = make()
        except UnlikePicturesError as error:
            found[name], refused[name] = contracts.empty(name), error.key
    return found, refused


def _causes(tables: Tables, outcome: pipeline.Outcome, week: str) -> pd.DataFrame:
    """Return what data, world and model did to each score since the picture before this one; empty without one."""
    before = None if week else _before(outcome)
    if before is None:
        return contracts.empty("causes")
    found = changes.compare(before, changes.Version(tables, outcome.model), "vr")
    return found[["unit_id", *changes.SUMS]].dropna().reset_index(drop=True)


def _before(outcome: pipeline.Outcome) -> changes.Version | None:
    """Return figures and model of the newest other picture that is kept, invented and real ones apart."""
    now = str(outcome.scores["data_version"].iloc[0])
    is_demonstration = access.open_batch(now).is_demonstration
    for made_on, folder in computed.other_pictures(outcome.model.version, now, "vr"):
        try:
            facts = computed.read_facts(folder)
            batch = access.open_batch(facts["data_version"])
            if batch.is_demonstration == is_demonstration and facts["declaration"]:
                model = parse_model(tomllib.loads(facts["declaration"]))
                return changes.Version(_tables(batch.as_known_on(made_on)), model)
        except (SnapshotError, ModelError, KeyError):
            continue  # a picture of an older product, or of figures that are gone, explains nothing
    return None


def what_if(store: ScopedStore, level: str, sector: str, weights: Mapping[str, float], model: Model) -> Trial:
    """Return what other weights would do to the ranking of a sector; the official version stays as it is.

    Ranks are national; the table holds the units the viewer may see.

    Parameters
    ----------
    weights
        As for `risk.index.pipeline.what_if`.
    model
        The official declaration, for the disease of the picture.

    Raises
    ------
    ModelError
        A weight has an unknown code or is negative.
    """
    ensure(store.data_version, level, model)
    apart = store.facts(level, model.version)["apart"]
    grouped = {code: one["ranked_as"] for code, one in apart.items() if one["ranked_as"]}
    carrier_of = telling_apart.carriers(grouped) if sector in grouped else {}
    sector = carrier_of.get(sector, sector)
    official = _official(store.data_version, level, model.disease, tuple(carrier_of.items()))
    keys, columns = ["unit_id", "area_code", "sector_code"], ["score_0_10", "rank"]
    other = pipeline.what_if(official.prepared, weights).set_index(keys)[columns]
    both = official.scores.set_index(keys)[columns].join(other, suffixes=("", "_what_if")).reset_index()
    both = both[both["sector_code"] == sector].dropna(subset=["rank", "rank_what_if"])
    k = int(official.scores.loc[official.scores["sector_code"] == sector, "k_n"].max())
    stays_n = int(((both["rank"] <= k) & (both["rank_what_if"] <= k)).sum())
    agreement = metrics.kendall(-both["rank"], -both["rank_what_if"])
    seen = store.out("scores", level, official.model.version)["unit_id"]
    return Trial(both[both["unit_id"].isin(seen)].sort_values("rank_what_if", ignore_index=True), agreement, k, stays_n)


def lacks(store: ScopedStore, level: str, model: Model) -> tuple[str, ...]:
    """Return the dimensions and routes that a picture lacks, which it is named after; no score need be there.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    level
        ``vr``, ``gemeente`` or ``site``.
    model
        The index as declared.

    Raises
    ------
    InputError
        The level does not exist, or no table holds a date.
    """
    return _lacks(store.data_version, level, model.disease)


@lru_cache(maxsize=16)
def _lacks(data_version: str, level: str, disease: str) -> tuple[str, ...]:
    return pipeline.lacks(_tables(access.open_batch(data_version)), level, for_disease(load_model(), disease))


def rankings(store: ScopedStore) -> pd.DataFrame:
    """Return the ranking of regions with and without each switch (`method.with_and_without`), as far as seen."""
    ensure(store.data_version, "vr", load_model())
    everything = _rankings(store.data_version)
    seen = store.out("scores", "vr", load_model().version)["area_code"]
    return everything[everything["area_code"].isin(seen)].reset_index(drop=True)


@lru_cache(maxsize=4)
def _official(
    data_version: str, level: str, disease: str, carriers: tuple[tuple[str, str], ...] = ()
) -> pipeline.Outcome:
    """Compute the official scores with all that a trial starts from, once per version of the data.

    With `carriers` (`risk.scores.telling_apart.carriers`) those of the groups of sectors, each under its one sector.
    """
    tables, model = _tables(access.open_batch(data_version)), for_disease(load_model(), disease)
    if carriers:
        tables, model = telling_apart.merged(tables, dict(carriers)), telling_apart.averaged(model, dict(carriers))
    return pipeline.score(tables, level, model, rebuilds=0)


@lru_cache(maxsize=2)
def _rankings(data_version: str) -> pd.DataFrame:
    batch = access.open_batch(data_version)
    return method.with_and_without(_tables(batch), load_model())


def spread(scores: pd.DataFrame) -> Spread:
    """Return how the scores of the units of one ranking lie.

    Examples
    --------
    >>> spread(pd.DataFrame({"score_0_10": [1.0, 5.0, float("nan")], "risk_class": [1.0, 3.0, float("nan")]}))
    Spread(scored_n=2, class_n=(1, 0, 1, 0, 0), quantiles=())
    """
    known = scores["score_0_10"].dropna()
    class_n = tuple(int((scores["risk_class"] == number).sum()) for number in range(1, 6))
    shares = (0.1, 0.25, 0.5, 0.75, 0.9) if len(known) >= _ENOUGH_FOR_QUANTILES else ()
    return Spread(len(known), class_n, tuple(round(float(known.quantile(share)), 1) for share in shares))
