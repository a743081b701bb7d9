"""The learning rate as a pure function of the step, and of the validated history where it asks for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from specc.plan.model import StagePlan

Args = Mapping[str, Any]


def rate(stage: StagePlan, step: int, losses: Sequence[float] = ()) -> float:
    """Return the learning rate of a stage's step, from 0; `losses` are the stage's validation losses so far."""
    phase = next((p for p in stage.schedule if step < (p.start or 0) + (p.steps or 0)), stage.schedule[-1])
    if phase.kind == "plateau":
        return plateau(phase.args, losses)
    return PHASES[phase.kind](phase.args, step - (phase.start or 0), max(phase.steps or 1, 1))


def _constant(args: Args, step: int, total: int) -> float:
    return float(args["value"])


def _warmup(args: Args, step: int, total: int) -> float:
    """Rise so that the last step of the warmup has the full rate, and no step has none."""
    return float(args["from"] + (args["to"] - args["from"]) * (step + 1) / total)


def _cosine(args: Args, step: int, total: int) -> float:
    """Half a cosine. Source: SGDR, arXiv 1608.03983, eq. 5, without restarts."""
    return float(args["to"] + (args["from"] - args["to"]) * (1 + math.cos(math.pi * step / total)) / 2)


def _linear(args: Args, step: int, total: int) -> float:
    return float(args["from"] + (args["to"] - args["from"]) * step / total)


def _polynomial(args: Args, step: int, total: int) -> float:
    return float(args["to"] + (args["from"] - args["to"]) * (1 - step / total) ** args["power"])


def _step(args: Args, step: int, total: int) -> float:
    return float(args["value"] * args["factor"] ** (step // args["every_steps"]))


def _onecycle(args: Args, step: int, total: int) -> float:
    """Cosine up, cosine down. Source: arXiv 1708.07120, as torch's OneCycleLR with its default annealing."""
    low, top = args["value"] / args["start_div"], args["value"]
    end = low / args["end_div"]
    turn = args["rise"] * total - 1
    if step <= turn:
        return float(low + (top - low) * (1 - math.cos(math.pi * step / max(turn, 1))) / 2)
    share = (step - turn) / max(total - 1 - turn, 1)
    return float(end + (top - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2)


PHASES: Final[dict[str, Callable[[Args, int, int], float]]] = {
    "constant": _constant,
    "warmup": _warmup,
    "cosine": _cosine,
    "linear": _linear,
    "polynomial": _polynomial,
    "step": _step,
    "onecycle": _onecycle,
}
"""Phases by kind: arguments, step of the phase, its length."""


def plateau(args: Args, losses: Sequence[float]) -> float:
    """Return the rate after these validation losses, replayed from the first (torch's ReduceLROnPlateau).

    >>> plateau({"value": 1.0, "factor": 0.5, "patience": 1, "min_lr": 0.0}, [3.0, 2.0, 2.0, 2.0])
    0.5
    """
    value, best, waited = float(args["value"]), math.inf, 0
    for loss in losses:
        if loss < best:
            best, waited = loss, 0
        else:
            waited += 1
        if waited > args["patience"]:
            value, waited = max(value * args["factor"], args["min_lr"]), 0
    return value
