"""Events as lines of text, for logs and for pipes."""

import math
from typing import Any

from specc.runtime.events import (
    EpochDone,
    Event,
    Finished,
    Remarked,
    Saved,
    Skipped,
    StageDone,
    StageStarted,
    Started,
    TailMeasured,
)
from specc.runtime.tail import ClassScore


def line(event: Event) -> str | None:
    """Return an event in one line; None for those that happen too often to be told."""
    match event:
        case Started():
            return _started(event)
        case StageStarted():
            at = f", from step {event.first_step:,}" if event.first_step else ""
            return f"stage {event.name}: {event.steps:,} steps, {event.trained:,} parameters train{at}"
        case EpochDone():
            return _epoch(event)
        case Remarked(text=text):
            return text
        case TailMeasured():
            return "; ".join(_diverging(score) for score in event.scores if score.diverges) or None
        case Skipped():
            return f"left out: {'; '.join(event.failures)}"
        case StageDone():
            stopped = ", stopped early" if event.stopped_early else ""
            plural = "" if event.epochs == 1 else "s"
            return f"stage {event.name} is done after {event.epochs:g} epoch{plural}{stopped}"
        case Saved():
            return f"saved {event.path} in {event.seconds:.2f} s"
        case Finished():
            return f"finished: {event.folder}"
    return None


def _started(event: Started) -> str:
    where = f"goes on from {event.resumed_from}" if event.resumed_from else "begins"
    notes = "".join(f"; {note}" for note in event.notes)
    return f"run {where} on {event.device}, {event.parameters:,} parameters{notes}"


def _epoch(event: EpochDone) -> str:
    row = event.row
    values = "  ".join(f"{name} {shown(name, value)}" for name, value in row["val"].items())
    best = "  best so far" if event.best else ""
    head = f"{row['stage']} epoch {row['epoch']}  loss {row['train']['loss']:.4f}"
    return f"{head}  val {values}  lr {row['lr']:.3g}  {event.seconds:.1f} s{best}"


def _diverging(score: ClassScore) -> str:
    remedy = "lower the stage's lr, or set max_grad_norm"
    return f"{score.label} `{score.name}` diverges: loss {score.loss:.4g}, after {score.lowest:.4g} ({remedy})"


def shown(name: str, value: Any) -> str:
    """Print a metric: losses as numbers, shares in percent.

    >>> shown("loss", 0.51234), shown("top1(a)", 0.9917)
    ('0.5123', '99.17%')
    """
    if not isinstance(value, int | float) or math.isnan(value):
        return "-"
    return f"{value:.4f}" if name == "loss" else f"{100 * value:.2f}%"


def target(metric: str, threshold: float) -> str:
    """Print what a metric is to reach as it is shown, but with every digit.

    >>> target("loss", 1e-5), target("top1(a)", 0.97), target("top1(a)", 0.99999)
    ('1e-05', '97%', '99.999%')
    """
    return f"{threshold:g}" if metric == "loss" else f"{100 * threshold:.10g}%"
