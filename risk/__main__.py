"""Commands on the scores: ``python -m risk score``."""

import argparse
import sys
from pathlib import Path

from geodata import access, codes, export, store
from geodata.errors import RisicobeeldError
from risk import deliver, outputs
from risk.model import load_model


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m risk", description="The scores and what they rest on.")
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="compute the scores of every level once, so that pages only read")
    prepare.set_defaults(run=_prepare)
    _add_score(commands.add_parser("score", help="write the scores of a level to a file"))
    return parser


def _prepare(_: argparse.Namespace) -> None:
    data_version = access.open_store(access.Viewer("lotc")).data_version
    model = load_model()
    for level in codes.LEVELS:
        outputs.ensure(data_version, level, model)
        print(f"scores of level {level} are ready")


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("--level", choices=codes.LEVELS, required=True)
    score.add_argument(
        "--sector", default="", metavar="CODE|all", help="one of the twelve, or all: a row per unit and sector"
    )
    score.add_argument("--out", type=Path, required=True, help=".csv, .xlsx, .parquet, .geojson or .gpkg")
    score.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
    score.add_argument("--lang", choices=("nl", "en"), default="nl", help="language of the class words")
    score.set_defaults(run=_score)


def _score(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    model = load_model()
    outputs.ensure(scoped.data_version, arguments.level, model)
    scores = scoped.out("scores", arguments.level, model.version)
    with_places = arguments.out.suffix.lower() in export.MAP_ENDINGS
    table = deliver.score_table(
        scoped, scores, arguments.level, arguments.sector, lang=arguments.lang, with_places=with_places
    )  # fmt: skip
    store.write_table(table, arguments.out)
    print(f"{len(table)} scores of level {arguments.level} written to {arguments.out}")


def main(argv: list[str] | None = None) -> int:
    """Run one command; an error that the product knows is one sentence, and exit status 2."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except RisicobeeldError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
