"""`specc new`: a first spec from a look at the data."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter

from specc.cli.output import say, say_error, write_named
from specc.compiler.backbone import Backbone, find_backbone
from specc.compiler.pending import pending
from specc.compiler.starting import BACKBONE, identifier, image_spec, only_suggested, pair_spec
from specc.compiler.survey import Classes, Table, count_folder, count_table, read_table
from specc.compiler.validate import validated
from specc.diagnostics.render import printable
from specc.diagnostics.suggest import did_you_mean
from specc.errors import SpeccError, UsageError
from specc.frontend.formatter import WRITERS, format_source
from specc.plan.model import LabelPlan
from specc.source import Source
from specc.spec.base import Identifier

EPOCHS: Final = 20

OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "folder": ("label", "backbone", "size"),
    "csv": ("image", "label", "backbone", "size"),
    "pairs": ("input", "output"),
}
"""What may be said of each kind of data."""

_NAME: Final = TypeAdapter(Identifier).json_schema()["pattern"]

T = TypeVar("T")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("spec", type=Path, help="file to write")
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--folder", metavar="DIR", help="images: a folder a class, or that for each of train, val, test")
    data.add_argument("--csv", metavar="FILE", help="a table that names images")
    data.add_argument("--pairs", metavar="FILE", help="a table of texts, and of what to write for each")
    parser.add_argument("--image", metavar="COLUMN", help="path of the image")
    parser.add_argument("--label", metavar="COLUMN", help="what to tell about an image; with --folder, its name")
    parser.add_argument("--input", metavar="COLUMN", help="text to read")
    parser.add_argument("--output", metavar="COLUMN", help="text to write")
    parser.add_argument("--backbone", metavar="NAME", help=f"a model of timm; {BACKBONE} by default")
    parser.add_argument("--size", type=_number, metavar="PIXELS", help="side of an image; the backbone's by default")
    parser.add_argument("--epochs", type=_number, metavar="N", help=f"of the main stage; {EPOCHS} by default")
    parser.add_argument("--name", help="of the experiment; that of the file by default")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(arguments: argparse.Namespace) -> int:
    """Write a spec of the data that is named; what is not said is guessed, or asked on a terminal."""
    path, name = _target(arguments), _name(arguments)
    kind, place = _data(arguments)
    _refuse_foreign(arguments, kind)
    text = _pairs(arguments, place, name) if kind == "pairs" else _images(arguments, kind, place, name)
    write_named(path, only_suggested(format_source(Source(str(path), text), ".toml", path.suffix)).encode())
    missing = pending(validated(path, with_data=False).spec)
    say(f"{path} is written. Read it, then: specc plan {path}, and: specc run {path}")
    if missing:
        say(f"note: specc plans it, and cannot run it yet: {', '.join(missing)}")
    return 0


def _target(arguments: argparse.Namespace) -> Path:
    path: Path = arguments.spec
    if path.suffix not in WRITERS:
        raise UsageError(f"`{path}` is not the name of a spec", help=f"specs end in {' or '.join(WRITERS)}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder `{path.parent}`", help="make it first")
    if path.exists() and not (arguments.force and path.is_file()):
        raise UsageError(f"`{path}` is there already", help="--force writes over it" if path.is_file() else None)
    return path


def _name(arguments: argparse.Namespace) -> str:
    """Return the experiment's name: as it was given, or the nearest to the file's."""
    name: str = arguments.spec.stem if arguments.name is None else arguments.name
    if re.search(_NAME, name):
        return name
    if arguments.name is not None:
        raise UsageError(f"`{name}` cannot be the name of an experiment", help=f"as in --name {identifier(name)}")
    return identifier(name)


def _data(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the kind of the data and its place."""
    for kind in OPTIONS:
        place = getattr(arguments, kind)
        if place is not None:
            return kind, _existing(place, kind)
    if not _on_terminal():
        raise UsageError("nothing says where the data is", help="add --folder DIR, --csv FILE or --pairs FILE")
    place = _ask("Folder of images, or CSV file", None, _existing)
    if Path(place).expanduser().is_dir():
        return "folder", place
    return "csv" if read_table(place).images() else "pairs", place


def _asks_all(arguments: argparse.Namespace) -> bool:
    """Say whether everything is asked: on a terminal, where no flag names the data."""
    return _on_terminal() and not any(getattr(arguments, kind) is not None for kind in OPTIONS)


