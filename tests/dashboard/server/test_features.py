"""OGC API Features: a real server read by GDAL's own driver, and nothing of another region."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import date, timedelta
from typing import Any

import pytest

from access import tokens
from access.viewer import parse_viewer
from dashboard.server import features
from door.store import open_store
from geodata import codes

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
TOMORROW = date.today() + timedelta(days=1)  # noqa: DTZ011 - a day on the wall


def ask(url: str, token: str = "", host: str = "") -> tuple[int, dict[str, Any], dict[str, str]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers | ({"Host": host} if host else {}))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused), dict(refused.headers)


READER = """
import json, sys, pyogrio
from tests.dashboard.server.shared import data_dir  # noqa: F401 - for every test here
address, token = sys.argv[1:]
pyogrio.set_gdal_config_options({"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": token})
layers = [str(name) for name, _ in pyogrio.list_layers(f"OAPIF:{address}")]
found = pyogrio.read_dataframe(f"OAPIF:{address}", layer="gemeente")
areas = found.to_crs(28992).area
print(json.dumps([layers, found["area_code"].tolist(), found["status_band"].tolist(), areas.tolist()]))
"""


def test_the_driver_of_gdal_reads_a_regions_own_gemeenten(address: str) -> None:
    token = tokens.give("gis", parse_viewer("region:VR06"), TOMORROW)
    # a process of its own: the driver waits for the server, which could not answer within the same one
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READER, address, token], capture_output=True, check=True, timeout=300
    )
    layers, area_codes, bands, areas = json.loads(done.stdout)
    assert set(layers) == {"vr", "gemeente", "site", "alarms"}
    table = open_store(parse_viewer("lotc")).table("gemeenten").set_index("gemeente_code")
    own = table[table["vr_code"] == "VR06"]
    assert set(area_codes) == set(own.index)
    assert all(banner.startswith("VOORBEELD") for banner in bands)
    for code, area in zip(area_codes, areas, strict=True):
        assert area == pytest.approx(own.geometry[code].area, rel=0.01)


def test_without_a_token_there_is_nothing_not_even_a_list(address: str) -> None:
    for path in (*features.ROUTES, "/collections/vr", "/collections/vr/items", "/collections/vr/items/VR06"):
        assert ask(address + path)[0] == 401


def test_pages_follow_each_other_and_lose_nobody(address: str) -> None:
    token = tokens.give("gis", parse_viewer("lotc"), TOMORROW)
    url, seen = f"{address}/collections/vr/items?limit=10", []
    while url:
        status, body, headers = ask(url, token)
        assert (status, body["numberMatched"]) == (200, 25)
        assert headers["Content-Crs"] == f"<{features.CRS84}>"
        seen += [feature["id"] for feature in body["features"]]
        url = next((link["href"] for link in body["links"] if link["rel"] == "next"), "")
        assert token not in json.dumps(body)
    assert len(seen) == len(set(seen)) == 25


def test_a_box_and_dutch_coordinates(address: str) -> None:
    token = tokens.give("gis", parse_viewer("analyst"), TOMORROW)
    wadden = "/collections/gemeente/items?bbox=4.6,53.0,4.95,53.2"
    _, body, _ = ask(address + wadden, token)
    names = {feature["properties"]["area_name"] for feature in body["features"]}
    assert "Texel" in names
    assert len(names) < 5
    _, inside, headers = ask(f"{address}{wadden}&crs={features.RD}", token)
    x, y = inside["features"][0]["geometry"]["coordinates"][0][0][:2]
    while isinstance(x, list):
        x, y = x
    assert (1e4 < x < 3e5, 3e5 < y < 6.3e5) == (True, True)
    assert headers["Content-Crs"] == f"<{features.RD}>"
    _, same, _ = ask(
        f"{address}/collections/gemeente/items?bbox=110000,555000,120000,580000&bbox-crs={features.RD}", token
    )
    assert "Texel" in {feature["properties"]["area_name"] for feature in same["features"]}


def test_one_feature_by_its_id_and_none_of_another_region(address: str) -> None:
    token = tokens.give("gis", parse_viewer("region:VR06"), TOMORROW)
    status, one, _ = ask(f"{address}/collections/vr/items/VR06", token)
    assert (status, one["id"], one["type"]) == (200, "VR06", "Feature")
    assert ask(f"{address}/collections/vr/items/VR23", token)[0] == 404
    assert ask(f"{address}/collections/nothing/items", token)[0] == 404


def test_a_role_is_told_only_of_what_it_may_open(address: str) -> None:
    for role, names in (("policy", {"vr"}), ("analyst", {"vr", "gemeente", "alarms"}), ("privacy", set())):
        token = tokens.give(role, parse_viewer(role), TOMORROW)
        _, body, _ = ask(f"{address}/collections", token)
        assert {one["id"] for one in body["collections"]} == names, role
        _, described, _ = ask(f"{address}/api", token)
        assert {path.split("/")[2] for path in described["paths"] if path.endswith("/items")} == names
        for name in set(features.COLLECTIONS) - names:
            assert ask(f"{address}/collections/{name}/items", token)[0] == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "offset=-1",
        "bbox=1,2,3",
        "bbox=9,9,1,1",
        "bbox=nan,1,2,3",
        "crs=x",
        "nonsense=1",
        "sector=none",
        "week=2019-W01",
        "datetime=soon",
        "datetime=2020-12-01/2020-11-01",
    ],
)
def test_a_parameter_that_cannot_be_used_is_said_to_be(address: str, query: str) -> None:
    token = tokens.give("gis", parse_viewer("policy"), TOMORROW)
    status, body, _ = ask(f"{address}/collections/vr/items?{query}", token)
    assert status == 400
    assert len(body["error"]) > 10


def test_a_week_is_the_picture_of_that_week_and_figures_are_what_they_can_bear(address: str) -> None:
    token = tokens.give("gis", parse_viewer("lotc"), TOMORROW)
    _, now, _ = ask(f"{address}/collections/vr/items?limit=25", token)
    _, then, _ = ask(f"{address}/collections/vr/items?limit=25&week=2020-W40", token)
    days = [{one["properties"]["peildatum"] for one in body["features"]} for body in (now, then)]
    assert days == [{"2020-11-30"}, {"2020-10-04"}]
    one = now["features"][0]["properties"]
    assert one["score_0_10"] == round(one["score_0_10"], 2)
    assert isinstance(one["risk_class"], int)
    assert isinstance(one["rank"], int)


@pytest.mark.parametrize(
    ("when", "found_n"),
    [
        ("2020-11-30", 1),
        ("2020-11-30T12:00:00Z", 1),
        ("2020-11-01/2020-12-01", 1),
        ("../2020-11-30", 1),
        ("2020-01-01", 0),
        ("2020-12-01/..", 0),
    ],
)
def test_a_time_is_held_against_the_reference_date(address: str, when: str, found_n: int) -> None:
    token = tokens.give("gis", parse_viewer("region:VR06"), TOMORROW)
    status, body, _ = ask(f"{address}/collections/vr/items?datetime={when}", token)
    assert (status, body["numberMatched"]) == (200, found_n)


def test_a_parameter_that_a_collection_does_not_know_is_refused(address: str) -> None:
    token = tokens.give("gis", parse_viewer("lotc"), TOMORROW)
    assert ask(f"{address}/collections/alarms/items?sector=glass", token)[0] == 400
    sector = next(iter(codes.SECTORS))
    _, body, _ = ask(f"{address}/collections/site/items?limit=1000&sector={sector}", token)
    assert {one["properties"]["sector_code"] for one in body["features"]} == {sector}


def test_a_host_that_is_no_host_is_not_repeated(address: str) -> None:
    token = tokens.give("gis", parse_viewer("policy"), TOMORROW)
    _, body, _ = ask(address + "/", token, host="evil.example/<script>")
    assert all(link["href"].startswith(address) for link in body["links"])
    _, body, _ = ask(address + "/", token, host="kaart.example.org")
    assert body["links"][0]["href"] == "http://kaart.example.org/"


def test_the_data_dictionary_is_served_behind_the_token(address: str) -> None:
    assert ask(address + features.DICTIONARY)[0] == 401
    token = tokens.give("gis", parse_viewer("policy"), TOMORROW)
    _, landing, _ = ask(f"{address}/", token)
    told = next(link["href"] for link in landing["links"] if link["rel"] == "describedby")
    status, body, _ = ask(told, token)
    assert (status, {table["name"] for table in body["tables"]} >= {"scores", "exposure"}) == (200, True)
