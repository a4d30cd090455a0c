"""What was computed is read once for everybody, and anew when it was made anew."""

from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import ContractError, SnapshotError
from geodata.snapshots import computed, formats


def _rises(score: float) -> pd.DataFrame:
    return pd.DataFrame({"unit_id": ["S1"], "earlier_0_10": [1.0], "rise_0_10": [score]})


def test_a_computed_table_is_read_once_and_anew_when_it_was_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []
    read = formats.read_parquet

    def noted(name: str, path: Path) -> pd.DataFrame:
        seen.append(path)
        return read(name, path)

    monkeypatch.setattr(formats, "read_parquet", noted)
    folder = tmp_path / "site"
    computed.write_out(folder, {"rises": _rises(1.0)}, {})
    first = [computed.read_table(folder, "rises")["rise_0_10"].item() for _ in range(3)]
    computed.write_out(folder, {"rises": _rises(2.0)}, {})
    assert (first, computed.read_table(folder, "rises")["rise_0_10"].item(), len(seen)) == ([1.0] * 3, 2.0, 2)


def test_what_a_viewer_does_to_a_computed_table_reaches_nobody_else(tmp_path: Path) -> None:
    computed.write_out(tmp_path / "site", {"rises": _rises(1.0)}, {})
    mine = computed.read_table(tmp_path / "site", "rises").reset_index(drop=True)  # as the door gives it
    mine.loc[0, "rise_0_10"] = 9.0
    assert computed.read_table(tmp_path / "site", "rises")["rise_0_10"].item() == 1.0


def test_a_computed_table_that_is_gone_or_breaks_its_contract_is_told(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError):
        computed.read_table(tmp_path, "rises")
    formats.write_parquet(_rises(1.0).drop(columns="rise_0_10"), tmp_path / "rises.parquet")
    with pytest.raises(ContractError):
        computed.read_table(tmp_path, "rises")
