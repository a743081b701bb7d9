"""Specs as git has them: at a revision, in the index, in the working tree."""

import io
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specc.errors import UsageError

ENDINGS: Final = (".toml", ".specc")
_SPEC: Final = re.compile(r"^\s*specc\s*=?\s*1\s*$", re.MULTILINE)
_MOST_AT_ONCE: Final = 500
"""Names that git is given at a time."""


@dataclass(frozen=True)
class Tree:
    """The specs of a revision in a folder, and what that revision is called; the working tree is its own folder."""

    name: str
    folder: Path

    def spec(self, path: str) -> Path | None:
        """Return the spec at a path in the repository; None where there is none."""
        found = self.folder / path
        return found if found.is_file() else None

    def specs(self) -> list[str]:
        """Return the paths of all specs, by what they say of themselves."""
        found = (path for path in sorted(self.folder.rglob("*")) if path.suffix in ENDINGS and path.is_file())
        inside = (
            path for path in found if not any(part.startswith(".") for part in path.relative_to(self.folder).parts)
        )
        return [str(path.relative_to(self.folder)) for path in inside if _is_spec(path)]


def _is_spec(path: Path) -> bool:
    with path.open("rb") as file:
        return _SPEC.search(file.read(1 << 16).decode("utf-8", "replace")) is not None


@dataclass(frozen=True)
class Repository:
    """A git repository, and a folder for the specs that are taken out of it."""

    top: Path
    scratch: Path

    @classmethod
    def here(cls, scratch: Path) -> "Repository":
        """Return the repository around the working folder.

        Raises: UsageError when there is none, or no git.
        """
        return cls(Path(git("rev-parse", "--show-toplevel").strip()), scratch)

    def working_tree(self) -> Tree:
        """Return the files as they lie in the working tree."""
        return Tree("working tree", self.top)

    def revision(self, name: str) -> Tree:
        """Take the specs of a revision out of the repository.

        Raises: UsageError when there is no such revision.
        """
        commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}", missing=name).strip()
        return self._taken(name, commit)

    def index(self) -> Tree:
        """Take the specs of the index out of the repository."""
        return self._taken("index", git("write-tree").strip())

    def _taken(self, name: str, tree: str) -> Tree:
        folder = self.scratch / tree
        if not folder.exists():
            folder.mkdir()
            listed = git("-C", str(self.top), "ls-tree", "-r", "-z", "--name-only", tree).split("\0")
            wanted = [path for path in listed if path.endswith(ENDINGS)]
            for start in range(0, len(wanted), _MOST_AT_ONCE):
                self._take(tree, wanted[start : start + _MOST_AT_ONCE], folder)
        return Tree(name, folder)

    def _take(self, tree: str, paths: list[str], folder: Path) -> None:
        words = [
            "git",
            "-C",
            str(self.top),
            "archive",
            "--format=tar",
            tree,
            "--",
            *(f":(literal){path}" for path in paths),
        ]
        packed = subprocess.run(words, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")


def is_revision(text: str) -> bool:
    """Say whether a text names one revision, or two with dots between them."""
    return all(_is_known(part or "HEAD") for part in split(text))


def split(text: str) -> list[str]:
    """Return the one or two revisions of a text.

    >>> split("main"), split("main..fix"), split("main...fix"), split("main..")
    (['main'], ['main', 'fix'], ['main', 'fix'], ['main', ''])
    """
    return re.split(r"\.\.\.?", text, maxsplit=1)


def _is_known(name: str) -> bool:
    words = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}"]
    return shutil.which("git") is not None and subprocess.run(words, check=False, capture_output=True).returncode == 0


def git(*words: str, missing: str | None = None) -> str:
    """Return what git prints.

    Raises: UsageError with what git says when it fails.
    """
    try:
        done = subprocess.run(["git", *words], check=False, capture_output=True)  # noqa: S607
    except OSError:
        raise UsageError("git is not there", help="install it, or name two specs") from None
    if done.returncode and missing:
        raise UsageError(f"there is neither a file nor a revision `{missing}`", help="`git log` shows revisions")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
        raise UsageError(f"git: {said[-1].removeprefix('fatal: ')}", help="name two specs, or work inside a repository")
    return done.stdout.decode("utf-8", "surrogateescape")
