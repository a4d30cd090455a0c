"""What a process tells monitoring: ready or not, and figures without a person or a place in them."""

import gc
import json
import re
import shutil
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from access import rights as rules
from access.database import engine as database
from access.viewer import Viewer
from dashboard.pages import PAGES
from dashboard.server import metrics as endpoint
from geodata import codes, known, metrics
from geodata.errors import ConflictError
from geodata.refresh import health
from geodata.sources.registry import CONNECTORS
from register import record as write
from register import schema as kinds
from register.backup.make import backup
from tests.browser.fixtures import free_port
from tests.operations.installation import DEPLOY

FIELDS = {
    "event_date": "2020-10-05",
    "kind": "preventief",
    "themes": "wonen",
    "vr_code": "VR06",
    "sector_code": "lodging",
    "outcome": "kanarie",
}


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch):
    port = free_port()
    monkeypatch.setenv("RISICOBEELD_WATCH", f"127.0.0.1:{port}")
    server = endpoint.start()
    assert server is not None
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server_close()
    database.close()


def test_the_watch_on_the_loop_outlives_a_start_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Runtime:
        exists = staticmethod(lambda: True)
        instance = classmethod(lambda cls: cls())

        def _get_async_objs(self) -> object:
            asked.append("")
            if len(asked) == 1:
                raise RuntimeError("Runtime hasn't started yet!")
            raise KeyboardInterrupt  # the end of this test

    monkeypatch.setattr(endpoint, "Runtime", Runtime)
    monkeypatch.setattr(endpoint, "_PAUSE_S", 0)
    with pytest.raises(KeyboardInterrupt):
        endpoint._note_lag()
    assert len(asked) == 2


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own server
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def figures(url: str) -> dict[tuple[str, ...], float]:
    """Return every figure by its name and the values of its labels."""
    families = text_string_to_metric_families(ask(f"{url}/metrics")[1])
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_without_the_setting_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RISICOBEELD_WATCH", raising=False)
    assert endpoint.start() is None


def test_ready_turns_into_a_reason(address: str, data_dir: Path) -> None:
    assert ask(f"{address}/ready") == (200, '{"snapshot": "ok", "register": "ok", "folder": "ok"}')
    (data_dir / "core").mkdir(parents=True)
    (data_dir / "core" / "CURRENT").write_text("0123456789ab\n")
    status, told = ask(f"{address}/ready")
    assert status == 503
    assert "has no manifest" in json.loads(told)["snapshot"]
    found = figures(address)
    assert found["risicobeeld_ready", "snapshot"] == 0
    assert found["risicobeeld_ready", "register"] == 1
    assert ask(f"{address}/register")[0] == 404


def test_pages_writes_conflicts_and_refreshes_are_counted(address: str) -> None:
    before = figures(address)

    def grown(*name: str) -> float:
        return figures(address)[name] - before.get(name, 0)

    with endpoint.page_run("sites", Viewer("region", ("VR06",))):
        pass
    receipt = write.record(Viewer("lotc"), "activation", FIELDS)
    write.correct(Viewer("lotc"), "activation", receipt.entity_id, {"outcome": "anders"}, based_on=1)
    with pytest.raises(ConflictError):
        write.correct(Viewer("lotc"), "activation", receipt.entity_id, {"outcome": "te laat"}, based_on=1)
    health.note("rivm")
    health.note("traces", "the source is down")
    health.note("sites_file.kanarie")
    assert grown("risicobeeld_page_runs_total", "sites", "region") == 1
    assert grown("risicobeeld_page_seconds_count", "sites") == 1
    assert grown("risicobeeld_register_writes_total", "activation") == 2
    assert grown("risicobeeld_register_conflicts_total", "activation") == 1
    found = figures(address)
    assert (found["risicobeeld_refresh_ok", "rivm"], found["risicobeeld_refresh_ok", "traces"]) == (1, 0)
    assert ("risicobeeld_refresh_success_timestamp_seconds", "rivm") in found
    assert found["risicobeeld_snapshot_age_days",] >= 0
    version, demonstration = next(name[1:] for name in found if name[0] == "risicobeeld_snapshot_info")
    assert re.fullmatch(r"[0-9a-f]{12}", version)
    assert demonstration == "true"


