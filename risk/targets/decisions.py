"""Decisions in the register: on faulty sites, on their place, on what is not so, and on connecting two contacts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import pandas as pd
import shapely

from access.rights import Rows, Verb, rows_of
from access.viewer import may
from door.store import ScopedStore
from geodata import codes
from geodata.areas import joins
from geodata.codes import Status
from geodata.errors import AccessDeniedError, InputError
from geodata.intake import coordinates
from geodata.intake import receipt as intake
from geodata.refresh import imports
from geodata.refresh.imports import Would
from geodata.tables import corrections as places
from geodata.tables.site_table import points_rd
from register import record as write
from register.events import Receipt
from register.schema import region_of_unit

PLACE: Final = "place"
ANSWERS: Final = ("accepted", "declined")
_DATE: Final = "%Y-%m-%d"


def decide(store: ScopedStore, site_id: str, problem: str, state: str, reason: str, day: pd.Timestamp) -> Receipt:
    """Record what was decided on a faulty site: logged with a reason, and reversed by deciding ``open``.

    Parameters
    ----------
    problem, state
        As in `risk.targets.checks`; ``different`` or ``same`` for a double, ``resolved`` for the others,
        ``open`` to take a decision back.
    day
        The date it is decided on.

    Raises
    ------
    InputError
        The site is not among those the viewer may see, or the state does not fit the problem.
    AccessDeniedError
        The viewer may not decide on this site.
    """
    allowed = ("same", "different", "open") if problem == "double" else ("resolved", "open")
    if state not in allowed:
        raise InputError(f"A decision on {problem!r} is one of {', '.join(allowed)}, not {state!r}; choose one.")
    return _decided(store, site_id, problem, state, reason, day)


def say_not_so(store: ScopedStore, site_id: str, what: str, said: str, day: pd.Timestamp, figure: str = "") -> Receipt:
    """Record that something the product tells of a site is not so; it changes no figure and no score by itself.

    Parameters
    ----------
    what
        One of `geodata.contracts.tables.REPORTS`.
    said
        What is seen instead, in words; who keeps the sources reads it.
    day
        The date it is said on.
    figure
        Which figure, of ``figure``; of one thing the newest report counts, and the ones before stay in its history.

    Raises
    ------
    InputError
        The site is not among those the viewer may see, or nothing is said.
    AccessDeniedError
        The viewer may record nothing about this site.
    """
    return _decided(store, site_id, f"not_so_{what}", "open", said, day, detail=figure, said_by=store.viewer.who)


def say_figure_not_so(
    store: ScopedStore, unit_id: str, indicator_code: str, said: str, source: str, day: pd.Timestamp
) -> Receipt:
    """Record that a figure or reason of an area is not so; it changes no figure and no score by itself.

    Parameters
    ----------
    unit_id
        A region or gemeente, with its sector or without.
    said
        What the product tells, and what is seen instead; who keeps the sources reads it.
    source
        Where the figure came from.
    day
        The date it is said on.

    Raises
    ------
    InputError
        There is no such area, or nothing is said.
    AccessDeniedError
        The viewer may record nothing about this area.
    """
    fields = {
        "event_date": day.strftime(_DATE),
        "subject": "not_so_figure",
        "unit_id": unit_id,
        "indicator_code": indicator_code,
        "source": source,
        "vr_code": region_of_unit(unit_id) or "",
        "state": "open",
        "reason": said,
        "said_by": store.viewer.who,
    }
    return _kept(store, f"not_so_figure-{indicator_code}-{unit_id}", fields)


def reports(store: ScopedStore) -> pd.DataFrame:
    """Return what was said not to be so, of what the viewer may see: what is open first, then the newest."""
    known = store.register("decisions")
    known = known[known["subject"].str.startswith("not_so_")]
    order = known.assign(is_done=known["state"] != "open")
    return order.sort_values(["is_done", "event_date", "decision_id"], ascending=[True, False, True])


def answer_report(store: ScopedStore, decision_id: str, state: str, reason: str) -> Receipt:
    """Take over in the sources what somebody said, or refuse it with a reason; whoever said it sees both.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    decision_id
        Of the report or question in the register.
    state
        ``taken_over`` or ``refused``.
    reason
        Why, in words.

    Raises
    ------
    InputError
        There is no such report, or the state is not ``taken_over`` or ``refused``.
    AccessDeniedError
        The viewer does not keep the sources.
    """
    if state not in ("taken_over", "refused"):
        raise InputError(f"The answer is taken_over or refused, not {state!r}; choose one.")
    mine = reports(store)
    mine = mine[mine["decision_id"] == decision_id]
    if mine.empty:
        raise InputError("no_such_question", question=decision_id)
    changes = {"state": state, "reason": reason}
    return write.correct(store.viewer, "decision", decision_id, changes, based_on=int(mine.iloc[0]["version"]))


def _decided(
    store: ScopedStore,
    site_id: str,
    subject: str,
    state: str,
    reason: str,
    day: pd.Timestamp,
    *,
    place: str = "",
    detail: str = "",
    said_by: str = "",
) -> Receipt:
    """Record a decision on a site, and a detail of it where one is named; or the next version of that decision."""
    name = "-".join(part for part in (subject, detail, site_id) if part)
    fields = {
        "event_date": day.strftime(_DATE),
        "subject": subject,
        "site_id": site_id,
        "vr_code": _region_of(store, site_id),
        "state": state,
        "place_wgs84": place,
        "reason": reason,
        "said_by": said_by,
    }
    return _kept(store, name, fields)


def _kept(store: ScopedStore, name: str, fields: Mapping[str, object]) -> Receipt:
    """Record a decision under its name, or its next version."""
    known = store.register("decisions")
    version = known.loc[known["decision_id"] == name, "version"]
    if version.empty:
        return write.record(store.viewer, "decision", fields, entity_id=name)
    return write.correct(store.viewer, "decision", name, fields, based_on=int(version.iloc[0]))


@dataclass(frozen=True)
class CorrectedPlace:
    """Where a site really is, by somebody who knows; what the list says stays beside it.

    Attributes
    ----------
    point
        EPSG:28992.
    """

    point: shapely.Point
    gemeente_code: str
    reason: str
    recorded_by: str
    recorded_at: pd.Timestamp


def correct_place(store: ScopedStore, site_id: str, place: str, reason: str, day: pd.Timestamp) -> Receipt:
    """Record where a site really is; scores rest on the place of the list until `take_over_places`.

    Parameters
    ----------
    place
        Two numbers: degrees (latitude and longitude) or metres (EPSG:28992), in the forms of
        `geodata.intake.coordinates.of_pairs`.
    day
        The date it is decided on.

    Raises
    ------
    InputError
        The place cannot be read, lies in no gemeente, or lies in another veiligheidsregio than the site: whose site
        it is follows from the list alone.
    AccessDeniedError
        The viewer may not decide on this site.
    """
    region = _region_of(store, site_id)
    given = pd.DataFrame({"place": [place]})
    x, y, _ = coordinates.of_rows(given, {"point": "place"}, [1], site_id)
    if x.isna().any():
        raise InputError("place_unreadable", place=place)
    point = points_rd(x, y, codes.CRS_RD)
    gemeenten = store.table("gemeenten")
    code = str(joins.gemeente_of_points(point, gemeenten).iloc[0])
    regions = dict(zip(gemeenten["gemeente_code"], gemeenten["vr_code"], strict=True))
    if not code:
        raise InputError("place_outside", place=place)
    if region and regions[code] != region:
        raise InputError("place_elsewhere", there=regions[code], here=region)
    degrees = point.to_crs(codes.CRS_WGS84).iloc[0]
    return _decided(store, site_id, PLACE, "resolved", reason, day, place=f"{degrees.x:.6f} {degrees.y:.6f}")


def withdraw_place(store: ScopedStore, site_id: str, reason: str, day: pd.Timestamp) -> Receipt:
    """Take a corrected place back: the place of the list counts again.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_id
        Of the list of sites.
    reason
        Why, in words.
    day
        When it was said.

    Raises
    ------
    AccessDeniedError
        The viewer may not decide on this site.
    """
    return _decided(store, site_id, PLACE, "open", reason, day)


def corrected_place(store: ScopedStore, site_id: str) -> CorrectedPlace | None:
    """Return where somebody said that a site really is; None when nobody did, or it was taken back."""
    if not store.may("decisions"):
        return None
    known = store.table("decisions")
    found = known[(known["decision_id"] == f"{PLACE}-{site_id}") & (known["state"] == "resolved")]
    if found.empty:
        return None
    row = found.iloc[0]
    across, up = map(float, row["place_wgs84"].split())
    point = gpd.GeoSeries([shapely.Point(across, up)], crs=codes.CRS_WGS84).to_crs(codes.CRS_RD)
    gemeente = str(joins.gemeente_of_points(point, store.table("gemeenten")).iloc[0])
    return CorrectedPlace(point.iloc[0], gemeente, row["reason"], row["recorded_by"], row["recorded_at"])


def places_to_take_over(store: ScopedStore) -> pd.DataFrame:
    """Return every corrected place that stands, as `geodata.refresh.imports.import_places` wants them.

    An entry for practice is invented: it moves sites of the example, never real ones.
    """
    known = store.register("decisions")
    known = known[(known["subject"] == PLACE) & (known["state"] == "resolved")]
    if not store.is_demonstration:
        known = known[known["status"] != Status.FICTIONAL.value]
    days = pd.to_datetime(known["event_date"]).dt.strftime(_DATE)
    return known[["site_id", "place_wgs84"]].assign(corrected_on=days.astype("str")).reset_index(drop=True)


def places_waiting(store: ScopedStore) -> list[str]:
    """Return the sites whose correction, or its withdrawal, the figures do not follow yet."""
    asked = places_to_take_over(store).set_index("site_id")["place_wgs84"]
    sites = store.table("sites").set_index("site_id")
    stands = sites.index[sites["place_corrected_on"] != ""]
    known = asked[asked.index.isin(sites.index)]
    far = sites.geometry.reindex(known.index).distance(places.points_of(known)).fillna(float("inf"))
    moved = known.index[far > places.SAME_M]
    return sorted({*moved, *stands.difference(asked.index)})


def take_over_places(store: ScopedStore, *, is_dry_run: bool = False, would: Would | None = None) -> intake.Receipt:
    """Let scores, plans and files of the next picture rest on the corrected places, and say which sites move.

    The register changes no score: the places become a delivery, kept and undone as any other.

    Parameters
    ----------
    is_dry_run
        Change nothing.
    would
        Called in a dry run with the tables as they would be.

    Raises
    ------
    AccessDeniedError
        The viewer does not keep the sources of the whole country.
    """
    if rows_of(store.viewer.role, "sources", Verb.MANAGE) is not Rows.ALL:
        raise AccessDeniedError("places_denied", role=store.viewer.role)
    return imports.import_places(places_to_take_over(store), is_dry_run=is_dry_run, would=would)


def ask_handover(store: ScopedStore, site_id: str, other_site_id: str, reason: str, day: pd.Timestamp) -> str:
    """Ask the contacts of two regions to be connected over two linked sites; LOT-C only.

    Each side gets a row of its own that names its own site and the other's region, nothing else.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    site_id
        In one region.
    other_site_id
        In the other, linked with it.
    reason
        Why, in words.
    day
        When it was said.

    Raises
    ------
    AccessDeniedError
        The viewer does not see links across regions.
    InputError
        The sites do not lie in two regions.
    """
    if not may(store.viewer, Verb.MANAGE, "connected_sites"):
        raise AccessDeniedError("connect_denied", role=store.viewer.role)
    here, there = _region_of(store, site_id), _region_of(store, other_site_id)
    if not here or not there or here == there:
        raise InputError("one_region", here=site_id, there=other_site_id)
    pair = "h" + hashlib.sha256("|".join(sorted((site_id, other_site_id))).encode()).hexdigest()[:12]
    sides = ((site_id, here, there), (other_site_id, there, here))
    write.record_many(
        store.viewer,
        "decision",
        [
            {
                "event_date": day.strftime(_DATE),
                "subject": "handover",
                "site_id": site,
                "vr_code": own,
                "other_vr_code": other,
                "state": "asked",
                "reason": reason,
            }
            for site, own, other in sides
        ],
        entity_ids=[f"{pair}-{own}" for _, own, _ in sides],
    )
    return pair


def answer_handover(store: ScopedStore, decision_id: str, answer: str, reason: str) -> Receipt:
    """Accept or decline to be connected; a region's contact answers for the own side.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    decision_id
        Of the report or question in the register.
    answer
        One of `ANSWERS`.
    reason
        Why, in words.

    Raises
    ------
    InputError
        There is no such question, or the answer is not `ANSWERS`.
    """
    if answer not in ANSWERS:
        raise InputError(f"The answer is accepted or declined, not {answer!r}; choose one.")
    known = store.register("decisions")
    mine = known[(known["decision_id"] == decision_id) & (known["subject"] == "handover")]
    if mine.empty:
        raise InputError("no_such_question", question=decision_id)
    changes = {"state": answer, "reason": reason}
    return write.correct(store.viewer, "decision", decision_id, changes, based_on=int(mine.iloc[0]["version"]))


def _region_of(store: ScopedStore, site_id: str) -> str:
    sites = store.table("sites")
    found = sites.loc[sites["site_id"] == site_id, "vr_code"]
    if found.empty:
        raise InputError("no_such_site", site=site_id)
    return str(found.iloc[0])
