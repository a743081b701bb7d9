"""`specc fmt`."""

import argparse
import os
import stat
import sys
from pathlib import Path

from specc.cli.output import print_diagnostics, say, say_error, write_named
from specc.diagnostics.model import Diagnostic, SpecError
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
    """Format specs; 1 when one cannot be read or, with `--check`, would change."""
    _check(arguments)
    arguments.specs = list(dict.fromkeys(arguments.specs))
    texts = _formatted(arguments)
    is_complete = len(texts) == len(arguments.specs)
    if arguments.to is not None and arguments.out is None:
        sys.stdout.writelines(texts.values())
        return 0 if is_complete else 1
    stale = {path: text for path, text in texts.items() if not _holds(path, text)}
    if arguments.check:
        for path in stale:
            say_error(f"`{path}` would change", "run specc fmt without --check")
        return 0 if is_complete and not stale else 1
    for path, text in stale.items():
        _write(path, text)
    count = len(arguments.specs)
    say(f"{len(stale)} of {count} {'file' if count == 1 else 'files'} changed")
    return 0 if is_complete else 1


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


def _formatted(arguments: argparse.Namespace) -> dict[Path, str]:
    """Return the new text of each file, by the file that it belongs in; what cannot be read is told and left out."""
    texts: dict[Path, str] = {}
    problems: list[Diagnostic] = []
    for path in arguments.specs:
        try:
            texts[arguments.out or path] = _text(path, f".{arguments.to}" if arguments.to else path.suffix)
        except SpecError as error:
            problems += error.diagnostics
        except InputError as error:
            say_error(error.message, error.help)
    if problems:
        print_diagnostics(problems, arguments.format, sys.stderr)
    return texts


def _text(path: Path, to: str) -> str:
    if path.suffix not in WRITERS:
        raise InputError(f"`{path}` is not a spec", help=f"specs end in {' or '.join(WRITERS)}")
    return format_source(read_source(path), path.suffix, to)


def _holds(path: Path, text: str) -> bool:
    """Say whether a file holds a text, line ends included."""
    return path.is_file() and path.read_bytes() == text.encode()


def _write(path: Path, text: str) -> None:
    """Replace a file, or what a link leads to; its permissions stay.

    Raises: UsageError when it may not be written.
    """
    target = path.resolve()
    mode = target.stat().st_mode if target.exists() else None
    # Replacing a file needs a permission of its folder only.
    if mode is not None and not os.access(target, os.W_OK):
        raise UsageError(f"`{path}` may not be written", help="change its permissions")
    write_named(target, text.encode())
    if mode is not None:
        target.chmod(stat.S_IMODE(mode))
