"""One optimizer step."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from specc.data.randomness import integer
from specc.plan.model import StagePlan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.losses import Objective
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
    Dropout and drop-path are seeded by the step alone.
    """
    stage, optimizer, scaler = state.of_stage, state.optimizer, state.scaler
    assert optimizer is not None  # noqa: S101
    assert scaler is not None  # noqa: S101
    set_rate(optimizer, stage, state.rate_at(state.step))
    seed_step(integer(state.plan.seed, "step", state.stage, state.step), state.device)
    counts = objective.counts(batch.labels)
    total = torch.zeros((), device=state.device)
    for part in batch.split(_micro_batch(stage, len(batch))):
        inputs = {**part.inputs, "image": normalize(part.inputs["image"])}
        with arithmetic(stage, state.device):
            outputs = state.model(inputs)
        loss = (objective.sums(outputs, part.labels) / counts).sum()
        torch.autograd.backward(scaler.scale(loss))
        total += loss.detach()
    _update(state.model, optimizer, scaler, stage.max_grad_norm)
    if state.ema:
        state.ema.update(state.model)
    return total


def _micro_batch(stage: StagePlan, size: int) -> int:
    return size if stage.micro_batch_size == "auto" else stage.micro_batch_size


def _update(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: Any, max_grad_norm: float | None) -> None:
    """Clip over all that trains, in the model's own order so that grouping changes no bit, and step."""
    if max_grad_norm is not None:
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], max_grad_norm)
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
