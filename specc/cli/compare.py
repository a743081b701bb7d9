"""`specc compare`: runs side by side, what differs in their plans above what came of it."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from specc.cli.output import console, duration
from specc.diff.changes import changes, written
from specc.diff.effects import compare
from specc.report.runs import RunRecord, curve, read_run
from specc.runtime.words import shown


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder; the others differ from it")
    parser.add_argument("others", type=Path, nargs="+", metavar="RUN", help="more run folders")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Print causes, then effects."""
    found = [read_run(path) for path in (arguments.run, *arguments.others)]
    causes = _causes(found)
    if arguments.json:
        sys.stdout.write(json.dumps(_record(found, causes), indent=1, ensure_ascii=False) + "\n")
        return 0
    out = console(sys.stdout)
    out.print(_table("what differs", found, causes or {"nothing": [""] * len(found)}))
    out.print(_table("what came of it", found, dict(_effects(found))))
    return 0


def _causes(found: list[RunRecord]) -> dict[str, list[str]]:
    """Return each key in which a plan differs from the first, and its value in all of them."""
    first = found[0].plan
    told: dict[str, dict[int, str]] = {}
    originals: dict[str, str] = {}
    for index, it in enumerate(found[1:], start=1):
        for change in written(changes(compare(first, it.plan))):
            originals[change.name] = change.old or ""
            told.setdefault(change.name, {})[index] = change.new or ""
    return {name: [values.get(index, originals[name]) for index in range(len(found))] for name, values in told.items()}


def _effects(found: list[RunRecord]) -> Iterator[tuple[str, list[str]]]:
    """Yield metrics of the best weights, how long it took, and the validation loss of each stage as a curve."""
    for split in ("val", "test"):
        for name in dict.fromkeys(name for it in found for name in (it.results or {}).get(split, {})):
            yield f"{name} on {split}", [shown(name, (it.results or {}).get(split, {}).get(name)) for it in found]
    yield "epochs", [str(len(it.history)) for it in found]
    yield "time", [duration(sum(it.seconds)) for it in found]
    for stage in dict.fromkeys(stage.name for it in found for stage in it.plan.stages):
        losses = [[row["val"].get("loss", row["train"]["loss"]) for row in it.of_stage(stage)] for it in found]
        every = [loss for own in losses for loss in own]
        yield f"loss in {stage}", [curve(own, every) for own in losses]


def _record(found: list[RunRecord], causes: dict[str, list[str]]) -> dict[str, Any]:
    runs = [{"folder": str(it.folder), "plan": it.plan.digest, "results": it.results} for it in found]
    return {"runs": runs, "differs": causes}


def _table(title: str, found: list[RunRecord], rows: dict[str, list[str]]) -> Any:
    from rich import box
    from rich.table import Column, Table
    from rich.text import Text

    columns = [Column(Text(it.folder.name)) for it in found]
    table = Table(title, *columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for name, values in rows.items():
        table.add_row(Text(name), *map(Text, values))
    return table
