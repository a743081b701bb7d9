"""What must hold of a run's files after a fault, and after the next run did its work in spite of it."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from specc.checkpoint.format import read
from specc.errors import FileFormatError
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder
from specc.runtime.resume import find_state
from tests.crash.content import RUN, snapshot

Digests = Mapping[str, str]


@dataclass(frozen=True)
class Ends:
    """The files before an operation and after it, when nothing disturbs it."""

    before: Digests
    after: Digests
    lines: Mapping[str, list[str]]
    """Lines of the files that grow, after it."""
    lines_before: Mapping[str, list[str]]
    seal: str
    """The file without which those beside it count for nothing, if there is one."""

    def either(self, path: str) -> set[str | None]:
        """Return the digests that a file may have while the operation is under way, or was begun a number of times.

        An older state may be any of them: they move on one by one, and one more than wanted is there for a moment.
        """
        is_older = Path(path).name.startswith("previous")
        states = {*self.before.values(), *self.after.values()}
        return states if is_older else {self.before.get(path), self.after.get(path)}


def after_fault(ends: Ends, grows: Collection[str], root: Path) -> list[str]:
    """Return what is lost or mixed: every file is the old or the new one, and a checkpoint reads."""
    found, wrong = snapshot(root), []
    for path in sorted({*ends.before, *ends.after, *found}):
        if path not in found:
            wrong += [f"lost: {path}"] if path in ends.before and path in ends.after and path != ends.seal else []
        elif Path(path).name in grows:
            wrong += _grown(path, ends, root)
        elif found[path] not in ends.either(path):
            wrong.append(f"mixed: {path} is neither the old nor the new one")
        elif path.endswith(".safetensors"):
            wrong += _unreadable(root / path)
    return wrong + _sealed(ends, found)


def _sealed(ends: Ends, found: Digests) -> list[str]:
    """Hold what lies beside the seal to be wholly old or wholly new, where the seal is."""
    sides = [_beside(ends.seal, side) for side in (ends.before, ends.after)]
    if ends.seal not in found or _beside(ends.seal, found) in sides:
        return []
    return [f"mixed: {ends.seal} lies beside files of another time"]


def _beside(path: str, digests: Digests) -> Digests:
    """Return the digests of a file and of those in its folder."""
    return {other: digest for other, digest in digests.items() if Path(other).parent == Path(path).parent}


def _unreadable(path: Path) -> list[str]:
    try:
        read(path)
    except FileFormatError as error:
        return [f"lost: {error.message}"]
    return []


def _grown(path: str, ends: Ends, root: Path) -> list[str]:
    """Hold a file that grows to what it would be in the end: it may only be shorter, by the lines that are new."""
    whole, least = ("".join(lines[path]) for lines in (ends.lines, ends.lines_before))
    found = _steady((root / path).read_text())
    if not found.startswith(_steady(least)):
        return [f"lost: {path} has not the lines that it had"]
    return [] if _steady(whole).startswith(found) else [f"mixed: {path} has other lines"]


def _steady(text: str) -> str:
    """Leave the times out of a log."""
    return text if text.startswith("{") else "".join(line[20:] for line in text.splitlines(keepends=True))


def progress(root: Path, plan: Plan) -> tuple[int, bool, int]:
    """Return how far the state is that a run would go on from, with the best weights it counts on held to it."""
    found, _ = find_state(RunFolder(root / RUN), plan)
    return (found.info.stage_index, found.info.kind == "stage", found.info.step) if found else (-1, False, 0)


def after_next(ends: Ends, grows: Collection[str], root: Path) -> list[str]:
    """Return what is wrong although the operation was done again: all is new, each once, and nothing is left over."""
    found = snapshot(root)
    wrong = [f"left: {path.name}" for path in root.rglob(".*.tmp")]
    for path in sorted({*ends.after, *found}):
        name = Path(path).name
        if path not in found:
            wrong.append(f"lost: {path}, after the next run")
        elif name in grows:
            wrong += _lines(path, ends, root)
        elif name.startswith("previous"):
            wrong += [] if found[path] in ends.either(path) else [f"mixed: {path}, after the next run"]
        elif found[path] != ends.after.get(path):
            wrong.append(f"mixed: {path}, after the next run")
    return wrong


def _lines(path: str, ends: Ends, root: Path) -> list[str]:
    """Hold a file of lines to those that it must have; that a run began is told as often as it began."""
    if not path.endswith(".jsonl"):
        return []
    wanted, found = (_events(lines) for lines in (ends.lines[path], (root / path).read_text().split("\n")[:-1]))
    return [] if wanted == found else [f"mixed: {path} has not each line once"]


def _events(lines: list[str]) -> list[str]:
    return [text.rstrip("\n") for text in lines if json.loads(text).get("event") != "Started"]
