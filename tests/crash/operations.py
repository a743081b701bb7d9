"""What a run writes, each as one operation that can be cut short anywhere and done again."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np

from specc.checkpoint.atomic import write_atomic
from specc.export.timm_folder import export_timm
from specc.plan.model import Plan
from specc.report.figures import figures
from specc.report.model import Finished
from specc.report.write import write_report
from specc.runtime.events import EpochDone, Event, Started, StepDone, TailMeasured
from specc.runtime.folder import RunFolder
from specc.runtime.record import record
from specc.runtime.tail import ClassScore
from tests.crash.content import RUN, checkpoint, midway, rows, save

CONFIG: Final = str(RUN / "export" / "config.json")

DRAWN: Final = {"curves.png": b"\x89PNG" * 700, "confusion_digit.png": b"\x89PNG" * 900}
"""What stands for figures: drawing takes a second, writing is what is tried."""


@dataclass(frozen=True)
class Operation:
    """Something that a run writes, and how to make the folder that it is done in."""

    name: str
    act: Callable[[RunFolder, Plan], Any]
    setup: Callable[[RunFolder, Plan], Any] = lambda folder, plan: None
    prepared: bool = True
    """Whether the next run prepares its folder before it does this again; not where preparing is what is tried."""
    grows: tuple[str, ...] = ()
    """Files to which lines are added in place."""
    rests_on_state: bool = True
    """Whether a state must be there to go on from at every moment; not while a run is thrown away on purpose."""
    seal: str = ""
    """A file that vouches for those beside it: it may be missing at times, and where it is, all are of its time."""

    def build(self, root: Path, plan: Plan) -> None:
        """Make the folder."""
        self.setup(midway(root, plan), plan)

    def do(self, root: Path, plan: Plan) -> None:
        """Do it once."""
        self.act(RunFolder(root / RUN), plan)

    def again(self, root: Path, plan: Plan) -> None:
        """Do it as the next run would, after whatever happened."""
        if self.prepared:
            RunFolder(root / RUN).prepare(plan, "the spec's text")
        self.do(root, plan)


def _last(folder: RunFolder, plan: Plan) -> None:
    save(folder, plan, "last", 1, 6)


def _last_of_four(folder: RunFolder, plan: Plan) -> None:
    save(folder, plan, "last", 1, 6, keep_last=4)


def _only_last(folder: RunFolder, plan: Plan) -> None:
    save(folder, plan, "last", 1, 6, keep_last=1)


def _best(folder: RunFolder, plan: Plan) -> None:
    save(folder, plan, "best", 1, 8, of_run=True)


def _stage(folder: RunFolder, plan: Plan) -> None:
    save(folder, plan, "stage", 1, 8)


def _result(folder: RunFolder, plan: Plan) -> None:
    write_atomic(folder.best, checkpoint(plan, "best", 1, 4, byte=99).chunks())


def _history(folder: RunFolder, plan: Plan) -> None:
    folder.write_history(rows(plan, 4))


def _told(plan: Plan) -> Iterator[Event]:
    """Yield what a run tells that goes on at step 13."""
    scores = [ClassScore("digit", f"class {n}", 5, 0.5, 0.5, 0.5, 0, diverges=False) for n in range(40)]
    yield Started("run", "cpu", 1, 1, 5, 13, "last.safetensors")
    for step in (14, 15, 16):
        yield StepDone("whole", 10 * (step - 13), step, 0.1, 1e-3, 20)
    yield TailMeasured("whole", 2, 16, scores)
    yield EpochDone(rows(plan, 4)[-1], 16, best=False, seconds=1.0)


def _metrics(folder: RunFolder, plan: Plan) -> None:
    for _ in record(_told(plan), folder, plan):
        pass


def _metrics_before(folder: RunFolder, plan: Plan) -> None:
    lines = "".join(f'{{"global_step": {step}, "note": "{"x" * 300}"}}\n' for step in range(14))
    for name in ("tail.jsonl", "events.jsonl"):
        (folder.root / name).write_text(lines)


def _prepare(folder: RunFolder, plan: Plan) -> None:
    folder.prepare(_other(plan), "another text")
    folder.write_environment({"threads": 2})


def _prepare_in_other_notation(folder: RunFolder, plan: Plan) -> None:
    RunFolder(folder.root, ".specc").prepare(plan, "another text")


def _fresh(folder: RunFolder, plan: Plan) -> None:
    folder.prepare(plan, "the spec's text", fresh=True)


def _lock(folder: RunFolder, plan: Plan) -> None:
    with folder.locked():
        pass


def _share(folder: RunFolder, plan: Plan) -> None:
    folder.share(plan, lambda path: True)


def _lose_stages(folder: RunFolder, plan: Plan) -> None:
    """Let the run have to take one stage from the store, and to give it the best weights of the other."""
    folder.stage(plan.stages[0].name).unlink()
    folder.store.path(plan.stage_digests[1], "best").unlink()


def _begin_from(folder: RunFolder, plan: Plan) -> None:
    folder.begin_from(folder.previous(), rows(plan, 3))


def _collect(folder: RunFolder, plan: Plan) -> None:
    folder.store.collect(0)


def _age_store(folder: RunFolder, plan: Plan) -> None:
    for age, digest in enumerate(plan.stage_digests):
        for path in folder.store.root.glob(f"{digest}*"):
            os.utime(path, (age, age))


def _export(folder: RunFolder, plan: Plan) -> None:
    export_timm(plan, folder.stage_best(plan.stages[1].name), folder.export)


def _export_before(folder: RunFolder, plan: Plan) -> None:
    export_timm(_other(plan), folder.stage_best(plan.stages[0].name), folder.export)


def _report(folder: RunFolder, plan: Plan) -> None:
    _write_report(folder, plan, 0.9)


def _report_before(folder: RunFolder, plan: Plan) -> None:
    _write_report(folder, plan, 0.5)


def _write_report(folder: RunFolder, plan: Plan, value: float) -> None:
    true = np.arange(20, dtype=np.int32) % 10
    scores = {"loss": 1 - value, "top1(digit)": value}
    results = {"val": scores, "test": scores, "judged_on": "test", "gates": [], "best": None}
    pictures = {name: data * round(10 * value) for name, data in DRAWN.items()}
    predictions = {split: {"digit": (true, true)} for split in ("val", "test")}
    finished = Finished(plan, rows(plan, 4), results, predictions, [(0, 1e-3)], {"threads": 1}, "the spec's text")
    with patch("specc.report.write.figures", autospec=figures, return_value=pictures):
        write_report(finished, folder.root)


def _other(plan: Plan) -> Plan:
    """Return the plan with another name and digest."""
    return plan.model_copy(update={"name": "other", "digest": "e" * 64})


OPERATIONS: Final = (
    Operation("last", _last),
    Operation("last of four", _last_of_four),
    Operation("only last", _only_last),
    Operation("best", _best),
    Operation("stage", _stage),
    Operation("result", _result),
    Operation("history", _history),
    Operation("metrics", _metrics, _metrics_before, grows=("tail.jsonl", "events.jsonl", "train.log")),
    Operation("prepare", _prepare, prepared=False),
    Operation("notation", _prepare_in_other_notation, prepared=False),
    Operation("fresh", _fresh, prepared=False, rests_on_state=False),
    Operation("lock", _lock),
    Operation("share", _share, _lose_stages),
    Operation("begin from", _begin_from),
    Operation("gc", _collect, _age_store),
    Operation("export", _export, _export_before, seal=CONFIG),
    Operation("first export", _export, seal=CONFIG),
    Operation("report", _report, _report_before),
    Operation("first report", _report),
)
