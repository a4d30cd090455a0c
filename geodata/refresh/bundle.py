"""A bundle: the core tables of one installation as a single file, read in another that has no network.

A bundle is a zip with the snapshot's manifest, its tables as Parquet, the kinds of site that were added, the licences
and a digest of each file. It never holds the register; tables with figures that nobody published stay out unless they
are named.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from geodata import contracts, settings, site_kinds
from geodata.errors import InputError, SnapshotError
from geodata.site_kinds import Kind
from geodata.snapshots import formats, manifests, snapshot
from geodata.snapshots.deliveries import RawSnapshot
from geodata.snapshots.snapshot import Snapshot
from geodata.sources import catalogue
from geodata.sources.catalogue import Secrecy

FORMAT: Final = 1
"""The layout of the file; another number is refused."""
BUNDLE: Final = "bundle.json"
_LICENCES: Final = "LICENCES.txt"
_KINDS: Final = "kinds"
"""The parameter of a delivery that says which file of kinds came with it."""

_MAX_BYTES: Final = 4_000_000_000  # unpacked; the whole country with two million sites needs a tenth
_MAX_FILES: Final = 40
_NO_DATE: Final = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Packed:
    """What a bundle holds.

    Attributes
    ----------
    data_version
        That of the installation when nothing was left out, else one of its own.
    rows_n
        Rows per table.
    left_out
        Tables with rows that the installation has and the bundle does not.
    kinds
        Codes of the kinds of site that the installation added.
    """

    data_version: str
    rows_n: dict[str, int]
    left_out: tuple[str, ...]
    is_demonstration: bool
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brought:
    """What came with a bundle, proved to be what was packed.

    Attributes
    ----------
    tables
        The snapshot in it, or the one that was made of it here.
    left_out
        Tables that stayed behind.
    kinds_file
        The file with the kinds of site that were added there; None without any.
    kinds_added, kinds_otherwise
        The kinds that it adds here; those that are known here as something else, and stay so.
    """

    tables: Snapshot
    left_out: tuple[str, ...]
    kinds_file: Path | None = None
    kinds_added: tuple[Kind, ...] = ()
    kinds_otherwise: tuple[Kind, ...] = ()


def secret_tables(of: Snapshot) -> tuple[str, ...]:
    """Return the tables of a snapshot that hold figures which nobody published."""
    found = {
        table
        for record in of.sources
        if catalogue.source(record.source_id).secrecy is Secrecy.RESTRICTED
        for table in catalogue.source(record.source_id).feeds
    }
    return tuple(sorted(found & of.files.keys()))


def write(path: Path, of: Snapshot, named: Sequence[str] = ()) -> Packed:
    """Pack a snapshot into a file, the same bytes for the same snapshot.

    Parameters
    ----------
    path
        Where to; it ends in ``.zip``.
    of
        The snapshot, proved to be whole.
    named
        Secret tables that go along all the same.

    Raises
    ------
    InputError
        The ending is another, the folder cannot be written, or a named table is not a secret one of the snapshot.
    """
    if path.suffix.lower() != ".zip":
        raise InputError("bundle_ending", name=path.name)
    secret = secret_tables(of)
    if unknown := sorted(set(named) - set(secret)):
        have = ", ".join(secret) or "none"
        raise InputError("bundle_no_secret_table", a=unknown[0], have=have)
    left_out = tuple(name for name in secret if name not in named)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if left_out:
            records = [
                record for record in of.sources if not set(catalogue.source(record.source_id).feeds) & set(left_out)
            ]
            kept = {name: contracts.empty(name) if name in left_out else of.table(name) for name in of.files}
            snapshot.write_tables(folder, kept, records, is_demonstration=of.is_demonstration)
        else:
            for name in (*(f"{table}.parquet" for table in of.files), manifests.MANIFEST):
                shutil.copyfile(of.path / name, folder / name)
        packed = snapshot.read_core(folder)
        if kinds := tuple(site_kinds.own()):
            shutil.copyfile(settings.data_dir() / site_kinds.FILE, folder / site_kinds.FILE)
        (folder / _LICENCES).write_text(_licences(packed), "utf-8")
        described = {
            "format": FORMAT,
            "data_version": packed.data_version,
            "left_out": list(left_out),
            "files": {file.name: _digest(file) for file in sorted(folder.iterdir())},
        }
        (folder / BUNDLE).write_text(json.dumps(described, indent=1, sort_keys=True) + "\n", "utf-8")
        with formats.whole_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(file.name, _NO_DATE), file.read_bytes())
    return Packed(packed.data_version, dict(packed.rows_n), left_out, packed.is_demonstration, kinds)


@contextmanager
def unpacked(path: Path) -> Iterator[Brought]:
    """Give what is in a bundle, every file of it proved.

    Raises
    ------
    InputError
        The file is no bundle, one of another format, damaged, or too large; or it needs kinds of site that the file
        of this installation lacks.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        described = _unzip(path, folder)
        for name, sha256 in described["files"].items():
            if _digest(folder / name) != sha256:
                raise InputError("bundle_part_damaged", name=name, part=path.name)
        kinds_file = folder / site_kinds.FILE if site_kinds.FILE in described["files"] else None
        added, otherwise = site_kinds.brought(kinds_file) if kinds_file else ((), ())
        try:
            tables = snapshot.read_core(folder)
            with site_kinds.trying(kinds_file if added else None):
                yield Brought(tables, tuple(described["left_out"]), kinds_file, added, otherwise)
        except SnapshotError as error:
            raise InputError("bundle_not_whole", name=path.name) from error


