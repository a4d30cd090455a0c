"""A document: what it is made of, and as a file in Word, PDF or one HTML file. Every text is escaped here.

So is every line of a calendar file (iCalendar, RFC 5545).
"""

import base64
import io
import math
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from door import export
from door.store import ScopedStore
from geodata.errors import InputError
from geodata.snapshots import formats as store
from risk.report.words import read_words, viewer_words
from words import read_texts
from words.templates import read_template

Step = Callable[[float], None]
"""What long work calls with the part that is done (0-1)."""
_LINE_OCTETS: Final = 75  # RFC 5545, 3.1


def unseen(_done: float) -> None:
    """Tell nobody how far the work is."""


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a small one explains a figure."""

    text: str
    is_small: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a header and rows of texts; columns in ``numeric`` are set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()


@dataclass(frozen=True)
class Picture:
    """An image (PNG) with a text for who cannot see it."""

    png: bytes
    alt: str
    width_cm: float = 15.0


Block = Heading | Paragraph | Grid | Picture


@dataclass(frozen=True)
class Document:
    """A document; ``banner`` stands on every page while figures are invented, '' otherwise."""

    title: str
    language: str
    banner: str
    blocks: tuple[Block, ...]


_PAGE: Final = read_template(Path(__file__).with_name("document.html"))


def stamp_of(store: ScopedStore, language: str, peildatum: date, model_version: str = "") -> Paragraph:
    """Return what every document tells of itself: date, versions, scope, sources and licence.

    Parameters
    ----------
    store
        The tables as the viewer may see them; the register is written through its viewer.
    language
        ``nl`` or ``en``.
    peildatum
        Date of the picture.
    model_version
        Of the declaration of the index.
    """
    words = read_words(language)
    model = words["stamp_model"].format(version=model_version) if model_version else ""
    told = words["stamp"].format(
        day=read_texts(language).day(peildatum),
        model=model,
        version=store.data_version,
        scope=viewer_words(store, language),
        sources=export.attributions(store.sources, language),
        licence=words["licence"],
    )
    return Paragraph(told, is_small=True)


def write_document(document: Document, path: Path) -> None:
    """Write a document to a file of the kind that its ending says.

    Raises
    ------
    InputError
        The ending is not .docx, .html or .pdf, or the folder cannot be written.
    """
    content = render(document, path.suffix.lower())
    with store.whole_file(path) as part:
        part.write_bytes(content)


def render(document: Document, ending: str) -> bytes:
    """Return the bytes of the file that an ending asks for.

    Raises
    ------
    InputError
        The ending is not .docx, .html or .pdf.
    """
    try:
        writer = _WRITERS[ending]
    except KeyError:
        raise InputError(f"A report cannot end in {ending or 'nothing'!r}; use one of {', '.join(_WRITERS)}.") from None
    return writer(document)


def as_html(document: Document) -> bytes:
    """Return the document as one HTML file that fetches nothing and runs nothing."""
    blocks = [(type(block).__name__, block) for block in document.blocks]
    page = _PAGE.render(document=document, blocks=blocks, base64=lambda png: base64.b64encode(png).decode())
    return page.encode("utf-8")


def as_docx(document: Document) -> bytes:
    """Return the document for Word; texts become runs of plain text, so nothing in them is interpreted."""
    import docx  # noqa: PLC0415 - only a report needs it
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415
    from docx.shared import Cm, Pt, RGBColor  # noqa: PLC0415

    made = docx.Document()
    made.core_properties.title = _plain(document.title)
    made.core_properties.author = "Risicobeeld"
    made.core_properties.created = made.core_properties.modified = datetime.now(UTC).replace(tzinfo=None)
    if document.banner:
        run = made.sections[0].header.paragraphs[0].add_run(document.banner)
        run.bold = True
        run.font.color.rgb = RGBColor(0x8A, 0, 0)
    for block in document.blocks:
        if isinstance(block, Heading):
            made.add_heading(_plain(block.text), 0 if block.level == 1 else block.level - 1)
        elif isinstance(block, Paragraph):
            run = made.add_paragraph().add_run(_plain(block.text))
            if block.is_small:
                run.font.size = Pt(9)
        elif isinstance(block, Grid):
            table = made.add_table(rows=0, cols=len(block.header), style="Light Grid Accent 1")
            for cells in (block.header, *block.rows):
                for n, (target, text) in enumerate(zip(table.add_row().cells, cells, strict=True)):
                    target.text = _plain(text)
                    if n in block.numeric:
                        target.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
            made.add_paragraph()
        else:
            shape = made.add_picture(io.BytesIO(block.png), width=Cm(block.width_cm))
            shape._inline.docPr.set("descr", _plain(block.alt))  # noqa: SLF001 - the library offers no way to set this text
    _number_pages(made.sections[0].footer.paragraphs[0], document.language)
    target_file = io.BytesIO()
    made.save(target_file)
    return target_file.getvalue()


def _number_pages(paragraph: Any, language: str) -> None:
    """Put the number of the page and of all pages in a footer, as fields that Word fills in."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH  # noqa: PLC0415 - only a report needs it
    from docx.oxml import OxmlElement  # noqa: PLC0415
    from docx.oxml.ns import qn  # noqa: PLC0415

    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for part in re.split(r"(\{page\}|\{pages\})", read_words(language)["page_of"]):
        if field := {"{page}": "PAGE", "{pages}": "NUMPAGES"}.get(part):
            simple = OxmlElement("w:fldSimple")
            simple.set(qn("w:instr"), field)
            paragraph._p.append(simple)  # noqa: SLF001 - the library offers no fields
        else:
            paragraph.add_run(part)


