"""`specc preview`: a contact sheet of what the model will see."""

import argparse
from pathlib import Path
from typing import Final

from specc.cli.output import add_spec_arguments, say, write_named
from specc.cli.reading import compiled, in_root, read
from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.errors import InputError, UsageError
from specc.plan.model import Plan

MOST: Final = 100
"""Rows of the longest sheet."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("-o", "--out", type=Path, default=Path("preview.png"), help="file to write; preview.png")
    parser.add_argument(
        "--samples", type=int, default=6, metavar="N", help="rows, from frequent classes to rare ones; 6"
    )
    parser.add_argument("--stage", metavar="NAME", help="show this stage only")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="choose other samples; 0")


def run(arguments: argparse.Namespace) -> int:
    """Draw samples as they are read, as the stages will see them, and as they are evaluated."""
    if not 1 <= arguments.samples <= MOST:
        raise UsageError(f"`--samples {arguments.samples}`: a sheet has 1 to {MOST} rows")
    if arguments.out.suffix.lower() != ".png" or arguments.out.is_dir():
        raise UsageError(f"`{arguments.out}` cannot be written", help="name a file that ends in .png")
    context = read(arguments)
    if context.spec.augment.views or context.spec.model.architecture:
        raise InputError(f"`{arguments.spec}` cannot be previewed yet: only lists of transforms can")
    plan = compiled(context, arguments)
    stages = _stages(plan, arguments.stage)
    with in_root(arguments):
        picture = _drawn(plan, context, stages, arguments)
    write_named(arguments.out, picture)
    say(f"{arguments.out}: {plan.name}, {', '.join(plan.stages[stage].name for stage in stages)}")
    return 0


def _stages(plan: Plan, wanted: str | None) -> list[int]:
    names = [stage.name for stage in plan.stages]
    if wanted is None:
        return list(range(len(names)))
    if wanted not in names:
        raise UsageError(f"there is no stage `{wanted}`", help=did_you_mean(wanted, names, "stages"))
    return [names.index(wanted)]


def _drawn(plan: Plan, context: Context, stages: list[int], arguments: argparse.Namespace) -> bytes:
    from specc.data.index import build_index
    from specc.report.drawing import png
    from specc.report.preview import preview_figure
    from specc.runtime.preview import Preview

    samples = build_index(plan.data, plan.seed).splits["train"]
    preview = Preview(plan, samples, arguments.samples, arguments.seed)
    return png(preview_figure(preview, preview.groups(stages), _words(context)))


def _words(context: Context) -> dict[str, list[str]]:
    """Return the transforms of each stage as they are written; those of the evaluation under an empty name."""
    shared = context.spec.augment
    words = {"": list(map(str, shared.eval))}
    for path, stage in context.stages():
        own = context.setting(path, stage, "augment")[0]
        words[stage.name] = list(map(str, shared.train if own is None else own))
    return words
