"""The contracts of the core tables: places, sites and figures, made of what publishers and offices deliver."""

from typing import Final

import pandas as pd
import pandera.pandas as pa

from geodata import codes, site_kinds
from geodata.contracts.schema import (
    GEMEENTE,
    LABOUR_MARKET,
    NAME,
    OPEN,
    REGION,
    STATUS,
    WEEK,
    WHOLE,
    Persons,
    contract,
    date,
    list_of,
    number,
    text,
)

_COVER = r"^(NL|none|VR(0[1-9]|1\d|2[0-5])(;VR(0[1-9]|1\d|2[0-5]))*)$"
KIND_RULE: Final = "is_kind_of_site"
"""Name of the rule that a value is a kind of site, one that ships or one that was added."""


def _is_kind(values: "pd.Series[str]") -> "pd.Series[bool]":
    """Tell of each value whether it is a kind of site, one that ships or one that was added."""
    return values.isin(site_kinds.codes())


def _with_status(*names: str) -> dict[str, pa.Column]:
    columns: dict[str, pa.Column] = {}
    for name in names:
        columns |= {name: number(), f"{name}_status": STATUS, f"{name}_source": OPEN}
    return columns


CORE: Final = (
    contract(
        "gemeenten",
        Persons.PUBLISHED,
        ("gemeente_code",),
        {
            "gemeente_code": text(GEMEENTE),
            "gemeente_name": OPEN,
            "vr_code": text(REGION),
            "am_code": text(LABOUR_MARKET),
            "provincie_name": OPEN,
            "population_n": WHOLE,
            "land_area_km2": number(missing=False),
        },
        spatial=True,
    ),
    contract(
        "veiligheidsregios",
        Persons.PUBLISHED,
        ("vr_code",),
        {
            "vr_code": text(REGION),
            "vr_name": OPEN,
            "land_border": list_of(("DE", "BE")),
            "population_n": WHOLE,
            "land_area_km2": number(missing=False),
        },
        spatial=True,
    ),
    contract(
        "exposure",
        Persons.UNPUBLISHED,
        ("gemeente_code", "sector_code", "year"),
        {
            "gemeente_code": text(GEMEENTE),
            "sector_code": text(values=(*codes.SECTORS, *(f"SBI:{group}" for group in codes.CBS_GROUPS))),
            "year": WHOLE,
            **_with_status("establishments_n", "workers_n", "migrant_workers_n"),
            # How sure workers_n is: the standard deviation of its logarithm, by the method that made it.
            "workers_n_log_sd": number(),
        },
        person_columns=("workers_n", "migrant_workers_n"),
    ),
    contract(
        "sites",
        Persons.NONE,
        ("site_id",),
        {
            "site_id": OPEN,
            "kind": pa.Column(str, pa.Check(_is_kind, name=KIND_RULE), coerce=True, nullable=False),
            "name": NAME,
            "sector_code": text(values=tuple(codes.SECTORS), empty=True),
            "country": text(values=codes.COUNTRIES),
            "gemeente_code": text(GEMEENTE, empty=True),
            "vr_code": text(REGION, empty=True),
            "size_n": number(),
            "size_unit": text(values=codes.SIZE_UNITS),
            "located": text(values=codes.LOCATED),
            "employer_group": NAME,
            "source": OPEN,
            "source_date": date(),
            "status": STATUS,
            "list_covers": text(_COVER, empty=True),
            "place_corrected_on": text(r"^\d{4}-\d\d-\d\d$", empty=True),
        },
        spatial=True,
    ),
    contract(
        "incidence",
        Persons.UNPUBLISHED,
        ("disease", "gemeente_code", "week"),
        {
            "disease": OPEN,
            "gemeente_code": text(GEMEENTE),
            "week": text(WEEK),
            "cases_n": number(),
            "status": STATUS,
            "source": OPEN,
        },
        person_columns=("cases_n",),
    ),
    contract(
        "regional_incidence",
        Persons.UNPUBLISHED,
        ("disease", "vr_code", "week"),
        {
            "disease": OPEN,
            "vr_code": text(REGION),
            "week": text(WEEK),
            "cases_n": number(),
            "status": STATUS,
            "source": OPEN,
        },
        person_columns=("cases_n",),
    ),
    contract(
        "context",
        Persons.UNPUBLISHED,
        ("region_code", "measure", "source", "year"),
        {
            "region_code": text(rf"{GEMEENTE}|{REGION}"),
            "vr_code": text(REGION),
            "year": WHOLE,
            "measure": OPEN,
            "value": number(None),
            "missing_reason": text(values=tuple(codes.MissingReason)),
            "status": STATUS,
            "source": OPEN,
            "cell": OPEN,
        },
        person_columns=("value",),
    ),
)
