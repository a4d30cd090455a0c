"""The method in words, generated from the declaration: the page and ``docs/method.md`` say what is computed."""

from collections.abc import Sequence

import pandas as pd

from geodata import codes
from geodata.weeks import Tables
from risk.index.aggregate import weigh
from risk.index.declaration import CONDITIONS, Indicator, Model, Text
from risk.index.pipeline import score
from risk.insight.challenger import NOT_CAUSAL

SWITCHES = ("confirmed_infections", "registered_migrant_workers")
"""Indicators whose effect on the ranking is shown: the activation history, and counts by origin."""

_ASSUMPTION = Text("aanname", "assumption")
_CONDITIONS = {
    "indoor": Text("binnen", "indoors"),
    "cold": Text("koud", "cold"),
    "proximity": Text("dicht op elkaar", "close together"),
    "agency": Text("uitzendbureau", "agency"),
    "transport": Text("gedeeld vervoer", "shared transport"),
    "lodging": Text("gedeelde woning", "shared lodging"),
}
_LEVELS = {
    "all": Text("", ""),
    "gemeente": Text("gemeente: ", "gemeente: "),
    "vr": Text("regio: ", "region: "),
    "gemeente_together": Text("gemeente, alle sectoren: ", "gemeente, all sectors: "),
    "vr_together": Text("regio, alle sectoren: ", "region, all sectors: "),
}
_MONTHS = Text("jan feb mrt apr mei jun jul aug sep okt nov dec", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")


def document(model: Model, lang: str, rankings: pd.DataFrame | None = None, banner: str = "") -> str:
    """Return the method page in Markdown.

    Parameters
    ----------
    model
        The declaration; every figure on the page comes from it.
    lang
        ``nl`` or ``en``.
    rankings
        From `with_and_without`, to show what the history and the counts by origin do to the ranking.
    banner
        What must stand at figures of the demonstration; '' with real data.
    """
    parts = [
        *_introduction(model, lang),
        *_dimensions(model, lang),
        *(line for route in model.areas.routes for line in _route(model, route.code, lang)),
        *_conditions(model, lang),
        *_seasons(model, lang),
        *_history(model, lang),
        *_priors(model, lang),
        *_sites(model, lang),
        *_sure(model, lang),
        *_not_used(lang),
        *_context(lang),
        *_where_it_loses(lang),
    ]
    if rankings is not None:
        parts += _rankings(model, rankings, lang, banner)
    return "\n".join(parts) + "\n"


def with_and_without(tables: Tables, model: Model, level: str = "vr") -> pd.DataFrame:
    """Return the ranking of all sectors together, with everything and without each of the switches.

    Parameters
    ----------
    tables
        The core tables by name.
    model
        The index as declared.
    level
        ``vr`` or ``gemeente``.

    Returns
    -------
    DataFrame
        area_code, score and rank with everything, and rank_without_<indicator> for each switch.
    """
    table = _together(tables, model, level).rename(columns={"score_0_10": "score"})
    for code in SWITCHES:
        other = _together(tables, model.without(code), level)
        table[f"rank_without_{code}"] = other["rank"]
    return table.sort_values("rank").reset_index()


def weights_table(model: Model, lang: str) -> pd.DataFrame:
    """Return every indicator of the areas with its weight and reasons, as a table to take away.

    Returns
    -------
    DataFrame
        indicator_code, name, dimension, route, weight_in_route, weight_pct (of the whole; what is geometric takes
        it as exponent), direction, transform, goalposts, unit, why, evidence, model_version.
    """
    weights = weigh(model.areas, model.areas.codes)
    whole = (
        weights.indicator * weights.route[weights.route_of] * weights.dimension[weights.dimension_of[weights.route_of]]
    )
    dimension_of = {route.code: route.dimension for route in model.areas.routes}
    return pd.DataFrame(
        {
            "indicator_code": indicator.code,
            "name": indicator.name[lang],
            "dimension": dimension_of[indicator.route],
            "route": indicator.route,
            "weight_in_route": indicator.weight,
            "weight_pct": round(100 * float(share), 2),
            "direction": indicator.direction,
            "transform": indicator.transform,
            "goalposts": _goalposts(indicator, lang),
            "unit": indicator.unit[lang],
            "why": indicator.why[lang],
            "evidence": " ".join(indicator.evidence),
            "model_version": model.version,
        }
        for indicator, share in zip(model.areas.indicators, whole, strict=True)
    )


def _together(tables: Tables, model: Model, level: str) -> pd.DataFrame:
    scores = score(tables, level, model, rebuilds=0).scores
    return scores[scores["sector_code"] == ""].set_index("area_code")[["score_0_10", "rank"]]


def _introduction(model: Model, lang: str) -> list[str]:
    cuts = ", ".join(f"{cut:g}" for cut in model.scale.classes)
    return [
        f"# {Text('De methode', 'The method')[lang]}",
        "",
        Text(
            f"Versie {model.version}. Deze tekst is gemaakt uit `risk/model.toml`; wat hier staat, is wat er "
            f"wordt berekend.",
            f"Version {model.version}. This text is made from `risk/model.toml`; what stands here is what is computed.",
        )[lang],
        "",
        Text(
            "De score zegt waar arbeidsmigranten het eerst bescherming nodig hebben, van 0 tot 10. Zij beschermt "
            "mensen en "
            "beoordeelt hen niet: de eenheid is een sector in een gebied, of een locatie, nooit een persoon of een "
            "nationaliteit. Zij is geen kans op een uitbraak.",
            "The score says where labour migrants need protection first, from 0 to 10. It protects people and "
            "does not rate "
            "them: the unit is a sector in an area, or a site, never a person or a nationality. It is not the "
            "probability "
            "of an outbreak.",
        )[lang],
        "",
        Text(
            f"Kleine aantallen worden eerst afgevlakt. Elke indicator gaat naar 0-10 tussen vaste grenzen. Binnen "
            f"een route "
            f"telt het gewogen gemiddelde; tussen wonen, werken en vervoer een machtsgemiddelde met exponent "
            f"{model.scale.exponent:g}, want één hoge route is genoeg; daarna het gewogen meetkundig gemiddelde van "
            f"intensiteit, omvang en omgeving, want zonder mensen of zonder virus is er geen risico. De klassen "
            f"liggen vast "
            f"bij {cuts}. Wat ontbreekt is nooit nul: van een route of dimensie moet "
            f"{_percent(model.scale.minimum_present, lang)} van het gewicht bekend zijn, en van het geheel ook; anders "
            f"wordt er niet gescoord. Wat gebieden met minder dan {_percent(model.scale.minimum_cover, lang)} van de "
            "werkenden hebben, telt voor niemand mee, en het beeld heet ernaar (zonder huisvesting, zonder "
            "besmettingen). Een lijst van locaties dekt de soorten die zij noemt, in de regio's waarvoor zij bij het "
            "inlezen volledig is verklaard, of waarvoor zij, zoals dan is gemeld, zo geldt: elders zijn bedden en "
            "afstanden onbekend, niet nul en ver. Omvang en "
            "intensiteit mogen nooit ontbreken. Uitschieters: vaste grenzen kappen elke "
            "waarde af, dus een aparte behandeling is voor de score niet nodig; waar de herbouw zonder grenzen werkt "
            "(standaardafwijkingen), wordt een scheve indicator eerst afgekapt op zijn kwantielen van 2 en 98 %.",
            f"Small counts are smoothed first. Each indicator goes to 0-10 between fixed goalposts. Within a "
            f"route the "
            f"weighted mean counts; between housing, work and transport a power mean with exponent "
            f"{model.scale.exponent:g}, "
            f"since one high route is enough; then the weighted geometric mean of intensity, size and context, "
            f"since without "
            f"people or without virus there is no risk. The classes are fixed at {cuts}. What is missing is never "
            f"zero: {_percent(model.scale.minimum_present, lang)} of the weight of a route or dimension must be known, "
            f"and of the whole as well; else there is no score. What areas with less than "
            f"{_percent(model.scale.minimum_cover, lang)} of the workers have counts for nobody, and the picture is "
            "named after it (without housing, without infections). A list of sites covers the kinds it names, in "
            "the regions for which it was said at import to be whole, or is taken to be, as its receipt then tells: "
            "elsewhere beds and distances are unknown, not nil and far. Size and intensity may never be absent. "
            "Outliers: fixed goalposts cut every value, so the score needs no treatment of its own; where a rebuild "
            "has no goalposts (standard deviations) a skewed indicator is first cut at its 2 and 98 % quantiles.",
        )[lang],
        "",
        model.why_left_out[lang],
        "",
    ]


def _dimensions(model: Model, lang: str) -> list[str]:
    rows = [
        (dimension.name[lang], _percent(dimension.weight, lang), dimension.why[lang])
        for dimension in model.areas.dimensions
    ]
    return _section(Text("Drie factoren", "Three factors"), lang) + _table(
        (Text("factor", "factor"), Text("gewicht", "weight"), Text("waarom", "why")), rows, lang
    )


def _route(model: Model, code: str, lang: str) -> list[str]:
    route = next(route for route in model.areas.routes if route.code == code)
    mine = [indicator for indicator in model.areas.indicators if indicator.route == code]
    rows = [
        (
            indicator.name[lang],
            _percent(indicator.weight, lang),
            _goalposts(indicator, lang),
            indicator.unit[lang],
            indicator.why[lang],
            _links(indicator.evidence),
        )
        for indicator in mine
    ]
    heads = (
        Text("indicator", "indicator"),
        Text("gewicht", "weight"),
        Text("grenzen (0 en 10)", "goalposts (0 and 10)"),
        Text("eenheid", "unit"),
        Text("waarom", "why"),
        Text("bewijs", "evidence"),
    )
    title = route.name[lang].capitalize()
    return _section(Text(title, title), lang) + _table(heads, rows, lang)


def _goalposts(indicator: Indicator, lang: str) -> str:
    pairs = [f"{_LEVELS[level][lang]}{low:g} - {high:g}" for level, (low, high) in indicator.goalposts.low_high.items()]
    scale = Text(", logaritmisch", ", logarithmic")[lang] if indicator.transform == "log" else ""
    return f"{'; '.join(pairs)} ({indicator.goalposts.source[lang]}{scale})"


def _conditions(model: Model, lang: str) -> list[str]:
    heads = (
        Text("sector", "sector"),
        *(_CONDITIONS[name] for name in CONDITIONS),
        Text("waarom", "why"),
        Text("bron", "source"),
    )
    rows = [
        (
            _sector(code, lang),
            *(f"{conditions.shares[name]:g}" for name in CONDITIONS),
            conditions.why[lang],
            _source(conditions.source, lang),
        )
        for code, conditions in model.conditions.items()
    ]
    return _section(
        Text("Werk en leven per sector (delen van 0 tot 1)", "Work and life per sector (shares from 0 to 1)"), lang
    ) + _table(heads, rows, lang)


def _seasons(model: Model, lang: str) -> list[str]:
    names = _MONTHS[lang].split()
    heads = (
        Text("sector", "sector"),
        *(Text(name, name) for name in names),
        Text("waarom", "why"),
        Text("bron", "source"),
    )
    rows = [
        (
            _sector(code, lang),
            *(f"{month:g}" for month in season.months),
            season.why[lang],
            _source(season.source, lang),
        )
        for code, season in model.seasons.items()
    ]
    return _section(Text("Seizoenen (100 = gemiddelde maand)", "Seasons (100 = average month)"), lang) + _table(
        heads, rows, lang
    )


def _history(model: Model, lang: str) -> list[str]:
    indicator = next((one for one in model.areas.indicators if one.table == "activations"), None)
    share = indicator.max_share if indicator else 0
    words = Text(
        f"Activeringen staan als beeld naast de score: hoeveel, per 10.000 werkenden, wanneer het laatst. In "
        f"de score "
        f"tellen alleen bevestigde besmettingen na een melding van buiten of bij een steekproef, met een "
        f"halveringstijd "
        f"van {model.history.half_life_weeks:g} weken en nooit meer dan {_percent(share, lang)} van het gewicht. Een "
        "bezoek zonder vondst verhoogt nooit een score. De indicator is met één schakelaar uit te zetten.",
        f"Activations stand as a picture beside the score: how many, per 10,000 workers, when last. In the "
        f"score only "
        f"confirmed infections count, after an outside report or at a random visit, with a half-life of "
        f"{model.history.half_life_weeks:g} weeks and never more than {_percent(share, lang)} of the weight. "
        f"A visit that "
        "found nothing never raises a score. One switch turns the indicator off.",
    )
    return [*_section(Text("Activeringen", "Activations"), lang), words[lang], ""]


def _priors(model: Model, lang: str) -> list[str]:
    rows = [
        (
            model.indicator(code).name[lang],
            f"{prior.shape:g}",
            f"{prior.rate:g}",
            f"{prior.shape / prior.rate:g}",
            _source(prior.source, lang),
        )
        for code, prior in model.priors.items()
    ]
    heads = (
        Text("indicator", "indicator"),
        Text("vorm", "shape"),
        Text("tempo", "rate"),
        Text("gemiddelde", "mean"),
        Text("bron", "source"),
    )
    return _section(
        Text("Afvlakking (gamma-Poisson, vaste prior)", "Smoothing (gamma-Poisson, frozen prior)"), lang
    ) + _table(heads, rows, lang)


def _sites(model: Model, lang: str) -> list[str]:
    words = Text(
        "De score van een locatie is het gewogen meetkundig gemiddelde van drie dimensies; binnen een dimensie wordt "
        "gemiddeld over wat bekend is. Een onbekende grootte of plaats verlaagt de volledigheid, nooit de score. "
        "Hoe lang geleden een locatie is bezocht telt mee bij het plannen, nooit in de score.",
        "The score of a site is the weighted geometric mean of three dimensions; within a dimension what is known is "
        "averaged. An unknown size or place lowers the completeness, never the score. How long ago a site was "
        "visited counts in planning, never in the score.",
    )
    of_dimension = {dimension.code: dimension for dimension in model.sites.dimensions}
    rows = [
        (
            of_dimension[factor.route].name[lang],
            factor.name[lang],
            _percent(of_dimension[factor.route].weight * factor.weight, lang),
            factor.why[lang],
        )
        for factor in model.sites.indicators
    ]
    heads = (
        Text("dimensie", "dimension"),
        Text("factor", "factor"),
        Text("gewicht", "weight"),
        Text("waarom", "why"),
    )
    sizes = {
        kind: "; ".join(f"{low:g} - {high:g} {unit}" for unit, (low, high) in by_unit.items())
        for kind, by_unit in model.site_kind_sizes.items()
    }
    kinds = [
        (kind, f"{value:g}", sizes[kind]) for kind, value in sorted(model.site_kinds.items(), key=lambda item: -item[1])
    ]
    kind_heads = (
        Text("soort", "kind"),
        Text("oordeel 0-10 (aanname)", "judgement 0-10 (assumption)"),
        Text("klein - groot (aanname)", "small - large (assumption)"),
    )
    return [
        *_section(Text("Locaties", "Sites"), lang),
        words[lang],
        "",
        *_table(heads, rows, lang),
        *_table(kind_heads, kinds, lang),
    ]


def _sure(model: Model, lang: str) -> list[str]:
    settings = model.uncertainty
    words = Text(
        f"De index wordt {settings.rebuilds:,} keer herbouwd".replace(",", ".")
        + " met getrokken gegevens: andere aantallen werkenden in elke cel (zo ver om de schatting als die"
        " onzeker is; een schatting is een voorspelling en wordt niet naar het gemiddelde getrokken), andere "
        "besmettingscijfers, andere werkomstandigheden rond het oordeel, en voor wat ontbreekt een waarde van een "
        "ander van zijn soort. Dat geeft per eenheid een interval van de rang en de kans op de top k. Met aandelen "
        "van een groep is zo'n interval van een gemeente vaak 200 tot 260 van de 342 plaatsen breed; locaties bij "
        "naam en cijfers per COROP maken het smaller. Wat andere gewichten, normalisatie en samenvoeging doen, staat "
        "er als tweede interval naast (de top k is een tiende "
        f"van de eenheden, minstens {model.scale.top_minimum}). Een eenheid krijgt een vlag als de klasse "
        f"hoog of zeer hoog is "
        f"en die kans minstens {_percent(model.scale.flag_probability, lang)}. Hoog maar onzeker is een eigen "
        f"lijst: eerst uitzoeken. Naast een locatie waarvan de grootte of de plaats onbekend is, staat wat uitzoeken "
        "brengt: zoveel stijgt naar verwachting de som van de scores van de eerste locaties, gemiddeld over wat van "
        "locaties van haar soort wel bekend is (de verwachte waarde van volledige informatie; Raiffa en Schlaifer "
        "1961).",
        f"The index is rebuilt {settings.rebuilds:,} times with drawn data: other numbers of workers in every cell "
        "(as far around the estimate as that is unsure; an estimate is a prediction and is not pulled to the mean), "
        "other rates of infection, other working conditions around the judgement, and "
        "for what is missing a value of another of its kind. What other weights, normalisations and aggregations do "
        "stands beside it as a second interval. With shares of a group the interval of a gemeente is often 200 to 260 "
        "of the 342 places wide; named sites and figures per COROP narrow it. The data give each unit an interval of "
        "its "
        f"rank and the chance of the top k (a tenth of the units, at least {model.scale.top_minimum}). A unit "
        f"is flagged when "
        f"its class is high or very high and that chance is at least "
        f"{_percent(model.scale.flag_probability, lang)}. High but "
        "unsure is a list of its own: find out first. Beside a site of unknown size or place stands what finding out "
        "brings: how far the summed score of the first sites is expected to rise, on average over what is known of "
        "sites of its kind (the expected value of perfect information; Raiffa and Schlaifer 1961).",
    )
    return [*_section(Text("Hoe zeker", "How sure"), lang), words[lang], ""]


def _not_used(lang: str) -> list[str]:
    words = Text(
        "Niet gebruikt: taal, herkomst, geloof, afzonderlijke nationaliteiten, wie er keek en hoe vaak er is "
        "gekeken. Het "
        "totaal van werkenden uit EU/EFTA telt alleen als omvang, nooit per locatie en nooit onder de "
        "gemeente. Clusters van "
        "besmettingen en het geleerde model staan naast de index en tellen niet mee.",
        "Not used: language, origin, religion, single nationalities, who looked and how often anyone looked. "
        "The total of "
        "workers from EU/EFTA countries counts only as size, never per site and never below the gemeente. "
        "Clusters of "
        "infections and the learned model stand beside the index and do not count.",
    )
    return [
        *_section(Text("Wat niet meetelt", "What does not count"), lang),
        words[lang],
        "",
        f"{Text('Het geleerde model.', 'The learned model.')[lang]} {NOT_CAUSAL[lang]}",
        "",
    ]


def _context(lang: str) -> list[str]:
    words = Text(
        "Een alarm is een gemeente met in een week minstens 5 besmettingen, en meer dan haar eigen weken ervoor en de"
        " landelijke golf verklaren: verwacht is (gemiddelde van week t-6 tot en met t-2 + 0,5) maal de landelijke"
        " verandering sindsdien, de kans komt van een negatief-binomiale verdeling waarvan de spreiding uit alle"
        " gemeenten wordt geschat, en moet onder 0,001 liggen en overeind blijven als de valse alarmen over alle"
        " gemeenten samen op 5 % worden gehouden (Benjamini-Hochberg). Daarnaast staan altijd de elf kleinste kansen."
        " Buren samen: de prospectieve ruimte-tijdscan met permutatie (Kulldorff en anderen 2005), cilinders tot 50 km"
        " en vier weken. Hot spots: G* van Getis en Ord op twee weken. Alarmen, groepen en hot spots tellen niet mee"
        " in de score en worden nooit vanzelf een activering.\n\n"
        "Ze zien niet wat de cijfers niet zien: besmettingen tellen waar iemand woont, dus een uitbraak bij een bedrijf"
        " waarvan de mensen verspreid of over de grens wonen blijft onzichtbaar. In een steile golf wordt een uitbraak"
        " van veertig besmettingen in een middelgrote gemeente in ongeveer de helft van de gevallen gevonden. Niet"
        " gebouwd: EARS, dat een uitbraak niet van een landelijke golf onderscheidt, en de methode van Farrington, die"
        " drie jaar aan weken nodig heeft.",
        "An alarm is a gemeente with at least 5 infections in a week, and more than its own weeks before and the"
        " national wave explain: expected is (mean of weeks t-6 to t-2 + 0.5) times the national change since then; the"
        " chance comes from a negative binomial distribution whose spread is estimated over all gemeenten, and must lie"
        " below 0.001 and stand when false alarms over all gemeenten together are held at 5 % (Benjamini-Hochberg)."
        " Beside these always stand the eleven smallest chances. Neighbours together: the prospective space-time"
        " permutation scan (Kulldorff and others 2005), cylinders up to 50 km and four weeks. Hot spots: G* of Getis"
        " and Ord on two weeks. Alarms, groups and hot spots do not count in the score and never become an"
        " activation by themselves.\n\n"
        "They do not see what the figures do not see: infections count where somebody lives, so an outbreak at a firm"
        " whose people live spread out or across the border stays invisible. In a steep wave an outbreak of forty"
        " infections in a middle-sized gemeente is found in about half of the cases. Not built: EARS, which cannot tell"
        " an outbreak from a national wave, and Farrington's method, which needs three years of weeks.",
    )
    return [*_section(Text("Naast de score: alarmen", "Beside the score: alarms"), lang), words[lang], ""]


def _where_it_loses(lang: str) -> list[str]:
    words = Text(
        "De index wordt getoetst aan de besmettingen van de vier weken erna. Wie alleen wil weten waar het virus"
        " daarna rondgaat, kijkt beter naar de besmettingen van nu of naar het contrast daarin: op de cijfers van 2020"
        " verliest de index daarvan over het hele jaar (per veiligheidsregio duidelijk, per gemeente weinig; in zomer"
        " niet aantoonbaar van de besmettingen van nu), omdat het meeste gewicht bij omvang en werkomstandigheden ligt,"
        " die besmetting van de hele bevolking nauwelijks ordenen. Van alleen omvang wint hij in elk seizoen."
        " Besmettingen van de hele bevolking kunnen niet bewijzen dat arbeidsmigranten beschermd worden; er is niets"
        " verder op afgestemd. De cijfers staan in de modelkaart; `python -m risk evaluate` maakt ze opnieuw.",
        "The index is tested on the infections of the four weeks after. Whoever only wants to know where the virus goes"
        " round next had better look at the infections of now, or the contrast in them: on the figures of 2020 the"
        " index loses to these over the whole year (clearly by region, little by gemeente; in summer not shown"
        " to lose to the infections of now), because most of its weight lies with size and working conditions, which"
        " hardly order infection of the whole population. It beats size only in every season. Infections of the whole"
        " population cannot prove that migrant workers are protected; nothing was tuned to them further. The figures"
        " stand in the model card; `python -m risk evaluate` makes them anew.",
    )
    return [*_section(Text("Waar de index verliest", "Where the index loses"), lang), words[lang], ""]


def _rankings(model: Model, rankings: pd.DataFrame, lang: str, banner: str) -> list[str]:
    heads = [
        Text("gebied", "area"),
        Text("score", "score"),
        Text("rang", "rank"),
        *(
            Text(f"rang zonder {model.indicator(code).name.nl}", f"rank without {model.indicator(code).name.en}")
            for code in SWITCHES
        ),
    ]
    rows = [
        (str(row["area_code"]), *(_figure(row[column]) for column in rankings.columns[1:]))
        for _, row in rankings.iterrows()
    ]
    return [
        *_section(Text("De rangorde met en zonder", "The ranking with and without"), lang),
        banner,
        "",
        *_table(heads, rows, lang),
    ]


def _figure(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def _section(title: Text, lang: str) -> list[str]:
    return [f"## {title[lang]}", ""]


def _table(heads: Sequence[Text], rows: Sequence[tuple[str, ...]], lang: str) -> list[str]:
    lines = [f"| {' | '.join(head[lang] for head in heads)} |", f"|{'---|' * len(heads)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows), ""]


def _percent(share: float, lang: str) -> str:
    text = f"{100 * share:.3g} %"
    return text.replace(".", ",") if lang == "nl" else text


def _links(addresses: tuple[str, ...]) -> str:
    return " ".join(f"[{place}]({address})" for place, address in enumerate(addresses, start=1))


def _source(source: str, lang: str) -> str:
    return _ASSUMPTION[lang] if source == "assumption" else source


def _sector(code: str, lang: str) -> str:
    sector = codes.SECTORS[code]
    return sector.name_nl if lang == "nl" else sector.name_en
