"""Notices as a reader of feeds, a calendar and a person read them: Atom (RFC 4287), iCalendar (RFC 5545), a page."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from door import export
from door.store import ScopedStore
from geodata.areas.regions import region_names
from risk.notices.notices import Notice, notices, unknown
from risk.report.files import Block, Document, Heading, Paragraph, calendar_line, calendar_text
from words import Texts, read_texts

_ATOM: Final = "http://www.w3.org/2005/Atom"
ATOM_TYPE: Final = "application/atom+xml"
CALENDAR_TYPE: Final = "text/calendar; charset=utf-8"


def digest(store: ScopedStore, since: date, today: date, language: str) -> Document:
    """Return a page for one viewer: what there is to do, where to look; a quiet week says so.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    since
        The first day of the period.
    today
        The day that it is made for.
    language
        ``nl`` or ``en``.

    Raises
    ------
    InputError
        The period ends before it begins.
    """
    texts, regions = read_texts(language), names()
    found = notices(store, since, today)
    scope = ", ".join(regions.get(code, code) for code in store.viewer.vr_codes) or str(store.viewer)
    title = texts("notice.digest", scope=scope)
    period = texts("notice.since", since=texts.day(since), today=texts.day(today))
    count = texts("notice.found_one") if len(found) == 1 else texts("notice.found", n=len(found))
    blocks: list[Block] = [Heading(title, 1), Paragraph(period, is_small=True)]
    blocks += [Heading(count)] if found else []
    blocks += [Paragraph(one.in_words(texts, regions)) for one in found]
    blocks += [Paragraph(one) for one in closing(store, texts, is_quiet=not found)]
    sheet = texts("notice.sheet", page=texts("page.report"))
    blocks += [Paragraph(sheet)] if store.may("activations") else []
    blocks.append(Paragraph(texts("notice.never"), is_small=True))
    return Document(title, language, export.banner(store, language), tuple(blocks))


def closing(store: ScopedStore, texts: Texts, *, is_quiet: bool) -> list[str]:
    """Return what stands under the notices: that there are none, and of what none can come.

    Parameters
    ----------
    is_quiet
        There are none.
    """
    cannot = unknown(store, texts)
    return [*([texts("notice.quiet_known" if cannot else "notice.quiet")] if is_quiet else []), *cannot]


def names() -> dict[str, str]:
    """Return the name of every veiligheidsregio by its code; '' is the country's and has none."""
    return {"": "", **region_names()}


def atom(store: ScopedStore, found: Sequence[Notice], today: date, texts: Texts, address: str) -> bytes:
    """Return notices as an Atom feed; what becomes known later of one updates its entry.

    Parameters
    ----------
    today
        When the feed was made: its date where it holds nothing.
    address
        Where the feed is read, without a token.
    """
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": texts.language})
    title = texts("notice.digest", scope=str(store.viewer))
    banner = export.banner(store, texts.language)
    newest = min(max((one.on for one in found), default=today), today)
    _add(feed, "id", address)
    _add(feed, "title", f"{banner} - {title}" if banner else title)
    _add(feed, "updated", _moment(newest))
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = texts("app.title")
    ET.SubElement(feed, "link", {"rel": "self", "href": address})
    regions = names()
    for one in found:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "id", f"{address}#{one.notice_id}")
        _add(entry, "title", one.in_words(texts, regions))
        _add(entry, "updated", _moment(min(one.on, today)))
        ET.SubElement(entry, "category", {"term": one.rule})
    return bytes(ET.tostring(feed, "utf-8", xml_declaration=True))


def calendar(store: ScopedStore, found: Sequence[Notice], texts: Texts) -> bytes:
    """Return the planned visits among notices as a calendar: per region and week how many, on the page of targets.

    Parameters
    ----------
    store
        The tables as the viewer may see them.
    found
        The notices.
    texts
        Words of the reader's language.
    """
    told = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Risicobeeld//notices//NL", "CALSCALE:GREGORIAN"]
    banner = export.banner(store, texts.language)
    regions = names()
    for one in found:
        if one.rule == "visit":
            told += [
                "BEGIN:VEVENT",
                f"UID:{one.notice_id}@risicobeeld",
                f"DTSTAMP:{one.on:%Y%m%d}T000000Z",
                f"DTSTART;VALUE=DATE:{one.on:%Y%m%d}",
                f"DTEND;VALUE=DATE:{one.on + timedelta(days=7):%Y%m%d}",
                f"SUMMARY:{calendar_text(' - '.join(filter(None, [banner, one.in_words(texts, regions)])))}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ]
    told.append("END:VCALENDAR")
    return "".join(f"{calendar_line(line)}\r\n" for line in told).encode()


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
