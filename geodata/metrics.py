"""What is counted for monitoring, in one place. Labels hold codes of closed lists, never a person or a place."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

PAGE_RUNS: Final = Counter("risicobeeld_page_runs", "Runs of a page from start to end.", ["page", "role"])
PAGE_SECONDS: Final = Histogram(
    "risicobeeld_page_seconds",
    "Seconds that a run of a page took.",
    ["page"],
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
)
PAGE_ERRORS: Final = Counter("risicobeeld_page_errors", "Errors that a page told its viewer, by kind.", ["error"])
REGISTER_WRITES: Final = Counter("risicobeeld_register_writes", "Events that the register kept.", ["kind"])
REGISTER_CONFLICTS: Final = Counter(
    "risicobeeld_register_conflicts", "Changes refused because somebody else was first.", ["kind"]
)
PART_RUNS: Final = Counter("risicobeeld_part_runs", "Runs of a part of a page: a filter, a click.", ["page"])
PART_SECONDS: Final = Histogram(
    "risicobeeld_part_seconds",
    "Seconds that a run of a part of a page took.",
    ["page"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
RUNNING: Final = Gauge("risicobeeld_running", "Runs of a page that are under way.")
LOOP_LAG: Final = Histogram(
    "risicobeeld_loop_lag_seconds",
    "How late the loop that answers browsers comes to a task: what everybody waits for.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
COLLECTED: Final = Counter(
    "risicobeeld_collected_seconds", "Seconds that all stood still for a collection of garbage.", ["generation"]
)
