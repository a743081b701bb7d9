"""What is not finite, memory that does not suffice, disks that are full: told, and nothing lost."""

import errno
import math
import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from specc.checkpoint.format import read, split
from specc.cli.verify_resume import digests
from specc.errors import RunFailed
from specc.runtime import gradients, loop, step as steps
from specc.runtime.data import loaders
from specc.runtime.events import Event, Remarked, StepDone
from specc.runtime.losses import Objective
from specc.runtime.models.model import ImageModel
from specc.runtime.resume import read_info
from specc.runtime.signals import ASKING
from specc.runtime.state import State
from specc.runtime.tensors import from_raw
from tests.runtime.helpers import begun, compiled, events, made_step, random_batch

AT = 11
"""Step of the run, counted from 0, at which something happens: the fourth of the second stage."""


@pytest.fixture
def plan(tmp_path):
    return compiled(tmp_path)


def collect(happening: Iterator[Event], found: list[Event]) -> None:
    """Note events as they come, so that those before an error are known."""
    for event in happening:
        found.append(event)  # noqa: PERF402


def is_due(state: State) -> bool:
    return state.global_step == AT


def bad_input(patch: pytest.MonkeyPatch) -> None:
    genuine = gradients.Normalize.__call__
    calls = iter(range(10**6))

    def call(self, images):
        found = genuine(self, images)
        return found * math.nan if torch.is_grad_enabled() and next(calls) == AT else found

    patch.setattr(gradients.Normalize, "__call__", call)


def bad_loss(patch: pytest.MonkeyPatch) -> None:
    genuine = Objective.sums
    calls = iter(range(10**6))

    def sums(self, outputs, labels):
        found = genuine(self, outputs, labels)
        return found * math.inf if torch.is_grad_enabled() and next(calls) == AT else found

    patch.setattr(Objective, "sums", sums)


def bad_gradient(patch: pytest.MonkeyPatch) -> None:
    genuine = steps._update

    def update(state, loss):
        if is_due(state):
            state.model.heads["digit"].weight.grad[0, 0] = math.nan
        genuine(state, loss)

    patch.setattr(steps, "_update", update)


@pytest.mark.parametrize("inject", [bad_input, bad_loss, bad_gradient])
def test_what_is_not_finite_stops_the_run_before_the_step(plan, tmp_path, monkeypatch, inject):
    root = tmp_path / "run"
    found: list[Event] = []
    with monkeypatch.context() as patch:
        inject(patch)
        with pytest.raises(RunFailed, match=r"at step 4 of stage `whole`") as caught:
            collect(events(plan, root), found)
    assert "not applied" in caught.value.help
    assert [event.global_step for event in found if isinstance(event, StepDone)][-1] == AT
    assert read_info(root / "last.safetensors").step == 3
    (told,) = [event.text for event in found if isinstance(event, Remarked)]
    path = Path(told.removeprefix("the batch is in "))
    header, payload = read(path)
    assert header.own_metadata["step"] == 4
    assert len(header.own_metadata["samples"]) == 20
    assert split(header, payload).keys() == {"image", "label.digit"}
    list(events(plan, root))
    list(events(plan, tmp_path / "elsewhere" / "run"))
    expected = digests(tmp_path / "elsewhere" / "run")
    assert {k: v for k, v in digests(root).items() if not k.startswith("failed")} == expected


