"""Where a run goes, and what is made of it."""

from specc.compiler.checks.rows import by_place, table
from specc.compiler.context import Context
from specc.paths import KeyPath


def check_run(context: Context) -> None:
    """Report devices that cannot do what is asked, and outputs that are asked for twice."""
    _one_device(context)
    _precision(context)
    _twice(context, KeyPath(("run", "loggers")), context.spec.run.loggers)
    _twice(context, KeyPath(("export", "formats")), context.spec.export.formats)


def _one_device(context: Context) -> None:
    """Report several devices where one is named."""
    run = context.spec.run
    if run.devices > 1 and run.device.startswith("cuda:"):
        labels = context.at("run.devices") + context.at("run.device", text="one device")
        headline = f"`{run.device}` is one device, and `devices` asks for {run.devices}"
        context.problems.error("contradiction", headline, labels, 'set device = "cuda"')


def _precision(context: Context) -> None:
    """Report half precision where most devices compute in it by way of fp32."""
    if context.spec.run.device != "cpu":
        return
    for place, users in by_place(table(context), "precision").items():
        if users[0].setting("precision")[0] == "fp16":
            labels = context.at(place) + context.at("run.device", text="runs here")
            headline = "`fp16` is for accelerators, and the device is `cpu`"
            context.problems.warn("slow-precision", headline, labels, 'set precision = "fp32", or "bf16"')


def _twice(context: Context, path: KeyPath, items: tuple[str, ...]) -> None:
    for index, item in enumerate(items):
        if item in items[:index]:
            labels = context.at(path.child(index)) + context.at(path.child(items.index(item)), text="also here")
            context.problems.warn("duplicate-item", f"`{item}` is listed twice", labels, "keep one of them")
