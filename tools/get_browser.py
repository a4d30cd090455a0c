"""Get a Chromium for the browser tests where there is none: Debian's package as root, else Playwright's.

Where there are two, the one without a window of its own serves: a page costs it a fifth less of the processor.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_DEBIAN = ("chromium-headless-shell", "chromium")


def find() -> str | None:
    """Return the path of a Chromium that is there: the one named, the system's, or Playwright's own."""
    named = os.environ.get("RISICOBEELD_CHROMIUM")
    if named:
        return named
    for name in (*_DEBIAN, "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> None:
    """Install one if needed; a machine that cannot have it skips the browser tests."""
    if find():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        commands = [["apt-get", "update", "-qq"], *(["apt-get", "install", "-qq", "-y", name] for name in _DEBIAN)]
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    else:
        commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
        environment = dict(os.environ)
    for command in commands:
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)
        if find():
            break
    print(f"Chromium: {find() or 'none could be installed; the browser tests will be skipped'}")


if __name__ == "__main__":
    main()
