"""Heavy work in pieces: the same on this machine and on a real cluster, also when a worker is killed on the way."""

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from geodata import batch
from geodata.areas import mergers
from geodata.errors import InputError, SchedulerError
from geodata.intake import sites
from geodata.intake.places import known_places
from geodata.settings import EMBEDDED_DIR
from geodata.snapshots import snapshot
from risk.index import pipeline
from risk.index import sites as index_sites
from risk.index.indicators import CORE_TABLES
from risk.index.model import load_model
from tests.examples import examples

# The cluster's own event loops and temporary folders, which it closes in its own time when it stops.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # idem
        made = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path_factory.mktemp("workers")),
        )
        with made:
            yield made.scheduler_address


@pytest.fixture(scope="module")
def pool(cluster: str) -> Iterator[batch.Pool]:
    with batch.open_pool(cluster) as opened:
        yield opened


def draws(seed: int, stream: np.random.SeedSequence) -> np.ndarray:
    return np.random.default_rng(stream).normal(seed, 1, 4)


def slow_or_lost(marks: Path, piece: int) -> int:
    """Do a piece; the first worker that meets the fatal one leaves its mark and is killed."""
    fatal = marks / "killed"
    if piece == 3 and not fatal.exists():
        fatal.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)
    return piece * piece


def refused(_shared: None, piece: int) -> int:
    if piece == 1:
        raise InputError("Row 1 is wrong; correct it.")
    return piece


@examples(4)
@given(n=st.integers(0, 9), seed=st.integers(0, 99))
def test_seeds_go_with_the_pieces_whoever_draws(pool: batch.Pool, n: int, seed: int) -> None:
    streams = np.random.SeedSequence(seed).spawn(n)
    here = batch.run_pieces(draws, seed, streams)
    there = batch.run_pieces(draws, seed, streams, pool)
    assert len(here) == len(there) == n
    assert all(np.array_equal(one, other) for one, other in zip(here, there, strict=True))


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with invented sites: some twice, some in the sea, some without a place."""
    rng, n = np.random.default_rng(4), 300
    frame = pd.DataFrame(
        {
            "naam": [f"Camping {number % 290}" for number in range(n)],
            "soort": rng.choice(["holiday_park", "lodging", "slaughterhouse"], n),
            "x": rng.uniform(20_000, 270_000, n).round(),
            "y": rng.uniform(310_000, 610_000, n).round(),
            "gemeente": rng.choice(["GM0363", "Utrecht", ""], n),
            "bedden": rng.choice(["12", "1.234", "", "7,5"], n),
            "land": rng.choice(["nl", "DE", ""], n),
            "datum": rng.choice(["2026-01-03", "3-9-2025", ""], n),
        }
    )
    frame.loc[::7, ["x", "y"]] = np.nan
    path = tmp_path_factory.mktemp("listed") / "lijst.csv"
    pd.concat([frame, frame.iloc[:25]]).to_csv(path, index=False)
    return path


@examples(3)
@given(size=st.integers(20, 400))
def test_a_file_of_sites_is_read_the_same_however_it_is_cut_and_wherever(
    pool: batch.Pool, listed: Path, size: int
) -> None:
    areas = mergers.known_areas()
    question = sites.Question("sites_file.lijst", "2026-01-01")

    def read(workers: batch.Pool) -> tuple[gpd.GeoDataFrame, sites.Report]:
        return sites.read(listed, question, areas, known_places(), lambda _done, _total: None, workers)

    whole, told = read(batch.LOCAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "_PIECE_N", size)
        results = [read(batch.LOCAL), read(pool)]
    for found, report in results:
        assert_frame_equal(pd.DataFrame(found), pd.DataFrame(whole))
        assert found.geometry.geom_equals_exact(whole.geometry, 0).where(whole.geometry.notna(), True).all()  # noqa: FBT003
        assert found.crs == whole.crs
        assert (report.rows_n, report.kept_n, report.exact_duplicates_n, report.outside_n, dict(report.located)) == (
            told.rows_n,
            told.kept_n,
            told.exact_duplicates_n,
            told.outside_n,
            dict(told.located),
        )
    assert told.exact_duplicates_n > 0
    assert told.outside_n > 0


@pytest.fixture(scope="module")
def scored() -> Callable[[int, batch.Pool], pipeline.Outcome]:
    """Score the sites of the demonstration; a function, because a failing property is told with all that it takes."""
    core, model = snapshot.read_core(EMBEDDED_DIR), load_model()
    tables = {name: core.table(name) for name in CORE_TABLES}
    areas = {level: pipeline.score(tables, level, model, rebuilds=0) for level in pipeline.AREA_LEVELS}
    return lambda seed, workers: pipeline.score(
        tables, "site", model, rebuilds=60, seed=seed, areas=areas, pool=workers
    )


@examples(2)
@given(size=st.integers(100, 700), seed=st.integers(1, 99))
def test_sites_are_scored_the_same_however_they_are_cut_and_wherever(
    pool: batch.Pool, scored: Callable[[int, batch.Pool], pipeline.Outcome], size: int, seed: int
) -> None:
    whole = scored(seed, batch.LOCAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_sites, "PIECE_N", size)
        there = scored(seed, pool)
    for name in ("scores", "contributions", "indicators"):
        assert_frame_equal(getattr(there, name), getattr(whole, name), check_exact=True)
    assert whole.scores["rank_p05"].notna().any()


def test_a_worker_that_is_killed_half_way_costs_nothing_but_time(pool: batch.Pool, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    watched = batch.Pool(pool.client, lambda _name: lambda done, total: told.append((done, total)), pool.lost)
    before = {worker["pid"] for worker in pool.client.run(lambda: {"pid": os.getpid()}).values()}
    assert batch.run_pieces(slow_or_lost, tmp_path, range(8), watched, "squares") == [n * n for n in range(8)]
    assert (tmp_path / "killed").exists()
    pool.client.wait_for_workers(2, timeout=30)
    assert {worker["pid"] for worker in pool.client.run(lambda: {"pid": os.getpid()}).values()} != before
    assert told == [(done, 8) for done in range(9)]


def test_what_is_wrong_with_a_piece_is_said_as_on_this_machine(pool: batch.Pool) -> None:
    for workers in (batch.LOCAL, pool):
        with pytest.raises(InputError, match="Row 1 is wrong"):
            batch.run_pieces(refused, None, [0, 1, 2], workers)


def test_a_scheduler_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError, match=r"not installed; install requirements-cluster.txt"), batch.open_pool("x"):
        pass
    with batch.open_pool() as local:
        assert batch.run_pieces(pow, 2, [3, 4], local) == [8, 16]


def test_nobody_at_the_address_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(batch, "_WAIT_S", 1)
    with pytest.raises(SchedulerError, match="Nobody answers"), batch.open_pool("tcp://127.0.0.1:9"):
        pass


def test_what_is_sent_again_goes_under_a_name_of_its_own(pool: batch.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name of its content it could be lost, when it was sent again while the first was being let go of."""
    names: list[str] = []
    scatter = pool.client.scatter

    def watched(sent: list[object], **how: object) -> list[object]:
        futures = scatter(sent, **how)
        names.extend(future.key for future in futures)
        return futures

    monkeypatch.setattr(pool.client, "scatter", watched)
    for _ in range(2):
        assert batch.run_pieces(pow, 2, range(4), pool) == [1, 2, 4, 8]
    assert len(set(names)) == len(names) == 2
