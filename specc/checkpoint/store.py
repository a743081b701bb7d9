"""The store of stages: what each one made, under the digest of all that it depends on, for every run that needs it.

Three files a stage: `DIGEST.safetensors` is its end, `DIGEST.best.safetensors` its best weights, and
`DIGEST.part.safetensors` how far it is while it is not done. A run folder and the store share one file by a hard link
where the disk allows it, and files are only ever replaced as a whole, so nothing that is kept can change.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from specc.checkpoint.atomic import link_atomic, remove
from specc.checkpoint.format import read, read_header
from specc.checkpoint.metadata import CheckpointInfo, Kind
from specc.errors import FileFormatError, RunFailed

Part = Literal["end", "best", "part"]
"""What is kept of a stage."""

VARIABLE: Final = "SPECC_STORE"
"""The environment's word for where the store is."""

_ENDINGS: Final[dict[Part, str]] = {"end": "", "best": ".best", "part": ".part"}
_KINDS: Final[dict[Part, Kind]] = {"end": "stage", "best": "best", "part": "last"}
_FILE: Final = re.compile(r"(?P<digest>[0-9a-f]{64})(?P<ending>|\.best|\.part)\.safetensors")


@dataclass(frozen=True)
class Entry:
    """What the store has of one stage. Units: bytes, and seconds since 1970."""

    digest: str
    files: tuple[Path, ...]
    size: int
    used: float

    @property
    def finished(self) -> bool:
        """Say whether the stage is done."""
        return any(path.name == f"{self.digest}.safetensors" for path in self.files)


@dataclass(frozen=True)
class Store:
    """A folder of results."""

    root: Path

    @classmethod
    def beside(cls, run: Path) -> "Store":
        """Return the store that a run folder uses: the one that the environment names, or the one beside it."""
        named = os.environ.get(VARIABLE)
        return cls(Path(named).expanduser() if named else run.parent / ".store")

    def path(self, digest: str, part: Part) -> Path:
        """Return where a part of a stage's result is, or would be."""
        return self.root / f"{digest}{_ENDINGS[part]}.safetensors"

    def keep(self, source: Path, digest: str, part: Part) -> None:
        """Keep a file of a run; the end of a stage takes the place of how far it was.

        Raises: RunFailed when the store cannot be written.
        """
        with suppress(OSError):
            self.root.mkdir(parents=True, exist_ok=True)
        link_atomic(source, self.path(digest, part))
        if part == "end":
            with suppress(OSError):  # what stays is never looked at again
                self.path(digest, "part").unlink(missing_ok=True)

    def lend(self, digest: str, part: Part, target: Path) -> bool:
        """Put what is kept where a run looks for it; say whether there was anything.

        Raises: RunFailed when the target cannot be written.
        """
        source = self.path(digest, part)
        with suppress(OSError):
            os.utime(source)
        try:
            link_atomic(source, target)
        except RunFailed as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError) and target.parent.is_dir():
                return False  # never there, or removed by another process just now
            raise
        return True

    def forget(self, digest: str) -> None:
        """Remove what is kept of a stage; the end goes first, so that the rest is never taken for a finished stage.

        Raises: RunFailed when the disk does not let it go.
        """
        for part in _ENDINGS:
            remove(self.path(digest, part))

    def entries(self) -> list[Entry]:
        """Return what is kept, the least recently used first."""
        found: dict[str, list[Path]] = {}
        with suppress(OSError):
            for path in sorted(self.root.iterdir()):
                if match := _FILE.fullmatch(path.name):
                    found.setdefault(match["digest"], []).append(path)
        entries = (_entry(digest, paths) for digest, paths in found.items())
        return sorted((entry for entry in entries if entry), key=lambda entry: (entry.used, entry.digest))

    def collect(self, limit: int) -> list[Entry]:
        """Remove what was least recently used until the rest fits into `limit` bytes, and return what was removed."""
        entries = self.entries()
        total, removed = sum(entry.size for entry in entries), []
        for entry in entries:
            if total <= limit:
                break
            self.forget(entry.digest)
            total -= entry.size
            removed.append(entry)
        return removed

    def damaged(self) -> Iterator[tuple[Path, str]]:
        """Read everything, and yield the files that are damaged or in another's place, and what is wrong with each."""
        for entry in self.entries():
            for path in entry.files:
                try:
                    info = CheckpointInfo.from_json(read(path)[0].own_metadata or {}, str(path))
                except FileFormatError as error:
                    yield path, error.message
                    continue
                if info.stage_digest != entry.digest:
                    yield path, f"{path}: it is another stage's, {info.stage_digest[:12]}"


def _entry(digest: str, paths: list[Path]) -> Entry | None:
    stats = []
    for path in paths:
        with suppress(OSError):  # removed by another process since it was listed
            stats.append(path.stat())
    if not stats:
        return None
    return Entry(digest, tuple(paths), sum(stat.st_size for stat in stats), max(stat.st_mtime for stat in stats))


def holds(path: Path, digest: str, part: Part | None = None) -> bool:
    """Say whether a file is a result of the stage of this digest, and this part of it, by its header."""
    try:
        metadata = read_header(path).own_metadata or {}
    except FileFormatError:
        return False
    return metadata.get("stage_digest") == digest and (part is None or metadata.get("kind") == _KINDS[part])