@contextmanager
def kinds_put(found: Brought) -> Iterator[None]:
    """Put the kinds of site of a bundle in the data folder; they are taken away again where what follows fails."""
    if found.kinds_file is None or not found.kinds_added:
        yield
        return
    target = settings.data_dir() / site_kinds.FILE
    with formats.whole_file(target) as part:
        shutil.copyfile(found.kinds_file, part)
    try:
        yield
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def kinds_of(found: Brought) -> dict[str, str]:
    """Return what a delivery keeps of the kinds that came with it: the digest of their file; nothing without any."""
    return {_KINDS: _digest(found.kinds_file)} if found.kinds_file and found.kinds_added else {}


@contextmanager
def kinds_taken(raws: Sequence[RawSnapshot], aside: Sequence[Path]) -> Iterator[None]:
    """Put the kinds of site that a bundle brought aside with it; they come back where what follows fails.

    A file that was changed since is somebody's own, and stays.
    """
    target = settings.data_dir() / site_kinds.FILE
    digest = _digest(target) if target.is_file() else None
    folder = next(
        (to for raw, to in zip(raws, aside, strict=True) if digest and raw.parameters.get(_KINDS) == digest), None
    )
    if folder is None:
        yield
        return
    target.rename(folder / target.name)
    try:
        yield
    except BaseException:
        (folder / target.name).rename(target)
        raise


def _unzip(path: Path, folder: Path) -> "dict[str, dict[str, str]]":
    """Unpack the files that a bundle says it holds, and nothing else."""
    refused = f"{path.name} is no data bundle; make one with: python -m geodata bundle --out FILE.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if len(infos) > _MAX_FILES or sum(info.file_size for info in infos.values()) > _MAX_BYTES:
                raise InputError("bundle_too_large", name=path.name)
            described = json.loads(archive.read(infos[BUNDLE]))
            if described["format"] != FORMAT:
                raise InputError("bundle_of_other_format", name=path.name, a=described["format"], ours=FORMAT)
            for name in described["files"]:
                if Path(name).name != name:
                    raise InputError(refused)
                with archive.open(infos[name]) as packed, (folder / name).open("wb") as out:
                    shutil.copyfileobj(packed, out)
    except (zipfile.BadZipFile, KeyError, TypeError, AttributeError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(refused) from error
    return dict(described)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _licences(of: Snapshot) -> str:
    lines = ["What is in this bundle, under which licence, and how to name who made it:", ""]
    for record in of.sources:
        declared = catalogue.source(record.source_id)
        lines.append(f"{record.source_id}: {declared.title}; {record.licence}; {declared.attribution}")
    return "\n".join(lines) + "\n"
