"""What a checkpoint says about its training, in sentences for the person who holds the file."""

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from specc.checkpoint.format import Header, shown
from specc.checkpoint.metadata import CheckpointInfo

Level = Literal["good", "note", "warning", "problem"]

EARLY_SHARE: Final = 0.1
"""Below this share of its epochs a stage has hardly begun."""

EARLY_BEST: Final = 3
LONG_RUN: Final = 20
"""A best epoch up to `EARLY_BEST` in a stage of `LONG_RUN` epochs or more means that training hardly helped."""

RECOMMENDED_EPOCHS: Final = 50
PLATEAU: Final = 3
"""Epochs without improvement that are worth a sentence."""

_CLASSIFIER: Final = re.compile(r"(?:fc|head|classifier|head\.fc|heads\..+)\.weight")
_STATISTICS: Final = (".running_mean", ".running_var")
_PARTS: Final = ("optim.", "ema.")
_FLOATS: Final = ("F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2")


@dataclass(frozen=True)
class Finding:
    """One sentence on a checkpoint, and what to do about it."""

    level: Level
    text: str
    remedy: str | None = None


def diagnose(header: Header, info: CheckpointInfo | None) -> list[Finding]:
    """Judge a checkpoint; `info` is None for a file that specc did not write."""
    found = _foreign(header) if info is None else [finding for judge in _JUDGES for finding in judge(info)]
    return [
        Finding(item.level, shown(item.text), item.remedy and shown(item.remedy)) for item in [*found, _size(header)]
    ]


def count_parameters(header: Header) -> int:
    """Count the numbers that training sets; left out are optimizer, EMA, integers and BatchNorm's statistics."""
    return sum(
        math.prod(info.shape)
        for name, info in header.tensors.items()
        if info.dtype in _FLOATS and not name.startswith(_PARTS) and not f".{name}".endswith(_STATISTICS)
    )


def _finite(info: CheckpointInfo) -> list[Finding]:
    if info.finite:
        return []
    return [
        Finding(
            "problem",
            "the weights hold NaN or infinite numbers: the model cannot predict anything",
            "use an earlier checkpoint, and train with a lower learning rate or with gradient clipping",
        )
    ]


def _drift(info: CheckpointInfo) -> list[Finding]:
    """Find the run that went on elsewhere."""
    changes = info.environment.get("drift", [])
    text = f"not bit-exact: the run went on with {'; '.join(changes)}"
    return [Finding("note", text, "the weights are sound; they are not those of a run that stayed")] if changes else []


def _progress(info: CheckpointInfo) -> list[Finding]:
    if info.finished:
        return [Finding("good", f"training is finished: {_count(info.stages_total, 'stage')}")]
    stage = f"stage {info.stage_index + 1} of {info.stages_total} (`{info.stage}`)"
    place = f"{stage}, epoch {info.epoch} of {info.epochs_total}"
    if info.kind == "last":
        return [Finding("note", f"training is not finished: {place}", "the same `specc run` goes on from here")]
    return [Finding("note", f"saved in {place}")]


def _early(info: CheckpointInfo) -> list[Finding]:
    """Find the model that was saved before it had learned much."""
    if info.epoch < EARLY_SHARE * info.epochs_total:
        text = f"saved at epoch {info.epoch} of {info.epochs_total} in stage `{info.stage}`, which is very early"
        return [Finding("warning", f"{text}: the model is likely undertrained and will perform poorly", _longer(info))]
    best, epochs = info.best, _epochs_seen(info)
    if best is None or best["epoch"] > EARLY_BEST or epochs < LONG_RUN:
        return []
    return [
        Finding(
            "warning",
            f"the best epoch is {best['epoch']} of {epochs} in stage `{best['stage']}`, which is very early:"
            " the model hardly improved after it",
            "lower the learning rate, lengthen the warmup, or look for faults in the labels",
        )
    ]


def _longer(info: CheckpointInfo) -> str:
    if info.kind == "last" and not info.finished:
        return f"let `specc run` go on: {_count(info.epochs_total - info.epoch, 'epoch')} of the stage are left"
    return f"train for more epochs (at least {max(RECOMMENDED_EPOCHS, info.epochs_total // 2)})"


