"""What the server does with a visit that a phone sends: the page's own rules, once, and from nobody else."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from access import admission, audit, people, tokens
from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from dashboard.shell.problems import in_words
from dashboard.visit import server
from door.store import open_store
from geodata.errors import RisicobeeldError
from register import form
from register import record as write
from register.read import Filters
from words import LANGUAGES, read_texts

LOTC = Viewer("lotc", person="test")
SECRET = "only-for-this-test-0123456789abcdef"  # noqa: S105 (invented)
ORIGIN = "https://risicobeeld.example.org"
NOW = time.time()
VISIT = {
    "kind": "preventief",
    "themes": "wonen;werken",
    "gemeente_code": "GM0200",
    "sector_code": "lodging",
    "outcome": "niets aangetroffen",
    "event_date": "2020-11-30",
    "trigger": "eigen_constatering",
    "partners": "GGD",
    "infections_found": "no",
    "integral": True,
}
Send = Callable[..., Any]


@pytest.fixture
def sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, computed: Path) -> Iterator[Path]:
    """Set up sign-in as a server has it, with a register of its own."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out").symlink_to(computed)
    file = tmp_path / "secrets.toml"
    file.write_text(f'[auth]\nredirect_uri = "{ORIGIN}/oauth2callback"\ncookie_secret = "{SECRET}"\n', "utf-8")
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(file))
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(file)])
    secrets_singleton._reset()
    server._sent.clear()
    yield file
    config.set_option("secrets.files", before)
    secrets_singleton._reset()
    database.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Serve the form's addresses as Streamlit's server does."""
    app = Starlette(routes=server.routes())
    running = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None))
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join()


@pytest.fixture
def phone(sign_in: Path, address: str) -> Iterator[httpx.Client]:  # noqa: ARG001 - the server is set up so
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        yield client


def cookie(sub: str, secret: str = SECRET, **claims: object) -> dict[str, str]:
    """Return the cookie that Streamlit sets at sign-in, signed with its own code."""
    told = {"iss": "https://provider.example.org", "sub": sub, "email": f"{sub}@example.org", "email_verified": True}
    told |= {"iat": NOW, "exp": NOW + 3600, "nonce": sub, "origin": ORIGIN, "is_logged_in": True, "provider": "default"}
    return {"_streamlit_user": create_signed_value(secret, "_streamlit_user", json.dumps(told | claims)).decode()}


def enter(phone: httpx.Client, sub: str, **claims: object) -> dict[str, Any]:
    """Sign in on a phone and ask whose it is."""
    phone.cookies.clear()
    phone.cookies.update(cookie(sub, **claims))
    told: dict[str, Any] = phone.get("/visit/who").json()
    return told


def send(phone: httpx.Client, told: dict[str, Any], fields: object = None, **more: Any) -> Any:
    """Send a visit as the form does; ``headers`` are set over its own, None takes one away."""
    headers = {"Origin": ORIGIN, "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
    headers |= {"X-Visit-Token": told.get("token", ""), "X-Visit-Person": told.get("person", "")}
    headers |= more.pop("headers", {})
    path = more.pop("path", "/visit/send")
    body = {"id": str(uuid.uuid4()), "fields": VISIT if fields is None else fields} | more
    kept = {name: value for name, value in headers.items() if value is not None}
    return phone.post(path, content=json.dumps(body), headers=kept)


def recorded() -> list[dict[str, Any]]:
    """Return the visits of the register that were recorded here."""
    rows = open_store(LOTC).register("activations", Filters(first=date(2020, 11, 30), last=date(2020, 11, 30)))
    return rows[rows["version"] > 0].to_dict("records")


@pytest.fixture
def regional(phone: httpx.Client) -> dict[str, Any]:
    """Sign in the contact of VR06 (Apeldoorn, GM0200, lies there)."""
    people.add(LOTC, "sam@example.org", parse_viewer("region:VR06"))
    return enter(phone, "sam")


def test_a_visit_of_a_signed_in_person_stands_in_the_register(phone: httpx.Client, regional: dict[str, Any]) -> None:
    assert (regional["state"], regional["regions"], regional["writes"]) == ("in", ["VR06"], True)
    answer = send(phone, regional)
    assert (answer.status_code, answer.json()["state"]) == (200, "kept")
    (row,) = recorded()
    assert (row["vr_code"], row["recorded_by"], row["status"]) == ("VR06", "sam@example.org", "official")
    assert (row["themes"], row["integral"], row["infections_found"]) == ("wonen;werken", True, "no")


def test_sending_twice_keeps_it_once(phone: httpx.Client, regional: dict[str, Any]) -> None:
    name = str(uuid.uuid4())
    answers = [send(phone, regional, id=name).json()["state"] for _ in range(3)]
    assert answers == ["kept", "kept", "kept"]
    assert len(recorded()) == 1
    other = send(phone, regional, VISIT | {"outcome": "toch iets gezien"}, id=name).json()
    assert other["state"] == "refused"
    assert "andere inhoud" in other["reason"]["nl"]
    assert [row["outcome"] for row in recorded()] == ["niets aangetroffen"]


def test_the_identity_on_a_phone_names_no_entry_of_another(phone: httpx.Client, regional: dict[str, Any]) -> None:
    theirs = write.record(LOTC, "activation", VISIT | {"gemeente_code": "GM0363"})
    assert send(phone, regional, id=theirs.entity_id).json()["state"] == "kept"
    assert {row["vr_code"] for row in recorded()} == {"VR13", "VR06"}
    for name in ("A0001", "../x", "", None, 7, "0" * 31):
        assert send(phone, regional, id=name).json()["state"] == "refused"


def test_the_same_place_on_the_same_day_is_asked_about(phone: httpx.Client, regional: dict[str, Any]) -> None:
    write.record(parse_viewer("region:VR06"), "activation", VISIT | {"outcome": "door een ander"})
    asked = send(phone, regional)
    assert (asked.status_code, asked.json()["state"], asked.json()["question"]) == (409, "asked", "same_day")
    assert "door een ander" not in asked.text
    assert len(recorded()) == 1
    assert send(phone, regional, anyway=["same_day"]).json()["state"] == "kept"
    assert len(recorded()) == 2
    assert send(phone, regional, VISIT | {"sector_code": "construction"}).json()["state"] == "kept"


def compare(phone: httpx.Client, told: dict[str, Any], fields: object = None, **more: Any) -> Any:
    """Ask what stands in the place of a visit."""
    return send(phone, told, fields, path="/visit/compare", **more)


def test_what_stands_is_shown_beside_what_was_sent_and_nothing_of_another_region(
    phone: httpx.Client, regional: dict[str, Any]
) -> None:
    assert compare(phone, regional).json() == {"state": "compared", "stands": []}
    write.record(parse_viewer("region:VR06"), "activation", VISIT | {"outcome": "door een ander", "integral": False})
    write.record(LOTC, "activation", VISIT | {"gemeente_code": "GM0363", "outcome": "in Amsterdam"})
    (stands,) = compare(phone, regional).json()["stands"]
    assert set(stands) == set(form.NAMES)
    assert stands | VISIT == stands | VISIT | {"vr_code": "VR06"}
    differing = {name: stands[name] for name in VISIT if stands[name] != (VISIT[name] if name != "integral" else "yes")}
    assert differing == {"outcome": "door een ander", "integral": ""}
    for change in ({"gemeente_code": "GM0363"}, {"gemeente_code": "GM0363", "vr_code": "VR06"}, {"event_date": "x"}):
        assert compare(phone, regional, VISIT | change).json()["stands"] == []
    assert len(recorded()) == 2, "asking records nothing"


def test_a_visit_that_stands_with_another_content_is_shown_as_it_stands(
    phone: httpx.Client, regional: dict[str, Any]
) -> None:
    name = str(uuid.uuid4())
    send(phone, regional, id=name)
    changed = VISIT | {"outcome": "toch iets gezien"}
    assert send(phone, regional, changed, id=name).json()["question"] == "stands_otherwise"
    (stands,) = compare(phone, regional, changed, id=name).json()["stands"]
    assert (stands["outcome"], stands["integral"]) == ("niets aangetroffen", "yes")


def test_what_stands_is_told_to_a_session_and_its_own_page_alone(phone: httpx.Client, regional: dict[str, Any]) -> None:
    send(phone, regional)
    for headers in ({"Origin": "https://evil.example"}, {"X-Visit-Token": "x"}, {"X-Visit-Person": "x"}):
        answer = compare(phone, regional, headers=headers)
        assert (answer.status_code, "stands" in answer.json()) == (403, False)
    assert phone.get("/visit/compare").status_code == 405
    people.revoke(LOTC, "sam@example.org")
    assert compare(phone, regional).status_code == 403
    phone.cookies.clear()
    assert compare(phone, regional).status_code == 401


def test_a_page_leads_to_the_form_only_where_it_is_served(sign_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = read_texts("nl")
    assert server.way_in(texts) == "", "Streamlit alone, as `streamlit run app.py` starts it, does not serve it"
    monkeypatch.setattr(server, "_mounted", threading.Event())
    server._mounted.set()
    led = server.way_in(texts, site="S1&x", gemeente="GM0200", sector="")
    assert 'href="visit/?lang=nl&amp;site=S1%26x&amp;gemeente=GM0200"' in led
    sign_in.unlink()
    assert server.way_in(texts) == ""


def test_what_looks_personal_is_asked_about_first(phone: httpx.Client, regional: dict[str, Any]) -> None:
    asked = send(phone, regional, VISIT | {"outcome": "bel 06-12345678"}).json()
    assert (asked["state"], asked["question"]) == ("asked", "personal")
    assert recorded() == []
    assert send(phone, regional, VISIT | {"outcome": "bel 06-12345678"}, anyway=["personal"]).json()["state"] == "kept"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": ""}, "Nog nodig: Wat gebeurde er?."),
        ({"kind": "", "themes": ""}, "Nog nodig: Soort, Thema's."),
        ({"gemeente_code": ""}, "Plaats"),
        ({"gemeente_code": "GM9999"}, "Plaats"),
        ({"gemeente_code": "", "route_from": "Apeldoorn", "vr_code": "VR06"}, "Plaats"),
        ({"gemeente_code": "GM0363"}, "mag dit niet vastleggen"),
        ({"gemeente_code": "", "route_from": "a", "route_to": "b", "vr_code": "VR13"}, "mag dit niet vastleggen"),
        ({"site_id": "S-bestaat-niet"}, "dat is er niet"),
        ({"kind": "anders"}, "Soort"),
        ({"event_date": "gisteren"}, "Datum"),
        ({"trigger": "zomaar"}, "Aanleiding"),
        ({"outcome": "x" * 20_001}, "20000"),
        ({"status": "official"}, "geen bezoek van dit formulier"),
        ({"signal_id": "S1"}, "geen bezoek van dit formulier"),
        ({"outcome": ["a"]}, "geen bezoek van dit formulier"),
    ],
)
def test_a_refused_visit_says_why_in_both_languages(
    phone: httpx.Client, regional: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    answer = send(phone, regional, VISIT | change).json()
    assert answer["state"] == "refused"
    assert words in answer["reason"]["nl"]
    assert answer["reason"]["en"] != answer["reason"]["nl"]
    assert recorded() == []


def test_a_site_of_another_region_is_refused_as_one_that_is_not_there(
    phone: httpx.Client, regional: dict[str, Any]
) -> None:
    sites = open_store(LOTC).table("sites")
    theirs = sites[~sites["vr_code"].isin(["VR06", ""])].iloc[0]["site_id"]
    answers = [send(phone, regional, VISIT | {"site_id": name}).json() for name in (theirs, "X-nergens")]
    told = [
        answer["reason"]["nl"].replace(name, "-") for answer, name in zip(answers, (theirs, "X-nergens"), strict=True)
    ]
    assert told[0] == told[1]
    assert recorded() == []


def test_the_rules_are_those_of_the_register(phone: httpx.Client, regional: dict[str, Any]) -> None:
    """Whatever a writer's own function refuses, is refused here with its very sentence."""
    viewer = parse_viewer("region:VR06")
    for change in ({"trigger": "x"}, {"gemeente_code": "GM0363"}, {"site_id": "nee"}, {"event_date": "x"}):
        fields = form.placed(dict.fromkeys(form.NAMES, "") | VISIT | change)
        with pytest.raises(RisicobeeldError) as refused:
            write.record(viewer, "activation", fields)
        assert send(phone, regional, VISIT | change).json()["reason"]["en"] == in_words(read_texts("en"), refused.value)


