"""What a person sees while a run goes on: a live line on a terminal, plain lines in a pipe."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from specc.cli.output import console, duration, say
from specc.plan.model import Plan
from specc.runtime.events import (
    EpochDone,
    Event,
    Remarked,
    Skipped,
    StageDone,
    StageStarted,
    Started,
    StepDone,
    TailMeasured,
)
from specc.runtime.words import line, shown

SMOOTHING: Final = 0.9
"""Weight of the past in the shown loss and speed."""

TOLD: Final = (Started, Remarked, Skipped, TailMeasured, StageDone)
"""What is told in words on a terminal and in a pipe."""

SHORTEST: Final = 0.02
"""Seconds over which speed is taken at least: from an accelerator, steps are told in bursts."""


def display(events: Iterable[Event], plan: Plan) -> Iterator[Event]:
    """Pass events on and show them."""
    return _live(events, plan) if sys.stderr.isatty() else _plain(events)


def _plain(events: Iterable[Event]) -> Iterator[Event]:
    for event in events:
        text = line(event) if isinstance(event, (*TOLD, StageStarted, EpochDone)) else None
        if text:
            say(text)
        yield event


class Speed:
    """Smoothed samples a second and loss."""

    def __init__(self) -> None:
        self.rate = self.loss = 0.0
        self.begin()

    def step(self, event: StepDone) -> None:
        """Take one more step into account."""
        self.loss = event.loss if not self.loss else SMOOTHING * self.loss + (1 - SMOOTHING) * event.loss
        self.samples += event.samples
        elapsed = time.monotonic() - self.at
        if elapsed >= SHORTEST:
            rate = self.samples / elapsed
            self.rate = rate if not self.rate else SMOOTHING * self.rate + (1 - SMOOTHING) * rate
            self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self.at, self.samples = time.monotonic(), 0


def _live(events: Iterable[Event], plan: Plan) -> Iterator[Event]:
    from rich.progress import BarColumn, Progress, TextColumn

    stage, told_of = (TextColumn(f"{{task.{it}}}", markup=False) for it in ("description", "fields[told]"))
    columns = (stage, BarColumn(30), told_of)
    speed = Speed()
    with Progress(*columns, console=console(sys.stderr), transient=True) as progress:
        task = progress.add_task("starting", total=sum(stage.steps or 0 for stage in plan.stages), told="")
        epochs = {stage.name: (stage.steps_per_epoch or 1, stage.epochs or 0) for stage in plan.stages}
        for event in events:
            if isinstance(event, StepDone):
                speed.step(event)
                per_epoch, planned = epochs[event.stage]
                description = f"{event.stage} epoch {(event.step - 1) // per_epoch + 1}/{planned:g}"
                told = _told(event, speed, plan)
                progress.update(task, completed=event.global_step, description=description, told=told)
            elif isinstance(event, EpochDone):
                progress.console.print(_row(event), soft_wrap=True)
                speed.begin()
            elif isinstance(event, TOLD) and (text := line(event)):
                progress.console.print(text, soft_wrap=True)
            yield event


def _told(event: StepDone, speed: Speed, plan: Plan) -> str:
    """Return loss, rate, speed and the time that is left if nothing stops early."""
    left = sum((stage.steps or 0) * stage.batch_size for stage in plan.stages)
    done, steps = 0, event.global_step
    for stage in plan.stages:
        made = min(steps, stage.steps or 0)
        done, steps = done + made * stage.batch_size, steps - made
    remaining = (left - done) / max(speed.rate, 1e-9)
    return f"loss {speed.loss:.4f}  lr {event.rate:.2e}  {speed.rate:,.0f} samples/s  {duration(remaining)} left"


def _row(event: EpochDone) -> Any:
    from rich.text import Text

    row = event.row
    metrics = "  ".join(f"{name} {shown(name, value)}" for name, value in row["val"].items())
    text = Text(f"{row['stage']:>16} {row['epoch']:>3}  train {row['train']['loss']:.4f}  {metrics}")
    return text.append("  best", "green") if event.best else text
