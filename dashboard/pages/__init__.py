"""One module per page; ``PAGES`` is their order in the navigation."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.pages import picture


@dataclass(frozen=True)
class Page:
    """A page: its name in the address and in the texts, and the function that draws it."""

    name: str
    run: Callable[[], None]


PAGES = (Page("picture", picture.run),)
