"""A plan as it leaves the product: the table with every line and its reason, and what people read and take along.

That is names, dates and lists in words, as a file and a calendar, and one printable sheet per region with a map.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import geopandas as gpd
import pandas as pd

from door import export
from door.store import ScopedStore
from geodata import codes, site_kinds
from geodata.errors import InputError
from risk.index import classify
from risk.index.declaration import Text
from risk.index.model import load_model
from risk.report import charts
from risk.report.files import (
    Block,
    Document,
    Grid,
    Heading,
    Paragraph,
    Picture,
    calendar_line,
    calendar_text,
    render,
    stamp_of,
)
from risk.report.words import banner_of, days_words, monday, week_words
from risk.scores.outputs import ensure
from risk.targets import why
from risk.targets.inputs import Inputs
from risk.targets.limits import limit_text
from risk.targets.plan import LISTS, WEEKS_N, Plan
from risk.targets.plans import dates_of
from risk.targets.why import reasons
from words import read_texts

_SHEET_ENDINGS: Final = (".pdf", ".html")
_OF_THE_REGISTER: Final = ("version", "action", "erased_reason")
_DEGREES: Final = 6  # a tenth of a metre
_NO_MOMENT: Final = (2000, 1, 1, 0, 0, 0)
_TITLE: Final = Text("Bezoeken in {region}", "Visits in {region}")
_INTRO: Final = Text(
    "{n} preventieve bezoeken, {weeks}. Het doel is mensen beschermen; een bezoek zegt niets over wie er werkt of "
    "woont. Leg elk bezoek vast, ook als er niets is gevonden.",
    "{n} preventive visits, {weeks}. The aim is to protect people; a visit says nothing about who works or lives "
    "there. Record every visit, also when nothing was found.",
)
_ONE: Final = Text(
    _INTRO.nl.replace("{n} preventieve bezoeken", "Een preventief bezoek"),
    _INTRO.en.replace("{n} preventive visits", "One preventive visit"),
)
_HEADS: Final = (
    Text("nr", "no"),
    Text("week", "week"),
    Text("locatie", "site"),
    Text("soort", "kind"),
    Text("partners", "partners"),
    Text("waarom", "why"),
)
_MAP: Final = Text("Kaart van de bezoeken, genummerd als in de tabel", "Map of the visits, numbered as in the table")
_LINKED: Final = Text(
    "Nr {number} is verbonden met locaties in {regions}: vraag LOT-C om u te verbinden.",
    "No {number} is linked to sites in {regions}: ask LOT-C to connect you.",
)
_PROTOCOLS: Final = Text("Protocollen van de branche", "Branch protocols")
_DRAW: Final = Text(
    "Lotingsgetal {seed}, lijst {sha}. Wie geloot is, is gekozen zonder naar de score te kijken.",
    "Seed {seed}, list {sha}. Who was drawn at random was chosen without looking at the score.",
)
COLUMNS: Final = (
    "list",
    "site_id",
    "vr_code",
    "kind",
    "score_0_10",
    "inclusion_probability",
    "reason",
    "name",
    "gemeente_code",
    "sector_code",
    "week",
    "partners",
    "hours",
    "size_n",
    "size_unit",
    "p_top_k",
    "objective_value",
    "rise_0_10",
    "finding_out_gain_0_10",
    "completeness_pct",
    "days_since_visit",
    "other_vr_codes",
    "protocol",
    "stratum",
    "stratum_n",
    "drawn_n",
    "seed",
    "frame_sha256",
    "points_are",
    "picture_lacks",
    "model_version",
    "peildatum",
    *export.STAMP,
)

_ROUNDED: Final = ("score_0_10", "p_top_k", "objective_value", "rise_0_10", "finding_out_gain_0_10", "completeness_pct")


def target_table(plan: Plan, inputs: Inputs, store: ScopedStore, lang: str) -> gpd.GeoDataFrame:
    """Return the lines of a plan with reasons, links, protocols and the status banner; points in EPSG:28992.

    Parameters
    ----------
    plan, inputs, store
        The plan, what it was made from, and the door it was read through.
    lang
        Language of the reasons: ``nl`` or ``en``.
    """
    lines = plan.lines
    links = store.out("linked", "site", inputs.scored.model.version)
    linked = dict(zip(links["unit_id"].astype(str), links["other_vr_codes"].astype(str), strict=True))
    table = lines.assign(
        reason=reasons(plan, inputs, lang),
        objective_value=lines["points"],
        other_vr_codes=_looked_up(lines["site_id"], linked),
        protocol=_looked_up(lines["sector_code"], protocols(store, lang)),
        points_are=plan.points_are,
        picture_lacks=";".join(classify.lacks_of(inputs.scored.scores)),
        model_version=inputs.scored.model.version,
        peildatum=inputs.peildatum,
    )
    table = export.with_own_sources(export.stamped(table, store, lang=lang), store, table["site_id"], lang)
    table[list(_ROUNDED)] = table[list(_ROUNDED)].astype(float).round(4)
    return gpd.GeoDataFrame(table[[*COLUMNS, "geometry"]], geometry="geometry", crs=codes.CRS_RD)


def _looked_up(keys: pd.Series, texts: dict[str, str]) -> pd.Series:
    return pd.Series([texts.get(key, "") for key in keys], index=keys.index, dtype="str")


def protocols(store: ScopedStore, lang: str) -> dict[str, str]:
    """Return the titles of the branch protocols in the library, by sector."""
    if not store.may("library"):
        return {}
    library = store.table("library")
    found = library[(library["kind"] == "protocol") & (library["sector_code"] != "")]
    title = "title_en" if lang == "en" else "title"
    by_sector = found.groupby("sector_code")[title].agg(lambda titles: "; ".join(sorted(titles)))
    return {str(sector): str(titles) for sector, titles in by_sector.items()}


def left_out_table(plan: Plan, lang: str) -> pd.DataFrame:
    """Return the high scorers that are not in the plan, with the reason in words."""
    about = plan.sites.set_index("site_id")[["vr_code", "kind", "score_0_10"]]
    words = [limit_text(limit, subject, lang) for limit, subject in plan.left_out[["limit", "subject"]].to_numpy()]
    return plan.left_out.join(about, on="site_id").assign(reason=pd.Series(words, dtype="str"))


def region_sheet(table: gpd.GeoDataFrame, vr_code: str, store: ScopedStore, language: str) -> Document:
    """Return the sheet of one region.

    Parameters
    ----------
    table
        From `risk.report.plan_file.target_table`.
    vr_code
        The region; the viewer must be allowed to see its lines, or there are none.

    Raises
    ------
    InputError
        The plan has no visit in the region.
    """
    lines = table[table["vr_code"] == vr_code].sort_values(["week", "site_id"]).reset_index(drop=True)
    if lines.empty:
        raise InputError("plan_without_region", region=vr_code)
    regions, gemeenten = store.table("veiligheidsregios"), store.table("gemeenten")
    region = regions[regions["vr_code"] == vr_code]
    banner = banner_of(language, is_invented=store.is_demonstration)
    inside = gemeenten[gemeenten["vr_code"] == vr_code]
    names = inside.set_index("gemeente_code")["gemeente_name"]
    where = {site: f" ({lat:.5f}, {lon:.5f})" for site, (lat, lon) in points(lines, store).items()}
    rows = tuple(
        (
            str(number),
            week_words(str(line["week"]), language),
            _site(line, names, language) + where.get(line["site_id"], ""),
            _kind(line, language),
            str(line["partners"]).replace(";", ", "),
            str(line["reason"]),
        )
        for number, (_, line) in enumerate(lines.iterrows(), 1)
    )
    title = _TITLE[language].format(region=region["vr_name"].iloc[0])
    weeks = days_words(monday(lines["week"].min()), monday(lines["week"].max()) + timedelta(days=6), language)
    lacks = classify.lacks_of(lines)  # of the picture that the plan was made from, however long ago
    named = read_texts(language)("picture.lacks", without=classify.without(lacks, language)) if lacks else ""
    intro = _ONE if len(lines) == 1 else _INTRO
    picture = charts.map_of_visits(region, inside, lines, banner)
    blocks: list[Block] = [
        Heading(title, 1),
        Paragraph(intro[language].format(n=len(lines), weeks=weeks)),
        *([Paragraph(f"{named}.")] if named else []),
        Grid(tuple(head[language] for head in _HEADS), rows),
        Picture(picture, _MAP[language], 12.0),
        *_notes(lines, dict(zip(regions["vr_code"], regions["vr_name"], strict=True)), language),
        Paragraph(
            _DRAW[language].format(seed=lines["seed"].iloc[0], sha=lines["frame_sha256"].iloc[0][:16]), is_small=True
        ),
        stamp_of(store, language, lines["peildatum"].iloc[0], str(lines["model_version"].iloc[0])),
    ]
    return Document(title, language, banner, tuple(blocks))


def _kind(line: pd.Series, language: str) -> str:
    """Return the kind of a line's site in words; '' for a site that has left the list since."""
    return site_kinds.name(line["kind"], read_texts(language)).lower() if line["kind"] else ""


