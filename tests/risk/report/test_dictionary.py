"""The data dictionary names all there is, in both languages, and real rows keep to it."""

import json
import re

import pytest

from access.rights import RIGHTS, Verb
from access.viewer import Viewer
from commands.scores import main
from door import export
from door.store import open_store
from geodata import contracts
from geodata.sources import catalogue
from risk.index.model import load_model
from risk.report.dictionary import dictionary, meaning
from risk.scores import deliver
from risk.scores.outputs import read_scored


@pytest.fixture(scope="module")
def made() -> dict:
    return dictionary(load_model(), ())


def test_every_column_of_every_table_has_a_type_and_a_meaning_in_both_languages(made: dict) -> None:
    tables = {table["name"]: table for table in made["tables"]}
    assert tables.keys() == contracts.CONTRACTS.keys()
    for name, contract in contracts.CONTRACTS.items():
        fields = {field["name"]: field for field in tables[name]["schema"]["fields"]}
        assert list(fields) == contract.columns
        assert set(tables[name]["schema"]["primaryKey"]) <= set(fields)
        for column, field in fields.items():
            assert field["type"] in ("string", "number", "integer", "boolean", "date", "geojson")
            assert field["means"] == {lang: meaning(name, column, lang) for lang in ("nl", "en")}


def test_the_rows_of_the_example_keep_to_what_the_dictionary_says(made: dict) -> None:
    scoped = open_store(Viewer("lotc"))
    for table in made["tables"]:
        if table["name"] not in export.TABLES or table["name"] == "context":
            continue
        rows = scoped.table(table["name"])
        assert not rows.duplicated(table["schema"]["primaryKey"]).any()
        for field in table["schema"]["fields"]:
            values, limits = rows[field["name"]], field.get("constraints", {})
            if limits.get("required"):
                assert values.notna().all(), field
            if "enum" in limits:
                assert set(values) <= set(limits["enum"]), field
            if "pattern" in limits:
                assert all(re.match(limits["pattern"], value) for value in values.unique()), field
            if "minimum" in limits:
                assert (values.dropna() >= limits["minimum"]).all(), field


@pytest.mark.usefixtures("few_rebuilds")
def test_every_column_of_a_file_of_scores_is_in_it(made: dict) -> None:
    scoped = open_store(Viewer("lotc"))
    table = deliver.score_table(scoped, read_scored(scoped, "vr", load_model()).scores, "vr")
    known = {field["name"] for one in made["tables"] for field in one["schema"]["fields"]}
    assert set(table.columns) <= known | {one["name"] for one in made["also_in_files"]}


def test_what_is_secret_is_called_so_and_sources_are_all_there(made: dict) -> None:
    sites = next(table for table in made["tables"] if table["name"] == "sites")
    assert {field["name"] for field in sites["schema"]["fields"] if "secrecy" in field} == {"name", "employer_group"}
    assert {source["id"] for source in made["sources"]} == set(catalogue.SOURCES)
    known = {table["name"] for table in made["tables"]}
    read = {name for verbs in RIGHTS.values() for name in verbs[Verb.READ]}
    assert {name for name in read if name in contracts.CONTRACTS} <= known


def test_the_command_writes_it_with_the_age_of_each_source(tmp_path) -> None:
    path = tmp_path / "dictionary.json"
    assert main(["dictionary", "--out", str(path)]) == 0
    dates = {source["id"]: source["source_date"] for source in json.loads(path.read_text("utf-8"))["sources"]}
    used = {record.source_id: record.source_date for record in open_store(Viewer("policy")).sources}
    assert {name: day for name, day in dates.items() if day} == {name: day for name, day in used.items() if day}
    assert dates["demonstration"]


def test_an_impossible_place_is_refused_in_one_sentence(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["dictionary", "--out", str(tmp_path / "file" / "x.json")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
