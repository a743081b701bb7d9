"""A run folder of a few kilobytes in the middle of a run, with checkpoints that tell by every byte which they are."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specc.checkpoint.format import Encoded, RawTensor, encode
from specc.checkpoint.metadata import Kind
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder
from specc.runtime.saving import PARTS
from tests.runtime.helpers import compiled
from tests.unit.checkpoint.test_metadata import INFO

RUN: Final = Path("out", "run")
"""Where a run folder is below the folder of a trial, which has the store, too."""

NAMES: Final = ("backbone.conv1.weight", "heads.digit.weight", "heads.digit.bias", "heads.other.weight")


def plan_in(folder: Path, *overrides: str) -> Plan:
    """Compile the spec of two stages, of eight steps and two epochs each."""
    folder.mkdir(parents=True, exist_ok=True)
    return compiled(folder, *overrides)


def rows(plan: Plan, epochs: int) -> list[dict[str, Any]]:
    """Return the history after so many epochs of the run; the first epoch of the second stage is the best."""
    losses = (0.9, 0.7, 0.4, 0.5)
    return [
        {
            "stage": plan.stages[number // 2].name,
            "epoch": number % 2 + 1,
            "step": 4 * (number % 2 + 1),
            "train": {"loss": losses[number]},
            "val": {"loss": losses[number]},
            "lr": 1e-3,
        }
        for number in range(epochs)
    ]


def checkpoint(plan: Plan, kind: Kind, stage: int, step: int, *, byte: int | None = None) -> Encoded:
    """Return a checkpoint after so many steps of a stage, its weights filled with one byte."""
    history = rows(plan, 2 * stage + step // 4)
    best = min(history, key=lambda row: row["val"]["loss"], default=None)
    info = replace(
        INFO,
        kind=kind,
        plan_digest=plan.digest,
        stage=plan.stages[stage].name,
        stage_index=stage,
        stage_digest=plan.stage_digests[stage],
        epoch=step // 4,
        step=step,
        global_step=8 * stage + step,
        stages_total=len(plan.stages),
        history=history,
        best=best and {"stage": best["stage"], "epoch": best["epoch"], "metric": "loss", "value": best["val"]["loss"]},
        tail=[],
    )
    fill = 16 * stage + step if byte is None else byte
    return encode({name: RawTensor("U8", (1000,), bytes([fill]) * 1000) for name in NAMES}, info.to_json())


def save(folder: RunFolder, plan: Plan, kind: Kind, stage: int, step: int, **how: Any) -> None:
    """Save a checkpoint as a run does, in the folder and in the store."""
    path = folder.save(checkpoint(plan, kind, stage, step), kind, plan.stages[stage].name, **how)
    folder.store.keep(path, plan.stage_digests[stage], PARTS[kind])


def midway(root: Path, plan: Plan) -> RunFolder:
    """Make the folder of a run after five steps of its second stage, with three states before the newest."""
    folder = RunFolder(root / RUN)
    folder.prepare(plan, "the spec's text")
    folder.write_environment({"threads": 1})
    save(folder, plan, "best", 0, 8, of_run=True)
    save(folder, plan, "stage", 0, 8)
    for step in (2, 3):
        save(folder, plan, "last", 1, step, keep_last=4)
    save(folder, plan, "best", 1, 4, of_run=True)
    for step in (4, 5):
        save(folder, plan, "last", 1, step, keep_last=4)
    folder.write_history(rows(plan, 3))
    return folder


def copied(source: Path, target: Path) -> Path:
    """Copy a folder; what is one file under several names stays so, and times stay."""
    links: dict[int, Path] = {}
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        other, inode = target / path.relative_to(source), path.stat().st_ino
        if path.is_dir():
            other.mkdir()
        elif inode in links:
            os.link(links[inode], other)
        else:
            links[inode] = Path(shutil.copy2(path, other))
    return target


def snapshot(root: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, temporary files and the lock aside."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".tmp" and path.name != ".lock"
    }
