"""The leak test: open every table as every region and every other role, and look for what is another's.

Each region's own marks are the names, texts, identities, coordinates and long figures that occur in no other
region's rows. Whose a row is, is worked out here apart from the door, so that a fault there cannot hide here.
"""

import hashlib
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from access import audit, disclosure
from access import rights as rules
from access.rights import Rows
from access.viewer import Viewer, may
from door import store as access
from door.store import ScopedStore
from geodata import codes, contracts, settings
from geodata.contracts.schema import Secrecy
from geodata.errors import AccessDeniedError, InputError, SnapshotError
from geodata.snapshots import formats as store
from geodata.snapshots import snapshot
from register import read

_SURFACE: Final = "leaktest"
_SHORTEST_MARK: Final = 5
_LONG_FIGURE: Final = 7  # digits; a shorter figure may stand on a page by chance
_A_WORD: Final = re.compile(r"[a-z_]+")  # a code or a word of the language: it stands on pages by itself
_WORD: Final = re.compile(r"\w+")
_TAG: Final = re.compile(r"<[^>]*>")
_NEXT_COUNT: Final = 0.5  # nearer than this rounds to the count itself
_Column = tuple[str, list[str], npt.NDArray[np.intp]]
_Cells = Mapping[str, Sequence[_Column]]  # of each table by name
_BY_CHANCE: Final = 0.4  # a class of five is guessed right once in five; small classes meet their mean more often


@dataclass(frozen=True)
class Certificate:
    """What one leak test tried and found.

    Attributes
    ----------
    pairs_n
        Ordered pairs of regions that were compared.
    marks_n
        Marks that were looked for.
    leaks
        One sentence per leak; none when it passed.
    """

    made_at: str
    made_by: str
    data_version: str
    is_demonstration: bool
    tables: tuple[str, ...]
    pairs_n: int
    marks_n: int
    cells_n: int
    leaks: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Tell whether nothing leaked."""
        return not self.leaks


def run(
    by: Viewer, regions: Sequence[str] = codes.VR_CODES, step: Callable[[float], None] = lambda _done: None
) -> Certificate:
    """Test today's data.

    Parameters
    ----------
    regions
        Through whose eyes to look; every one of them against all others.
    step
        Called with the part that is done (0-1).

    Raises
    ------
    AccessDeniedError
        Only the privacy officer and LOT-C may.
    """
    nation = _nation(by)
    tables = dict(_tables(nation))
    cells = {name: list(_cells(table)) for name, table in tables.items()}
    marks = _marks(cells, {name: _owners(table, nation) for name, table in tables.items()})
    leaks: list[str] = []
    cells_n = 0
    for place, code in enumerate(regions):
        step(place / len(regions))
        seen = _seen(Viewer("region", (code,), person=by.who))
        cells_n += len(seen)
        for other, theirs in marks.items():
            found = seen.keys() & theirs if other != code else set()
            leaks += _told(f"region:{code} sees of {other}", found, seen)
    for viewer in (Viewer("policy"), Viewer("privacy"), Viewer("analyst"), Viewer("partner", organisation="-")):
        seen = _seen(replace(viewer, person=by.who))
        cells_n += len(seen)
        leaks += _told(f"{viewer.role} sees", seen.keys() & _forbidden(viewer.role, cells), seen)
    leaks += counts_told(nation.data_version)
    certificate = Certificate(
        datetime.now(UTC).isoformat(timespec="seconds"),
        by.who,
        nation.data_version,
        nation.is_demonstration,
        tuple(sorted(tables)),
        len(regions) * (len(codes.VR_CODES) - 1),
        sum(map(len, marks.values())),
        cells_n,
        tuple(leaks),
    )
    audit.note(
        "leak test", who=by.who, role=str(by), surface=_SURFACE, rows_n=len(leaks), data_version=nation.data_version
    )
    return certificate


def walk(by: Viewer, folder: Path) -> list[str]:
    """Test a published folder: look in every file for names, texts, identities and figures that not everybody may see.

    Returns
    -------
    list of str
        One sentence per file in which something stands; it does not repeat what.

    Raises
    ------
    AccessDeniedError
        Only the privacy officer and LOT-C may.
    InputError
        There is no such folder, or nothing in it.
    """
    marks: set[str] = set()
    lengths: dict[str, set[int]] = {}  # of the marks that begin with a word: few, where the marks may be thousands
    for text in _secret_texts({name: list(_cells(table)) for name, table in _tables(_nation(by))}):
        if first := _WORD.search(text):
            marks.add(mark := text[first.start() :])
            lengths.setdefault(first[0], set()).add(len(mark))
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    if not paths:
        raise InputError("leaktest_folder", path=folder)
    found = []
    for path in paths:
        text = _as_read(path.read_bytes().decode("utf-8", "replace"))
        begins = ((word.start(), length) for word in _WORD.finditer(text) for length in lengths.get(word[0], ()))
        seen = {part for start, length in begins if (part := text[start : start + length]) in marks}
        if seen:
            found.append(f"{path.relative_to(folder)} shows {len(seen)} mark(s)")
    audit.note("leak test", who=by.who, role=str(by), surface=_SURFACE, table=str(folder), rows_n=len(found))
    return found


def _nation(by: Viewer) -> ScopedStore:
    if not may(by, rules.Verb.RUN, "leak_test"):
        raise AccessDeniedError("leaktest_denied", role=by)
    return access.open_store(replace(access.parse_viewer("lotc"), person=by.who), surface=_SURFACE)


def _secret_texts(cells: _Cells) -> set[str]:
    """Return what who sees the nation alone may not see: identities, secret columns, points and long figures."""
    forbidden = _forbidden("policy", cells)
    secret = set()
    for name, columns in cells.items():
        contract = contracts.CONTRACTS.get(name) or contracts.CONTRACTS[name.rsplit("_", 1)[0]]
        hidden = {one for one in contract.schema.columns if contract.secrecy(one) != Secrecy.OPEN}
        hidden |= {one for one in contract.key if one.endswith("_id")}
        secret |= {
            " ".join(text.split())
            for column, texts, _ in columns
            for text in texts
            if text in forbidden
            and not _A_WORD.fullmatch(text)
            and (column in hidden or sum(map(str.isdigit, text)) >= _LONG_FIGURE)
        }
    return secret


def _as_read(text: str) -> str:
    """Return the text of a page as somebody reads it, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def counts_told(data_version: str) -> list[str]:
    """Attack what computations read: tell how many counts that nobody published it gives back exactly.

    A score is a known formula of that table and of published figures, so whoever sees the score tries every count
    and finds what went in. What went in must therefore not be the count: a guess of it is right by chance only.

    Returns
    -------
    list of str
        One sentence per column that tells more than chance would.
    """
    delivered, read = snapshot.version(data_version), access.open_batch(data_version)
    found = []
    for name in ("exposure", "incidence"):
        if not (ids := disclosure.restricted(delivered.sources, name)):
            continue
        truth, computed = delivered.table(name), read.table(name)
        for column in contracts.CONTRACTS[name].person_columns:
            secret = disclosure.of_source(truth, column, ids) & (truth[column] > 0)
            exact = (computed[column] - truth[column]).abs()[secret] < _NEXT_COUNT
            if exact.mean() > _BY_CHANCE:
                found.append(f"scores give back {int(exact.sum())} of {len(exact)} counts of {name}.{column}")
    return found


