"""The command that writes the data dictionary to a file."""

import argparse
from pathlib import Path
from typing import Any

from access.viewer import Viewer
from door import store as access
from geodata.snapshots import formats as store
from risk.index.model import load_model
from risk.report import dictionary


def add_commands(commands: Any) -> None:
    """Add ``dictionary``."""
    describing = commands.add_parser("dictionary", help="every table, column, unit, code and source, as JSON")
    describing.add_argument("--out", type=Path, required=True, help="a file that ends in .json")
    describing.set_defaults(run=_dictionary)


def _dictionary(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(Viewer("policy"))
    with store.whole_file(arguments.out) as part:
        part.write_bytes(dictionary.as_json(load_model(), scoped.sources))
    print(f"data dictionary written to {arguments.out}")
