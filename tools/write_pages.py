"""Write the table of pages in ``docs/privacy.md``: what each needs and shows, as the pages say it themselves."""

import re
from pathlib import Path

from dashboard.pages import PAGES

PRIVACY = Path(__file__).parents[1] / "docs" / "privacy.md"
_TABLE = re.compile(r"(?<=\| page \| needs \| shows \|\n\|---\|---\|---\|\n)(?:\|.*\n)*")


def with_pages(document: str) -> str:
    """Return the document with its table of pages made anew."""
    rows = (f"| `{one.name}` | `{one.needs or 'nothing'}` | {one.shows} |\n" for one in PAGES)
    return _TABLE.sub("".join(rows), document, count=1)


if __name__ == "__main__":
    PRIVACY.write_text(with_pages(PRIVACY.read_text("utf-8")), "utf-8")
    print(f"written to {PRIVACY}")
