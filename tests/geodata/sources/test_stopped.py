"""Tables that stopped are told by name with a way on, and nothing is fetched twice that did not change."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from geodata.errors import InputError
from geodata.refresh import fetch
from geodata.refresh import fetch as fetching
from geodata.refresh.fetch import Outcome
from geodata.snapshots import deliveries, snapshot
from geodata.sources import http, rivm
from tests.server import local
from tests.server.cbs import Table
from tests.server.local import Answer, LocalServer

JOBS = "83582NED"


def one(name: str, *accepted: str) -> Outcome:
    return fetching.refresh_sources([name], accepted)[0]


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


@pytest.mark.usefixtures("server")
class TestStoppedTables:
    def test_one_that_statline_stopped_is_an_error_by_name_until_it_is_accepted(self, tables: dict[str, Table]) -> None:
        tables[JOBS] = replace(tables[JOBS], status="Gediscontinueerd")
        told = one("cbs_jobs")
        assert told.state == "failed"
        assert f"Source cbs_jobs: StatLine stopped table {JOBS} (gediscontinueerd, last changed 2026-06-01)" in (
            told.message
        )
        assert '[tables], cbs_jobs = "..."' in told.message
        assert snapshot.current().is_demonstration
        assert fetch.check_live(["cbs_jobs"])["cbs_jobs"][0].startswith(f"StatLine stopped table {JOBS}")
        assert one("cbs_jobs", "cbs_jobs").state == "new"
        again = one("cbs_jobs")
        assert again.state == "unchanged"
        assert JOBS in again.notes[0]

    def test_one_that_stops_leaves_what_we_have(self, tables: dict[str, Table]) -> None:
        assert one("cbs_jobs").state == "new"
        version = snapshot.current().data_version
        tables[JOBS] = replace(tables[JOBS], status="Vervallen", modified="2026-09-01T02:00:00")
        assert "last changed 2026-09-01" in one("cbs_jobs").message
        assert snapshot.current().data_version == version

    def test_one_that_is_not_served_any_more_is_named_and_another_can_take_its_place(
        self, server: LocalServer, tables: dict[str, Table], tmp_path: Path
    ) -> None:
        tables["90001NED"] = replace(tables.pop(JOBS), table_id="90001NED")
        told = one("cbs_jobs").message
        assert f"StatLine does not serve table {JOBS} any more (HTTP 404, v3 and v4)" in told
        assert "what we have of it stays in use" in told
        sources = server.write_sources(tmp_path)
        sources.write_text(sources.read_text("utf-8") + '[tables]\ncbs_jobs = "90001NED"\n', "utf-8")
        assert one("cbs_jobs").state == "new"
        assert one("cbs_jobs").state == "unchanged"
        assert fetch.check_live(["cbs_jobs"]) == {"cbs_jobs": []}
        raw = deliveries.latest_raw_of("cbs_jobs")
        assert raw is not None
        assert raw.parameters == {"table": "90001NED"}
        sources.write_text('[tables]\ncbs_jobs = "../etc"\n', "utf-8")
        with pytest.raises(InputError, match="no table of StatLine"):
            http.table("cbs_jobs", JOBS)


class TestConditional:
    def test_a_file_that_did_not_change_is_not_sent_again(self, server: LocalServer) -> None:
        assert one("rivm").state == "new"
        version = snapshot.current().data_version
        statuses: list[int] = []
        answer = server.answer

        def noted(request: local.Request) -> Answer | str:
            found = answer(request)
            if isinstance(found, Answer):
                statuses.append(local.ranged(request, found)[1])
            return found

        server.answer = noted  # type: ignore[method-assign]
        assert one("rivm").state == "unchanged"
        assert set(statuses) == {304}
        assert snapshot.current().data_version == version
        assert len(deliveries.every_raw()) == 1

    def test_what_is_kept_and_damaged_is_fetched_anew(self, server: LocalServer, tmp_path: Path) -> None:
        content = [b"one", b"two"]
        server.routes.append(
            lambda request: (
                Answer(content[0], content_type="application/octet-stream") if request.path == "/file" else None
            )
        )
        url = f"{server.address}/file"

        def got() -> bytes:
            return http.download("rivm", url, tmp_path / "file", nothing).read_bytes()

        assert (got(), got()) == (b"one", b"one")
        assert "If-None-Match" in server.asked[-1].headers
        for path in (http_folder := tmp_path / "data" / "cache" / "http").iterdir():
            if not path.suffix:
                path.write_bytes(b"spoiled")
        assert got() == b"one"
        assert "If-None-Match" not in server.asked[-1].headers
        content.pop(0)
        assert got() == b"two"
        assert len(list(http_folder.iterdir())) == 2

    def test_what_was_kept_longest_ago_makes_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(http, "_MOST_N", 2)
        for name in ("one", "two", "three"):
            http._keep(name, name.encode(), {"ETag": name})
        assert [http._conditions(name) for name in ("one", "two", "three")] == [
            {},
            {"If-None-Match": "two"},
            {"If-None-Match": "three"},
        ]

    @pytest.mark.parametrize("mark", [{"ETag": '"a"'}, {"Last-Modified": "Mon, 01 Jun 2026 02:00:00 GMT"}, {}])
    def test_rows_are_asked_on_condition_by_either_mark(self, server: LocalServer, mark: dict[str, str]) -> None:
        server.routes.append(
            lambda request: Answer(b'{"rows": [1]}', headers=mark) if request.path == "/rows" else None
        )
        for number in range(2):
            pages = list(http.pages("pdok_parks", f"{server.address}/rows", {"f": "json"}, lambda _page: None))
            assert pages == [{"rows": [1]}]
            asked = {"If-None-Match", "If-Modified-Since"} & server.asked[-1].headers.keys()
            assert len(asked) == (1 if mark and number else 0)
        assert bool(http._conditions(f"{server.address}/rows?f=json")) == bool(mark)


def test_the_last_week_of_rivm_is_left_out_while_it_is_not_over() -> None:
    days = pd.DataFrame(
        {
            "Date_of_publication": pd.to_datetime(["2023-03-25", "2023-03-26", "2023-03-27", "2023-03-31"]),
            "Municipality_code": "GM0363",
            "Total_reported": [4, 5, 6, 7],
        }
    )
    assert rivm.weekly(days)[["week", "cases_n"]].to_numpy().tolist() == [["2023-W12", 9]]
    sunday = days.tail(1).assign(Date_of_publication=pd.Timestamp("2023-04-02"))
    whole = pd.concat([days, sunday], ignore_index=True)
    assert rivm.weekly(whole)["week"].tolist() == ["2023-W12", "2023-W13"]


def test_a_refresh_says_which_week_is_not_over(server: LocalServer, folder: Path) -> None:
    assert server
    notes = rivm.CONNECTOR.fetch(folder, nothing).notes
    assert notes == ("Week 2023-W13 is left out: the figures end within it, on 2023-03-31.",)