# --- who may not -----------------------------------------------------------------------------------------------


def test_without_a_session_nothing_is_taken(phone: httpx.Client, regional: dict[str, Any]) -> None:
    phone.cookies.clear()
    answer = send(phone, regional)
    assert (answer.status_code, answer.json()["state"]) == (401, "out")
    assert phone.get("/visit/who").json()["state"] == "out"
    assert recorded() == []


def test_a_token_of_the_feed_never_writes(phone: httpx.Client, regional: dict[str, Any]) -> None:
    token = tokens.give("systeem", parse_viewer("region:VR06"), datetime.now(UTC).date(), person="sam@example.org")
    phone.cookies.clear()
    for headers in ({"Authorization": f"Bearer {token}"}, {"X-Visit-Token": token}):
        assert send(phone, regional, headers=headers).status_code == 401
    answer = phone.post(f"/visit/send?token={token}", json={}, headers={"Origin": ORIGIN})
    assert answer.status_code == 401
    assert recorded() == []


@pytest.mark.parametrize(
    "claims",
    [
        {"secret": "another-secret-0123456789abcdef0123"},
        {"exp": NOW - 1},
        {"iat": NOW - admission.LONGEST_SESSION_S - 1},
        {"origin": "https://elsewhere.example.org"},
        {"is_logged_in": False},
        {"email_verified": False, "sub": "ander", "email": "nieuw@example.org"},
        {"sub": "tweede"},
        {"sub": "vreemd", "email": "vreemd@example.org"},
    ],
)
def test_a_session_that_a_page_refuses_is_refused_here(
    phone: httpx.Client, regional: dict[str, Any], claims: dict[str, Any]
) -> None:
    people.add(LOTC, "nieuw@example.org", parse_viewer("region:VR06"))
    phone.cookies.clear()
    phone.cookies.update(cookie(**{"sub": "sam", "email": "sam@example.org"} | claims))
    answer = send(phone, regional)
    assert answer.status_code in (401, 403)
    assert answer.json()["state"] == "out"
    assert phone.get("/visit/who").json()["state"] == "out"
    assert recorded() == []


