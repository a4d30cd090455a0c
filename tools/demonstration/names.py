"""Invented names: a made-up word from two lists of syllables, with a Dutch noun for the kind of site."""

import numpy as np

HEADS = (
    "Blorv",
    "Brual",
    "Dwef",
    "Drusk",
    "Fleum",
    "Fnor",
    "Frusk",
    "Gluim",
    "Gniv",
    "Grolf",
    "Hurv",
    "Jorm",
    "Jurn",
    "Klurm",
    "Knosp",
    "Kwal",
    "Lurf",
    "Mozel",
    "Mulv",
    "Nirp",
    "Nulm",
    "Plauw",
    "Ploerf",
    "Quor",
    "Rumf",
    "Sjolm",
    "Slond",
    "Snurv",
    "Trewul",
    "Twolm",
    "Vlurk",
    "Wrimp",
    "Xant",
    "Zolm",
    "Zwurk",
    "Zulp",
)
TAILS = (
    "abrin",
    "adouw",
    "agool",
    "akwist",
    "aldrum",
    "asquo",
    "edelf",
    "elpoor",
    "emurt",
    "esprik",
    "etrond",
    "evlon",
    "ibrons",
    "idask",
    "ifluur",
    "imbol",
    "inzalt",
    "itwaan",
    "izork",
    "obrask",
    "odrin",
    "ofuit",
    "olgur",
    "ontvur",
    "opliem",
    "oskaar",
    "ouvert",
    "owilp",
    "ubrand",
    "udelm",
    "uflink",
    "ulmat",
    "umbroed",
    "uskwel",
    "ustrel",
    "uzalm",
)
NOUNS = {
    "slaughterhouse": ("Slachterij", "Slachthuis"),
    "meat_plant": ("Vleesverwerking", "Uitsnijderij", "Vleeswaren"),
    "greenhouse": ("Kwekerij", "Glastuinbouw", "Kassen"),
    "packing_hall": ("Verpakhal", "Sorteercentrum", "Pakstation"),
    "distribution_centre": ("Distributiecentrum", "Magazijn", "Opslag"),
    "lodging": ("Logies", "Woonlocatie", "Pension"),
    "holiday_park": ("Vakantiepark", "Bungalowpark", "Recreatieoord"),
    "building_site": ("Bouwplaats", "Nieuwbouw", "Bouwproject"),
}
BORDER_NOUNS = {"DE": "Unterkunft", "BE": "Logies"}
GROUP_NOUN = "Groep"
SECOND_SUFFIX = "B.V."
"""Under its second name a site has another noun of its kind, or this suffix."""


def words(number_n: int, rng: np.random.Generator) -> list[str]:
    """Draw different made-up words.

    Examples
    --------
    >>> words(2, np.random.default_rng(1))
    ['Mozelabrin', 'Mulvimbol']
    """
    drawn = rng.choice(len(HEADS) * len(TAILS), number_n, replace=False)
    return [HEADS[i // len(TAILS)] + TAILS[i % len(TAILS)] for i in drawn]


def second_name(name: str, kind: str) -> str:
    """Return how another source might write the same site.

    Examples
    --------
    >>> second_name("Slachterij Jormaldrum", "slaughterhouse")
    'Slachthuis Jormaldrum'
    >>> second_name("Slachthuis Jormaldrum", "slaughterhouse")
    'Jormaldrum B.V.'
    """
    noun, word = name.split(" ")
    nouns = NOUNS[kind]
    if noun == nouns[-1]:
        return f"{word} {SECOND_SUFFIX}"
    return f"{nouns[nouns.index(noun) + 1]} {word}"
