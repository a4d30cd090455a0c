"""Every page, command, table and role has a rule and a line of documentation; every shared cache a key."""

import argparse
import ast
import re
from pathlib import Path

import pytest

from access import rights as rules
from commands import data as geodata_main
from commands import scores as risk_main
from dashboard.pages import PAGES
from geodata import codes, contracts
from register import retention
from tools.write_pages import with_pages

ROOT = Path(__file__).parents[2]
PRIVACY = (ROOT / "docs" / "privacy.md").read_text("utf-8")
WORDS = {
    rules.Rows.ALL: "{role}",
    rules.Rows.OWN: "{role} (own)",
    rules.Rows.OWN_OR_SHARED: "{role} (own and shared)",
    rules.Rows.PARTNER: "{role} (takes part)",
    rules.Rows.COUNTS: "{role} (counts)",
}
NATIONAL_CACHES = {
    ("dashboard/parts/figures.py", "_map_files"): "boundaries and the map's own files: public, the same for everybody",
    ("dashboard/shell/search.py", "_gemeenten"): "names of gemeenten, now and before: public, the same for everybody",
}
ON_THE_SERVER = "the server"


def section(title: str) -> dict[str, list[str]]:
    """Return the rows of the table under a heading by the name in their first cell."""
    text = PRIVACY.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    return {row[0].strip("`"): row[1:] for row in rows}


def seen_by(table: str) -> str:
    found = [(role, rules.rows_of(role, table)) for role in rules.ROLES]
    return ", ".join(WORDS[rows].format(role=role) for role, rows in found if rows is not None)


def tables() -> set[str]:
    return {table for verbs in rules.RIGHTS.values() for table in verbs[rules.Verb.READ]}


@pytest.mark.parametrize("table", sorted(tables()))
def test_every_table_has_a_line_that_says_who_sees_it(table: str) -> None:
    lines = section("Tables")
    assert table in lines, f"docs/privacy.md, Tables: a line for `{table}` is missing; who sees it: {seen_by(table)}"
    holds, persons, who = lines[table]
    assert len(holds) > 10
    assert who == seen_by(table)
    contract = contracts.CONTRACTS.get(table) or contracts.CONTRACTS.get(table.rpartition("_")[0])
    if contract is not None:
        assert persons == contract.persons.value


def test_every_contract_has_a_rule() -> None:
    ruled = tables()
    for name in contracts.CONTRACTS:
        assert name in ruled or any(f"{name}_{level}" in ruled for level in codes.LEVELS), name


def test_no_line_is_about_a_table_that_is_gone() -> None:
    assert set(section("Tables")) == tables()


def test_every_page_needs_a_table_that_has_rules() -> None:
    assert {one.needs for one in PAGES} - {""} <= tables()
    assert with_pages(PRIVACY) == PRIVACY, "make docs writes the table of pages in docs/privacy.md"


def commands() -> dict[str, list[str]]:
    """Return every command with the options that choose a viewer."""
    found: dict[str, list[str]] = {}

    def walk(parser: argparse.ArgumentParser, name: str) -> None:
        inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        for action in inner:
            for word, child in action.choices.items():
                walk(child, f"{name} {word}")
        if not inner:
            found[name] = [option for action in parser._actions for option in action.option_strings if option == "--as"]

    for name, module in (("geodata", geodata_main), ("risk", risk_main)):
        parser = argparse.ArgumentParser(name)
        module.add_commands(parser.add_subparsers())
        walk(parser, name)
    return found


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_has_a_door_and_a_line(command: str) -> None:
    lines = section("Commands")
    assert command in lines, f"docs/privacy.md, Commands: a line for `{command}` is missing"
    door = "`--as`" if commands()[command] else ON_THE_SERVER
    assert lines[command][0] == door
    assert set(lines) == set(commands())


def test_every_role_and_every_period_has_a_line() -> None:
    assert set(section("Roles")) == set(rules.ROLES)
    lines = section("Retention")
    for kind, period in retention.periods().items():
        assert lines[kind][0] == str(period.days), kind
    from access import audit  # noqa: PLC0415

    assert lines["audit trail"][0] == str(audit.KEEP_DAYS)


def cached_functions() -> list[tuple[str, ast.FunctionDef]]:
    found = []
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                words = " ".join(ast.unparse(decorator) for decorator in node.decorator_list)
                if re.search(r"cache_data|cache_resource|lru_cache|\bcache\b", words):
                    found.append((str(path.relative_to(ROOT)), node))
    return found


@pytest.mark.parametrize(("path", "node"), cached_functions(), ids=lambda one: getattr(one, "name", one))
def test_what_is_cached_for_all_users_has_the_viewer_in_its_key(path: str, node: ast.FunctionDef) -> None:
    """An argument whose name starts with an underscore is not part of the key: somebody else's may come back."""
    names = [argument.arg for argument in node.args.args + node.args.kwonlyargs]
    if any(name.startswith("_") for name in names) and (path, node.name) not in NATIONAL_CACHES:
        assert "viewer" in names, f"{path}: {node.name} is shared between users, but the viewer is not in its key"


def test_no_page_keeps_what_it_read_in_a_module() -> None:
    """A list or dictionary of a module that functions fill is a cache without a key."""
    for path in sorted((ROOT / "dashboard").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.List | ast.Set):
                elements = node.value.keys if isinstance(node.value, ast.Dict) else node.value.elts
                assert elements, f"{path.relative_to(ROOT)}:{node.lineno} starts empty: who fills it?"
