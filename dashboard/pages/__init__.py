"""Every page is a folder here that can be deleted; ``PAGES`` is their order in the navigation.

A folder's ``__init__`` says where the page stands (``PLACE``, lowest first) and which table it needs (``NEEDS``); its
``page.py`` draws it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from access.rights import Rows, rows_of
from access.viewer import Viewer


@dataclass(frozen=True)
class Page:
    """A page: its name in the address and in the texts, and the function that draws it.

    Attributes
    ----------
    needs
        A table of `access.rights` without which the page is empty; who may not open it, is not shown the page.
        '' is a page for everybody.
    shows
        What it shows, in one sentence.
    """

    name: str
    run: Callable[[], None]
    needs: str
    shows: str
    place: int

    def is_for(self, viewer: Viewer) -> bool:
        """Tell whether the page has something to show to a viewer."""
        return not self.needs or rows_of(viewer.role, self.needs) not in (None, Rows.COUNTS)


def _every() -> Iterator[Page]:
    for path in Path(__file__).parent.glob("*/page.py"):
        name = path.parent.name
        folder, page = import_module(f"{__name__}.{name}"), import_module(f"{__name__}.{name}.page")
        yield Page(name, page.run, folder.NEEDS, str(page.__doc__).split("\n", maxsplit=1)[0], folder.PLACE)


PAGES = tuple(sorted(_every(), key=lambda page: page.place))
