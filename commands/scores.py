"""Commands on the scores and on the visits: ``python -m risk score | targets | evaluate | method`` and more."""

import argparse
from pathlib import Path
from typing import Any

import pandas as pd

from access.rights import Verb
from access.viewer import may
from commands import reports as report_commands
from commands import targets as target_commands
from commands.run import add_disease, add_scheduler, pool_of, refuse_unknown_disease, run_one
from door import export, readiness
from door import store as access
from door.readiness import Ranking
from geodata import codes
from geodata.errors import AccessDeniedError, InputError
from geodata.snapshots import computed
from geodata.snapshots import formats as store
from risk.index.declaration import Model
from risk.index.indicators import CORE_TABLES
from risk.index.model import VERSIONS, check_posts, for_disease, load_model
from risk.insight import evaluation as evaluate
from risk.insight import foreign, method, papers
from risk.scores import context, deliver, outputs


def add_commands(commands: Any) -> None:
    """Add every command on the scores and the visits; each sets ``run``."""
    prepare = commands.add_parser(
        "prepare", help="compute scores of every level and alarms once, so that pages only read"
    )
    prepare.add_argument("--weeks", action="store_true", help="also the earlier weeks, so that none is waited for")
    add_scheduler(prepare)
    prepare.set_defaults(run=_prepare)
    _add_score(commands.add_parser("score", help="write the scores of a level to a file"))
    _add_evaluate(commands.add_parser("evaluate", help="how good the index is, compared with naive rules"))
    _add_method(commands.add_parser("method", help="the method in words, made from the model"))
    _add_papers(commands.add_parser("papers", help="the model card and the entry for the algorithm register"))
    _add_alarms(commands)
    _add_foreign(commands)
    target_commands.add_commands(commands)
    report_commands.add_commands(commands)


def _prepare(arguments: argparse.Namespace) -> None:
    store, model = access.open_store(access.Viewer("lotc")), load_model()
    for level in codes.LEVELS:
        _ensure(arguments, store.data_version, level, keep=True)
        print(f"scores of level {level} are ready")
    _prepare_alarms(store, model.disease)
    for week in outputs.read_scored(store, "vr", model).weeks if arguments.weeks else ():
        for level in codes.LEVELS:
            _ensure(arguments, store.data_version, level, week, keep=True)
        print(f"scores of week {week} are ready")
        _prepare_alarms(store, model.disease, week)


def _prepare_alarms(store: access.ScopedStore, disease: str, week: str = "") -> None:
    """Store with the scores what takes seconds; say why where the infections do not reach for it."""
    try:
        context.prepare(store.data_version, disease, week)
    except InputError as error:
        print(error)
    else:
        print(f"alarms of {week or 'the last week'} are ready")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default="",
        metavar="VERSION",
        help=f"an earlier version of the model, to compare with ({', '.join(VERSIONS)}); by today's rules",
    )


def _ensure(
    arguments: argparse.Namespace, data_version: str, level: str, week: str = "", *, keep: bool = False
) -> None:
    """Compute the scores of a level, on the workers that were named, unless they are there.

    To `keep` them is what prepares; another command goes on with those that only this process has.
    """
    model = for_disease(load_model(version=getattr(arguments, "model", "")), getattr(arguments, "disease", ""))
    if not outputs.is_ready(data_version, level, model, week):
        if keep:
            computed.refuse_unwritable()
        with pool_of(arguments) as pool:
            outputs.ensure(data_version, level, model, week, pool)
        if keep:
            computed.refuse_apart()


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("--level", choices=codes.LEVELS, required=True)
    score.add_argument(
        "--sector", default="", metavar="CODE|all", help="one of the twelve, or all: a row per unit and sector"
    )
    score.add_argument("--out", type=Path, required=True, help=store.LISTED)
    score.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
    score.add_argument("--lang", choices=("nl", "en"), default="nl", help="language of words and banner")
    _add_model(score)
    add_disease(score)
    add_scheduler(score)
    score.set_defaults(run=_score)


