"""The commands that write for who never signs in: the published folder, and the data dictionary."""

import argparse
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from access.viewer import Viewer
from door import store as access
from geodata.snapshots import formats as store
from risk.index.model import load_model
from risk.report import dictionary


def add_commands(commands: Any) -> None:
    """Add ``publish`` and ``dictionary``."""
    publishing = commands.add_parser("publish", help="write static pages that everybody may read")
    publishing.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="new, empty, or written before")
    publishing.set_defaults(run=_publish)
    describing = commands.add_parser("dictionary", help="every table, column, unit, code and source, as JSON")
    describing.add_argument("--out", type=Path, required=True, help="a file that ends in .json")
    describing.set_defaults(run=_dictionary)


def _publish(arguments: argparse.Namespace) -> None:
    logging.disable(logging.WARNING)  # Streamlit would tell that no page is open
    from dashboard.server import publish  # noqa: PLC0415 - the parts of the pages take a second, for this command alone

    logging.disable(logging.NOTSET)
    known_on = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)  # the month before
    size = publish.publish(arguments.out, known_on)
    print(f"pages written to {arguments.out}, {size / 1e6:.1f} MB, with the register as known on {known_on}")


def _dictionary(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(Viewer("policy"))
    with store.whole_file(arguments.out) as part:
        part.write_bytes(dictionary.as_json(load_model(), scoped.sources))
    print(f"data dictionary written to {arguments.out}")
