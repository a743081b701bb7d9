"""`specc diff`: what a change to a spec will do."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specc.cli.output import add_layer_arguments, console
from specc.cli.sides import Pair, pairs, state_of
from specc.diff.effects import Comparison, Effect, compare
from specc.diff.render import as_json, as_markdown, as_table, as_text
from specc.errors import UsageError

FAILING: Final = {"any": Effect.NOTHING, "weights": Effect.RESULTS, "model": Effect.MODEL}
"""The least effect for which `--fail-on` gives exit code 1."""

WIDE: Final = 110
"""Columns of a terminal that has room for both sides."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "sides",
        nargs="*",
        metavar="SIDE",
        help="two specs, plans, checkpoints or run folders; or REV[..REV] and specs, as git has them",
    )
    add_layer_arguments(parser)
    parser.add_argument("--staged", action="store_true", help="the index against HEAD")
    parser.add_argument("--no-data", action="store_true", help="compare without looking at the data")
    parser.add_argument("--can-continue", type=Path, metavar="RUN", help="a run or checkpoint: can it go on under NEW?")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--markdown", action="store_true", help="for a comment on a pull request")
    parser.add_argument("--exit-code", action="store_true", help="1 when anything differs, as --fail-on any")
    parser.add_argument("--fail-on", choices=list(FAILING), help="1 when a change does at least that")
    parser.add_argument("--install", action="store_true", help="let git show specs by this command, in this repository")
    parser.add_argument("--driver", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--textconv", type=Path, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """Compare, print, and judge."""
    if arguments.install or arguments.driver or arguments.textconv:
        from specc.cli import driver

        return driver.run(arguments)
    if arguments.json and arguments.markdown:
        raise UsageError("`--json` and `--markdown` are two outputs", help="choose one")
    with tempfile.TemporaryDirectory(prefix="specc-diff-") as scratch:
        found = [*pairs(arguments, Path(scratch).resolve())]
    compared = [(pair.title, compare(pair.old, pair.new)) for pair in found if pair.old and pair.new]
    lonely = [pair for pair in found if not (pair.old and pair.new)]
    sys.stdout.write("".join(_printed(compared, lonely, arguments)))
    return 1 if _fails(compared, lonely, arguments) else 0


def _printed(
    compared: list[tuple[str, Comparison]], lonely: list[Pair], arguments: argparse.Namespace
) -> Iterator[str]:
    several = len(compared) + len(lonely) != 1
    if arguments.json:
        yield as_json(dict(compared) if several or lonely else compared[0][1])
        return
    for title, comparison in compared:
        more = _expected(comparison, arguments.root or Path())
        more += [_going_on(arguments.can_continue, comparison)] if arguments.can_continue else []
        if arguments.markdown:
            yield as_markdown(comparison, title, more)
        else:
            yield f"{title}\n" if several else ""
            yield _for_people(comparison, more)
    for pair in lonely:
        yield f"{pair.title}: {'removed' if pair.old else 'new'}\n"
    if not (compared or lonely):
        yield "no spec differs\n"


def _expected(comparison: Comparison, root: Path) -> list[str]:
    """Return what runs and the store add; nothing where the data is not here."""
    if comparison.new.data.fingerprints is None:
        return []
    from specc.cli.expected import expected_lines

    return [*expected_lines(comparison, root)]


def _for_people(comparison: Comparison, more: list[str]) -> str:
    """Return two columns where a terminal has room, and lines elsewhere."""
    out = console(sys.stdout)
    if not (sys.stdout.isatty() and out.width >= WIDE and comparison.edits):
        return as_text(comparison, more)
    with out.capture() as captured:
        out.print(as_table(comparison))
    rest = as_text(comparison, more, changes_too=False)
    table: str = captured.get()
    return table + rest


def _going_on(path: Path, comparison: Comparison) -> str:
    """Say whether a checkpoint, or a run by its newest state, goes on under the new plan."""
    info = state_of(path)
    if info is None:
        raise UsageError(f"`{path}` is no checkpoint of specc, and no run", help="name a checkpoint or a run folder")
    new = comparison.new
    index = info.stage_index
    if index < len(new.stages) and new.stage_digests[index] == info.stage_digest:
        where = f"at step {info.step:,} of {new.stages[index].name}" if info.kind == "last" else f"after {info.stage}"
        return f"{path} goes on {where}"
    if comparison.fits:
        return f"{path} does not go on: stage {info.stage} is trained again; its weights fit, by model.start_from"
    return f"{path} does not go on: its weights do not fit"


def _fails(compared: list[tuple[str, Comparison]], lonely: list[Pair], arguments: argparse.Namespace) -> bool:
    level = "any" if arguments.exit_code and not arguments.fail_on else arguments.fail_on
    if level is None:
        return False
    return bool(lonely) or any(it.edits and it.effect >= FAILING[level] for _, it in compared)
