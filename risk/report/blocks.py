"""What a document is made of, whatever file it becomes; texts in here are plain, each writer escapes them."""

from collections.abc import Callable
from dataclasses import dataclass

Step = Callable[[float], None]
"""What long work calls with the part that is done (0-1)."""


def unseen(_done: float) -> None:
    """Tell nobody how far the work is."""


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a small one explains a figure."""

    text: str
    is_small: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a header and rows of texts; columns in ``numeric`` are set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An image (PNG) with a text for who cannot see it."""

    png: bytes
    alt: str
    width_cm: float = 15.0


Block = Heading | Paragraph | Grid | Picture


@dataclass(frozen=True)
class Document:
    """A document; ``banner`` stands on every page while figures are invented, '' otherwise."""

    title: str
    language: str
    banner: str
    blocks: tuple[Block, ...]
