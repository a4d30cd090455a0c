"""Nothing leaks: what was once found by attacking, each kept as a test."""

import hashlib
import io
import json
import os
import re
import time
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from access import admission, anchor, audit, disclosure, people, tokens
from access.admission import Refusal
from access.database import engine as database
from access.viewer import Viewer, parse_viewer
from commands import data as data_command
from dashboard.map import in_place
from dashboard.pages.region import sheet
from dashboard.parts import downloads, figures, region_facts
from dashboard.server import features, feed
from dashboard.shell import frame
from door import desk, leaktest
from door import store as access
from geodata import settings
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from register import chain, files, personal, read, record
from register.events import Receipt
from risk.index import indicators
from risk.index.model import load_model
from risk.index.smooth import fit_prior
from risk.scores import deliver, outputs
from risk.targets import decisions
from words import read_texts

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOTC = Viewer("lotc", person="test")


@pytest.fixture(autouse=True)
def closed():
    yield
    database.close()


def signed_in(email: str, sub: str = "") -> admission.Admission:
    stamp = NOW.timestamp()
    told = {
        "iss": "https://id.example.org",
        "sub": sub or email,
        "email": email,
        "email_verified": True,
        "iat": stamp - 60,
        "exp": stamp + 3600,
    }
    return admission.admit(told, NOW)


def roles(email: str) -> list[str]:
    return [str(viewer) for viewer in signed_in(email).viewers]


# --- a deputy's rights are those of whoever is replaced ----------------------------------------------------


@pytest.fixture
def deputy() -> str:
    people.add(LOTC, "boss@example.org", parse_viewer("region:VR06"), first=date(2026, 1, 1), last=date(2027, 1, 1))
    people.add(LOTC, "boss@example.org", parse_viewer("region:VR21"), first=date(2026, 1, 1), last=date(2026, 11, 20))
    people.add_deputy(LOTC, "two@example.org", "boss@example.org", date(2027, 12, 31), first=date(2026, 11, 1))
    return "two@example.org"


def test_a_deputy_loses_the_role_that_the_principal_lost(deputy: str) -> None:
    assert roles(deputy) == ["region:VR06"], "VR21 of the principal ended yesterday"


@pytest.mark.parametrize("end", [people.revoke, people.forget])
def test_a_deputy_is_out_at_the_same_click_as_the_principal_and_stays_out(deputy: str, end) -> None:
    assert roles(deputy) == ["region:VR06"]
    end(LOTC, "boss@example.org")
    assert signed_in(deputy).refusal == Refusal.NO_ROLE
    people.add(LOTC, "boss@example.org", parse_viewer("region:VR06"), first=date(2026, 1, 1))
    assert signed_in(deputy).refusal == Refusal.NO_ROLE, "who comes back names a deputy anew"


