"""Every page in every half-empty installation says what is missing and the next step, in both languages."""

import io
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import escape

from commands import data as data_command
from dashboard.pages import PAGES
from dashboard.parts import figures
from dashboard.server import publish
from door import readiness
from door.readiness import Ranking
from door.store import Viewer, open_store
from geodata import codes, contracts
from geodata.snapshots import snapshot
from risk.index.model import load_model
from risk.scores import outputs, site_tables
from tests.dashboard.drawn import draw, listed_on, markup_on
from tests.door import states
from words import LANGUAGES, read_texts

HALF_EMPTY = [name for name, step in states.STATES.items() if step]
RANKED = ("picture", "region", "sectors")
"""Pages that are about the ranking of areas, and about nothing else."""


def escaped(text: str) -> str:
    return str(escape(text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", HALF_EMPTY, indirect=True)
def test_every_page_has_its_state(state: str, language: str) -> None:
    texts = read_texts(language)
    ready = readiness.of(open_store(Viewer("lotc")), load_model().disease)
    assert ready.missing(Ranking.AREAS) == states.STATES[state]
    areas, sites = (
        escaped(ready.sentence(ready.missing(what), language, is_command=False))
        for what in (Ranking.AREAS, Ranking.SITES)
    )
    for page in PAGES:
        if not page.is_for(Viewer("lotc")):
            continue
        drawn = draw(page.name, language)
        told = markup_on(drawn)
        assert not drawn.error, (page.name, [one.value for one in drawn.error])
        assert "rb-first" not in told, f"{page.name} says where first"
        assert "rb-chip rb-class" not in told or page.name == "method", f"{page.name} shows a class"
        if page.name in RANKED:
            assert areas in told, page.name
            assert escaped(texts("ready.no_ranking")) in told
        if page.name in ("targets", "sites"):
            assert sites in told, page.name
        if page.name == "report" and not ready.has("activations"):
            assert escaped(texts("ready.no_report")) in told
        if page.name == "sources":
            assert escaped(texts("ready.what_there_is")) in told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [name for name, step in states.STATES.items() if not step], indirect=True)
def test_every_page_of_a_picture_without_housing_stands(state: str, language: str) -> None:
    """Areas are ranked and named after what they lack; sites and plans wait for a list of sites."""
    store = open_store(Viewer("lotc"))
    ready = readiness.of(store, load_model().disease)
    for level in ("vr", "site") if ready.may_rank(Ranking.SITES) else ("vr",):
        outputs.read_scored(store, level, load_model())
    tail = {"nl": "zonder huisvesting", "en": "without housing"}[language]
    for page in PAGES:
        if not page.is_for(Viewer("lotc")):
            continue
        drawn = draw(page.name, language)
        told = markup_on(drawn)
        assert not drawn.error, (state, page.name, [one.value for one in drawn.error])
        if page.name in RANKED:
            assert tail in told.split("</h1>")[0], page.name
        if page.name in ("targets", "sites") and not ready.may_rank(Ranking.SITES):
            assert escaped(ready.sentence("sites", language, is_command=False)) in told, page.name
        if page.name in ("targets", "sites") and ready.may_rank(Ranking.SITES):
            kinds = {"nl": "logies 1", "en": "lodging 1"}[language]
            cover = read_texts(language)("ready.lists_cover", kinds=kinds, regions_n=25)
            assert escaped(cover) in told, page.name
        if page.name == "report":
            assert escaped(read_texts(language)("ready.no_report")) in told


@pytest.mark.parametrize("state", ["establishments", "half_the_country"], indirect=True)
def test_workers_are_shown_as_size_where_nothing_is_ranked(state: str) -> None:
    told = markup_on(draw("picture", "nl"))
    texts = read_texts("nl")
    assert escaped(texts("ready.workers_how")) in told, state
    assert told.count("<meter") >= 20


@pytest.mark.parametrize("state", ["establishments"], indirect=True)
def test_who_may_not_import_is_told_who_can(state: str) -> None:
    for viewer, has_button in (("lotc", True), ("region:VR06", False)):
        drawn = draw("picture", "en", **{"as": viewer})
        keys = [button.key for button in drawn.button]
        assert ("ready-data" in keys) == has_button, state
        assert (read_texts("en")("ready.ask") in [one.value for one in drawn.caption]) != has_button


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["establishments+incidence"], indirect=True)
def test_a_page_says_where_areas_cannot_be_told_apart(state: str, language: str) -> None:
    """Every page stands on a sector that is ranked as its group there, and says so and what would separate them."""
    texts = read_texts(language)
    for level, unit in (("gemeente", "GM0363"), ("vr", "VR13")):
        for page in ("picture", "region", "sectors", "method", "sources"):
            drawn = draw(page, language, sector="glass_horticulture", level=level, unit=unit, time="1")
            assert not drawn.error, (state, page, [one.value for one in drawn.error])
            if page in ("picture", "sectors", "region"):
                assert escaped(texts("cbs_group.A")) in markup_on(drawn) + listed_on(drawn), page


