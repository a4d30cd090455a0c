"""The name of a place for comparing: what people write differently and mean the same."""

import re
import unicodedata
from functools import cache


@cache
def fold(text: str) -> str:
    """Return a name without accents, capitals, apostrophes, hyphens and the usual ways to shorten it.

    Examples
    --------
    >>> fold("Súdwest-Fryslân"), fold("'s-Gravenhage"), fold("Capelle a/d IJssel"), fold("St. Anthonis")
    ('sudwest fryslan', 's gravenhage', 'capelle aan den ijssel', 'sint anthonis')
    """
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark)).casefold().replace("&", " en ")
    plain = re.sub(r"[^a-z0-9#?]+", " ", re.sub(r"['’‘`´ʼ]", " ", plain)).strip()
    plain = re.sub(r"\ba d\b|\baan de\b", "aan den", plain)
    plain = re.sub(r"(?<=\w )v(?= \w)", "van", plain)
    return re.sub(r"\bst\b", "sint", plain)
