"""A file system that is really full: on tmpfs of many sizes a run must stop in words, and go on later."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from specc.checkpoint.atomic import MARGIN
from specc.checkpoint.format import read
from specc.checkpoint.store import VARIABLE
from specc.cli.main import main
from specc.cli.verify_resume import differences, digests, leftovers, run_in
from specc.errors import FileFormatError, RunFailed
from tests.runtime.helpers import SPEC

ENOUGH: Final = "size=1g,nr_inodes=0"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory.

    Raises: OSError where that is not permitted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607


def grow(folder: Path, options: str = ENOUGH) -> None:
    """Give a mounted file system more space."""
    _mount("-o", f"remount,{options}", str(folder))


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], check=False, capture_output=True, text=True)  # noqa: S607
    if done.returncode:
        raise OSError(done.stderr.strip())


def unmountable(work: Path) -> str | None:
    """Say why nothing can be mounted here, or None."""
    try:
        with mounted(work / "mount", ENOUGH):
            return None
    except OSError as error:
        return f"a file system cannot be mounted here: {error}"


@dataclass
class Full:
    """What came of runs on file systems that were too small."""

    tried: int = 0
    stopped: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Ended:
    """How `specc run` ended."""

    code: int
    said: str


def run(out: Path) -> Ended:
    """Do `specc run` in a child, which spares it the seconds that imports take."""
    spec = out.parent / "spec.toml"
    spec.write_text(SPEC)
    with TemporaryFile("w+") as stream:
        child = os.fork()
        if not child:
            _be_run(spec, out, stream.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        stream.seek(0)
        return Ended(code, stream.read())


def _be_run(spec: Path, out: Path, stream: int) -> None:
    code = -1
    try:
        for number in (1, 2):
            os.dup2(stream, number)
        os.environ[VARIABLE] = str(out / ".store")
        code = main(["run", str(spec), "--set", f"run.out={out}"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def options(used: int, sizes: int) -> list[str]:
    """Return sizes from almost nothing to almost enough, by the bytes that a whole run uses, then numbers of files."""
    small = [16 * 2**10, 256 * 2**10, 4 * 2**20, MARGIN]
    rest = sizes - len(small)
    large = [MARGIN + used * number // rest for number in range(1, rest + 1)]
    return [
        *(f"size={size // 4096 * 4096}" for size in (*small, *large)),
        *(f"nr_inodes={n}" for n in (2, 4, 7, 12, 16, 20, 24)),
    ]


def tried(work: Path, sizes: int) -> Full:
    """Run on file systems of these sizes, and on one that another process fills, with more space after each stop."""
    full = Full()
    with mounted(work / "full", ENOUGH) as out:
        _expect_done(run(out))
        expected, used = digests(run_in(out)), _used(out)
    for option in options(used, sizes):
        with mounted(work / "full", option) as out:
            _judge(full, option, run(out), out, expected)
    for stages in (
        "environment.json",
        "stages/head.best.safetensors",
        "stages/whole.best.safetensors",
        "stages/whole.safetensors",
    ):
        with mounted(work / "full", "size=64m") as out, _filling(out, stages):
            done = run(out)
            _judge(full, f"filled after {stages}", done, out, expected)
    return full


def _judge(full: Full, option: str, first: Ended, out: Path, expected: dict[str, str]) -> None:
    """Hold a run to what it must say and leave, then give it space and hold its end to the undisturbed one."""
    full.tried += 1
    full.stopped += first.code != 0
    wrong = [*_said(first), *unreadable(out)]
    (out / "ballast").unlink(missing_ok=True)
    grow(out)
    again = run(out)
    if again.code:
        wrong.append(f"does not go on: {again.said.strip()[-300:]}")
    else:
        wrong += [*differences(expected, digests(run_in(out)))[:3], *leftovers(out)]
    full.wrong += [f"{option}: {word}" for word in wrong]


def _said(done: Ended) -> list[str]:
    """Hold a run that stopped to its exit code and to one message."""
    errors = [line for line in done.said.splitlines() if line.startswith("error")]
    if done.code == 0 and not errors:
        return []
    wrong = [f"exit code {done.code}"] if done.code != RunFailed.exit_code else []
    wrong += ["a traceback"] if "Traceback" in done.said else []
    return wrong + ([f"{len(errors)} messages"] if len(errors) != 1 else []) + (errors[:1] if wrong else [])


def unreadable(out: Path) -> list[str]:
    """Return the checkpoints that do not read."""
    wrong = []
    for path in (path for path in out.rglob("*.safetensors") if path.name[0] != "."):
        try:
            read(path)
        except FileFormatError as error:
            wrong.append(error.message)
    return wrong


@contextmanager
def _filling(out: Path, after: str) -> Iterator[None]:
    """Fill a file system to the last byte as soon as the run has written a file."""
    ended = threading.Event()
    thread = threading.Thread(target=_fill, args=(out, after, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _fill(out: Path, after: str, ended: threading.Event) -> None:
    while not ended.wait(0.002):
        if any(out.glob(f"*/{after}")):
            with suppress(OSError), (out / "ballast").open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
            return


def _used(out: Path) -> int:
    usage = shutil.disk_usage(out)
    return usage.total - usage.free


def _expect_done(done: Ended) -> None:
    if done.code:
        raise RuntimeError(done.said)
