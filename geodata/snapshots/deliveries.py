"""What publishers gave, never edited: ``raw/<source>/<date>/`` in the data folder."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from geodata import settings
from geodata.errors import SnapshotError
from geodata.snapshots import manifests
from geodata.snapshots.manifests import SourceRecord


@dataclass(frozen=True)
class RawSnapshot:
    """One delivery of one source, as its publisher gave it."""

    path: Path
    record: SourceRecord
    parameters: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def write_raw(record: SourceRecord, files: Mapping[str, Path], parameters: Mapping[str, str]) -> RawSnapshot:
    """Store a delivery unchanged, under the date of today; a second one on a day gets a number.

    Parameters
    ----------
    record
        What is told of the delivery.
    files
        What was fetched, by name.
    parameters
        What was asked.
    """
    folder = settings.data_dir() / "raw" / record.source_id
    today = datetime.now(UTC)
    record = SourceRecord(**{**asdict(record), "retrieved_at": today.isoformat(timespec="seconds")})
    name, count = today.date().isoformat(), 1
    while (folder / name).exists():
        count += 1
        name = f"{today.date().isoformat()}.{count}"
    target = folder / name
    with manifests.new_folder(target) as part:
        digests = {}
        for file_name, origin in files.items():
            shutil.copyfile(origin, part / file_name)
            digests[file_name] = manifests.digest(part / file_name)
        manifests.write_json(
            part / manifests.MANIFEST, {"record": asdict(record), "parameters": dict(parameters), "files": digests}
        )
    return RawSnapshot(target, record, dict(parameters), digests)


def discard_raw(raw: RawSnapshot) -> None:
    """Take back a delivery that turned out unusable when its tables were made."""
    shutil.rmtree(raw.path)


def put_aside(raw: RawSnapshot) -> Path:
    """Take a delivery out of the picture without erasing it; return where it is kept."""
    folder = settings.data_dir() / "aside" / raw.record.source_id
    folder.mkdir(parents=True, exist_ok=True)
    count = sum(1 for _ in folder.iterdir())
    target = folder / f"{raw.path.name}_{count}"
    raw.path.rename(target)
    return target


def every_raw() -> list[RawSnapshot]:
    """Return every delivery of every source, the older ones too."""
    folders = sorted((settings.data_dir() / "raw").glob("*/*/"))
    return [read_raw(folder) for folder in folders if not folder.name.startswith(".")]


def read_raw(folder: Path) -> RawSnapshot:
    """Return a stored delivery, proved to be unchanged.

    Raises
    ------
    SnapshotError
        The manifest or a file is missing or damaged.
    """
    content = manifests.read_manifest(folder)
    try:
        raw = RawSnapshot(folder, SourceRecord(**content["record"]), content["parameters"], content["files"])  # type: ignore[arg-type]
    except (KeyError, TypeError) as error:
        raise SnapshotError(
            f"The manifest of {folder} is not what a manifest should be; {manifests.RESTORE}."
        ) from error
    for name, sha256 in raw.files.items():
        manifests.prove(folder / name, sha256)
    return raw


def latest_raw(as_of: date | None = None) -> dict[str, RawSnapshot]:
    """Return the newest delivery of each source, or the newest that was known on a date."""
    folders = sorted((settings.data_dir() / "raw").glob("*/"))
    found = {folder.name: latest_raw_of(folder.name, as_of) for folder in folders}
    return {name: raw for name, raw in found.items() if raw is not None}


def latest_raw_of(source_id: str, as_of: date | None = None) -> RawSnapshot | None:
    """Return the newest delivery of one source, or the newest that was known on a date; None without one."""
    folder = settings.data_dir() / "raw" / source_id
    if not folder.is_dir():
        return None
    dated = folders_of(source_id)
    if as_of is not None:
        dated = [path for path in dated if date.fromisoformat(path.name[:10]) <= as_of]
    return read_raw(dated[-1]) if dated else None


def folders_of(source_id: str) -> list[Path]:
    """Return the folders of the deliveries of one source, the oldest first."""
    folder = settings.data_dir() / "raw" / source_id
    dated = [path for path in folder.glob("*/") if not path.name.startswith(".")]
    return sorted(dated, key=lambda path: (path.name[:10], int(path.name[11:] or 1)))
