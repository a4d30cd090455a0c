"""Nothing of one region reaches the tabs of another: pages, map, downloads, errors and logs, caches warm."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from access.database import engine as database
from door import store as access
from tests.browser.fixtures import ROOT, fork_streamlit, stop
from tests.door import canaries, walk, wire

REGIONS = ("VR06", "VR20", "VR23")  # all of them walk in bench/
Birds = dict[str, canaries.Canary]


@pytest.fixture(scope="module")
def aviary(
    tmp_path_factory: pytest.TempPathFactory, once: Callable[[str, Callable[[Path], None]], Path]
) -> Iterator[tuple[str, Birds, Path, dict[str, str]]]:
    """Serve a country of canaries; give its address, the canaries, the server's log and one site per region."""
    folder = tmp_path_factory.mktemp("aviary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(folder / "data"))
        _, birds = canaries.copy(once("canaries", canaries.build_in), folder / "data")
        sites = access.open_store(canaries.LOTC).table("sites").drop_duplicates("vr_code")
        one_site = dict(zip(sites["vr_code"], sites["site_id"], strict=True))
        server, url = fork_streamlit(ROOT / "app.py", folder / "server.log", RISICOBEELD_DATA=str(folder / "data"))
        yield url, birds, folder / "server.log", one_site
        stop(server)
        database.close()


@pytest.fixture(scope="module")
def nation(aviary: tuple[str, Birds, Path, dict[str, str]]) -> str:
    """Let LOT-C walk first, so that every cache holds the whole country when a region comes."""
    return wire.walk(aviary[0], "lotc")


def test_lotc_sees_the_canaries_so_the_search_works(aviary, nation: str) -> None:
    """Name and text of every region, and places: a walk that missed messages or files would not."""
    birds = aviary[1]
    seen = set(walk.found(nation, birds, own=""))
    for bird in birds.values():
        assert {bird.name, bird.text} <= seen
    places = {" ".join(walk.marks(bird)[-2:]) for bird in birds.values()}
    assert len(places & seen) > len(places) / 2, "all but those that lie between two whole 1e-5 of a degree"


@pytest.mark.usefixtures("nation")
@pytest.mark.parametrize("code", REGIONS)
def test_a_region_receives_its_own_and_nothing_of_another(aviary, code: str) -> None:
    url, birds, _, one_site = aviary
    other = "VR07" if code != "VR07" else "VR08"
    arrived = wire.walk(url, f"region:{code}", one_site[other])
    assert birds[code].name in arrived
    assert walk.found(arrived, birds, own=code) == []


@pytest.mark.usefixtures("nation")
@pytest.mark.parametrize("role", ["policy", "partner:Partner-VR06", "privacy"])
def test_other_roles_receive_no_name_and_no_text(aviary, role: str) -> None:
    url, birds, _, one_site = aviary
    arrived = wire.walk(url, role, one_site["VR07"])
    assert walk.found(arrived, birds, own="VR06" if "VR06" in role else "") == []


@pytest.mark.usefixtures("nation")
def test_a_browser_of_a_region_receives_nothing_of_another(aviary, browser: Browser) -> None:
    """What the scripts of the pages ask for by themselves comes too."""
    url, birds, _, one_site = aviary
    arrived = walk.walk(browser, url, "region:VR20", others_site=one_site["VR07"])
    assert birds["VR20"].name in arrived
    assert walk.found(arrived, birds, own="VR20") == []


def test_the_log_of_the_server_names_nothing(aviary, nation: str) -> None:
    """After everybody has walked; what the log may hold are times and kinds of error."""
    assert nation
    _, birds, log, _ = aviary
    text = log.read_text("utf-8", "replace")
    assert walk.found(text, birds, own="") == []
