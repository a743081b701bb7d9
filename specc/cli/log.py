"""`specc log`: what a run did, epoch by epoch."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from specc.cli.output import console, duration
from specc.report.runs import RunRecord, curve, read_run
from specc.runtime.words import shown


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Print a table of epochs, and the losses of each stage as a curve."""
    found = read_run(arguments.run)
    if arguments.json:
        record = {**asdict(found), "folder": str(found.folder), "plan": found.plan.digest}
        sys.stdout.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        return 0
    out = console(sys.stdout)
    out.print(_table(found))
    for stage in found.plan.stages:
        rows = found.of_stage(stage.name)
        losses = [row["val"].get("loss", row["train"]["loss"]) for row in rows]
        if losses:
            out.print(f"{stage.name:>20}  {curve(losses)}  loss {losses[0]:.4g} -> {losses[-1]:.4g}", markup=False)
    over = "is over" if found.results else "is not over"
    out.print(f"{found.folder} {over}, {duration(sum(found.seconds))} in {len(found.history)} epochs", markup=False)
    return 0


def _table(found: RunRecord) -> Any:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    metrics = ["loss", *found.plan.evaluate.metrics]
    columns = [Column(name, justify="right") for name in ("epoch", "train loss", *metrics, "lr", "time")]
    table = Table("stage", *columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row, seconds in zip(found.history, found.seconds, strict=True):
        values = [shown(name, row["val"].get(name)) for name in metrics]
        cells = [str(row["epoch"]), f"{row['train']['loss']:.4f}", *values, f"{row['lr']:.3g}", f"{seconds:.1f} s"]
        table.add_row(*map(Text, (row["stage"], *cells)))
    return table
