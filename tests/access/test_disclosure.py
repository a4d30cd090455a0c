"""Small counts stay hidden from a reader who subtracts, compares dates, or asks several people."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from access import disclosure
from access.disclosure import SMALLEST_PERSONS_N, primary, suppress, with_margins
from access.viewer import Viewer
from door import store as access
from geodata import codes
from geodata import settings as product_settings
from geodata.errors import AccessDeniedError, UnknownCodeError
from geodata.snapshots import snapshot
from geodata.snapshots.manifests import SourceRecord
from geodata.sources import catalogue
from tests.examples import examples

UNPUBLISHED = "secret_exposure"
"""A source of counts of workers that nobody published; the product ships none, so the tests declare one."""


def invented(seed: int, shape: tuple[int, int] = (25, 12)) -> np.ndarray:
    """Invented counts as skewed as workers per region and sector are."""
    rng = np.random.default_rng(seed)
    inner = np.floor(rng.lognormal(4.2, 1.7, shape))
    inner[rng.random(shape) < 0.1] = 0
    return inner


def attack(table: np.ndarray, withheld: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Work out what every cell may be at least and at most, knowing each shown cell and that lines add up."""
    low, high = table.copy(), table.copy()
    for cell in np.flatnonzero(withheld):
        low.flat[cell], high.flat[cell] = disclosure._interval(table, withheld, int(cell))
    return low, high


def widths(table: np.ndarray, withheld: np.ndarray) -> np.ndarray:
    low, high = attack(table, withheld)
    return high - low


@pytest.mark.parametrize("seed", [1, 2])
def test_a_linear_programme_cannot_narrow_a_small_cell_to_within_ten(seed: int) -> None:
    table = with_margins(invented(seed))
    small = primary(table)
    withheld = suppress(table, small)
    assert small.any()
    assert (withheld >= small).all()
    found = widths(table, withheld)
    assert found[small].min() >= SMALLEST_PERSONS_N - 1e-6
    assert withheld.sum() < 0.2 * table.size, "what is published stays useful"
    low, high = attack(table, withheld)
    assert (low <= table + 1e-6).all()
    assert (high >= table - 1e-6).all(), "the truth is among what a reader holds possible"


def test_withholding_only_the_small_cells_gives_them_away() -> None:
    """The attack works: without secondary suppression subtraction finds the cell."""
    table = with_margins(np.array([[4.0, 30, 50], [60, 70, 80], [20, 90, 40]]))
    small = primary(table)
    assert small.sum() == 1
    assert widths(table, small)[small].max() == pytest.approx(0)


def test_two_small_cells_that_only_hide_each_other_are_given_more_room() -> None:
    """Two withheld cells per line are not enough: 1 and 2 side by side add up to 3."""
    table = with_margins(np.array([[1.0, 2, 50, 60], [2, 1, 70, 80], [40, 90, 60, 30]]))
    small = primary(table)
    assert widths(table, small)[small].max() < SMALLEST_PERSONS_N
    assert widths(table, suppress(table, small))[small].min() >= SMALLEST_PERSONS_N - 1e-6


@examples(25)
@given(arrays(float, (4, 3), elements=st.integers(0, 60).map(float)))
def test_any_small_table_is_safe_or_wholly_withheld(inner: np.ndarray) -> None:
    table = with_margins(inner)
    small = primary(table)
    withheld = suppress(table, small)
    if small.any() and not withheld.all():
        assert widths(table, withheld)[small].min() >= SMALLEST_PERSONS_N - 1e-6


def test_dominance_and_few_contributors_are_small_too() -> None:
    values, contributors = np.array([500.0, 500, 500, 0]), np.array([2.0, 8, 8, 1])
    share = np.array([0.5, 0.71, 0.7, 1.0])
    assert primary(values, contributors, share).tolist() == [True, True, False, False]


def test_what_was_withheld_in_an_earlier_delivery_stays_withheld() -> None:
    """Else a cell that grew past 10 shows its neighbour, and the neighbour last month's small cell."""
    before = with_margins(np.array([[4.0, 30, 50], [60, 70, 80], [20, 90, 40]]))
    after = before.copy()
    after[0, 0], after[0, -1], after[-1, 0], after[-1, -1] = 14, 94, 94, 454
    first = suppress(before, primary(before))
    second = suppress(after, primary(after), earlier=first)
    assert (second >= first).all()
    assert suppress(after, primary(after)).sum() == 0, "without its history all of it would be shown"


def test_rounding_comes_after_the_margins() -> None:
    table = with_margins(np.array([[12.0, 13], [12, 13]]))
    assert disclosure.rounded(table).tolist() == [[10, 15, 25], [10, 15, 25], [25, 25, 50]]


