"""One module per page; ``PAGES`` is their order in the navigation."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.pages import (
    administration,
    contacts,
    method,
    picture,
    privacy,
    region,
    register,
    report,
    sectors,
    sites,
    sources,
    targets,
)
from geodata.access import Viewer
from geodata.rules import Rows, rows_of


@dataclass(frozen=True)
class Page:
    """A page: its name in the address and in the texts, and the function that draws it.

    Attributes
    ----------
    needs
        A table of `geodata.rules` without which the page is empty; who may not open it, is not shown the page.
        '' is a page for everybody.
    """

    name: str
    run: Callable[[], None]
    needs: str = ""

    def is_for(self, viewer: Viewer) -> bool:
        """Tell whether the page has something to show to a viewer."""
        return not self.needs or rows_of(viewer.role, self.needs) not in (None, Rows.COUNTS)


PAGES = (
    Page("picture", picture.run, needs="scores_vr"),
    Page("region", region.run, needs="scores_vr"),
    Page("targets", targets.run, needs="sites"),
    Page("register", register.run, needs="activations"),
    Page("sectors", sectors.run, needs="scores_vr"),
    Page("sites", sites.run, needs="sites"),
    Page("report", report.run, needs="activations"),
    Page("contacts", contacts.run, needs="routes"),
    Page("method", method.run),
    Page("sources", sources.run),
    Page("administration", administration.run, needs="people"),
    Page("privacy", privacy.run, needs="audit_trail"),
)