def _epochs_seen(info: CheckpointInfo) -> int:
    """Count the epochs of the best one's stage; what came after a best checkpoint stands only in the stage's length."""
    if info.best is None:
        return 0
    if info.kind == "best" and info.best["stage"] == info.stage:
        return info.epochs_total
    return sum(row["stage"] == info.best["stage"] for row in info.history)


def _trend(info: CheckpointInfo) -> list[Finding]:
    """Say whether the watched value of the stage was still improving, or since when it was not."""
    metric, losses = _watched(info)
    if len(losses) <= PLATEAU:
        return []
    since = len(losses) - 1 - losses.index(min(losses))
    last = losses[-PLATEAU - 1 :]
    if since == 0 and all(after < before for before, after in pairwise(last)):
        return [_improving(info, metric)]
    if since < PLATEAU:
        return []
    return [
        Finding(
            "note",
            f"`{metric}` stopped improving {since} epochs before this file was saved",
            None if info.kind == "best" else "prefer `best.safetensors`, which holds the best epoch",
        )
    ]


def _improving(info: CheckpointInfo, metric: str) -> Finding:
    text = f"`{metric}` was still improving when this file was saved"
    if info.finished or (info.kind == "stage" and info.epoch >= info.epochs_total):
        return Finding("warning", f"{text}: the stage ended too soon", f"give stage `{info.stage}` more epochs")
    return Finding("good", text)


def _watched(info: CheckpointInfo) -> tuple[str, list[float]]:
    """Return the name of the watched value and its course in the stage, turned so that lower is better."""
    rows = [row["val"] for row in info.history if row["stage"] == info.stage]
    if info.best is not None and info.best["stage"] == info.stage:
        metric = info.best["metric"].removeprefix("val.").removeprefix("val_")
        values = _finite_values(rows, metric)
        if values:
            return metric, values if _falls(values, info.best["value"]) else [-value for value in values]
    return "loss", _finite_values(rows, "loss")


def _finite_values(rows: list[dict[str, float]], metric: str) -> list[float]:
    return [row[metric] for row in rows if math.isfinite(row.get(metric, math.nan))]


def _falls(values: list[float], best: float) -> bool:
    """Tell a value that should fall from one that should rise by the end of its range that is called the best."""
    return abs(best - min(values)) < abs(best - max(values))


def _gates(info: CheckpointInfo) -> list[Finding]:
    gates = [gate for gate in _list((info.results or {}).get("gates")) if isinstance(gate, dict)]
    missed = [gate for gate in gates if gate.get("passed") is not True]
    if gates and not missed:
        return [Finding("good", f"{_count(len(gates), 'target')} reached")]
    return [_missed(gate) for gate in missed]


def _missed(gate: dict[str, Any]) -> Finding:
    return Finding(
        "problem",
        f"target `{gate.get('gate')}` missed: {_number(gate.get('value'))} instead of {_number(gate.get('target'))}",
        "look in the run's report for the classes that hold it back",
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _foreign(header: Header) -> list[Finding]:
    """Say what names and shapes tell of a file without our metadata."""
    unknown = Finding("note", "not written by specc: nothing is known of its epochs, its metrics or its damage")
    return [unknown, *_classifiers(header), *_extra_parts(header)]


def _classifiers(header: Header) -> list[Finding]:
    return [
        Finding("note", f"`{name}` looks like a classifier: {info.shape[0]:,} classes from {info.shape[1]:,} features")
        for name, info in sorted(header.tensors.items())
        if _CLASSIFIER.fullmatch(name) and len(info.shape) == 2
    ]


def _extra_parts(header: Header) -> list[Finding]:
    words = {"optim.": "the optimizer's state", "ema.": "averaged weights (EMA)"}
    counts = {part: sum(name.startswith(part) for name in header.tensors) for part in _PARTS}
    return [
        Finding("note", f"holds {words[part]}: {_count(count, 'tensor')} under `{part}`")
        for part, count in counts.items()
        if count
    ]


def _size(header: Header) -> Finding:
    text = f"{_count(count_parameters(header), 'parameter')}, {header.payload_size / 2**20:,.2f} MiB of tensors"
    return Finding("note", f"{text}: the size follows from the architecture, not from the data or the epochs")


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


_JUDGES: Final = (_finite, _drift, _progress, _early, _trend, _gates)
