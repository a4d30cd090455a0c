"""A model that rebuilds its scores a hundred times: for tests of what is said of scores, not of how sure they are.

The rebuilds of the model are two thirds of the work of scoring the country; `tests/risk/index` holds what they prove.
Run as a module it is Streamlit for the tests, with the visit form: ``python -m tests.few_rebuilds run app.py``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from risk.index import model
from risk.index.declaration import Model

_build = model._build


def _build_with_few(content: Mapping[str, Any]) -> Model:
    whole = _build(content)
    return replace(whole, uncertainty=replace(whole.uncertainty, rebuilds=100, choice_rebuilds=40))


@contextmanager
def few_rebuilds() -> Iterator[None]:
    """Let every declaration that this process reads have few rebuilds; one such block may lie within another."""
    before = model._build
    model._build = _build_with_few
    model._shipped.cache_clear()
    try:
        yield
    finally:
        model._build = before
        model._shipped.cache_clear()


if __name__ == "__main__":
    from streamlit.web import cli

    from dashboard.visit import server
    from tests.browser import clock

    clock.follow()
    server.mount()
    with few_rebuilds():
        cli.main(prog_name="streamlit")
