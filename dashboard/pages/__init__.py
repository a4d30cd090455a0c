"""One module per page; ``PAGES`` is their order in the navigation."""

from collections.abc import Callable
from dataclasses import dataclass

from access.rights import Rows, rows_of
from access.viewer import Viewer
from dashboard.pages.administration import page as administration
from dashboard.pages.contacts import page as contacts
from dashboard.pages.data import page as data
from dashboard.pages.method import page as method
from dashboard.pages.picture import page as picture
from dashboard.pages.privacy import page as privacy
from dashboard.pages.region import page as region
from dashboard.pages.register import page as register
from dashboard.pages.report import page as report
from dashboard.pages.sectors import page as sectors
from dashboard.pages.sites import page as sites
from dashboard.pages.sources import page as sources
from dashboard.pages.targets import page as targets


@dataclass(frozen=True)
class Page:
    """A page: its name in the address and in the texts, and the function that draws it.

    Attributes
    ----------
    needs
        A table of `access.rights` without which the page is empty; who may not open it, is not shown the page.
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
    Page("data", data.run, needs="exposure"),
    Page("administration", administration.run, needs="people"),
    Page("privacy", privacy.run, needs="audit_trail"),
)
