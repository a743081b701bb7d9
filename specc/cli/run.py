"""`specc run`: does what is left to do."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from specc.cli.output import add_spec_arguments, console, duration, say
from specc.cli.reading import compiled, in_root, read
from specc.compiler.context import Context
from specc.compiler.pending import pending
from specc.errors import GateMissed, InputError
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--fresh", action="store_true", help="start over")


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet; 3 when a target is missed."""
    began = time.monotonic()
    context = read(arguments)
    missing = pending(context.spec)
    if missing:
        raise InputError(f"`{arguments.spec}` needs what specc cannot run yet: {', '.join(missing)}")
    plan = compiled(context, arguments)
    folder = RunFolder((arguments.root or Path()) / plan.run.out / plan.name, arguments.spec.suffix)
    with in_root(arguments):
        results = None if arguments.fresh else folder.finished_results(plan)
        if results is not None:
            say(f"nothing left to do: {folder.root} is finished")
        else:
            results = _train(plan, context, folder, began, fresh=arguments.fresh)
    print_results(results, plan)
    say(f"{folder.root}  {duration(time.monotonic() - began)}")
    missed = [gate for gate in results["gates"] if not gate["passed"]]
    if missed:
        raise GateMissed(f"{len(missed)} of {len(results['gates'])} targets missed", help="see the table")
    return 0


def _train(plan: Plan, context: Context, folder: RunFolder, began: float, *, fresh: bool) -> dict[str, Any]:
    from specc.cli.display import display
    from specc.runtime.events import Evaluated, Finished
    from specc.runtime.loop import train
    from specc.runtime.record import record

    spec = context.document.source.text
    results: dict[str, Any] = {}
    for event in display(record(train(plan, folder, spec, fresh=fresh), folder, plan), plan):
        if isinstance(event, Evaluated):
            _report(plan, event, folder, spec, time.monotonic() - began)
        elif isinstance(event, Finished):
            results = event.results
    return results


def _report(plan: Plan, event: Any, folder: RunFolder, spec: str, seconds: float) -> None:
    """Write what belongs to a finished run, before it is marked as finished."""
    from specc.export.timm_folder import export_timm
    from specc.report.model import Finished as FinishedRun
    from specc.report.write import write_report

    if plan.model.backbone and "timm" in plan.export.args["formats"]:
        export_timm(plan, event.checkpoint, folder.export)
    results = {**event.results, "seconds": seconds}
    finished = FinishedRun(plan, event.history, results, event.predictions, event.rates, event.environment, spec)
    write_report(finished, folder.root)


def print_results(results: dict[str, Any], plan: Plan) -> None:
    """Print the metrics by split, in the plan's order, and the targets with hit or miss."""
    from rich import box
    from rich.table import Table

    from specc.runtime.words import shown

    out = console(sys.stdout)
    splits = [name for name in ("val", "test") if name in results]
    table = Table("metric", *splits, box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("loss", *plan.evaluate.metrics) if splits else ():
        table.add_row(name, *(shown(name, results[split].get(name)) for split in splits))
    out.print(table)
    for gate in results["gates"]:
        verdict = "[green]reached[/]" if gate["passed"] else "[bold red]missed [/]"
        value = shown(gate["metric"], gate["value"])
        out.print(f"{verdict}  {gate['gate']}  {value} on {results['judged_on']}", soft_wrap=True)
