"""`specc fmt`."""

import argparse
import sys
from pathlib import Path

from specc.cli.output import say, say_error, write_named
from specc.diagnostics.render import FORMATS
from specc.errors import InputError, UsageError
from specc.frontend.formatter import WRITERS, format_source
from specc.frontend.reading import read_source


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("specs", type=Path, nargs="+", metavar="spec", help="specs to format in place")
    parser.add_argument("--check", action="store_true", help="only say which files would change")
    parser.add_argument(
        "--to", choices=[suffix[1:] for suffix in WRITERS], help="print one spec in this notation, or write it with -o"
    )
    parser.add_argument("-o", "--out", type=Path, help="file to write what --to makes")
    parser.add_argument("--format", choices=sorted(FORMATS), default="full", help="how diagnostics are printed")


def run(arguments: argparse.Namespace) -> int:
    """Format specs; with `--check`, 1 when a file would change."""
    _check(arguments)
    results = [_formatted(path, arguments) for path in arguments.specs]
    if arguments.to is not None and arguments.out is None:
        sys.stdout.write(results[0][1])
        return 0
    stale = [(path, text) for path, text in results if _written(path) != text]
    if arguments.check:
        for path, _ in stale:
            say_error(f"`{path}` would change", "run specc fmt without --check")
        return 1 if stale else 0
    for path, text in stale:
        write_named(path, text.encode())
    say(f"{len(stale)} of {len(results)} {'file' if len(results) == 1 else 'files'} changed")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse arguments that do not go together.

    Raises: UsageError.
    """
    to, out = arguments.to, arguments.out
    if to is None and out is not None:
        raise UsageError("`-o` names the file for another notation", help="add --to toml or --to specc")
    if to is not None and len(arguments.specs) > 1:
        raise UsageError("`--to` converts one spec at a time", help="name one spec")
    if to is not None and arguments.check and out is None:
        raise UsageError("`--check` has no file to check: `--to` prints", help="name it with -o")
    if out is not None and out.suffix != f".{to}":
        raise UsageError(f"`{out}` is not the name of a .{to} file", help=f"name one that ends in .{to}")


def _formatted(path: Path, arguments: argparse.Namespace) -> tuple[Path, str]:
    """Return the file that a spec's new text belongs in, and that text."""
    if path.suffix not in WRITERS:
        raise InputError(f"`{path}` is not a spec", help=f"specs end in {' or '.join(WRITERS)}")
    to = f".{arguments.to}" if arguments.to else path.suffix
    return arguments.out or path, format_source(read_source(path), path.suffix, to)


def _written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None