def test_who_is_revoked_or_signed_out_sends_nothing_more(phone: httpx.Client, regional: dict[str, Any]) -> None:
    people.revoke(LOTC, "sam@example.org")
    answer = send(phone, regional)
    assert (answer.status_code, answer.json()["state"]) == (403, "out")
    assert "ingetrokken" in answer.json()["reason"]["nl"]
    assert "revoked" in set(audit.read().query("surface == 'visit form' and what == 'refused'")["table"])
    people.add(LOTC, "bo@example.org", parse_viewer("region:VR06"))
    told = enter(phone, "bo")
    admission.end_session(
        {"iss": "https://provider.example.org", "sub": "bo", "iat": NOW, "nonce": "bo", "exp": NOW + 3600}, "test"
    )
    assert send(phone, told).json()["state"] == "ended"
    assert recorded() == []


def test_a_deputy_sends_until_the_principal_has_left(phone: httpx.Client) -> None:
    people.add(LOTC, "vast@example.org", parse_viewer("region:VR06"))
    people.add_deputy(LOTC, "nu@example.org", "vast@example.org", datetime.now(UTC).date() + timedelta(days=1))
    told = enter(phone, "nu")
    assert send(phone, told).json()["state"] == "kept"
    people.revoke(LOTC, "vast@example.org")
    assert send(phone, told, VISIT | {"sector_code": "construction"}).status_code == 403
    assert len(recorded()) == 1


