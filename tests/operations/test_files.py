"""The files in ``deploy/`` are sound: their own linters, and rules that no linter has."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.operations import installation
from tests.operations.installation import DEPLOY, ROOT, UNITS

DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text("utf-8")
EXAMPLE = [
    line
    for line in (DEPLOY / "settings.example.env").read_text("utf-8").splitlines()
    if line.startswith("# RISICOBEELD_")
]
TOOLS = Path(sys.executable).parent
PYTHON = "/opt/risicobeeld/.venv/bin/python"


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | environment)


def test_the_container_file_has_nothing_that_hadolint_warns_of() -> None:
    done = run(str(TOOLS / "hadolint"), str(DEPLOY / "Containerfile"))
    assert done.returncode == 0, done.stdout


def test_hadolint_would_have_said_so(tmp_path: Path) -> None:
    worse = tmp_path / "Containerfile"
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    worse.write_text(re.sub(r"FROM python:\S+", "FROM python:latest", text))
    assert "DL3007" in run(str(TOOLS / "hadolint"), str(worse)).stdout


def test_the_image_is_pinned_runs_as_nobody_and_fetches_no_file() -> None:
    found = installation.instructions()
    for name, rest in found:
        if name == "FROM":
            assert re.match(r"[\w./-]+:\d+\.\d+\.\d+\S*", rest), rest
        assert name not in ("ADD", "VOLUME"), rest
        if name == "RUN":
            assert not re.search(r"curl|wget|git clone|https?://", rest), rest
    assert int(installation.last("USER").split(":")[0]) >= 1000
    assert [name for name, _ in found][-3:] == ["EXPOSE", "HEALTHCHECK", "CMD"]
    assert "/_stcore/health" in installation.last("HEALTHCHECK")


def test_the_image_holds_no_secret_and_nothing_but_the_product() -> None:
    allowed = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME", "RISICOBEELD_DATA", "RISICOBEELD_LOG"}
    assert set(installation.image_environment()) == allowed
    assert not [rest for name, rest in installation.instructions() if name == "ARG"]
    copied = [rest.split()[0] for name, rest in installation.instructions() if name == "COPY" and "--from" not in rest]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert set(copied) == let_in
    assert (ROOT / ".dockerignore").read_text("utf-8").splitlines()[1] == "*"


def test_the_compose_file_is_what_the_specification_says() -> None:
    done = run(str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", installation.services())
def test_every_container_is_hardened(name: str) -> None:
    service = installation.services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= ({"NET_BIND_SERVICE"} if name == "proxy" else set())
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert not service.keys() & {"privileged", "network_mode", "pid", "ipc", "devices", "cgroup_parent"}
    assert {"mem_limit", "pids_limit", "logging"} <= service.keys()
    assert all(not volume.startswith("/") for volume in service.get("volumes", ()))  # no folder of the host
    assert re.search(r":\d+\.\d+\.?\d*", service["image"]) or service["image"] == "risicobeeld:${RELEASE:-local}"


@pytest.mark.parametrize("name", installation.services())
def test_no_container_has_a_secret_in_its_environment(name: str) -> None:
    for variable, value in installation.services()[name].get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|REGISTER|KEY|TOKEN", variable):
            assert value.startswith("/run/secrets/"), variable


def test_every_container_that_stays_tells_its_health_and_only_the_proxy_is_public() -> None:
    for name, service in installation.services().items():
        if "profiles" not in service:
            assert "healthcheck" in service or name in ("app1", "app2"), name  # theirs is the image's
        for port in service.get("ports", ()):
            assert name == "proxy" or port.startswith("127.0.0.1:"), (name, port)
    assert "front" not in installation.services()["database"]["networks"]
    assert installation.compose()["networks"]["back"] == {"internal": True}


def test_what_containers_name_is_declared() -> None:
    declared = installation.compose()
    for service in installation.services().values():
        assert set(service.get("secrets", ())) <= declared["secrets"].keys()
        assert set(service["networks"]) <= declared["networks"].keys()
        for volume in service.get("volumes", ()):
            origin = installation.place(volume)[0]
            assert origin in declared["volumes"] or (DEPLOY / origin).is_file(), volume
        assert set(service.get("depends_on", ())) <= installation.services().keys()
        paths = re.findall(r"/run/secrets/([\w.-]+)", str(service.get("environment", "")))
        assert set(paths) <= set(service.get("secrets", ()))


def test_the_proxy_leads_to_the_processes_that_there_are() -> None:
    environment = installation.services()["proxy"]["environment"]
    for upstream in [*environment["APPS"].split(), environment["FEED"]]:
        name, port = upstream.split(":")
        assert port in installation.command(name)
    told = set(re.findall(r"{\$([A-Z_]+)", (DEPLOY / "Caddyfile").read_text("utf-8")))
    assert told == set(environment)


def test_secrets_stay_out_of_version_control() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"deploy/secrets/", "deploy/settings.env"} <= set(ignored)
    example = tomllib.loads((DEPLOY / "secrets.example.toml").read_text("utf-8"))["auth"]
    for name in ("cookie_secret", "client_secret", "client_id"):
        assert example[name].startswith("invented"), name


def test_a_failed_backup_erases_nothing_and_heads_are_noted_all_the_same() -> None:
    together = [installation.unit(path)["ExecStart"] for path in UNITS]
    assert [f"{PYTHON} -m geodata backup --drill", f"{PYTHON} -m geodata retention"] in together
    assert [f"{PYTHON} -m geodata audit --anchor"] in together, "in a unit of its own"
    assert "rb run --rm backup && rb run --rm retention; rb run --rm anchor" in DEPLOYMENT


def test_every_setting_reaches_every_process_of_ours() -> None:
    for name, service in installation.ours().items():
        assert service["env_file"] == ["settings.env"], name
    for path in UNITS:
        assert installation.unit(path)["EnvironmentFile"] == ["/etc/risicobeeld/settings.env"], path.name
    assert {line.partition("=")[0] for line in EXAMPLE} <= {f"# {name}" for name in installation.told_settings()}


@pytest.mark.parametrize(
    ("setting", "folder", "jobs", "unit"),
    [
        ("RISICOBEELD_BACKUP_TO", "/copies", {"backup", "retention"}, "backup"),
        ("RISICOBEELD_ANCHOR", "/anchor", {"anchor"}, "anchor"),
    ],
)
def test_who_writes_off_the_machine_may_and_nobody_else(setting: str, folder: str, jobs: set[str], unit: str) -> None:
    told = next(line.partition("=")[2] for line in EXAMPLE if line.startswith(f"# {setting}="))
    assert told == folder or Path(told).parent == Path(folder)
    assert folder in installation.last("RUN") or any(folder in rest for _, rest in installation.instructions())
    writers = {
        name
        for name, one in installation.ours().items()
        for volume in one["volumes"]
        if installation.place(volume)[1:] == (folder, "")
    }
    assert writers == jobs
    place = f"-/srv/risicobeeld{folder}"
    allowed = {path.stem for path in UNITS if place in installation.unit(path).get("ReadWritePaths", ())}
    assert allowed == {f"risicobeeld-{unit}"}
    assert place.removeprefix("-") in DEPLOYMENT


# --- a plain server -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the units as a server has them, with what this machine lacks replaced: the Python and the account."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the units are read by our own rules only")
    folder = tmp_path_factory.mktemp("units")
    for path in (DEPLOY / "systemd").iterdir():
        text = path.read_text("utf-8").replace(PYTHON, sys.executable)
        text = text.replace("User=risicobeeld", "User=daemon").replace("Group=risicobeeld", "Group=daemon")
        text = re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE)
        (folder / path.name.replace("@.", "@1.")).write_text(text)
    return folder


def test_systemd_takes_every_unit(verified: Path) -> None:
    for path in sorted(verified.iterdir()):
        done = run("systemd-analyze", "verify", "--man=no", str(path))
        said = [line for line in done.stderr.splitlines() if str(verified) in line or path.name in line]
        assert not said, said


def test_systemd_finds_every_service_closed(verified: Path) -> None:
    for path in sorted(verified.glob("*.service")):
        done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(path))
        assert done.returncode == 0, done.stdout  # an exposure of at most 2.0 out of 10


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_every_service_is_hardened_and_gets_its_secrets_as_credentials(path: Path) -> None:
    said = installation.unit(path)
    assert said["User"] == ["risicobeeld"]
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictSUIDSGID"):
        assert said[name] == ["yes"], name
    assert said["ProtectSystem"] == ["strict"]
    assert said["CapabilityBoundingSet"] == [""]
    assert said["MemoryMax"]
    environment = dict(line.split("=", 1) for line in said["Environment"])
    assert environment["RISICOBEELD_REGISTER_FILE"] == "%d/register"
    assert environment["RISICOBEELD_DATA"] == f"/var/lib/{said['StateDirectory'][0]}"
    names = [line.split(":")[0] for line in said["LoadCredential"]]
    assert all(value.removeprefix("%d/") in names for value in environment.values() if value.startswith("%d/"))


def test_a_plain_server_runs_what_the_containers_run() -> None:
    def words(command: list[str]) -> list[str]:
        """Leave out where it listens: that differs."""
        return [word for word in command if not re.fullmatch(r"--address|--port|[\d.]+|\d*%i", word)][1:]

    started = [words(shlex.split(line)) for path in UNITS for line in installation.unit(path)["ExecStart"]]
    contained = [words(installation.command(name)) for name in installation.ours()]
    assert sorted(started) == sorted(list(one) for one in {tuple(command) for command in contained})


def test_timers_start_a_service_that_there_is_every_night() -> None:
    timers = sorted((DEPLOY / "systemd").glob("*.timer"))
    assert [path.stem for path in timers] == [
        f"risicobeeld-{name}" for name in ("anchor", "backup", "digest", "refresh")
    ]
    for path in timers:
        found = installation.timer(path)
        assert path.with_suffix(".service") in UNITS
        assert found["Timer"]["Persistent"] == "true"
        calendar = found["Timer"]["OnCalendar"]
        if shutil.which("systemd-analyze"):
            assert run("systemd-analyze", "calendar", calendar).returncode == 0
        assert calendar.startswith("*-*-* ")
