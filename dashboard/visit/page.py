"""The form as one plain page, made of the same questions as the register's own page (`register.form`)."""

from pathlib import Path
from typing import Final

from geodata.areas import mergers
from geodata.areas.regions import region_names
from register import form
from register.schema import MEASURES
from words import Texts, read_texts
from words.templates import read_template

_PAGE: Final = read_template(Path(__file__).with_name("visit.html"))
_SCRIPT_WORDS: Final = (
    "empty",
    "none_known",
    "offline",
    "online",
    "sending",
    "saved",
    "sent",
    "waiting_n",
    "old",
    "state_waiting",
    "state_refused",
    "state_asked",
    "edit",
    "discard",
    "discard_sure",
    "send_anyway",
    "erased_other",
    "erased_ended",
    "as_whom",
    "may_not",
    "unreachable",
    "not_kept",
    "draft_back",
    "compared",
    "yours",
    "stands",
)
"""What the script says by itself; all else it shows stands in the page or comes with an answer."""


def render(language: str, *, is_open: bool) -> str:
    """Return the page in a language; without the form where no visits are taken.

    It holds nobody's data and no figure, so that a phone may keep it: gemeenten, regions and words.
    """
    texts = read_texts(language)
    regions = region_names()
    gemeenten = mergers.known_areas()["gemeenten"].sort_values("gemeente_name")
    return _PAGE.render(
        texts=texts,
        is_open=is_open,
        form=form,
        gemeenten=gemeenten[["gemeente_code", "gemeente_name", "vr_code"]].to_dict("records"),
        regions=regions,
        measures="; ".join(texts(f"register.measure_{code}") for code in list(MEASURES)[1:4]),
        words=_words(texts),
        other="en" if language == "nl" else "nl",
    )


def _words(texts: Texts) -> dict[str, str]:
    return {name: texts(f"visit.{name}") for name in _SCRIPT_WORDS} | {"lacks": texts("register.lacks")}
