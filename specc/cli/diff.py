"""`specc diff`: what a change to a spec will do."""

import argparse
import sys
from pathlib import Path
from typing import Final

from specc.cli.output import add_layer_arguments, say
from specc.cli.reading import in_root
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validated
from specc.diff.effects import compare
from specc.diff.render import as_json, as_text
from specc.errors import MissingData, UsageError
from specc.frontend.reading import read_source
from specc.plan.file import load
from specc.plan.model import Plan

MAX_PLAN: Final = 256 << 20
"""Bytes of the largest plan that is read; one with 100,000 classes has a hundredth."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("old", type=Path, help="a spec or a plan")
    parser.add_argument("new", type=Path, help="a spec or a plan")
    add_layer_arguments(parser)
    parser.add_argument("--no-data", action="store_true", help="compare without looking at the data")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--exit-code", action="store_true", help="1 when the plans differ")


def run(arguments: argparse.Namespace) -> int:
    """Compare two plans; what is said of how a spec is read holds for both."""
    paths = (arguments.old, arguments.new)
    if (arguments.profile or arguments.overrides) and all(path.suffix == ".json" for path in paths):
        raise UsageError("`--profile` and `--set` change specs, and both of these are plans", help="name a spec")
    try:
        plans = [_plan(path, arguments, with_data=not arguments.no_data) for path in paths]
    except MissingData as error:
        if ".json" in (arguments.old.suffix, arguments.new.suffix):
            raise
        say(f"compared without the data: {error.message}")
        plans = [_plan(path, arguments, with_data=False) for path in paths]
    comparison = compare(*plans)
    sys.stdout.write(as_json(comparison) if arguments.json else as_text(comparison))
    return 1 if arguments.exit_code and comparison.edits else 0


def _plan(path: Path, arguments: argparse.Namespace, *, with_data: bool) -> Plan:
    if path.suffix == ".json":
        return load(read_source(path, limit=MAX_PLAN).text, str(path))
    context = validated(path, tuple(arguments.profile), tuple(arguments.overrides), with_data=with_data)
    with in_root(arguments):
        return compile_checked(context)
