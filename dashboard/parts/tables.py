"""Tables as HTML: one form, readable by keyboard and screen reader, a list of cards on a telephone."""

from collections.abc import Collection, Iterable, Sequence

from markupsafe import Markup


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[int] = (),
    kind: str = "",
    is_caption_shown: bool = False,
    shown_heads: Sequence[str] = (),
) -> Markup:
    """Return a table; the first cell of a row names it.

    Parameters
    ----------
    caption
        What the table tells, for who cannot see what stands around it.
    heads
        Plain text per column.
    rows
        Cells per row: a text, or `Markup`.
    numeric
        Places of the columns that stand to the right.
    kind
        A further class of the style sheet.
    shown_heads
        Heads as `Markup`, such as links to sort by, to stand in the place of the plain ones.

    Examples
    --------
    >>> "<script>" in table("t", ["<script>"], [["a"]])
    False
    """
    classes = [Markup(' class="rb-number"') if place in numeric else "" for place in range(len(heads))]
    head = Markup().join(
        Markup('<th role="columnheader" scope="col"{}>{}</th>').format(style, label)
        for label, style in zip(shown_heads or heads, classes, strict=True)
    )
    body = Markup().join(Markup('<tr role="row">{}</tr>').format(_cells(row, heads, classes)) for row in rows)
    hidden = "" if is_caption_shown else Markup(' class="rb-unseen"')
    return Markup(
        '<table role="table" class="rb-table {kind}"><caption{hidden}>{caption}</caption>'
        '<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    ).format(kind=kind, hidden=hidden, caption=caption, head=head, body=body)


def _cells(row: Sequence[str], heads: Sequence[str], classes: Sequence[str]) -> Markup:
    first, *others = row
    name = Markup('<th role="rowheader" scope="row">{}</th>').format(first)
    return name + Markup().join(
        Markup('<td role="cell" data-label="{}"{}>{}</td>').format(label, style, cell)
        for cell, label, style in zip(others, heads[1:], classes[1:], strict=True)
    )
