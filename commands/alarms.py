"""The command that writes the alarms of a week to a file."""

import argparse
from pathlib import Path

from commands.run import add_disease, refuse_unknown_disease
from door import export
from door import store as access
from geodata.snapshots import formats as store
from risk.index.model import load_model
from risk.scores import context


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``alarms``."""
    alarms = commands.add_parser("alarms", help="gemeenten with more infections in a week than expected")
    alarms.add_argument("--week", default="", metavar="2020-W22", help="the last week of the table by default")
    alarms.add_argument("--out", type=Path, required=True, help=store.LISTED)
    alarms.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
    alarms.add_argument("--lang", choices=("nl", "en"), default="nl", help="language of the banner")
    add_disease(alarms)
    alarms.set_defaults(run=_alarms)


def _alarms(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    refuse_unknown_disease(scoped, arguments.disease)
    found = context.alarms_of(scoped, arguments.disease or load_model().disease, arguments.week)
    names = scoped.table("gemeenten").set_index("gemeente_code")["gemeente_name"]
    week = str(found["week"].iloc[0]) if len(found) else arguments.week
    columns = ["gemeente_code", "cases_n", "expected_n", "p", "rank", "is_alarm", "gemeente_name", "week"]
    table = found.assign(gemeente_name=found["gemeente_code"].map(names))[columns]
    table = table.astype({"rank": "Int64"})
    with_places = arguments.out.suffix.lower() in store.MAPS
    licence = export.PLACES_LICENCE if with_places else export.FIGURES_LICENCE
    table = export.stamped(table, scoped, lang=arguments.lang, licence=licence)
    store.write_table(export.with_places(table, "gemeente_code", scoped) if with_places else table, arguments.out)
    scoped.note_export("alarms", len(table))
    print(f"{int(found['is_alarm'].sum())} alarm(s) among {len(table)} gemeenten in {week}, written to {arguments.out}")
