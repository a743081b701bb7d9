"""How the command line speaks: results on stdout, talk on stderr, colour only where it is welcome."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from specc.diagnostics.model import Diagnostic
from specc.diagnostics.render import FORMATS, printable_lines
from specc.errors import RunFailed, UsageError


def wants_colour(stream: TextIO) -> bool:
    """Say whether to colour what goes to a stream (https://no-color.org)."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Tell a person something that is no result."""
    sys.stderr.write(f"{printable_lines(text)}\n")


def say_error(message: str, remedy: str | None = None) -> None:
    """Tell what went wrong, and what to do."""
    mark = "\x1b[1;31merror\x1b[0m" if wants_colour(sys.stderr) else "error"
    sys.stderr.write(f"{mark}: {printable_lines(message)}\n")
    if remedy:
        sys.stderr.write(f" help: {printable_lines(remedy)}\n")


def print_diagnostics(diagnostics: Sequence[Diagnostic], style: str, stream: TextIO) -> None:
    """Print diagnostics in one of the formats; without any, text for people is empty and nothing is printed."""
    render = FORMATS.get(style, FORMATS["full"])
    text = render(diagnostics, colour=wants_colour(stream))
    if text:
        stream.write(text + "\n")


def console(stream: TextIO) -> Any:
    """Return rich's console for a stream; wide when nobody looks at it."""
    from rich.console import Console

    from specc.cli.escaping import Escaping

    width = None if stream.isatty() else 200
    made = Console(
        file=stream, no_color=not wants_colour(stream), width=width, markup=False, highlight=False, emoji=False
    )
    made.push_render_hook(Escaping())
    return made


def add_spec_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command that reads a spec takes."""
    parser.add_argument("spec", type=Path, help="the spec")
    add_layer_arguments(parser)
    parser.add_argument("--strict", action="store_true", help="warnings are errors")


def add_layer_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what bears on how a spec is read."""
    parser.add_argument(
        "--profile", action="append", default=[], metavar="NAME", help="apply a profile; may be repeated"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", dest="overrides", help="set a value"
    )
    parser.add_argument("--format", choices=sorted(FORMATS), default="full", help="how diagnostics are printed")
    add_root_argument(parser)


def add_root_argument(parser: argparse.ArgumentParser) -> None:
    """Add where data is looked for."""
    parser.add_argument("--root", type=_folder, metavar="DIR", help="where paths in the spec start, instead of here")


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise UsageError(f"`--root {text}`: there is no such folder")
    return Path(text).absolute()


def write_named(path: Path, content: bytes) -> None:
    """Write a file that the command line names.

    Raises: UsageError when it cannot be written.
    """
    from specc.checkpoint.atomic import write_atomic

    try:
        write_atomic(path, [content])
    except RunFailed as error:
        raise UsageError(error.message, help="write it elsewhere") from None


def duration(seconds: float) -> str:
    """Print a duration.

    >>> duration(5), duration(125), duration(7300)
    ('5 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
