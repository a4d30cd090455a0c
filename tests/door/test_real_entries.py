"""Without sign-in the register is for training and secret figures stay out; with it real work is possible."""

from pathlib import Path

import pandas as pd
import pytest

from access.database import engine as database
from access.viewer import Viewer
from door import store as access
from geodata.errors import AccessDeniedError
from geodata.intake.columns import read_mapping
from geodata.refresh import imports
from register import record as write

LOTC = Viewer("lotc", person="lotc@example.org")
SIGNAL = {"event_date": "2020-10-05", "origin": "own", "theme": "wonen", "text": "verzonnen", "vr_code": "VR06"}
ACTIVATION = {
    "event_date": "2020-10-06",
    "kind": "preventief",
    "themes": "wonen",
    "outcome": "niets",
    "vr_code": "VR06",
    "sector_code": "lodging",
}


@pytest.fixture(autouse=True)
def closed():
    yield
    database.close()


@pytest.fixture
def sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nclient_id = "x"\n')
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """Invented cases that nobody published."""
    path = tmp_path / "gevallen.csv"
    rows = [
        {"gemeente_code": "GM0363", "week": "2020-W40", "cases": 3},
        {"gemeente_code": "GM0599", "week": "2020-W40", "cases": 40},
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_without_sign_in_a_real_entry_and_secret_figures_are_refused(cases: Path) -> None:
    with pytest.raises(AccessDeniedError, match="training register"):
        write.record(LOTC, "signal", SIGNAL, status="official")
    with pytest.raises(AccessDeniedError, match="need sign-in"):
        imports.import_incidence(cases, "COVID-19", read_mapping(None, {}), is_secret=True)
    assert access.open_store(LOTC).is_demonstration, "nothing was imported"


def test_without_sign_in_what_is_recorded_is_for_training() -> None:
    receipt = write.record(LOTC, "activation", ACTIVATION)
    assert (
        access.open_store(LOTC).register("activations").set_index("activation_id")["status"][receipt.entity_id]
        == "fictional"
    )


@pytest.mark.usefixtures("sign_in")
def test_with_sign_in_an_entry_is_real_says_who_and_stays_so_when_corrected() -> None:
    receipt = write.record(LOTC, "activation", ACTIVATION)
    write.correct(LOTC, "activation", receipt.entity_id, {"outcome": "toch iets"}, based_on=receipt.version)
    training = write.record(LOTC, "activation", ACTIVATION, status="fictional")
    write.correct(LOTC, "activation", training.entity_id, {"outcome": "oefening"}, based_on=training.version)
    rows = access.open_store(LOTC).register("activations").set_index("activation_id")
    assert rows["status"][receipt.entity_id] == "official"
    assert rows["status"][training.entity_id] == "fictional"
    assert rows["recorded_by"][receipt.entity_id] == "lotc@example.org"


@pytest.mark.usefixtures("sign_in")
def test_with_sign_in_secret_figures_come_in_and_are_shown_to_nobody_below_the_region(cases: Path) -> None:
    imports.import_incidence(cases, "COVID-19", read_mapping(None, {}), is_secret=True)
    for role in ("lotc", "analyst", "region:VR17", "region:VR13"):
        table = access.open_store(access.parse_viewer(role)).table("incidence")
        assert table["cases_n"].isna().all(), role
    version = access.open_store(LOTC).data_version
    read = access.open_batch(version).table("incidence")["cases_n"]
    assert sorted(read) == [5, 42], "what computations read is protected"


def test_half_a_configuration_of_sign_in_lets_nobody_in_by_accident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geodata import settings  # noqa: PLC0415

    secrets = tmp_path / "secrets.toml"
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
    assert not settings.has_sign_in()
    secrets.write_text("[auth\nbroken")
    assert settings.has_sign_in()
    secrets.write_text("[database]\nurl = 'x'")
    assert not settings.has_sign_in()
