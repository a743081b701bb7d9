"""Batches: how one is divided, and whether it is ever full."""

from specc.compiler.checks.rows import Row, by_place, table, written_together
from specc.compiler.context import Context
from specc.paths import KeyPath

_DEVICES = KeyPath(("run", "devices"))
_LIMIT = KeyPath(("data", "limit"))


def check_batches(context: Context) -> None:
    """Report batches that cannot be divided as asked, and sizes that are never reached."""
    rows = table(context)
    for row in rows:
        _divided_once(row)
        _passes(row)
    _pass_size(context, rows)
    _full(context, rows)
    if context.spec.run.devices > 1:
        _devices(context, rows)


def _divided_once(row: Row) -> None:
    """Report a batch that is divided by a size and by a number of parts."""
    size, place = row.setting("micro_batch_size")
    parts, other = row.setting("grad_accum_steps")
    if size not in (None, "auto") and parts is not None:
        labels = row.at(place) + row.at(other, text="divided here, too")
        headline = "`micro_batch_size` and `grad_accum_steps` both divide the batch"
        row.error("contradiction", headline, labels, "keep one")


def _passes(row: Row) -> None:
    """Report passes that a batch is not divided into: they are as few as their size allows."""
    parts, place = row.setting("grad_accum_steps")
    batch, written = row.setting("batch_size")
    places = (place, written) if batch else (place,)
    if parts is None or not written_together(row.context, *places):
        return
    batch = row.batch_size
    made = -(-batch // -(-batch // parts))
    labels = row.at(place) + (row.at(written, text=f"{batch} samples") if len(places) > 1 else ())
    if parts > batch:
        headline = f"a step of {batch} samples cannot be made in {parts} passes"
        row.error("batch-parts", headline, labels, f"{batch} passes hold one sample each")
    elif made != parts:
        headline = f"a step of {batch} samples is made in {made} passes, not in {parts}"
        row.warn("batch-parts", headline, labels, f"grad_accum_steps = {made} says what is done")


def _pass_size(context: Context, rows: list[Row]) -> None:
    """Report passes larger than every batch that they divide."""
    for place, users in by_place(rows, "micro_batch_size").items():
        size = users[0].setting("micro_batch_size")[0]
        batches = by_place(users, "batch_size")
        largest = max(row.batch_size for row in users)
        if size != "auto" and size > largest and written_together(context, place, *batches):
            headline = f"a pass of {size} samples is larger than the step of {largest} that it divides"
            labels = context.at(place) + tuple(label for at in batches for label in context.at(at, text="the step"))
            context.problems.warn("batch-parts", headline, labels, f"lower it below {largest}, or leave it out")


def _full(context: Context, rows: list[Row]) -> None:
    """Report a batch that all samples together do not fill."""
    limit = context.spec.data.limit
    for place, users in by_place(rows, "batch_size").items():
        size = users[0].batch_size
        if limit and limit < size and written_together(context, place, _LIMIT):
            headline = f"a batch of {size} samples is never full: `limit` takes {limit}"
            labels = context.at(place) + context.at(_LIMIT, text="taken of each split")
            context.problems.warn("batch-never-full", headline, labels, f"lower it to {limit}, or raise `limit`")


def _devices(context: Context, rows: list[Row]) -> None:
    """Report devices that get no sample."""
    devices = context.spec.run.devices
    for place, users in by_place(rows, "batch_size").items():
        size = users[0].batch_size
        if size < devices:
            headline = f"a step of {size} samples leaves nothing to some of {devices} devices"
            labels = context.at(place) + context.at(_DEVICES, text="divided among these")
            context.problems.error("batch-parts", headline, labels, f"batch_size = {devices} gives each a sample")
        elif context.spec.run.engine == "exact" and written_together(context, place, _DEVICES):
            _parts_for_all(users[0], devices)


def _parts_for_all(row: Row, devices: int) -> None:
    """Report a step of fewer passes than there are processes to make them."""
    size, parts = row.setting("micro_batch_size")[0], row.setting("grad_accum_steps")[0] or 1
    batch, place = row.batch_size, row.setting("batch_size")[1]
    made = parts if size in (None, "auto") else -(-batch // size)
    if made < devices:
        idle = f"{devices - made} of {devices} devices"
        headline = f"a step of {batch} samples is one pass" if made == 1 else f"a step is made in {made} passes"
        labels = row.at(place) + row.at(_DEVICES, text="share the passes")
        row.warn("batch-parts", f"{headline}, so {idle} make none", labels, f"grad_accum_steps = {devices}")
