"""One page for the meeting of a region: how it stands, where first and why, what was done, as a PDF."""

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dashboard.map.scale import CLASS_COLOURS, CLASS_INKS, NO_DATA_COLOURS
from dashboard.parts import downloads
from dashboard.parts import reasons as why
from dashboard.parts.figures import Picture
from door.store import ScopedStore
from risk.index import classify
from risk.report import charts, interpretations
from words import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_A4 = (8.27, 11.69)
_INK, _MUTED = "#16242e", "#52636f"
_SECTORS_N = 8
_LINES_N = 55  # of a page


def as_pdf(
    texts: Texts, store: ScopedStore, regions: Picture, gemeenten: Picture, vr_code: str, told: Sequence[str]
) -> bytes:
    """Return the sheet of a region.

    Parameters
    ----------
    regions, gemeenten
        The pictures of both levels, as the viewer may see them.
    told
        Sentences on what changed, what was done and how sure the figures are.
    """
    # Loading matplotlib takes longer than drawing a page, and most visits never make a sheet.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.backends.backend_pdf import PdfPages  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"font.family": "DejaVu Sans", "pdf.fonttype": 42, "text.parse_math": False}):
        figure = Figure(figsize=_A4)
        _head(figure, texts, regions, vr_code)
        _sectors(figure.add_axes((0.07, 0.53, 0.86, 0.29)), texts, regions, vr_code)
        _map(figure.add_axes((0.07, 0.12, 0.5, 0.36)), texts, store, gemeenten, vr_code)
        figure.text(0.6, 0.475, "\n\n".join(map(_wrapped, told)), va="top", size=8.5, color=_INK, linespacing=1.35)
        _legend(figure, texts, regions.lacks)
        stamp = _wrapped(downloads.stamp_line(texts, store, regions), 128)
        figure.text(0.07, 0.05, stamp, va="bottom", size=6.5, color=_MUTED, linespacing=1.3)
        page = io.BytesIO()
        with PdfPages(page, metadata={"CreationDate": None, "Title": regions.names[vr_code]}) as pages:
            pages.savefig(figure)
            if lines := _interpretations(texts, store, regions, vr_code):
                overleaf = Figure(figsize=_A4)
                overleaf.text(0.07, 0.93, texts("interpretation.title"), size=15, weight="bold", color=_INK)
                overleaf.text(0.07, 0.905, "\n".join(lines), va="top", size=9, color=_INK, linespacing=1.4)
                pages.savefig(overleaf)
    store.note_export("scores_gemeente (.pdf)", len(gemeenten.of_sector("")))
    return page.getvalue()


def _interpretations(texts: Texts, store: ScopedStore, shown: Picture, vr_code: str) -> list[str]:
    """Return the notes about the region as lines for a page of their own; what does not fit is counted."""
    rows = interpretations.notes_on(store, vr_code, "", shown.scored.peildatum.date() if shown.week else None)
    lines: list[str] = []
    for place, row in enumerate(rows.to_dict("records")):
        about = interpretations.about(texts, str(row["vr_code"]), str(row["sector_code"]))
        signed = f"{about}. {interpretations.signed(texts, row)}"
        wrapped = [part for text in str(row["text"]).split("\n") for part in textwrap.wrap(text, 105)]
        if lines and len(lines) + len(wrapped) + 2 > _LINES_N:
            return [*lines, texts("interpretation.older", n=len(rows) - place)]
        if len(wrapped) > _LINES_N:
            wrapped = [*wrapped[:_LINES_N], "…"]
        lines += [*wrapped, signed, ""]
    return lines


def _wrapped(text: str, width: int = 44) -> str:
    return "\n".join(textwrap.wrap(text, width))


def _head(figure: "Figure", texts: Texts, shown: Picture, vr_code: str) -> None:
    row = shown.unit(vr_code)
    if shown.is_demonstration:
        figure.text(
            0.5,
            0.97,
            texts("map.band"),
            ha="center",
            size=9,
            color="#4d3800",
            bbox={"facecolor": "#fff3cd", "edgecolor": "none", "pad": 4},
        )
    title = " ".join(filter(None, [shown.names[vr_code], classify.without(shown.lacks, texts.language)]))
    figure.text(0.07, 0.925, title, size=19, weight="bold", color=_INK)
    figure.text(0.07, 0.9, _wrapped(texts("picture.intro"), 105), va="top", size=8, color=_MUTED)
    if not pd.isna(row["score_0_10"]):
        _chip(figure, 0.075, 0.857, texts, row)
        figure.text(0.3, 0.857, why.rank_words(texts, shown, row), size=9, color=_INK)


def _chip(axes: Any, x: float, y: float, texts: Texts, row: pd.Series) -> None:
    number = int(row["risk_class"])
    axes.text(
        x,
        y,
        why.score_words(texts, row),
        size=8.5,
        color=CLASS_INKS[number - 1],
        va="baseline",
        bbox={"facecolor": CLASS_COLOURS[number - 1], "edgecolor": "none", "pad": 2.5},
    )


def _sectors(axes: "Axes", texts: Texts, shown: Picture, vr_code: str) -> None:
    """Write the highest sectors of the region: what raises all of them once, then each with its own reason."""
    rows = shown.sectors_of(vr_code).dropna(subset=["score_0_10"]).head(_SECTORS_N)
    shared, reasons = shown.kept(why.of_sectors, vr_code, texts)
    axes.set(xlim=(0, 1), ylim=(_SECTORS_N + 0.6, -0.9))
    axes.axis("off")
    axes.text(0, -0.45, texts("region.sectors"), size=12, weight="bold", color=_INK)
    axes.text(0, 0, shared, size=8, color=_MUTED)
    for place, (_, row) in enumerate(rows.iterrows()):
        y = place + 0.65
        axes.text(0, y, why.sector_name(texts, shown, row["sector_code"]), size=9, weight="bold", color=_INK)
        _chip(axes, 0.3, y, texts, row)
        axes.text(0.53, y, why.place_span(row), size=9, color=_INK)
        axes.text(0.6, y, reasons[row["unit_id"]], size=8, color=_MUTED)
        axes.axhline(y + 0.33, color="#e3e8ec", linewidth=0.6)
    axes.text(0.53, 0, texts("region.place", n=shown.ranked_n("")), size=7, color=_MUTED)


def _map(axes: "Axes", texts: Texts, store: ScopedStore, shown: Picture, vr_code: str) -> None:
    areas = store.table("gemeenten")
    areas = areas[areas["vr_code"] == vr_code]
    number = shown.of_sector("").set_index("area_code")["risk_class"].reindex(areas["gemeente_code"])
    colours = [NO_DATA_COLOURS[0] if pd.isna(one) else CLASS_COLOURS[int(one) - 1] for one in number]
    areas.plot(ax=axes, color=colours, edgecolor="white", linewidth=0.6)
    axes.set_aspect("equal")
    axes.axis("off")
    charts.draw_orientation(axes, areas, "gemeente_name")
    axes.set_title(texts("region.sheet_map"), size=9, color=_INK, loc="left")


def _legend(figure: "Figure", texts: Texts, lacks: tuple[str, ...]) -> None:
    """Name the classes, the highest on top."""
    for number, (colour, ink) in enumerate(zip(CLASS_COLOURS, CLASS_INKS, strict=True), start=1):
        word = classify.class_words(texts(f"class.{number}"), lacks, texts.language)
        figure.text(
            0.605,
            0.13 + 0.018 * number,
            word,
            size=7.5,
            color=ink,
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 2},
        )