def _plain(text: str) -> str:
    """Drop the control characters that XML cannot hold."""
    return "".join(sign for sign in text if sign in "\n\t" or (sign >= " " and sign not in "\ufffe\uffff"))


def as_pdf(document: Document) -> bytes:
    """Return the document as PDF (A4); the banner stands on top of every page."""
    import matplotlib as mpl  # noqa: PLC0415 - only a report needs these
    from fpdf import FPDF, FontFace  # noqa: PLC0415

    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"  # a font with accents that is there with matplotlib

    class Page(FPDF):
        """A page with the banner on top and its number below."""

        def header(self) -> None:
            if document.banner:
                self.set_font("sans", "B", 9)
                self.set_text_color(138, 0, 0)
                self.cell(0, 5, document.banner, align="C", new_x="LMARGIN", new_y="NEXT")
                self.set_text_color(22, 36, 46)
                self.ln(3)

        def footer(self) -> None:
            self.set_y(-12)
            self.set_font("sans", "", 8)
            told = read_words(document.language)["page_of"].format(page=self.page_no(), pages="{nb}")
            self.cell(0, 5, told, align="C")

    made: Any = Page(format="A4")
    made.add_font("sans", "", fonts / "DejaVuSans.ttf")
    made.add_font("sans", "B", fonts / "DejaVuSans-Bold.ttf")
    made.set_title(document.title)
    made.set_lang(document.language)
    made.set_auto_page_break(auto=True, margin=16)
    made.add_page()
    for place, block in enumerate(document.blocks):
        if isinstance(block, Heading):
            if not _fits(made, document.blocks[place:]):
                made.add_page()
            made.ln(1 if block.level == 1 else 4)
            made.set_font("sans", "B", 18 if block.level == 1 else 12)
            if block.level == 1 and made.epw < made.get_string_width(block.text) < made.epw * 1.5:
                made.set_font_size(18 * made.epw / made.get_string_width(block.text) - 0.5)  # a title is one line
            made.multi_cell(0, 8, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
        elif isinstance(block, Paragraph):
            made.set_font("sans", "", 8 if block.is_small else 10)
            made.multi_cell(0, 5, block.text, align="L", new_x="LMARGIN", new_y="NEXT")
            made.ln(1)
        elif isinstance(block, Grid):
            widths = _widths(made, block)
            made.set_font("sans", "", _TABLE_PT)
            align = tuple("RIGHT" if n in block.numeric else "LEFT" for n in range(len(block.header)))
            with made.table(
                align="LEFT",
                text_align=align,
                headings_style=FontFace(emphasis="BOLD"),
                line_height=_LINE_MM,
                borders_layout="HORIZONTAL_LINES",
                width=min(sum(widths), made.epw),
                col_widths=widths,
            ) as table:
                for cells in (block.header, *block.rows):
                    table.row(cells)
            made.ln(2)
        else:
            _pdf_picture(made, block)
    return bytes(made.output())


_TABLE_PT: Final = 8
_LINE_MM: Final = 5


def _fits(made: Any, blocks: Sequence[Block]) -> bool:
    """Tell whether a heading with all that stands under it fits on what is left of the page, or on no page at all."""
    height = 12.0
    for block in blocks[1:]:
        if isinstance(block, Heading):
            break
        if isinstance(block, Paragraph):
            made.set_font("sans", "", 8 if block.is_small else 10)
            height += made.multi_cell(0, _LINE_MM, block.text, align="L", dry_run=True, output="HEIGHT") + 1
        elif isinstance(block, Grid):
            height += _table_mm(made, block) + 2
        else:
            height += _height_mm(block) + 2
    left = made.h - made.b_margin - made.get_y()
    page = made.eph - made.b_margin
    return bool(height <= left or (height > page and left > page / 3))


def _table_mm(made: Any, grid: Grid) -> float:
    """Return how high a table becomes, its longest cells over several lines."""
    widths = _widths(made, grid)
    made.set_font("sans", "", _TABLE_PT)
    return float(
        sum(
            max(
                made.multi_cell(width, _LINE_MM, text, align="L", dry_run=True, output="HEIGHT")
                for width, text in zip(widths, cells, strict=True)
            )
            for cells in (grid.header, *grid.rows)
        )
    )


def _height_mm(picture: Picture) -> float:
    width, height = struct.unpack(">II", picture.png[16:24])  # of the header that every PNG begins with
    return float(picture.width_cm * 10 * height / width)


_FREE_MM: Final = 4  # beside the text of a cell
_NARROW: Final = 0.6  # of the page: a table of short texts, whose numbers stay near what they count


def _widths(made: Any, grid: Grid) -> tuple[float, ...]:
    """Return the widths of columns (mm): each cell on one line where all fit, else no word broken where it can be."""
    needed, longest = [], []
    made.set_font("sans", "B", _TABLE_PT)  # the widest that stands in a column
    for column in zip(grid.header, *grid.rows, strict=True):
        needed.append(max(made.get_string_width(cell) for cell in column) + _FREE_MM)
        longest.append(max(made.get_string_width(word) for cell in column for word in cell.split() or [""]) + _FREE_MM)
    if sum(needed) <= made.epw:
        free = max(0.0, made.epw * (_NARROW if sum(needed) < made.epw * _NARROW else 1) - sum(needed))
        return tuple(width + free / len(needed) for width in needed)
    left, open_ = made.epw, set(range(len(needed)))
    widths = [0.0] * len(needed)
    while open_:  # what needs less than its share of what is left gets what it needs
        share = left / len(open_)
        small = {n for n in open_ if needed[n] <= share}
        roots = sum(math.sqrt(needed[n]) for n in open_)  # of longer texts the longest gets most, but not all
        for n in small or open_:
            widths[n] = needed[n] if small else max(left * math.sqrt(needed[n]) / roots, longest[n])
        left, open_ = left - sum(widths[n] for n in small), open_ - (small or open_)
    return tuple(width * made.epw / sum(widths) for width in widths)


def _pdf_picture(made: Any, picture: Picture) -> None:
    made.ln(2)
    made.image(io.BytesIO(picture.png), w=picture.width_cm * 10, alt_text=picture.alt)


_WRITERS: Final[dict[str, Callable[[Document], bytes]]] = {".docx": as_docx, ".html": as_html, ".pdf": as_pdf}
ENDINGS: Final = tuple(_WRITERS)


def calendar_text(text: str) -> str:
    r"""Return a text in which the signs of a calendar file mean nothing.

    Examples
    --------
    >>> print(calendar_text("a, b; c\\d"))
    a\, b\; c\\d
    """
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return " ".join(escaped.split())


def calendar_line(line: str) -> str:
    """Return a line in pieces of at most 75 octets, none of which ends within a letter."""
    pieces: list[str] = []
    piece = ""
    for letter in line:
        if len((piece + letter).encode()) > _LINE_OCTETS - bool(pieces):
            pieces.append(piece)
            piece = ""
        piece += letter
    return "\r\n ".join([*pieces, piece])
