"""A bundle carries one installation's tables to another, whole, verified, and without what must not leave."""

import json
import zipfile
from pathlib import Path

import pytest

from commands import data as command
from geodata import site_kinds
from geodata.errors import InputError
from geodata.intake.columns import ColumnMapping
from geodata.refresh import build, bundle, imports
from geodata.snapshots import snapshot


def import_cases(folder: Path, name: str, cases_n: int) -> None:
    path = folder / name
    path.write_text(f"gemeente;week;aantal\nGM0363;2020-W40;{cases_n}\nGM0599;2020-W40;4\n", "utf-8")
    imports.import_incidence(path, "COVID-19", ColumnMapping())


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a bundle of an installation with one import, and stand in an empty installation."""
    import_cases(tmp_path, "cases.csv", 8)
    path = tmp_path / "bundle.zip"
    bundle.write(path, snapshot.current())
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "other"))
    return path


def test_a_whole_bundle_gives_the_same_version(data_dir: Path, elsewhere: Path) -> None:
    there = (data_dir / "core" / "CURRENT").read_text("utf-8").split()[0]
    taken = build.import_bundle(elsewhere)
    assert (taken.tables.data_version, taken.left_out) == (there, ())
    assert snapshot.current().data_version == there
    assert snapshot.current().table("incidence")["cases_n"].tolist() == [8, 4]


def test_an_import_lies_on_top_of_the_bundle(tmp_path: Path, elsewhere: Path) -> None:
    build.import_bundle(elsewhere)
    import_cases(tmp_path, "newer.csv", 21)
    table = snapshot.current().table("incidence")
    assert table.set_index("gemeente_code")["cases_n"].to_dict() == {"GM0363": 21, "GM0599": 4}
    build.undo()
    assert snapshot.current().table("incidence")["cases_n"].tolist() == [8, 4]


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        bundle.write(tmp_path / name, snapshot.current())
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_secret_tables_stay_out_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geodata.settings.has_sign_in", lambda: True)
    path = tmp_path / "secret.csv"
    path.write_text("gemeente;week;aantal\nGM0363;2020-W40;17\n", "utf-8")
    imports.import_incidence(path, "COVID-19", ColumnMapping(), is_secret=True)
    whole = snapshot.current()
    packed = bundle.write(tmp_path / "out.zip", whole)
    assert packed.left_out == ("incidence",)
    assert packed.data_version != whole.data_version
    with bundle.unpacked(tmp_path / "out.zip") as found:
        assert found.left_out == ("incidence",)
        assert found.tables.table("incidence").empty
        assert not [record for record in found.tables.sources if record.source_id.startswith("secret")]
    named = bundle.write(tmp_path / "named.zip", whole, ["incidence"])
    assert (named.left_out, named.data_version) == ((), whole.data_version)
    with pytest.raises(InputError, match="no secret table"):
        bundle.write(tmp_path / "no.zip", whole, ["sites"])


@pytest.mark.parametrize("damage", ["cut", "changed", "format", "outside", "no zip"])
def test_what_is_no_whole_bundle_changes_nothing(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bundle.zip"
    bundle.write(path, snapshot.current())
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "no zip":
        path.write_text("gemeente;week", "utf-8")
    else:
        _rewrite(path, damage)
    with pytest.raises(InputError):
        build.import_bundle(path)
    assert not (tmp_path / "data" / "raw" / "bundle").exists()
    assert snapshot.current().is_demonstration


def _rewrite(path: Path, damage: str) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(files[bundle.BUNDLE])
    if damage == "changed":
        files["sites.parquet"] += b"x"
    elif damage == "format":
        described["format"] = bundle.FORMAT + 1
    else:
        described["files"]["../outside.txt"] = "0"
        files["../outside.txt"] = b"x"
    files[bundle.BUNDLE] = json.dumps(described).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


KINDS = """[poultry_farm]
nl = "Pluimveebedrijf"
en = "Poultry farm"
judged_0_10 = 6
words = ["pluimvee"]
"""


class TestAddedKinds:
    @pytest.fixture
    def packed(self, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Make a bundle with a site of an added kind, and stand in an empty installation."""
        data_dir.mkdir(parents=True)
        (data_dir / site_kinds.FILE).write_text(KINDS, "utf-8")
        sites = tmp_path / "hoven.csv"
        sites.write_text("naam;soort;gemeente\nHof Een;pluimvee;Ede\nHof Twee;pluimvee;Barneveld\n", "utf-8")
        assert command.main(["import", "sites", str(sites)]) == 0
        path = tmp_path / "bundle.zip"
        assert command.main(["bundle", "--out", str(path), "--with", "sites"]) == 0
        monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "other"))
        return path

    def test_they_go_along_and_the_receipt_names_them(
        self, tmp_path: Path, packed: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        named = "Kinds of site that come along, in site_kinds.toml: poultry_farm."
        placed = tmp_path / "other" / site_kinds.FILE
        capsys.readouterr()
        assert command.main(["import", "bundle", str(packed), "--dry-run"]) == 0
        assert named in capsys.readouterr().out
        assert not placed.exists()
        assert command.main(["import", "bundle", str(packed)]) == 0
        assert named in capsys.readouterr().out
        assert placed.read_text("utf-8") == KINDS
        assert set(snapshot.current().table("sites")["kind"]) == {"poultry_farm"}
        import_cases(tmp_path, "cases.csv", 8)  # what is imported on top reads the bundle again
        assert set(snapshot.current().table("sites")["kind"]) == {"poultry_farm"}
        assert command.main(["import", "bundle", str(packed)]) == 0
        assert named not in capsys.readouterr().out

    def test_own_kinds_are_never_replaced(
        self, tmp_path: Path, packed: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        placed = tmp_path / "other" / site_kinds.FILE
        placed.parent.mkdir()
        tower = KINDS.replace("poultry_farm", "cooling_tower")
        placed.write_text(tower, "utf-8")
        capsys.readouterr()
        assert command.main(["import", "bundle", str(packed)]) == 2
        assert "lacks kinds of site that the bundle needs (poultry_farm)" in capsys.readouterr().err
        assert placed.read_text("utf-8") == tower
        assert not (placed.parent / "raw" / "bundle").exists()
        own = tower + KINDS.replace("= 6", "= 3")
        placed.write_text(own, "utf-8")
        assert command.main(["import", "bundle", str(packed)]) == 0
        assert "describes otherwise, and that stay as they are here: poultry_farm" in capsys.readouterr().out
        assert placed.read_text("utf-8") == own

    def test_they_go_when_the_bundle_is_undone(self, tmp_path: Path, packed: Path) -> None:
        placed = tmp_path / "other" / site_kinds.FILE
        build.import_bundle(packed)
        import_cases(tmp_path, "cases.csv", 8)
        build.undo()
        assert placed.is_file()  # the bundle is still in use
        build.undo()
        assert not placed.exists()
        assert [kept.read_text("utf-8") for kept in (tmp_path / "other" / "aside").rglob(site_kinds.FILE)] == [KINDS]
        build.import_bundle(packed)
        assert build.return_to_example() == 1
        assert not placed.exists()

    def test_kinds_that_are_still_used_or_were_changed_stay(self, tmp_path: Path, packed: Path) -> None:
        placed = tmp_path / "other" / site_kinds.FILE
        build.import_bundle(packed)
        more = tmp_path / "meer.csv"
        more.write_text("naam;soort;gemeente\nHof Drie;pluimvee;Ede\n", "utf-8")
        assert command.main(["import", "sites", str(more)]) == 0
        assert command.main(["import", "bundle", str(packed)]) == 0
        assert build.undo().source_id == "bundle"  # the first of the two brought the kinds
        assert placed.is_file()
        placed.write_text(KINDS + "# ours", "utf-8")
        build.return_to_example()
        assert placed.read_text("utf-8").endswith("# ours")

    def test_a_changed_list_of_kinds_changes_nothing(self, tmp_path: Path, packed: Path) -> None:
        with zipfile.ZipFile(packed) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        files[site_kinds.FILE] += b"# more"
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        with pytest.raises(InputError, match=r"site_kinds.toml in bundle.zip is damaged"):
            build.import_bundle(packed)
        assert not (tmp_path / "other" / site_kinds.FILE).exists()


class TestUndo:
    def test_the_example_comes_back_when_the_only_import_is_undone(self, tmp_path: Path, data_dir: Path) -> None:
        import_cases(tmp_path, "cases.csv", 8)
        assert not snapshot.current().is_demonstration
        assert build.undo().source_id == "incidence_file.cases"
        assert snapshot.current().is_demonstration
        assert list((data_dir / "aside" / "incidence_file.cases").iterdir())
        with pytest.raises(InputError, match="nothing to undo"):
            build.undo()

    def test_a_second_file_of_a_name_gives_way_to_the_first(self, tmp_path: Path) -> None:
        import_cases(tmp_path, "cases.csv", 8)
        import_cases(tmp_path, "cases.csv", 9)
        assert snapshot.current().table("incidence")["cases_n"].tolist() == [9, 4]
        build.undo()
        assert snapshot.current().table("incidence")["cases_n"].tolist() == [8, 4]

    def test_back_to_the_example_and_forward_again(self, tmp_path: Path) -> None:
        import_cases(tmp_path, "cases.csv", 8)
        import_cases(tmp_path, "other.csv", 9)
        assert build.return_to_example() == 2
        assert snapshot.current().is_demonstration
        import_cases(tmp_path, "cases.csv", 8)
        assert not snapshot.current().is_demonstration
