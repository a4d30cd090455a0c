"""Looks at an import between any two of its changes to the data folder and reports what a viewer then has.

Run by ``test_refresh.py`` in a process of its own. The import is walked once: at each change, as Python announces it,
the folder is copied as it stands on the disk, which is what a process that is killed there leaves behind. At three of
the changes a process is killed indeed: what a viewer has after it must be what the copy gives.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")


def at_each_change(data: Path, job: "Callable[[int], None]") -> None:
    """Import, and do a job before each change below ``data``: it is told the number of the change."""
    seen, is_ours = 0, False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen, is_ours
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if not is_ours and (event in CHANGES or writes) and str(arguments[0]).startswith(str(data)):
            seen, is_ours = seen + 1, True
            job(seen)
            is_ours = False

    sys.addaudithook(hook)
    import_cases(data, 8)


def copy_at_each(data: Path, _last: int, told: int) -> None:
    """Copy the folder at each change, and tell of how many there were."""
    copies: list[Path] = []

    def copy(number: int) -> None:
        copies.append(Path(shutil.copytree(data, data.parent / f"at-{number}", copy_function=shutil.copy2)))

    at_each_change(data, copy)
    os.write(told, str(len(copies)).encode())


def be_killed(data: Path, last: int, told: int) -> None:
    """Let the process end without a word at its ``last`` change."""
    at_each_change(data, lambda number: os.kill(os.getpid(), signal.SIGKILL) if number == last else None)
    os.write(told, b"it lived")


def import_cases(data: Path, cases: int) -> None:
    os.environ["RISICOBEELD_DATA"] = str(data)
    path = data.parent / "cases.csv"
    path.write_text(f"gemeente;week;aantal\nGM0363;2026-W01;{cases}\n", "utf-8")
    imports.import_incidence(path, "invented", ColumnMapping())


def look(data: Path, _last: int, told: int) -> None:
    """Tell which cases a viewer sees, and whether the next import goes through."""
    os.environ["RISICOBEELD_DATA"] = str(data)
    seen = access.open_store(access.Viewer("lotc"))
    cases = seen.table("incidence")["cases_n"].tolist()
    import_cases(data, 21)
    after = access.open_store(access.Viewer("lotc")).table("incidence")["cases_n"].tolist()
    os.write(told, json.dumps([cases, after]).encode())


def forked(job: "Callable[[Path, int, int], None]", data: Path, last: int = 0) -> str:
    """Run a job in a fork; return what it told, '' when it was killed before it could."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            job(data, last, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    told = b""
    while chunk := os.read(reading, 65_536):
        told += chunk
    os.close(reading)
    os.waitpid(child, 0)
    return told.decode()


def main(folder: Path) -> None:
    # What any import loads and reads of the product itself is loaded once, here: every fork has it then.
    import_cases(folder / "other", 5)
    database.close()
    baseline = folder / "baseline"
    forked(lambda data, _last, _told: import_cases(data, 3), baseline)
    walked = Path(shutil.copytree(baseline, folder / "walked"))
    points = int(forked(copy_at_each, walked))
    left = [folder / f"at-{number}" for number in range(1, points + 1)]
    killed = [points // 4, points // 2, 3 * points // 4]
    for last in killed:
        left.append(Path(shutil.copytree(baseline, folder / f"killed-{last}")))
        assert forked(be_killed, left[-1], last) == ""
    outcomes: list[list[object]] = []
    for data in left:
        told = forked(look, data)
        outcomes.append(json.loads(told) if told else ["nothing could be read", data.name])
    # What a killed process leaves is what was copied at that change.
    assert [outcomes[last - 1] for last in killed] == outcomes[points:]
    good = {"[[3.0], [21.0]]": 0, "[[8.0], [21.0]]": 0}
    broken = []
    for outcome in outcomes:
        text = json.dumps(outcome)
        if text in good:
            good[text] += 1
        else:
            broken.append(outcome)
    old_n, new_n = good.values()
    sys.stdout.write(json.dumps({"points": points, "old_n": old_n, "new_n": new_n, "broken": broken}))


if __name__ == "__main__":
    from collections.abc import Callable

    from access.database import engine as database
    from door import store as access
    from geodata.intake.columns import ColumnMapping
    from geodata.refresh import imports

    main(Path(sys.argv[1]))