def _told(who: str, found: set[str], seen: Mapping[str, str]) -> list[str]:
    """Tell where marks were seen, without repeating what leaked."""
    places = sorted({seen[mark] for mark in found})
    return [f"{who} {len(found)} mark(s), in {', '.join(places)}"] if found else []


def _tables(scoped: ScopedStore) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give every table that the viewer may open and that exists, the register's with their extra columns."""
    for name in rules.RIGHTS[scoped.viewer.role][rules.Verb.READ]:
        if not scoped.may(name):
            continue
        if name in read.BY_TABLE:
            yield name, scoped.register(name)
        elif name in contracts.CONTRACTS:
            try:
                yield name, scoped.table(name)
            except SnapshotError:
                continue  # the snapshot holds no such table
    for folder in sorted((settings.data_dir() / "out").glob(f"*-{scoped.data_version}")):
        model_version = folder.name.removesuffix(f"-{scoped.data_version}")
        for table in rules.RIGHTS[scoped.viewer.role][rules.Verb.READ]:
            name, _, level = table.rpartition("_")
            if scoped.may(table) and level in codes.LEVELS and (folder / level / f"{name}.parquet").is_file():
                yield table, scoped.out(name, level, model_version)


def _owners(table: pd.DataFrame, nation: ScopedStore) -> pd.Series:
    """Return the veiligheidsregio of each row; '' for what is nobody's."""
    if "vr_code" in table.columns:
        return table["vr_code"]
    areas, sites = nation.table("gemeenten"), nation.table("sites")
    known = {code: code for code in codes.VR_CODES}
    known |= dict(zip(areas["gemeente_code"], areas["vr_code"], strict=True))
    known |= dict(zip(sites["site_id"], sites["vr_code"], strict=True))
    column = "gemeente_code" if "gemeente_code" in table.columns else "unit_id"
    if column not in table.columns:
        return pd.Series("", index=table.index)
    return table[column].map({unit: known.get(unit.partition(":")[0], "") for unit in table[column].unique()})


