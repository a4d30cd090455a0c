"""The script of links and controls by itself, in a real browser."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from dashboard.parts import links

SCRIPT = Path(links.__file__).with_name("links.js").read_text("utf-8")
WEEKS = [(f"2020-W{number}", f"week {number}") for number in range(40, 44)]
PLAY = """
async (drawn) => {
  const { default: show } = await import("/links.js");
  const parentElement = document.body.appendChild(document.createElement("div"));
  const asked = [];
  let told;
  const answer = (week) => { // as the page does: the address first, then the controls
    history.pushState({}, "", `/?week=${week}`);
    show({ data: { markup: drawn[week] }, parentElement, setTriggerValue: (_, choice) => told(choice) });
  };
  const next = () => new Promise((resolve) => (told = resolve)).then((choice) => asked.push(choice));
  answer("2020-W40");
  const first = next();
  parentElement.querySelector("button[data-start]").click();
  await first;
  const second = next();
  answer("2020-W41");
  await second; // it plays on
  const before = history.length;
  answer("2020-W42");
  const played = history.length - before;
  history.pushState({}, "", "/?week=2020-W42&unit=VR06");
  const chosen = history.length - before;
  history.pushState({}, "", "/region?week=2020-W42");
  return { asked, played, chosen, left: history.length - before };
}
"""


def test_only_the_next_value_of_a_play_takes_the_place_of_the_one_before(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.route("http://127.0.0.1/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    page.route("http://127.0.0.1/links.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
    page.goto("http://127.0.0.1/")
    drawn = {week: str(links.slider("Week", "week", WEEKS, week, ("Speel af", "Houd op"))) for week, _ in WEEKS}
    found = page.evaluate(PLAY, drawn)
    assert found["asked"] == ["week=2020-W41", "week=2020-W42"]
    assert (found["played"], found["chosen"], found["left"]) == (0, 1, 2)
