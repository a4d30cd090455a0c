"""Let a test process look for rubbish seldom: it holds modules and tests by the hundred, which are never rubbish.

Python looks each time that some seven hundred new objects are there, and now and then through all of them; one workbook
makes a million. That was a fifteenth of the work of tests without a browser.
"""

import gc


def sweep_seldom() -> None:
    """Look after fifty thousand new objects."""
    gc.set_threshold(50_000, 10, 10)


def keep_what_is_there() -> None:
    """Never look again through what there is now."""
    gc.collect()
    gc.freeze()


sweep_seldom()
