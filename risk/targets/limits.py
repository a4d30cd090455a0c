"""The limits of a plan as rows for the optimiser, and the words for them."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import InputError
from risk.index.declaration import Text
from risk.targets.request import Quota, Request
from risk.targets.select import ImpossibleError, Limits, join_limits

Mask = NDArray[np.bool_]
Row = tuple[str, str, NDArray[np.intp], NDArray[np.float64], float, float]

_WORDS: Final = {
    "capacity": Text("het aantal bezoeken", "the number of visits"),
    "hours": Text("de uren samen", "the hours together"),
    "partner": Text("wat {subject} aankan", "what {subject} can take on"),
    "region_min": Text("het minimum van {subject}", "the minimum of {subject}"),
    "region_max": Text("het maximum van {subject}", "the maximum of {subject}"),
    "sector_min": Text("het minimum van sector {subject}", "the minimum of sector {subject}"),
    "sector_max": Text("het maximum van sector {subject}", "the maximum of sector {subject}"),
    "employer": Text("een bezoek per werkgeversgroep ({subject})", "one visit per employer group ({subject})"),
    "rising": Text("het deel voor de snelste stijgers", "the part for the fastest risers"),
    "locked": Text("de vastgezette locatie {subject}", "the locked-in site {subject}"),
    "random": Text("het deel dat is geloot", "the part drawn at random"),
    "revisit": Text("de tijd tussen twee bezoeken", "the time between two visits"),
    "planned": Text("een ander plan waar de locatie al in staat", "another plan that already has the site"),
    "excluded": Text("uitgesloten", "excluded"),
    "problem": Text("een onopgelost probleem in de lijst", "an unresolved problem in the list"),
    "several": Text("meer dan een grens tegelijk", "more than one limit at once"),
    "outscored": Text("binnen alle grenzen scoren andere hoger", "outscored within all limits"),
}
_OTHERS: Final = Text("wat anderen toekomt: minimum per {what}", "what others are owed: the minimum per {what}")
_WHAT: Final = {"region_min": Text("regio", "region"), "sector_min": Text("sector", "sector")}


def limit_text(limit: str, subject: str, lang: str) -> str:
    """Return a limit in words.

    Parameters
    ----------
    limit
        Its name.
    subject
        What it counts, such as ``VR07``; '' is all.
    lang
        ``nl`` or ``en``.

    Examples
    --------
    >>> limit_text("region_max", "VR07", "en"), limit_text("region_min", "", "en")
    ('the maximum of VR07', 'what others are owed: the minimum per region')
    """
    if not subject and limit in _WHAT:
        return _OTHERS[lang].format(what=_WHAT[limit][lang])
    return _WORDS[limit][lang].format(subject=subject).removesuffix(" ()")


def clash_sentence(clashing: tuple[tuple[str, str], ...]) -> str:
    """Return one sentence that names limits which cannot be kept together.

    Examples
    --------
    >>> clash_sentence((("capacity", ""), ("region_min", "VR01"), ("region_min", "VR02")))
    'No plan keeps these limits together: the number of visits; the minimum of VR01, VR02; relax one of them.'
    """
    by_limit: dict[str, list[str]] = {}
    for limit, subject in clashing:
        by_limit.setdefault(limit, []).append(subject)
    named = "; ".join(limit_text(limit, ", ".join(subjects), "en") for limit, subjects in by_limit.items())
    return f"No plan keeps these limits together: {named}; relax one of them."


def build_limits(frame: pd.DataFrame, request: Request, is_random: Mask, is_open: Mask) -> Limits:
    """Return the limits on what the optimiser adds to the random lines.

    Random lines use up visits, hours, partners and minimums; they are exempt from regional maxima, from
    the employer rule and from the interval between visits.

    Parameters
    ----------
    frame
        site_id, kind, sector_code, vr_code, employer_group and rise_0_10 of every candidate.
    request
        What the plan asks for.
    is_random, is_open
        Which candidates are drawn, and which the optimiser may choose.

    Raises
    ------
    ImpossibleError
        The random lines alone go beyond the hours or a partner's visits.
    InputError
        A locked-in site is not among the candidates.
    """
    rows = [*_overall(frame, request, is_random, is_open)]
    for code in sorted(set(frame["vr_code"]) | set(request.regions)):
        rows += _quota_rows(
            "region",
            code,
            request.quota(code),
            frame["vr_code"] == code,
            is_random,
            is_open,
            is_default=code not in request.regions,
        )
    for code, quota in request.sectors.items():
        rows += _quota_rows("sector", code, quota, frame["sector_code"] == code, is_random, is_open)
    if request.one_per_employer:
        rows += _employer_rows(frame, is_open)
    rows += _locked_rows(frame, request, is_random)
    return join_limits(rows, len(frame))


def _row(limit: str, subject: str, where: Mask, low: float, high: float) -> Row:
    places = np.flatnonzero(where)
    return limit, subject, places, np.ones(places.size), low, high


def _overall(frame: pd.DataFrame, request: Request, is_random: Mask, is_open: Mask) -> Iterator[Row]:
    everyone = np.ones(len(frame), bool)
    yield _row("capacity", "", everyone, -np.inf, request.capacity - int(is_random.sum()))
    if request.hours is not None:
        by_kind = {kind: visit.hours for kind, visit in request.kinds.items()}
        hours = np.asarray(frame["kind"].map(by_kind), np.float64)
        left = float(request.hours - hours[is_random].sum())
        _refuse_overdrawn(left, "hours", "")
        yield "hours", "", np.flatnonzero(everyone), hours, -np.inf, left
    for partner, visits_n in sorted(request.partners.items()):
        joins = frame["kind"].map({kind: partner in visit.partners for kind, visit in request.kinds.items()})
        takes_part = joins.to_numpy(bool)
        left = float(visits_n - (takes_part & is_random).sum())
        _refuse_overdrawn(left, "partner", partner)
        yield _row("partner", partner, takes_part, -np.inf, left)
    rising = is_rising(frame)
    wanted = min(request.rising, int((rising & is_open).sum()), request.capacity - int(is_random.sum()))
    if wanted > 0:
        yield _row("rising", "", rising, wanted, np.inf)


def _refuse_overdrawn(left: float, limit: str, subject: str) -> None:
    if left < 0:
        clashing = (("random", ""), (limit, subject))
        raise ImpossibleError(clash_sentence(clashing), clashing)


def is_rising(frame: pd.DataFrame) -> Mask:
    """Tell which sites are among the tenth whose score rose most; in a month when all fall, fell least."""
    rise = frame["rise_0_10"].to_numpy(float)
    known = rise[np.isfinite(rise)]
    if not known.size:
        return np.zeros(len(frame), bool)
    tenth, usual = np.quantile(known, [0.9, 0.5])
    risen: Mask = (np.nan_to_num(rise, nan=-np.inf) >= tenth) & (tenth > usual)
    return risen


def _quota_rows(
    name: str, code: str, quota: Quota, inside: pd.Series, is_random: Mask, is_open: Mask, *, is_default: bool = False
) -> Iterator[Row]:
    where = inside.to_numpy(bool)
    low = quota.at_least - int((where & is_random).sum())
    if is_default:  # nobody asked for it by name, so a region with nothing to visit is not held to it
        low = min(low, int((where & is_open).sum()))
    if low > 0:
        yield _row(f"{name}_min", code, where & ~is_random, low, np.inf)
    if quota.at_most is not None:
        yield _row(f"{name}_max", code, where & ~is_random, -np.inf, quota.at_most)


def _employer_rows(frame: pd.DataFrame, is_open: Mask) -> Iterator[Row]:
    groups = frame["employer_group"].to_numpy(object)
    places = np.flatnonzero((groups != "") & is_open)
    order = places[np.argsort(groups[places], kind="stable")]
    names, starts = np.unique(groups[order], return_index=True)
    for name, members in zip(names, np.split(order, starts[1:]), strict=True) if names.size else ():
        if members.size > 1:
            yield "employer", str(name), members, np.ones(members.size), -np.inf, 1.0


def _locked_rows(frame: pd.DataFrame, request: Request, is_random: Mask) -> Iterator[Row]:
    place = pd.Series(np.arange(len(frame)), index=frame["site_id"])
    for mark in request.locked:
        if mark.site_id not in place.index:
            raise InputError("site_not_candidate", site=mark.site_id)
        at = int(place[mark.site_id])
        if not is_random[at]:
            yield "locked", mark.site_id, np.array([at]), np.ones(1), 1.0, np.inf
