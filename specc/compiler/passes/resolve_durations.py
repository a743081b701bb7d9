"""Turns epochs into steps, once the number of samples is known."""

from typing import Any

from specc.compiler.context import Context
from specc.plan.model import PhasePlan, Plan, StagePlan, StopPlan


def resolve_durations(plan: Plan, context: Context) -> Plan:
    """Write steps into every stage, phase and stop; a plan made without data stays as it is."""
    if plan.data.samples is None:
        return plan
    samples = plan.data.samples["train"]
    stages = tuple(_resolved(stage, samples) for stage in plan.stages)
    for stage in stages:
        origin = f"derived by resolve_durations from {samples:,} samples in batches of {stage.batch_size}"
        context.origins[f"stages.{stage.name}.steps"] = origin
    return plan.model_copy(update={"stages": stages})


def _resolved(stage: StagePlan, samples: int) -> StagePlan:
    per_epoch = -(-samples // stage.batch_size)
    steps = stage.steps if stage.steps is not None else round((stage.epochs or 0) * per_epoch)
    update: dict[str, Any] = {
        "steps": steps,
        "steps_per_epoch": per_epoch,
        "epochs": stage.epochs if stage.epochs is not None else steps / per_epoch,
        "schedule": _phases(stage.schedule, steps, per_epoch),
        "stop": _stop(stage.stop, per_epoch) if stage.stop else None,
    }
    return stage.model_copy(update=update)


def _phases(phases: tuple[PhasePlan, ...], total: int, per_epoch: int) -> tuple[PhasePlan, ...]:
    """Give each phase its first step and its length; the last one takes what is left.

    >>> one = PhasePlan(kind="warmup", start=None, steps=None, args={"duration_epochs": 2.0, "from": 0.0, "to": 1.0})
    >>> two = PhasePlan(kind="constant", start=None, steps=None, args={"value": 1.0})
    >>> [(p.kind, p.start, p.steps) for p in _phases((one, two), 100, 10)]
    [('warmup', 0, 20), ('constant', 20, 80)]
    """
    resolved, start = [], 0
    for phase in phases:
        args = {_in_steps(key): _steps(key, value, per_epoch) for key, value in phase.args.items()}
        steps = min(args.pop("duration_steps", total - start), total - start)
        resolved.append(PhasePlan(kind=phase.kind, start=start, steps=steps, args=args))
        start += steps
    return tuple(resolved)


def _in_steps(key: str) -> str:
    return f"{key.removesuffix('_epochs')}_steps" if key.endswith("_epochs") else key


def _steps(key: str, value: Any, per_epoch: int) -> Any:
    if key.endswith("_epochs"):
        return max(round(value * per_epoch), 1)
    return int(value) if key.endswith("_steps") else value


def _stop(stop: StopPlan, per_epoch: int) -> StopPlan:
    def epochs(in_epochs: float | None, in_steps: int | None) -> float:
        return in_epochs if in_epochs is not None else (in_steps or 0) / per_epoch

    update = {
        "patience_epochs": epochs(stop.patience_epochs, stop.patience_steps),
        "after_epochs": epochs(stop.after_epochs, stop.after_steps),
        "patience_steps": None,
        "after_steps": None,
    }
    return stop.model_copy(update=update)
