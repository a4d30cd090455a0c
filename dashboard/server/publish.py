"""The published folder: static pages for who never signs in; they stay readable while the product is away.

    python -m risk publish --out FOLDER

Written through the door of the role ``policy``: no site, no firm, no text, and no count of cases below 3. Every page
stands on its own: it loads nothing, runs nothing and links to nothing outside the folder. What the register counts
is told as known at the end of a month, for day by day would tell single cases.
"""

import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from markupsafe import Markup

from access.viewer import Viewer
from dashboard.map.scale import CLASS_COLOURS, CLASS_INKS, NO_DATA_COLOURS
from dashboard.pages.method.document import to_html
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture, named, official_model, read_picture, score_told
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
from words.templates import read_template

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
_PAGE: Final = read_template(Path(__file__).with_name("published.html"))
_LINK: Final = re.compile(r'<a href="(https?://[^"]*)"[^>]*>(.*?)</a>')


@dataclass(frozen=True)
class _Country:
    """What every page is made of."""

    scoped: ScopedStore
    shown: Picture
    regions: gpd.GeoDataFrame
    counts: Mapping[tuple[str, str], pd.DataFrame]
    workers: pd.DataFrame

    @cached_property
    def paths(self) -> list[str]:
        """Return the shape of every region as a path (SVG): fifty pages draw the same country."""
        west, south, _, _ = self.regions.total_bounds
        return [_path(shape, west, south) for shape in self.regions.geometry]


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
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            before |= _written_before(folder)  # by a run that was waited for
            # First what may come to stand there: one that is killed half-way leaves a folder that the next one knows.
            begun = _json({"files": dict.fromkeys(sorted(before), "") | listed})
            for name, content in [(MANIFEST, begun), *files.items()]:
                _put(folder / name, content)
            for name in before - files.keys():
                (folder / name).unlink(missing_ok=True)
            _put(folder / MANIFEST, _json({"files": listed}))
    except OSError as error:
        raise unwritable(error) from error
    return sum(map(len, files.values()))


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with store.whole_file(path) as part:
        part.write_bytes(content)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other run writes here: pages of two moments never stand beside one another."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _written_before(folder: Path) -> set[str]:
    if not folder.is_dir() or all(path.name.startswith(".") for path in folder.iterdir()):  # half-written, or settings
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
    shown = read_picture(scoped, "vr")
    regions = gpd.GeoDataFrame(scoped.table("veiligheidsregios").sort_values("vr_code", ignore_index=True))
    regions["geometry"] = regions.geometry.simplify_coverage(_CELL_M)
    counts = {(name, by): scoped.counts(name, ("vr_code", by)) for name, by in _COUNTED}
    country = _Country(scoped, shown, regions, counts, scoped.persons("workers_n"))
    files = {
        "dictionary.json": dictionary.as_json(official_model(), scoped.sources),
        "scores.csv": _csv(deliver.as_supported(deliver.score_table(scoped, shown.scores, "vr", deliver.ALL_SECTORS))),
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


def _page(country: _Country, texts: Texts, name: str, title: str, body: Markup) -> bytes:
    """Return a whole page: banner, ways to the other pages and the other language, body, what it rests on."""
    up = "../" * name.count("/")
    other = next(language for language in LANGUAGES if language != texts.language)
    return _PAGE.render(
        texts=texts,
        other=read_texts(other),
        title=title,
        day=texts("picture.peildatum", day=texts.day(country.shown.scored.peildatum.date())),
        banner=export.banner(country.scoped, texts.language),
        up=up,
        turn=f"{up}{other}/{name}" if texts.language == LANGUAGES[0] else f"../{up}{name}",
        body=body,
        foot=_foot(country, texts),
    ).encode("utf-8")


def _foot(country: _Country, texts: Texts) -> list[str]:
    shown, scoped = country.shown, country.scoped
    assert scoped.known_on is not None  # noqa: S101 - `pages` sets it
    return [
        *filter(None, [why.lacks(texts, shown)]),
        texts("publish.known_on", day=texts.day(scoped.known_on)),
        texts("publish.versions", model=shown.scored.model.version, data=scoped.data_version),
        texts("picture.source_line", sources=export.attributions(scoped.sources, texts.language)),
        texts("publish.licence", licence=export.FIGURES_LICENCE, boundaries=export.BOUNDARIES_LICENCE),
        texts("publish.small"),
    ]


def _nation(country: _Country, texts: Texts) -> tuple[str, Markup]:
    shown = country.shown
    rows = shown.of_sector("")
    told = why.not_told_apart(texts, shown, "")
    listed = [
        _score_cells(
            country, texts, row, _region_link(country, row["area_code"]), why.top_reason(shown, row["unit_id"], texts)
        )
        for _, row in rows.iterrows()
    ]
    pairs = shown.highest_pairs.head(_PAIRS_N)
    apart = reasons.apart(shown.scored, list(pairs["unit_id"]), texts.language)
    highest = [
        _score_cells(
            country,
            texts,
            row,
            Markup("{}: {}").format(
                _region_link(country, row["area_code"]), why.sector_name(texts, shown, row["sector_code"])
            ),
            why.as_sentence(reason),
        )
        for (_, row), reason in zip(pairs.iterrows(), apart, strict=True)
    ]
    body = (
        Markup("<p>{}</p>").format(texts("picture.intro"))
        + (Markup("<p><b>{}</b></p>").format(told) if told else _map(country, texts, "", "regions/"))
        + Markup("<h2>{}</h2>").format(texts("publish.regions"))
        + _scores_table(texts, texts("publish.regions"), texts("publish.region"), listed)
        + Markup("<h2>{}</h2>").format(texts("publish.pairs"))
        + _scores_table(texts, texts("publish.pairs"), texts("publish.region"), highest)
        + _done(country, texts, "")
    )
    return named(texts, texts("publish.title"), shown.lacks), body


def _region_link(country: _Country, code: str) -> Markup:
    return Markup('<a href="regions/{}.html">{}</a>').format(code, country.shown.names[code])


def _region(country: _Country, texts: Texts, code: str) -> tuple[str, Markup]:
    """Return the public sheet of a region: its score and why, its sectors, who works there, what was done."""
    shown = country.shown
    row = shown.unit(code)
    sentence = reasons.reasons(shown.scored, code, texts.language) if row["score_0_10"] == row["score_0_10"] else ""
    parts = [
        Markup("<p>{}</p>").format(sentence or why.not_told_apart(texts, shown, "") or texts("picture.not_scored"))
    ]
    if sentence:
        parts.append(Markup("<p>{} {}</p>").format(_chip(country, texts, row), why.rank_words(texts, shown, row)))
    parts += [
        Markup("<p>{}</p>").format(texts("picture.completeness", percent=texts.percent(row["completeness_pct"] / 100))),
        _map(country, texts, code, ""),
    ]
    shared, own = why.of_sectors(shown, code, texts)
    sectors = [
        _score_cells(
            country, texts, one, why.sector_name(texts, shown, one["sector_code"]), own.get(one["unit_id"], "")
        )
        for _, one in shown.sectors_of(code).iterrows()
    ]
    parts += [
        Markup("<h2>{}</h2>").format(texts("publish.sectors")),
        Markup("<p>{}</p>").format(shared) if shared else Markup(),
        _scores_table(texts, texts("publish.sectors"), texts("publish.sector"), sectors),
        Markup("<h2>{}</h2><p>{}</p>").format(texts("publish.workers"), texts("publish.workers_how")),
        _workers(country, texts, code),
        _done(country, texts, code),
    ]
    return named(texts, shown.names[code], shown.lacks), Markup().join(parts)


def _method(country: _Country, texts: Texts) -> tuple[str, Markup]:
    text = to_html(
        method.document(official_model(), texts.language, banner=export.banner(country.scoped, texts.language))
    )
    return texts("page.method"), Markup(_LINK.sub(r"\2 <small>(\1)</small>", str(text)))  # noqa: S704 - made of markup


def _data(country: _Country, texts: Texts) -> tuple[str, Markup]:
    """Return the data dictionary as a page, with the files that a program reads."""
    up = "" if texts.language == LANGUAGES[0] else "../"
    language = texts.language
    made = dictionary.dictionary(official_model(), country.scoped.sources)
    files = Markup().join(
        Markup('<li><a href="{up}{name}">{name}</a>: {told}</li>').format(
            up=up, name=name, told=texts(f"publish.file_{word}")
        )
        for name, word in (("scores.csv", "scores"), ("dictionary.json", "dictionary"))
    )
    heads = [texts(f"publish.{word}") for word in ("column", "meaning", "unit", "allowed")]
    parts = [Markup("<p>{}</p><ul>{}</ul>").format(texts("publish.data_intro"), files)]
    for held in made["tables"]:
        title = f"{held['title'][language]} ({held['name']})"
        rows = [_column(field, language) for field in held["schema"]["fields"]]
        parts += [Markup("<h2>{}</h2>").format(title), table(title, heads, rows)]
    parts.append(Markup("<h2>{}</h2>").format(texts("publish.codes")))
    for name, listed in made["codes"].items():
        rows = [[Markup("<code>{}</code>").format(one["code"]), one[language]] for one in listed]
        parts.append(table(name, [texts("publish.code"), texts("publish.meaning")], rows, is_caption_shown=True))
    named = [[one["title"], one["publisher"], one["licence"], one["source_date"]] for one in made["sources"]]
    heads = [texts(f"publish.{word}") for word in ("source", "publisher", "licence_head", "source_date")]
    parts += [Markup("<h2>{}</h2>").format(texts("publish.sources")), table(texts("publish.sources"), heads, named)]
    return texts("publish.data_title"), Markup().join(parts)


def _column(field: Mapping[str, Any], language: str) -> list[str]:
    name = Markup("<code>{}</code>").format(field["name"])
    return [name, field["means"][language], field.get("unit", ""), _limits(field)]


def _limits(field: Mapping[str, Any]) -> str:
    limits = field.get("constraints", {})
    if "enum" in limits:
        return ", ".join(code or "''" for code in limits["enum"])
    if "pattern" in limits:
        return Markup("<code>{}</code>").format(limits["pattern"])
    low, high = limits.get("minimum"), limits.get("maximum")
    return "" if low is None else f"{low:g} - {'' if high is None else format(high, 'g')}"


def _score_cells(country: _Country, texts: Texts, row: pd.Series, name: str, reason: str) -> list[str]:
    if pd.isna(row["score_0_10"]):
        return [name, texts("publish.no_score"), "", ""]
    return [name, _chip(country, texts, row), why.place_span(row), reason]


def _scores_table(texts: Texts, caption: str, first: str, rows: list[list[str]]) -> Markup:
    if not rows:
        return Markup("<p>{}</p>").format(texts("picture.nothing_to_show"))
    heads = [first, *(texts(f"publish.{word}") for word in ("score", "place", "reason"))]
    shown_n = 4 if any(row[3] for row in rows) else 3  # a reason that all share stands above the table
    return table(caption, heads[:shown_n], [row[:shown_n] for row in rows], numeric=(2,))


def _chip(country: _Country, texts: Texts, row: pd.Series) -> Markup:
    number = int(row["risk_class"])
    ground, ink = CLASS_COLOURS[number - 1], CLASS_INKS[number - 1]
    word = f"{score_told(texts, row['score_0_10'])} {_class(country, texts, number)}"
    return Markup('<span class="chip" style="background:{};color:{}">{}</span>').format(ground, ink, word)


def _class(country: _Country, texts: Texts, number: float) -> str:
    word = class_words(class_name(number, texts.language), country.shown.lacks, texts.language)
    return marked(texts, word, is_demonstration=country.shown.is_demonstration)


def _done(country: _Country, texts: Texts, code: str) -> Markup:
    """Return what the platform did in a region ('' = the nation), by one thing at a time; small numbers stay unsaid."""
    mine = {(name, by): found[found["vr_code"] == code] for (name, by), found in country.counts.items()}
    told = Markup().join(_counts(texts, name, by, found) for (name, by), found in mine.items())
    if all(found.empty for found in mine.values()):
        told = Markup("<p>{}</p>").format(texts("publish.count_none"))
    return Markup("<h2>{}</h2>{}").format(texts("publish.done"), told)


def _counts(texts: Texts, name: str, by: str, mine: pd.DataFrame) -> Markup:
    title = texts(f"publish.count_{name}_{by}")
    if mine.empty:
        return Markup("<h3>{}</h3><p>{}</p>").format(title, texts("publish.count_none"))
    words = {one: _word(texts, by, one) for one in mine[by]}
    rows = [[words[one[by]], str(one["n"])] for _, one in mine.iterrows()]
    heads = [texts("publish.what"), texts("chart.number")]
    return Markup("<h3>{}</h3>{}").format(title, table(title, heads, rows, numeric=(1,)))


def _word(texts: Texts, by: str, code: str) -> str:
    name = f"sector.{code}" if by == "sector_code" else f"publish.{by}_{code}"
    return texts(name) if name in texts else code


def _workers(country: _Country, texts: Texts, code: str) -> Markup:
    found = country.workers
    mine = found[(found["vr_code"] == code) & (found["sector_code"] != "")]
    rows = [
        [
            texts(f"sector.{one['sector_code']}"),
            texts("publish.withheld")
            if one["is_withheld"]
            else ""
            if pd.isna(one["workers_n"])
            else texts.number(one["workers_n"], 0),
        ]
        for _, one in mine.iterrows()
    ]
    heads = [texts("publish.sector"), texts("publish.workers_n")]
    return table(texts("publish.workers"), heads, rows, numeric=(1,))


def _map(country: _Country, texts: Texts, chosen: str, prefix: str) -> Markup:
    """Return the regions by class as a drawing (SVG), each a link to its sheet, with the classes beside it."""
    shown = country.shown
    classes = shown.of_sector("").set_index("area_code")["risk_class"]
    shapes = []
    for one, path in zip(country.regions.itertuples(), country.paths, strict=True):
        value = classes.get(one.vr_code, float("nan"))
        colour = NO_DATA_COLOURS[0] if pd.isna(value) else CLASS_COLOURS[int(value) - 1]
        mark = Markup(' class="here"') if one.vr_code == chosen else ""
        word = texts("publish.no_score") if pd.isna(value) else _class(country, texts, value)
        told = f"{one.vr_name}: {word}"
        shapes.append(
            Markup(
                '<a href="{prefix}{vr_code}.html" aria-label="{told}"{mark}><path fill="{colour}" '
                'd="{path}"><title>{told}</title></path></a>'
            ).format(
                prefix=prefix,
                vr_code=one.vr_code,
                told=told,
                mark=mark,
                colour=colour,
                path=path,
            )
        )
    legend = Markup().join(
        Markup('<span class="chip" style="background:{};color:{}">{}</span> ').format(
            CLASS_COLOURS[n - 1], CLASS_INKS[n - 1], _class(country, texts, n)
        )
        for n in CLASS_NAMES
    )
    box = f"0 0 {_WIDTH_M // _CELL_M} {_HEIGHT_M // _CELL_M}"
    return Markup(
        '<figure><svg viewBox="{box}" role="group" aria-label="{map}">'
        "{shapes}</svg><figcaption>{map} {legend}</figcaption></figure>"
    ).format(box=box, map=texts("publish.map"), shapes=Markup().join(shapes), legend=legend)


def _path(shape: Any, west: float, south: float) -> str:
    """Return an area's rings as an SVG path in cells of `_CELL_M`, north up."""
    rings = [ring for part in getattr(shape, "geoms", [shape]) for ring in (part.exterior, *part.interiors)]

    def points(ring: Any) -> str:
        cells = ((x - west, _HEIGHT_M - (y - south)) for x, y in ring.coords[:-1])
        return "L".join(f"{x / _CELL_M:.0f} {y / _CELL_M:.0f}" for x, y in cells)

    return "".join(f"M{points(ring)}Z" for ring in rings)
