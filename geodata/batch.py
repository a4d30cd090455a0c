"""Heavy work cut into independent pieces, on the cores of this machine or on a Dask cluster: one way for both.

What is heavy is written as a function of what all pieces share and of one piece, and run here. The cut, the
seeds and the order of the results belong to the pieces, never to who computes them, so that the result is the
same everywhere. What needs all rows at once (a prior, a ranking, duplicates) stays one pass of the caller.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, TypeVar
from uuid import uuid4

from joblib import Parallel, delayed, parallel_config
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from geodata.errors import SchedulerError

Progress = Callable[[int, int], None]
Shared = TypeVar("Shared")
Piece = TypeVar("Piece")
Result = TypeVar("Result")

_WAIT_S: Final = 10
_EXTRA: Final = "requirements-cluster.txt"


def _silent(_name: str) -> Progress:
    return lambda _done, _total: None


@dataclass(frozen=True)
class Pool:
    """Who computes, and who is told how far it is.

    Attributes
    ----------
    client
        The Dask client of a cluster; None for the cores of this machine.
    progress_of
        From the name of a step to a function of the pieces done and all pieces.
    lost
        What the client raises when its cluster is gone for good.
    """

    client: Any = None
    progress_of: Callable[[str], Progress] = field(default=_silent, compare=False)
    lost: tuple[type[Exception], ...] = ()


LOCAL: Final = Pool()


@contextmanager
def open_pool(scheduler: str = "", progress_of: Callable[[str], Progress] = _silent) -> Iterator[Pool]:
    """Give the workers of a Dask scheduler, or this machine's cores when none is named.

    Parameters
    ----------
    scheduler
        Address, such as ``tcp://10.0.0.5:8786``. Its workers run the same version of the product.
    progress_of
        As for `Pool`.

    Raises
    ------
    SchedulerError
        Dask is not installed, nobody answers at the address, or it has no workers.
    """
    if not scheduler:
        yield Pool(progress_of=progress_of)
        return
    try:
        distributed = import_module("distributed")  # optional, and slow: only who names a scheduler needs it
    except ImportError as error:
        raise SchedulerError(
            f"Scheduler {scheduler} cannot be used, because the package {error.name} is not installed; install"
            f" {_EXTRA}, or leave --scheduler out to compute on this machine."
        ) from error
    try:
        client = distributed.Client(scheduler, timeout=_WAIT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SchedulerError(
            f"Nobody answers at scheduler {scheduler}; start it (dask scheduler), correct the address, or leave"
            " --scheduler out to compute on this machine."
        ) from error
    lost = (distributed.CancelledError, distributed.KilledWorker, distributed.comm.core.CommClosedError)
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT_S)
        except TimeoutError as error:
            raise SchedulerError(
                f"Scheduler {scheduler} has no workers; start one (dask worker {scheduler}) and try again."
            ) from error
        yield Pool(client, progress_of, lost)


def run_pieces(
    function: Callable[[Shared, Piece], Result],
    shared: Shared,
    pieces: Sequence[Piece],
    pool: Pool = LOCAL,
    name: str = "",
) -> list[Result]:
    """Return the function's result for every piece, in the order of the pieces, whoever computed which.

    On this machine threads share the memory; numpy, arrow and shapely let go of the interpreter while they
    work. On a cluster ``shared`` is sent to each worker once. A worker that is lost has its pieces done again
    by another.

    Parameters
    ----------
    function
        Pure, at the top of a module: a worker imports it.
    name
        What the step is called where progress is shown.

    Raises
    ------
    SchedulerError
        The cluster was lost; one worker that goes is not enough for that.

    Examples
    --------
    >>> run_pieces(pow, 2, [1, 2, 3])
    [2, 4, 8]
    """
    options: dict[str, Any]
    if pool.client is None:
        calls = [delayed(function)(shared, piece) for piece in pieces]
        options = {"backend": "threading"}
    else:
        sent = _Sent(shared)
        calls = [delayed(_at_worker)(function, sent, piece) for piece in pieces]
        options = {"backend": "dask", "client": pool.client, "scatter": [sent]}
    show = (pool.progress_of if len(calls) > 1 else _silent)(name)
    results: list[Result] = []
    show(0, len(calls))
    # One thread per piece in the algebra below: more would fight over the cores, and their number could show in
    # the last places of a sum.
    try:
        with one_thread(), parallel_config(**options):
            if pool.client is None and len(calls) <= 1:  # nothing to share out
                return [function(shared, piece) for piece in pieces]
            for result in Parallel(n_jobs=-1, return_as="generator")(calls):
                results.append(result)
                show(len(results), len(calls))
    except pool.lost as error:
        raise SchedulerError(
            f"The cluster was lost while it computed {name or 'a step'} ({type(error).__name__}); nothing was stored:"
            " look at the logs of its workers and try again."
        ) from error
    return results


class _Sent:
    """What the pieces share, on its way to the workers, as something of its own each time.

    Dask names what is sent by its content: what was let go of a moment ago, and is sent again, could be forgotten.
    """

    def __init__(self, content: object) -> None:
        self.content = content
        self._name = uuid4().hex

    def __dask_tokenize__(self) -> str:
        return self._name


def _at_worker(function: Callable[[Any, Piece], Result], sent: _Sent, piece: Piece) -> Result:
    return function(sent.content, piece)


def one_thread() -> AbstractContextManager[Any]:
    """Let algebra calculate on one thread within the block: where sums are small, threads wait for one another."""
    limit: AbstractContextManager[Any] = _libraries(len(sys.modules)).limit(limits=1)
    return limit


@lru_cache(maxsize=1)
def _libraries(_modules_n: int) -> ThreadpoolController:
    """Look for libraries that calculate with threads: milliseconds, and needed only when a module was loaded since."""
    return ThreadpoolController()


def cut(rows_n: int, size: int) -> list[slice]:
    """Return rows cut into pieces of a size.

    Examples
    --------
    >>> cut(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, rows_n)) for start in range(0, rows_n, size)]
