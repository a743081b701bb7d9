"""specc as git's own way to show specs: `git diff` by what a change does, `git log -p` and `git show` by the plan.

Git runs an external driver for `git diff`, and for the others only with `--ext-diff`; those show the two texts that a
spec is converted to (https://git-scm.com/docs/gitattributes, "Defining an external diff driver" and "Performing text
diffs of binary files"). Without the configuration git knows no driver `specc` and shows text, as ever.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from specc.cli.revisions import ENDINGS, git
from specc.compiler.pipeline import compile_spec
from specc.diff.edits import tree
from specc.diff.effects import compare
from specc.diff.render import as_text
from specc.diff.values import plain
from specc.errors import RunFailed, SpeccError, UsageError
from specc.plan.model import Plan

ATTRIBUTES: Final = ("*.specc diff=specc", "specs/*.toml diff=specc")
CONFIGURATION: Final = {
    "diff.specc.command": "specc diff --driver",
    "diff.specc.textconv": "specc diff --textconv",
}


def run(arguments: argparse.Namespace) -> int:
    """Install the driver, or do what git asks of it."""
    if arguments.install:
        return _install()
    if arguments.textconv:
        sys.stdout.write(_converted(arguments.textconv))
        return 0
    if len(arguments.driver) < 7:
        raise UsageError("`--driver` is how git calls specc", help="give two specs")
    path, old, _, _, new, *_ = arguments.driver
    sys.stdout.write(_shown(Path(path), Path(old), Path(new)))
    return 0


def _install() -> int:
    """Write attributes into the repository, and the driver into its own configuration."""
    top = Path(git("rev-parse", "--show-toplevel").strip())
    path = top / ".gitattributes"
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        missing = [line for line in ATTRIBUTES if line not in lines]
        path.write_text("\n".join([*lines, *missing]) + "\n", "utf-8")
    except OSError as error:
        raise RunFailed(f"{path}: not written, {(error.strerror or '').lower()}", help="check the folder") from None
    for name, value in CONFIGURATION.items():
        git("config", "--local", name, value)
    sys.stdout.write(
        f"{path}: specs are shown by specc\n"
        "git diff says what a change does; git log -p and git show, too, with --ext-diff\n"
        "commit .gitattributes; whoever else wants it runs `specc diff --install` once\n"
    )
    return 0


def _shown(path: Path, old: Path, new: Path) -> str:
    """Return what `git diff` shows of a file; for what is no sound spec on both sides, the lines that differ."""
    with tempfile.TemporaryDirectory(prefix="specc-diff-") as scratch:
        try:
            plans = [
                _plan(path, side, Path(scratch) / name)
                for name, side in (("old", old), ("new", new))
                if str(side) != "/dev/null"
            ]
        except SpeccError as error:
            return f"specc {path}: {error.message}\n{_lines_of(old, new)}"
    if len(plans) < 2:
        return f"specc {path}: {'new' if str(old) == '/dev/null' else 'removed'}\n{_lines_of(old, new)}"
    return f"specc {path}\n{as_text(compare(*plans))}\n"


def _plan(path: Path, content: Path, folder: Path) -> Plan:
    """Compile a version of a file, among the specs that lie beside it in the working tree, which it may extend."""
    beside = [it for it in path.parent.iterdir() if it.suffix in ENDINGS] if path.parent.is_dir() else []
    folder.mkdir()
    for other in beside:
        shutil.copy(other, folder)
    copy = folder / path.name
    shutil.copy(content, copy)
    plan = compile_spec(copy, with_data=False)[0]
    inside = f"{path.parent}/" if path.parent != Path() else ""
    origins = {key: place.replace(f"{folder}/", inside) for key, place in plan.origins.items()}
    return plan.model_copy(update={"origins": origins})


def _lines_of(old: Path, new: Path) -> str:
    words = ["git", "diff", "--no-index", "--no-ext-diff", "--no-textconv", "--", str(old), str(new)]
    return subprocess.run(words, check=False, capture_output=True).stdout.decode("utf-8", "replace")


def _converted(path: Path) -> str:
    """Return a plan as lines, one a value; a text that is no spec by itself as it is."""
    with tempfile.TemporaryDirectory(prefix="specc-diff-") as scratch:
        try:
            plan = _plan(path, path, Path(scratch) / "spec")
        except SpeccError:
            return path.read_text("utf-8", "replace")
    return "".join(f"{line}\n" for line in _told(tree(plan), ""))


def _told(value: Any, name: str) -> Iterator[str]:
    """Yield a line for each value of a table; what only follows from others is left out."""
    if isinstance(value, dict) and "kind" not in value:
        for key, item in value.items():
            if key not in ("groups", "schedule", "train", "(order)"):
                yield from _told(item, f"{name}.{key}" if name else str(key))
    else:
        yield f"{name} = {plain(value)}"
