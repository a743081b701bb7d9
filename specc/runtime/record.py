"""Writes down what a run tells: a log for people, lines of JSON for machines, scalars for TensorBoard."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

from specc.checkpoint.atomic import telling, write_text_atomic
from specc.checkpoint.metadata import to_strict
from specc.plan.model import Plan
from specc.runtime.events import EpochDone, Evaluated, Event, Started, StepDone, TailMeasured
from specc.runtime.folder import RunFolder
from specc.runtime.tail import ClassScore
from specc.runtime.words import line

EVERY: Final = 10
"""Steps between two written losses."""


def record(events: Iterable[Event], folder: RunFolder, plan: Plan) -> Iterator[Event]:
    """Pass events on and write them down. After a crash, what is made again is not written twice.

    Raises: RunFailed when the disk does not take them.
    """
    with ExitStack() as opened:
        records: _Records | None = None
        for event in events:
            with telling(folder.root / "logs"):
                if isinstance(event, Started):
                    records = opened.enter_context(closing(_Records(folder, event, plan)))
                if records:
                    records.write(event)
            yield event


class _Records:
    """The files that a run writes as it goes."""

    def __init__(self, folder: RunFolder, started: Started, plan: Plan) -> None:
        self.at, last = 0, started.global_step if started.resumed_from else -1
        events, tail = folder.root / "events.jsonl", folder.root / "tail.jsonl"
        _drop_after(events, last)
        _drop_after(tail, last)
        self.log = (folder.root / "logs" / "train.log").open("a", encoding="utf-8")
        self.events, self.tail = events.open("a", encoding="utf-8"), tail.open("a", encoding="utf-8")
        self.writer = _tensorboard(folder.root / "tensorboard", started.global_step, plan)

    def write(self, event: Event) -> None:
        """Write down an event where it belongs."""
        self.at = getattr(event, "global_step", self.at)
        if text := line(event):
            self.log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
            self.log.flush()
        if isinstance(event, TailMeasured):
            _write(self.tail, [_of_class(event, score) for score in event.scores])
        elif not isinstance(event, Evaluated) and not (isinstance(event, StepDone) and event.step % EVERY):
            record = {"event": type(event).__name__, "global_step": self.at, **to_strict(asdict(event))}
            _write(self.events, [record])
        if self.writer is not None:
            _scalars(event, self.writer)

    def close(self) -> None:
        """Close the files."""
        for opened in (self.log, self.events, self.tail, self.writer):
            if opened is not None:
                with suppress(OSError):  # what was flushed is there, and what could not be was told
                    opened.close()


def _write(file: TextIO, records: Iterable[dict[str, Any]]) -> None:
    """Add a line for each record."""
    file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    file.flush()


def _of_class(event: TailMeasured, score: ClassScore) -> dict[str, Any]:
    where = {"global_step": event.global_step, "stage": event.stage, "epoch": event.epoch}
    own = {"label": score.label, "class": score.name, "samples": score.samples, "loss": score.loss, "f1": score.f1}
    return to_strict(where | own)  # type: ignore[no-any-return]


def _drop_after(path: Path, global_step: int) -> None:
    """Keep only the lines up to the step that the run goes on from."""
    if not path.exists():
        return
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    lines = [*(text + "\n" for text in lines[:-1]), *filter(None, lines[-1:])]
    kept = [text for text in lines if _step_of(text) <= global_step]
    if len(kept) != len(lines):
        write_text_atomic(path, "".join(kept))


def _step_of(text: str) -> int:
    try:
        record = json.loads(text) if text.endswith("\n") else None
    except ValueError:
        return 2**63
    return int(record.get("global_step", 0)) if isinstance(record, dict) else 2**63  # half a line


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
    elif isinstance(event, TailMeasured):
        for score in event.scores:
            writer.add_scalar(f"tail/{score.label}/{score.name}/loss", score.loss, event.global_step)
            writer.add_scalar(f"tail/{score.label}/{score.name}/f1", score.f1, event.global_step)
