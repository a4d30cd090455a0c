"""The published folder: static pages for who never signs in; they stay readable while the product is away.

    python -m risk publish --out FOLDER

Written through the door of the role ``policy``: no site, no firm, no text, and no count of cases below 3. Every page
stands on its own: it loads nothing, runs nothing and links to nothing outside the folder. What the register counts
is told as known at the end of a month, for day by day would tell single cases.
"""

import hashlib
import html
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from access.viewer import Viewer
from dashboard.map.layers import CLASS_COLOURS, CLASS_INKS, NO_DATA_COLOURS
from dashboard.pages.method.document import to_html
from dashboard.parts import reasons as why
from dashboard.parts.figures import Board, named, official_model, read_board
from dashboard.parts.tables import table
from dashboard.shell.frame import marked
from door import export
from door import store as access
from door.store import ScopedStore
from geodata.errors import InputError, unwritable
from geodata.snapshots import formats as store
from risk.index.classify import CLASS_NAMES, class_name, class_words
from risk.insight import method, reasons
from risk.report import dictionary
from risk.scores import deliver
from words import LANGUAGES, Texts, read_texts

MANIFEST: Final = "published.json"
_SURFACE: Final = "publish"
_PAIRS_N: Final = 10
_COUNTED: Final = (
    ("activations", "kind"),
    ("activations", "sector_code"),
    ("signals", "theme"),
    ("referrals", "state"),
)
_WIDTH_M: Final = 280_000
_HEIGHT_M: Final = 330_000
_CELL_M: Final = 500
_ALLOWED: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE: Final = Path(__file__).with_name("published.css")
_LINK: Final = re.compile(r'<a href="(https?://[^"]*)"[^>]*>(.*?)</a>')


@dataclass(frozen=True)
class _Country:
    """What every page is made of."""

    scoped: ScopedStore
    shown: Board
    regions: gpd.GeoDataFrame
    counts: Mapping[tuple[str, str], pd.DataFrame]
    workers: pd.DataFrame


