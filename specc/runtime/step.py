"""One optimizer step."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import Tensor

from specc.data.randomness import integer
from specc.errors import RunFailed
from specc.memory import is_of_memory
from specc.plan.model import StagePlan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.losses import Objective
from specc.runtime.mixing import mixture_at
from specc.runtime.optimizers import set_rate
from specc.runtime.rng import seed_step
from specc.runtime.state import State


class NotFiniteError(RunFailed):
    """A loss or a gradient is not finite; the step was not applied."""


def arithmetic(stage: StagePlan, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context that a stage's forward passes run in."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(stage.precision)
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def train_step(state: State, batch: Batch, objective: Objective, normalize: Normalize) -> Tensor:
    """Update the weights once with a batch of one optimizer step, and return its loss.

    The batch is split into micro-batches; each loss is divided by the whole batch's count, so that they add up to it.
    Dropout, drop-path and mixing are seeded by the step alone. Where memory does not suffice, micro-batches are halved
    and the step begins again.
    Raises: NotFiniteError before anything is changed; on an accelerator, the step is left out instead.
    """
    optimizer = state.optimizer
    assert optimizer is not None  # noqa: S101
    set_rate(optimizer, state.of_stage, state.rate_at(state.step))
    size = state.forward_size(len(batch))
    while True:
        before = state.buffers()
        try:
            total = _gradients(state, batch, objective, normalize, size)
            break
        except (MemoryError, RuntimeError) as error:
            if not is_of_memory(error) or size == 1:
                raise
            optimizer.zero_grad(set_to_none=True)
            state.load_buffers(before)
            size = state.micro_batch = -(-size // 2)
        if state.device.type == "cuda":
            torch.cuda.empty_cache()
    try:
        _update(state, total)
    except NotFiniteError:
        state.load_buffers(before)
        raise
    if state.ema:
        state.ema.update(state.model)
    return total


def _gradients(state: State, batch: Batch, objective: Objective, normalize: Normalize, size: int) -> Tensor:
    """Add up the gradients of a batch in parts of a size, and return its loss."""
    stage, scaler = state.of_stage, state.scaler
    assert scaler is not None  # noqa: S101
    seed_step(integer(state.plan.seed, "step", state.stage, state.step), state.device)
    counts = objective.counts(batch.labels)
    total = torch.zeros((), device=state.device)
    for part, images, partners in _parts(state, batch, normalize, size):
        with arithmetic(stage, state.device):
            outputs = state.model({**part.inputs, "image": images}, part.labels)
        loss = (objective.sums(outputs, part.labels) / counts).sum()
        if partners:
            others = (objective.sums(outputs, partners.labels) / counts).sum()
            loss = torch.lerp(others, loss, partners.share)
        torch.autograd.backward(scaler.scale(loss))
        total += loss.detach()
    return total


class Partners(NamedTuple):
    """What samples were mixed with: the labels of the others, and the share of the loss that is the samples' own."""

    labels: dict[str, Tensor]
    share: float


def _parts(
    state: State, batch: Batch, normalize: Normalize, size: int
) -> Iterator[tuple[Batch, Tensor, Partners | None]]:
    """Yield the micro-batches with their images as the model sees them."""
    samples = len(batch)
    rows, columns = batch.inputs["image"].shape[-2:]
    mixture = mixture_at(state.plan, state.stage, state.step, samples, (rows, columns))
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


def _update(state: State, loss: Tensor) -> None:
    """Clip over all that trains, in the model's own order so that grouping changes no bit, and step.

    A scaler leaves out a step with gradients that are not finite, without waiting for the device.
    """
    optimizer, scaler, limit = state.optimizer, state.scaler, state.of_stage.max_grad_norm
    assert optimizer is not None  # noqa: S101
    assert scaler is not None  # noqa: S101
    parameters = [p for p in state.model.parameters() if p.grad is not None]
    if limit is not None or not scaler.is_enabled():
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if not scaler.is_enabled():
            _check_finite(state, float(loss), float(norm))
        if limit is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)


def _check_finite(state: State, loss: float, norm: float) -> None:
    if math.isfinite(loss) and math.isfinite(norm):
        return
    assert state.optimizer is not None  # noqa: S101
    state.optimizer.zero_grad(set_to_none=True)
    found = f"the loss is {loss}" if not math.isfinite(loss) else f"the norm of the gradient is {norm}"
    raise NotFiniteError(
        f"{found} at step {state.step + 1} of stage `{state.of_stage.name}`",
        help="the step was not applied; lower the rate, or set max_grad_norm",
    )
