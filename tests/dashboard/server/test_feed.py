"""The address for other systems: a real server, real tokens, and nothing of another region."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest

from access import audit, tokens
from access.viewer import Viewer, parse_viewer
from dashboard.server import feed
from door import store as access
from geodata import settings
from geodata.errors import InputError
from register import record as write
from tests.dashboard.server.shared import data_dir  # noqa: F401 - for every test here

ATOM = "{http://www.w3.org/2005/Atom}"
pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
TODAY = date.today()  # noqa: DTZ011 - a day on the wall
TOMORROW, YESTERDAY = TODAY + timedelta(days=1), TODAY - timedelta(days=2)


def ask(url: str, token: str = "") -> tuple[int, dict[str, Any]]:
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


def fetch(url: str, token: str) -> tuple[str, str]:
    """Return what an address answers, with its type."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return answer.headers["Content-Type"], answer.read().decode()


def test_notices_are_an_atom_feed_whose_entries_keep_their_id(address: str) -> None:
    token = tokens.give("lezer", parse_viewer("region:VR06"), TOMORROW)
    fields = {"event_date": "2020-11-24", "origin": "own", "theme": "wonen", "text": "nachtwerk", "vr_code": "VR06"}
    entries = []
    for _ in range(2):
        write.record(Viewer("lotc", person="feed test"), "signal", fields | {"sector_code": "lodging"})
        kind, body = fetch(f"{address}/notices.atom", token)
        feed_of = ET.fromstring(body)  # noqa: S314 - our own
        titles = {entry.findtext(f"{ATOM}id"): entry.findtext(f"{ATOM}title") for entry in feed_of.iter(f"{ATOM}entry")}
        entries.append(titles[f"{address}/notices.atom#signal-VR06-2020-W48"])
    assert kind == "application/atom+xml"
    assert [title.split(":")[0] for title in entries] == [
        "Een nieuw signaal dat nog niemand oppakte",
        "2 nieuwe signalen die nog niemand oppakte",
    ]
    assert "nachtwerk" not in body
    assert (feed_of.findtext(f"{ATOM}id"), feed_of.findtext(f"{ATOM}updated")[:7]) == (
        f"{address}/notices.atom",
        "2020-11",
    )
    assert feed_of.findtext(f"{ATOM}title").startswith("VOORBEELD")
    other = fetch(f"{address}/notices.atom", tokens.give("ander", parse_viewer("region:VR20"), TOMORROW))[1]
    assert "signal-VR06" not in other


def test_planned_visits_are_a_calendar_without_a_place(address: str) -> None:
    line = {"plan_id": "p", "plan_state": "approved", "list": "risk", "vr_code": "VR06", "week": "2020-W50"}
    for _ in range(3):
        write.record(Viewer("lotc", person="feed test"), "plan_line", line | {"reason": "nachtwerk"})
    kind, body = fetch(f"{address}/notices.ics?lang=en", tokens.give("k", parse_viewer("region:VR06"), TOMORROW))
    lines = body.replace("\r\n ", "").split("\r\n")
    assert kind == "text/calendar; charset=utf-8"
    assert (lines[0], lines[-2], lines.count("BEGIN:VEVENT")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 1)
    assert {"UID:visit-VR06-2020-W50@risicobeeld", "DTSTART;VALUE=DATE:20201207", "DTEND;VALUE=DATE:20201214"} <= set(
        lines
    )
    assert "3 visits in an approved plan" in body.replace("\r\n ", "")
    assert "nachtwerk" not in body
    assert max(len(one.encode()) for one in body.split("\r\n")) <= 75


@pytest.mark.parametrize("path", ["notices.atom", "notices.ics"])
def test_notices_are_behind_a_token_too(address: str, path: str) -> None:
    assert ask(f"{address}/{path}")[0] == 401
    assert ask(f"{address}/{path}?token=guess")[0] == 401


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


def test_a_request_that_makes_no_sense_is_answered_and_tells_the_log_nothing(address: str, capfd, caplog) -> None:
    caplog.set_level("INFO")
    port = int(address.rpartition(":")[2])
    for asked, status in {
        b"GET http://[::1/health HTTP/1.0\r\n\r\n": b"400",
        b"POST http://[kanarie/unsubscribe HTTP/1.0\r\n\r\n": b"400",
        b"GET /" + b"kanarie" * 10_000 + b" HTTP/1.0\r\n\r\n": b"414",
        b"GET /health HTTP/9.9\r\n\r\n": b"505",
        b"\0kanarie\xff\r\n\r\n": b"400",
    }.items():
        with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
            line.sendall(asked)
            with line.makefile("rb") as answer:
                assert status in answer.read(), asked[:40]
    with feed.serve(0) as server:
        try:
            int("kanarie")
        except ValueError:
            server.handle_error(None, ("203.0.113.9", 1))
    told = "".join(capfd.readouterr()) + caplog.text
    assert "Traceback" not in told
    assert "kanarie" not in told
    assert "203.0.113.9" not in told
    assert "a request broke off" in told


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
