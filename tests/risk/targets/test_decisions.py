"""Decisions on faulty sites, and handovers that both contacts must accept, on the demonstration."""

import pandas as pd
import pytest

from door import store as access
from geodata.errors import AccessDeniedError, InputError
from register import record as write
from risk.index.model import load_model
from risk.scores.outputs import ensure
from risk.targets import decisions
from risk.targets import inputs as target_inputs

pytestmark = pytest.mark.usefixtures("scored")  # computing the scores is not what is tested here
DAY = pd.Timestamp("2020-11-30")


def _store(viewer="lotc"):
    return access.open_store(access.parse_viewer(viewer))


def test_a_double_that_is_no_double_comes_back_into_selection_and_out_again():
    store = _store()
    problem = target_inputs.read_problems(store).query("problem == 'double'").iloc[0]
    site = problem["site_id"]

    def is_out():
        return site in set(target_inputs.read_problems(_store())["site_id"])

    decisions.decide(store, site, "double", "different", "two halls side by side", DAY)
    assert not is_out()
    decisions.decide(store, site, "double", "open", "on second thoughts", DAY)
    assert is_out()
    decisions.decide(store, site, "double", "same", "seen on the spot", DAY)
    assert is_out()
    kept = store.register("decisions")
    assert kept[["decision_id", "version", "state"]].to_numpy().tolist() == [[f"double-{site}", 3, "same"]]


def test_a_decision_fits_its_problem_and_names_a_site_in_sight():
    store = _store()
    with pytest.raises(InputError, match="one of same, different, open"):
        decisions.decide(store, "DEMO-0059", "double", "resolved", "x", DAY)
    with pytest.raises(InputError, match="no site X"):
        decisions.decide(store, "X", "size", "resolved", "x", DAY)
    elsewhere = store.table("sites").query("vr_code == 'VR20'").iloc[0]["site_id"]
    with pytest.raises(InputError, match="that you may see"):
        decisions.decide(_store("region:VR06"), elsewhere, "size", "resolved", "x", DAY)
    with pytest.raises(InputError, match="reason"):
        decisions.decide(store, "DEMO-0059", "double", "same", "", DAY)


def test_a_corrected_place_stands_beside_that_of_the_list_and_can_be_taken_back():
    store = _store("region:VR06")
    listed = store.table("sites").dropna(subset="geometry").query("vr_code == 'VR06'").iloc[0]
    site, other = listed["site_id"], store.table("gemeenten").query("vr_code == 'VR06'").iloc[0]
    inside = other.geometry.representative_point()
    assert decisions.corrected_place(store, site) is None
    decisions.decide(store, site, "size", "resolved", "an entry of another kind, without a place", DAY)
    decisions.correct_place(store, site, f"{inside.x:.0f} {inside.y:.0f}", "seen on the spot", DAY)
    for viewer in ("region:VR06", "lotc"):
        found = decisions.corrected_place(_store(viewer), site)
        assert found.point.distance(inside) < 2  # metres, and the sixth decimal of a degree
        assert (found.gemeente_code, found.reason) == (other["gemeente_code"], "seen on the spot")
    kept = _store().table("sites").set_index("site_id").loc[site]
    assert kept.geometry == listed.geometry
    assert kept["gemeente_code"] == listed["gemeente_code"]
    decisions.withdraw_place(_store(), site, "it was the neighbour", DAY)
    assert decisions.corrected_place(_store(), site) is None
    rows = _store().register("decisions").query("subject == 'place'")
    assert rows[["version", "state", "reason"]].to_numpy().tolist() == [[2, "open", "it was the neighbour"]]


@pytest.mark.parametrize(
    ("viewer", "place", "error", "told"),
    [
        ("lotc", "behind the church", InputError, "no place"),
        ("lotc", "0 0", InputError, "lies in no gemeente|coordinates|degrees"),
        ("lotc", "53.2194; 6.5665", InputError, "VR01"),  # Groningen
        ("analyst", "52.05, 5.70", AccessDeniedError, "decision"),
        ("region:VR07", "52.05, 5.70", InputError, "that you may see"),
    ],
)
def test_a_place_is_corrected_within_the_region_by_who_may(viewer, place, error, told):
    site = _store().table("sites").query("vr_code == 'VR06'").iloc[0]["site_id"]
    if viewer == "analyst":
        inside = _store().table("gemeenten").query("vr_code == 'VR06'").iloc[0].geometry.representative_point()
        place = f"{inside.x:.0f} {inside.y:.0f}"
    with pytest.raises(error, match=told):
        decisions.correct_place(_store(viewer), site, place, "seen", DAY)


