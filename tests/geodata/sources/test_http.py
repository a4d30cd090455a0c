"""Fetching: addresses that can be moved, attempts that are repeated, downloads that are completed."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from geodata.errors import InputError, SourceError
from geodata.sources import http
from tests.server import local
from tests.server.local import Answer, LocalServer, Request


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def echo(request: Request) -> Answer | None:
    return Answer(b'{"rows": [1, 2]}') if request.path == "/echo" else None


@pytest.fixture
def echoing(server: LocalServer) -> LocalServer:
    server.routes.append(echo)
    return server


class TestBases:
    def test_without_a_file_the_publishers_own_addresses_hold(self) -> None:
        assert http.base("rivm") == "https://data.rivm.nl"

    def test_a_file_moves_only_what_it_names(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "sources.toml"
        path.write_text('[base]\nrivm = "http://127.0.0.1:8080"\ncbs_v3 = "https://mirror.example/"\n', "utf-8")
        monkeypatch.setenv("RISICOBEELD_SOURCES", str(path))
        assert http.base("rivm") == "http://127.0.0.1:8080"
        assert http.base("cbs_v3") == "https://mirror.example"
        assert http.base("traces") == "https://webgate.ec.europa.eu"

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('[base]\nrivm = "http://example.org"', "https"),
            ('[base]\nrivm = "http://localhost:80"', "https"),
            ('[base]\nrivm = "https://example.org/data"', "host and port only"),
            ('[base]\nrivm = "https://user@example.org"', "host and port only"),
            ("[base]\nrivm = 3", "host and port only"),
            ('[base]\nrivn = "https://example.org"', "unknown address 'rivn'"),
            ("[other]\n", "two tables"),
            ("[base", "not TOML"),
        ],
    )
    def test_an_address_that_would_mislead_is_refused(
        self, text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "sources.toml"
        path.write_text(text, "utf-8")
        monkeypatch.setenv("RISICOBEELD_SOURCES", str(path))
        with pytest.raises(InputError, match=reason):
            http.base("rivm")

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RISICOBEELD_SOURCES", str(tmp_path / "absent.toml"))
        with pytest.raises(InputError, match=r"absent\.toml"):
            http.base("rivm")


class TestAttempts:
    @pytest.mark.parametrize(
        "fault", [local.status(503), local.status(429), local.truncated, local.broken_off, local.hang]
    )
    @pytest.mark.usefixtures("impatient")
    def test_what_passes_is_tried_again(self, echoing: LocalServer, fault: local.Fault) -> None:
        echoing.fail("/echo", fault, times=2)
        assert http.get_json("rivm", f"{echoing.address}/echo") == {"rows": [1, 2]}
        assert echoing.count("/echo") == 3

    def test_retry_after_in_seconds_is_obeyed(self, echoing: LocalServer) -> None:
        echoing.fail("/echo", local.slow_down("1"), times=1)
        before = time.monotonic()
        http.get_json("rivm", f"{echoing.address}/echo")
        assert time.monotonic() - before >= 1

    def test_retry_after_as_a_date_is_obeyed(self, echoing: LocalServer) -> None:
        moment = datetime.now(UTC) + timedelta(seconds=2)
        echoing.fail("/echo", local.slow_down(format_datetime(moment, usegmt=True)), times=1)
        http.get_json("rivm", f"{echoing.address}/echo")
        assert datetime.now(UTC) >= moment.replace(microsecond=0)

    def test_a_wait_of_an_hour_is_left_to_the_next_refresh(self, echoing: LocalServer) -> None:
        echoing.fail("/echo", local.slow_down("3600"))
        with pytest.raises(SourceError, match="3600 seconds"):
            http.get_json("rivm", f"{echoing.address}/echo")
        assert echoing.count("/echo") == 1

    @pytest.mark.parametrize(
        ("fault", "cause"),
        [
            (local.status(404), "HTTP 404"),
            (local.status(403), "HTTP 403"),
            (local.web_page, "web page"),
            (local.too_many_records, "too large"),
        ],
    )
    def test_what_does_not_pass_is_not_tried_again(self, echoing: LocalServer, fault: local.Fault, cause: str) -> None:
        echoing.fail("/echo", fault)
        with pytest.raises(SourceError, match=cause) as caught:
            http.get_json("rivm", f"{echoing.address}/echo")
        assert str(caught.value).startswith("Source rivm: ")
        assert echoing.count("/echo") == 1

    def test_a_server_that_is_not_there_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RISICOBEELD_RETRY_WAIT", "0.01")
        with pytest.raises(SourceError, match=r"no connection to http://127\.0\.0\.1:9"):
            http.get_json("rivm", "http://127.0.0.1:9/echo")


class TestPages:
    def test_a_circle_of_pages_is_told(self, server: LocalServer) -> None:
        server.routes.append(lambda request: Answer(b'{"next": "/a"}') if request.path == "/a" else None)
        with pytest.raises(SourceError, match="circle"):
            list(http.pages("osm", f"{server.address}/a", {}, lambda page: page["next"]))


class TestDownload:
    CONTENT = bytes(range(256)) * 20_000

    @pytest.fixture
    def serving(self, server: LocalServer) -> LocalServer:
        content = self.CONTENT
        server.routes.append(
            lambda request: Answer(content, content_type="application/octet-stream") if request.path == "/big" else None
        )
        return server

    def test_a_download_that_breaks_off_is_completed(self, serving: LocalServer, tmp_path: Path) -> None:
        serving.fail("/big", local.broken_off, times=1)
        path = http.download("osm_extract", f"{serving.address}/big", tmp_path / "big", nothing)
        assert path.read_bytes() == self.CONTENT
        assert [("Range" in request.headers) for request in serving.asked] == [False, True]

    def test_what_an_earlier_run_left_is_completed(self, serving: LocalServer, tmp_path: Path) -> None:
        serving.fail("/big", local.broken_off)
        with pytest.raises(SourceError):
            http.download("osm_extract", f"{serving.address}/big", tmp_path / "big", nothing)
        left = (tmp_path / "big.part").stat().st_size
        assert 0 < left < len(self.CONTENT)
        serving.heal()
        path = http.download("osm_extract", f"{serving.address}/big", tmp_path / "big", nothing)
        assert path.read_bytes() == self.CONTENT
        assert serving.asked[-1].headers["Range"] == f"bytes={left}-"

    def test_a_part_of_another_file_is_not_completed(self, serving: LocalServer, tmp_path: Path) -> None:
        (tmp_path / "big.part").write_bytes(b"yesterday's")
        (tmp_path / "big.mark").write_text('"yesterday"', "utf-8")
        path = http.download("osm_extract", f"{serving.address}/big", tmp_path / "big", nothing)
        assert path.read_bytes() == self.CONTENT
