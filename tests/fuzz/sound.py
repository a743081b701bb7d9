"""Files with nothing wrong, which made-up ones begin with, and the run that they are of."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import safetensors.numpy

from specc.checkpoint.format import RawTensor, encode
from specc.checkpoint.metadata import CheckpointInfo
from specc.compiler.pipeline import compile_spec
from specc.plan.file import dump
from specc.plan.model import DataPlan, LabelPlan, Operation, Plan
from tests.fuzz.images import sound_images
from tests.fuzz.inputs import ROOT
from tests.fuzz.laws import folder
from tests.fuzz.manifests import HEADER, ROWS

if TYPE_CHECKING:
    from specc.runtime.folder import RunFolder
    from specc.runtime.state import State

SHAPES: Final = {
    "backbone.decay": {"backbone.weight": (2, 3)},
    "backbone.no_decay": {"backbone.norm.weight": (2,), "backbone.norm.bias": (2,)},
    "heads.digit.decay": {"heads.digit.weight": (3, 2)},
    "heads.digit.no_decay": {"heads.digit.bias": (3,)},
}
"""A model that is as small as one can be: the digest of its file takes no time."""


@cache
def plan() -> Plan:
    """Return the plan of the smallest model, of two stages."""
    whole = compile_spec(ROOT / "specs" / "quickstart.toml")[0]
    groups = tuple(group.model_copy(update={"parameters": SHAPES[group.name]}) for group in whole.model.groups)
    return whole.model_copy(
        update={"model": whole.model.model_copy(update={"groups": groups, "ema_decay": 0.5}), "origins": {}}
    )


@dataclass(frozen=True)
class Run:
    """A run folder with a state in its second stage, and the state in memory."""

    plan: Plan
    folder: "RunFolder"
    state: "State"
    last: Path
    """Its newest state, as it was saved."""
    best: Path

    def start_from(self, path: Path) -> None:
        """Take the weights of a file."""
        from specc.runtime.resume import start_from  # noqa: PLC0415

        start_from(self.state, str(path))

    def assess(self, path: Path) -> None:
        """Measure the weights of a file."""
        from specc.runtime.assess import assess  # noqa: PLC0415

        assess(path, ("val",), "cpu")

    def go_on(self, path: Path) -> None:
        """Let a file be the newest state, restore what a run would, and make a step."""
        from specc.runtime.resume import find_state, restore  # noqa: PLC0415

        shutil.copyfile(path, self.folder.last)
        found, _ = find_state(self.folder, self.plan)
        if found is not None:
            restore(self.state, found)
            for parameter in self.state.model.parameters():
                parameter.grad = parameter.detach() * 0 if parameter.requires_grad else None
            self.state.optimizer.step()


@cache
def run() -> Run:
    """Make a run folder, which takes seconds to import what makes it."""
    from specc.runtime.folder import RunFolder  # noqa: PLC0415

    of_run, state = RunFolder(folder() / "run" / plan().name), _state(plan())
    (of_run.root / "stages").mkdir(parents=True)
    for index in range(len(plan().stages)):
        _trained(state, index)
        for kind in ("best", "stage") if index == 0 else ("best", "last"):
            saved = of_run.save(state.snapshot(kind).encoded(), kind, state.of_stage.name, of_run=kind == "best")
    last, best = (folder() / f"{name}.safetensors" for name in ("last", "best"))
    shutil.copyfile(saved, last)
    shutil.copyfile(of_run.best, best)
    return Run(plan(), of_run, state, last, best)


def _state(of_plan: Plan) -> "State":
    import torch  # noqa: PLC0415
    from timm.utils import ModelEmaV3  # noqa: PLC0415
    from torch import nn  # noqa: PLC0415

    from specc.runtime.state import State  # noqa: PLC0415

    model = nn.Module()
    model.backbone = nn.Linear(3, 2, bias=False)
    model.backbone.norm = nn.BatchNorm1d(2)
    model.heads = nn.ModuleDict({"digit": nn.Linear(2, 3)})
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            parameter.fill_(0.1 * number)
    environment = {"torch": torch.__version__, "threads": 1}
    ema = ModelEmaV3(model, decay=0.5, foreach=True)
    return State(of_plan, model, ema, torch.device("cpu"), environment, "specc = 1\n")


def _trained(state: "State", stage: int) -> None:
    """Make a step of a stage, and validate it."""
    import torch  # noqa: PLC0415

    state.begin_stage(stage)
    for parameter in state.model.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
    state.optimizer.step()
    state.ema.update(state.model)
    state.step = state.of_stage.steps_per_epoch
    name, metric = state.of_stage.name, state.plan.evaluate.best.metric
    row = {"stage": name, "epoch": 1, "step": state.step, "train": {"loss": 0.5}, "val": {"loss": 0.5, metric: 0.75}}
    state.history.append({**row, "lr": 0.001})
    state.best = {"stage": name, "epoch": 1, "metric": metric, "value": 0.75}
    state.tail = []


def parts(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Take a checkpoint apart: the table of its tensors, its metadata, its payload."""
    end = 8 + int.from_bytes(data[:8], "little")
    table = json.loads(data[8:end])
    return table, json.loads(table.pop("__metadata__", {}).get("specc", "{}")), data[end:]