def _score(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    refuse_unknown_disease(scoped, arguments.disease)
    model = for_disease(load_model(version=arguments.model), arguments.disease)
    _ensure(arguments, scoped.data_version, arguments.level)
    scores = scoped.out("scores", arguments.level, model.version)
    with_places = arguments.out.suffix.lower() in store.MAPS
    if arguments.level == "site":
        export.refuse_sites(scoped)
    table = deliver.score_table(
        scoped, scores, arguments.level, arguments.sector, lang=arguments.lang, with_places=with_places
    )
    store.write_table(deliver.as_supported(table), arguments.out)
    scoped.note_export(f"scores_{arguments.level}", len(table))
    print(f"{len(table)} scores of level {arguments.level} written to {arguments.out}")


def _add_evaluate(evaluating: argparse.ArgumentParser) -> None:
    evaluating.add_argument("--level", choices=("gemeente", "vr"), default="gemeente")
    evaluating.add_argument("--out", type=Path, help="a Markdown file; without it the report is printed")
    evaluating.add_argument("--lang", choices=("nl", "en"), default="nl")
    evaluating.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR]; the whole country is needed")
    _add_model(evaluating)
    evaluating.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> None:
    viewer = access.parse_viewer(arguments.viewer)
    if not may(viewer, Verb.RUN, "evaluation"):
        raise AccessDeniedError(
            f"Role {viewer.role} sees a part of the country, and an evaluation needs all of it; "
            "ask one of lotc, analyst."
        )
    scoped = access.open_store(viewer)
    model = load_model(version=arguments.model)
    readiness.of(scoped, model.disease).require(Ranking.AREAS)
    tables = {name: scoped.table(name) for name in CORE_TABLES}
    result = evaluate.evaluate(tables, model, arguments.level, _version_before(model))
    text = evaluate.report(result, arguments.lang, is_demonstration=scoped.is_demonstration)
    _deliver(text, arguments.out)
    if not arguments.model:  # an earlier version is asked for to see where it fails
        check_posts(result.at_posts)  # last, so that who is refused has the report that shows why


def _version_before(model: Model) -> Model | None:
    """Return the newest earlier version of the model, which the evaluation compares with; none before the first."""
    earlier = [version for version in VERSIONS if version != model.version.partition("-")[0]]
    return load_model(version=max(earlier)) if earlier else None


def _add_method(describing: argparse.ArgumentParser) -> None:
    describing.add_argument("--out", type=Path, help="a Markdown file; without it the text is printed")
    describing.add_argument("--lang", choices=("nl", "en"), default="nl")
    describing.set_defaults(run=_method)


def _method(arguments: argparse.Namespace) -> None:
    _deliver(method.document(load_model(), arguments.lang), arguments.out)


def _add_papers(writing: argparse.ArgumentParser) -> None:
    writing.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write them")
    writing.set_defaults(run=_papers)


def _papers(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.Viewer("lotc"))
    model = load_model()
    readiness.of(scoped, model.disease).require(Ranking.AREAS)
    tables = {name: scoped.table(name) for name in CORE_TABLES}
    result = evaluate.evaluate(tables, model, "vr", _version_before(model))
    report = evaluate.report(result, "en", is_demonstration=scoped.is_demonstration)
    _deliver(papers.model_card(model, report), arguments.out / "model_card.md")
    _deliver(papers.algorithm_register(model), arguments.out / "algorithm_register.md")


def _deliver(text: str, path: Path | None) -> None:
    if path is None:
        print(text)
        return
    with store.whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    print(f"written to {path}")


def main(argv: list[str] | None = None) -> int:
    """Run one command of ``python -m risk``."""
    return run_one("python -m risk", "The scores and what they rest on.", [add_commands], argv)


def _add_alarms(commands: Any) -> None:
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


def _add_foreign(commands: Any) -> None:
    running = commands.add_parser("foreign", help="run an outside index on a matrix, with intervals")
    running.add_argument(
        "--values", dest="matrix", type=Path, required=True, help="a csv: a row per unit, a column per indicator"
    )
    running.add_argument("--tree", type=Path, required=True, help="a TOML file: parts, indicators, weights, goalposts")
    running.add_argument("--out", type=Path, required=True, help=".csv, .xlsx or .parquet")
    running.add_argument("--seed", type=int, default=1, help="of the rebuilds")
    running.set_defaults(run=_foreign)


def _foreign(arguments: argparse.Namespace) -> None:
    tree = foreign.read_tree(arguments.tree)
    try:
        values = pd.read_csv(arguments.matrix, index_col=0)
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.matrix} cannot be read as csv ({error}); give a row per unit.") from error
    numbers = values.apply(pd.to_numeric, errors="coerce")
    parts = foreign.index_of(numbers, tree).drop(columns=list(numbers.columns), errors="ignore")
    intervals = foreign.rank_intervals(numbers, tree, seed=arguments.seed).drop(columns="value_0_10")
    table = parts.join(intervals).sort_values("rank").rename_axis(values.index.name or "unit").reset_index()
    store.write_table(table, arguments.out)
    print(f"{len(table)} units written to {arguments.out}")
