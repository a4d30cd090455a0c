"""What stands over and in the table of every benchmark: the machine and its load, and a figure beside its limit."""

import os
import platform
import time


def machine() -> str:
    """Return on what is measured, and how busy that is: without it a time says little."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB,"
        f" Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def processor_s(process_id: int) -> float:
    """Return the seconds of the processor that a process and its threads took, those that ended too (Linux)."""
    return time.clock_gettime((~process_id << 3) | 2)


def line(name: str, value: float, *, least: float | None = None, most: float | None = None, digits: int = 2) -> str:
    """Return a figure with its goal and whether it is met; a figure without a goal stands for comparison.

    Examples
    --------
    >>> print(line("share", 0.98, least=0.85, most=0.97))
    share                                                                          0.98  0.85-0.97  NOT MET
    """
    start = f"{name:72} {value:10.{digits}f}"
    if least is None and most is None:
        return start
    is_met = (least is None or value >= least) and (most is None or value <= most)
    limits = [f"{limit:.{digits}f}" for limit in (least, most) if limit is not None]
    goal = "-".join(limits) if len(limits) == 2 else f"{'>=' if most is None else '<='} {limits[0]}"
    return f"{start}  {goal}  {'met' if is_met else 'NOT MET'}"