def forged(table: Mapping[str, Any], text: str, payload: bytes) -> bytes:
    """Lay out a checkpoint with the digest that its header would have, whatever is in it."""
    digest = hashlib.sha256(canonical([table, text]).encode()).hexdigest()
    body = canonical({**table, "__metadata__": {"format": "pt", "header_sha256": digest, "specc": text}}).encode()
    body += b" " * (-len(body) % 8)
    return len(body).to_bytes(8, "little") + body + payload


def canonical(value: object) -> str:
    """Print JSON as digests are taken of it; what is not JSON, too."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def encoded_metadata(data: bytes) -> bytes:
    """Put metadata before a payload, behind right digests: before that of the run where it is the run's."""
    of_run = any(digest.encode() in data for digest in plan().stage_digests)
    table, _, payload = parts(run().last.read_bytes() if of_run else small_checkpoint())
    return forged(table, data.decode("utf-8", "replace"), payload)


def sound_metadata() -> bytes:
    """Return the metadata of the run's newest state, as it stands in its file."""
    return canonical(parts(sound_checkpoint())[1]).encode()


def sound_checkpoint() -> bytes:
    """Return the run's newest state."""
    return run().last.read_bytes()


def small_metadata() -> dict[str, Any]:
    """Return metadata that has everything, and little of it."""
    row = {
        "stage": "a",
        "epoch": 1,
        "step": 4,
        "train": {"loss": 0.5},
        "val": {"loss": 0.25, "top1(x)": 0.5},
        "lr": 0.1,
    }
    tail = {
        "label": "x",
        "name": "b",
        "samples": 3,
        "loss": 0.5,
        "f1": 0.5,
        "lowest": 0.5,
        "rises": 1,
        "diverges": False,
    }
    gate = {"gate": "top1(x) >= 90%", "metric": "top1(x)", "value": 0.5, "target": 0.9, "passed": False}
    return CheckpointInfo(
        kind="last",
        name="small",
        plan_digest="ab" * 32,
        stage="b",
        stage_index=1,
        stage_digest="cd" * 32,
        epoch=1,
        step=4,
        global_step=8,
        stages_total=2,
        epochs_total=40,
        steps_total=80,
        finished=False,
        finite=True,
        history=[row, {**row, "stage": "b"}],
        best={"stage": "b", "epoch": 1, "metric": "top1(x)", "value": 0.5},
        tail=[tail],
        micro_batch=None,
        unreadable=["`x.png` is cut off"],
        results={
            "val": {"loss": 0.25},
            "test": {"loss": 0.5},
            "judged_on": "test",
            "gates": [gate],
            "best": None,
            "stages": [{"stage": "a", "val": {"loss": 0.25}}],
            "unreadable": 0,
        },
        scaler={"scale": 65536.0},
        plan='{"data":{"labels":[]}}',
        spec="specc = 1\n",
        environment={"torch": "2.6", "threads": 1},
    ).to_json()


@cache
def small_checkpoint() -> bytes:
    """Return a checkpoint of our own of a few bytes."""
    return b"".join(encode({"head.bias": RawTensor("F32", (2,), bytes(8))}, small_metadata()).chunks())


@cache
def foreign_checkpoints() -> tuple[bytes, ...]:
    """Return checkpoints of a few bytes of other programs."""
    arrays = {"head.weight": np.ones((2, 3), np.float32), "head.bias": np.zeros(2, np.float16), "n": np.array(3)}
    return (
        safetensors.numpy.save(arrays, {"format": "pt", "who": "timm"}),
        safetensors.numpy.save({"fc.weight": np.ones((2, 2)), "mask": np.array([True, False])}),
        safetensors.numpy.save({"empty": np.zeros((0, 4), np.int8), "weight": np.ones((2, 3), np.float32)}),
    )


def sound_plan() -> bytes:
    """Return the plan as a file."""
    return dump(plan()).encode()


LABELS: Final = (LabelPlan(name="kind", column="kind"), LabelPlan(name="fine", column="fine", within="kind"))

SPLITS: Final = {
    "stratified": {"label": "kind", "val": 0.2, "test": 0.2},
    "group_kfold": {"k": 2, "test": 0.2},
    "column": {"name": "split"},
}


def tables(source: str, path: str) -> list[DataPlan]:
    """Return the ways in which a spec asks for a table."""
    asked = [
        {"split": "stratified"},
        {"split": "group_kfold", "group": "group"},
        {"split": "column", "image": None},
    ]
    return [_data(source, path, **each) for each in (asked if source == "csv" else asked[1:2])]


def _data(source: str, path: str, *, split: str, group: str | None = None, image: str | None = "image") -> DataPlan:
    return DataPlan(
        source=source,
        location={"path": path},
        image=image,
        channels=3,
        labels=LABELS,
        rare={},
        split=Operation(kind=split, args=SPLITS[split]),
        group=group,
        fold=0 if group else None,
        limit=None,
        on_bad_sample="error",
        samples=None,
        fingerprints=None,
    )


def sound_table() -> bytes:
    """Return a table of labels."""
    return (",".join(HEADER) + "\n" + "".join(",".join(row[:5]) + ",x\n" for row in ROWS)).encode()


def sound_image() -> bytes:
    """Return an image."""
    return sound_images()[0]
