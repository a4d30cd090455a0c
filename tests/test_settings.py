"""Every setting that anything reads stands in docs/settings.md, and nothing else; secrets may come from a file."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from access.database import engine as database
from access.database.who import UPKEEP
from geodata import settings
from geodata.errors import InputError

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
ROOMS = ("geodata", "risk", "dashboard")
PRODUCT = [ROOT / "app.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
AROUND = [
    path
    for room in ("tests", "bench", "docs", "deploy", ".ci", ".streamlit")
    for path in (ROOT / room).rglob("*")
    if path.is_file() and path.suffix in ("", ".py", ".toml", ".yaml", ".env", ".service", ".timer", ".md", ".sh")
]
READERS = ("environ.get", "environ.pop", "environ.setdefault", "getenv")


def rows(title: str) -> dict[str, str]:
    """Return the first and the last cell of each row of the table under a heading."""
    text = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {row[0].strip("`"): row[-1] for row in cells if row[0].startswith("`")}


def read_by(path: Path) -> set[str]:
    """Return the environment variables that a module reads; one whose name is computed cannot be told."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(READERS):
            asked = node.args[0]
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            asked = node.slice
        else:
            continue
        assert isinstance(asked, ast.Constant), f"{path.relative_to(ROOT)}:{node.lineno}: write the setting's name out"
        found.add(str(asked.value))
    return found


def test_what_the_product_reads_is_what_the_page_tells() -> None:
    read = set().union(*(read_by(path) for path in PRODUCT))
    told = {name for name in rows("Environment") if name != "STREAMLIT_BROWSER_SERVER_ADDRESS"}  # Streamlit reads it
    assert "RISICOBEELD_DATA" in read, "the search finds settings"
    assert read == told


def test_no_setting_is_named_anywhere_that_the_page_does_not_tell() -> None:
    known = rows("Environment").keys() | rows("Development").keys()
    for path in [*PRODUCT, *AROUND, ROOT / "README.md", ROOT / "Makefile"]:
        named = set(re.findall(r"\bRISICOBEELD_[A-Z_]*[A-Z]\b", path.read_text("utf-8", errors="ignore")))
        assert named <= known, str(path.relative_to(ROOT))


def test_what_make_takes_stands_on_the_page() -> None:
    taken = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert taken
    assert taken <= rows("Development").keys()


def test_what_the_proxy_and_the_containers_take_stands_on_the_page() -> None:
    taken = set(re.findall(r"{\$([A-Z_]+)", (ROOT / "deploy" / "Caddyfile").read_text("utf-8")))
    assert taken == rows("Proxy and containers").keys()


def test_the_example_of_the_secrets_holds_the_keys_that_the_page_tells() -> None:
    example = tomllib.loads((ROOT / "deploy" / "secrets.example.toml").read_text("utf-8"))
    assert example.keys() == {"auth"}
    assert example["auth"].keys() == rows("Sign-in").keys() - {"client_kwargs"}


@pytest.mark.parametrize("path", ["agency_workers.toml", "feed_tokens.json"])
def test_files_that_the_page_tells_of_are_read(path: str) -> None:
    assert path in rows("Files in the data folder")
    assert any(path in module.read_text("utf-8") for module in PRODUCT)


def test_the_database_may_be_named_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "register"
    secret.write_text(f"sqlite:///{tmp_path / 'elders.sqlite'}\n")
    monkeypatch.delenv("RISICOBEELD_REGISTER", raising=False)
    monkeypatch.setenv("RISICOBEELD_REGISTER_FILE", str(secret))
    with database.writing(UPKEEP):
        pass
    database.close()
    assert (tmp_path / "elders.sqlite").is_file()


def test_two_databases_or_a_file_that_is_not_there_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_REGISTER", "sqlite:///x")
    monkeypatch.setenv("RISICOBEELD_REGISTER_FILE", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="both set"):
        settings.register_url()
    monkeypatch.delenv("RISICOBEELD_REGISTER")
    with pytest.raises(InputError, match=r"RISICOBEELD_REGISTER_FILE.*cannot be read"):
        settings.register_url()


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("RISICOBEELD_WATCH", "9101", settings.watch_address),
        ("RISICOBEELD_WATCH", "127.0.0.1:", settings.watch_address),
        ("RISICOBEELD_LOG", "xml", settings.has_json_log),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name, value, read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"{name} is '{value}'"):
        read()
    monkeypatch.delenv(name)
    assert not read()
