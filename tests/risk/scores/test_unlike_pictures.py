"""A picture that lacks a dimension says so wherever it goes, has no flags, and stands beside none that has it."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from access.database import engine as database
from dashboard.map.layers import map_texts
from dashboard.parts import downloads, reasons, region_facts
from dashboard.parts.figures import Picture
from dashboard.server import publish
from door import readiness
from door.readiness import Ranking
from door.store import Viewer, open_store
from geodata import contracts
from geodata.errors import UnlikePicturesError
from geodata.snapshots import snapshot
from geodata.weeks import Tables
from register.schema import LONGEST_FIELD
from risk.index import classify
from risk.index.declaration import Model
from risk.index.model import load_model
from risk.index.pipeline import score
from risk.insight import changes, evaluation
from risk.report import meeting
from risk.report import plan_file as target_table
from risk.report.plan_file import region_sheet
from risk.scores import deliver, outputs
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets import plans
from risk.targets.request import read_request
from words import LANGUAGES, read_texts

pytestmark = pytest.mark.usefixtures("few_rebuilds")


def _without_incidence(tables: Tables) -> Tables:
    return tables | {"incidence": contracts.empty("incidence")}


def _later(tables: Tables) -> Tables:
    """Return the tables with infections in the last weeks alone: the picture of a month before has none."""
    incidence = tables["incidence"]
    return tables | {"incidence": incidence[incidence["week"] >= "2020-W47"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_the_model_has_its_name(model: Model, language: str) -> None:
    words = read_texts(language)
    indices = (model.areas, model.sites)
    for code in [part.code for one in indices for part in one.dimensions] + [
        part.code for one in indices for part in one.routes
    ]:
        assert f"lacks.{code}" in words
        assert f"problem.pictures_differ_{code}" in words
    for dimension in (*model.areas.dimensions, *model.sites.dimensions):
        assert classify.class_words("x", [dimension.code], language) != "x"


def test_pictures_that_lack_different_things_are_not_compared(tables: Tables, model: Model) -> None:
    bare = _without_incidence(tables)
    assert score(bare, "vr", model, rebuilds=0).lacks == ("context",)
    for one, other in ((tables, bare), (bare, tables)):
        with pytest.raises(UnlikePicturesError, match="without infections"):
            changes.compare(changes.Version(one, model), changes.Version(other, model), "vr")
    later = _later(tables)
    now = score(later, "vr", model, rebuilds=0)
    assert now.lacks == ()
    with pytest.raises(UnlikePicturesError):
        changes.changes(later, now)
    shown = evaluation.stability(tables, model, "vr")
    assert len(evaluation.stability(later, model, "vr")) < len(shown), "months without infections take no part"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unlike")


@pytest.fixture
def use(folders: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put figures in use that have infections from a week on ('' is none at all), in one folder for all tests."""

    def put(weeks_from: str) -> None:
        folder = folders / (weeks_from or "none")
        monkeypatch.setenv("RISICOBEELD_DATA", str(folder))
        database.close()
        if not folder.exists():
            _write(weeks_from)

    yield put
    database.close()


def _write(weeks_from: str) -> None:
    known = snapshot.current()
    incidence = known.table("incidence")
    late = incidence[incidence["week"] >= weeks_from] if weeks_from else contracts.empty("incidence")
    snapshot.write_core({name: known.table(name) for name in known.files} | {"incidence": late}, known.sources)


def test_a_picture_without_infections_says_so_everywhere(use: Callable[[str], None]) -> None:
    use("")
    store, model = open_store(Viewer("lotc")), load_model()
    ready = readiness.of(store, model.disease)
    assert ready.may_rank(Ranking.AREAS)
    assert ready.next_step() == "incidence"
    scored = outputs.read_scored(store, "vr", model)
    assert scored.scores["score_0_10"].notna().any()
    assert not scored.scores["is_flagged"].any()
    regions = store.table("veiligheidsregios")
    names = dict(zip(regions["vr_code"], regions["vr_name"], strict=True))
    shown = Picture(scored, names, store.is_demonstration)
    for language, tail in (("nl", "zonder besmettingen"), ("en", "without infections")):
        texts = read_texts(language)
        assert tail in downloads.title(texts, store, shown, downloads.Part("vr"))
        assert tail.replace(" ", "-") in downloads.file_name(texts, store, shown, downloads.Part("vr"))
        table = deliver.score_table(store, scored.scores, "vr", lang=language)
        assert table["class_name"].str.endswith(f", {tail}").all()
        row = shown.of_sector("").iloc[0]
        assert reasons.score_words(texts, row).endswith(f", {tail}")
        on_map = map_texts(texts, is_demonstration=False, lacks=shown.lacks)
        assert all(word.endswith(f", {tail}") for word in (*on_map.class_words, on_map.risk_class))
        assert on_map.legend_title.endswith(tail)
        page = downloads.as_map(store, shown, downloads.Part("vr"), texts).decode()
        assert tail in page.split("</title>")[0]
    published = publish.pages(date(2020, 11, 30))
    for prefix, tail in (("", "zonder besmettingen"), ("en/", "without infections")):
        for name in ("index.html", "regions/VR06.html"):
            page = published[f"{prefix}{name}"].decode()
            assert tail in page.split("</title>")[0]
            assert f", {tail}</span>" in page, "a class without it"


def test_a_meeting_sheet_refuses_to_lay_them_side_by_side(use: Callable[[str], None]) -> None:
    use("2020-W47")
    sheet = meeting.meeting_sheet(open_store(Viewer("lotc")), date(2020, 10, 20), "nl")
    told = " ".join(getattr(block, "text", "") for block in sheet.blocks)
    assert read_texts("nl")("problem.pictures_differ_context") in told


def test_a_plan_its_sheets_and_the_meeting_sheet_are_named_after_it(use: Callable[[str], None]) -> None:
    use("")
    store, model = open_store(Viewer("lotc")), load_model()
    inputs = target_inputs.read_inputs(store, model)
    plan = targets.make_plan(inputs.frame, read_request(), 1, inputs.peildatum)
    for language, tail in (("nl", "zonder besmettingen"), ("en", "without infections")):
        table = target_table.target_table(plan, inputs, store, language)
        assert set(table["picture_lacks"]) == {"context"}
        chosen = table[table["list"] == "risk"]
        assert chosen["reason"].str.contains(tail).all()
        page = region_sheet(table, chosen["vr_code"].iloc[0], store, language)
        sheet = meeting.meeting_sheet(store, date(2020, 11, 1), language)
        assert (table["reason"].str.len() <= LONGEST_FIELD).all()
        named = read_texts(language)("picture.lacks", without=tail)
        for document in (page, sheet):
            assert f"{named}." in [getattr(block, "text", "") for block in document.blocks]
    unknown = plan.lines["not_ranked_reason"] == "size"
    assert unknown.any(), "no line has the longest reason"
    assert plans.keep_draft(store, plan, inputs, "nl"), "a plan with a site of unknown size can be kept"


def test_a_page_refuses_to_tell_what_changed(use: Callable[[str], None]) -> None:
    use("2020-W47")
    store = open_store(Viewer("lotc"))
    scored = outputs.read_scored(store, "vr", load_model())
    assert scored.refused["changes"] == "pictures_differ_context"
    told, causes = region_facts.change(read_texts("en"), store, Picture(scored, {}, is_demonstration=False), "VR06")
    assert told == read_texts("en")("problem.pictures_differ_context")
    assert causes == []