def test_a_deputy_gets_no_role_that_the_principal_got_later(deputy: str) -> None:
    people.add(LOTC, "boss@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    assert roles(deputy) == ["region:VR06"]


# --- an address that only looks like another's -------------------------------------------------------------


@pytest.mark.parametrize(
    "look_alike",
    [
        "ſam.ſmit@example.org",
        "sam.smit@example.orG".replace("k", "\u212a"),
        "\u212aim@example.org",
        "sam.ſmit@example.org",
    ],
)
def test_an_address_that_folds_to_another_opens_nothing(look_alike: str) -> None:
    people.add(LOTC, "sam.smit@example.org", Viewer("lotc"), first=date(2026, 1, 1))
    people.add(LOTC, "kim@example.org", Viewer("analyst"), first=date(2026, 1, 1))
    if look_alike.isascii():
        assert [str(viewer) for viewer in signed_in(look_alike).viewers] == ["lotc"], "capitals are the same address"
        return
    assert signed_in(look_alike, "thief").refusal == Refusal.UNKNOWN
    assert roles("sam.smit@example.org") == ["lotc"], "the real one is not locked out"
    assert roles("kim@example.org") == ["analyst"]


def test_an_address_with_other_signs_is_not_let_in_and_an_old_one_can_be_taken_out() -> None:
    with pytest.raises(InputError, match="look alike"):
        people.add(LOTC, "ſam@example.org", Viewer("lotc"))


# --- free text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "unit", ["a", "1-", "a.", "1 ", "0", "06 ", "(0", "@a.", "a@", "+31 ", "geb ", "a@a.", "jan 1"]
)
def test_looking_for_personal_data_takes_time_in_proportion_to_the_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text, best = (unit * length)[:length], float("inf")
        for _ in range(3):
            start = time.process_time()
            personal.find(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(20_000) < 9 * seconds(5_000) + 0.005, "four times the length: a square would be sixteen times"


def test_a_text_that_is_too_long_is_refused_before_anything_looks_into_it() -> None:
    with pytest.raises(InputError, match="20001 characters; 20000 is the most"):
        personal.find("a" * 20_001)


@pytest.mark.parametrize(
    "text", ["j@voorbeeld.nl", "jan.de.vries+x@mail.voorbeeld.nl", "a" * 100 + "@voorbeeld.nl", "x jan @ voorbeeld.nl"]
)
def test_an_address_in_a_text_is_still_found(text: str) -> None:
    assert [found.kind for found in personal.find(text)] == ["e-mail"]


# --- counts of persons that nobody published --------------------------------------------------------------

SECRET = SourceRecord("secret_incidence.ggd", "2020-10-01", 1, "ggd.csv", "niet openbaar", "")
SECRET_WORK = SourceRecord("secret_microdata", "2020-10-01", 1, "work.csv", "niet openbaar", "")


@pytest.fixture
def secret_cases() -> pd.DataFrame:
    """Some 30 cases per 100,000 a week in every gemeente, from a file that is not published."""
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    areas, rng = tables["gemeenten"], np.random.default_rng(3)
    weeks = [
        pd.DataFrame(
            {
                "disease": "COVID-19",
                "gemeente_code": areas["gemeente_code"],
                "week": week,
                "cases_n": rng.poisson(30 * areas["population_n"] / 100_000).astype(float),
                "status": "official",
                "source": SECRET.source_id,
            }
        )
        for week in ("2020-W47", "2020-W48")
    ]
    cases = pd.concat(weeks, ignore_index=True)
    snapshot.write_core(tables | {"incidence": cases}, [*embedded.sources, SECRET], is_demonstration=False)
    return cases


def recovered(gemeenten: pd.DataFrame, cases: pd.DataFrame, data_version: str) -> pd.DataFrame:
    """Attack the indicator of infections with what may be known: population, the country's rate and the formula."""
    model, batch = load_model(), access.open_batch(data_version)
    tables = {name: batch.table(name) for name in indicators.CORE_TABLES}
    measured = indicators.measure(tables, "gemeente", model)
    place = [one.code for one in model.areas.indicators].index("infections_contrast")
    low, high = measured.low[:, place], measured.high[:, place]
    seen_0_10 = np.round(10 * (np.clip(measured.raw[:, place], low, high) - low) / (high - low), 1)
    units = measured.units.assign(seen=low + (high - low) * seen_0_10 / 10, at_end=(seen_0_10 <= 0) | (seen_0_10 >= 10))
    units = units[units["sector_code"] == ""].set_index("area_code")
    population = gemeenten.set_index("gemeente_code")["population_n"].reindex(units.index)
    counts = cases.groupby("gemeente_code")["cases_n"].sum().reindex(units.index)
    shape, rate = fit_prior(counts, population / 100_000)
    national = counts.sum() / population.sum() * 100_000
    # Own and neighbours alike, nothing rising: the best guess from one figure.
    units["guess"] = (national * 2 ** units["seen"] * (population / 100_000 + rate) - shape).round()
    units["truth"] = cases.groupby("gemeente_code")["cases_n"].sum().reindex(units.index)
    return units[~units["at_end"]]


def test_the_scores_do_not_give_back_counts_that_nobody_published(
    secret_cases: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = access.open_store(LOTC)
    found = recovered(store.table("gemeenten"), secret_cases, store.data_version)
    assert len(found) > 250
    small = found[found["truth"].between(1, 9)]
    assert len(small) > 20
    assert (found["guess"] == found["truth"]).mean() < 0.25, "no more than chance"
    assert (small["guess"] == small["truth"]).mean() < 0.35
    monkeypatch.setattr(disclosure, "protected", lambda _name, table, *_rest: table)
    plain = recovered(store.table("gemeenten"), secret_cases, store.data_version)["seen"].reindex(found.index)
    assert found["seen"].corr(plain, method="spearman") > 0.7, "what is computed still tells where it is bad"


def test_the_leak_test_attacks_the_scores_too(secret_cases: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    version = access.open_store(LOTC).data_version
    assert leaktest.counts_told(version) == []
    monkeypatch.setattr(disclosure, "protected", lambda _name, table, *_rest: table)
    n = int((secret_cases["cases_n"] > 0).sum())
    assert leaktest.counts_told(version) == [f"scores give back {n} of {n} counts of incidence.cases_n"]


def exchanged(table: pd.DataFrame, gemeenten: pd.DataFrame, column: str, *together: str) -> pd.DataFrame:
    """Return secret counts after gemeenten of a region changed theirs for another's of the same class."""
    counts, draw = table[column].to_numpy(float).copy(), np.random.default_rng(4)
    of_class = np.where(counts < 10, np.minimum(counts, 1), np.floor(counts / 5))
    region = table["gemeente_code"].map(gemeenten.set_index("gemeente_code")["vr_code"]).fillna("")
    alike = table[list(together)].assign(region=region, of_class=of_class)
    for places in alike.groupby([*together, "region", "of_class"]).indices.values():
        counts[places] = draw.permutation(counts[places])
    return table.assign(**{column: counts})


def as_text(table: pd.DataFrame) -> str:
    """Return every value of a table, each figure with all its digits; Arrow writes them ten times as fast as pandas."""
    rows = pa.Table.from_pandas(pd.DataFrame(table.drop(columns="geometry", errors="ignore")))
    whole = io.BytesIO()
    pyarrow.csv.write_csv(rows, whole)
    return whole.getvalue().decode()


def leaving() -> dict[str, str]:
    """Return what leaves by table for each kind of eyes, and by file, address and map of who sees all, as text."""
    found: dict[str, str] = {}
    for role in ("lotc", "region:VR06", "policy", "analyst"):
        for name, table in leaktest._tables(access.open_store(parse_viewer(role))):
            found[f"{role} {name}"] = as_text(table)
    store, texts = access.open_store(LOTC), read_texts("nl")
    shown = figures.read_picture(store, "gemeente")
    part = downloads.Part("gemeente", inside="infections_contrast")
    found["feed"] = feed.geojson(store, "gemeente", "", "nl").decode()
    found["alarms"] = str(features.answer(store, "/collections/alarms/items", {"limit": "1000"}, "http://feed"))
    found["file"] = downloads.as_file(store, shown, part, "csv", "nl").decode()
    found["map"] = str(in_place.layer(texts, store, shown.scored, shown.of_sector(""), part.inside))
    packed = downloads.as_file(store, shown, downloads.Part("gemeente", deliver.ALL_SECTORS), "gpkg", "nl")
    (file := settings.data_dir() / "scores.gpkg").write_bytes(packed)
    found["geopackage"] = as_text(gpd.read_file(file))
    regions = figures.read_picture(store, "vr")
    told = region_facts.sentences(texts, store, regions, "VR06")
    found["sheet"] = drawn_in(sheet.as_pdf(texts, store, regions, shown, "VR06", told))
    return {name: text.replace(store.data_version, "version") for name, text in found.items()}


def drawn_in(pdf: bytes) -> str:
    """Return what the pages of a PDF draw: its streams, unpacked."""
    packed = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    assert packed
    return "\n".join(hashlib.sha256(zlib.decompress(one)).hexdigest() if one[:1] == b"x" else "" for one in packed)


def of_cases(tables: dict[str, pd.DataFrame], cases: pd.DataFrame) -> list[pd.DataFrame]:
    """Return secret cases of seven weeks (alarms compare with some weeks before), and the same exchanged."""
    first = cases[cases["week"] == "2020-W47"]
    every = pd.concat([*(first.assign(week=f"2020-W{week}") for week in range(42, 47)), cases])
    every = every.sort_values(["gemeente_code", "week"], ignore_index=True)
    return [every, exchanged(every, tables["gemeenten"], "cases_n", "week")]


def of_workers(tables: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Return counts of persons at work that nobody published, and the same exchanged."""
    every = tables["exposure"].assign(
        workers_n_source=SECRET_WORK.source_id,
        migrant_workers_n_source=SECRET_WORK.source_id,
        workers_n_status="official",
        migrant_workers_n_status="official",
    )
    every = every[every["workers_n"].notna() & every["migrant_workers_n"].notna()].reset_index(drop=True)
    other = exchanged(every, tables["gemeenten"], "workers_n", "sector_code")
    return [every, exchanged(other, tables["gemeenten"], "migrant_workers_n", "sector_code")]


@pytest.mark.usefixtures("few_rebuilds")
@pytest.mark.parametrize("name", ["incidence", "exposure"])
def test_who_of_a_region_has_which_count_of_a_class_changes_nothing_that_leaves(
    secret_cases: pd.DataFrame, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "stamp_line", lambda *_about: "")  # it names the version
    work = replace(catalogue.source("secret_workbook"), feeds=("exposure",))  # who brings microdata declares it so
    monkeypatch.setitem(catalogue.SOURCES, SECRET_WORK.source_id, work)
    embedded = snapshot.read_core(settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    every, other = of_cases(tables, secret_cases) if name == "incidence" else of_workers(tables)
    column = {"incidence": "cases_n", "exposure": "workers_n"}[name]
    assert (other[column] != every[column]).sum() > 300
    told = []
    for delivered in (every, other):  # each in an installation of its own: what moved since an earlier delivery is none
        monkeypatch.setenv("RISICOBEELD_DATA", str(tmp_path / f"installation {len(told)}"))
        database.close()
        snapshot.write_core(
            tables | {name: delivered}, [*embedded.sources, SECRET, SECRET_WORK], is_demonstration=False
        )
        for level in ("gemeente", "vr"):
            outputs.ensure(access.open_store(LOTC).data_version, level, load_model())
        told.append(leaving())
    assert told[0].keys() == told[1].keys()
    assert len(told[0]) > 50
    assert [part for part, text in told[0].items() if text != told[1][part]] == []


def protect(cases: list[int], *, regions: int = 1) -> list[float]:
    """Return what computations read of counts in gemeenten of one or more regions, all equally large."""
    codes = [f"GM{number:04d}" for number in range(len(cases))]
    areas = pd.DataFrame(
        {
            "gemeente_code": codes,
            "vr_code": [f"VR{1 + number % regions:02d}" for number in range(len(cases))],
            "population_n": 30_000,
        }
    )
    table = pd.DataFrame(
        {
            "disease": "x",
            "gemeente_code": codes,
            "week": "2020-W40",
            "cases_n": np.array(cases, float),
            "status": "official",
            "source": SECRET.source_id,
        }
    )
    return disclosure.protected("incidence", table, [SECRET], areas)["cases_n"].tolist()


@pytest.mark.parametrize("cells_n", range(3, 41))
def test_each_small_count_may_still_be_anything_from_1_to_9(cells_n: int) -> None:
    """Try every n for every sum of the others: something else always reads the same."""
    totals = np.arange(cells_n, 9 * cells_n + 1)
    told = disclosure.shared_n(pd.Series(totals.astype(float)), pd.Series(cells_n, index=range(len(totals)))).to_numpy()
    for shown in np.unique(told):
        alike = totals[told == shown]
        for n in range(1, 10):
            assert ((alike - n >= cells_n - 1) & (alike - n <= 9 * (cells_n - 1))).any(), (shown, n)
    assert np.abs(told - totals).max() <= 15


def test_counts_are_classes_of_five_and_small_ones_their_part_of_the_region() -> None:
    shown = protect([*range(10, 30), 3, 4, 5])
    assert shown[:20] == [*[12] * 5, *[17] * 5, *[22] * 5, *[27] * 5]
    assert shown[20:] == pytest.approx([8.5 / 3] * 3), "the part is the same for all who are equally large"


def test_one_or_two_small_counts_alone_tell_nothing_of_their_size() -> None:
    assert {tuple(protect([n, 40, 50])) for n in range(1, 10)} == {(5.0, 42.0, 52.0)}
    assert {tuple(protect([n, 10 - n, 50])) for n in range(1, 10)} == {(5.0, 5.0, 52.0)}
    assert protect([0, 0, 50])[:2] == [0, 0], "nought is nobody"


# --- without sign-in, real entries stay closed ---------------------------------------------------------------

PRACTICE = Viewer("lotc", is_practice=True)
PRIVACY_PRACTICE = Viewer("privacy", is_practice=True)
ACTIVATION = {
    "event_date": "2020-10-06",
    "kind": "preventief",
    "themes": "wonen",
    "outcome": "echt bezoek",
    "vr_code": "VR21",
    "sector_code": "lodging",
}
SIGNAL = {"event_date": "2020-10-05", "origin": "own", "theme": "wonen", "text": "echte melding", "vr_code": "VR21"}


@pytest.fixture
def real_entries(tmp_path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Receipt]:
    """A real activation and a real signal, made with sign-in, which then is not there any more."""
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nclient_id = "x"\n')
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
    made = {kind: record.record(LOTC, kind, of) for kind, of in (("activation", ACTIVATION), ("signal", SIGNAL))}
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(tmp_path / "gone.toml"))
    return made


def test_a_page_without_sign_in_shows_no_real_entry(real_entries: dict[str, Receipt]) -> None:
    for kind, table in (("activation", "activations"), ("signal", "signals")):
        entity_id = real_entries[kind].entity_id
        filters = read.Filters(entity_id=entity_id)
        assert len(access.open_store(LOTC).register(table, filters)) == 1, "a command is for whoever holds the files"
        store = access.open_store(PRACTICE)
        assert store.register(table, filters).empty
        assert entity_id not in store.register(table).iloc[:, 0].to_numpy()
        for look in (desk.history, desk.files_of):
            with pytest.raises(AccessDeniedError):
                look(store, kind, entity_id)
        with pytest.raises(AccessDeniedError):
            desk.difference(store, kind, entity_id, {"text": "x"})
    assert "echt bezoek" not in set(access.open_store(PRACTICE).table("activations")["outcome"])


def test_a_page_without_sign_in_changes_and_erases_no_real_entry(real_entries: dict[str, Receipt]) -> None:
    activation, signal = real_entries["activation"], real_entries["signal"]
    attempts = (
        lambda: record.correct(PRACTICE, "activation", activation.entity_id, {"outcome": "x"}, based_on=1),
        lambda: record.triage(PRACTICE, signal.entity_id, based_on=1, reason="x"),
        lambda: record.erase(PRACTICE, "activation", activation.entity_id, "mistake"),
        lambda: record.record(PRACTICE, "activation", ACTIVATION, status="official"),
        lambda: record.record(PRACTICE, "activation", ACTIVATION, entity_id=activation.entity_id),
        lambda: files.attach(PRACTICE, "signal", signal.entity_id, "a.txt", b"x"),
    )
    for attempt in attempts:
        with pytest.raises(AccessDeniedError, match="training register"):
            attempt()
    kept = record.newest("activation", activation.entity_id)
    assert (kept[0], kept[1]["outcome"]) == (1, "echt bezoek")
    record.record(PRACTICE, "signal", SIGNAL)  # one for training is what such a page is for


def test_a_command_without_sign_in_erases_and_the_trail_names_the_account(
    real_entries: dict[str, Receipt],
) -> None:
    record.erase(Viewer("lotc"), "activation", real_entries["activation"].entity_id, "mistake")
    line = audit.read().query("what.str.startswith('erase')").iloc[0]
    assert line["who"].startswith("lotc (account ")


def test_a_page_without_sign_in_tells_nothing_of_who_signed_in_before() -> None:
    people.add(PRACTICE, "a@example.org", parse_viewer("analyst"), first=NOW.date())  # the list may be prepared
    assert len(people.everyone(PRACTICE)) == 1
    access.open_store(PRIVACY_PRACTICE).audit_trail()
    assert roles("a@example.org") == ["analyst"]
    attempts = (
        lambda: people.everyone(PRACTICE),
        lambda: people.everyone(PRIVACY_PRACTICE),
        lambda: people.add(PRACTICE, "b@example.org", parse_viewer("lotc")),
        lambda: people.add_deputy(PRACTICE, "b@example.org", "a@example.org", NOW.date(), first=NOW.date()),
        lambda: people.revoke(PRACTICE, "a@example.org"),
        lambda: people.forget(PRACTICE, "a@example.org"),
        lambda: access.open_store(PRIVACY_PRACTICE).audit_trail(),
    )
    for attempt in attempts:
        with pytest.raises(AccessDeniedError, match="without sign-in"):
            attempt()
    assert roles("a@example.org") == ["analyst"]
    assert len(people.everyone(LOTC)) == 1, "a command is for whoever holds the files"


def test_a_page_without_sign_in_shows_no_rows_that_nobody_published(secret_cases: pd.DataFrame) -> None:
    assert len(access.open_store(LOTC).table("incidence")) == len(secret_cases)
    assert access.open_store(PRACTICE).table("incidence").empty


# --- an entry names what lies in its own region --------------------------------------------------------------


def site_of(vr_code: str) -> str:
    sites = access.open_store(LOTC).table("sites")
    return str(sites.loc[sites["vr_code"] == vr_code, "site_id"].iloc[0])


def test_an_entry_names_no_site_signal_or_line_of_another_region() -> None:
    own, other = parse_viewer("region:VR06"), parse_viewer("region:VR21")
    theirs = record.record(other, "signal", SIGNAL).entity_id
    line = record.record(
        LOTC,
        "plan_line",
        {
            "plan_id": "p",
            "plan_state": "draft",
            "list": "risk",
            "vr_code": "VR21",
            "week": "2020-W40",
            "site_id": site_of("VR21"),
        },
    ).entity_id
    mine = {**ACTIVATION, "vr_code": "VR06"}
    forged = ({"site_id": site_of("VR21")}, {"site_id": "no-such-site"}, {"signal_id": theirs}, {"plan_line_id": line})
    sentences = set()
    for fields in forged:
        for viewer in (own, LOTC):
            with pytest.raises(InputError, match="there is no such thing in VR06") as raised:
                record.record(viewer, "activation", mine | fields)
            sentences.add(str(raised.value).replace(next(iter(fields.values())), "..."))
    assert len(sentences) == 3, "one sentence per field: what does not exist is told as what is another's"
    kept = record.record(own, "activation", mine | {"site_id": site_of("VR06")})
    with pytest.raises(InputError, match="no such thing"):
        record.correct(own, "activation", kept.entity_id, {"site_id": site_of("VR21")}, based_on=1)
    referral = {"event_date": "2020-10-06", "route": "x", "vr_code": "VR21", "activation_id": kept.entity_id}
    with pytest.raises(InputError, match="no such thing in VR21"):
        record.record(other, "referral", referral)


def test_only_lotc_asks_two_regions_and_a_region_only_answers() -> None:
    pair = decisions.ask_handover(
        access.open_store(LOTC), site_of("VR06"), site_of("VR21"), "zelfde werkgever", pd.Timestamp("2020-10-06")
    )
    own = parse_viewer("region:VR06")
    with pytest.raises(AccessDeniedError):
        record.record(
            own,
            "decision",
            {
                "event_date": "2020-10-06",
                "subject": "handover",
                "site_id": site_of("VR06"),
                "vr_code": "VR06",
                "other_vr_code": "VR21",
                "state": "accepted",
                "reason": "x",
            },
        )
    sites = access.open_store(own).table("sites")["site_id"]
    for change in ({"site_id": str(sites.iloc[1])}, {"other_vr_code": "VR07"}, {"subject": "double"}):
        with pytest.raises(AccessDeniedError):
            record.correct(own, "decision", f"{pair}-VR06", change | {"state": "accepted"}, based_on=1)
    decisions.answer_handover(access.open_store(own), f"{pair}-VR06", "accepted", "goed")
    assert access.open_store(own).connected_sites().empty, "the other has not answered"


# --- tokens of other systems ---------------------------------------------------------------------------------

DAY = date(2026, 11, 21)


def test_a_token_is_noted_listed_and_ends_within_a_year() -> None:
    with pytest.raises(InputError, match="a year at most"):
        tokens.give("gis", Viewer("lotc"), date(9999, 12, 31), today=DAY)
    token = tokens.give("gis", parse_viewer("region:VR06"), date(2027, 1, 1), by="lotc@example.org", today=DAY)
    listed = tokens.everyone(Viewer("privacy")).iloc[0].to_dict()
    assert (listed["name"], listed["viewer"], listed["given_by"]) == ("gis", "region:VR06", "lotc@example.org")
    assert token not in str(listed)
    with pytest.raises(AccessDeniedError):
        tokens.everyone(Viewer("analyst"))
    tokens.revoke("gis", by="lotc@example.org")
    noted = audit.read()
    assert list(noted["what"]) == ["token revoked", "token given until 2027-01-01"]
    assert set(noted["who"]) == {"lotc@example.org"}
    assert not noted.astype(str).apply(lambda column: column.str.contains(token, regex=False)).any(axis=None)


def test_lists_on_the_command_line_hold_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    tokens.give("=HYPERLINK(1)", parse_viewer("region:VR06"), date(2027, 1, 1), by="=1+1", today=DAY)
    assert feed.main(["list"]) == 0
    assert data_command.main(["audit", "--as", "privacy"]) == 0
    cells = [cell for line in capsys.readouterr().out.splitlines() for cell in line.replace('"', "").split(",")]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell.startswith("=")]


def test_a_token_works_while_its_person_has_the_role() -> None:
    people.add(LOTC, "gis@example.org", parse_viewer("region:VR06"), first=date(2026, 1, 1))
    with pytest.raises(InputError, match="has not the role lotc"):
        tokens.give("gis", Viewer("lotc"), date(2027, 1, 1), person="gis@example.org", today=DAY)
    token = tokens.give("gis", parse_viewer("region:VR06"), date(2027, 1, 1), person="gis@example.org", today=DAY)
    assert str(tokens.who(token, DAY)) == "region:VR06"
    people.revoke(LOTC, "gis@example.org")
    assert tokens.who(token, DAY) is None


def test_with_sign_in_a_token_is_somebodys(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_before = tokens.give("crisis", Viewer("lotc"), date(2027, 1, 1), today=DAY)
    assert str(tokens.who(given_before, DAY)) == "lotc"
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[auth]\nclient_id = "x"\n')
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secrets))
    with pytest.raises(InputError, match="name the person"):
        tokens.give("gis", Viewer("lotc"), date(2027, 1, 1), today=DAY)
    assert tokens.who(given_before, DAY) is None


# --- files and labels ------------------------------------------------------------------------------------------


def test_the_register_and_what_lies_beside_it_are_for_its_own_account_alone(data_dir) -> None:
    before = os.umask(0o022)
    try:
        record.record(LOTC, "signal", SIGNAL)
        tokens.give("gis", Viewer("lotc"), date(2026, 12, 1), today=DAY)
        seen = [path for path in data_dir.rglob("*.sqlite*") if path.is_file()]
        assert len(seen) >= 2, "the database and its log"
        for path in (*seen, data_dir / "feed_tokens.json"):
            assert path.stat().st_mode & 0o077 == 0, path.name
    finally:
        os.umask(before)


@pytest.mark.parametrize("name", ["![x](http:evil.example?pixel).txt", "[klik](javascript:alert(1)).txt", "<b>.txt"])
def test_a_file_name_in_a_label_is_text(name: str) -> None:
    label = frame.label(read_texts("nl"), "register.download", name=name)
    unescaped = re.sub(r"\\.", "", label)
    assert not set(unescaped) & set("[]()!<>")


# --- evidence ----------------------------------------------------------------------------------------------------


def lines_of_the_trail() -> list[str]:
    return next(audit.folder().glob("????-??.jsonl")).read_text("utf-8").splitlines(keepends=True)


def rewrite(lines: list[str]) -> None:
    next(audit.folder().glob("????-??.jsonl")).write_text("".join(lines), "utf-8")


@pytest.fixture
def trail(tmp_path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A trail of two people, its head and the register's noted outside and signed."""
    key = tmp_path / "key"
    key.write_text("of the privacy officer")
    monkeypatch.setenv("RISICOBEELD_ANCHOR", str(tmp_path / "outside.jsonl"))
    monkeypatch.setenv("RISICOBEELD_ANCHOR_KEY", str(key))
    record.record(LOTC, "signal", SIGNAL)
    for number in range(6):
        audit.note("read", who="r06" if number % 2 else "r21", role="x", surface="page", table="sites")
    assert commands(["audit", "--anchor"]) == 0
    return lines_of_the_trail()


def commands(words: list[str]) -> int:
    return data_command.main(words)


def test_a_trail_as_it_was_written_verifies(trail: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert commands(["audit", "--verify"]) == 0
    assert f"{len(trail)} lines of the audit trail; the chain verifies" in capsys.readouterr().out
    audit.note("read", who="r06", role="x", surface="page")
    assert commands(["audit", "--verify"]) == 0


@pytest.mark.parametrize("how", ["all of one person", "one changed", "the tail", "built anew"])
def test_a_trail_that_was_touched_is_found(trail: list[str], how: str) -> None:
    if how == "all of one person":
        rewrite([line for line in trail if '"r06"' not in line])
    elif how == "one changed":
        rewrite([line.replace('"r06"', '"r07"') for line in trail])
    elif how == "the tail":
        rewrite(trail[:-2])
    else:
        rewrite([])
        for line in trail[:-3]:
            told = json.loads(line)
            audit.note(told["what"], who="somebody", role=told["role"], surface=told["surface"])
    assert commands(["audit", "--verify"]) == 2


def test_a_register_whose_tail_was_cut_or_that_was_built_anew_is_found(trail: list[str]) -> None:
    assert trail
    assert not chain.verify_chain().problems
    noted = anchor.newest()
    anchor.note({"trail": (1, noted["trail"]), "register": (2, "1" * 64)})
    assert chain.verify_chain().problems, "the newest head that was noted is asked without anybody giving it"


def test_a_head_that_somebody_else_wrote_is_not_believed(trail: list[str], tmp_path) -> None:
    assert trail
    outside = tmp_path / "outside.jsonl"
    line = json.loads(outside.read_text().splitlines()[-1])
    line["trail"]["hash"] = "0" * 64
    with outside.open("a") as file:
        file.write(json.dumps(line) + "\n")
    with pytest.raises(InputError, match="not signed"):
        anchor.newest()


def test_an_edited_certificate_is_found_though_its_digest_was_computed_anew() -> None:
    made = leaktest.Certificate("2026-11-21T12:00:00", "privacy", "v", False, ("sites",), 600, 10, 20, ("a leak",))  # noqa: FBT003
    path = leaktest.file(made)
    assert leaktest.filed()[0][2]
    content = json.loads(path.read_text("utf-8"))
    content["certificate"]["leaks"] = []
    body = json.dumps(content["certificate"], ensure_ascii=False, indent=1)
    content["sha256"] = hashlib.sha256(body.encode()).hexdigest()
    path.write_text(json.dumps(content), "utf-8")
    assert not leaktest.filed()[0][2]


# --- what policy may count -----------------------------------------------------------------------------------------


def test_policy_gets_no_line_below_three_nationally_either_and_no_finer_table() -> None:
    store = access.open_store(Viewer("policy"))
    for by in (("kind",), ("trigger",), ("infections_found",), ("vr_code", "kind"), ("vr_code",)):
        assert (store.counts("activations", by)["n"] >= 3).all(), by
    with pytest.raises(AccessDeniedError, match="one thing at a time"):
        store.counts("activations", ("kind", "infections_found", "trigger", "integral"))
    with pytest.raises(AccessDeniedError, match="end of a month"):
        store.as_known_on(date(2020, 11, 17)).counts("activations", ("kind",))
    store.as_known_on(date(2020, 11, 30)).counts("activations", ("kind",))
