"""A spec of a few samples, and what the runtime makes of it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import torch
from timm.utils import ModelEmaV3

from specc.compiler.pipeline import compile_spec
from specc.data.index import Samples, build_index
from specc.plan.model import Plan
from specc.runtime.data.batch import Batch
from specc.runtime.events import Event
from specc.runtime.folder import RunFolder
from specc.runtime.gradients import Gradients
from specc.runtime.loop import train
from specc.runtime.models.model import build_model, placed
from specc.runtime.state import State
from specc.runtime.step import train_step

CPU = torch.device("cpu")

SPEC = """
specc = 1
name = "small"
seed = 3

[data]
source = "builtin"
dataset = "digits"
split = "stratified(digit, val = 10%, test = 10%)"
labels.digit = {}
limit = 80
num_workers = 0

[augment]
train = ["resize(32)", "rotate(10)", "normalize(imagenet)"]
eval = ["resize(32)", "normalize(imagenet)"]

[model]
backbone = "test_resnet"
heads.digit = { kind = "linear" }

[defaults]
batch_size = 20
loss = "cross_entropy(digit)"

[[stages]]
name = "head"
epochs = 2
train = "heads.digit"
lr = 1e-2

[[stages]]
name = "whole"
epochs = 2
train = "all"
lr = "cosine(2e-3 -> 1e-5)"

[evaluate]
metrics = ["top1(digit)"]
best = "min loss"

[run]
device = "cpu"
loggers = []
"""
"""Two stages of eight steps on 80 digits; four steps an epoch."""


def compiled(folder: Path, *overrides: str, spec: str = SPEC) -> Plan:
    """Compile a text with `--set` overrides."""
    path = folder / "spec.toml"
    path.write_text(spec)
    return compile_spec(path, overrides=overrides)[0]


def begun(plan: Plan, stage: int = 0) -> State:
    """Return the state at the beginning of a stage."""
    model = placed(build_model(plan), CPU)
    ema = ModelEmaV3(model, decay=plan.model.ema_decay, foreach=True) if plan.model.ema_decay else None
    state = State(plan, model, ema, CPU, {}, "the spec's text")
    state.begin_stage(stage)
    return state


def random_batch(plan: Plan, size: int = 20, seed: int = 0) -> Batch:
    """Return 8-bit noise with random labels."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (size, *plan.augment.input_size), dtype=torch.uint8, generator=generator)
    labels = {
        label.name: torch.randint(len(label.classes or ()), (size,), generator=generator) for label in plan.data.labels
    }
    return Batch({"image": images}, labels)


def made_step(state: State, batch: Batch) -> float:
    """Make one step of the stage that is under way and return its loss."""
    loss = train_step(state, batch, Gradients.of_stage(state))
    state.step += 1
    return float(loss)


def training_samples(plan: Plan) -> Samples:
    """Return the training split of a plan's data."""
    return build_index(plan.data, plan.seed).splits["train"]


def events(plan: Plan, root: Path, **wishes: bool) -> Iterator[Event]:
    """Train what is left to do of a plan in `root`."""
    return train(plan, RunFolder(root), "the spec's text", **wishes)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
