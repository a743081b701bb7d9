"""`specc explain`: who set a value and what it means, or what a diagnostic says."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel

from specc.cli.output import add_spec_arguments, console, say, wants_colour
from specc.cli.provenance import Inquiry, is_empty, meaning
from specc.cli.reading import compiled, read
from specc.diagnostics.explanations import codes, explanation
from specc.diagnostics.render import printable_lines
from specc.diagnostics.suggest import did_you_mean
from specc.errors import MissingData, UsageError
from specc.paths import KeyPath


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("path", nargs="?", help="a value of the spec, such as stages.joint.lr")


def run(arguments: argparse.Namespace) -> int:
    """Explain a code, or a value of a spec."""
    if arguments.path is None:
        _print_page(str(arguments.spec))
    else:
        asked = _asked(arguments.path)
        inquiry = _inquiry(arguments)
        path = inquiry.find(asked)
        sys.stdout.write(printable_lines("\n".join(_told(inquiry, path))) + "\n")
    return 0


def _asked(text: str) -> KeyPath:
    with suppress(ValueError):
        if path := KeyPath.parse(text):
            return path
    raise UsageError(f"`{text}` names no value", help="name one, as in stages.joint.lr")


def _print_page(code: str) -> None:
    if code not in codes():
        if code.endswith((".toml", ".specc")):
            raise UsageError(f"nothing is asked of `{code}`", help="name a value of it, as in stages.joint.lr")
        raise UsageError(f"there is no diagnostic `{code}`", help=did_you_mean(code, codes(), "codes"))
    if not wants_colour(sys.stdout):
        sys.stdout.write(explanation(code))
        return
    from rich.markdown import Markdown

    console(sys.stdout).print(Markdown(explanation(code)))


def _inquiry(arguments: argparse.Namespace) -> Inquiry:
    """Compile a spec to be asked, with its data where it is there."""
    try:
        context = read(arguments)
        plan = compiled(context, arguments)
    except MissingData as error:
        say(f"without the data: {error.message}")
        context = read(arguments, with_data=False)
        plan = compiled(context, arguments)
    return Inquiry(context, plan.model_dump(mode="json"))


def _told(inquiry: Inquiry, path: KeyPath) -> Iterator[str]:
    """Yield a value, who set it from what, and what it means; a table with its keys, each on a line."""
    answer, planned = inquiry.answer(path), inquiry.planned(path)
    keys = inquiry.scope(path).values() if isinstance(answer.value, dict | BaseModel) else ()
    sources = list(_listed(inquiry, {str(source): source for source in answer.sources}))
    yield str(path)
    if not keys:
        yield f"  value    {_shown(answer.value)}"
    yield f"  set by   {answer.by}{' from' if sources else ''}"
    yield from (f"             {line}" for line in sources)
    if not keys and planned not in (None, answer.value):
        yield f"  in plan  {_shown(planned)}"
    if meaning(path):
        yield f"  meaning  {meaning(path)}"
    yield from (f"    {line}" for line in _listed(inquiry, {str(key): path.child(key) for key in keys}))


def _listed(inquiry: Inquiry, paths: dict[str, KeyPath]) -> Iterator[str]:
    """Yield a line for each path that has a value: what it is called, the value, and who set it."""
    answers = {name: inquiry.answer(path) for name, path in paths.items()}
    for name, answer in answers.items():
        if not is_empty(answer.value):
            yield f"{name} = {_shown(answer.value, 60)}  ({answer.by})"


def _shown(value: Any, width: int = 200) -> str:
    if is_empty(value):
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_plain)
    return text if len(text) <= width else text[: width - 3] + "..."


def _plain(value: Any) -> Any:
    """Return a table of defaults as a dictionary, and an expression as it is written."""
    return dict(value) if isinstance(value, BaseModel) else str(value)
