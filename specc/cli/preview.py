"""`specc preview`: a contact sheet of what the model will see."""

import argparse
from pathlib import Path

from specc.cli.output import add_spec_arguments, say
from specc.cli.reading import compiled, in_root, read
from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.errors import InputError, UsageError
from specc.plan.model import Plan


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("preview.png"), help="file to write; preview.png")
    parser.add_argument("--samples", type=int, default=6, metavar="N", help="rows, from frequent classes to rare ones; 6")
    parser.add_argument("--stage", metavar="NAME", help="show one stage only")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="choose other samples; 0")


def run(arguments: argparse.Namespace) -> int:
    """Draw the samples of a spec as its stages will see them."""
    context = read(arguments)
    plan = compiled(context, arguments)
