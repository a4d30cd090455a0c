"""The controls of a request: what a plan is asked for."""

import tempfile
from pathlib import Path

import streamlit as st

from dashboard.shell import frame
from geodata.errors import RisicobeeldError
from risk.targets.inputs import Inputs
from risk.targets.request import Quota, Request, change, read_request
from words import Texts

_LONGEST_BYTES = 100_000


def draw(texts: Texts, inputs: Inputs) -> tuple[Request, int]:
    """Draw the controls and return the request with its seed.

    Raises
    ------
    InputError
        A value is out of bounds.
    """
    first, more = st.container(), st.expander(texts("targets.more"))
    with more:
        base = _uploaded(texts)
    with first:
        request, seed = _first(texts, inputs, base)
    with more:
        return _more(texts, request), seed


def _first(texts: Texts, inputs: Inputs, base: Request) -> tuple[Request, int]:
    """Draw what nearly every plan sets."""
    capacity = st.number_input(texts("targets.capacity"), 1, 1_000, base.capacity, key="targets-capacity")
    percent = st.slider(
        texts("targets.audit_share"), 0, 100, round(100 * base.audit_share), step=5, key="targets-share"
    )
    columns = st.columns(2)
    each = base.each_region
    at_least = columns[0].number_input(texts("targets.at_least"), 0, 100, each.at_least, key="targets-least")
    at_most = columns[1].number_input(texts("targets.at_most"), 0, 1_000, each.at_most or 1_000, key="targets-most")
    seed = st.number_input(
        texts("targets.seed"),
        0,
        2**53 - 1,
        int(f"{inputs.peildatum:%Y%m%d}"),
        key="targets-seed",
        help=texts("targets.seed_help"),
    )
    request = change(
        base, capacity=int(capacity), audit_share=percent / 100, each_region=Quota(int(at_least), int(at_most))
    )
    return request, int(seed)


def _more(texts: Texts, base: Request) -> Request:
    """Draw what is seldom set: risers, interval, employers, hours, partners."""
    rising = st.number_input(texts("targets.rising"), 0, 1_000, base.rising, key="targets-rising")
    days = st.number_input(texts("targets.revisit_days"), 0, 3_650, base.revisit_days, key="targets-days")
    single = st.checkbox(texts("targets.one_per_employer"), base.one_per_employer, key="targets-employer")
    hours = st.number_input(texts("targets.hours"), 0.0, 100_000.0, base.hours, key="targets-hours")
    names = sorted({name for visit in base.kinds.values() for name in visit.partners})
    visits = {
        name: st.number_input(
            texts("targets.partner_visits", partner=name),
            0,
            1_000,
            base.partners.get(name),
            key=f"targets-partner-{name}",
        )
        for name in names
    }
    return change(
        base,
        rising=int(rising),
        revisit_days=int(days),
        one_per_employer=single,
        hours=hours,
        partners={name: int(n) for name, n in visits.items() if n is not None},
    )


def _uploaded(texts: Texts) -> Request:
    """Return the request of an uploaded file, or the default; a file that cannot be used says why."""
    given = st.file_uploader(texts("targets.upload"), type=["toml"], key="targets-upload")
    if given is None or given.size > _LONGEST_BYTES:
        return read_request()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "request.toml"
        path.write_bytes(given.getvalue())
        try:
            return read_request(path)
        except RisicobeeldError as error:
            frame.failure(texts, error)
            return read_request()
