"""The papers of accountability: a model card, and an entry in the form of the Dutch algorithm register.

Both are made from the declaration (``risk/model.toml``) and the evaluation, so that they say what is computed.
"""

from collections.abc import Sequence
from typing import Final

from geodata import codes
from geodata.sources import catalogue
from risk.index.declaration import Index, Model

CONTROLLER = "*in te vullen door de organisatie die het gebruikt*"
_TO_FILL = "*to be filled in by the organisation that uses it*"


MEASURED: Final = {
    "2.0.0": (
        (
            "Real figures, not the demonstration: RIVM's positives per gemeente of 2020 and CBS's establishments of"
            " 2021, without lists of sites, ten dates four weeks apart. Mean rank correlation (Spearman) with the"
            " infections of the next four weeks. The weights of the contrast were chosen on these same figures; nothing"
            " was tuned to them since."
        ),
        (
            ("2020", "dates", "level", "the index", "size only", "infections now", "contrast alone", "version 1.0.0"),
            ("spring", "3", "region", ".59", ".22", ".77", ".79", ".10"),
            ("summer", "3", "region", ".64", ".43", ".74", ".83", "-.27"),
            ("autumn", "4", "region", ".54", ".33", ".75", ".76", ".20"),
            ("all", "10", "region", ".59", ".33", ".76", ".79", ".03"),
            ("spring", "3", "gemeente", ".54", ".09", ".60", ".64", ".19"),
            ("summer", "3", "gemeente", ".49", ".27", ".47", ".57", "-.20"),
            ("autumn", "4", "gemeente", ".51", ".13", ".64", ".68", ".15"),
            ("all", "10", "gemeente", ".51", ".16", ".57", ".63", ".05"),
        ),
        (
            "Lead of the index over all dates, with a 90 % interval from a bootstrap over regions, region and gemeente:"
            " over size only +.26 (.11 to .42) and +.35 (.27 to .42), beats, as in every season by itself; over"
            " infections now -.17 (-.25 to -.08) and -.06 (-.09 to -.03), loses, but not in summer (-.10, -.25 to .03;"
            " +.02, -.04 to .05); over the contrast alone -.21 (-.31 to -.11) and -.12 (-.15 to -.08), loses; over"
            " version 1.0.0 +.56 (.39 to .70) and +.46 (.33 to .56), beats."
        ),
        (
            "It loses to both naive rules on infections because most of its weight is size and working conditions,"
            " which hardly order infection of the whole population. More weight for infections would win here and mean"
            " less: infection of the whole population cannot prove that migrants at work are protected. Of six"
            " outbreaks reported in May and June 2020, three gemeenten stood among the highest tenth of their sector"
            " (9, 17 and 33 of 342), and three were an alarm; the small place with the largest"
            " plant stood at 66, for its workers are an estimate and most of those infected lived elsewhere."
        ),
    ),
}
"""What was measured once on a real epidemic, by version: with other figures `evaluate` measures anew."""


