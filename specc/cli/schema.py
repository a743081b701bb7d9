"""`specc schema`."""

import argparse
import sys
from pathlib import Path

from specc.compiler.schema import SCHEMAS, schema_text


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("which", nargs="?", choices=sorted(SCHEMAS), default="spec", help="of specs, or of plans")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write all schemas into a folder")


def run(arguments: argparse.Namespace) -> int:
    """Print a schema, or write all of them."""
    if arguments.write is None:
        sys.stdout.write(schema_text(arguments.which))
        return 0
    from specc.checkpoint.atomic import write_text_atomic

    for name in SCHEMAS:
        arguments.write.mkdir(parents=True, exist_ok=True)
        write_text_atomic(arguments.write / f"{name}.schema.json", schema_text(name))
    return 0
