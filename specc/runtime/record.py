"""Writes down what a run tells: a log for people, events for machines, scalars for TensorBoard."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

from specc.checkpoint.atomic import write_text_atomic
from specc.checkpoint.metadata import to_strict
from specc.plan.model import Plan
from specc.runtime.events import EpochDone, Evaluated, Event, Started, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.words import line

EVERY: Final = 10
"""Steps between two written losses."""


def record(events: Iterable[Event], folder: RunFolder, plan: Plan) -> Iterator[Event]:
    """Pass events on and write them down. After a crash, what is made again is not written twice."""
    at = 0
    writer: Any = None
    log: TextIO | None = None
    file: TextIO | None = None
    try:
        for event in events:
            if isinstance(event, Started):
                _drop_after(folder.root / "events.jsonl", event.global_step if event.resumed_from else -1)
                log = (folder.root / "logs" / "train.log").open("a", encoding="utf-8")
                file = (folder.root / "events.jsonl").open("a", encoding="utf-8")
                writer = _tensorboard(folder.root / "tensorboard", event.global_step, plan)
            at = getattr(event, "global_step", at)
            if log and file and _is_written(event):
                _write(event, at, log, file, writer)
            yield event
    finally:
        for opened in (log, file, writer):
            if opened is not None:
                opened.close()


def _is_written(event: Event) -> bool:
    return not isinstance(event, Evaluated) and not (isinstance(event, StepDone) and event.step % EVERY)


def _write(event: Event, at: int, log: TextIO, file: TextIO, writer: Any) -> None:
    text = line(event)
    if text:
        log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
        log.flush()
    file.write(
        json.dumps({"event": type(event).__name__, "global_step": at, **to_strict(asdict(event))}, ensure_ascii=False)
        + "\n"
    )
    file.flush()
    if writer is not None:
        _scalars(event, writer)


def _drop_after(path: Path, global_step: int) -> None:
    """Keep only events up to the step that the run goes on from."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = [text for text in lines if _step_of(text) <= global_step]
    if len(kept) != len(lines):
        write_text_atomic(path, "".join(kept))


def _step_of(text: str) -> int:
    try:
        record = json.loads(text)
    except ValueError:
        return 2**63  # half a line, written when the process died
    return int(record.get("global_step", 0)) if isinstance(record, dict) else 2**63


def _tensorboard(folder: Path, global_step: int, plan: Plan) -> Any:
    if "tensorboard" not in plan.run.loggers:
        return None
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  (a second to import, and not always wanted)

    return SummaryWriter(str(folder), purge_step=global_step + 1)


def _scalars(event: Event, writer: Any) -> None:
    if isinstance(event, StepDone):
        writer.add_scalar("train/loss", event.loss, event.global_step)
        writer.add_scalar("train/lr", event.rate, event.global_step)
    elif isinstance(event, EpochDone):
        for name, value in event.row["val"].items():
            writer.add_scalar(f"val/{name}", value, event.global_step)
        writer.flush()