@pytest.mark.parametrize("role", ["analyst", "policy", "privacy", "partner:NVWA"])
def test_a_role_that_records_nothing_is_refused(phone: httpx.Client, role: str) -> None:
    people.add(LOTC, "lees@example.org", parse_viewer(role))
    told = enter(phone, "lees")
    assert told["writes"] is False
    answer = send(phone, told)
    assert (answer.status_code, answer.json()["state"]) == (403, "refused")
    assert recorded() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": None}, 403),
        ({"Origin": "https://evil.example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"X-Visit-Token": None}, 403),
        ({"X-Visit-Token": "x.y.z"}, 403),
        ({"X-Visit-Person": None}, 403),
        ({"X-Visit-Person": "0" * 32}, 403),
    ],
)
def test_what_another_page_could_send_is_not_taken(
    phone: httpx.Client, regional: dict[str, Any], headers: dict[str, Any], status: int
) -> None:
    assert send(phone, regional, headers=headers).status_code == status
    assert recorded() == []


def test_the_token_of_one_sign_in_serves_no_other(phone: httpx.Client, regional: dict[str, Any]) -> None:
    people.add(LOTC, "kim@example.org", parse_viewer("region:VR06"))
    kim = enter(phone, "kim")
    assert send(phone, kim | {"token": regional["token"]}).json()["state"] == "again"
    assert send(phone, kim | {"person": regional["person"]}).json()["state"] == "other"
    assert send(phone, kim).json()["state"] == "kept"