def _site(line: pd.Series, names: Mapping[str, str], language: str) -> str:
    """Return what a site is called and where it lies; one without a name is called by its kind and id."""
    return ", ".join(filter(None, [site_kinds.title(line, read_texts(language)), names.get(line["gemeente_code"], "")]))


def points(lines: gpd.GeoDataFrame, store: ScopedStore) -> Mapping[str, tuple[float, float]]:
    """Return latitude and longitude of each site whose place is known, which any map on a telephone finds."""
    sites = store.table("sites").set_index("site_id")["located"]
    placed = lines.assign(located=lines["site_id"].map(sites)).to_crs(codes.CRS_WGS84)
    placed = placed[placed["located"].isin(codes.LOCATED_CLOSELY) & placed.geometry.notna()]
    return {site: (point.y, point.x) for site, point in zip(placed["site_id"], placed.geometry, strict=True)}


def _notes(lines: pd.DataFrame, names: Mapping[str, str], language: str) -> list[Block]:
    """Return what a contact must know beside the table: links across regions, and protocols."""
    notes: list[Block] = [
        Paragraph(
            _LINKED[language].format(
                number=number, regions=", ".join(names.get(code, code) for code in others.split(";"))
            ),
            is_small=True,
        )
        for number, others in enumerate(lines["other_vr_codes"], 1)
        if others
    ]
    protocols = sorted({title for title in lines["protocol"] if title})
    if protocols:
        notes += [Heading(_PROTOCOLS[language], 2), Paragraph("; ".join(protocols))]
    return notes


