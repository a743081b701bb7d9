"""`specc validate`."""

import argparse
import sys

from specc.cli.output import add_spec_arguments, print_diagnostics
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import apply_allowed, validate
from specc.diagnostics.model import Severity, SpecError
from specc.diagnostics.render import printable
from specc.errors import MissingData


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--strict", action="store_true", help="warnings are errors")
    parser.add_argument("--no-data", action="store_true", help="leave the data alone")


def run(arguments: argparse.Namespace) -> int:
    """Check a spec; 1 when it is wrong."""
    context, problems = validate(arguments.spec, tuple(arguments.profile), tuple(arguments.overrides))
    note = ""
    if context and (problems.errors or arguments.no_data):
        apply_allowed(context, complete=False)
    elif context:
        try:
            compile_checked(context)
        except SpecError:
            pass  # its problems are in the context's
        except MissingData as error:
            note = f" (without its data: {error.message})"
            apply_allowed(context, complete=False)
    found = problems.sorted()
    if found or arguments.format == "json":
        print_diagnostics(found, arguments.format, sys.stdout)
    errors = len(found) if arguments.strict else len(problems.errors)
    warnings = sum(d.severity is Severity.WARNING for d in found)
    if arguments.format == "full":
        verdict = _verdict(errors, warnings if not arguments.strict else 0)
        sys.stdout.write(f"{chr(10) if found else ''}{printable(str(arguments.spec))}: {verdict}{printable(note)}\n")
    return 1 if errors else 0


def _verdict(errors: int, warnings: int) -> str:
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) or "fine"
