"""What goes wrong at a publisher: the picture stays, and the sentence names source, cause and remedy."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from door import store as access
from geodata.errors import SnapshotError, UnknownCodeError
from geodata.intake.columns import ColumnMapping
from geodata.refresh import fetch as fetching
from geodata.refresh import health, imports
from geodata.refresh.fetch import Outcome
from geodata.snapshots import snapshot
from tests.server import local
from tests.server.cbs import Table
from tests.server.local import Answer, LocalServer, Request

REMEDY = ("again", "compare", "look at", "correct", "ask for", "choose", "accept", "import")


def picture() -> tuple[str, int]:
    """Return what a viewer has now: the data version, with all of it proved whole."""
    store = access.open_store(access.Viewer("lotc"))
    return store.data_version, len(store.table("incidence"))


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make once the data folder that stands before a refresh: one imported file with invented cases."""
    folder = tmp_path_factory.mktemp("baseline")
    path = folder / "cases.csv"
    path.write_text("gemeente;week;aantal\nGM0363;2026-W01;3\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(folder / "data"))
        imports.import_incidence(path, "invented", ColumnMapping())
    return folder / "data"


@pytest.fixture
def standing(baseline: Path, data_dir: Path) -> tuple[str, int]:
    """Return the picture that stands before a refresh."""
    shutil.copytree(baseline, data_dir)
    return picture()


def one(names: list[str], accepted: list[str] | None = None) -> Outcome:
    return fetching.refresh_sources(names, accepted or [])[0]


def refused(outcome: Outcome, source_id: str, cause: str) -> None:
    """Prove the sentence: which source, what happened, what to do; and that status remembers it."""
    assert outcome.state == "failed"
    assert outcome.message.startswith(f"Source {source_id}: ")
    assert cause in outcome.message
    remedy = outcome.message.rsplit(";", 1)[-1] if ";" in outcome.message else outcome.message.rsplit(":", 1)[-1]
    assert any(word in remedy for word in REMEDY)
    assert health.read()[source_id].error == outcome.message


def with_remark(_request: Request, answer: Answer) -> Answer:
    content = json.loads(answer.body) | {"remark": "runtime error: Query timed out in query at line 3", "elements": []}
    return Answer(json.dumps(content).encode())


EVERY = ("cbs_jobs", "pdok_parks", "osm", "traces", "rivm")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("source_id", EVERY)
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (local.status(500), "HTTP 500"),
        (local.slow_down("900"), "900 seconds"),
        (local.hang, "no answer in time"),
        (local.web_page, "instead of data"),
        (local.status(403), "HTTP 403"),
    ],
    ids=["500", "429", "hang", "html", "403"],
)
def test_a_publisher_that_fails_leaves_the_picture(
    server: LocalServer, standing: tuple[str, int], source_id: str, fault: local.Fault, cause: str
) -> None:
    server.fail(".*", fault)
    refused(one([source_id]), source_id, cause)
    assert picture() == standing


@pytest.mark.parametrize("source_id", ["cbs_jobs", "pdok_parks", "osm", "traces"])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [(local.truncated, "cut off"), (local.broken_off, "no connection")],
    ids=["truncated", "broken off"],
)
def test_json_that_is_cut_leaves_the_picture(
    server: LocalServer, standing: tuple[str, int], source_id: str, fault: local.Fault, cause: str
) -> None:
    server.fail(".*", fault)
    refused(one([source_id]), source_id, cause)
    assert picture() == standing


def test_a_question_that_is_too_large_is_named(server: LocalServer, standing: tuple[str, int]) -> None:
    server.fail("TypedDataSet", local.too_many_records)
    refused(one(["cbs_establishments"]), "cbs_establishments", "more than 10000 records")
    assert picture() == standing


def test_an_overpass_answer_with_a_remark_is_not_half_used(server: LocalServer, standing: tuple[str, int]) -> None:
    server.fail("/api/interpreter", with_remark)
    refused(one(["osm"]), "osm", "Query timed out")
    assert picture() == standing


