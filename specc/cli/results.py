"""Metrics and targets, as they are printed."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from specc.cli.output import console, say
from specc.errors import GateMissed
from specc.plan.model import Plan


def print_results(results: dict[str, Any], plan: Plan) -> None:
    """Print what each stage handed on, the metrics of the best weights by split, and the targets with hit or miss."""
    if len(results["stages"]) > 1:
        print_splits("on val, after", {it["stage"]: it["val"] for it in results["stages"]}, plan)
    print_splits("best weights, on", {name: results[name] for name in ("val", "test") if name in results}, plan)
    print_verdict(results["gates"], results["judged_on"], results["unreadable"])


def print_splits(title: str, values: Mapping[str, Mapping[str, float]], plan: Plan) -> None:
    """Print metrics by split."""
    console(sys.stdout).print(_metrics(title, values, plan))


def print_verdict(gates: Sequence[Mapping[str, Any]], judged_on: str, unreadable: int) -> None:
    """Print the targets with hit or miss, and tell what was left out."""
    if gates:
        console(sys.stdout).print(_targets(gates, judged_on))
    if unreadable:
        say(f"{unreadable:,} samples could not be read and were left out")


def check_targets(gates: Sequence[Mapping[str, Any]]) -> None:
    """Raise GateMissed when a target is missed."""
    missed = [gate for gate in gates if not gate["passed"]]
    if missed:
        raise GateMissed(f"{len(missed)} of {len(gates)} targets missed", help="see the table")


def _metrics(title: str, columns: Mapping[str, Mapping[str, float]], plan: Plan) -> Any:
    """Return a table of metrics, with a column for each set of values."""
    from specc.runtime.words import shown

    table = _table(title, *columns)
    for name in ("loss", *plan.evaluate.metrics) if columns else ():
        table.add_row(name, *(shown(name, values.get(name)) for values in columns.values()))
    return table


def _targets(gates: Sequence[Mapping[str, Any]], judged_on: str) -> Any:
    from rich.text import Text

    from specc.runtime.words import shown

    table = _table("target", f"on {judged_on}", "")
    for gate in gates:
        verdict = Text("reached", "green") if gate["passed"] else Text("missed", "bold red")
        table.add_row(gate["gate"], shown(gate["metric"], gate["value"]), verdict)
    return table


def _table(title: str, *columns: str) -> Any:
    from rich import box
    from rich.table import Column, Table

    right = [Column(name, justify="right") for name in columns]
    return Table(title, *right, box=box.SIMPLE_HEAD, pad_edge=False)
