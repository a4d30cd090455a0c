"""A press that waits for another process to be done with the register: the page says so, and then does what it said."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from access.database import engine as database
from access.database.who import UPKEEP
from geodata.errors import RegisterError
from tests.browser.fixtures import ROOT, go, settled
from words import read_texts

APP = ROOT / "app.py"


def test_a_press_that_waits_for_the_register_says_so_and_is_then_done(
    serve: Callable[..., str], new_page: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process has the turn to write, and the server is another."""
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / "data"))
    page = new_page()
    page.goto(f"{serve(APP, RISICOBEELD_DATA=str(tmp_path / 'data'))}/method?part=what_if")
    for language in ("nl", "en"):
        texts = read_texts(language)
        settled(page)
        if language == "en":  # the language of the browser is the other one
            go(page, "method?part=what_if&lang=en")
        page.get_by_text(texts("profile.keep"), exact=True).click()
        page.get_by_role("textbox", name=texts("profile.name")).fill(f"Kassen {language}")
        with database.writing(UPKEEP):
            page.get_by_role("button", name=texts("profile.save"), exact=True).click()
            expect(page.get_by_text(texts("register.waits"))).to_be_visible()
        expect(page.get_by_text(texts("profile.saved"))).to_be_visible()
    for language in ("nl", "en"):
        expect(page.get_by_text(read_texts(language)("register.waits"))).to_have_count(0)
    database.close()


def test_who_waits_too_long_is_told_that_nothing_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path))
    with monkeypatch.context() as hurried, database.writing(UPKEEP):
        hurried.setattr(database, "PATIENCE_S", 0)
        with pytest.raises(RegisterError, match=re.escape("busy")), database.writing(UPKEEP):
            pytest.fail("two write at once")
    with database.writing(UPKEEP):  # and who left the line keeps nobody waiting
        pass
    database.close()
