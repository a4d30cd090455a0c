"""Files the browser fetches once: Leaflet and our component in one folder, and the boundaries beside it.

Streamlit serves ``static/`` beside ``app.py`` with the right content type (``text/javascript``, JSON),
compressed, but without a word on caching. Names carry the hash of their content, so an old file is never
wrong; and the files get an old modification time, from which browsers conclude that they may keep them.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from xstatic.pkg import leaflet

from dashboard.map.layers import map_texts, words_message
from geodata.areas import landmarks
from geodata.errors import ContractError, SnapshotError
from geodata.settings import EMBEDDED_DIR
from words import in_each

STATIC_ADDRESS: Final = "app/static"
"""Where Streamlit serves the static folder, relative to the address of any page."""

FRONTEND_DIR: Final = Path(__file__).parent / "frontend"
_LEAFLET_DIR: Final = Path(leaflet.BASE_DIR)
_MODIFIED: Final = 1_000_000_000  # September 2001: old enough for browsers to keep the file without asking


@dataclass(frozen=True)
class Geometry:
    """Published boundaries.

    Attributes
    ----------
    url
        Address of the TopoJSON, relative to the page.
    codes
        Codes per level in the order of the file; messages to the browser follow this order.
    """

    url: str
    codes: Mapping[str, tuple[str, ...]]


@cache
def published_words() -> dict[str, dict[str, Any]]:
    """Return the words of the map per language as the browser fetches them once; a message brings only what differs."""
    return in_each(lambda texts: words_message(map_texts(texts, is_demonstration=False)))


@cache
def _component_files() -> tuple[str, Mapping[str, bytes]]:
    """Return the folder name and the files of the component, with Leaflet from its pinned package."""
    files = {path.name: path.read_bytes() for path in sorted(FRONTEND_DIR.iterdir()) if path.is_file()}
    files["leaflet.js"] = (_LEAFLET_DIR / "leaflet.js").read_bytes()  # the small one, a third of its sources
    files["leaflet.css"] = (_LEAFLET_DIR / "leaflet.css").read_bytes()
    files[landmarks.FILE] = (EMBEDDED_DIR / landmarks.FILE).read_bytes()
    border = [(one.name, one.latitude, one.longitude) for one in landmarks.neighbours().values()]
    files["across.json"] = json.dumps(border, ensure_ascii=False, separators=(",", ":")).encode()
    words = json.dumps(published_words(), ensure_ascii=False, separators=(",", ":"))
    files["words.js"] = f"export const WORDS = {words};\n".encode()
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}:{len(content)}:".encode() + content)
    return f"map-{digest.hexdigest()[:12]}", files


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, so that no browser ever reads half of it; a file that is there stays."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as scratch:
            scratch.write(content)
        os.utime(scratch.name, (_MODIFIED, _MODIFIED))
        Path(scratch.name).chmod(0o644)
        Path(scratch.name).replace(path)
    except OSError as error:
        raise SnapshotError(
            f"The map's files cannot be written to {path.parent} ({error.strerror}); make that folder writable."
        ) from error


def publish(static_dir: Path) -> str:
    """Put the component and Leaflet into Streamlit's static folder.

    Parameters
    ----------
    static_dir
        The folder ``static`` beside the script that Streamlit runs.

    Returns
    -------
    str
        Address of the component's folder, relative to the page; it changes when a file changes.

    Raises
    ------
    SnapshotError
        When the folder cannot be written.
    """
    folder, files = _component_files()
    for name, content in files.items():
        _write(static_dir / folder / name, content)
    return f"{STATIC_ADDRESS}/{folder}/"


def publish_geometry(topology: Mapping[str, Any], static_dir: Path) -> Geometry:
    """Put the boundaries into Streamlit's static folder.

    Parameters
    ----------
    topology
        TopoJSON in degrees (EPSG:4326) with the objects ``gemeente`` and ``vr``; each geometry has the
        properties ``code``, ``name`` and ``vr``.
    static_dir
        The folder ``static`` beside the script that Streamlit runs.

    Returns
    -------
    Geometry
        Its address and the order of its codes.

    Raises
    ------
    ContractError
        When an object or a property is not there.
    SnapshotError
        When the folder cannot be written.
    """
    try:
        codes = {
            level: tuple(str(item["properties"]["code"]) for item in topology["objects"][level]["geometries"])
            for level in ("vr", "gemeente")
        }
    except KeyError as error:
        raise ContractError(f"The boundaries of the map lack {error}; build the embedded snapshot again.") from error
    content = json.dumps(topology, separators=(",", ":"), ensure_ascii=False).encode()
    name = f"boundaries-{hashlib.sha256(content).hexdigest()[:12]}.json"
    _write(static_dir / name, content)
    return Geometry(url=f"{STATIC_ADDRESS}/{name}", codes=codes)
