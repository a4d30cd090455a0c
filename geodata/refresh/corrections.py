"""Places of sites that somebody corrected, taken over into the tables as a delivery of their own."""

import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import geopandas as gpd
import pandas as pd

from geodata.intake.receipt import Receipt
from geodata.refresh.build import trial
from geodata.refresh.imports import Would, keep
from geodata.snapshots import deliveries, snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from geodata.tables import corrections as places

_SOURCE: Final = "place_corrections"


def import_places(corrected: pd.DataFrame, *, is_dry_run: bool = False, would: Would | None = None) -> Receipt:
    """Lay corrected places over those of the lists and rebuild; the whole set takes the place of the one before.

    Parameters
    ----------
    corrected
        site_id, place_wgs84 and corrected_on, as `geodata.tables.corrections` wants them: every correction that
        stands. One that was taken back is no longer among them, and the list's place counts again.
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Returns
    -------
    Receipt
        Which sites moved and how far, and which corrections could not be taken over and why.
    """
    with snapshot.lock():
        current = snapshot.current()
        before = deliveries.latest_raw_of(_SOURCE)
        known = places.read(before.path / places.FILE) if before else pd.DataFrame(columns=list(places.COLUMNS))
        listed = places.as_listed(current.table("sites"), known)
        table = _with_listed(corrected, listed, known)
        receipt = _receipt(places.fates(listed, table, current.table("gemeenten")))
        receipt.is_dry_run = is_dry_run
        content = table.to_csv(index=False).encode()
        source = catalogue.source(_SOURCE)
        record = SourceRecord(
            _SOURCE,
            str(table["corrected_on"].max()) if len(table) else datetime.now(UTC).date().isoformat(),
            len(table),
            source.address,
            source.licence,
            sha256(content).hexdigest(),
        )
        if is_dry_run:
            if would:
                with trial(record, {places.FRAME: table}) as tables:
                    would(tables)
            return receipt
        is_new = before.record.sha256 != record.sha256 if before else len(table) > 0
        if not is_new:
            receipt.is_unchanged = True
            return receipt
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / places.FILE
            path.write_bytes(content)
            keep(record, {places.FILE: path}, {}, {places.FRAME: table})
        return receipt


def _with_listed(corrected: pd.DataFrame, sites: gpd.GeoDataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return corrections with the place that the list gave when they were first taken over."""
    table = corrected.merge(known, on=["site_id", "place_wgs84", "corrected_on"], how="left")
    today = dict(zip(sites["site_id"], places.texts_of(sites.geometry), strict=True))
    table["listed_wgs84"] = table["listed_wgs84"].fillna(table["site_id"].map(today)).fillna("")
    return table[list(places.COLUMNS)].astype("str").sort_values("site_id", ignore_index=True)


def _receipt(found: pd.DataFrame) -> Receipt:
    receipt = Receipt(places.FILE, "places", rows_n=len(found), kept_n=int((found["fate"] == "taken").sum()))
    for row_n, one in enumerate(found.to_dict("records"), 1):
        if one["fate"] != "taken":
            receipt.leave_out(row_n, f"place_{one['fate']}", site=one["site_id"])
        elif pd.isna(one["moved_m"]):
            receipt.change(row_n, "place_added", site=one["site_id"], day=one["corrected_on"])
        else:
            receipt.change(row_n, "place_moved", site=one["site_id"], day=one["corrected_on"], m=round(one["moved_m"]))
    return receipt
