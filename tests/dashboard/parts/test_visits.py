"""A corrected visit stands once, at the site and on the day that the correction gives it."""

import pandas as pd
import pytest

from access.viewer import parse_viewer
from dashboard.parts import figures, region_facts, site
from door.store import ScopedStore, open_store
from geodata.tables.corrections import valid_activations
from register import record
from words import read_texts

pytestmark = pytest.mark.usefixtures("scored")


def test_a_visit_that_was_moved_shows_at_its_new_site_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    store, texts = open_store(parse_viewer("lotc")), read_texts("nl")
    shown = figures.read_picture(store, "site")
    visits = store.table("activations")
    visits = visits[(visits["site_id"] != "") & (visits["event_date"] <= shown.scored.peildatum)].tail(1)
    old = visits.iloc[0]
    sites = store.table("sites")
    new = sites[(sites["site_id"] != old["site_id"]) & (sites["vr_code"] != old["vr_code"])].iloc[0]
    moved = visits.assign(
        activation_id="MOVED", supersedes=old["activation_id"], site_id=new["site_id"], vr_code=new["vr_code"]
    )
    both = pd.concat([visits, moved], ignore_index=True)
    read = ScopedStore.table
    monkeypatch.setattr(ScopedStore, "table", lambda one, name: both if name == "activations" else read(one, name))
    assert site.last_visits(store, shown) == {new["site_id"]: old["event_date"]}
    assert texts("sites.no_visits") in site._visits(texts, store, shown, str(old["site_id"]))
    assert texts.day(old["event_date"].date()) in site._visits(texts, store, shown, str(new["site_id"]))
    counted = [
        region_facts.done(store, shown, code, "")["activations_n"].sum() for code in (old["vr_code"], new["vr_code"])
    ]
    assert counted == [0, 2]  # one of its kind, and one of both kinds


def test_a_corrected_visit_of_the_snapshot_still_stands() -> None:
    record.correct(parse_viewer("lotc"), "activation", "DEMO-A03", {"outcome": "verbeterd"}, based_on=0)
    visits = open_store(parse_viewer("lotc")).table("activations")
    standing = valid_activations(visits).set_index("activation_id")
    assert len(standing) == len(visits)
    assert standing.loc["DEMO-A03", "outcome"] == "verbeterd"
