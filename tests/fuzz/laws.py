"""What must hold of any text that a person, or a stranger, hands to specc, and the limits of every reader."""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from shutil import copy
from typing import Final
from unittest.mock import patch

from specc.compiler import backbone
from specc.compiler.validate import validate
from specc.diagnostics.model import Diagnostics
from specc.diagnostics.render import concise, full
from specc.errors import InputError, UsageError
from specc.frontend.formatter import format_source
from specc.frontend.load import NOTATIONS, parse_source
from specc.source import Source

ROOT: Final = Path(__file__).parents[2]

LIMIT: Final = 2.0
"""Seconds of CPU time that reading, checking or formatting a text may take."""

STUCK: Final = 100
"""Seconds after which a reader that answers to no signal takes its process with it."""

SPENT: Final[list[float]] = []
"""Seconds of CPU time of each of these steps, for the input at hand."""


class TooSlowError(BaseException):
    """Something took longer than the limit; no reader may take it for a fault of its input."""


@contextmanager
def limited(seconds: float = LIMIT) -> Iterator[None]:
    """Raise TooSlowError in the block when it takes too much CPU time."""

    def stop(signal_number: int, frame: object) -> None:
        raise TooSlowError(f"more than {seconds} s")

    old, start = signal.signal(signal.SIGPROF, stop), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(STUCK)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        SPENT.append(time.process_time() - start)


def check_text(text: str, notation: str) -> None:
    """A text gives a document or diagnostics; a document can be checked, and formatted without a change of meaning."""
    problems = Diagnostics()
    with limited():
        document = parse_source(Source("x", text), notation, problems)
    assert (document is None) == bool(problems.errors)
    check_problems(problems)
    if document is not None:
        path = folder() / f"input{notation}"
        path.write_bytes(text.encode())
        check_problems(validated(path))
        check_formatting(text, notation)


def check_formatting(text: str, notation: str) -> None:
    """Formatted once is formatted for good, also after a way through the other notation."""
    other = next(each for each in NOTATIONS if each != notation)
    try:
        first = formatted(text, notation, notation)
        there = formatted(first, notation, other)
    except InputError:
        return
    assert formatted(first, notation, notation) == first, "formatting is not idempotent"
    assert formatted(there, other, other) == there, "what was converted is not formatted"
    assert formatted(there, other, notation) == first, "converting there and back makes a difference"


def formatted(text: str, notation: str, to: str) -> str:
    with limited():
        return format_source(Source("x", text), notation, to)


def validated(path: Path, *overrides: str) -> Diagnostics:
    with limited(), patch.object(backbone, "_described", _unknown):
        return validate(path, (), overrides, with_data=False)[1]


def _unknown(name: str) -> None:
    """Stand in for the process that describes a backbone of timm, which takes seconds."""
    raise backbone.UnknownBackbone(f"timm has no model `{name}`")


def check_override(text: str) -> None:
    """What stands behind `--set` gives a spec, diagnostics, or a word about the flag."""
    with suppress(InputError, UsageError):
        check_problems(validated(folder() / "quickstart.toml", text))


def check_problems(problems: Diagnostics) -> None:
    """Every place is inside its text, and everything can be printed."""
    for problem in problems.found:
        assert problem.headline
        for place, _ in problem.labels:
            assert 0 <= place.span.start <= place.span.end <= len(place.source.text), "a place is outside its text"
    shown = problems.sorted()
    full(shown).encode()
    concise(shown).encode()


@cache
def folder() -> Path:
    """Return a folder of this process with the shipped specs, which an input may extend."""
    here = Path(tempfile.mkdtemp(prefix="specc-fuzz-"))
    for path in (ROOT / "specs").iterdir():
        copy(path, here)
    return here