def model_card(model: Model, evaluation: str) -> str:
    """Return the model card in Markdown.

    Parameters
    ----------
    evaluation
        The report of `risk.insight.evaluation` in English; its title goes, its headings move one level down.
    """
    bounds = ", ".join(f"{bound:g}" for bound in model.scale.classes)
    lines = [
        "# Model card",
        "",
        "Written by `python -m risk papers`; do not edit by hand.",
        "",
        "| | |",
        "|---|---|",
        f"| model | Risicobeeld index, version {model.version} |",
        "| kind | composite index declared in `risk/model.toml`; nothing is learned from data in the score |",
        f"| owner | {_TO_FILL} |",
        "| scores | a sector in a veiligheidsregio or gemeente, and a site; from 0 to 10 |",
        f"| classes | fixed at {bounds} |",
        "",
        "## Use",
        "",
        (
            "To choose where to look first, so that people who live, work and travel together far from home are"
            " protected from infection; with the reasons and the uncertainty beside every score. Not for: judging a"
            " person, an employer or a nationality; predicting an outbreak; enforcing anything without a visit; scoring"
            " below the gemeente other than a site."
        ),
        "",
        (
            "People decide. A score is a reason to look, and a plan records why it was followed or not. A share of the"
            " visits is drawn at random, so that the choice does not only confirm itself."
        ),
        "",
        "## What goes in",
        "",
        *_indicators(model.areas, "en"),
        "",
        (
            f"Sites have an index of their own with {len(model.sites.indicators)} indicators:"
            f" {', '.join(indicator.name.en for indicator in model.sites.indicators)}."
        ),
        "",
        (
            "Not used: nationality by country, origin, language, religion, who looked or how often. Workers from"
            " EU/EFTA countries count as one published total and only as size; `docs/method.en.md` shows the ranking"
            " without it."
        ),
        "",
        *_sources(),
        "",
        "## How it is computed",
        "",
        (
            "Small counts are smoothed; every indicator goes to 0-10 between fixed goalposts; within a route a"
            f" weighted mean; between housing, work and transport a power mean with exponent {model.scale.exponent:g};"
            f" between the dimensions a weighted geometric mean. With less than"
            f" {model.scale.minimum_present:.0%} of a route known"
            f" there is no score. Ranks come with intervals from {model.uncertainty.rebuilds:,} rebuilds of the"
            f" index with"
            f" other weights, goalposts and draws (seed {model.uncertainty.seed}). All of it: `docs/method.en.md`."
        ),
        "",
        "## Limits",
        "",
        "- Weights and many goalposts are judgements of the makers, marked as assumptions; the evidence is mixed.",
        "- Workers per gemeente and fine sector are estimated, not counted; each figure carries its status.",
        "- Missing data are never zero, but a place that nobody counts stays unseen: see the completeness.",
        "- What platforms found depends on where they looked; only visits drawn at random speak for the country.",
        "- With demonstration data every figure is invented.",
        "",
        *_measured(model),
        "## Evaluation",
        "",
        *(f"#{line}" if line.startswith("#") else line for line in evaluation.strip().splitlines()[1:]),
        "",
    ]
    return "\n".join(lines)


def _measured(model: Model) -> list[str]:
    """Return what was measured on a real epidemic with this version; nothing for another one."""
    version = model.version.partition("-")[0]  # a digest of the declaration follows
    if version not in MEASURED:
        return []
    before, (heads, *rows), leads, after = MEASURED[version]
    table = [f"| {' | '.join(row)} |" for row in (heads, ("---",) * len(heads), *rows)]
    return ["## Measured on a real epidemic", "", before, "", *table, "", leads, "", after, ""]


