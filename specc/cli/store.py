"""`specc store`: the results of stages that runs share."""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read_header
from specc.checkpoint.metadata import CheckpointInfo
from specc.checkpoint.store import VARIABLE, Entry, Store
from specc.cli.output import console, say
from specc.errors import FileFormatError, UsageError
from specc.spec.fields import ExpressionError
from specc.spec.units import BYTES, Quantity

ACTIONS: Final = ("ls", "gc", "verify")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", choices=ACTIONS, help="list it, make it smaller, or read and check all of it")
    parser.add_argument(
        "--store", type=Path, metavar="DIR", help=f"the store, instead of ${VARIABLE} or checkpoints/.store"
    )
    parser.add_argument("--limit", metavar="SIZE", help='what gc leaves at most, as in "100 GB"')
    parser.add_argument("--remove", action="store_true", help="let verify remove what is damaged")


def run(arguments: argparse.Namespace) -> int:
    """List, shrink or check the store; 1 when something in it is damaged."""
    store = Store(arguments.store) if arguments.store else Store.beside(Path("checkpoints", "run"))
    if arguments.store and not store.root.is_dir():
        raise UsageError(f"`--store {store.root}`: there is no such folder")
    if arguments.action == "gc":
        return _collect(store, arguments.limit)
    return _verify(store, remove=arguments.remove) if arguments.action == "verify" else _list(store)


def _list(store: Store) -> int:
    from rich import box
    from rich.table import Column, Table

    entries = store.entries()
    table = Table("digest", "of", "stage", Column("size", justify="right"), "used", box=box.SIMPLE_HEAD, pad_edge=False)
    for entry in entries:
        used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
        table.add_row(entry.digest[:12], *_described(entry), f"{entry.size / 1e6:,.1f} MB", used)
    console(sys.stdout).print(table)
    say(f"{store.root}: {len(entries):,} stages, {sum(entry.size for entry in entries) / 1e9:,.2f} GB")
    return 0


def _described(entry: Entry) -> tuple[str, str]:
    """Say which run an entry is of, which stage, and how far that is."""
    try:
        info = CheckpointInfo.from_json(read_header(entry.files[0]).own_metadata or {}, str(entry.files[0]))
    except FileFormatError:
        return "?", "damaged"
    return info.name, info.stage if entry.finished else f"{info.stage}, {info.step:,} of {info.steps_total:,} steps"


def _collect(store: Store, limit: str | None) -> int:
    if limit is None:
        raise UsageError("`specc store gc` needs to know how much may stay", help='say it with --limit "100 GB"')
    removed = store.collect(_bytes(limit))
    say(f"{store.root}: removed {len(removed):,} stages, {sum(entry.size for entry in removed) / 1e9:,.2f} GB")
    return 0


def _bytes(text: str) -> int:
    from specc.frontend.expressions import parse

    try:
        size = parse("size", text)
    except ExpressionError as error:
        raise UsageError(f"`--limit {text}`: {error}", help='say it as in "100 GB"') from None
    assert isinstance(size, Quantity)  # noqa: S101
    return int(size.value * BYTES[str(size.unit)])


def _verify(store: Store, *, remove: bool) -> int:
    damaged = list(store.damaged())
    for path, reason in damaged:
        say(reason)
        if remove:
            path.unlink(missing_ok=True)
    count = sum(len(entry.files) for entry in store.entries())
    say(f"{store.root}: {count:,} files{' left' if remove else ''}, {len(damaged):,} damaged")
    return 1 if damaged and not remove else 0
