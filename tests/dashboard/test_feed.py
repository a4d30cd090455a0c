"""The address for other systems: a real server, real tokens, and nothing of another region."""

import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import geopandas as gpd
import httpx
import pytest

from access import audit, tokens
from access.viewer import parse_viewer
from dashboard.server import feed
from door import store as access
from geodata import settings
from geodata.errors import InputError

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
TODAY = date.today()  # noqa: DTZ011 - a day on the wall
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feed") / "data"


@pytest.fixture(autouse=True)
def data_dir(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Share one folder between these tests; each begins without a token."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    (folder / "feed_tokens.json").unlink(missing_ok=True)
    return folder


@pytest.fixture
def address() -> Iterator[str]:
    with feed.serve(0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def ask(url: str, token: str = "") -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def test_a_region_gets_its_own_figures_and_nothing_of_another(address: str) -> None:
    token = tokens.give("kaart", parse_viewer("region:VR06"), TOMORROW)
    status, regions = ask(f"{address}/vr.geojson", token)
    assert status == 200
    assert [feature["properties"]["area_code"] for feature in regions["features"]] == ["VR06"]
    _, gemeenten = ask(f"{address}/gemeente.geojson?sector=slaughter_meat", token)
    table = access.open_store(parse_viewer("lotc")).table("gemeenten")
    own = set(table.loc[table["vr_code"] == "VR06", "gemeente_code"])
    assert {feature["properties"]["area_code"] for feature in gemeenten["features"]} == own
    properties = gemeenten["features"][0]["properties"]
    assert properties["sector_code"] == "slaughter_meat"
    assert properties["status_band"] == "VOORBEELD - verzonnen cijfers"
    assert properties["scope"] == "region:VR06"
    assert "ODbL" in properties["licence"]
    assert all(properties[name] for name in ("model_version", "data_version", "peildatum", "attribution"))
    west, south, *_ = gpd.GeoDataFrame.from_features(gemeenten["features"]).total_bounds
    assert (3 < west < 8, 50 < south < 54) == (True, True), "degrees"
    _, sites = ask(f"{address}/site.geojson", token)
    own_sites = set(access.open_store(parse_viewer("region:VR06")).table("sites")["site_id"])
    assert {feature["properties"]["unit_id"] for feature in sites["features"]} == own_sites


@pytest.mark.parametrize("role", ["policy", "analyst", "partner:NVWA"])
def test_sites_are_only_for_those_who_may_take_them_away(address: str, role: str) -> None:
    status, answer = ask(f"{address}/site.geojson", tokens.give("x", parse_viewer(role), TOMORROW))
    assert status == 403
    assert "may not" in str(answer["error"])


def test_only_a_living_token_opens_the_address(address: str) -> None:
    token = tokens.give("kaart", parse_viewer("lotc"), TOMORROW)
    assert ask(f"{address}/vr.geojson")[0] == 401
    assert ask(f"{address}/vr.geojson", "guess")[0] == 401
    assert ask(f"{address}/vr.geojson?token={token}")[0] == 200
    renewed = tokens.give("kaart", parse_viewer("lotc"), TOMORROW)
    assert ask(f"{address}/vr.geojson", token)[0] == 401, "a new token ends the old one"
    tokens.revoke("kaart")
    assert ask(f"{address}/vr.geojson", renewed)[0] == 401
    late = tokens.give("laat", parse_viewer("lotc"), YESTERDAY)
    assert ask(f"{address}/vr.geojson", late)[0] == 401
    with pytest.raises(InputError, match="laat"):
        tokens.revoke("kaart")


def test_tokens_are_kept_as_digests_that_only_the_owner_reads() -> None:
    token = tokens.give("kaart", parse_viewer("lotc"), TOMORROW)
    path = settings.data_dir() / "feed_tokens.json"
    assert token not in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0


def test_health_and_wrong_addresses(address: str) -> None:
    assert ask(f"{address}/health") == (
        200,
        {"status": "ok", "data": access.open_store(parse_viewer("lotc")).data_version},
    )
    assert ask(f"{address}/people")[0] == 404
    token = tokens.give("kaart", parse_viewer("lotc"), TOMORROW)
    status, answer = ask(f"{address}/vr.geojson?sector=%3Cscript%3E", token)
    assert status == 400
    assert "does not exist" in str(answer["error"])


def test_every_answer_leaves_a_line_in_the_audit_trail(address: str) -> None:
    token = tokens.give("kaart", parse_viewer("region:VR23"), TOMORROW)
    ask(f"{address}/vr.geojson", token)
    newest = audit.read()[lambda lines: lines["what"] == "export"].iloc[0]
    assert newest[["surface", "role", "who"]].tolist() == ["feed", "region:VR23", "system kaart"]


@pytest.mark.parametrize("where", ["0.0.0.0", "", "192.0.2.7"])  # noqa: S104 - every address, and another's
def test_without_sign_in_only_this_machine_is_answered(where: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(tmp_path / "secrets.toml"))
    with pytest.raises(InputError, match="does not listen"):
        feed.serve(0, where)
    (tmp_path / "secrets.toml").write_text("[auth]\n")
    if where != "192.0.2.7":  # an address that no machine has
        feed.serve(0, where).server_close()


def test_the_process_answers_a_client_of_its_own() -> None:
    """The command itself, and a client that is no test's: with a token, without one, and for health."""
    token = tokens.give("gis", parse_viewer("region:VR06"), TOMORROW)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "dashboard.feed", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            while True:
                assert process.poll() is None
                try:
                    health = client.get("/health")
                    break
                except httpx.ConnectError:
                    time.sleep(0.1)
            assert health.json()["status"] == "ok"
            answer = client.get("/vr.geojson", headers={"Authorization": f"Bearer {token}"}, params={"lang": "en"})
            properties = answer.json()["features"][0]["properties"]
            assert (answer.headers["content-type"], properties["status_band"]) == (
                "application/geo+json",
                "EXAMPLE - invented figures",
            )
            refused = client.get("/vr.geojson")
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert client.post("/vr.geojson").status_code == 501
    finally:
        process.terminate()
        process.wait(20)
