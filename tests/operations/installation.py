"""What the files in ``deploy/`` say, read by parsers: what runs in which container, and what each unit starts."""

import configparser
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


@cache
def compose() -> dict[str, Any]:
    """Return the compose file with its shared parts filled in."""
    return YAML(typ="safe").load((DEPLOY / "compose.yaml").read_text("utf-8"))


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def ours() -> dict[str, dict[str, Any]]:
    """Return the containers of the product's own image."""
    return {name: one for name, one in services().items() if "build" in one}


@cache
def instructions() -> list[tuple[str, str]]:
    """Return the container file as (instruction, rest), lines that go on joined."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Containerfile").read_text("utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def last(instruction: str) -> str:
    """Return what the last instruction of a kind says."""
    return [rest for name, rest in instructions() if name == instruction][-1]


def image_environment() -> dict[str, str]:
    """Return the environment that the image itself sets."""
    return dict(word.split("=", 1) for word in shlex.split(last("ENV")))


def command(service: str) -> list[str]:
    """Return what a container of ours runs."""
    return ours()[service].get("command") or json.loads(last("CMD"))


def place(volume: str) -> tuple[str, str, str]:
    """Return where a volume comes from when nothing is filled in, where it is seen, and ``ro`` when only to read."""
    origin, seen, *mode = re.sub(r"\$\{\w+:-(\w+)\}", r"\1", volume).split(":")
    return origin, seen, mode[0] if mode else ""


def told_settings() -> set[str]:
    """Return the settings of the environment that the page tells."""
    return set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.MULTILINE))


def unit(path: Path) -> dict[str, list[str]]:
    """Return what a unit says in its section ``[Service]``; a setting may stand there several times."""
    said: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "Service" and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            said.setdefault(name, []).append(value)
    return said


def timer(path: Path) -> configparser.ConfigParser:
    """Return a timer."""
    found = configparser.ConfigParser()
    found.read(path, "utf-8")
    return found
