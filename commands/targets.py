"""Commands on targets: ``python -m risk targets | sample | estimate | problems``."""

import argparse
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from commands.run import add_disease, refuse_unknown_disease
from door import export, readiness
from door import store as access
from door.readiness import Ranking
from geodata import codes
from geodata.errors import InputError
from geodata.snapshots import formats as store
from risk.index.model import for_disease, load_model
from risk.report import plan_file as target_table
from risk.report.files import write_document
from risk.report.plan_file import region_sheet
from risk.targets import checks as site_checks
from risk.targets import draw, estimates, limits
from risk.targets import inputs as target_inputs
from risk.targets import plan as targets
from risk.targets.request import change, read_request

_SHOWN: Final = 10


def add_commands(commands: Any) -> None:
    """Add the commands to the parser of ``python -m risk``."""
    _add_targets(commands.add_parser("targets", help="where to go first, within limits, with a random share"))
    _add_sample(commands.add_parser("sample", help="draw a stratified sample that anyone can draw again"))
    _add_estimate(commands.add_parser("estimate", help="what the outcomes of a sample say of the whole list"))
    _add_problems(commands.add_parser("problems", help="sites that something is wrong with, row by row"))


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="viewer", default="lotc", help="ROLE[:VR], for example region:VR06")
    parser.add_argument("--lang", choices=("nl", "en"), default="nl", help="language of the reasons")


def _add_targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--capacity", type=int, help="visits, of all lists together (default 40)")
    parser.add_argument("--audit-share", type=float, help="part of them drawn at random (default 0.2)")
    parser.add_argument("--seed", type=int, required=True, help="published with the plan; a date will do: 20201201")
    parser.add_argument("--request", type=Path, help="a TOML file as risk/targets/request.toml; options go before it")
    parser.add_argument("--out", type=Path, required=True, help=store.LISTED)
    parser.add_argument("--left-out", type=Path, help="also write why high scorers are not in (.csv, .xlsx)")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="also write one printable sheet per region")
    parser.add_argument("--prices", action="store_true", help="also print what every quota costs")
    _add_common(parser)
    add_disease(parser)
    parser.set_defaults(run=_targets)


