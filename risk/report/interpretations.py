"""Interpretations: signed, dated notes of who knows the situation, beside a region, a sector or a sector in a region.

They stand in the register like every entry: corrected by a new version, withdrawn rather than removed, and known as
they were on an earlier day. No figure follows from them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from access.rights import Verb
from access.viewer import may
from door.store import ScopedStore
from geodata import contracts
from geodata.areas.regions import region_names
from register import record as write
from register.events import Receipt
from register.read import ALL, Filters, in_training
from risk.report.files import Block, Grid, Heading, Paragraph
from risk.report.words import read_words
from words import Texts, read_texts

_TABLE: Final = "interpretations"
_KIND: Final = "interpretation"


def valid(store: ScopedStore, filters: Filters = ALL) -> pd.DataFrame:
    """Return the notes that hold, the newest first: invented or real, and once there are real ones only those.

    A viewer who may not read them, or from whom texts are withheld, gets none.
    """
    if not store.may_read_text(_TABLE):
        return contracts.empty(_TABLE)
    rows = store.register(_TABLE, filters)
    rows = rows[rows["state"] == "valid"]
    is_real = ~in_training(rows)
    return (rows[is_real] if is_real.any() else rows).reset_index(drop=True)


def notes_on(store: ScopedStore, vr_code: str, sector_code: str, until: date | None = None) -> pd.DataFrame:
    """Return the notes about a region and a sector, the newest first.

    Parameters
    ----------
    vr_code
        The region; '' for the whole country.
    sector_code
        The sector; '' gives those of the region in every sector.
    until
        Only those of this day or before, for a picture of an earlier week.
    """
    return near(valid(store, Filters(last=until)), vr_code, sector_code)


def near(rows: pd.DataFrame, vr_code: str, sector_code: str) -> pd.DataFrame:
    """Return those of some notes that `notes_on` gives for a region and a sector.

    Parameters
    ----------
    rows
        Notes, as `valid` gives them.
    vr_code
        Such as ``VR06``.
    sector_code
        One of the twelve; '' is all together.
    """
    if not sector_code:
        return rows[rows["vr_code"] == vr_code] if vr_code else rows.iloc[:0]
    regions, sectors = ("", vr_code), ("", sector_code)
    pairs = zip(rows["vr_code"], rows["sector_code"], strict=True)
    is_near = [region in regions and sector in sectors for region, sector in pairs]
    return rows.loc[is_near] if any(is_near) else rows.iloc[:0]


def add(store: ScopedStore, vr_code: str, sector_code: str, text: str, day: date) -> Receipt:
    """Record a note, signed as who the viewer is.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    vr_code
        The region; '' is the whole country.
    sector_code
        The sector; '' is all of them.
    text
        What the note says.
    day
        The day it is signed.

    Raises
    ------
    InputError
        It is about nothing, it is empty, or it holds what looks like personal data.
    AccessDeniedError
        The viewer may not write here.
    """
    fields = {"event_date": day, "vr_code": vr_code, "sector_code": sector_code, "text": text}
    return write.record(store.viewer, _KIND, fields | {"signed_by": _signature(store)})


def change(store: ScopedStore, row: Mapping[str, Any], text: str, day: date) -> Receipt:
    """Record a new version of a note, signed and dated anew; what it said stays in the register.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    row
        The note as it stands in the register.
    text
        What the note says.
    day
        The day it is signed.

    Raises
    ------
    InputError, AccessDeniedError
        As in `add`; or somebody else signed it.
    ConflictError
        Somebody else changed it meanwhile.
    """
    return _correct(store, row, {"text": text, "event_date": day, "signed_by": _signature(store)})


def withdraw(store: ScopedStore, row: Mapping[str, Any], day: date) -> Receipt:
    """Record that a note no longer holds; it is shown nowhere but in the register's history.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    row
        The note as it stands in the register.
    day
        The day it ends.
    """
    return _correct(store, row, {"state": "withdrawn", "event_date": day, "signed_by": _signature(store)})


def _correct(store: ScopedStore, row: Mapping[str, Any], changes: Mapping[str, object]) -> Receipt:
    return write.correct(store.viewer, _KIND, str(row["interpretation_id"]), changes, based_on=int(row["version"]))


def _signature(store: ScopedStore) -> str:
    return "lotc" if may(store.viewer, Verb.RECORD, _TABLE, "") else "region"


def may_change(store: ScopedStore, row: Mapping[str, Any]) -> bool:
    """Tell whether the viewer may change or withdraw a note: the own ones, and LOT-C all."""
    is_own = row["signed_by"] == "region" or _signature(store) == "lotc"
    return is_own and may(store.viewer, Verb.RECORD, _TABLE, str(row["vr_code"]))


def signed(texts: Texts, row: Mapping[str, Any]) -> str:
    """Say who signed a note and when: the organisation, never a person; and that it is a training entry."""
    region = region_names().get(str(row["vr_code"]), "")
    told = texts(f"interpretation.signed_{row['signed_by']}", region=region, day=texts.day(row["event_date"].date()))
    return f"{told} ({texts('interpretation.training')})" if row["status"] == "fictional" else told


def about(texts: Texts, vr_code: str, sector_code: str) -> str:
    """Say what a note is about: a region, a sector, or a sector in a region.

    Parameters
    ----------
    texts
        Words of the reader's language.
    vr_code
        The region; '' is the whole country.
    sector_code
        The sector; '' is all of them.
    """
    region = region_names().get(vr_code, vr_code)
    if not sector_code:
        return texts("interpretation.of_region", region=region)
    name = "of_sector" if vr_code else "of_nation"
    return texts(f"interpretation.{name}", sector=texts(f"sector.{sector_code}"), region=region)


def section(rows: pd.DataFrame, language: str) -> list[Block]:
    """Return notes as a part of a document."""
    words, texts = read_words(language), read_texts(language)
    blocks: list[Block] = [
        Heading(words["interpretations"]),
        Paragraph(words["interpretations_def"], is_small=True),
    ]
    if rows.empty:
        return [*blocks, Paragraph(words["none"])]
    cells = tuple(
        (about(texts, row["vr_code"], row["sector_code"]), row["text"], signed(texts, row))
        for row in rows.to_dict("records")
    )
    heads = (texts("interpretation.about"), words["interpretations"], texts("interpretation.signed"))
    return [*blocks, Grid(heads, cells)]