def test_one_source_down_does_not_stop_the_others(server: LocalServer) -> None:
    server.fail("/tracesnt/", local.status(503))
    outcomes = {outcome.source_id: outcome.state for outcome in fetching.refresh_sources(["traces", "pdok_parks"])}
    assert outcomes == {"traces": "failed", "pdok_parks": "new"}
    assert set(access.open_store(access.Viewer("lotc")).table("sites")["source"]) == {"pdok_parks"}


@pytest.mark.usefixtures("server")
def test_a_column_that_moved_is_still_found(tables: dict[str, Table]) -> None:
    from tests.server import figures  # noqa: PLC0415 - only here

    assert one(["cbs_agriculture"]).state == "new"
    tables["80781ned"] = replace(figures.agriculture(first_suffix=40), modified="2026-09-01T02:00:00")
    again = one(["cbs_agriculture"])
    assert (again.state, again.message) == ("new", "")


Spoil = Callable[[Table], Table]


def without_amsterdam(table: Table) -> Table:
    rows = [row for row in table.rows if row["RegioS"].strip() != "GM0363"]
    return replace(table, rows=rows, modified="2026-09-01T02:00:00")


def ten_times(table: Table) -> Table:
    key = next(row["Key"] for row in table.properties if row["Type"] == "Topic")
    rows = [row | {key: row[key] * 10 if row[key] else row[key]} for row in table.rows]
    return replace(table, rows=rows, modified="2026-09-01T02:00:00")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("spoil", "cause"), [(without_amsterdam, "GM0363"), (ten_times, "more than 25 %")], ids=["vanished", "jump"]
)
def test_a_delivery_unlike_the_previous_one_needs_a_person(tables: dict[str, Table], spoil: Spoil, cause: str) -> None:
    assert one(["cbs_establishments"]).state == "new"
    before = picture()
    tables["81575NED"] = spoil(tables["81575NED"])
    outcome = one(["cbs_establishments"])
    refused(outcome, "cbs_establishments", cause)
    assert "--accept cbs_establishments" in outcome.message
    assert picture() == before
    assert one(["cbs_establishments"], ["cbs_establishments"]).state == "new"
    assert picture() != before


@pytest.mark.usefixtures("server")
def test_abolished_gemeenten_come_as_nulls_and_count_nowhere() -> None:
    one(["cbs_establishments"])
    exposure = access.open_store(access.Viewer("lotc")).table("exposure")
    groups = exposure[exposure["sector_code"] == "SBI:A"]
    assert len(groups) == 342
    assert not groups["establishments_n"].isna().any()


def test_a_lost_boundary_is_refused(server: LocalServer, standing: tuple[str, int]) -> None:
    def lose_one(_request: Request, answer: Answer) -> Answer:
        content = json.loads(answer.body)
        content["features"] = [row for row in content["features"] if row["properties"]["statcode"] != "GM0363"]
        return Answer(json.dumps(content).encode())

    server.fail("gemeente_gegeneraliseerd/items", lose_one)
    refused(one(["pdok_areas"]), "pdok_areas", "GM0363")
    assert picture() == standing


def test_what_the_code_did_not_foresee_stays_with_its_source(server: LocalServer, standing: tuple[str, int]) -> None:
    server.fail("/items", lambda _request, _answer: Answer(b'{"features": [3]}'))
    refused(one(["pdok_parks"]), "pdok_parks", "could not be understood")
    assert picture() == standing


@pytest.mark.usefixtures("server")
def test_one_refresh_at_a_time() -> None:
    with snapshot.lock(), pytest.raises(SnapshotError, match="Another import or refresh"):
        fetching.refresh_sources(["rivm"])


def test_an_unknown_source_is_refused_before_anything_is_asked(server: LocalServer) -> None:
    with pytest.raises(UnknownCodeError, match="choose from"):
        fetching.refresh_sources(["rivm", "rivn"])
    assert not server.asked
