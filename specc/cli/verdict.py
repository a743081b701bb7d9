"""Clean verdicts, remembered: a spec that was fine is fine until something that was looked at changes.

A verdict is found by the words of the command, the place where it was given and the program that gave it. It holds
while every text has the same bytes, every other file and folder is as it was, and what was absent is absent. In doubt
nothing is remembered and nothing is recalled. This module is loaded before any other, and imports next to nothing.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from specc.cache import cached_path, drop_oldest, keep

MOST_VERDICTS: Final = 256
MOST_PATHS: Final = 4096
"""A verdict on more files and folders is not remembered."""

SECOND: Final = 1_000_000_000
TICK: Final = SECOND // 100
"""Steps in which time is counted at the most, but for file systems that count it in seconds. Units: nanoseconds."""

_MOST_BYTES: Final = 1 << 21
"""No spec is as long."""

_IN_DOUBT: Final = (OSError, ValueError, RuntimeError)
"""What makes a verdict unknown: files that cannot be read, entries that are damaged, a user without a home."""


class Memory:
    """What is remembered of one command."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.began = time.time_ns()

    def recall(self) -> str | None:
        """Return what the same command said when it found nothing wrong; None when it may say something else now."""
        try:
            entry = self._entry()
            return str(entry["said"]) if _holds(entry) else None
        except _IN_DOUBT:
            return None

    def remember(self, said: str, texts: Mapping[str, str], paths: Iterable[Path]) -> None:
        """Keep what was said after reading `texts`, by path, and looking at `paths`, whether they are there or not."""
        try:
            listed = sorted({path.absolute() for path in paths})
            if len(listed) <= MOST_PATHS and all(self._has_settled(path) for path in listed):
                digests = {path: _digest(text.encode()) for path, text in texts.items()}
                files = {str(path): _state(path) for path in listed}
                body = json.dumps({"said": said, "texts": digests, "files": files})
                keep(self._path, f"{_digest(body.encode())}\n{body}")
                drop_oldest(self._path.parent, MOST_VERDICTS)
        except _IN_DOUBT:
            return

    @cached_property
    def _path(self) -> Path:
        about = [self.words, str(Path.cwd()), str(Path.home()), sys.version, sys.path, sorted(_program())]
        return cached_path("verdicts", _digest(json.dumps(about).encode()))

    def _entry(self) -> dict[str, Any]:
        """Read the entry.

        Raises: ValueError when it is damaged.
        """
        digest, _, body = self._path.read_text(encoding="utf-8").partition("\n")
        if digest != _digest(body.encode()):
            raise ValueError("not what was written")
        entry: dict[str, Any] = json.loads(body)
        return entry

    def _has_settled(self, path: Path) -> bool:
        """Say whether a path was as it is when the command began; what is absent was, if the folder around it was."""
        while not path.exists():
            path = path.parent
        found = path.stat()
        changed = max(found.st_mtime_ns, found.st_ctime_ns)
        return changed + (TICK if changed % SECOND else 2 * SECOND) < self.began


def _holds(entry: Mapping[str, Any]) -> bool:
    texts = (_digest(_bytes(Path(path))) == digest for path, digest in entry["texts"].items())
    return all(texts) and all(_state(Path(path)) == state for path, state in entry["files"].items())


def _program() -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of every file of this package."""
    folders = [str(Path(__file__).parents[1])]
    for folder in folders:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    state = entry.stat()
                    yield entry.path, state.st_size, state.st_mtime_ns
                elif entry.name != "__pycache__":
                    folders.append(entry.path)


def _state(path: Path) -> list[int] | None:
    """Return what changes when a file or folder does; None when it is absent."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _bytes(path: Path) -> bytes:
    """Return the bytes of a text, without a byte order mark.

    Raises: OSError when it is no file that can be read.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).removeprefix(b"\xef\xbb\xbf")


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()
