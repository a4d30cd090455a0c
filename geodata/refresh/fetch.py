"""A refresh: fetch every source apart from the others, check that what came is believable, and switch once."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path

import pandas as pd

from geodata import settings
from geodata.areas import mergers
from geodata.errors import RisicobeeldError, SnapshotError, SourceError, UnknownCodeError
from geodata.refresh import build as refresh
from geodata.refresh import health
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue, http, pdok
from geodata.sources.cbs import tables as cbs_tables
from geodata.sources.cbs.odata import missing_columns, stopped_live
from geodata.sources.cbs.question import Wanted
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
        refuse_unlikely(name, connector.read(previous, areas), frames, source.max_change_pct)
    raw = deliveries.write_raw(record, delivery.files, delivery.parameters)
    return Outcome(name, "new", delivery.rows_n, notes=notes), (raw, frames)


def _digest(delivery: Delivery) -> str:
    digest = sha256()
    for file_name in sorted(delivery.files):
        digest.update(file_name.encode())
        with delivery.files[file_name].open("rb") as handle:
            digest.update(file_digest(handle, "sha256").digest())
    return digest.hexdigest()


_CODES = ("gemeente_code", "corop_code", "statcode")
_COUNTS = ("value_n", "population_n", "establishments_n", "glass_m2", "open_m2", "cases_n", "size_n")
_LISTED_N = 5


def refuse_unlikely(
    source_id: str, old: Mapping[str, pd.DataFrame], new: Mapping[str, pd.DataFrame], max_change_pct: float
) -> None:
    """Refuse a delivery that lost regions, or whose rows or totals changed more than the stated share.

    Parameters
    ----------
    old, new
        The frames that the two deliveries were read into.
    max_change_pct
        The share; the catalogue states it per source.

    Raises
    ------
    SourceError
        With what differs, and how to accept it when it is right.

    Examples
    --------
    >>> was = {"land": pd.DataFrame({"gemeente_code": ["GM0001", "GM0002"], "glass_m2": [5.0, 5.0]})}
    >>> now = {"land": pd.DataFrame({"gemeente_code": ["GM0001", "GM0002"], "glass_m2": [50.0, 5.0]})}
    >>> refuse_unlikely("cbs_agriculture", was, now, 25.0)
    Traceback (most recent call last):
    ...
    geodata.errors.SourceError: Source cbs_agriculture: the total of glass_m2 in land went from 10 to 55, more than \
25 %; if that is right, refresh again with --accept cbs_agriculture.
    """
    for name, before in old.items():
        difference = _difference(name, before, new.get(name, before.head(0)), max_change_pct)
        if difference:
            raise SourceError(
                f"Source {source_id}: {difference}; if that is right, refresh again with --accept {source_id}."
            )


def _difference(name: str, before: pd.DataFrame, after: pd.DataFrame, max_change_pct: float) -> str:
    if "site_id" not in before:
        for column in (column for column in _CODES if column in before):
            lost = sorted(set(before[column]) - set(after[column]))
            if lost:
                more = ", ..." if len(lost) > _LISTED_N else ""
                return f"{len(lost)} region(s) are gone from {name}: {', '.join(lost[:_LISTED_N])}{more}"
    totals = {"number of rows": (float(len(before)), float(len(after)))}
    totals |= {
        f"total of {column}": (float(before[column].sum()), float(after[column].sum()))
        for column in _COUNTS
        if column in before and column in after
    }
    for what, (was, now) in totals.items():
        if was and abs(now - was) > was * max_change_pct / 100:
            return f"the {what} in {name} went from {was:,.0f} to {now:,.0f}, more than {max_change_pct:g} %"
    return ""


Question = Callable[[], list[str]]
"""Asks a source; returns one sentence for everything that differs."""


def _cbs(source_id: str, usual: str, wanted: dict[str, Wanted]) -> Question:
    def ask() -> list[str]:
        table_id = http.table(source_id, usual)
        return [*stopped_live(source_id, table_id), *missing_columns(source_id, table_id, wanted)]

    return ask


def _catalogue() -> list[str]:
    tables = cbs_tables.yearly_tables("cbs_catalog")
    return [] if max(tables) >= max(cbs_tables.KNOWN) else ["the newest Gebieden in Nederland is not listed"]


def _has(source_id: str, url: str, wanted: Sequence[str], what: str) -> list[str]:
    answer = http.get_json(source_id, url, {"f": "json"})
    found = {str(row.get("id")) for row in answer.get("collections", [])}
    return [f"{what} {name} is not served by {url}" for name in wanted if name not in found]


def _areas() -> list[str]:
    url = f"{http.base('pdok_api')}{pdok.AREAS_PATH}/collections"
    return _has("pdok_areas", url, [f"{name}_gegeneraliseerd" for name in pdok.COLLECTIONS], "collection")


def _top10nl() -> list[str]:
    url = f"{http.base('pdok_api')}{pdok.TOP10NL_PATHS[0]}/collections"
    return _has("pdok_parks", url, pdok.TOP10NL_COLLECTIONS, "collection")


def _geocoder() -> list[str]:
    url = f"{http.base('locatieserver')}/bzk/locatieserver/search/v3_1/free"
    answer = http.get_json("locatieserver", url, {"q": "Dam 1, Amsterdam", "rows": "1"})
    documents = answer.get("response", {}).get("docs", [])
    if not documents:
        return ["the geocoder does not find Dam 1, Amsterdam"]
    return [f"the geocoder gives no {field}" for field in ("centroide_rd", "gemeentecode") if field not in documents[0]]


QUESTIONS: dict[str, Question] = {
    "cbs_catalog": _catalogue,
    **{name: _cbs(name, table_id, wanted) for name, (table_id, wanted) in cbs_tables.TABLES.items()},
    "pdok_areas": _areas,
    "pdok_top10nl": _top10nl,
    "locatieserver": _geocoder,
    **{name: connector.ask for name, connector in CONNECTORS.items() if connector.ask is not None},
}


def check_live(names: Sequence[str] = ()) -> dict[str, list[str]]:
    """Ask the sources; return per source what differs, nothing where all is as expected.

    Raises
    ------
    UnknownCodeError
        A name is no source that can be asked.
    """
    unknown = [name for name in names if name not in QUESTIONS]
    if unknown:
        raise UnknownCodeError(f"Source {unknown[0]!r} cannot be asked; choose from: {', '.join(QUESTIONS)}.")
    found = {}
    for name in names or QUESTIONS:
        try:
            found[name] = QUESTIONS[name]()
        except RisicobeeldError as error:
            found[name] = [str(error)]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            found[name] = [
                f"Source {name}: its answer has another layout ({error!r}); compare it with docs/sources.md."
            ]
    return found