def plan_words(plan_id: str, language: str, lacks: Sequence[str] = (), version: int = 0) -> str:
    """Return what a plan is called: its two weeks, which of their plans it is, and what its picture lacked.

    Parameters
    ----------
    version
        From `risk.targets.plans`; 0 for a plan of before versions were kept, which is told by its draw.

    Examples
    --------
    >>> plan_words("20201130-17-51ea8b52", "nl", version=2)
    'Bezoekplan 7-20 december 2020, versie 2'
    >>> plan_words("20201130-17-51ea8b52", "en")
    'Plan of visits 7-20 December 2020 (draw 17, 51ea8b52)'
    >>> plan_words("ours", "en", ("context",))
    'ours (picture without infections)'
    """
    texts = read_texts(language)
    first = _first_day(plan_id)
    if first is None:
        words = plan_id
    else:
        days = days_words(first, first + timedelta(days=7 * WEEKS_N - 1), language)
        seed, _, print_ = plan_id.partition("-")[2].rpartition("-")
        words = texts(
            "targets.plan_version" if version else "targets.plan_drawn",
            days=days,
            version=version,
            seed=seed,
            print=print_,
        )
    without = classify.without(lacks, language)
    return texts("lacks.title", title=words, without=without) if without else words


def file_stem(plan_id: str, language: str, version: int) -> str:
    """Return what the files of a plan are called: its first day and version, or how it was named by hand.

    Parameters
    ----------
    plan_id
        Of the plan.
    language
        ``nl`` or ``en``.
    version
        Of the plan; 0 is left out.

    Examples
    --------
    >>> file_stem("20201130-17-51ea8b52", "nl", 2), file_stem("ours", "nl", 0)
    ('2020-12-07-versie-2', 'ours')
    """
    first = _first_day(plan_id)
    if first is None or not version:
        return plan_id
    return f"{first.isoformat()}-{read_texts(language)('targets.version')}-{version}"