# --- through the door ----------------------------------------------------------------------------------


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Store invented counts of workers that nobody published; return them by region and sector."""
    declared = catalogue.Source(
        UNPUBLISHED,
        "Verzonnen",
        "de gebruiker",
        "bestand",
        "niet openbaar",
        "Verzonnen",
        ("exposure",),
        secrecy=catalogue.Secrecy.RESTRICTED,
    )
    monkeypatch.setitem(catalogue.SOURCES, UNPUBLISHED, declared)
    embedded = snapshot.read_core(product_settings.EMBEDDED_DIR)
    tables = {name: embedded.table(name) for name in embedded.files}
    exposure = tables["exposure"].copy()
    region = exposure["gemeente_code"].map(tables["gemeenten"].set_index("gemeente_code")["vr_code"])
    first = ~pd.DataFrame({"vr": region, "sector": exposure["sector_code"]}).duplicated()
    inner = invented(3)
    order = {code: row for row, code in enumerate(codes.VR_CODES)}
    column = {code: number for number, code in enumerate(codes.SECTORS)}
    value = [inner[order[vr], column[sector]] for vr, sector in zip(region, exposure["sector_code"], strict=True)]
    exposure["workers_n"] = np.where(first, value, 0.0)
    exposure["workers_n_status"] = "official"
    exposure["workers_n_source"] = f"{UNPUBLISHED}.upload"
    exposure["establishments_n"] = 50.0
    tables["exposure"] = exposure
    record = SourceRecord(f"{UNPUBLISHED}.upload", "2020-10-01", len(exposure), "upload.xlsx", "niet openbaar", "")
    snapshot.write_core(tables, [*embedded.sources, record])
    return pd.DataFrame(inner, codes.VR_CODES, list(codes.SECTORS))


def released(role: str = "lotc") -> pd.DataFrame:
    return access.open_store(access.parse_viewer(role)).persons("workers_n")


def test_unpublished_counts_are_protected_per_region_and_absent_below_it(secret: pd.DataFrame) -> None:
    shown = released()
    wide = shown.pivot_table(index="vr_code", columns="sector_code", values="is_withheld", aggfunc="max", sort=False)
    withheld = wide.loc[[*codes.VR_CODES, ""], [*codes.SECTORS, ""]].to_numpy(bool)
    table = with_margins(secret.to_numpy())
    small = primary(table)
    assert small.any()
    assert withheld[small].all()
    assert widths(table, withheld)[small].min() >= SMALLEST_PERSONS_N - 1e-6
    values = shown["workers_n"].dropna()
    assert (values % 5 == 0).all()
    assert set(shown["rounded_to"]) == {5}
    assert not ((values > 0) & (values < SMALLEST_PERSONS_N)).any()
    for role in ("lotc", "analyst", "region:VR06"):
        exposure = access.open_store(access.parse_viewer(role)).table("exposure")
        assert exposure["workers_n"].isna().all()
        assert exposure["workers_n_source"].str.endswith("suppressed").all()
        assert exposure["establishments_n"].notna().all(), "establishments are no persons"


def test_all_viewers_together_find_no_more_than_one(secret: pd.DataFrame) -> None:
    """The 25 contacts, the analyst and the ministry see the same gaps: their union is what one of them sees."""
    assert len(secret) == 25
    nation = released().set_index(["vr_code", "sector_code"])
    for role in ("analyst", "policy", *(f"region:{code}" for code in codes.VR_CODES)):
        part = released(role).set_index(["vr_code", "sector_code"])
        pd.testing.assert_frame_equal(part, nation.loc[part.index])
        if role.startswith("region"):
            assert set(part.index.get_level_values(0)) == {role[-4:], ""}


def test_the_computation_sees_protected_counts_that_keep_the_total(secret: pd.DataFrame) -> None:
    version = access.open_store(Viewer("lotc")).data_version
    read = access.open_batch(version).table("exposure")["workers_n"]
    truth = snapshot.version(version).table("exposure")["workers_n"]
    assert read.sum() == pytest.approx(secret.to_numpy().sum(), rel=0.01)
    assert (read[truth == 0] == 0).all()
    assert (read[truth >= 10] % 5 == 2).all()
    assert read[(truth > 0) & (truth < 10)].between(0, 9, inclusive="right").all()


def test_what_was_withheld_is_remembered_over_deliveries(secret: pd.DataFrame) -> None:
    first = released()
    path = product_settings.data_dir() / "core" / "withheld_workers_n.json"
    kept = np.array(json.loads(path.read_text("utf-8")), bool)
    assert kept.sum() == first["is_withheld"].sum()
    assert len(secret) == 25


def test_published_figures_pass_unchanged() -> None:
    store = access.open_store(Viewer("lotc"))
    exposure = store.table("exposure")
    shown = store.persons("workers_n")
    assert set(shown["rounded_to"]) == {1}
    assert not shown["is_withheld"].any()
    total = shown.query("vr_code == '' and sector_code == ''")["workers_n"].iloc[0]
    assert total == pytest.approx(exposure["workers_n"].sum())
    with pytest.raises(UnknownCodeError):
        store.persons("establishments_n")
    with pytest.raises(AccessDeniedError):
        access.open_store(Viewer("privacy")).persons("workers_n")


def test_a_restricted_source_whose_figures_cannot_be_told_apart_blanks_them_all() -> None:
    table = access.open_store(Viewer("lotc")).table("incidence")
    record = SourceRecord("secret_incidence.x", "2020-10-01", 1, "x", "niet openbaar", "")
    blank = disclosure.blank_unpublished("incidence", table, [record])
    assert blank["cases_n"].isna().all()
    told = table.assign(source=["secret_incidence.x", *table["source"].iloc[1:]])
    partly = disclosure.blank_unpublished("incidence", told, [record])
    assert partly["cases_n"].isna().sum() == table["cases_n"].isna().sum() + 1
    unknown = SourceRecord("nobody_declared_this", "2020-10-01", 1, "x", "", "")
    assert disclosure.blank_unpublished("incidence", table, [unknown])["cases_n"].isna().all()


def test_indicators_of_unpublished_counts_lose_their_raw_value() -> None:
    table = pd.DataFrame({"raw_value": [7.0], "value_0_10": [3.14159]})
    record = SourceRecord("secret_incidence.x", "2020-10-01", 1, "x", "niet openbaar", "")
    shown = disclosure.blank_unpublished("indicators_vr", table, [record])
    assert np.isnan(shown["raw_value"].iloc[0])
    assert shown["value_0_10"].iloc[0] == 3.1
    assert disclosure.blank_unpublished("indicators_vr", table, []) is table


# --- cases in what leaves the platform -----------------------------------------------------------------

cells = st.dictionaries(
    st.tuples(st.sampled_from(codes.VR_CODES), st.sampled_from(["preventief", "repressief"])),
    st.integers(1, 12),
    min_size=1,
    max_size=40,
)


@examples(100)
@given(cells)
def test_no_small_cell_of_a_region_is_shown_nor_found_by_subtraction(found: dict[tuple[str, str], int]) -> None:
    counts = pd.DataFrame([(vr, kind, n) for (vr, kind), n in found.items()], columns=["vr_code", "kind", "n"])
    merged = disclosure.merge_small(counts)
    regions, nation = merged[merged["vr_code"] != ""], merged[merged["vr_code"] == ""].set_index("kind")["n"]
    assert (regions["n"] >= disclosure.SMALLEST_CASES_N).all()
    totals = counts.groupby("kind")["n"].sum()
    # Small national lines go too, and one more where a single one would be left to subtraction.
    gone = totals.drop(nation.index)
    assert nation.to_dict() == totals[nation.index].to_dict()
    assert (nation >= disclosure.SMALLEST_CASES_N).all()
    assert gone.empty or nation.empty or (len(gone) > 1 and gone.sum() >= disclosure.SMALLEST_CASES_N)
    assert len(gone) - (totals < disclosure.SMALLEST_CASES_N).sum() <= 1
    for kind, total in nation.items():
        shown = regions.loc[regions["kind"] == kind]
        hidden_n = total - shown["n"].sum()
        hidden_regions = 25 - len(shown)
        assert hidden_n == 0 or hidden_n >= disclosure.SMALLEST_CASES_N or shown.empty
        assert hidden_n == 0 or hidden_regions >= 2


def test_the_ministry_counts_activations_but_never_opens_one() -> None:
    policy = access.open_store(Viewer("policy"))
    counted = policy.counts("activations", ("vr_code", "kind"))
    assert counted.loc[counted["vr_code"] == "", "n"].sum() == 56
    assert (counted.loc[counted["vr_code"] != "", "n"] >= 3).all()
    assert not policy.may("activations")
    with pytest.raises(AccessDeniedError):
        policy.table("activations")
    for column in ("activation_id", "outcome", "gemeente_code", "site_id", "event_date"):
        with pytest.raises(AccessDeniedError, match="may count"):
            policy.counts("activations", (column,))
    with pytest.raises(AccessDeniedError):
        policy.counts("sites", ("vr_code",))


def test_for_whom_the_rows_are_in_scope_nothing_is_merged() -> None:
    region = access.open_store(access.parse_viewer("region:VR20"))
    assert region.counts("activations", ("kind",))["n"].sum() == len(region.table("activations"))