def algorithm_register(model: Model) -> str:
    """Return the entry for the Dutch algorithm register, in Dutch, with its headings in the register's order."""
    fields: dict[str, dict[str, str]] = {
        "Algemene informatie": {
            "Naam": "Risicobeeld",
            "Organisatie": CONTROLLER,
            "Korte omschrijving": "Een index die laat zien in welke sector en regio arbeidsmigranten het eerst"
            " bescherming"
            " tegen besmetting nodig hebben, en waarom. Mensen kiezen daarna waar zij gaan kijken.",
            "Type algoritme": "Samengestelde index met vaste gewichten (geen zelflerend algoritme)",
            "Publicatiecategorie": "Impactvolle algoritmes",
            "Status": CONTROLLER,
            "Begindatum": CONTROLLER,
            "Contact": CONTROLLER,
            "Link naar broncode": CONTROLLER,
            "Versie": model.version,
        },
        "Verantwoord gebruik": {
            "Doel en impact": "Mensen beschermen die ver van huis samen wonen, werken en reizen. De uitkomst"
            " bepaalt mede"
            " waar partners het eerst langsgaan. Zij gaat over een sector in een gebied of over een locatie,"
            " nooit over"
            " een persoon of een nationaliteit, en heeft geen rechtsgevolg.",
            "Afwegingen": "Openbare cijfers gaan voor. Personen worden niet gescoord. Aantallen werkenden uit"
            " EU/EVA-landen"
            " tellen als één gepubliceerd totaal en alleen als omvang. Een deel van de bezoeken wordt geloot,"
            " zodat de"
            " keuze zichzelf niet bevestigt. Onzekerheid staat naast elke score.",
            "Menselijke tussenkomst": "Altijd. Een score is een reden om te kijken; een plan wordt door mensen"
            " gemaakt en"
            " goedgekeurd, en afwijken wordt met reden vastgelegd.",
            "Risicobeheer": "Toegang per rol en regio, een logboek van elke raadpleging, een lektest met certificaat,"
            " bescherming van kleine aantallen, bewaartermijnen, en een evaluatie die zegt wanneer de index"
            " niet beter is"
            f" dan een eenvoudige regel (docs/privacy.md, docs/model_card.md).{_losses(model)}",
            "Wettelijke basis": CONTROLLER,
            "Links naar wettelijke basis": CONTROLLER,
            "Toelichting op impacttoetsen": "De vragen van een mensenrechtentoets (IAMA) staan in"
            " docs/privacy.md beantwoord"
            " voor zover het product dat kan; de toets zelf en de DPIA zijn aan de organisatie.",
            "Impacttoetsen": CONTROLLER,
        },
        "Werking": {
            "Gegevens": _data(model),
            "Links naar gegevensbronnen": "; ".join(_links()),
            "Technische werking": f"{len(model.areas.indicators)} indicatoren gaan naar 0-10 tussen vaste"
            " grenzen. Binnen"
            f" een route telt het gewogen gemiddelde, tussen wonen, werken en vervoer een machtsgemiddelde met"
            f" exponent"
            f" {model.scale.exponent:g}, daarna een gewogen meetkundig gemiddelde van"
            f" {', '.join(dimension.name.nl for dimension in model.areas.dimensions)}. De index wordt"
            f" {model.uncertainty.rebuilds} keer opnieuw gemaakt met andere gewichten en grenzen: dat geeft de"
            " onzekerheid van elke plaats. Alles staat in docs/method.md.",
            "Leverancier": CONTROLLER,
        },
    }
    lines = [
        "# Vermelding in het algoritmeregister",
        "",
        "Gemaakt met `python -m risk papers`; niet met de hand wijzigen.",
    ]
    for heading, entries in fields.items():
        lines += ["", f"## {heading}", "", "| veld | inhoud |", "|---|---|"]
        lines += [f"| {name} | {content} |" for name, content in entries.items()]
    return "\n".join([*lines, ""])


def _losses(model: Model) -> str:
    """Return in Dutch where the index loses on the epidemic that it was measured on; empty without a measurement."""
    version = model.version.partition("-")[0]
    if version not in MEASURED:
        return ""
    _, (_, *rows), _, _ = MEASURED[version]
    region, gemeente = ([figure.replace(".", "0,") for figure in row[3:6]] for row in rows if row[0] == "all")
    index, size, now = (f"{one} en {other}" for one, other in zip(region, gemeente, strict=True))
    return (
        " Rangcorrelatie met de besmettingen van de vier weken erna, in 2020, per veiligheidsregio en per gemeente:"
        f" de index {index}; alleen omvang {size}; de besmettingen van nu {now}. De index wint dus van omvang en"
        " verliest van de besmettingen van nu: wie alleen wil weten waar het virus daarna rondgaat, kijkt daar."
    )


def _indicators(index: Index, lang: str) -> list[str]:
    routes = {route.code: route for route in index.routes}
    rows = []
    for indicator in index.indicators:
        route = routes[indicator.route]
        judged = "yes" if indicator.goalposts.source.en.startswith("assumption") else "no"
        rows.append(
            f"| {indicator.name[lang]} | {route.name[lang]} | {indicator.weight:.0%} | {indicator.denominator} |"
            f" {judged} | {len(indicator.evidence)} |"
        )
    head = "| indicator | route | weight in route | denominator | goalposts judged | publications |"
    return [head, "|---|---|---|---|---|---|", *rows]


def _sources() -> Sequence[str]:
    public = [source for source in catalogue.SOURCES.values() if source.status == codes.Status.OFFICIAL]
    publishers = dict.fromkeys(source.publisher for source in public)
    return [f"Sources: {'; '.join(publishers)}. Each with its licence and date in `docs/sources.md`."]


def _data(model: Model) -> str:
    names = ", ".join(indicator.name.nl for indicator in model.areas.indicators)
    return f"{names}. Per gebied en sector; geen gegevens over personen."


def _links() -> list[str]:
    found = dict.fromkeys(
        source.address for source in catalogue.SOURCES.values() if source.address.startswith("https://")
    )
    return list(found)
