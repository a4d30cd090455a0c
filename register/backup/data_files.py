"""Put the files of a backup back in the data folder: what is there and whole stays, the rest comes back."""

import json
import shutil
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from geodata import settings
from geodata.errors import RegisterError, RisicobeeldError, SnapshotError
from geodata.snapshots import formats as store
from geodata.snapshots import snapshot
from register.backup import aside

_POINTER: Final = "core/CURRENT"
_LEDGER: Final = "register/erased.jsonl"


def put(files: Mapping[str, Path], kept: Path | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Put files back; return which were put, and which of the machine's own stay although they differ.

    Parameters
    ----------
    files
        Where each file of the backup lies, by its path in the data folder.
    kept
        The folder in which damaged files are kept; a new one when it is no folder.

    Raises
    ------
    RegisterError
        One cannot be written.
    """
    data = settings.data_dir()
    names = sorted(files, key=lambda name: (name == _POINTER, name))  # the switch comes last
    done: list[str] = []
    stay: list[str] = []
    place = kept if kept is not None and kept.is_dir() else None
    for name in names:
        target, origin = data / name, files[name]
        if target.is_file() and target.read_bytes() == origin.read_bytes():
            continue
        if target.is_file() and _is_whole(name, target, origin):
            stay.append(name)
            continue
        try:
            if target.exists():
                place = place or aside.new_folder()
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target, place / name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with store.whole_file(target, 0o600 if _is_private(name) else 0o644) as part:
                shutil.copyfile(origin, part)
        except (OSError, RisicobeeldError) as error:
            raise RegisterError(
                f"{name} could not be put back ({error}); free some space and restore again."
            ) from error
        done.append(name)
    if _POINTER in done:
        _know_the_figures()
    return tuple(done), tuple(stay)


def _know_the_figures() -> None:
    try:
        snapshot.switch(snapshot.current())
    except SnapshotError:
        return  # the backup was made of figures that were damaged, and told so


def _is_private(name: str) -> bool:
    return name.startswith(("audit/", "register/")) or name == "feed_tokens.json"


def _is_whole(name: str, target: Path, origin: Path) -> bool:
    """Tell whether a file of the machine, which differs from the backup's, is one to keep."""
    if name.endswith(".jsonl"):  # a list that only grows: the machine's own goes on where the backup's ends
        return target.read_bytes().startswith(origin.read_bytes())
    if name == _POINTER or _is_in_version(name):
        return _is_whole_of_figures(name)
    checks: Mapping[str, Callable[[str], object]] = {".json": json.loads, ".toml": tomllib.loads}
    try:
        checks.get(target.suffix, str)(target.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _is_in_version(name: str) -> bool:
    parts = Path(name).parts
    return len(parts) > {"core": 2, "raw": 3}.get(parts[0], len(parts))


def _is_whole_of_figures(name: str) -> bool:
    """Tell whether what the machine has of a snapshot or delivery is proved by its own manifest."""
    if name != _POINTER:
        return False  # it differs from the file that the backup proved
    try:
        snapshot.current()
    except SnapshotError:
        return False
    return True