def _first_day(plan_id: str) -> date | None:
    """Return the Monday that the visits of a plan begin on; None for one that was named by hand."""
    try:
        made = date.fromisoformat(f"{plan_id[:4]}-{plan_id[4:6]}-{plan_id[6:8]}")
    except ValueError:
        return None
    return made + timedelta(days=7 - made.weekday())


def lines_in_words(lines: pd.DataFrame, store: ScopedStore, language: str) -> gpd.GeoDataFrame:
    """Return the lines of a plan, fresh or kept, as everybody reads them: page, sheet, file and calendar alike.

    Parameters
    ----------
    lines
        Lines with ``site_id, vr_code, list, week``; whatever else they carry is kept, and reasons that were kept as
        keys are said in this language.
    store
        The tables as the viewer may see them.

    Returns
    -------
    GeoDataFrame
        By list, week and score, with ``site_name, kind_name, gemeente_name, region_name, list_name, week_words`` and
        what a site is (EPSG:28992) beside them. A site that is not in the list any more keeps its id as its name.
    """
    texts, sites = read_texts(language), store.table("sites").set_index("site_id")
    regions = _names(store, "veiligheidsregios", "vr")
    gemeenten = _names(store, "gemeenten", "gemeente")
    about = sites.reindex(lines["site_id"])
    kinds = [site_kinds.name(kind, texts) if isinstance(kind, str) and kind else "" for kind in about["kind"]]
    called = about[["name", "kind"]].assign(site_id=lines["site_id"].to_numpy())
    names = [site_kinds.title(site, texts) for site in called.to_dict("records")]
    order = {name: place for place, name in enumerate(LISTS)}
    told = _with_reasons(lines, language).assign(
        site_name=names,
        name=about["name"].fillna("").to_numpy(),
        kind=about["kind"].fillna("").to_numpy(),
        kind_name=kinds,
        gemeente_code=about["gemeente_code"].fillna("").to_numpy(),
        gemeente_name=about["gemeente_code"].map(gemeenten).fillna("").to_numpy(),
        sector_code=about["sector_code"].fillna("").to_numpy(),
        region_name=lines["vr_code"].map(regions).fillna(lines["vr_code"]).to_numpy(),
        list_name=[texts(f"targets.list_{name}") for name in lines["list"]],
        week_words=[week_words(week, language) for week in lines["week"]],
        geometry=about["geometry"].to_numpy(),
        list_order=lines["list"].map(order).fillna(len(order)),
    )
    told = told.sort_values(["list_order", "week", "score_0_10"], ascending=[True, True, False], kind="stable")
    told = told.drop(columns="list_order").reset_index(drop=True)
    return gpd.GeoDataFrame(told, geometry="geometry", crs=codes.CRS_RD)


def _with_reasons(lines: pd.DataFrame, language: str) -> pd.DataFrame:
    if "reason_parts" not in lines.columns:
        return lines
    model = load_model()
    pairs = zip(lines["reason_parts"], lines["reason"], strict=True)
    told = pd.Series([why.said_from(*pair, model, language) for pair in pairs], index=lines.index, dtype="str")
    return lines.drop(columns="reason_parts").assign(reason=told)


def _names(store: ScopedStore, table: str, kind: str) -> Mapping[str, str]:
    rows = store.table(table)
    return dict(zip(rows[f"{kind}_code"], rows[f"{kind}_name"], strict=True))


