"""The published folder: whole, small, alone on its disk, and with nothing in it that not everybody may see."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from access.database import engine as database
from access.viewer import Viewer
from commands.data import main as data_command
from commands.scores import main
from dashboard.server import publish
from door import leaktest
from door.store import open_store
from tests.door import canaries, states

KNOWN_ON = date(2026, 10, 31)
PAGES = {"index.html", "method.html", "data.html", *(f"regions/VR{number:02d}.html" for number in range(1, 26))}


@pytest.fixture(scope="module")
def country(
    tmp_path_factory: pytest.TempPathFactory, once: Callable[[str, Callable[[Path], None]], Path]
) -> tuple[Path, dict[str, canaries.Canary]]:
    """Publish a country of canaries; give the folder and the canaries."""
    place = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISICOBEELD_DATA", str(place / "data"))
        _, birds = canaries.copy(once("canaries", canaries.build_in), place / "data")
        publish.publish(place / "site", KNOWN_ON)
        database.close()
    return place / "site", birds


@pytest.fixture(autouse=True)
def data_dir(country, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RISICOBEELD_DATA", str(country[0].parent / "data"))
    yield country[0].parent / "data"
    database.close()


class Links(HTMLParser):
    """What a page refers to, and what it would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "a":
            self.links.append(told["href"])
        elif "src" in told or tag in ("link", "script", "iframe", "form", "object", "embed"):
            self.loads.append((tag, str(told)))


def test_all_pages_are_there_in_both_languages_and_every_link_leads_to_a_file_of_the_folder(country) -> None:
    folder = country[0]
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    data = {"dictionary.json", "scores.csv", publish.MANIFEST}
    assert written == PAGES | {f"en/{name}" for name in PAGES} | data
    for path in folder.rglob("*.html"):
        page = Links()
        page.feed(path.read_text("utf-8"))
        assert page.loads == [], path
        for link in page.links:
            assert not re.match(r"\w+:|//|/", link), f"{path}: {link}"
            assert (path.parent / link).resolve().is_relative_to(folder), link
            assert (path.parent / link).is_file(), f"{path}: {link}"


def test_no_canary_flies_out(country) -> None:
    folder, birds = country
    for path in folder.rglob("*"):
        if path.is_file():
            assert canaries.find(path.read_text("utf-8"), birds, own="") == [], path


def test_the_leak_test_walks_the_folder_and_finds_what_is_put_there(country, tmp_path, capsys) -> None:
    folder, birds = country
    assert data_command(["leaktest", "--folder", str(folder)]) == 0
    assert "0 leaks" in capsys.readouterr().out
    for number, mark in enumerate((birds["VR06"].name, birds["VR20"].text, str(birds["VR23"].number))):
        (tmp_path / f"{number}.html").write_text(f"<p>In de regio: {mark}, en meer.</p>")
    found = leaktest.walk(Viewer("lotc"), tmp_path)
    assert len(found) == 3
    assert data_command(["leaktest", "--folder", str(tmp_path)]) == 1
    assert birds["VR06"].name not in capsys.readouterr().out, "a leak is told without what leaked"


def test_cells_below_three_are_nowhere(country) -> None:
    scoped = open_store(Viewer("lotc"))
    assert (scoped.counts("activations", ("vr_code", "kind"))["n"] < 3).any(), "there is something to hide"
    for path in (country[0] / "regions").glob("*.html"):
        text = path.read_text("utf-8")
        done = text[text.index("Wat het platform deed") :]
        assert not re.search(r'data-label="Aantal"[^>]*>[012]<', done), path
    text = (country[0] / "index.html").read_text("utf-8")
    assert not re.search(r'data-label="Aantal"[^>]*>[012]<', text)


def test_every_page_says_that_figures_are_invented_and_how_old_they_are(country) -> None:
    for path in country[0].rglob("*.html"):
        text = path.read_text("utf-8")
        is_english = path.relative_to(country[0]).parts[0] == "en"
        assert ("EXAMPLE - invented figures" if is_english else "VOORBEELD - verzonnen cijfers") in text
        assert ("Reference date 30 November 2020" if is_english else "Peildatum 30 november 2020") in text, path
        assert "default-src 'none'" in text


