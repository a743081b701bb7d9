"""`specc run`: does what is left to do."""

import argparse
import time
from pathlib import Path
from typing import Any

from specc.cli.output import add_spec_arguments, duration, say
from specc.cli.reading import compiled, in_root, read
from specc.cli.results import check_targets, print_results
from specc.compiler.context import Context
from specc.compiler.pending import pending
from specc.errors import InputError
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--fresh", action="store_true", help="start over")
    parser.add_argument(
        "--allow-drift", action="store_true", help="go on with other libraries or another device, and mark the run"
    )


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet; 3 when a target is missed."""
    began = time.monotonic()
    context = read(arguments)
    missing = pending(context.spec)
    if missing:
        raise InputError(f"`{arguments.spec}` needs what specc cannot run yet: {', '.join(missing)}")
    plan = compiled(context, arguments)
    folder = run_folder(plan, arguments)
    with in_root(arguments):
        results = None if arguments.fresh else folder.finished_results(plan)
        if results is not None:
            say(f"nothing left to do: {folder.root} is finished")
        else:
            wishes = {"fresh": arguments.fresh, "allow_drift": arguments.allow_drift}
            results = _train(plan, context, folder, began, wishes)
    print_results(results, plan)
    say(f"{folder.root}  {duration(time.monotonic() - began)}")
    check_targets(results["gates"])
    return 0


def run_folder(plan: Plan, arguments: argparse.Namespace) -> RunFolder:
    """Return the folder of a plan's run."""
    return RunFolder((arguments.root or Path()) / plan.run.out / plan.name, arguments.spec.suffix)


def _train(plan: Plan, context: Context, folder: RunFolder, began: float, wishes: dict[str, bool]) -> dict[str, Any]:
    from specc.cli.display import display
    from specc.runtime.events import Evaluated, Finished
    from specc.runtime.loop import train
    from specc.runtime.record import record

    spec = context.document.source.text
    results: dict[str, Any] = {}
    for event in display(record(train(plan, folder, spec, **wishes), folder, plan), plan):
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
