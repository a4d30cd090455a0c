"""What leaves through the door names its sources in the reader's language."""

import pytest

from door import export
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue

OWN_FILES = [name for name, source in catalogue.SOURCES.items() if source.attribution.startswith("Ingelezen")]


def record(name: str) -> SourceRecord:
    return SourceRecord(name, "2020-11-29", 1, "", "", "")


@pytest.mark.parametrize("name", OWN_FILES)
def test_a_file_of_ones_own_is_named_in_the_readers_language(name: str) -> None:
    assert export.attributions([record(name)], "nl").startswith("Ingelezen")
    assert export.attributions([record(name)], "en").startswith("Imported")


def test_a_publisher_keeps_its_wording_and_is_named_once() -> None:
    both = [record("rivm"), record("incidence_file.a"), record("incidence_file.b")]
    assert export.attributions(both, "nl") == "RIVM; Ingelezen bestand"
    assert export.attributions(both, "en") == "RIVM; Imported file"
