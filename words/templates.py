"""Whole documents from Jinja2 templates: what is filled in is escaped, and a forgotten value is an error."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template


@cache
def read_template(path: Path) -> Template:
    """Return a template; it may include files that stand beside it.

    For a part of a page, write ``markupsafe.Markup("<p>{}</p>").format(text)``, which escapes just so.
    """
    return Environment(
        loader=FileSystemLoader(path.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(path.name)
