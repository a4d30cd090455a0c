"""Time the map in a real browser, beside a plain one-line Streamlit page served at the same time.

    python bench/bench_map.py [--runs N] [--script app.py]

Each time is taken inside the page, from the start of the visit (or the click) until two frames after the change,
when it has been painted. Visits to the plain page and to the map take turns, so that both meet the same machine.
With --script the first map is that of another page, such as the product's own; the rest stays that of the
component alone.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import machine
from tests.browser.fixtures import start_streamlit, stop
from tools import get_browser

PLAIN = 'import streamlit as st\nst.text("plain")\n'

# Real boundaries, invented figures.
MAP = """
import random
from pathlib import Path
import streamlit as st
from dashboard.map.assets import publish, publish_geometry
from dashboard.map.layers import AreaLayer, MapPicture, Mark, SiteLayer
from dashboard.map.live import live_map
from dashboard.map.layers import map_texts
from words import read_texts
from geodata.codes import SITE_KINDS
from geodata.areas.regions import encode_topology

st.set_page_config(layout="wide")
STATIC, state = Path(__file__).parent / "static", st.session_state


@st.cache_resource
def boundaries():
    import geopandas as gpd
    from geodata.settings import EMBEDDED_DIR
    return publish_geometry(encode_topology(gpd.read_parquet(EMBEDDED_DIR / "gemeenten.parquet")), STATIC)


@st.cache_resource
def sites(number):
    draw = random.Random(2)
    return SiteLayer(
        tuple(map(str, range(number))), tuple(f"Bedrijf {at}" for at in range(number)),
        tuple(draw.choice(SITE_KINDS) for _ in range(number)), tuple(draw.uniform(4, 7) for _ in range(number)),
        tuple(draw.uniform(51, 53.4) for _ in range(number)), tuple(draw.uniform(0, 10) for _ in range(number)))


def put(**values):
    state.update(values)


columns = st.columns(3)
columns[0].button("figures", on_click=lambda: put(seed=state.get("seed", 1) + 1))
columns[1].button("gemeenten", on_click=put, kwargs={"level": "gemeente"})
columns[2].button("sites", on_click=put, kwargs={"sites": 20_000})
draw, level = random.Random(state.get("seed", 1)), state.get("level", "vr")
codes = boundaries().codes[level]
scores = tuple(draw.uniform(0, 10) for _ in codes)
ranks = AreaLayer(level, codes, scores).ranks
areas = AreaLayer(level, codes, scores, ranks, tuple(max(1, rank - 20) for rank in ranks),
                  tuple(min(len(codes), rank + 20) for rank in ranks),
                  tuple(Mark.FLAGGED if rank <= len(codes) // 10 else Mark.NONE for rank in ranks))
words = map_texts(read_texts("nl"), is_demonstration=True)
picture = MapPicture(areas, words, selected=state.get("chosen", ""),
                     sites=sites(state["sites"]) if state.get("sites") else None)
live_map(picture, key="map", assets=publish(STATIC), geometry=boundaries(), on_select=lambda code: put(chosen=code))
st.text(f"chosen={state.get('chosen', '')}")
"""

HELPERS = """
const PARTS = "[data-testid=stBidiComponentIsolated]";
window.part = (wanted) => [...document.querySelectorAll(PARTS)]
  .map((one) => one.shadowRoot).find((root) => root?.querySelector(wanted));
window.painted = (until) => new Promise((resolve) => {
  const look = () => (until()
    ? requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())))
    : requestAnimationFrame(look));
  look();
});
window.areas = () => [...(part("path.area")?.querySelectorAll("path.area") ?? [])];
window.press = (name) => [...document.querySelectorAll("button")].find((one) => one.innerText === name).click();
"""
FIRST_PLAIN = "painted(() => document.querySelector('[data-testid=stText]'))"
FIRST_MAP = "painted(() => areas().length)"
FIGURES = """async () => {
  const fills = () => areas().map((path) => path.getAttribute("fill")).join();
  const [before, start] = [fills(), performance.now()];
  press("figures");
  return await painted(() => fills() !== before) - start;
}"""
CLICK = """async (at) => {
  const text = () => [...document.querySelectorAll("[data-testid=stText]")].pop().innerText;
  const [before, start] = [text(), performance.now()];
  areas()[at].dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true }));
  return await painted(() => text() !== before) - start;
}"""
FRAMES = """async () => {
  const times = [];
  window.panning = true;
  await new Promise((resolve) => {
    let last = performance.now();
    const frame = (now) => {
      times.push(now - last);
      last = now;
      window.panning ? requestAnimationFrame(frame) : resolve();
    };
    requestAnimationFrame(frame);
  });
  return times;
}"""


def first(context: BrowserContext, url: str, wait: str) -> float:
    """Return milliseconds from the start of a visit in a new tab until it is painted."""
    page = context.new_page()
    page.goto(url)
    time = float(page.evaluate(wait))
    page.close()
    return time


def report(name: str, times: list[float], target: str = "") -> None:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"{name:48s} {statistics.median(times):8.0f} {p95:8.0f} {target:>14s}")


def frame_times(page: Page) -> list[float]:
    """Return the times between frames while the map is dragged to and fro."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(f"window.counting = ({FRAMES})(); null")
    for _ in range(5):
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 60, steps=25)
        page.mouse.move(x, y, steps=25)
        page.mouse.up()
    page.evaluate("window.panning = false")
    return [float(time) for time in page.evaluate("window.counting")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--script", type=Path, help="a page with the map; default: the component with real boundaries")
    asked = parser.parse_args()
    chromium = get_browser.find()
    if chromium is None:
        print("No Chromium on this machine; make browser installs one.")
        return
    servers = []

    def serve(folder: Path, name: str, text: str) -> str:
        (folder / f"{name}.py").write_text(text, "utf-8")
        return serve_script(folder / f"{name}.py", folder / f"{name}.log", folder / "data")

    def serve_script(script: Path, log: Path, data: Path) -> str:
        # As the product runs (.streamlit/config.toml), also the page of this file, which stands elsewhere.
        given = {"RISICOBEELD_DATA": str(data), "STREAMLIT_RUNNER_POST_SCRIPT_GC": "false"}
        process, url = start_streamlit(script, log, **given)
        servers.append(process)
        return url

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        try:
            plain, alone = serve(folder, "plain", PLAIN), serve(folder, "map", MAP)
            shown = alone
            if asked.script:
                shown = serve_script(asked.script.resolve(), folder / "app.log", folder / "data")
            browser = playwright.chromium.launch(
                executable_path=chromium,
                args=[
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-networking",
                    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                ],
            )
            measure(lambda: new_context(browser), plain, alone, shown, asked.runs)
            browser.close()
        finally:
            for process in servers:
                stop(process)


def new_context(browser: object) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, locale="nl-NL")
    context.add_init_script(HELPERS)
    return context


