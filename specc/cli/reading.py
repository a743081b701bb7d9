"""What every command that reads a spec does with its arguments."""

import argparse
import sys
from contextlib import AbstractContextManager, chdir, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from specc.cli.output import print_diagnostics
from specc.compiler.context import Context
from specc.compiler.validate import validated
from specc.diagnostics.model import Diagnostic, Diagnostics, Severity, SpecError

if TYPE_CHECKING:
    from specc.plan.model import Plan


def read(arguments: argparse.Namespace, *, with_data: bool = True) -> Context:
    """Read the spec with its profiles and flags.

    Raises: SpecError with all problems when it is wrong.
    """
    layers = tuple(arguments.profile), tuple(arguments.overrides)
    return validated(arguments.spec, *layers, with_data=with_data)


def compiled(context: Context, arguments: argparse.Namespace, until: str | None = None) -> "Plan":
    """Compile what was read, and tell its warnings.

    Raises: SpecError when it is wrong; with `--strict`, when it has warnings.
    """
    from specc.compiler.pipeline import compile_checked

    with in_root(arguments):
        plan = compile_checked(context, until)
    found = judged(context.problems, arguments)
    if any(d.severity is Severity.ERROR for d in found):
        raise SpecError(found)
    if found:
        print_diagnostics(found, arguments.format, sys.stderr)
    return plan


def judged(problems: Diagnostics, arguments: argparse.Namespace) -> list[Diagnostic]:
    """Return the problems in their order; with `--strict`, a warning is an error."""
    found = problems.sorted()
    return [replace(d, severity=Severity.ERROR) for d in found] if arguments.strict else found


def in_root(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """Work in the folder of `--root`, where the paths in a spec start; those of the command line do not."""
    return chdir(arguments.root) if arguments.root else nullcontext()