def test_labels_come_from_closed_lists(address: str) -> None:
    write.record(Viewer("lotc"), "activation", FIELDS)
    health.note("sites_file.kanarie")
    closed = {
        "page": {page.name for page in PAGES},
        "role": set(rules.ROLES),
        "kind": set(kinds.KINDS),
        "source": set(CONNECTORS),
        "part": {"snapshot", "register", "folder"},
        "demonstration": {"true", "false"},
        "generation": {"0", "1", "2"},
    }
    told = ask(f"{address}/metrics")[1]
    assert "kanarie" not in told
    assert not set(codes.VR_CODES) & set(re.findall(r"\w+", told))
    for family in text_string_to_metric_families(told):
        for one in family.samples:
            if one.name.startswith("risicobeeld_"):
                for label, value in one.labels.items():
                    if label not in ("le", "data_version", "error"):
                        assert value in closed[label], one


def test_every_figure_stands_in_the_deployment_page(address: str) -> None:
    page = (Path(endpoint.__file__).parents[2] / "docs" / "deployment.md").read_text("utf-8")
    health.note("rivm")
    names = {family.name for family in text_string_to_metric_families(ask(f"{address}/metrics")[1])}
    ours = {name for name in names if name.startswith("risicobeeld_") and not name.endswith("_created")}
    assert metrics.PAGE_RUNS.describe()[0].name in ours
    assert ours == set(re.findall(r"^\| `(risicobeeld_\w+)", page, re.MULTILINE))


def test_alarms_ask_for_figures_that_there_are(address: str) -> None:
    with endpoint.page_run("sites", Viewer("lotc")):
        health.note("rivm")
    metrics.PAGE_ERRORS.labels("InputError")
    metrics.PART_SECONDS.labels("picture")
    told = {name for name, *_ in figures(address)}
    groups = YAML(typ="safe").load((DEPLOY / "alarms.yml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"risicobeeld_\w+", rule["expr"])}
    assert len(asked) == 12
    assert asked <= told
    assert all(rule.keys() <= {"alert", "expr", "for", "annotations"} and rule["alert"] for rule in rules)


def rings(address: str, alert: str) -> bool:
    """Ask one of the alarms that compare a figure with a limit, as Prometheus would."""
    groups = YAML(typ="safe").load((DEPLOY / "alarms.yml").read_text("utf-8"))["groups"]
    rule = next(rule["expr"] for group in groups for rule in group["rules"] if rule["alert"] == alert)
    name, sign, limit = re.fullmatch(r"min\((\w+)\) ([<>]) (\S+)", rule).groups()
    found = figures(address)[name,]
    return found > float(limit) if sign == ">" else found < float(limit)


def test_alarms_ring_when_their_cause_is_there(address, data_dir, monkeypatch, tmp_path) -> None:
    assert rings(address, "OldBackup")  # there is none
    assert rings(address, "OldDrill")
    write.record(Viewer("lotc"), "activation", FIELDS)
    made = backup()
    known.note("drill", 1)
    assert not rings(address, "OldBackup")
    assert not rings(address, "OldDrill")
    made.path.rename(made.path.with_name("2020-01-01T000000.000000Z.backup.zip"))
    assert rings(address, "OldBackup")
    made.path.with_name("2020-01-01T000000.000000Z.backup.zip").rename(
        made.path.with_name("2090-01-01T000000.000000Z.backup.zip")
    )
    assert rings(address, "OldBackup"), "by a clock that was ahead: it would keep silent until then"
    assert not rings(address, "CertificateEnds")  # none was named
    for days, ring in ((10, True), (90, False)):
        monkeypatch.setenv("RISICOBEELD_CERTIFICATE", str(certificate(tmp_path, days)))
        assert rings(address, "CertificateEnds") is ring
    monkeypatch.setenv("RISICOBEELD_CERTIFICATE", str(tmp_path / "none"))
    assert rings(address, "CertificateEnds")
    free = shutil.disk_usage(data_dir).free
    assert rings(address, "DiskAlmostFull") is (free < 2e9)


def certificate(folder: Path, days: int) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "risicobeeld.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.crt"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def test_collections_of_garbage_are_timed(address: str) -> None:
    gc.collect()
    assert figures(address)["risicobeeld_collected_seconds_total", "2"] > 0