@pytest.mark.parametrize("state", ["establishments+incidence"], indirect=True)
def test_the_table_of_sectors_has_one_column_for_each_ranking(state: str) -> None:
    """Four equal columns look like four findings; the column is that of the chosen sector of the group."""
    texts = read_texts("nl")
    sizes = Counter(one.cbs_group for one in codes.SECTORS.values())
    heat = listed_on(draw("sectors", "nl", sector="mushrooms", unit="VR13")).split("rb-heat", 1)[1]
    head = heat.split("</thead>")[0]
    assert len(re.findall(r"scope=\W*col", head)) == 1 + len(sizes), state
    for group in (group for group, size in sizes.items() if size > 1):
        assert head.count(escaped(texts("apart.group_name", group=texts(f"cbs_group.{group}")))) == 1
    chosen = re.search(r"<td class=\W*rb-chosen.*?</td>", heat)
    assert chosen is not None
    assert escaped(texts("cbs_group.A")) in chosen.group()


@cache
def published(_state: str) -> dict[str, bytes]:
    """Return the published files, of both languages, of the state in use."""
    return publish.pages(date(2020, 12, 31))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["establishments+incidence"], indirect=True)
def test_a_card_a_list_and_a_file_name_the_group_that_a_rank_rests_on(state: str, language: str) -> None:
    """By counts per CBS group nobody says slaughterhouses, or construction: their group stands there once."""
    texts = read_texts(language)
    inside = [code for code, one in codes.SECTORS.items() if one.cbs_group == "B-F"]
    group = escaped(texts("apart.group_name", group=texts("cbs_group.B-F")))
    region = listed_on(draw("region", language, unit="VR13"))
    assert region.count(group) == 1, state
    shown = listed_on(draw("picture", language, unit="GM9999"))
    assert escaped(texts("link.choose")) in shown, "a link to nothing like what is there says how to go on"
    first = shown.split("rb-first", 1)[1].split("</section>")[0]
    files = published(state)
    prefix = "" if language == LANGUAGES[0] else f"{language}/"
    sheet = files[f"{prefix}regions/VR13.html"].decode().split(escaped(texts("publish.workers")))[0]
    assert sheet.count(group) == 1
    for code in inside:
        assert not re.search(rf">{escaped(texts(f'sector.{code}'))}<", region + first + sheet), code
    scores = pd.read_csv(io.BytesIO(files["scores.csv"]))
    assert set(scores.loc[scores["sector_code"].isin(inside), "ranked_as"]) == {"B-F"}


@pytest.fixture
def real(testdata: Path, once: Callable[[str, Callable[[Path], None]], Path], data_dir: Path) -> None:
    """Put in use the establishments of the CBS and the infections of the summer of 2020, imported once for all."""
    shutil.copytree(once("real-summer", partial(import_real, testdata)) / "data", data_dir)


def import_real(testdata: Path, folder: Path) -> None:
    days = pd.read_csv(testdata / "rivm/positives_gemeente_per_day_2020.csv.gz").dropna()
    days = days[days["date"].between("2020-06-29", "2020-09-06")].astype({"infected": int})
    named = days.rename(columns={"gm_code": "gemeente", "date": "datum", "infected": "aantal"})
    named.to_csv(folder / "rivm.csv", index=False)
    with states.at(folder / "data"):
        for command in (
            ["establishments", str(testdata / "cbs/kwb2021_establishments_by_sector_gemeente.csv"), "--year", "2021"],
            ["incidence", str(folder / "rivm.csv"), "--disease", "COVID-19"],
        ):
            assert data_command.main(["import", *command]) == 0


@pytest.mark.usefixtures("few_rebuilds", "real")
def test_real_regions_rank_slaughter_as_its_group() -> None:
    """No card of a region says slaughterhouses where it rests on the establishments of section B to F."""
    scored = outputs.read_scored(open_store(Viewer("lotc")), "vr", load_model())
    by_sector = {sector: rows.set_index("area_code") for sector, rows in scored.scores.groupby("sector_code")}
    slaughter, food = by_sector["slaughter_meat"], by_sector["food_processing"]
    assert set(slaughter["ranked_as"]) == {"B-F"}
    assert slaughter["score_0_10"].notna().all()
    pd.testing.assert_series_equal(slaughter["score_0_10"], food["score_0_10"])
    texts = read_texts("nl")
    told = listed_on(draw("picture", "nl")).split("rb-first", 1)[1].split("</section>")[0]
    assert not re.search(rf"{texts('sector.slaughter_meat')}|{texts('sector.construction')}", told)


