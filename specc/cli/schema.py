"""`specc schema`."""

import argparse
import sys
from pathlib import Path

from specc.cli.output import write_named
from specc.compiler.schema import SCHEMAS, schema_text
from specc.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("which", nargs="?", choices=sorted(SCHEMAS), default="spec", help="of specs, or of plans")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write all schemas into a folder")


def run(arguments: argparse.Namespace) -> int:
    """Print a schema, or write all of them."""
    if arguments.write is None:
        sys.stdout.write(schema_text(arguments.which))
        return 0
    try:
        arguments.write.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"`{arguments.write}` cannot be a folder: {error.strerror}") from None
    for name in SCHEMAS:
        write_named(arguments.write / f"{name}.schema.json", schema_text(name).encode())
    return 0
