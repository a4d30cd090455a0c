"""What every source has in common: fetch to raw files, read raw files to frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from geodata.snapshots.deliveries import RawSnapshot
from geodata.sources.http import Progress

Frames = dict[str, pd.DataFrame]
"""Named frames that a delivery was read into; `geodata.tables.core.real_tables` knows the names."""


@dataclass(frozen=True)
class Delivery:
    """What a fetch brought.

    Attributes
    ----------
    files
        Name in the snapshot and where the file lies now.
    source_date
        The date that the figures are of (ISO), not the date of fetching.
    parameters
        What the reader needs besides the files: tables, years, questions.
    notes
        What a person should know of it: what could not be found or fetched, each in one sentence.
    stopped
        One sentence where the publisher says that there will be no newer one; '' while it goes on. Such a delivery
        is taken only by who accepts it.
    """

    files: Mapping[str, Path]
    source_date: str
    rows_n: int
    address: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    stopped: str = ""


@dataclass(frozen=True)
class Connector:
    """One source: how its delivery is fetched, and how a stored delivery is read.

    Attributes
    ----------
    fetch
        Writes files into a folder, reports progress, returns what it brought.
    read
        Turns a stored delivery into frames; gets the areas (gemeenten, veiligheidsregios) as they are known.
    is_bulk
        Fetched only when named: a download too large for every refresh.
    ask
        Asks the live source one small question; returns one sentence for all that differs from what the code expects.
        None where `geodata.refresh.fetch` asks.
    """

    fetch: Callable[[Path, Progress], Delivery]
    read: Callable[[RawSnapshot, Mapping[str, pd.DataFrame]], Frames]
    is_bulk: bool = False
    ask: Callable[[], list[str]] | None = None