def test_asking_never_writes_and_too_much_is_refused(phone: httpx.Client, regional: dict[str, Any]) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert phone.request(method, "/visit/send", headers={"Origin": ORIGIN}).status_code in (404, 405)
    assert send(phone, regional, VISIT | {"outcome": "x" * 200_000}).status_code == 413
    body = "[" * 100_000
    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    headers |= {"X-Visit-Token": regional["token"], "X-Visit-Person": regional["person"]}
    assert phone.post("/visit/send", content=body, headers=headers).json()["state"] == "refused"
    assert recorded() == []


def test_a_program_that_tries_must_wait(phone: httpx.Client, regional: dict[str, Any]) -> None:
    tried = [send(phone, regional, {}).json()["state"] for _ in range(server._MOST_A_MINUTE + 1)]
    assert set(tried[:-1]) == {"refused"}
    assert tried[-1] == "later"


# --- what the form is made of ----------------------------------------------------------------------------------


def test_without_sign_in_or_switched_off_the_form_is_closed(
    phone: httpx.Client, sign_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed() -> None:
        shown = phone.get("/visit/?lang=nl")
        assert shown.status_code == 404
        assert "<form" not in shown.text
        assert "geen bezoeken aangenomen" in shown.text
        assert phone.get("/visit/worker.js").status_code == 404
        assert phone.get("/visit/who").json()["state"] == "closed"
        assert send(phone, {}).status_code == 404

    monkeypatch.setenv("RISICOBEELD_VISITS", "off")
    closed()
    monkeypatch.delenv("RISICOBEELD_VISITS")
    assert "<form" in phone.get("/visit/?lang=nl").text
    sign_in.unlink()
    closed()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_asks_what_the_page_asks_and_tells_nothing_of_the_register(phone: httpx.Client, language: str) -> None:
    """Also without a session: nobody's name, no site, no figure; nothing may run but its own files."""
    answer = phone.get(f"/visit/?lang={language}")
    texts = read_texts(language)
    for asked in (*form.BEFORE_PLACE, *form.PLACE, *form.AFTER_PLACE, *form.MORE):
        assert f'name="{asked.name}"' in answer.text
        for code in asked.options:
            assert f'value="{code}"' in answer.text
            assert (texts(f"{asked.words}.{code}") if asked.words else code) in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    sites = open_store(LOTC).table("sites")
    assert [name for name in sites["site_id"] if name in answer.text] == []
    assert server.render_form(language, is_open=True) == answer.text


def test_signing_out_makes_the_browser_forget_the_queue(phone: httpx.Client) -> None:
    answer = phone.get("/auth/logout", follow_redirects=False)
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert answer.has_redirect_location
