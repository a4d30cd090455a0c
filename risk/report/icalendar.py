"""What every line of a calendar file (iCalendar, RFC 5545) must keep to."""

from typing import Final

_LINE_OCTETS: Final = 75  # RFC 5545, 3.1


def escaped(text: str) -> str:
    r"""Return a text in which the signs of a calendar file mean nothing.

    Examples
    --------
    >>> print(escaped("a, b; c\\d"))
    a\, b\; c\\d
    """
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def folded(line: str) -> str:
    """Return a line in pieces of at most 75 octets, none of which ends within a letter."""
    pieces: list[str] = []
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > _LINE_OCTETS - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])
