"""`specc diff`: what a change to a spec will do."""

import argparse
import sys
from pathlib import Path
from typing import Final

from specc.cli.output import say
from specc.compiler.pipeline import compile_spec
from specc.diff.effects import compare
from specc.diff.render import as_json, as_text
from specc.errors import MissingData
from specc.frontend.reading import read_source
from specc.plan.file import load
from specc.plan.model import Plan

MAX_PLAN: Final = 256 << 20
"""Bytes of the largest plan that is read; one with 100,000 classes has a hundredth."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("old", type=Path, help="a spec or a plan")
    parser.add_argument("new", type=Path, help="a spec or a plan")
    parser.add_argument("--profile", action="append", default=[], metavar="NAME", help="apply a profile to both")
    parser.add_argument("--no-data", action="store_true", help="compare without looking at the data")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--exit-code", action="store_true", help="1 when the plans differ")


def run(arguments: argparse.Namespace) -> int:
    """Compare two plans."""
    profiles = tuple(arguments.profile)
    try:
        plans = [_plan(path, profiles, with_data=not arguments.no_data) for path in (arguments.old, arguments.new)]
    except MissingData as error:
        if ".json" in (arguments.old.suffix, arguments.new.suffix):
            raise
        say(f"compared without the data: {error.message}")
        plans = [_plan(path, profiles, with_data=False) for path in (arguments.old, arguments.new)]
    comparison = compare(*plans)
    sys.stdout.write(as_json(comparison) if arguments.json else as_text(comparison))
    return 1 if arguments.exit_code and comparison.edits else 0


def _plan(path: Path, profiles: tuple[str, ...], *, with_data: bool) -> Plan:
    if path.suffix != ".json":
        return compile_spec(path, profiles, with_data=with_data)[0]
    return load(read_source(path, limit=MAX_PLAN).text, str(path))
