"""`specc eval`: measures the weights of a checkpoint on the data of its own plan."""

import argparse
import json
import sys
from pathlib import Path

from specc.checkpoint.metadata import to_strict
from specc.cli.output import add_root_argument
from specc.cli.reading import in_root
from specc.cli.results import check_targets, print_splits, print_verdict


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("checkpoint", type=Path, help="what `specc run` wrote")
    parser.add_argument(
        "--split", action="append", default=[], metavar="NAME", help="measure this one, not all but train; repeatable"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument("--json", action="store_true", help="for machines")
    add_root_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure it; 3 when a target is missed."""
    from specc.runtime.assess import assess

    path = arguments.checkpoint.absolute() if arguments.root else arguments.checkpoint
    with in_root(arguments):
        found = assess(path, arguments.split, arguments.device)
    if arguments.json:
        about = {"checkpoint": str(path), "stage": found.info.stage, "epoch": found.info.epoch, "step": found.info.step}
        record = {**about, "plan": found.plan.digest, **found.values, "gates": found.gates}
        sys.stdout.write(json.dumps(to_strict(record), indent=1, ensure_ascii=False) + "\n")
    else:
        title = f"{found.info.kind} of {found.info.stage} epoch {found.info.epoch}, on"
        print_splits(title, found.values, found.plan)
        print_verdict(found.gates, found.judged_on, len(found.unreadable))
    check_targets(found.gates)
    return 0
