"""`summary.txt`: a run on one screen."""

from collections.abc import Sequence
from typing import Final

from specc.report.model import Finished, StageRun
from specc.report.words import (
    cut,
    duration,
    epochs_run,
    facts,
    labels,
    metric_value,
    model,
    number,
    samples,
    verdict,
    whole,
)

_LEFT: Final = "<"
_RIGHT: Final = ">"
_METRIC: Final = 48


def summary(finished: Finished) -> str:
    """Return the summary as plain text."""
    blocks = [_head(finished), _protocol(finished), _results(finished), _targets(finished), _environment(finished)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def aligned(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Pad cells to columns; `sides` holds `<` or `>` for each.

    >>> aligned([["lr", "1"], ["batch", "32"]], "<>")
    ['lr      1', 'batch  32']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ([f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)] for row in rows)
    return ["  ".join(line).rstrip() for line in lines]


def _head(finished: Finished) -> list[str]:
    plan = finished.plan
    rows = [
        ("plan", plan.digest[:12]),
        ("data", samples(plan.data)),
        ("labels", labels(plan.data)),
        ("model", model(plan)),
    ]
    if finished.results.get("unreadable"):
        rows.append(("left out", f"{finished.results['unreadable']:,} samples that cannot be read"))
    if "seconds" in finished.results:
        rows.append(("time", duration(finished.results["seconds"])))
    return [f"{cut(plan.name, 60)}: {verdict(finished.results['gates'])}", "", *aligned(rows, _LEFT * 2)]


def _protocol(finished: Finished) -> list[str]:
    best = finished.plan.evaluate.best
    head = ["stage", "epochs", "steps", "lr", "batch", "trained", "train loss", f"best {cut(best.metric, 30)}"]
    rows = [_stage_row(stage, best.metric, best.mode) for stage in finished.stages]
    return aligned([head, *rows], "<>><>>>>")


def _stage_row(stage: StageRun, metric: str, mode: str) -> list[str]:
    plan = stage.plan
    return [
        cut(plan.name, 20),
        epochs_run(len(stage.rows), plan.epochs),
        whole(stage.steps),
        cut(plan.texts.get("lr", ""), 36),
        whole(plan.batch_size),
        whole(plan.trained_parameters),
        number(stage.last_train_loss),
        metric_value(metric, stage.best(metric, mode)),
    ]


def _results(finished: Finished) -> list[str]:
    val, test = finished.results.get("val", {}), finished.results.get("test")
    splits = {"val": val} if test is None else {"val": val, "test": test}
    names = list(dict.fromkeys(name for metrics in splits.values() for name in metrics))
    rows = [[cut(name, _METRIC), *(metric_value(name, split.get(name)) for split in splits.values())] for name in names]
    return aligned([["metric", *splits], *rows], _LEFT + _RIGHT * len(splits)) if rows else []


def _targets(finished: Finished) -> list[str]:
    gates = finished.results["gates"]
    head = [f"target on {finished.results['judged_on']}", "value", ""]
    rows = [
        [
            cut(it["gate"], _METRIC + 12),
            metric_value(it["metric"], it["value"]),
            "reached" if it["passed"] else "missed",
        ]
        for it in gates
    ]
    return aligned([head, *rows], "<><") if rows else []


def _environment(finished: Finished) -> list[str]:
    text = ", ".join(f"{name} {value}" for name, value in facts(finished.environment))
    return [cut(text, 160)] if text else []