def test_a_page_begins_with_its_date_and_says_once_that_nothing_was_done(country) -> None:
    nothing_n = 0
    for path in (country[0] / "regions").glob("*.html"):
        text = path.read_text("utf-8")
        assert re.search(r"</h1><p>Peildatum \d+ november 2020</p>", text), path
        assert "boundaries" not in text, "an English word in a Dutch page"
        told = text.count("Geen, of te weinig om te noemen.")
        is_all = "Activeringen naar soort" not in text
        nothing_n += is_all
        assert told == 1 if is_all else told < 4, path
    scoped = open_store(Viewer("policy"), surface="publish").as_known_on(KNOWN_ON)
    done = {code for name, by in publish._COUNTED for code in scoped.counts(name, ("vr_code", by))["vr_code"]}
    assert nothing_n == 25 - len(done - {""})


def test_what_raises_most_sectors_of_a_region_stands_once_above_them(country) -> None:
    """Whatever the exceptions are, which are named: no list repeats the reason that it begins with."""
    said_n = 0
    for path in (country[0] / "regions").glob("*.html"):
        text = path.read_text("utf-8")
        if found := re.search(
            r"<p>In (?:alle|\d+ van de \d+) sectoren hier: ([^.<]+)\.([^<]*)</p>(.*?)</table>", text, re.DOTALL
        ):
            reason, others, table = found.groups()
            said_n += 1
            assert f"{reason[:1].upper()}{reason[1:]}." not in table, path
            assert text.count(f"{reason[:1].upper()}{reason[1:]}.") <= 1, path
            assert not others or others.startswith(" Niet in: "), path
    assert said_n > 12


def test_it_is_small(country) -> None:
    assert sum(path.stat().st_size for path in country[0].rglob("*") if path.is_file()) < 5_000_000


def test_the_command_refuses_a_folder_of_something_else_and_removes_only_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is in the pages is proved above; here it is two of them."""
    monkeypatch.setattr(publish, "pages", lambda _: {"index.html": b"new", "regions/VR01.html": b"new"})
    (tmp_path / "letters.txt").write_text("mine")
    assert main(["publish", "--out", str(tmp_path)]) == 2
    assert "choose a folder that is new or empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
    folder = tmp_path / "site"
    assert main(["publish", "--out", str(folder)]) == 0
    manifest = json.loads((folder / publish.MANIFEST).read_text("utf-8"))
    (folder / "old.html").write_text("of an earlier version")
    (folder / "robots.txt").write_text("of the server")
    (folder / "index.html").write_text("of an earlier version")
    manifest["files"] |= {"old.html": "", "../outside.html": ""}
    (folder / publish.MANIFEST).write_text(json.dumps(manifest))
    (folder.parent / "outside.html").write_text("not in the folder")
    assert main(["publish", "--out", str(folder)]) == 0
    assert not (folder / "old.html").exists()
    assert (folder / "index.html").read_text() == "new"
    assert (folder / "robots.txt").exists()
    assert (folder.parent / "outside.html").exists()


def test_a_run_that_was_killed_half_way_leaves_a_folder_that_the_next_one_finishes(tmp_path, monkeypatch) -> None:
    """Killed: not even what cleans up runs."""
    folder = tmp_path / "site"
    asked = {"a.html": b"a", "b.html": b"b", "regions/c.html": b"c"}
    monkeypatch.setattr(publish, "pages", lambda _: asked)
    put, done = publish._put, []

    def killed(path: Path, content: bytes) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(path.name)
        put(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(publish, "_put", killed)
        with pytest.raises(KeyboardInterrupt):
            publish.publish(folder, KNOWN_ON)
    assert sorted(path.name for path in folder.iterdir()) == ["a.html", "b.html", publish.MANIFEST]
    (folder / ".c.html.0123.html").write_bytes(b"half")
    del asked["b.html"]
    publish.publish(folder, KNOWN_ON)
    assert sorted(path.name for path in folder.glob("[!.]*")) == ["a.html", publish.MANIFEST, "regions"]


def test_without_figures_to_rank_nothing_is_written(half_empty, tmp_path, capsys) -> None:
    with states.at(half_empty("establishments")):
        assert main(["publish", "--out", str(tmp_path / "site")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("width", [1400, 390])
def test_it_reads_from_the_disk_in_a_browser_without_a_network(country, browser: Browser, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, java_script_enabled=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{country[0]}/index.html")
    assert page.locator("svg a").count() == 25
    page.locator("table").first.get_by_role("link").first.click()
    assert page.locator("h1").inner_text() in page.title()
    page.get_by_role("link", name="Read this in English").click()
    assert page.locator("html").get_attribute("lang") == "en"
    assert all(address.startswith("file://") for address in asked)
    size = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert size[0] <= size[1]
    page.close()
