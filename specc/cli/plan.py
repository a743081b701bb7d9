"""`specc plan`: the protocol's table, with every number resolved."""

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from specc.cli.output import add_spec_arguments, console
from specc.cli.reading import compiled, read
from specc.cli.run import run_folder
from specc.cli.standing import standing_lines
from specc.plan.file import dump
from specc.plan.model import LabelPlan, PhasePlan, Plan, StagePlan
from specc.report.words import counted, whole
from specc.runtime.words import target


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("--no-data", action="store_true", help="plan without looking at the data")
    parser.add_argument("--json", action="store_true", help="print the plan itself")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan of a spec."""
    plan = compiled(read(arguments, with_data=not arguments.no_data), arguments)
    if arguments.json:
        sys.stdout.write(dump(plan))
    else:
        print_plan(plan, standing_lines(plan, run_folder(plan, arguments)))
    return 0


def print_plan(plan: Plan, standing: Sequence[str] = ()) -> None:
    """Print what a plan will do, and what of it is done."""
    from rich.text import Text

    out = console(sys.stdout)
    out.print(Text(plan.name, "bold") + Text(f"  plan {plan.digest[:12]}  seed {plan.seed}"))
    for line in (_data(plan), _model(plan)):
        out.print(line, soft_wrap=True)
    out.print(protocol_table(plan))
    for line in (*_sampling(plan), *_shares(plan), *_targets(plan), *standing):
        out.print(line, soft_wrap=True)


def protocol_table(plan: Plan) -> Any:
    """Return the protocol as a table: a row a stage, and the totals."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    columns = ("stage", "epochs", "steps", "learning rate", "batch", "trains", "parameters", "sampling", "loss")
    for name in columns:
        table.add_column(name, justify="right" if name in ("epochs", "steps", "batch", "parameters") else "left")
    for stage in plan.stages:
        table.add_row(*_row(plan, stage))
    table.add_section()
    epochs, steps = ([getattr(stage, unit) for stage in plan.stages] for unit in ("epochs", "steps"))
    table.add_row("total", _total(epochs), _total(steps), *[""] * 6)
    return table


def _total(counts: Sequence[float | None]) -> str:
    """Print a sum, to two decimals; a question mark where one of its parts is not known.

    >>> _total([1000, 500 / 3]), _total([20.0]), _total([20.0, None])
    ('1,166.67', '20', '?')
    """
    known = [count for count in counts if count is not None]
    return whole(round(sum(known), 2)) if len(known) == len(counts) else "?"


def _row(plan: Plan, stage: StagePlan) -> tuple[str, ...]:
    return (
        stage.name,
        _total([stage.epochs]),
        _total([stage.steps]),
        _rates(stage),
        f"{stage.batch_size:,}" + (f" ({stage.grad_accum_steps} x)" if stage.grad_accum_steps > 1 else ""),
        stage.selector + _factors(stage),
        f"{_size(plan, stage.train)} of {_size(plan)}",
        (stage.sampling.text if stage.sampling else "") + stage.texts["mix"],
        stage.texts["loss"],
    )


def _rates(stage: StagePlan) -> str:
    """Say where the rate comes from and goes to."""
    return ", then ".join(_phase(phase) for phase in stage.schedule)


def _phase(phase: PhasePlan) -> str:
    args, kind = phase.args, phase.kind
    if kind == "constant":
        return _rate(args["value"])
    if kind == "warmup":
        return f"{_rate(args['from'])} -> {_rate(args['to'])} warmup"
    if "to" in args:
        return f"{_rate(args['from'])} -> {_rate(args['to'])} {kind}"
    return f"{_rate(args['value'])} {kind}"


def _rate(value: float) -> str:
    """Print a rate as papers do.

    >>> _rate(0.001), _rate(5e-6), _rate(0.0)
    ('1e-3', '5e-6', '0')
    """
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def _factors(stage: StagePlan) -> str:
    factors = sorted({factor for factor in stage.train.values() if factor != 1.0})
    return f"  (rate x {', '.join(f'{factor:g}' for factor in factors[:3])})" if factors else ""


def _size(plan: Plan, names: Iterable[str] | None = None) -> str:
    """Print a number of parameters; a question mark stands for heads whose classes are not known."""
    count, known = plan.size_of(names)
    parts = [short(count)] if count or known else []
    return " + ".join([*parts, *([] if known else ["?"])])


def short(count: int) -> str:
    """Print a large number in three digits.

    >>> short(27_519_354), short(5130), short(12)
    ('27.5 M', '5.13 k', '12')
    """
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return str(count)


def _data(plan: Plan) -> str:
    data = plan.data
    where = ", ".join(f"{key} {value}" for key, value in data.location.items())
    if data.samples is None:
        return f"data    {data.source}: {where}  (not looked at)"
    splits = ", ".join(f"{count:,} {split}" for split, count in data.samples.items())
    labels = ", ".join(_classes(label) for label in data.labels if label.classes is not None)
    return f"data    {data.source}: {where}  {splits}" + (f"  {labels}" if labels else "")


def _classes(label: LabelPlan) -> str:
    counts = label.counts or (0,)
    classes = counted(len(label.classes or ()), "class", "classes")
    return f"{label.name} {classes} of {min(counts):,} to {max(counts):,}"


def _model(plan: Plan) -> str:
    model = plan.model
    name = model.backbone or (model.architecture.kind if model.architecture else "")
    start = " pretrained" if model.pretrained else ""
    start += f" from {model.start_from}" if model.start_from else ""
    heads = ", ".join(f"{h.name} {h.kind}" + (f" routed by {h.routed_by}" if h.routed_by else "") for h in model.heads)
    size = "x".join(str(side) for side in plan.augment.input_size)
    return f"model   {name}{start}  input {size}  {_size(plan)} parameters  heads: {heads}"


def _sampling(plan: Plan) -> list[str]:
    return [
        f"sample  {stage.name}: {rule['rule']}: {counted(rule['classes'], 'class', 'classes')},"
        f" {counted(rule['samples'], 'sample', 'samples')},"
        f" {100 * rule['share']:.1f}% of an epoch"
        for stage in plan.stages
        if stage.sampling
        for rule in stage.sampling.moved
    ]


def _shares(plan: Plan) -> list[str]:
    """Say how many processes share the steps of each stage."""
    count = plan.run.devices
    sizes = ((it.name, it.batch_size, it.micro_batch_size) for it in plan.stages)
    shared = {name: 1 if part == "auto" else min(count, math.ceil(batch / part)) for name, batch, part in sizes}
    told = ", ".join(f"{name} {number}" for name, number in shared.items())
    return (
        [f"share   {count} processes, by micro-batches: {told}; any number gives the same bytes"] if count > 1 else []
    )


def _targets(plan: Plan) -> list[str]:
    lines = [f"best    {plan.evaluate.best.mode} {plan.evaluate.best.metric}"]
    gates = [("end", gate) for gate in plan.evaluate.expect]
    gates = [(stage.name, gate) for stage in plan.stages for gate in stage.expect] + gates
    lines += [
        f"expect  {when}: {gate.metric} {gate.operator} {target(gate.metric, gate.threshold)}" for when, gate in gates
    ]
    return lines