def measure(context: Callable[[], BrowserContext], plain: str, alone: str, shown: str, runs: int) -> None:
    """Print the table."""
    print(machine())
    print(f"{'':48s} {'median':>8s} {'p95':>8s} {'target':>14s}")
    for kept, label in ((True, "new tab"), (False, "empty cache")):
        here = context()
        for url, wait in ((plain, FIRST_PLAIN), (shown, FIRST_MAP)):  # the servers and the cache warm up
            first(here, url, wait)
        times: dict[str, list[float]] = {"plain": [], "map": []}
        for _ in range(runs):
            for key, url, wait in (("plain", plain, FIRST_PLAIN), ("map", shown, FIRST_MAP)):
                times[key].append(first(here if kept else context(), url, wait))
        report(f"plain one-line page, {label} (ms)", times["plain"])
        report(f"first map, {label} (ms)", times["map"], "< 2500")
        ratio = statistics.median(times["map"]) / statistics.median(times["plain"])
        print(f"{'  map / plain':48s} {ratio:8.2f} {'':8s} {'<= 1.75':>14s}")
        here.close()

    page = context().new_page()
    frames: list[bytes] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(data)))  # noqa: PLW0108
    page.goto(alone)
    page.evaluate(FIRST_MAP)
    for level in ("vr", "gemeente"):
        if level == "gemeente":
            page.evaluate("press('gemeenten'); painted(() => areas().length > 300)")
        frames.clear()
        report(f"other figures, {level} (ms)", [page.evaluate(FIGURES) for _ in range(runs)], "< 300")
        sizes = [len(frame) for frame in frames if b'"ranks"' in frame]
        report(f"the map's own message, {level} (bytes)", [float(size) for size in sizes], "< 8000")
        report(f"click to Python's answer, {level} (ms)", [page.evaluate(CLICK, at + 1) for at in range(runs)], "< 400")
    page.evaluate("press('sites')")
    page.locator(".card.sites").wait_for()
    report("frame times, 20,000 sites dragged (ms)", frame_times(page), "p95 < 100")
    report("other figures, gemeente, 20,000 sites (ms)", [page.evaluate(FIGURES) for _ in range(runs)], "< 300")


if __name__ == "__main__":
    main()
