"""Reports what only the numbers of samples and of steps show."""

from specc.compiler.checks.rows import Row, by_place, knows_data, table, written_together
from specc.compiler.checks.schedules import check_falls
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.plan.model import Plan, StagePlan
from specc.spec.units import Quantity


def check_steps(plan: Plan, context: Context) -> Plan:
    """Report batches that are never full or hold one sample, and rates that end too early; the plan stays as it is."""
    if plan.data.samples is None:
        return plan
    samples, rows = plan.data.samples["train"], table(context)
    _full(context, rows, samples)
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
    """Report a batch that all samples together do not fill."""
    for place, users in by_place(rows, "batch_size").items():
        size = users[0].batch_size
        if size > samples != context.spec.data.limit and knows_data(context, place):
            headline = f"a batch of {size:,} samples is never full: training has {samples:,}"
            context.problems.warn("batch-never-full", headline, context.at(place), f"lower it to {samples:,} or less")


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
    return {size for batch in batches for size in (min(micro, batch), batch % micro or min(micro, batch))}


def _long_phases(row: Row, stage: StagePlan) -> None:
    """Report a warmup that leaves nothing to what comes after it, now that both are counted in steps."""
    if len(stage.schedule) > 1 and stage.schedule[-1].steps == 0:
        schedule, place = row.setting("lr")
        warmups = " and ".join(str(phase.arguments["duration"]) for phase in schedule.phases[:-1])
        headline = f"the warmup of {warmups} leaves nothing of stage `{stage.name}`, which has {stage.steps:,} steps"
        labels = row.at(place) + row.at(_length(row)[1], text=f"{stage.steps:,} steps")
        row.error("schedule-too-long", headline, labels, "shorten it, or lengthen the stage")


def _falls(row: Row, stage: StagePlan) -> None:
    """Report steps of a rate that are counted in another unit than the stage is, and are too few or too many."""
    (schedule, place), (length, end) = row.setting("lr"), _length(row)
    if not written_together(row.context, place, end) or not knows_data(row.context, place):
        return
    for phase, planned in zip(schedule.phases, stage.schedule, strict=True):
        if phase.function == "step" and phase.arguments["every"].unit != length.unit and planned.steps:
            times = planned.steps / planned.args["every_steps"]
            check_falls(row, phase, times, Quantity(planned.steps, "steps"), end)
