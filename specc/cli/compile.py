"""`specc compile`."""

import argparse
import sys
from pathlib import Path

from specc.cli.output import add_spec_arguments, say, say_error, write_named
from specc.cli.reading import compiled, read
from specc.errors import UsageError
from specc.plan.file import dump


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("-o", "--out", type=Path, help="file to write; stdout by default")
    parser.add_argument("--check", action="store_true", help="only say whether the file is current")
    parser.add_argument("--no-data", action="store_true", help="compile without looking at the data")
    parser.add_argument("--dump-after", metavar="PASS", help="print the plan as it is after a pass")


def run(arguments: argparse.Namespace) -> int:
    """Compile a spec; with `--check`, 1 when the file is stale."""
    if arguments.check and arguments.out is None:
        raise UsageError("`--check` has no file to check", help="name it with -o")
    if arguments.out is not None and arguments.out.is_dir():
        raise UsageError(f"`{arguments.out}` is a folder", help="name a file in it")
    plan = compiled(read(arguments, with_data=not arguments.no_data), arguments, until=arguments.dump_after)
    text = dump(plan)
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    if arguments.check:
        return _check(arguments.out, text)
    write_named(arguments.out, text.encode())
    say(f"{arguments.out}: plan {plan.digest[:12]}")
    return 0


def _check(path: Path, text: str) -> int:
    written = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    if written == text:
        say(f"{path} is current")
        return 0
    say_error(f"`{path}` is stale", "compile the spec again, without --check")
    return 1
