"""The closed lists of the domain: regions, sectors, kinds of site, themes, statuses, missing reasons."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CRS_RD: Final = "EPSG:28992"
CRS_WGS84: Final = "EPSG:4326"

VR_CODES: Final = tuple(f"VR{number:02d}" for number in range(1, 26))


class Status(StrEnum):
    """How a figure came to be; shown wherever the figure stands."""

    OFFICIAL = "official"
    ESTIMATE = "estimate"
    ASSUMPTION = "assumption"
    FICTIONAL = "fictional"
    MISSING = "missing"


class MissingReason(StrEnum):
    """Why a value is absent; stored beside the value, so that a blank is never ambiguous."""

    NOT_MISSING = ""
    NOT_PUBLISHED = "not_published"  # the source gives no figure at this level
    SUPPRESSED = "suppressed"  # withheld by the publisher to protect persons or firms
    NO_SOURCE = "no_source"  # the table is not there at all
    NOT_APPLICABLE = "not_applicable"  # the figure has no meaning for this unit
    NO_EXPOSURE = "no_exposure"  # nobody works or lives there, so a rate does not exist


@dataclass(frozen=True)
class Sector:
    """One of the twelve sectors in which many labour migrants work.

    Attributes
    ----------
    sbi2008
        SBI 2008 codes that make up the sector.
    cbs_group
        The SBI group that CBS publishes per gemeente and that contains the sector.
    jobs_n, group_jobs_n
        National jobs of employees, December 2019, of the sector and of its group.
    status
        Status of ``jobs_n``; the source is CBS table 83583NED unless it is an assumption.
    """

    code: str
    name_nl: str
    name_en: str
    sbi2008: tuple[str, ...]
    cbs_group: str
    jobs_n: int
    group_jobs_n: int
    status: Status

    @property
    def share_of_group(self) -> float:
        """Return the sector's part of its group's national jobs (0-1)."""
        return self.jobs_n / self.group_jobs_n


_A, _BF, _GI, _HJ, _MN = 103_120, 1_179_840, 1_857_880, 680_690, 1_630_240

SECTORS: Final = {
    sector.code: sector
    for sector in (
        Sector(
            "slaughter_meat",
            "Slachterijen en vleesverwerking",
            "Slaughter and meat processing",
            ("10.1",),
            "B-F",
            13_000,
            _BF,
            Status.ASSUMPTION,
        ),
        Sector(
            "glass_horticulture",
            "Glastuinbouw",
            "Greenhouse horticulture",
            ("01.13.2", "01.19.2", "01.25.2", "01.25.4", "01.30.3", "01.30.4"),
            "A",
            36_000,
            _A,
            Status.ASSUMPTION,
        ),
        Sector(
            "open_field",
            "Open teelt en fruit",
            "Open-field crops and fruit",
            ("01.13.1", "01.13.4", "01.19.1", "01.24", "01.25.1", "01.25.3", "01.30.1", "01.30.5"),
            "A",
            26_000,
            _A,
            Status.ASSUMPTION,
        ),
        Sector("mushrooms", "Paddenstoelen", "Mushrooms", ("01.13.3",), "A", 2_000, _A, Status.ASSUMPTION),
        Sector(
            "food_processing",
            "Overige voedingsmiddelenindustrie",
            "Other food processing",
            ("10.2", "10.3", "10.4", "10.5", "10.6", "10.7", "10.8", "10.9"),
            "B-F",
            115_060,
            _BF,
            Status.ESTIMATE,
        ),
        Sector(
            "packing_wholesale",
            "Groothandel en verpakken van groente, fruit en bloemen",
            "Wholesale and packing of vegetables, fruit and flowers",
            ("46.22", "46.31"),
            "G+I",
            40_000,
            _GI,
            Status.ASSUMPTION,
        ),
        Sector(
            "distribution",
            "Opslag en distributie",
            "Storage and distribution",
            ("52",),
            "H+J",
            103_640,
            _HJ,
            Status.OFFICIAL,
        ),
        Sector(
            "temporary_agencies",
            "Uitzendbureaus",
            "Temporary employment agencies",
            ("78",),
            "M-N",
            793_010,
            _MN,
            Status.OFFICIAL,
        ),
        Sector("construction", "Bouw", "Construction", ("41", "42", "43"), "B-F", 332_770, _BF, Status.OFFICIAL),
        Sector("cleaning", "Schoonmaak", "Cleaning", ("81",), "M-N", 164_110, _MN, Status.OFFICIAL),
        Sector(
            "lodging",
            "Vakantieparken en logies",
            "Holiday parks and lodging",
            ("55",),
            "G+I",
            84_780,
            _GI,
            Status.OFFICIAL,
        ),
        Sector("fishery", "Visserij", "Fishery", ("03",), "A", 1_600, _A, Status.OFFICIAL),
    )
}

CBS_GROUPS: Final = ("A", "B-F", "G+I", "H+J", "K-L", "M-N", "O-Q", "R-U")
"""SBI groups that CBS publishes per gemeente; in tables they carry the prefix ``SBI:``."""

SITE_KINDS: Final = (
    "slaughterhouse",
    "meat_plant",
    "greenhouse",
    "packing_hall",
    "distribution_centre",
    "lodging",
    "holiday_park",
    "building_site",
)
KIND_SECTOR: Final = {
    "slaughterhouse": "slaughter_meat",
    "meat_plant": "slaughter_meat",
    "greenhouse": "glass_horticulture",
    "packing_hall": "packing_wholesale",
    "distribution_centre": "distribution",
    "lodging": "lodging",
    "holiday_park": "lodging",
    "building_site": "construction",
}
SIZE_UNITS: Final = ("fte", "beds", "m2")
LOCATED: Final = ("exact", "address", "place", "none")
LOCATED_CLOSELY: Final = ("exact", "address")
"""Of a site whose point is its own, not that of its town."""
COUNTRIES: Final = ("NL", "DE", "BE")

THEMES: Final = ("wonen", "werken", "vervoer")
SIGNAL_ORIGINS: Final = ("own", "partner", "branch", "gemeente", "anonymous", "alarm")
ACTIVATION_KINDS: Final = ("preventief", "repressief")
TRIGGERS: Final = ("eigen_constatering", "externe_melding", "steekproef", "vervolg")
LEVELS: Final = ("vr", "gemeente", "site")

EXAMPLE_BAND_NL: Final = "VOORBEELD - verzonnen cijfers"
EXAMPLE_BAND_EN: Final = "EXAMPLE - invented figures"