def test_a_rate_that_is_not_finite_is_stopped_before_it_is_saved(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(State, "rate_at", lambda self, step: math.inf if is_due(self) else 1e-3)
    with pytest.raises(RunFailed):
        list(events(plan, tmp_path / "run"))
    for path in (tmp_path / "run").rglob("*.safetensors"):
        header, payload = read(path)
        for name, tensor in from_raw(split(header, payload)).items():
            assert not tensor.is_floating_point() or tensor.isfinite().all(), (path, name)


def test_an_average_that_is_not_finite_is_never_saved(tmp_path, monkeypatch):
    plan = compiled(tmp_path, "model.ema_decay=0.9")
    genuine = loop.train_step

    def spoil(state, *rest):
        loss = genuine(state, *rest)
        if is_due(state):
            state.ema.module.heads["digit"].weight.data[0, 0] = math.nan
        return loss

    monkeypatch.setattr(loop, "train_step", spoil)
    with pytest.raises(RunFailed, match="not finite"):
        list(events(plan, tmp_path / "run"))


@pytest.fixture
def small_memory(monkeypatch):
    """Let the model run out of memory for more than 5 samples at once, after it has moved its statistics."""
    genuine = ImageModel.forward

    def forward(self, inputs, given=None):
        outputs = genuine(self, inputs, given)
        if torch.is_grad_enabled() and len(inputs["image"]) > 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return outputs

    monkeypatch.setattr(ImageModel, "forward", forward)


def test_micro_batches_are_halved_until_memory_suffices(plan, small_memory):
    state, planned = begun(plan, 1), begun(compiled_small(plan), 1)
    batch = random_batch(plan)
    assert made_step(state, batch) == made_step(planned, batch)
    assert state.micro_batch == 5
    for name, tensor in state.model.state_dict().items():
        assert torch.equal(tensor, planned.model.state_dict()[name]), name


def compiled_small(plan):
    """Return the plan with micro-batches of five."""
    stages = tuple(stage.model_copy(update={"micro_batch_size": 5}) for stage in plan.stages)
    return plan.model_copy(update={"stages": stages})


def test_the_size_that_was_found_is_told_and_kept(plan, tmp_path, small_memory):
    found = list(events(plan, tmp_path / "run"))
    told = [event.text for event in found if isinstance(event, Remarked)]
    assert told == [
        f"memory does not suffice: stage {name} goes on with micro_batch_size 5" for name in ("head", "whole")
    ]
    assert read_info(tmp_path / "run" / "last.safetensors").micro_batch == 5


def test_memory_for_no_sample_at_all_ends_the_run(plan, tmp_path, monkeypatch):
    def forward(self, inputs, given=None):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr(ImageModel, "forward", forward)
    with pytest.raises(RunFailed, match="memory does not suffice: CUDA out of memory"):
        list(events(plan, tmp_path / "run"))


@pytest.mark.parametrize("scale", [2.0**-10, 2.0**-11])
def test_fp16_gives_up_when_its_scale_has_vanished(plan, tmp_path, monkeypatch, scale: float):
    half = tuple(stage.model_copy(update={"precision": "fp16"}) for stage in plan.stages)
    monkeypatch.setattr(torch.amp.GradScaler, "get_scale", lambda self: scale)
    with (
        pytest.raises(RunFailed, match="a gradient is not finite at step 1 of")
        if scale < loop.LOWEST
        else nullcontext()
    ):
        list(events(plan.model_copy(update={"stages": half}), tmp_path / "run"))


def test_a_disk_that_fills_up_while_training_goes_on_is_told(plan, tmp_path, monkeypatch):
    root, genuine = tmp_path / "run", os.write
    found: list[Event] = []

    def write(file, data):
        if len(found) > 30:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return genuine(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(RunFailed, match="no space is left"):
            collect(events(plan, root), found)
    list(events(plan, root))
    list(events(plan, tmp_path / "elsewhere" / "run"))
    assert digests(root) == digests(tmp_path / "elsewhere" / "run")


def test_workers_start_out_of_reach_of_signals():
    held: set[int] = set()

    class Loader:
        def __iter__(self):
            held.update(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
            return iter(())

    assert not list(loaders.begun(Loader()))
    assert held >= set(ASKING)
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, ()) & set(ASKING)


def test_torch_does_not_tell_of_dead_workers_wherever_the_run_is(tmp_path):
    for event in events(compiled(tmp_path, "data.num_workers=1"), tmp_path / "run"):
        if isinstance(event, StepDone):
            assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL
