"""A press that waits for another process to be done with the register: the page says so, and then does what it said."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from access.database import engine as database
from access.database.who import UPKEEP
from geodata.errors import RegisterError
from tests.browser.fixtures import ROOT, settled
from words import read_texts

APP = ROOT / "app.py"
WRITER = """
import sys
from access.database import engine
from access.database.who import UPKEEP

with engine.writing(UPKEEP):
    print("writing", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_writes() -> Iterator[Callable[[], None]]:
    """Let another process keep the turn to write; give what ends that."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"

        def end() -> None:
            if process.poll() is None:
                process.communicate("\n")

        try:
            yield end
        finally:
            end()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("waiting") / "data"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_press_that_waits_for_the_register_says_so_and_is_then_done(
    serve: Callable[..., str],
    open_page: Callable[..., Page],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
) -> None:
    texts = read_texts(language)
    monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
    page = settled(open_page(f"{serve(APP, RISICOBEELD_DATA=str(folder))}/method?part=what_if&lang={language}"))
    page.get_by_text(texts("profile.keep"), exact=True).click()
    page.get_by_role("textbox", name=texts("profile.name")).fill(f"Kassen {language}")
    with another_writes() as end:
        page.get_by_role("button", name=texts("profile.save"), exact=True).click()
        expect(page.get_by_text(texts("register.waits"))).to_be_visible()
        end()
    expect(page.get_by_text(texts("profile.saved"))).to_be_visible()
    expect(page.get_by_text(texts("register.waits"))).to_have_count(0)
    database.close()


def test_who_waits_too_long_is_told_that_nothing_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path))
    monkeypatch.setattr(database, "PATIENCE_S", 0)
    with (
        another_writes() as end,
        pytest.raises(RegisterError, match=re.escape("busy")),
        database.writing(UPKEEP),
    ):
        pytest.fail("two write at once")
    end()
    monkeypatch.undo()
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path))
    with database.writing(UPKEEP):  # and who left the line keeps nobody waiting
        pass
    database.close()
