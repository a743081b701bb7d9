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
        _refuse_batch_of_one(context, stage, samples)
        _refuse_long_phases(context, stage)
    return plan.model_copy(update={"stages": stages})


def _refuse_long_phases(context: Context, stage: StagePlan) -> None:
    """Report a phase that leaves nothing to the one after it, now that both are counted in steps."""
    if len(stage.schedule) > 1 and stage.schedule[-1].steps == 0:
        path = next(path for path, written in context.stages() if written.name == stage.name)
        place = context.setting(path, context.spec.stages[int(path[1])], "lr")[1]
        headline = (
            f"the schedule of stage `{stage.name}` leaves nothing to its last phase: the stage has {stage.steps} steps"
        )
        context.problems.error("schedule-too-long", headline, context.at(place), "shorten what comes before it")


def _refuse_batch_of_one(context: Context, stage: StagePlan, samples: int) -> None:
    """Report a last batch that batch normalisation cannot work on."""
    trains_backbone = any(name.startswith("backbone") for name in stage.train)
    has_batch_norm = context.backbone is not None and context.backbone.batch_norms > 0
    if trains_backbone and has_batch_norm and 1 in _part_sizes(stage, samples):
        path = next(path for path, written in context.stages() if written.name == stage.name)
        key = "batch_size" if stage.micro_batch_size == "auto" else "micro_batch_size"
        place = context.setting(path, context.spec.stages[int(path[1])], key)[1]
        headline = f"stage `{stage.name}` makes batches of one sample: {samples:,} in batches of {stage.batch_size}"
        context.problems.error("batch-of-one", headline, context.at(place), _larger(stage, samples))


def _larger(stage: StagePlan, samples: int) -> str | None:
    """Return a batch size nearby that leaves no sample alone."""
    for size in range(max(stage.batch_size, 2), stage.batch_size + 100):
        parts = stage.model_copy(update={"batch_size": size, "micro_batch_size": "auto"})
        if 1 not in _part_sizes(parts, samples):
            return f"batch_size = {size} in one pass leaves none alone"
    return None


def _part_sizes(stage: StagePlan, samples: int) -> set[int]:
    """Return the sizes of the forward passes that an epoch is made of."""
    batches = {min(stage.batch_size, samples), samples % stage.batch_size or stage.batch_size}
    micro = stage.batch_size if stage.micro_batch_size == "auto" else stage.micro_batch_size
    return {size for batch in batches for size in (min(micro, batch), batch % micro or min(micro, batch))}


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
