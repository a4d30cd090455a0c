"""The method's document on a page: its headings, paragraphs and tables as HTML that fits a telephone too."""

import re
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from dashboard.parts import tables

_LINK_OR_CODE: Final = re.compile(r"\[([^\]]*)\]\((https?://[^)\s]+)\)|`([^`]*)`")


def to_html(markdown: str) -> Markup:
    r"""Return a document of `risk.insight.method` as HTML, everything in it escaped.

    It knows what those documents hold: headings of the second level, paragraphs, tables, links and code.

    Examples
    --------
    >>> to_html("## A & B\n\nSee [1](https://example.org).")
    Markup('<h2>A &amp; B</h2><p>See <a href="https://example.org" rel="noopener">1</a>.</p>')
    """
    return Markup().join(_parts(markdown))


def _parts(markdown: str) -> Iterator[Markup]:
    title = ""
    for block in re.split(r"\n\s*\n", markdown.strip()):
        if block.startswith("## "):
            title = block.removeprefix("## ")
            yield Markup("<h2>{}</h2>").format(_inline(title))
        elif block.startswith("|"):
            yield _table(title, block)
        elif block and not block.startswith("# "):
            yield Markup("<p>{}</p>").format(_inline(block))


def _table(title: str, block: str) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
    heads, _, *body = rows
    cells = [[_inline(cell) for cell in row] for row in body]
    return tables.table(title, heads, cells)


def _inline(text: str) -> Markup:
    made, at = Markup(), 0
    for found in _LINK_OR_CODE.finditer(text):
        words, address, code = found.groups()
        made += text[at : found.start()]
        made += (
            Markup('<a href="{}" rel="noopener">{}</a>').format(address, words)
            if address
            else Markup("<code>{}</code>").format(code)
        )
        at = found.end()
    return made + text[at:]
