"""A refresh: fetch every source apart from the others, check what came, and switch once."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import pandas as pd

from geodata import settings
from geodata.areas import mergers
from geodata.errors import RisicobeeldError, SnapshotError, SourceError
from geodata.refresh import believable as comparison
from geodata.refresh import build as refresh
from geodata.refresh import health
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from geodata.sources.connector import Connector, Delivery, Frames
from geodata.sources.http import Progress
from geodata.sources.registry import CONNECTORS, chosen


@dataclass(frozen=True)
class Outcome:
    """How the refresh of one source ended.

    Attributes
    ----------
    state
        ``new``, ``unchanged`` (what was fetched is what we have) or ``failed``.
    message
        The sentence of the error, '' without one.
    notes
        What a person should know of a delivery that was taken.
    """

    source_id: str
    state: str
    rows_n: int = 0
    message: str = ""
    notes: tuple[str, ...] = ()


def refresh_sources(
    names: Sequence[str],
    accepted: Sequence[str] = (),
    progress_of: Callable[[str], Progress] = lambda _name: lambda _done, _total: None,
) -> list[Outcome]:
    """Fetch sources, rebuild the tables from all that is good, and switch to them in one step.

    A source that fails changes nothing: its previous delivery stays in use, and `geodata.refresh.health` remembers why.

    Parameters
    ----------
    names
        The sources; none for all but the bulk ones.
    accepted
        Sources whose delivery is taken although it differs much from the previous one.
    progress_of
        Gives for each source what to call as the work goes on.

    Raises
    ------
    SnapshotError
        Another refresh or import is running.
    UnknownCodeError
        A name is no source that can be fetched.
    """
    wanted = chosen([*names])
    chosen([*accepted])
    with snapshot.lock():
        snapshot.sweep()
        areas = mergers.known_areas()
        found: dict[str, tuple[RawSnapshot, Frames]] = {}
        outcomes = []
        for name in wanted:
            outcome, delivered = _refresh_one(name, areas, progress_of(name), is_accepted=name in accepted)
            outcomes.append(outcome)
            if delivered:
                found[name] = delivered
        if found:
            outcomes = _switch(found, outcomes)
        for outcome in outcomes:
            health.note(outcome.source_id, outcome.message)
    return outcomes


def _switch(found: dict[str, tuple[RawSnapshot, Frames]], outcomes: list[Outcome]) -> list[Outcome]:
    """Rebuild on the new deliveries; one that does not fit with the rest is taken back, and the rest is used."""
    failed: dict[str, str] = {}
    while found:
        try:
            refresh.rebuild(prepared={raw.path: frames for raw, frames in found.values()})
            break
        except SnapshotError:
            raise
        except RisicobeeldError as error:
            # the sentence names the source where it can; else the newest delivery is the suspect
            name = next((name for name in found if name in str(error)), [*found][-1])
            failed[name] = str(error)
            deliveries.discard_raw(found.pop(name)[0])
    return [
        Outcome(outcome.source_id, "failed", 0, failed[outcome.source_id]) if outcome.source_id in failed else outcome
        for outcome in outcomes
    ]


def _refresh_one(
    name: str, areas: Mapping[str, pd.DataFrame], progress: Progress, *, is_accepted: bool
) -> tuple[Outcome, tuple[RawSnapshot, Frames] | None]:
    """Fetch, read, check and store one source."""
    settings.data_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=settings.data_dir()) as scratch:
        try:
            return _fetch_and_store(name, CONNECTORS[name], Path(scratch), areas, progress, is_accepted=is_accepted)
        except RisicobeeldError as error:
            return Outcome(name, "failed", 0, str(error)), None
        except Exception as error:  # noqa: BLE001 - one source's surprise must not take the others down
            message = (
                f"Source {name}: its answer could not be understood ({type(error).__name__}: {error}); compare it with"
                " docs/sources.md."
            )
            return Outcome(name, "failed", 0, message), None


def _fetch_and_store(
    name: str,
    connector: Connector,
    scratch: Path,
    areas: Mapping[str, pd.DataFrame],
    progress: Progress,
    *,
    is_accepted: bool,
) -> tuple[Outcome, tuple[RawSnapshot, Frames] | None]:
    delivery = connector.fetch(scratch, progress)
    source = catalogue.source(name)
    record = SourceRecord(
        name, delivery.source_date, delivery.rows_n, delivery.address, source.licence, _digest(delivery)
    )
    notes = (*delivery.notes, delivery.stopped) if delivery.stopped else delivery.notes
    previous = deliveries.latest_raw_of(name)
    if previous and previous.record.sha256 == record.sha256 and previous.parameters == delivery.parameters:
        return Outcome(name, "unchanged", delivery.rows_n, notes=notes), None
    if delivery.stopped and not is_accepted:
        raise SourceError(delivery.stopped)
    trial = RawSnapshot(scratch, record, dict(delivery.parameters), dict.fromkeys(delivery.files, ""))
    frames = connector.read(trial, areas)
    refresh.check_frames(frames)
    if all(frame.empty for frame in frames.values()):
        raise SourceError(f"Source {name}: the delivery holds no row that can be used; refresh again later.")
    if previous and not is_accepted:
        comparison.refuse_unlikely(name, connector.read(previous, areas), frames, source.max_change_pct)
    raw = deliveries.write_raw(record, delivery.files, delivery.parameters)
    return Outcome(name, "new", delivery.rows_n, notes=notes), (raw, frames)


def _digest(delivery: Delivery) -> str:
    digest = sha256()
    for file_name in sorted(delivery.files):
        digest.update(file_name.encode())
        with delivery.files[file_name].open("rb") as handle:
            digest.update(file_digest(handle, "sha256").digest())
    return digest.hexdigest()
