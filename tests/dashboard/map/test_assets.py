"""The files of the map: written whole, kept by browsers, served in the right form."""

import gzip
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.map import assets
from dashboard.map.assets import publish, publish_geometry
from geodata.errors import ContractError, SnapshotError

SCRIPT = """
from pathlib import Path
import streamlit as st
st.text("served")
"""


def test_files_carry_their_content_in_the_name_and_are_written_once(tmp_path: Path) -> None:
    address = publish(tmp_path)
    folder = tmp_path / Path(address).name
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {"map.js", "map.css", "leaflet.js", "leaflet.css", "bootstrap.js"} <= set(written)
    assert publish(tmp_path) == address
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert not list(tmp_path.rglob("tmp*"))


def test_a_file_that_was_thrown_away_comes_back(tmp_path: Path) -> None:
    address = publish(tmp_path)
    (tmp_path / Path(address).name / "map.js").unlink()
    publish(tmp_path)
    assert (tmp_path / Path(address).name / "map.js").read_bytes() == (assets.FRONTEND_DIR / "map.js").read_bytes()


def test_other_boundaries_get_another_address(tmp_path: Path, invented_topology: dict[str, object]) -> None:
    one = publish_geometry(invented_topology, tmp_path)
    other = publish_geometry(invented_topology | {"bbox": []}, tmp_path)
    assert one.url != other.url
    assert json.loads((tmp_path / Path(one.url).name).read_text("utf-8")) == invented_topology
    assert (len(one.codes["vr"]), len(one.codes["gemeente"])) == (25, 342)
    assert one.codes["vr"][0] == "VR01"


def test_boundaries_without_a_level_are_refused(tmp_path: Path, invented_topology: dict[str, object]) -> None:
    without = invented_topology | {"objects": {"vr": invented_topology["objects"]["vr"]}}
    with pytest.raises(ContractError, match="lack 'gemeente'"):
        publish_geometry(without, tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file where the folder should be")
    with pytest.raises(SnapshotError, match="make that folder writable"):
        publish(tmp_path / "static")


def test_the_server_sends_modules_as_modules_and_squeezes_them(
    tmp_path: Path, serve: Callable[..., str], invented_topology: dict[str, object]
) -> None:
    # With the wrong content type a browser refuses a module: the server forbids guessing (nosniff).
    (tmp_path / "page.py").write_text(SCRIPT)
    folder = publish(tmp_path / "static")
    geometry = publish_geometry(invented_topology, tmp_path / "static")
    url = serve(tmp_path / "page.py")
    kinds = {}
    for name in (f"{folder}map.js", f"{folder}leaflet.js", f"{folder}map.css", geometry.url):
        request = urllib.request.Request(f"{url}/{name}", headers={"Accept-Encoding": "gzip"})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310 (our own server)
            kinds[Path(name).suffix] = answer.headers.get_content_subtype()
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Last-Modified"].endswith("2001 01:46:40 GMT")
            assert (
                gzip.decompress(answer.read()) == (tmp_path / "static" / name.removeprefix("app/static/")).read_bytes()
            )
    assert kinds == {".js": "javascript", ".css": "css", ".json": "json"}
