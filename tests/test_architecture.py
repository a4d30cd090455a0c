"""The plan of the house holds: imports point one way, and each library stays in its room."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from dashboard.text import LANGUAGES, read_texts

ROOT = Path(__file__).parent.parent
ORDER = ["geodata", "risk", "dashboard", "app"]
MODULES = [path for folder in ("geodata", "risk", "dashboard") for path in sorted((ROOT / folder).rglob("*.py"))] + [
    ROOT / "app.py"
]


def imported(path: Path) -> set[str]:
    """Return every module that a file imports, with what it takes from it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_an_import_only_points_right_to_left(path: Path) -> None:
    own = ORDER.index(room(path))
    for name in imported(path):
        top = name.split(".")[0]
        if top in ORDER:
            assert ORDER.index(top) <= own, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    relative = str(path.relative_to(ROOT))
    if room(path) not in ("dashboard", "app"):
        assert not tops & {"streamlit", "folium"}, relative
    if not relative.startswith("geodata/sources/"):
        assert not tops & {"cbsodata", "requests", "httpx", "urllib3", "socket"}, relative
    if relative != "geodata/sources/cbs.py":
        assert "cbsodata" not in tops, relative
    assert "urllib.request" not in imported(path), relative


def test_the_web_door_is_short() -> None:
    assert len((ROOT / "app.py").read_text("utf-8").splitlines()) < 80


def test_every_text_stands_in_both_languages() -> None:
    dutch, english = (read_texts(language) for language in LANGUAGES)
    assert dutch.names() == english.names()
    for name in dutch.names():
        fields = [sorted(re.findall(r"{(\w+)", texts._entries[name])) for texts in (dutch, english)]
        assert fields[0] == fields[1], name


def test_every_package_is_pinned() -> None:
    for path in ROOT.glob("requirements*.txt"):
        for line in path.read_text("utf-8").splitlines():
            wanted = line.split("#")[0].strip()
            if wanted and not wanted.startswith("-r "):
                assert re.fullmatch(r"[A-Za-z0-9_.\[\]-]+==[\w.]+", wanted), line


def test_streamlit_listens_on_this_machine_only() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
