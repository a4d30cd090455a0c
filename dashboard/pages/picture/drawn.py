"""What lies in an area that the viewer drew on the map: workers, sites and visits, and by which rule they count."""

import pandas as pd
from markupsafe import Markup

from dashboard.parts import links, tables
from dashboard.shell import saving
from dashboard.shell.problems import in_words
from dashboard.shell.session import Selection
from door import export, within
from door.store import ScopedStore
from door.within import Within
from geodata import codes, site_kinds
from geodata.errors import InputError
from geodata.snapshots import formats
from words import Texts


def offered(store: ScopedStore, chosen: Selection) -> str | None:
    """Return the area for the map to show: '' is none yet, None where nobody may draw."""
    return chosen.drawn if within.may_count(store) else None


def draw(texts: Texts, store: ScopedStore, chosen: Selection, until: pd.Timestamp) -> None:
    """Draw the card of the area under the map, with its file; nothing where no area is drawn.

    Parameters
    ----------
    store
        As known on the day that the page shows.
    until
        The date of the picture: visits after it do not count.
    """
    if not offered(store, chosen):
        return
    try:
        area = within.read_corners(chosen.drawn)
    except InputError as error:
        refused = Markup('<p role="alert">{}</p>').format(in_words(texts, error))
        links.linked(_section(texts, texts("drawn.title_none"), refused), key="drawn")
        return
    sectors = (chosen.sector,) if chosen.sector else tuple(codes.SECTORS)
    found = within.count(store, area, sectors, until)
    links.linked(card(texts, found), key="drawn")
    saving.offer(
        texts("drawn.download"),
        lambda: _file(texts, store, found, until),
        f"{texts('drawn.file')}-{until:%Y-%m-%d}.csv",
        "text/csv",
        key="drawn-file",
    )


def _section(texts: Texts, title: str, body: Markup) -> Markup:
    away = links.link(texts("drawn.away"), drawn="")
    told = Markup('<section class="rb-page rb-drawn" role="status"><h2>{}</h2>{}<p>{}</p></section>')
    return told.format(title, body, away)


def _named(texts: Texts, found: Within) -> pd.DataFrame:
    """Return the counts with the name of what is counted and the rule by which it counts, as they stand in the file."""
    names = {
        "workers": lambda code: texts(f"sector.{code}"),
        "sites": lambda code: site_kinds.name(code, texts),
        "visits": lambda code: texts(f"region.{code}"),
    }
    rows = found.counts
    return rows.assign(
        name=[names[part](code) for part, code in zip(rows["part"], rows["code"], strict=True)],
        rule=[
            texts(f"drawn.rule_{part}_{by}", n=found.gemeenten_n)
            for part, by in zip(rows["part"], rows["placed_by"], strict=True)
        ],
    )


def card(texts: Texts, found: Within) -> Markup:
    """Return a table per part (HTML for `links.linked`) with its rule, or that there is nothing; and what to know."""
    rows, body = _named(texts, found), Markup()
    for part in found.parts:
        mine, title = rows[rows["part"] == part], texts(f"drawn.{part}")
        body += Markup("<h3>{}</h3>").format(title)
        if mine.empty:
            body += Markup("<p>{}</p>").format(texts(f"drawn.none_{part}"))
            continue
        for rule, cells in mine.groupby("rule", sort=False):
            body += Markup('<p class="rb-muted">{}</p>').format(rule)
            columns = {title: list(cells["name"]), texts("drawn.n"): _numbers(texts, cells)}
            if part == "workers":
                columns[texts("drawn.status")] = [texts(f"status.{status}") for status in cells["status"]]
            lines = zip(*columns.values(), strict=True)
            body += tables.table(f"{title}. {rule}", list(columns), lines, numeric=(1,))
    told = [texts("drawn.own_alone")] if found.is_own else []
    told += [texts("drawn.roughly", n=found.roughly_n)] if found.roughly_n else []
    told += [texts("drawn.unplaced", n=found.unplaced_n)] if found.unplaced_n else []
    body += Markup('<p class="rb-muted">{}</p>').format(" ".join(told))
    return _section(texts, texts("drawn.title", km2=texts.number(found.area_km2, 1)), body)


def _numbers(texts: Texts, rows: pd.DataFrame) -> list[str]:
    """Return counts in words; what is not public in some of the gemeenten makes a count the least there are."""
    told = []
    for count, hidden_n in zip(rows["count_n"], rows["hidden_n"], strict=True):
        number = texts("drawn.not_public") if pd.isna(count) else texts.number(count, 0)
        is_least = hidden_n and pd.notna(count)
        told.append(texts("drawn.at_least", n=number, hidden=hidden_n) if is_least else number)
    return told


def _file(texts: Texts, store: ScopedStore, found: Within, until: pd.Timestamp) -> bytes:
    rows = _named(texts, found).assign(area_km2=round(found.area_km2, 2), peildatum=f"{until:%Y-%m-%d}")
    store.note_export("drawn_area", len(rows))
    return formats.csv_for_reader(export.stamped(rows, store, lang=texts.language), texts.language)