def _cells(table: pd.DataFrame) -> Iterator[_Column]:
    """Give every column that can hold marks: its name, its different texts, and which of them each row has.

    A text that is too short for a mark is empty; a row without a value points to -1.
    """
    for column in table.columns:
        cells = table[column]
        if column == "geometry" and isinstance(table, gpd.GeoDataFrame):
            at, points = pd.factorize(cells.where(cells.geom_type == "Point").to_numpy())
            texts = [f"{point.x:.1f} {point.y:.1f}" for point in points]
        elif pd.api.types.is_float_dtype(cells):
            at, values = pd.factorize(cells)
            texts = [f"{value:.9g}" for value in values]
        elif pd.api.types.is_string_dtype(cells) or cells.dtype == object:
            at, texts = pd.factorize(cells.astype(str))
        else:
            continue
        yield column, [text if len(text) >= _SHORTEST_MARK else "" for text in texts], at


def _marks(cells: _Cells, owned: Mapping[str, pd.Series]) -> dict[str, set[str]]:
    holders: dict[str, set[str]] = {}
    for name, columns in cells.items():
        is_public = rules.rows_of("region", name) == Rows.ALL
        owners = np.full(len(owned[name]), "") if is_public else owned[name].to_numpy()
        for _, texts, at in columns:
            for place, owner in set(zip(at, owners, strict=True)):
                if place >= 0:
                    holders.setdefault(texts[place], set()).add(owner)
    marks: dict[str, set[str]] = {code: set() for code in codes.VR_CODES}
    for text, who in holders.items():
        if text and len(who) == 1 and (code := next(iter(who))) in marks:
            marks[code].add(text)
    return marks


def _seen(viewer: Viewer) -> dict[str, str]:
    """Return every cell that a viewer receives, with the table and column it stands in."""
    return {
        text: f"{name}.{column}"
        for name, table in _tables(access.open_store(viewer, surface=_SURFACE))
        for column, texts, _ in _cells(table)
        for text in texts
        if text
    }


def _forbidden(role: str, cells: _Cells) -> set[str]:
    """Return what a role may not see anywhere: tables without a rule, and columns withheld from it."""
    allowed: set[str] = {""}
    forbidden: set[str] = set()
    for name, columns in cells.items():
        rows = rules.rows_of(role, name)
        open_table = rows not in (None, Rows.COUNTS, Rows.PARTNER)
        hidden = rules.hidden_columns(role, name)
        for column, texts, _ in columns:
            (allowed if open_table and column not in hidden else forbidden).update(texts)
    return forbidden - allowed


def file(certificate: Certificate) -> Path:
    """Keep a certificate with its digest beside the audit trail; return where."""
    folder = audit.folder() / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    body = json.dumps(asdict(certificate), ensure_ascii=False, indent=1)
    path = folder / f"{certificate.made_at.replace(':', '')}.json"
    with store.whole_file(path, 0o600) as part:
        part.write_text(
            json.dumps(
                {"certificate": json.loads(body), "sha256": hashlib.sha256(body.encode()).hexdigest()},
                indent=1,
                ensure_ascii=False,
            ),
            "utf-8",
        )
    audit.note(
        "certificate",
        who=certificate.made_by,
        role="",
        surface=_SURFACE,
        table=hashlib.sha256(body.encode()).hexdigest(),
        rows_n=len(certificate.leaks),
        data_version=certificate.data_version,
    )
    return path


def filed() -> list[tuple[Path, Certificate, bool]]:
    """Return the certificates, newest first, each with whether its digest fits and stands in the audit trail.

    Whoever edits a certificate can compute its digest anew, but not put that into the trail, which is chained.
    """
    found = []
    for path in sorted((audit.folder() / "certificates").glob("*.json"), reverse=True):
        content = json.loads(path.read_text("utf-8"))
        body = json.dumps(content["certificate"], ensure_ascii=False, indent=1)
        told = {
            **content["certificate"],
            "tables": tuple(content["certificate"]["tables"]),
            "leaks": tuple(content["certificate"]["leaks"]),
        }
        digest = hashlib.sha256(body.encode()).hexdigest()
        found.append((path, Certificate(**told), digest == content["sha256"] and audit.tells(digest)))
    return found


def in_words(certificate: Certificate) -> str:
    """Return a certificate as lines of text."""
    kind = "demonstration" if certificate.is_demonstration else "real data"
    head = (
        f"{'PASSED' if certificate.passed else 'LEAKS FOUND'}: {certificate.pairs_n} pairs of regions,"
        f" {len(certificate.tables)} tables, {certificate.marks_n} marks, {certificate.cells_n} cells seen;"
        f" data {certificate.data_version} ({kind}), {certificate.made_at}"
    )
    return "\n".join([head, *certificate.leaks])
