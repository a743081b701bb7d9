"""Runs inputs, and remembers what is worth telling: what went wrong, what took long, and which lines ran."""

import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple, NoReturn, Self

from tests.fuzz.inputs import ROOT
from tests.fuzz.laws import SPENT, check

WATCHED: Final = str(ROOT / "specc" / "frontend")
EVERY: Final = 50
"""Of so many inputs, the lines of one are traced, which takes ten times as long."""

Line = tuple[str, int]


@dataclass(frozen=True)
class Finding:
    """An input that breaks a law, and how."""

    target: str
    text: str
    error: str
    place: str
    """Kind of the error, and the last line of specc that it came through: one finding of a place is enough."""

    def write(self, folder: Path) -> Path:
        """Write the input, and beside it the error."""
        data = self.text.encode("utf-8", "surrogatepass")
        path = folder / self.target / hashlib.sha256(data).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_suffix(".error").write_text(self.error, encoding="utf-8", errors="backslashreplace")
        return path


@dataclass
class Outcome:
    """What came of a number of inputs."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_text: str = ""
    findings: dict[str, Finding] = field(default_factory=dict)
    lines: set[Line] = field(default_factory=set)

    def add(self, other: "Outcome") -> None:
        """Take up what came of further inputs."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_text = other.slowest, other.slowest_text
        self.findings = {**other.findings, **self.findings}
        self.lines |= other.lines

    def take(self, text: str, *, may_trace: bool = True) -> None:
        """Try one input."""
        self.inputs += 1
        is_traced = may_trace and self.inputs % EVERY == 0
        start = time.process_time()
        try:
            with traced(self.lines) if is_traced else nullcontext():
                check(self.target, text)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            self._keep(Finding(self.target, text, traceback.format_exc(), _place(error)))
        self.seconds += time.process_time() - start
        if max(SPENT) > self.slowest and not is_traced:
            self.slowest, self.slowest_text = max(SPENT), text

    def _keep(self, finding: Finding) -> None:
        """Keep the shortest input of each place."""
        known = self.findings.get(finding.place)
        if known is None or len(finding.text) < len(known.text):
            self.findings[finding.place] = finding


class Piece(NamedTuple):
    """The work of one process: so many inputs from a number on, or from a seed, and the file for what comes of it."""

    target: str
    first: int
    inputs: int
    out: Path

    @classmethod
    def of_arguments(cls) -> Self:
        """Return what the command line of an engine asks for."""
        target, first, inputs, out = sys.argv[1:]
        return cls(target, int(first), int(inputs), Path(out))

    def finish(self, outcome: Outcome) -> NoReturn:
        """Leave an outcome, and this process with it: libFuzzer would not return from here."""
        self.out.write_bytes(pickle.dumps(outcome))
        os._exit(0)


def run(engine: str, target: str, first: int, inputs: int) -> Outcome:
    """Let an engine try inputs, in a process of its own; that it dies is a finding, too."""
    with tempfile.TemporaryDirectory(prefix="specc-fuzz-") as folder:
        piece = Piece(target, first, inputs, Path(folder) / "outcome")
        command = [sys.executable, "-m", f"tests.fuzz.{engine}", *map(str, piece)]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "TMPDIR": folder}, capture_output=True, check=False)
        if done.returncode == 0:
            outcome: Outcome = pickle.loads(piece.out.read_bytes())  # noqa: S301  (a file of our own)
            return outcome
    error = done.stderr.decode(errors="replace")[-4000:]
    place = f"the process ended with {done.returncode}"
    return Outcome(target, findings={place: Finding(target, f"{piece}", error, place)})


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if f"{ROOT}/specc" in frame.filename] or frames
    message = str(error).splitlines()[:1] if isinstance(error, AssertionError) else []
    return " ".join([type(error).__name__, *message, Path(inside[-1].filename).name, str(inside[-1].lineno)])


@contextmanager
def traced(lines: set[Line]) -> Iterator[None]:
    """Add the watched lines that run in the block."""

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(WATCHED) else None

    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(None)


def share(lines: set[Line]) -> float:
    """Return the part of all watched lines that ran."""
    return len(lines & executable()) / len(executable())


@cache
def executable() -> set[Line]:
    """Return the lines of all watched functions."""
    found: set[Line] = set()
    for path in Path(WATCHED).glob("*.py"):
        waiting = [compile(path.read_text("utf-8"), str(path), "exec")]
        while waiting:
            code = waiting.pop()
            waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
            if code.co_flags & 2:  # a function: CO_NEWLOCALS
                found |= {(str(path), line) for _, _, line in code.co_lines() if line and line > code.co_firstlineno}
    return found
