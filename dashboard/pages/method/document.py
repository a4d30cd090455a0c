"""The method's document on a page: its headings, paragraphs and tables as HTML that fits a telephone too."""

import html
import re
from collections.abc import Iterator
from typing import Final

from dashboard.parts import tables

_LINK: Final = re.compile(r"\[([^\]]*)\]\((https?://[^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`]*)`")


def to_html(markdown: str) -> str:
    r"""Return a document of `risk.insight.method` as HTML, everything in it escaped.

    It knows what those documents hold: headings of the second level, paragraphs, tables, links and code.

    Examples
    --------
    >>> to_html("## A & B\n\nSee [1](https://example.org).")
    '<h2>A &amp; B</h2><p>See <a href="https://example.org" rel="noopener">1</a>.</p>'
    """
    return "".join(_parts(markdown))


def _parts(markdown: str) -> Iterator[str]:
    title = ""
    for block in re.split(r"\n\s*\n", markdown.strip()):
        if block.startswith("## "):
            title = block.removeprefix("## ")
            yield f"<h2>{_inline(title)}</h2>"
        elif block.startswith("|"):
            yield _table(title, block)
        elif block and not block.startswith("# "):
            yield f"<p>{_inline(block)}</p>"


def _table(title: str, block: str) -> str:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
    heads, _, *body = rows
    cells = [[_inline(cell) for cell in row] for row in body]
    return tables.table(title, heads, cells)


def _inline(text: str) -> str:
    text = html.escape(text, quote=False)
    text = _LINK.sub(lambda found: f'<a href="{html.escape(found[2])}" rel="noopener">{found[1]}</a>', text)
    return _CODE.sub(r"<code>\1</code>", text)
