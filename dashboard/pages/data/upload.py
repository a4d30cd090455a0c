"""What a file that was dropped seems to be, tried without changing anything; and its import."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from geodata import site_kinds
from geodata.codes import Status
from geodata.errors import RisicobeeldError
from geodata.intake import recognise, sites
from geodata.intake.columns import ColumnMapping
from geodata.intake.files.table import Options
from geodata.intake.receipt import Receipt
from geodata.refresh import build, bundle, imports
from geodata.site_kinds import Kind
from geodata.sources.http import Progress
from geodata.tables import coverage

BUNDLE: Final = "bundle"
ACTIVATIONS: Final = "activations"
KINDS: Final = ("establishments", "incidence", "sites", "workbook", BUNDLE)
REGION_KINDS: Final = ("sites",)
_YEAR: Final = re.compile(r"(?<!\d)(20[12]\d)(?!\d)")


@dataclass(frozen=True)
class Answers:
    """What the person said about a file, as the command's options say it.

    Attributes
    ----------
    year
        Of establishments and workbooks: the year of the figures.
    disease
        Of incidence: the disease where no column names it.
    site_kind
        Of sites: the kind of all rows without one; '' when a column names it.
    is_partial
        Import what can be read, even less than half.
    vr_codes
        Of a region's contact: the regions whose sites are kept; empty is the whole country.
    options
        The sheet or layer to take, where a file has several.
    covers
        Of sites: where the list is declared whole, ``NL`` or codes of veiligheidsregio's; none is not declared.
    is_geocoded
        Of sites: ask PDOK where addresses without coordinates lie.
    series
        Of incidence: ``counted`` or ``cumulative`` where the figures only rise; '' to have such a file refused.
    """

    kind: str
    year: int = 0
    disease: str = ""
    site_kind: str = ""
    status: Status = Status.OFFICIAL
    is_partial: bool = False
    vr_codes: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    series: str = ""
    covers: tuple[str, ...] = ()
    is_geocoded: bool = False


@dataclass(frozen=True)
class Tried:
    """What came of reading a file without changing anything."""

    kind: str
    receipt: Receipt | None = None
    bundle_rows: dict[str, int] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    kinds_added: tuple[Kind, ...] = ()
    kinds_otherwise: tuple[Kind, ...] = ()


def year_of(name: str, today: date) -> int:
    """Return the year that a file's name says, else the year before this one.

    Examples
    --------
    >>> year_of("kwb2021_establishments.csv", date(2026, 3, 1)), year_of("parken.csv", date(2026, 3, 1))
    (2021, 2025)
    """
    found = [int(year) for year in _YEAR.findall(name)]
    return max((year for year in found if year <= today.year), default=today.year - 1)


_NAMES: Final = {
    "holiday_park": ("park", "camping", "recreatie"),
    "slaughterhouse": ("slacht", "slaughter"),
    "meat_plant": ("vlees", "meat"),
    "distribution_centre": ("distributie", "distribution", "logist", "warehouse"),
    "greenhouse": ("kas", "glas", "greenhouse"),
    "packing_hall": ("pak", "sorteer", "packing"),
    "lodging": ("logies", "lodging", "huisvesting", "snf", "hotel"),
    "building_site": ("bouw", "building"),
}


def site_kind_of(name: str) -> str:
    """Return the kind of site that a file's name speaks of; '' for none, or for more than one.

    Examples
    --------
    >>> site_kind_of("holiday_parks.csv"), site_kind_of("locaties.csv")
    ('holiday_park', '')
    """
    added = {code: (code, *(word.casefold() for word in kind.words)) for code, kind in site_kinds.own().items()}
    found = [kind for kind, words in (_NAMES | added).items() if any(word in name.lower() for word in words)]
    return found[0] if len(found) == 1 else ""


def seems(path: Path, options: Options | None = None, kinds: tuple[str, ...] = KINDS) -> str:
    """Return the kind that a file's header speaks of, ``activations`` for a list of visits; '' for none.

    Parameters
    ----------
    path
        Of the file that was handed over.
    options
        What the user answered so far.
    kinds
        The kinds to tell apart.

    Raises
    ------
    RisicobeeldError
        The file cannot be read at all, or leaves open which sheet or layer is meant.
    """
    if BUNDLE in kinds and path.suffix.lower() == ".zip":
        try:
            with bundle.unpacked(path):
                return BUNDLE
        except RisicobeeldError:
            pass
    found = recognise.kind_of(path, options)
    return found if found in (*kinds, ACTIVATIONS) else ""


def _unseen(_done: int, _total: int) -> None:
    """Show no progress."""


def attempt(path: Path, answers: Answers, would: imports.Would, progress: Progress = _unseen) -> Tried:
    """Read a file as the answers say and change nothing.

    Parameters
    ----------
    path
        The file.
    answers
        What the person said about it.
    would
        Called with the tables as they would be.
    progress
        Told how many addresses were looked up.

    Raises
    ------
    RisicobeeldError
        The file cannot be read so; the sentence says why.
    """
    if answers.kind == BUNDLE:
        with build.trial_of_bundle(path) as found:
            would(found.tables)
            rows_n = dict(found.tables.rows_n)
            return Tried(BUNDLE, None, rows_n, found.left_out, found.kinds_added, found.kinds_otherwise)
    return Tried(answers.kind, _run(path, answers, progress, would))


def bring_in(path: Path, answers: Answers, progress: Progress) -> Receipt | None:
    """Import a file as the answers say; a bundle gives no receipt.

    Parameters
    ----------
    path
        Of the file that was handed over.
    answers
        What the user answered.
    progress
        Is told how much is done.

    Raises
    ------
    RisicobeeldError
        The file cannot be used; nothing has changed then.
    """
    if answers.kind == BUNDLE:
        build.import_bundle(path)
        return None
    return _run(path, answers, progress, None)


def _run(path: Path, answers: Answers, progress: Progress, would: imports.Would | None) -> Receipt:
    """Import a file, or try it where there is somebody to tell what it would bring."""
    is_dry_run = would is not None
    readers: dict[str, Callable[[], Receipt]] = {
        "establishments": lambda: imports.import_establishments(
            path,
            answers.year,
            options=answers.options,
            is_partial=answers.is_partial,
            is_dry_run=is_dry_run,
            would=would,
        ),
        "incidence": lambda: imports.import_incidence(
            path,
            answers.disease,
            ColumnMapping(),
            series=answers.series,
            options=answers.options,
            is_partial=answers.is_partial,
            is_dry_run=is_dry_run,
            would=would,
        ),
        "workbook": lambda: imports.import_workbook(
            path,
            answers.year,
            options=answers.options,
            is_partial=answers.is_partial,
            is_dry_run=is_dry_run,
            would=would,
        ),
        "sites": lambda: _sites(path, answers, progress, would),
    }
    return readers[answers.kind]()


def _sites(path: Path, answers: Answers, progress: Progress, would: imports.Would | None) -> Receipt:
    question = sites.Question(
        source=imports.source_name("sites_file", path),
        source_date=datetime.now(UTC).date().isoformat(),
        kind=answers.site_kind,
        mapping=ColumnMapping(),
        status=answers.status,
        options=answers.options,
        is_partial=answers.is_partial,
        is_geocoded=answers.is_geocoded,
        covers=coverage.declared(answers.covers),
    )
    is_dry_run = would is not None
    return imports.import_sites(
        path, question, progress, only_in=answers.vr_codes, is_dry_run=is_dry_run, would=would
    ).receipt