def _targets(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    export.refuse_sites(scoped)
    refuse_unknown_disease(scoped, arguments.disease)
    model = for_disease(load_model(), arguments.disease)
    readiness.of(scoped, model.disease).require(Ranking.SITES)
    request = read_request(arguments.request)
    if arguments.capacity is not None:
        request = change(request, capacity=arguments.capacity)
    if arguments.audit_share is not None:
        request = change(request, audit_share=arguments.audit_share)
    inputs = target_inputs.read_inputs(scoped, model)
    plan = targets.make_plan(
        target_inputs.frame_for(inputs, [mark.site_id for mark in request.locked]),
        request,
        draw.checked_seed(arguments.seed),
        inputs.peildatum,
        calibration=inputs.calibration,
    )
    table = target_table.target_table(plan, inputs, scoped, arguments.lang)
    store.write_table(table, arguments.out)
    scoped.note_export("targets", len(plan.lines))
    if arguments.sheets:
        _write_sheets(table, scoped, arguments)
    left_out = target_table.left_out_table(plan, arguments.lang)
    if arguments.left_out:
        store.write_table(export.stamped(left_out, scoped, lang=arguments.lang), arguments.left_out)
    _tell(plan, inputs, left_out, arguments)


def _write_sheets(table: gpd.GeoDataFrame, scoped: access.ScopedStore, arguments: argparse.Namespace) -> None:
    arguments.sheets.mkdir(parents=True, exist_ok=True)
    regions = sorted(table["vr_code"].unique())
    for code in regions:
        write_document(region_sheet(table, code, scoped, arguments.lang), arguments.sheets / f"{code}.html")
    print(f"{len(regions)} sheets written to {arguments.sheets}")


def _tell(
    plan: targets.Plan, inputs: target_inputs.Inputs, left_out: pd.DataFrame, arguments: argparse.Namespace
) -> None:
    counts = plan.lines["list"].value_counts()
    listed = ", ".join(f"{name} {counts[name]}" for name in targets.LISTS if name in counts)
    print(f"{len(plan.lines)} visits written to {arguments.out}: {listed}")
    print(
        f"seed {plan.seed}, frame of {len(plan.sites)} sites {plan.frame_sha256[:16]}; {plan.points_are}:"
        f" {plan.objective:.1f}, gap {plan.gap:.2%}"
    )
    out_n = inputs.problems["site_id"].nunique()
    if out_n:
        print(f"{out_n} sites are kept out until resolved; see python -m risk problems")
    for row in left_out.head(_SHOWN).itertuples():
        print(f"  not in: {row.site_id} ({row.points:.1f}): {row.reason}")
    if arguments.prices:
        costs = targets.prices(plan)
        for limit, subject, price in costs[costs["price"] > 0].to_numpy():
            print(f"  price {price:6.2f}: {limits.limit_text(limit, subject, arguments.lang)}")
        print(f"  {int((costs['price'] <= 0).sum())} others cost nothing")


def _add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", required=True, help=f"one of {', '.join(codes.SITE_KINDS)}, or one that was added")
    parser.add_argument("--size-below", type=float, help="only sites smaller than this, in the kind's own unit")
    parser.add_argument("--size-from", type=float, help="only sites of at least this size")
    parser.add_argument("--vr", action="append", default=[], help="a veiligheidsregio; may be given again")
    parser.add_argument("--n", type=int, required=True, help="how many to draw")
    parser.add_argument("--minimum", type=int, default=2, help="the fewest per stratum (default 2)")
    parser.add_argument("--seed", type=int, required=True, help="published with the draw")
    parser.add_argument("--out", type=Path, required=True, help=store.LISTED)
    _add_common(parser)
    parser.set_defaults(run=_sample)


def _sample(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    wanted = draw.Wanted(
        arguments.kind, tuple(arguments.vr), arguments.size_from, arguments.size_below, arguments.n, arguments.minimum
    )
    export.refuse_sites(scoped)
    readiness.of(scoped, load_model().disease).require_table("sites")
    problems = target_inputs.read_problems(scoped)
    drawn = draw.draw_sample(scoped.table("sites"), problems, wanted, arguments.seed)
    table = export.stamped(drawn.table, scoped, lang=arguments.lang)
    table = export.with_own_sources(table, scoped, table["site_id"], arguments.lang)
    store.write_table(table, arguments.out)
    scoped.note_export("sample", len(table))
    print(f"{len(table)} of {drawn.frame_n} sites drawn, written to {arguments.out}")
    for line in draw.tell(drawn):
        print(f"  {line}")


def _add_estimate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a sample's CSV with a column found: yes, no or empty")
    parser.set_defaults(run=_estimate)


def _estimate(arguments: argparse.Namespace) -> None:
    share = estimates.stratified_share(draw.read_outcomes(arguments.file))
    if share.visits_n == 0:
        raise InputError(f"{arguments.file.name} has no outcome yet; write yes or no in the column found.")
    print(f"{share.share:.1%} of the list, with 95 % certainty between {share.low:.1%} and {share.high:.1%}")
    print(f"  from {share.visits_n} visits with a known outcome")


def _add_problems(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help=".csv, .xlsx or .parquet")
    _add_common(parser)
    parser.set_defaults(run=_problems)


def _problems(arguments: argparse.Namespace) -> None:
    scoped = access.open_store(access.parse_viewer(arguments.viewer))
    export.refuse_sites(scoped)
    readiness.of(scoped, load_model().disease).require_table("sites")
    found = target_inputs.read_problems(scoped)
    words = found["problem"].map(lambda name: site_checks.problem_text(name, arguments.lang))
    table = export.stamped(found.assign(text=words), scoped, lang=arguments.lang)
    store.write_table(export.with_own_sources(table, scoped, table["site_id"], arguments.lang), arguments.out)
    scoped.note_export("problems", len(found))
    print(f"{len(found)} findings written to {arguments.out}")
    for name, count in found["problem"].value_counts().sort_index().items():
        print(f"  {count:>5} {site_checks.problem_text(str(name), arguments.lang)}")
