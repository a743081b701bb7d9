"""Each stage: what it cannot be without, how long it is, and what it takes over from the stage before it."""

from itertools import pairwise

from specc.compiler.checks.rows import Row, by_place, table, written_together
from specc.compiler.context import Context


def check_stages(context: Context) -> None:
    """Report what a stage lacks, and what it would take over from where there is nothing."""
    rows = table(context)
    for row in rows:
        _required(row)
        _one_unit(row)
    _first(rows[0])
    for before, row in pairwise(rows):
        _carried(before, row)
    _cadence(context, rows)


def _required(row: Row) -> None:
    for key in ("lr", "loss"):
        if row.setting(key)[0] is None:
            headline = f"stage `{row.stage.name}` has no `{key}`"
            row.error("missing-key", headline, row.at(row.path), "set it here, or in [defaults]")
    if row.setting("epochs")[0] is None and row.setting("steps")[0] is None:
        headline = f"stage `{row.stage.name}` says neither `epochs` nor `steps`"
        row.error("missing-key", headline, row.at(row.path), "set one of them")


def _one_unit(row: Row) -> None:
    defaults, stage = row.context.spec.defaults, row.stage
    if defaults.epochs and defaults.steps:
        labels = row.context.at("defaults.steps") + row.context.at("defaults.epochs", text="also set here")
        row.error("contradiction", "`[defaults]` says both `epochs` and `steps`", labels, "keep one")
    if stage.epochs and stage.steps:
        labels = row.at(row.path.child("steps")) + row.at(row.path.child("epochs"), text="also set here")
        row.error("contradiction", f"stage `{stage.name}` says both `epochs` and `steps`", labels, "keep one")


def _first(row: Row) -> None:
    """Report what the first stage takes from the one before it; a default is meant for the others."""
    if row.stage.start_from == "best":
        headline = f"stage `{row.stage.name}` is the first, and begins with the best weights of the one before it"
        remedy = 'leave it out; a checkpoint to begin with is model.start_from = "best.safetensors"'
        row.warn("nothing-before", headline, row.at(row.path.child("start_from")), remedy)
    if row.stage.carry_optimizer:
        headline = f"stage `{row.stage.name}` is the first, and keeps the optimizer's state of the one before it"
        row.warn("nothing-before", headline, row.at(row.path.child("carry_optimizer")), "leave it out")


def _carried(before: Row, row: Row) -> None:
    """Report an optimizer's state that does not fit, or is of parameters that the stage does not train."""
    carried, place = row.setting("carry_optimizer")
    if not carried:
        return
    optimizer, written = row.setting("optimizer")
    kinds = [call.function if call else "adamw" for call in (before.setting("optimizer")[0], optimizer)]
    if kinds[0] != kinds[1]:
        headline = f"stage `{row.stage.name}` carries the state of `{kinds[0]}` over to `{kinds[1]}`"
        remedy = "keep the optimizer, or begin with a fresh one"
        row.error("contradiction", headline, row.at(written), remedy)
    elif row.stage.carry_optimizer and row.names and not before.trained & row.trained:
        headline = (
            f"stage `{row.stage.name}` keeps the optimizer's state, and stage `{before.stage.name}` has none of it"
        )
        labels = row.at(place) + before.at(before.setting("train")[1], text="trains other parameters")
        row.warn("nothing-before", headline, labels, "leave it out")


def _cadence(context: Context, rows: list[Row]) -> None:
    """Report a checkpoint cadence that is longer than all stages that it holds for."""
    for place, users in by_place(rows, "checkpoint_every").items():
        every = users[0].setting("checkpoint_every")[0]
        totals = [row.setting(str(every.unit)) for row in users if every.unit in ("epochs", "steps")]
        longest = max((value for value, _ in totals if value), default=0)
        known = bool(totals) and all(value for value, _ in totals)
        if known and every.value > longest and written_together(context, place, *(at for _, at in totals)):
            headline = f"`checkpoint_every` is never due: it waits {every}, and the stage has {longest}"
            labels = context.at(place) + context.at(totals[0][1], text="ends here")
            context.problems.warn("idle-checkpoint", headline, labels, "lower it, or leave it out")