@pytest.mark.usefixtures("few_rebuilds", "real")
def test_real_sites_of_unknown_size_stand_apart(testdata: Path) -> None:
    """Parks without a size come after the distribution centres, with a count, and their own page says why."""
    for command in (
        ["sites", str(testdata / "sites/holiday_parks.csv"), "--kind", "holiday_park"],
        ["sites", str(testdata / "sites/distribution_centres.csv"), "--kind", "distribution_centre"],
    ):
        assert data_command.main(["import", *command]) == 0
    scores = outputs.read_scored(open_store(Viewer("lotc")), "site", load_model()).scores
    apart = scores[scores["rank"].isna()]
    assert set(apart["not_ranked_reason"]) == {"size"}
    assert not apart["is_flagged"].any()
    texts = read_texts("nl")
    listed = listed_on(draw("sites", "nl"))
    assert texts("sites.find_out_first", n=len(apart)) in listed
    ranked, apart_list = listed.split("find-out-first", 1)
    assert "Vakantiepark" not in ranked, "a park of unknown size is in the ranked list"
    assert texts("sites.find_out_title", n=len(apart)) in apart_list
    gains = site_tables.among_first(open_store(Viewer("lotc")), load_model().version)["finding_out_gain_0_10"].dropna()
    assert set(gains.index) <= set(apart["unit_id"])
    assert texts.number(gains.max(), 2) in apart_list, "on top stands where finding out brings most"
    assert texts("sites.gain") in apart_list
    made = " ".join(markup_on(draw("targets", "nl")).split()) + listed_on(draw("targets", "nl"))
    assert texts("targets.find_out_title") in made
    chances = scores.set_index("unit_id").loc[apart["unit_id"]]
    assert "rb-chip" not in apart_list, "what nobody knows the size of has no class"
    assert chances["p_top_k"].notna().all()
    drawn = draw("sites", "nl", unit=apart["unit_id"].iloc[0])
    assert not drawn.error
    assert texts("picture.no_place_size") in markup_on(drawn)
    assert texts("picture.lacks", without="zonder huisvesting") in markup_on(draw("picture", "nl"))


def test_the_disease_is_a_choice_where_there_are_two(tmp_path: Path) -> None:
    """The list of diseases shows only then, the address keeps the choice, and regions alone have that picture."""
    folder, files = tmp_path / "data", tmp_path / "files"
    folder.mkdir()
    files.mkdir()
    states.make("establishments+incidence", folder, files)
    with states.at(folder):
        assert 'name=\\"disease\\"' not in listed_on(draw("picture", "nl"))
        regions = open_store(Viewer("lotc")).table("veiligheidsregios")["vr_code"].sort_values()
        rows = [f"{code};{week};{4 + 40 * (code == 'VR05')}" for code in regions for week in states.WEEKS[-2:]]
        path = files / "mpox.csv"
        path.write_text("\n".join(["veiligheidsregio;week;aantal", *rows]), "utf-8")
        assert data_command.main(["import", "incidence", str(path), "--disease", "mpox"]) == 0
        drawn = draw("picture", "nl", disease="mpox")
        assert not drawn.error, [one.value for one in drawn.error]
        told = listed_on(drawn)
        assert 'data-go=\\"disease=mpox\\" selected' in told
        assert "rb-first" in told
        usual = listed_on(draw("picture", "en", disease="flu"))
        assert "There are no figures of the disease flu" in usual
        assert 'data-go=\\"disease=\\" selected' in usual


@pytest.mark.usefixtures("few_rebuilds")
def test_a_page_is_named_after_what_its_picture_lacks() -> None:
    """From the first paint on a cold start: each page here comes before the scores that it shows, in both languages."""
    known = snapshot.current()
    bare = {name: known.table(name) for name in known.files} | {"incidence": contracts.empty("incidence")}
    snapshot.write_core(bare, known.sources)
    store = open_store(Viewer("lotc"))
    tails = {"nl": "zonder besmettingen", "en": "without infections"}
    for page, (language, tail) in product(("picture", "region", "sectors", "sites", "targets"), tails.items()):
        if language == LANGUAGES[0] and (level := {"picture": "vr", "sites": "site"}.get(page)):
            assert not outputs.is_ready(store.data_version, level, load_model()), "the start is not cold"
        drawn = draw(page, language)
        told = markup_on(drawn)
        assert tail in told.split("</h1>")[0].rsplit("<h1", 1)[1], page
        assert f", {tail}" in told + listed_on(drawn), f"{page} has classes without it"


def test_a_gain_too_small_for_its_decimals_is_not_nil() -> None:
    texts = read_texts("nl")
    gains = (0.0, 0.004, 0.01, 1.236, float("nan"))
    assert [figures.gain_words(texts, one) for one in gains] == ["0", "< 0,01", "0,01", "1,24", "–"]
