"""The door: default deny, own rows only, and the same for files and commands."""

import re
from pathlib import Path

import pandas as pd
import pytest

from access import audit
from access import rights as rules
from commands import data as data_command
from door import store as access
from geodata import codes, contracts
from geodata.contracts import schema
from geodata.errors import AccessDeniedError, InputError


def open_as(text: str) -> access.ScopedStore:
    return access.open_store(access.parse_viewer(text))


@pytest.mark.parametrize(
    "text", ["", "king", "region", "region:VR26", "region:", "lotc:VR01", "partner", "analyst:VR06"]
)
def test_who_is_not_known_does_not_enter(text: str) -> None:
    with pytest.raises(InputError):
        access.parse_viewer(text)


def test_a_table_without_a_rule_is_refused() -> None:
    for role in ("privacy", "policy", "partner:NVWA"):
        store = open_as(role)
        assert not store.may("sites")
        with pytest.raises(AccessDeniedError, match="may not open sites"):
            store.table("sites")


EVERY_ROLE = ["analyst", "lotc", "region:VR06", "partner:NVWA", "policy", "privacy"]


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_without_rules_everything_is_refused_and_one_rule_opens_one_table(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = access.parse_viewer(role)
    monkeypatch.setitem(rules.RIGHTS, viewer.role, {})
    store = access.open_store(viewer)
    for name in (*contracts.CONTRACTS, "scores_vr", "people", "audit_trail", "no_such_table", ""):
        assert not store.may(name)
        with pytest.raises(AccessDeniedError):
            store.table(name)
    with pytest.raises(AccessDeniedError):
        store.persons("workers_n")
    with pytest.raises(AccessDeniedError):
        store.audit_trail()
    monkeypatch.setitem(rules.RIGHTS, viewer.role, {rules.Verb.READ: {"gemeenten": rules.Rows.ALL}})
    assert len(store.table("gemeenten")) == 342
    with pytest.raises(AccessDeniedError):
        store.table("veiligheidsregios")


def test_a_kind_of_rows_that_nobody_wrote_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rules.RIGHTS, "analyst", {rules.Verb.READ: {"sites": "most"}})
    assert open_as("analyst").table("sites").empty


def test_a_role_without_a_list_of_withheld_columns_gets_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "WITHHELD", {})
    activations = open_as("lotc").table("activations")
    assert set(activations["outcome"]) == {""}
    assert set(activations["recorded_by"]) == {""}


def test_free_text_that_nobody_classified_is_withheld() -> None:
    """A new column of a contract is text until somebody says that it is open."""
    found = schema.contract("new", schema.Persons.NONE, ("id",), {"id": schema.OPEN, "note": schema.FREE})
    assert found.secrecy("note") == schema.Secrecy.TEXT
    for name, contract in contracts.CONTRACTS.items():
        for column in contract.schema.columns:
            if re.search(r"text$|outcome|measures|reason$|note|remark|naam", column) and name != "library":
                codes_only = contract.schema.columns[column].checks
                assert contract.secrecy(column) != schema.Secrecy.OPEN or codes_only, f"{name}.{column}"


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_withheld_columns_are_blank_in_every_table(role: str) -> None:
    store = open_as(role)
    for name in contracts.CONTRACTS:
        if store.may(name) and name != "context":
            table = store.table(name)
            for column in rules.hidden_columns(store.viewer.role, name):
                assert set(table[column]) <= {""}, f"{name}.{column}"


def test_every_role_has_rules_and_every_rule_is_about_something() -> None:
    known = {*contracts.CONTRACTS, "persons", "people", "audit_trail", "connected_sites", "weight_profiles"}
    known |= {f"{name}_{level}" for name in contracts.CONTRACTS for level in codes.LEVELS}
    assert set(rules.RIGHTS) == set(rules.WITHHELD) == set(rules.ROLES)
    known |= {"sources", "evaluation", "leak_test"}
    for role, verbs in rules.RIGHTS.items():
        assert set(verbs) <= set(rules.Verb)
        assert {table for tables in verbs.values() for table in tables} <= known, role


def test_only_the_national_computation_and_the_attack_on_it_open_the_batch() -> None:
    root = Path(__file__).parents[2]
    callers = [
        str(path.relative_to(root))
        for folder in ("words", "geodata", "access", "register", "door", "risk", "dashboard", "commands")
        for path in (root / folder).rglob("*.py")
        if "open_batch" in path.read_text("utf-8")
    ]
    assert sorted(callers) == ["door/leaktest.py", "door/store.py", "risk/scores/context.py", "risk/scores/outputs.py"]


@pytest.mark.parametrize("vr_code", codes.VR_CODES)
def test_a_region_sees_its_own_rows_and_no_other(vr_code: str) -> None:
    store = open_as(f"region:{vr_code}")
    national = open_as("lotc")
    own = set(national.table("gemeenten").query("vr_code == @vr_code")["gemeente_code"])
    assert set(store.table("exposure")["gemeente_code"]) == own
    assert set(store.table("incidence")["gemeente_code"]) <= own
    for name in ("sites", "activations"):
        table = store.table(name)
        assert set(table["vr_code"]) <= {vr_code}
        assert len(table) == (national.table(name)["vr_code"] == vr_code).sum()


def test_an_analyst_reads_no_free_text_and_no_names_of_sites() -> None:
    store = open_as("analyst")
    activations = store.table("activations")
    assert len(activations) == 56
    assert set(activations["outcome"]) == {""}
    assert set(activations["measures"]) == {""}
    assert set(store.table("sites")["name"]) == {""}


def test_a_partner_sees_only_what_it_takes_part_in() -> None:
    found = open_as("partner:NVWA").table("activations")
    assert 0 < len(found) < 56
    assert found["partners"].str.contains("NVWA").all()


def test_an_export_obeys_the_door_and_carries_the_band(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "sites.csv"
    words = ["export", "sites", "--out", str(out), "--as"]
    assert data_command.main([*words, "region:VR06"]) == 0
    table = pd.read_csv(out)
    assert set(table["vr_code"]) == {"VR06"}
    assert set(table["status_band"]) == {codes.EXAMPLE_BAND_NL}
    assert set(table["scope"]) == {"region:VR06"}
    assert audit.read().query("what == 'export'")["table"].tolist() == ["sites"]
    assert data_command.main([*words, "policy"]) == 2
    assert "may not open sites" in capsys.readouterr().err
