"""`specc validate`."""

import argparse
import sys
from collections.abc import Iterable
from itertools import chain
from typing import Any

from specc.cli.output import add_spec_arguments, console, print_diagnostics, say
from specc.cli.reading import in_root, judged
from specc.compiler.consulted import consulted
from specc.compiler.context import Context
from specc.compiler.validate import apply_allowed, validate
from specc.data.places import require_any
from specc.diagnostics.model import Severity, SpecError
from specc.diagnostics.render import printable
from specc.errors import MissingData


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    levels = ("none", "manifest", "full")
    parser.add_argument("--data", choices=levels, default="manifest", help="how far to look; full opens every image")
    parser.add_argument("--no-data", action="store_const", const="none", dest="data", help="the same as --data none")
    parser.add_argument("--no-cache", action="store_true", help="check again what was fine, and remember nothing")


def run(arguments: argparse.Namespace) -> int:
    """Check a spec; 1 when it is wrong."""
    context, problems = validate(arguments.spec, tuple(arguments.profile), tuple(arguments.overrides))
    with in_root(arguments):
        note = _finish(context, arguments.data) if context else ""
    found = judged(problems, arguments)
    print_diagnostics(found, arguments.format, sys.stdout)
    errors = sum(d.severity is Severity.ERROR for d in found)
    if arguments.format == "full":
        verdict = _verdict(errors, len(found) - errors)
        said = f"{chr(10) if found else ''}{printable(str(arguments.spec))}: {verdict}{printable(note)}\n"
        sys.stdout.write(said)
        if context and not found and arguments.memory and not arguments.no_cache and arguments.data != "full":
            _remember(arguments, context, said)
    return 1 if errors else 0


def _remember(arguments: argparse.Namespace, context: Context, said: str) -> None:
    texts = {source.name: source.text for source in context.sources}
    with in_root(arguments):
        paths = consulted(context.spec, with_data=arguments.data != "none")
        arguments.memory.remember(said, texts, chain(paths, context.looked_at))


def _finish(context: Context, level: str) -> str:
    """Check what only the data shows, where the spec itself is right; return what else is to be said of it."""
    context.watch = _watch if level == "full" else None
    if level != "none" and not context.problems.errors:
        try:
            require_any(context.spec.data)
            _compile(context)
        except SpecError:
            pass  # its problems are in the context's
        except MissingData as error:
            context.remarks.append(f"without its data: {error.message}")
    apply_allowed(context, complete=False)
    return f" ({'; '.join(context.remarks)})" if context.remarks else ""


def _compile(context: Context) -> None:
    """Compile a spec whose data is here."""
    from specc.compiler.pipeline import compile_checked

    compile_checked(context)


def _watch(images: Iterable[Any], number: int) -> Iterable[Any]:
    """Show how many images are opened, where somebody looks on."""
    from rich.progress import track

    say(f"opening {number:,} image{'' if number == 1 else 's'}")
    out = console(sys.stderr)
    return track(images, "", number, console=out, transient=True, disable=not sys.stderr.isatty())


def _verdict(errors: int, warnings: int) -> str:
    counts = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning")) if n]
    return ", ".join(counts) or "fine"