def kept_table(lines: pd.DataFrame, store: ScopedStore, language: str) -> gpd.GeoDataFrame:
    """Return a kept plan as it leaves the product: its lines in words, links, protocols, and what they rest on.

    Parameters
    ----------
    lines
        From `risk.targets.plans.lines_of`.
    """
    told = lines_in_words(lines, store, language)
    model = load_model()
    ensure(store.data_version, "site", model)  # a plan may be older than the scores of this version
    linked = store.out("linked", "site", model.version)
    others = dict(zip(linked["unit_id"].astype(str), linked["other_vr_codes"].astype(str), strict=True))
    rules = protocols(store, language)
    told = told.assign(
        other_vr_codes=[others.get(site, "") for site in told["site_id"]],
        protocol=[rules.get(sector, "") for sector in told["sector_code"]],
        # A plan that was named by hand has no date of its own: its lines begin with their week.
        peildatum=dates_of(told).fillna(pd.to_datetime(told["week"].map(monday))),
        model_version=model.version,
    )
    stamped = export.with_own_sources(export.stamped(told, store, lang=language), store, told["site_id"], language)
    return gpd.GeoDataFrame(stamped, geometry="geometry", crs=codes.CRS_RD)


def for_reader(table: gpd.GeoDataFrame, language: str) -> pd.DataFrame:
    """Return a kept plan as a colleague opens it: states in words, where each site lies, and no empty column.

    What the register keeps for itself (which change of the line is the newest) is not in it.

    Parameters
    ----------
    table
        From `kept_table`.
    """
    texts, points = read_texts(language), table.geometry.to_crs(codes.CRS_WGS84)
    flat = pd.DataFrame(table.drop(columns=["geometry", *_OF_THE_REGISTER], errors="ignore")).assign(
        plan_state=[texts(f"targets.{state}") for state in table["plan_state"]],
        partners=table["partners"].str.replace(";", ", "),
        lon=points.x.round(_DEGREES),
        lat=points.y.round(_DEGREES),
    )
    is_empty = flat.isna().all() | (flat.astype("str") == "").all()
    return flat.loc[:, ~is_empty]


def all_sheets(table: gpd.GeoDataFrame, store: ScopedStore, language: str) -> bytes:
    """Return one zip with the sheet of every region in a plan, as PDF and as HTML.

    Parameters
    ----------
    table
        From `kept_table` or `risk.report.plan_file.target_table`.
    """
    texts, whole = read_texts(language), io.BytesIO()
    regions = _names(store, "veiligheidsregios", "vr")
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as kept:
        for code in sorted(set(table["vr_code"]) - {""}):
            document = region_sheet(table, code, store, language)
            for ending in _SHEET_ENDINGS:
                name = f"{texts('targets.sheet_file')} {regions.get(code, code)}{ending}".replace("/", "-")
                kept.writestr(zipfile.ZipInfo(name, _NO_MOMENT), render(document, ending), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def calendar(
    table: gpd.GeoDataFrame, language: str, places: Mapping[str, tuple[float, float]] = MappingProxyType({})
) -> bytes:
    """Return a plan as a calendar (RFC 5545): each visit is an entry over the days of its week.

    Parameters
    ----------
    table
        From `kept_table`.
    places
        From `risk.report.plan_file.points`: where a visit leads to; one without a place has the gemeente alone.
    """
    texts = read_texts(language)
    told = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Risicobeeld//plan//NL", "CALSCALE:GREGORIAN"]
    for line in table.to_dict("records"):
        first = monday(line["week"])
        banner = f"{line['status_band']} - " if line["status_band"] else ""
        title = f"{banner}{texts('targets.visit_to', site=line['site_name'])}"
        place = ", ".join(filter(None, [line["gemeente_name"], line["region_name"]]))
        partners = str(line["partners"]).replace(";", ", ")
        told += [
            "BEGIN:VEVENT",
            f"UID:{line['plan_line_id']}@risicobeeld",
            f"DTSTAMP:{pd.Timestamp(line['peildatum']):%Y%m%d}T000000Z",
            f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
            f"DTEND;VALUE=DATE:{first + timedelta(days=7):%Y%m%d}",
            f"SUMMARY:{calendar_text(title)}",
            f"LOCATION:{calendar_text(place)}",
            *([f"GEO:{where[0]:.5f};{where[1]:.5f}"] if (where := places.get(line["site_id"])) else []),
            f"DESCRIPTION:{calendar_text('. '.join(filter(None, [line['list_name'], line['reason'], partners])))}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    told.append("END:VCALENDAR")
    return "".join(f"{calendar_line(line)}\r\n" for line in told).encode()
