"""What a file seems to be, told by its header alone: the rows are judged when it is read as that."""

from pathlib import Path
from typing import Final

import geopandas as gpd

from geodata.errors import InputError
from geodata.intake import columns, establishments, incidence, series, sites, workbooks
from geodata.intake.columns import ColumnMapping
from geodata.intake.files import reader
from geodata.intake.files.table import Knows, Options, Table
from geodata.intake.places import known_places

_POINTS: Final = ({"x", "y"}, {"lon", "lat"}, {"point"})
_PLACES: Final = frozenset({"gemeente", "place", "postcode", "street"})
_OF_A_SITE: Final = frozenset({"name", "kind", "beds", "m2", "key", "street", "postcode"})
_REGISTER: Final = frozenset({"datum inzet", "thema", "themas", "themes", "aanleiding", "trigger"})


def kind_of(path: Path, options: Options | None = None) -> str:
    """Return what a file seems to be: incidence, establishments, sites, workbook, or activations; '' for none.

    Raises
    ------
    InputError
        The file cannot be read at all, whatever it is.
    """
    known: list[Knows] = [
        incidence.knows(),
        columns.knows(sites.FIELDS),
        establishments.knows(),
        lambda header: columns.fold_header(header) if columns.fold_header(header) in _REGISTER else "",
    ]

    def names(header: str) -> str:
        return next((f"{place}{field}" for place, one in enumerate(known) if (field := one(header))), "")

    try:
        table = reader.read(path, path.name, names, options, takes_maps=True)
    except InputError as error:
        # a book of tables per region is read as a whole; of lists, one is meant
        if not _holds_lists(path, error) and workbooks.has_regions(path):
            return "workbook"
        raise
    if isinstance(table.frame, gpd.GeoDataFrame):
        return "sites"
    return _by_header(table) or ("workbook" if workbooks.has_regions(path) else "")


def _holds_lists(path: Path, error: InputError) -> bool:
    """Tell whether a file was refused for sheets of which one is a list that is imported by itself."""
    if error.key != "sheets_several":
        return False
    sheets = reader.parts(path, path.name)
    return any(kind_of(path, sheets.chosen(name)) not in ("", "workbook") for name in sheets.names)


def _by_header(table: Table) -> str:
    if {columns.fold_header(str(name)) for name in table.frame.columns} & _REGISTER:
        return "activations"
    none = ColumnMapping()
    of_cases = series.places_said(table, incidence.FIELDS, none, known_places())
    cases = set(columns.choose(table, incidence.FIELDS, of_cases))
    site = set(columns.choose(table, sites.FIELDS, none))
    has_place = bool(cases & {"gemeente", "region"})
    has_point = any(one <= site for one in _POINTS)
    if has_place and "cases" in cases and not has_point and ("week" in cases or "date" in cases):
        return "incidence"
    if has_place and not has_point and series.has_moments(table):
        return "incidence"
    if (
        cases & {"week", "date"}
        and "cases" not in cases
        and not site & _PLACES
        and series.has_places(table, known_places())
    ):
        return "incidence"
    if establishments.fits(table):
        return "establishments"
    return "sites" if has_point or (site & _PLACES and site & _OF_A_SITE) else ""


def year_said(path: Path, options: Options | None = None) -> int:
    """Return the last year that a file of establishments says its figures are of; 0 where it says none."""
    try:
        return establishments.year_said(reader.read(path, path.name, establishments.knows(), options))
    except InputError:
        return 0