@pytest.fixture
def link():
    """Return a link between two regions: both sites with their regions."""
    store, model = _store(), load_model()
    ensure(store.data_version, "site", model)
    links = store.out("links", "site", model.version)
    region = store.table("sites").set_index("site_id")["vr_code"]
    here, there = links["site_id"].map(region), links["other_site_id"].map(region)
    across = links[(here != there) & (here != "") & (there != "")].iloc[0]
    a, b = across["site_id"], across["other_site_id"]
    return a, b, region[a], region[b]


def test_both_contacts_must_accept_before_either_sees_the_other(link):
    a, b, here, there = link
    decisions.ask_handover(_store(), a, b, "one employer, two regions", DAY)
    one, other = _store(f"region:{here}"), _store(f"region:{there}")
    asked = one.register("decisions")
    assert asked[["site_id", "vr_code", "other_vr_code", "state"]].to_numpy().tolist() == [[a, here, there, "asked"]]
    assert b not in asked.astype(str).to_numpy()
    assert one.connected_sites().empty

    decisions.answer_handover(one, asked["decision_id"].iloc[0], "accepted", "gladly")
    assert one.connected_sites().empty
    assert other.connected_sites().empty
    decisions.answer_handover(other, other.register("decisions")["decision_id"].iloc[0], "accepted", "yes")
    seen = one.connected_sites()
    assert seen[["site_id", "for_site_id"]].to_numpy().tolist() == [[b, a]]
    assert other.connected_sites()["site_id"].tolist() == [a]
    stranger = _store(f"region:{'VR01' if 'VR01' not in (here, there) else 'VR02'}")
    assert stranger.connected_sites().empty

    decisions.answer_handover(other, other.register("decisions")["decision_id"].iloc[0], "declined", "not now")
    assert one.connected_sites().empty


def test_only_lotc_connects_and_only_between_two_regions(link):
    a, b, here, _ = link
    with pytest.raises(AccessDeniedError, match="ask LOT-C"):
        decisions.ask_handover(_store(f"region:{here}"), a, b, "x", DAY)
    with pytest.raises(InputError, match="do not lie in two regions"):
        decisions.ask_handover(_store(), a, a, "x", DAY)
    with pytest.raises(InputError, match="no question x"):
        decisions.answer_handover(_store(), "x", "accepted", "x")
    with pytest.raises(AccessDeniedError, match="may not open connected_sites"):
        _store("partner:NVWA").connected_sites()


def _site(vr_code):
    sites = _store().table("sites")
    return sites.loc[sites["vr_code"] == vr_code, "site_id"].iloc[0]


def test_what_is_said_not_to_be_so_is_answered_and_changes_no_score():
    site, contact = _site("VR06"), _store("region:VR06")
    before = contact.out("scores", "site", load_model().version)
    problems = target_inputs.read_problems(_store())
    said = decisions.say_not_so(contact, site, "closed", "Gesloten sinds maandag", DAY)
    assert decisions.reports(contact)[["site_id", "subject", "state"]].to_numpy().tolist() == [
        [site, "not_so_closed", "open"]
    ]
    pd.testing.assert_frame_equal(_store("region:VR06").out("scores", "site", load_model().version), before)
    pd.testing.assert_frame_equal(target_inputs.read_problems(_store()), problems)
    decisions.answer_report(_store(), said.entity_id, "refused", "De vergunning loopt nog")
    seen = decisions.reports(_store("region:VR06")).iloc[0]
    assert (seen["state"], seen["reason"]) == ("refused", "De vergunning loopt nog")
    decisions.say_not_so(contact, site, "closed", "Het hek is weg", DAY)
    assert decisions.reports(contact)[["state", "version"]].to_numpy().tolist() == [["open", 3]], (
        "said again: open again"
    )


