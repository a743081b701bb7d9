"""Runs as their folders tell of them, for people who want to see several at once."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specc.checkpoint.format import read_header
from specc.checkpoint.metadata import CheckpointInfo, from_strict
from specc.errors import FileFormatError, InputError
from specc.plan.file import load
from specc.plan.model import Plan

BLOCKS: Final = "▁▂▃▄▅▆▇█"
POINTS: Final = 30
"""Characters of a drawn curve, at most."""


@dataclass(frozen=True)
class RunRecord:
    """A run: what it was to do, each epoch's row, and in the end its results. Units: seconds."""

    folder: Path
    plan: Plan
    history: tuple[dict[str, Any], ...]
    seconds: tuple[float, ...]
    """Of each epoch, validation included; 0 where it is not known."""
    results: dict[str, Any] | None
    """Metrics by split, of the best weights; None while the run is not over."""

    def of_stage(self, name: str) -> list[dict[str, Any]]:
        """Return the epochs of a stage."""
        return [row for row in self.history if row["stage"] == name]


def read_run(folder: Path) -> RunRecord:
    """Read what a run folder tells.

    Raises: InputError when it is none.
    """
    path = folder / "plan.json"
    try:
        plan = load(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        raise InputError(
            f"`{folder}` is no run: it has no plan.json", help="name a folder below checkpoints/"
        ) from None
    history = tuple(from_strict(row) for row in _lines(folder / "history.jsonl"))
    found = (event for event in _lines(folder / "events.jsonl") if event.get("event") == "EpochDone")
    times = {(event["row"]["stage"], event["row"]["epoch"]): float(event["seconds"]) for event in found}
    seconds = tuple(times.get((row["stage"], row["epoch"]), 0.0) for row in history)
    return RunRecord(folder, plan, history, seconds, _results(folder / "best.safetensors", plan))


def _results(path: Path, plan: Plan) -> dict[str, Any] | None:
    try:
        info = CheckpointInfo.from_json(read_header(path).own_metadata or {}, str(path))
    except FileFormatError:
        return None
    return info.results if info.finished and info.plan_digest == plan.digest else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue  # half a line, written when the process died
        if isinstance(record, dict):
            yield record


def curve(values: Sequence[float], among: Sequence[float] = ()) -> str:
    """Draw numbers as a line of blocks, from the lowest to the highest of them, or of others too.

    >>> curve([3, 2, 1]), curve([1, 1]), curve([1, 2], among=[9]), curve([])
    ('█▅▁', '▁▁', '▁▂', '')
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    if len(finite) > POINTS:
        finite = [finite[round(i * (len(finite) - 1) / (POINTS - 1))] for i in range(POINTS)]
    scale = [*finite, *(value for value in among if math.isfinite(value))]
    low, high = min(scale), max(scale)
    return "".join(BLOCKS[round((value - low) / (high - low) * 7) if high > low else 0] for value in finite)
