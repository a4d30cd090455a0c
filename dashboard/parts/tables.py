"""Tables as escaped HTML: one form, readable by keyboard and screen reader, a list of cards on a telephone."""

import html
from collections.abc import Collection, Iterable, Sequence


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[int] = (),
    kind: str = "",
    is_caption_shown: bool = False,
    shown_heads: Sequence[str] = (),
) -> str:
    """Return a table; the first cell of a row names it.

    Parameters
    ----------
    caption
        What the table tells, for who cannot see what stands around it.
    heads
        Plain text per column.
    rows
        Cells per row: HTML, in which everything that came from data is escaped.
    numeric
        Places of the columns that stand to the right.
    kind
        A further class of the style sheet.
    shown_heads
        Heads as HTML, such as links to sort by, to stand in the place of the plain ones.

    Examples
    --------
    >>> "<script>" in table("t", ["<script>"], [["a"]])
    False
    """
    classes = [' class="rb-number"' if place in numeric else "" for place in range(len(heads))]
    labels = [html.escape(head) for head in heads]
    head = "".join(
        f'<th role="columnheader" scope="col"{style}>{label}</th>'
        for label, style in zip(shown_heads or labels, classes, strict=True)
    )
    body = "".join(f'<tr role="row">{_cells(row, labels, classes)}</tr>' for row in rows)
    hidden = "" if is_caption_shown else ' class="rb-unseen"'
    return (
        f'<table role="table" class="rb-table {html.escape(kind)}"><caption{hidden}>{html.escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def _cells(row: Sequence[str], labels: Sequence[str], classes: Sequence[str]) -> str:
    first, *others = row
    name = f'<th role="rowheader" scope="row">{first}</th>'
    return name + "".join(
        f'<td role="cell" data-label="{label}"{style}>{cell}</td>'
        for cell, label, style in zip(others, labels[1:], classes[1:], strict=True)
    )