def publish(folder: Path, known_on: date) -> int:
    """Write the pages to a folder and remove what an earlier time wrote and is no more; return the bytes.

    Parameters
    ----------
    folder
        New, empty, or written by this command before; it is made when it is not there.
    known_on
        The last day of a month: what was recorded later is not counted.

    Raises
    ------
    NotReadyError
        Nothing may be ranked yet; the folder stays as it was.
    InputError
        The folder holds something else, or cannot be written.
    """
    before = _written_before(folder)
    files = pages(known_on)
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    try:
        for name, content in (files | {MANIFEST: _json({"files": listed})}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with store.whole_file(folder / name) as part:
                part.write_bytes(content)
        for name in before - files.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(error) from error
    return sum(map(len, files.values()))


def _written_before(folder: Path) -> set[str]:
    if not folder.is_dir() or not any(folder.iterdir()):
        return set()
    try:
        names = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError("publish_folder", path=folder) from error
    inside = folder.resolve()
    return {name for name in names if (inside / name).resolve().is_relative_to(inside)}


def pages(known_on: date) -> dict[str, bytes]:
    """Return every file of the folder by its name; parameters as for `publish`."""
    scoped = access.open_store(Viewer("policy"), surface=_SURFACE).as_known_on(known_on)
    shown = read_board(scoped, "vr")
    regions = gpd.GeoDataFrame(scoped.table("veiligheidsregios").sort_values("vr_code", ignore_index=True))
    regions["geometry"] = regions.geometry.simplify_coverage(_CELL_M)
    counts = {(name, by): scoped.counts(name, ("vr_code", by)) for name, by in _COUNTED}
    country = _Country(scoped, shown, regions, counts, scoped.persons("workers_n"))
    files = {
        "dictionary.json": dictionary.as_json(official_model(), scoped.sources),
        "scores.csv": _csv(deliver.score_table(scoped, shown.scores, "vr", deliver.ALL_SECTORS)),
    }
    for language in LANGUAGES:
        texts = read_texts(language)
        made = {"index.html": _nation(country, texts), "method.html": _method(country, texts)}
        made |= {"data.html": _data(country, texts)}
        made |= {f"regions/{code}.html": _region(country, texts, code) for code in regions["vr_code"]}
        prefix = "" if language == LANGUAGES[0] else f"{language}/"
        files |= {f"{prefix}{name}": _page(country, texts, name, *one) for name, one in made.items()}
    scoped.note_export("published", len(files))
    return files


def _csv(rows: pd.DataFrame) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.csv"
        store.write_table(rows, path)
        return path.read_bytes()


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _page(country: _Country, texts: Texts, name: str, title: str, body: str) -> bytes:
    """Return a whole page: band, ways to the other pages and the other language, body, what it rests on."""
    depth = name.count("/")
    up = "../" * depth
    band = export.band(country.scoped, texts.language)
    other = next(language for language in LANGUAGES if language != texts.language)
    turn = f"{up}{other}/{name}" if texts.language == LANGUAGES[0] else f"../{up}{name}"
    ways = [
        (f"{up}{place}", texts(f"publish.to_{word}"))
        for place, word in (("index.html", "nation"), ("method.html", "method"), ("data.html", "data"))
    ]
    links = "".join(f'<a href="{address}">{html.escape(word)}</a>' for address, word in ways)
    read_in_other = html.escape(read_texts(other)("publish.read_here"))
    return (
        f'<!DOCTYPE html><html lang="{texts.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">'
        f'<meta name="referrer" content="no-referrer"><title>{html.escape(title)} - Risicobeeld</title>'
        f"<style>{_STYLE.read_text('utf-8')}</style></head><body>"
        + (f'<div class="band">{html.escape(band)}</div>' if band else "")
        + f'<nav aria-label="{html.escape(texts("publish.ways"))}">{links}'
        f'<a href="{turn}" lang="{other}" hreflang="{other}">{read_in_other}</a></nav>'
        f"<main><h1>{html.escape(title)}</h1>{body}</main>{_foot(country, texts)}</body></html>"
    ).encode()


def _foot(country: _Country, texts: Texts) -> str:
    shown, scoped = country.shown, country.scoped
    assert scoped.known_on is not None  # noqa: S101 - `pages` sets it
    lines = [
        *filter(None, [why.lacks(texts, shown)]),
        texts("picture.peildatum", day=texts.day(shown.scored.peildatum.date())),
        texts("publish.known_on", day=texts.day(scoped.known_on)),
        texts("publish.versions", model=shown.scored.model.version, data=scoped.data_version),
        texts("picture.source_line", sources=export.attributions(scoped.sources)),
        texts("publish.licence", licence=export.PLACES_LICENCE),
        texts("publish.small"),
    ]
    return f"<footer>{''.join(f'<p>{html.escape(line)}</p>' for line in lines)}</footer>"


def _nation(country: _Country, texts: Texts) -> tuple[str, str]:
    shown = country.shown
    rows = shown.of_sector("")
    told = why.not_told_apart(texts, shown, "")
    listed = [_score_cells(country, texts, row, _region_link(country, row["area_code"])) for _, row in rows.iterrows()]
    pairs = shown.highest_pairs.head(_PAIRS_N)
    highest = [
        _score_cells(
            country,
            texts,
            row,
            f"{_region_link(country, row['area_code'])}: "
            f"{html.escape(why.sector_name(texts, shown, row['sector_code']))}",
        )
        for _, row in pairs.iterrows()
    ]
    counted = "".join(_counts(country, texts, name, by, "") for name, by in _COUNTED)
    body = (
        f"<p>{html.escape(texts('picture.intro'))}</p>"
        + (f"<p><b>{html.escape(told)}</b></p>" if told else _map(country, texts, "", "regions/"))
        + f"<h2>{html.escape(texts('publish.regions'))}</h2>"
        + _scores_table(texts, texts("publish.regions"), texts("publish.region"), listed)
        + f"<h2>{html.escape(texts('publish.pairs'))}</h2>"
        + _scores_table(texts, texts("publish.pairs"), texts("publish.region"), highest)
        + f"<h2>{html.escape(texts('publish.done'))}</h2>{counted}"
    )
    return named(texts, texts("publish.title"), shown.lacks), body


def _region_link(country: _Country, code: str) -> str:
    return f'<a href="regions/{code}.html">{html.escape(country.shown.names[code])}</a>'


def _region(country: _Country, texts: Texts, code: str) -> tuple[str, str]:
    """Return the public sheet of a region: its score and why, its sectors, who works there, what was done."""
    shown = country.shown
    row = shown.unit(code)
    sentence = reasons.reasons(shown.scored, code, texts.language) if row["score_0_10"] == row["score_0_10"] else ""
    parts = [f"<p>{html.escape(sentence or why.not_told_apart(texts, shown, '') or texts('picture.not_scored'))}</p>"]
    if sentence:
        parts.append(f"<p>{_chip(country, texts, row)} {html.escape(why.rank_words(texts, shown, row))}</p>")
    parts += [
        f"<p>{html.escape(texts('picture.completeness', percent=texts.percent(row['completeness_pct'] / 100)))}</p>",
        _map(country, texts, code, ""),
    ]
    sectors = [
        _score_cells(country, texts, one, html.escape(why.sector_name(texts, shown, one["sector_code"])))
        for _, one in shown.sectors_of(code).iterrows()
    ]
    parts += [
        f"<h2>{html.escape(texts('publish.sectors'))}</h2>",
        _scores_table(texts, texts("publish.sectors"), texts("publish.sector"), sectors),
        f"<h2>{html.escape(texts('publish.workers'))}</h2><p>{html.escape(texts('publish.workers_how'))}</p>",
        _workers(country, texts, code),
        f"<h2>{html.escape(texts('publish.done'))}</h2>",
        *(_counts(country, texts, name, by, code) for name, by in _COUNTED),
    ]
    return named(texts, shown.names[code], shown.lacks), "".join(parts)


def _method(country: _Country, texts: Texts) -> tuple[str, str]:
    text = to_html(method.document(official_model(), texts.language, band=export.band(country.scoped, texts.language)))
    return texts("page.method"), _LINK.sub(lambda found: f"{found[2]} <small>({found[1]})</small>", text)


def _data(country: _Country, texts: Texts) -> tuple[str, str]:
    """Return the data dictionary as a page, with the files that a program reads."""
    up = "" if texts.language == LANGUAGES[0] else "../"
    language = texts.language
    made = dictionary.dictionary(official_model(), country.scoped.sources)
    files = "".join(
        f'<li><a href="{up}{name}">{name}</a>: {html.escape(texts(f"publish.file_{word}"))}</li>'
        for name, word in (("scores.csv", "scores"), ("dictionary.json", "dictionary"))
    )
    heads = [texts(f"publish.{word}") for word in ("column", "meaning", "unit", "allowed")]
    parts = [f"<p>{html.escape(texts('publish.data_intro'))}</p><ul>{files}</ul>"]
    for held in made["tables"]:
        title = f"{held['title'][language]} ({held['name']})"
        rows = [_column(field, language) for field in held["schema"]["fields"]]
        parts += [f"<h2>{html.escape(title)}</h2>", table(title, heads, rows)]
    parts.append(f"<h2>{html.escape(texts('publish.codes'))}</h2>")
    for name, listed in made["codes"].items():
        rows = [[f"<code>{one['code']}</code>", html.escape(one[language])] for one in listed]
        parts.append(table(name, [texts("publish.code"), texts("publish.meaning")], rows, is_caption_shown=True))
    named = [
        [html.escape(cell) for cell in (one["title"], one["publisher"], one["licence"], one["source_date"])]
        for one in made["sources"]
    ]
    heads = [texts(f"publish.{word}") for word in ("source", "publisher", "licence_head", "source_date")]
    parts += [f"<h2>{html.escape(texts('publish.sources'))}</h2>", table(texts("publish.sources"), heads, named)]
    return texts("publish.data_title"), "".join(parts)


def _column(field: Mapping[str, Any], language: str) -> list[str]:
    means = html.escape(field["means"][language])
    return [f"<code>{field['name']}</code>", means, field.get("unit", ""), _limits(field)]


def _limits(field: Mapping[str, Any]) -> str:
    limits = field.get("constraints", {})
    if "enum" in limits:
        return html.escape(", ".join(code or "''" for code in limits["enum"]))
    if "pattern" in limits:
        return f"<code>{html.escape(limits['pattern'])}</code>"
    low, high = limits.get("minimum"), limits.get("maximum")
    return "" if low is None else f"{low:g} - {'' if high is None else format(high, 'g')}"


def _score_cells(country: _Country, texts: Texts, row: pd.Series, name: str) -> list[str]:
    if pd.isna(row["score_0_10"]):
        return [name, html.escape(texts("publish.no_score")), "", ""]
    reason = country.shown.top_reasons[texts.language].get(row["unit_id"], "")
    return [name, _chip(country, texts, row), why.place_span(row), html.escape(reason)]


def _scores_table(texts: Texts, caption: str, first: str, rows: list[list[str]]) -> str:
    if not rows:
        return f"<p>{html.escape(texts('picture.nothing_to_show'))}</p>"
    heads = [first, *(texts(f"publish.{word}") for word in ("score", "place", "reason"))]
    return table(caption, heads, rows, numeric=(2,))


def _chip(country: _Country, texts: Texts, row: pd.Series) -> str:
    number = int(row["risk_class"])
    ground, ink = CLASS_COLOURS[number - 1], CLASS_INKS[number - 1]
    word = f"{texts.number(row['score_0_10'])} {_class(country, texts, number)}"
    return f'<span class="chip" style="background:{ground};color:{ink}">{html.escape(word)}</span>'


def _class(country: _Country, texts: Texts, number: float) -> str:
    word = class_words(class_name(number, texts.language), country.shown.lacks, texts.language)
    return marked(texts, word, is_demonstration=country.shown.is_demonstration)


def _counts(country: _Country, texts: Texts, name: str, by: str, code: str) -> str:
    """Return how often something was done, by one thing at a time; small numbers stay unsaid."""
    found = country.counts[name, by]
    mine = found[found["vr_code"] == code]
    title = texts(f"publish.count_{name}_{by}")
    if mine.empty:
        return f"<h3>{html.escape(title)}</h3><p>{html.escape(texts('publish.count_none'))}</p>"
    words = {one: _word(texts, by, one) for one in mine[by]}
    rows = [[html.escape(words[one[by]]), str(one["n"])] for _, one in mine.iterrows()]
    heads = [texts("publish.what"), texts("chart.number")]
    return f"<h3>{html.escape(title)}</h3>{table(title, heads, rows, numeric=(1,))}"


def _word(texts: Texts, by: str, code: str) -> str:
    name = f"sector.{code}" if by == "sector_code" else f"publish.{by}_{code}"
    return texts(name) if name in texts else code


def _workers(country: _Country, texts: Texts, code: str) -> str:
    found = country.workers
    mine = found[(found["vr_code"] == code) & (found["sector_code"] != "")]
    rows = [
        [
            html.escape(texts(f"sector.{one['sector_code']}")),
            html.escape(texts("publish.withheld"))
            if one["is_withheld"]
            else ""
            if pd.isna(one["workers_n"])
            else texts.number(one["workers_n"], 0),
        ]
        for _, one in mine.iterrows()
    ]
    heads = [texts("publish.sector"), texts("publish.workers_n")]
    return table(texts("publish.workers"), heads, rows, numeric=(1,))


def _map(country: _Country, texts: Texts, chosen: str, prefix: str) -> str:
    """Return the regions by class as a drawing (SVG), each a link to its sheet, with the classes beside it."""
    shown = country.shown
    classes = shown.of_sector("").set_index("area_code")["risk_class"]
    west, south, _, _ = country.regions.total_bounds
    shapes = []
    for one in country.regions.itertuples():
        value = classes.get(one.vr_code, float("nan"))
        colour = NO_DATA_COLOURS[0] if pd.isna(value) else CLASS_COLOURS[int(value) - 1]
        mark = ' class="here"' if one.vr_code == chosen else ""
        word = texts("publish.no_score") if pd.isna(value) else _class(country, texts, value)
        told = html.escape(f"{one.vr_name}: {word}")
        shapes.append(
            f'<a href="{prefix}{one.vr_code}.html" aria-label="{told}"{mark}><path fill="{colour}" '
            f'd="{_path(one.geometry, west, south)}"><title>{told}</title></path></a>'
        )
    legend = "".join(
        f'<span class="chip" style="background:{CLASS_COLOURS[n - 1]};color:{CLASS_INKS[n - 1]}">'
        f"{html.escape(_class(country, texts, n))}</span> "
        for n in CLASS_NAMES
    )
    box = f"0 0 {_WIDTH_M // _CELL_M} {_HEIGHT_M // _CELL_M}"
    return (
        f'<figure><svg viewBox="{box}" role="group" aria-label="{html.escape(texts("publish.map"))}">'
        f"{''.join(shapes)}</svg><figcaption>{html.escape(texts('publish.map'))} {legend}</figcaption></figure>"
    )


def _path(shape: Any, west: float, south: float) -> str:
    """Return an area's rings as an SVG path in cells of `_CELL_M`, north up."""
    rings = [ring for part in getattr(shape, "geoms", [shape]) for ring in (part.exterior, *part.interiors)]

    def points(ring: Any) -> str:
        cells = ((x - west, _HEIGHT_M - (y - south)) for x, y in ring.coords[:-1])
        return "L".join(f"{x / _CELL_M:.0f} {y / _CELL_M:.0f}" for x, y in cells)

    return "".join(f"M{points(ring)}Z" for ring in rings)
