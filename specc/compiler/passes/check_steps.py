"""Reports what only the numbers of samples and of steps show."""

from specc.compiler.checks.rows import Row, by_place, knows_data, table, written_together
from specc.compiler.checks.schedules import check_falls, report_long
from specc.compiler.context import Context
from specc.compiler.defaults import DEFAULT_BATCH
from specc.paths import KeyPath
from specc.plan.model import Plan, StagePlan
from specc.spec.units import Quantity


def check_steps(plan: Plan, context: Context) -> Plan:
    """Report batches that are never full or hold one sample, and rates that end too early; the plan stays as it is."""
    if plan.data.samples is None:
        return plan
    samples, rows = plan.data.samples["train"], table(context)
    _full(context, rows, samples)
    _average(context, rows, sum(stage.steps or 0 for stage in plan.stages))
    for row, stage in zip(rows, plan.stages, strict=True):
        _batch_of_one(row, stage, samples)
        _long_phases(row, stage)
        _falls(row, stage)
    return plan


def _length(row: Row) -> tuple[Quantity, KeyPath]:
    """Return how long a stage is, in its own unit, and where that is written."""
    unit = "steps" if row.setting("epochs")[0] is None else "epochs"
    total, place = row.setting(unit)
    return Quantity(total, unit), place


def _full(context: Context, rows: list[Row], samples: int) -> None:
    """Report a batch that all samples together do not fill; one of the usual size says nothing about few samples."""
    for place, users in by_place(rows, "batch_size").items():
        size = users[0].batch_size
        if size > max(samples, DEFAULT_BATCH) and not context.spec.data.limit and knows_data(context, place):
            headline = f"a batch of {size:,} samples is never full: training has {samples:,}"
            context.problems.warn("batch-never-full", headline, context.at(place), f"lower it to {samples:,} or less")


def _average(context: Context, rows: list[Row], steps: int) -> None:
    """Report an average that mostly keeps the first weights."""
    decay, place = context.spec.model.ema_decay, KeyPath(("model", "ema_decay"))
    if decay is None or not knows_data(context, place):
        return
    kept = decay**steps
    if kept > 0.5 and written_together(context, place, *(_length(row)[1] for row in rows)):
        headline = f"after all {steps:,} steps, {kept:.0%} of the average are still the first weights"
        remedy = f"lower it: {1 - 10 / steps:.3g} keeps none of them" if steps > 10 else "leave it out"
        context.problems.warn("ema-too-slow", headline, context.at(place), remedy)


def _batch_of_one(row: Row, stage: StagePlan, samples: int) -> None:
    """Report a last batch that batch normalisation cannot work on."""
    trains_backbone = any(name.startswith("backbone") for name in stage.train)
    has_batch_norm = row.context.backbone is not None and row.context.backbone.batch_norms > 0
    if trains_backbone and has_batch_norm and 1 in _part_sizes(stage, samples):
        place = row.setting("batch_size" if stage.micro_batch_size == "auto" else "micro_batch_size")[1]
        headline = f"{samples:,} samples in batches of {stage.batch_size} make a pass of one sample"
        row.error("batch-of-one", headline, row.at(place), _larger(stage, samples))


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
    passes = {batch: -(-batch // micro) for batch in batches}
    return {size for batch, count in passes.items() for size in (batch // count, -(-batch // count))}


def _long_phases(row: Row, stage: StagePlan) -> None:
    """Report warmups that leave nothing of a stage, unless one was seen to before there was data."""
    (schedule, _), (length, end) = row.setting("lr"), _length(row)
    warmups = [phase.arguments["duration"] for phase in schedule.phases[:-1]]
    was_seen = any(warmup.unit == length.unit and warmup.value >= length.value for warmup in warmups)
    if stage.steps and stage.schedule[-1].steps == 0 and not was_seen:
        report_long(row, " and ".join(map(str, warmups)), Quantity(stage.steps, "steps"), end)


def _falls(row: Row, stage: StagePlan) -> None:
    """Report steps of a rate that are counted in another unit than the stage is, and are too few or too many."""
    (schedule, place), (length, end) = row.setting("lr"), _length(row)
    if not written_together(row.context, place, end) or not knows_data(row.context, place):
        return
    for phase, planned in zip(schedule.phases, stage.schedule, strict=True):
        if phase.function == "step" and phase.arguments["every"].unit != length.unit and planned.steps:
            times = planned.steps / planned.args["every_steps"]
            check_falls(row, phase, times, Quantity(planned.steps, "steps"), end)
