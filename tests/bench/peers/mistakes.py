"""The mistakes, and what specc says of each.

A file begins with comments: `mistake` is its name, `source` an issue that tells of it, `severity` one or several that
`|` joins, `line` where it is said (0 is anywhere), `says` what must be named there: all parts that ` & ` joins, of each
one of the words that `|` joins. Files whose names begin with `_base_` are right. Paths in them start at their folder.
"""

import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validate
from specc.diagnostics.model import Diagnostic, SpecError
from specc.errors import MissingData

ROOT = Path(__file__).parents[3]
FOLDERS = {"own": ROOT / "tests" / "mistakes", "given": ROOT.parent / "shared" / "mistakes"}
"""The second lies beside some checkouts only."""

BASE = "_base_"


@dataclass(frozen=True)
class Mistake:
    """A spec with a mistake, and its header."""

    path: Path
    header: dict[str, str]

    @property
    def name(self) -> str:
        return self.path.stem

    def is_told_by(self, said: Diagnostic) -> bool:
        return (
            said.severity in self.header["severity"].split("|")
            and self.header["line"] in ("0", str(position(said)[0]))
            and names(words(said), self.header["says"])
        )

    def answer(self) -> Diagnostic | None:
        """Return the diagnostic that tells of it."""
        return next(filter(self.is_told_by, diagnostics(self.path)), None)


def mistakes(folder: Path) -> list[Mistake]:
    return [Mistake(path, header(path)) for path in specs(folder) if not path.name.startswith(BASE)]


def bases(folder: Path) -> list[Path]:
    return [path for path in specs(folder) if path.name.startswith(BASE)]


def specs(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in (".toml", ".specc"))


def header(path: Path) -> dict[str, str]:
    comments = [line[2:] for line in path.read_text("utf-8").splitlines()[:5] if line.startswith("# ")]
    return dict(comment.split(": ", 1) for comment in comments if ": " in comment)


def names(text: str, says: str) -> bool:
    """Say whether a text has a word of every part.

    >>> names("did you mean `95%`?", "95% & top1|mean")
    True
    """
    return all(any(word in text for word in part.split("|")) for part in says.split(" & "))


def words(said: Diagnostic) -> str:
    """Return all that a diagnostic says; the line of the spec that it shows is not its own."""
    return "\n".join([said.headline, *(label.text for label in said.labels), *said.notes, said.help or ""])


def position(said: Diagnostic) -> tuple[int, int]:
    """Return line and column of a diagnostic, 0 where it has no place."""
    return said.place.source.line_column(said.place.span.start) if said.place else (0, 0)


def diagnostics(path: Path) -> list[Diagnostic]:
    """Return all that is said of a spec, and of its data where it is there.

    It lies in a copy of its folder, in which a base has its own name, too: specs that extend it are found.
    """
    with TemporaryDirectory() as name:
        folder = Path(name, "mistakes")
        shutil.copytree(path.parent, folder)
        for base in bases(folder):
            shutil.copy(base, folder / base.name.removeprefix(BASE))
        with chdir(folder):
            return _validated(Path(path.name))


def _validated(path: Path) -> list[Diagnostic]:
    context, problems = validate(path)
    try:
        if context and not problems.errors:
            compile_checked(context)
    except (MissingData, SpecError):
        pass  # what is wrong is among the problems
    return problems.sorted()