def test_each_figure_is_a_report_of_its_own_and_what_is_open_stands_first():
    site, store = _site("VR06"), _store()
    first = decisions.say_not_so(store, site, "figure", "minder gedeeld vervoer", DAY, "transport")
    second = decisions.say_not_so(store, site, "figure", "meer bedden", DAY, "beds")
    assert first.entity_id != second.entity_id
    decisions.answer_report(store, first.entity_id, "taken_over", "in het eigen bestand verbeterd")
    assert decisions.reports(store)["state"].tolist() == ["open", "taken_over"]


def test_who_may_say_answer_and_read_it():
    site, contact = _site("VR06"), _store("region:VR06")
    said = decisions.say_not_so(contact, site, "twice", "Zie ook het bedrijf ernaast", DAY)
    for state in ("taken_over", "refused"):
        with pytest.raises(AccessDeniedError, match="LOT-C"):
            decisions.answer_report(contact, said.entity_id, state, "zelf gedaan")
    for other in ("region:VR20", "analyst"):
        with pytest.raises((AccessDeniedError, InputError)):
            decisions.say_not_so(_store(other), site, "closed", "x", DAY)
    assert decisions.reports(_store("region:VR20")).empty
    read_by_analyst = decisions.reports(_store("analyst")).iloc[0]
    assert (read_by_analyst["subject"], read_by_analyst["reason"]) == ("not_so_twice", ""), "no free text"
    for closed in ("policy", "privacy", "partner:GGD"):
        with pytest.raises(AccessDeniedError):
            decisions.reports(_store(closed))


def test_a_report_without_words_or_answer_is_refused():
    site, store = _site("VR06"), _store()
    with pytest.raises(InputError, match="reason"):
        decisions.say_not_so(store, site, "closed", "", DAY)
    said = decisions.say_not_so(store, site, "closed", "Gesloten", DAY)
    with pytest.raises(InputError, match="reason"):
        decisions.answer_report(store, said.entity_id, "refused", "")
    with pytest.raises(InputError, match="taken_over or refused"):
        decisions.answer_report(store, said.entity_id, "resolved", "x")
    with pytest.raises(InputError, match="no question"):
        decisions.answer_report(store, "not_so_closed-X", "refused", "x")


def test_a_figure_of_an_area_is_said_not_to_be_so_and_answered_and_no_score_moves():
    contact = _store("region:VR06")
    before = contact.out("scores", "vr", load_model().version)
    said = decisions.say_figure_not_so(contact, "VR06:lodging", "beds", "Er zijn er meer", "cbs", DAY)
    decisions.say_figure_not_so(contact, "GM0200", "contact", "Minder dan dat", "cbs", DAY)
    seen = decisions.reports(_store()).set_index("unit_id")
    assert set(seen.index) == {"VR06:lodging", "GM0200"}
    assert set(seen["vr_code"]) == {"VR06"}
    assert set(seen["said_by"]) == {contact.viewer.who}
    assert decisions.reports(_store("region:VR20")).empty
    decisions.answer_report(_store(), said.entity_id, "taken_over", "verbeterd")
    row = decisions.reports(contact).set_index("unit_id").loc["VR06:lodging"]
    assert (row["state"], row["reason"], row["said_by"]) == ("taken_over", "verbeterd", contact.viewer.who)
    pd.testing.assert_frame_equal(contact.out("scores", "vr", load_model().version), before)


@pytest.mark.parametrize("unit", ["VR07", "GM0363:lodging", "GM9999", "VR26", ""])
def test_a_figure_elsewhere_or_of_nowhere_is_refused(unit):
    with pytest.raises((AccessDeniedError, InputError)):
        decisions.say_figure_not_so(_store("region:VR06"), unit, "beds", "x", "cbs", DAY)
    viewer = _store("region:VR06").viewer
    fields = {"event_date": "2020-11-30", "subject": "not_so_figure", "state": "open", "reason": "x"}
    with pytest.raises(InputError):
        write.record(viewer, "decision", fields | {"vr_code": "VR06", "unit_id": unit or "VR07"})
