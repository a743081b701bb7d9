"""One optimizer step."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from specc.data.randomness import integer
from specc.plan.model import StagePlan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.losses import Objective
from specc.runtime.mixing import mixture_at
from specc.runtime.optimizers import set_rate
from specc.runtime.rng import seed_step
from specc.runtime.state import State


def arithmetic(stage: StagePlan, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context that a stage's forward passes run in."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(stage.precision)
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def train_step(state: State, batch: Batch, objective: Objective, normalize: Normalize) -> Tensor:
    """Update the weights once with a batch of one optimizer step, and return its loss.

    The batch is split into micro-batches; each loss is divided by the whole batch's count, so that they add up to it.
    Dropout, drop-path and mixing are seeded by the step alone.
    """
    stage, optimizer, scaler = state.of_stage, state.optimizer, state.scaler
    assert optimizer is not None  # noqa: S101
    assert scaler is not None  # noqa: S101
    set_rate(optimizer, stage, state.rate_at(state.step))
    seed_step(integer(state.plan.seed, "step", state.stage, state.step), state.device)
    counts = objective.counts(batch.labels)
    total = torch.zeros((), device=state.device)
    for part, images, partners in _parts(state, batch, normalize):
        with arithmetic(stage, state.device):
            outputs = state.model({**part.inputs, "image": images}, part.labels)
        loss = (objective.sums(outputs, part.labels) / counts).sum()
        if partners:
            others = (objective.sums(outputs, partners.labels) / counts).sum()
            loss = torch.lerp(others, loss, partners.share)
        torch.autograd.backward(scaler.scale(loss))
        total += loss.detach()
    _update(state.model, optimizer, scaler, stage.max_grad_norm)
    if state.ema:
        state.ema.update(state.model)
    return total


class Partners(NamedTuple):
    """What samples were mixed with: the labels of the others, and the share of the loss that is the samples' own."""

    labels: dict[str, Tensor]
    share: float


def _parts(state: State, batch: Batch, normalize: Normalize) -> Iterator[tuple[Batch, Tensor, Partners | None]]:
    """Yield the micro-batches with their images as the model sees them."""
    stage, samples = state.of_stage, len(batch)
    rows, columns = batch.inputs["image"].shape[-2:]
    mixture = mixture_at(state.plan, state.stage, state.step, samples, (rows, columns))
    size = samples if stage.micro_batch_size == "auto" else stage.micro_batch_size
    for start in range(0, samples, size):
        here = slice(start, start + size)
        part = batch.take(here)
        images = normalize(part.inputs["image"])
        if mixture is None:
            yield part, images, None
        else:
            others = batch.take(mixture.partners[here].to(images.device))
            mixed = mixture.images(images, normalize(others.inputs["image"]))
            yield part, mixed, Partners(others.labels, mixture.share)


def _update(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: Any, max_grad_norm: float | None) -> None:
    """Clip over all that trains, in the model's own order so that grouping changes no bit, and step."""
    if max_grad_norm is not None:
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], max_grad_norm)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
