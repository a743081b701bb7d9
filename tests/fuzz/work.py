"""Runs inputs, and remembers what is worth telling: what went wrong, what took long or much, and which lines ran."""

import hashlib
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple, NoReturn, Self

from tests.fuzz.inputs import ROOT
from tests.fuzz.laws import SPENT, TooSlowError
from tests.fuzz.targets import TARGETS, check

MEMORY: Final = 512 * 2**20
"""Bytes by which an input may let the memory of its process grow beyond what a sound one takes."""

ENVIRONMENT: Final = {"MALLOC_MMAP_THRESHOLD_": str(2**20), "OMP_NUM_THREADS": "1"}
"""Lets the C library give back at once what is freed, so that memory is counted that is used."""

EVERY: Final = 50
"""Of so many inputs, the lines of one are traced, which takes ten times as long."""

THOROUGHLY: Final = 5
"""Of so many inputs that chance makes, one is looked at thoroughly; of those that somebody thought of, each is."""

Line = tuple[str, int]


@dataclass(frozen=True)
class Finding:
    """An input that breaks a law, and how."""

    target: str
    data: bytes
    error: str
    place: str
    """Kind of the error, and the last line of specc that it came through: one finding of a place is enough."""

    def write(self, folder: Path) -> Path:
        """Write the input, and beside it the error."""
        path = folder / self.target / hashlib.sha256(self.data).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        path.with_suffix(".error").write_text(self.error, encoding="utf-8", errors="backslashreplace")
        return path


@dataclass
class Outcome:
    """What came of a number of inputs."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_size: int = 0
    """Bytes of the slowest input."""
    base: int = 0
    """Bytes of memory before the first input."""
    memory: int = 0
    """Bytes by which it grew."""
    findings: dict[str, Finding] = field(default_factory=dict)
    lines: set[Line] = field(default_factory=set)

    @classmethod
    def begun(cls, target: str) -> Self:
        """Read a sound input, so that memory and time begin to count with all that every input needs."""
        check(target, TARGETS[target].sound())
        return cls(target, base=_peak())

    def add(self, other: "Outcome") -> None:
        """Take up what came of further inputs."""
        self.inputs += other.inputs
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_size = other.slowest, other.slowest_size
        self.memory = max(self.memory, other.memory)
        self.findings = {**other.findings, **self.findings}
        self.lines |= other.lines

    def take(self, data: bytes, *, may_trace: bool = True) -> None:
        """Try one input, which chance made where it may be traced."""
        self.inputs += 1
        is_traced = may_trace and self.inputs % EVERY == 0
        _forget_peak()
        start = time.process_time()
        try:
            with traced(self.target, self.lines) if is_traced else nullcontext():
                check(self.target, data, thoroughly=not may_trace or self.inputs % THOROUGHLY == 0)
            self._weigh(len(data))
        except (Exception, TooSlowError) as error:  # noqa: BLE001  (whatever it is, it is a finding)
            self._keep(Finding(self.target, data, traceback.format_exc(), _place(error)))
        self.seconds += time.process_time() - start
        if max(SPENT, default=0) > self.slowest and not is_traced:
            self.slowest, self.slowest_size = max(SPENT), len(data)

    def _weigh(self, size: int) -> None:
        """Hold the memory at its highest to the limit, without the input itself, which is in memory here only."""
        grown = _peak() - self.base - size
        self.memory = max(self.memory, grown)
        assert grown <= MEMORY, f"takes more than {MEMORY >> 20} MiB of memory"

    def _keep(self, finding: Finding) -> None:
        """Keep the shortest input of each place."""
        known = self.findings.get(finding.place)
        if known is None or len(finding.data) < len(known.data):
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
        environment = {**os.environ, **ENVIRONMENT, "TMPDIR": folder}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        if done.returncode == 0:
            outcome: Outcome = pickle.loads(piece.out.read_bytes())  # noqa: S301  (a file of our own)
            return outcome
        place = f"the process ended with {done.returncode}"
        return Outcome(target, findings={place: Finding(target, _last(piece), _told(piece, done.stderr), place)})


def _told(piece: Piece, errors: bytes) -> str:
    return f"{piece}\n{errors.decode(errors='replace')[-4000:]}"


def _last(piece: Piece) -> bytes:
    """Return the input that a dead process had at hand, as far as it was written to a file."""
    found = sorted(piece.out.parent.glob("specc-fuzz-*/input*"), key=lambda path: path.stat().st_mtime_ns)
    return found[-1].read_bytes() if found else b""


def _forget_peak() -> None:
    """Let the most memory of this process be what it has now, where the kernel can be told so (proc(5))."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Return the most memory that this process had since, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if f"{ROOT}/specc" in frame.filename] or frames
    message = str(error).splitlines()[:1] if isinstance(error, AssertionError) else []
    return " ".join([type(error).__name__, *message, Path(inside[-1].filename).name, str(inside[-1].lineno)])


@contextmanager
def traced(target: str, lines: set[Line]) -> Iterator[None]:
    """Add the watched lines that run in the block."""
    files = watched(target)

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename in files else None

    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(None)


def share(target: str, lines: set[Line]) -> float:
    """Return the part of all watched lines that ran."""
    return len(lines & executable(target)) / len(executable(target))


@cache
def watched(target: str) -> frozenset[str]:
    """Return the files whose lines are counted."""
    return frozenset(str(path) for part in TARGETS[target].watched for path in (ROOT / "specc").glob(part))


@cache
def executable(target: str) -> set[Line]:
    """Return the lines of all watched functions."""
    found: set[Line] = set()
    for path in watched(target):
        waiting = [compile(Path(path).read_text("utf-8"), path, "exec")]
        while waiting:
            code = waiting.pop()
            waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
            if code.co_flags & 2:  # a function: CO_NEWLOCALS
                found |= {(path, line) for _, _, line in code.co_lines() if line and line > code.co_firstlineno}
    return found