def _refuse_foreign(arguments: argparse.Namespace, kind: str) -> None:
    for option in sorted({option for options in OPTIONS.values() for option in options} - {*OPTIONS[kind]}):
        if getattr(arguments, option) is not None:
            known = ", ".join(f"--{own}" for own in OPTIONS[kind])
            raise UsageError(f"`--{option}` has no meaning with `--{kind}`", help=f"it takes {known}")


def _images(arguments: argparse.Namespace, kind: str, place: str, name: str) -> str:
    found = _classes(arguments, kind, place)
    if not Path(found.first).expanduser().exists():
        say(f"note: the first image, `{found.first}`, is not there")
    backbone: Backbone = _option(arguments, "backbone", "Backbone, a model of timm", BACKBONE, find_backbone)
    size = arguments.size or backbone.input_size[1]
    if backbone.fixed_input_size and size != backbone.input_size[1]:
        raise UsageError(
            f"`{backbone.name}` takes images of {backbone.input_size[1]} pixels only", help="leave out --size"
        )
    return image_spec(found, name, backbone, size, _epochs(arguments))


def _classes(arguments: argparse.Namespace, kind: str, place: str) -> Classes:
    if kind == "folder":
        return count_folder(place, identifier(arguments.label or "class"))
    table = read_table(place)
    image = _column(arguments, table, "image", table.images())
    label = _column(arguments, table, "label", [column for column in table.labels() if column != image])
    return count_table(table, image, LabelPlan(name=identifier(label), column=label))


def _pairs(arguments: argparse.Namespace, place: str, name: str) -> str:
    table = read_table(place)
    free = [column for column in table.columns if column not in (arguments.input, arguments.output)]
    source = _column(arguments, table, "input", free[:1] if len(table.columns) == 2 else free)
    target = _column(arguments, table, "output", [column for column in free if column != source])
    return pair_spec(table, source, target, name, _epochs(arguments))


def _epochs(arguments: argparse.Namespace) -> int:
    return arguments.epochs or _option(arguments, "epochs", "Epochs", str(EPOCHS), _number)


def _option(arguments: argparse.Namespace, option: str, question: str, default: str, read: Callable[[str], T]) -> T:
    """Return what was given, or the answer to a question, or the default."""
    given = getattr(arguments, option)
    if given is None and _asks_all(arguments):
        return _ask(question, default, read)
    return read(default if given is None else given)


def _column(arguments: argparse.Namespace, table: Table, option: str, guesses: Sequence[str]) -> str:
    """Return a column: the one that was given, the only one that it can be, or the answer to a question.

    Raises: UsageError when there is no such column, or nobody to ask.
    """
    read = partial(_known_column, table)
    given = getattr(arguments, option)
    if given is not None:
        return read(given)
    if len(guesses) == 1 and not _asks_all(arguments):
        return guesses[0]
    if _on_terminal():
        return _ask(f"Column of the {option}", guesses[0] if guesses else None, read)
    several = "several columns" if guesses else "no column"
    remedy = f"add --{option} COLUMN: {', '.join(guesses or table.columns)}"
    raise UsageError(f"{several} of `{table.place}` could be the {option}", help=remedy)


def _known_column(table: Table, name: str) -> str:
    if name not in table.columns:
        raise UsageError(f"`{table.place}` has no column `{name}`", help=did_you_mean(name, table.columns, "columns"))
    return name


def _existing(place: str, kind: str | None = None) -> str:
    """Return the place of data that is there.

    Raises: UsageError when it is not, or of another kind.
    """
    path = Path(place).expanduser()
    if not place or not path.exists():
        near = sorted(found.name for found in path.parent.iterdir()) if path.parent.is_dir() else []
        raise UsageError(f"there is no `{place}`", help=did_you_mean(path.name, near, f"names in `{path.parent}`"))
    if kind and path.is_dir() != (kind == "folder"):
        raise UsageError(f"`{place}` is {'a' if path.is_dir() else 'no'} folder", help=f"`--{kind}` takes the other")
    return place


def _number(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise UsageError(f"`{text}` is not a whole number from 1")
    return int(text)


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _ask(question: str, default: str | None, read: Callable[[str], T]) -> T:
    """Ask on the terminal until there is an answer that can be read."""
    while True:
        sys.stderr.write(printable(question + (f" [{default}]" if default else "") + ": "))
        sys.stderr.flush()
        try:
            return read(input().strip() or default or "")
        except EOFError:
            sys.stderr.write("\n")
            raise KeyboardInterrupt from None
        except SpeccError as error:
            say_error(error.message, error.help)
