"""The door: default deny, own rows only, and the same for files and commands."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from geodata import access, codes
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


def test_an_export_obeys_the_door_and_carries_the_band(tmp_path: Path) -> None:
    out = tmp_path / "sites.csv"
    command = [sys.executable, "-m", "geodata", "export", "sites", "--out", str(out), "--as"]
    subprocess.run([*command, "region:VR06"], check=True, capture_output=True)
    table = pd.read_csv(out)
    assert set(table["vr_code"]) == {"VR06"}
    assert set(table["status_band"]) == {codes.EXAMPLE_BAND_NL}
    refused = subprocess.run([*command, "policy"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "may not open sites" in refused.stderr
