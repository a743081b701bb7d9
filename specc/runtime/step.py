"""One optimizer step."""

import math

import torch
from torch import Tensor

from specc.errors import RunFailed
from specc.memory import is_of_memory
from specc.runtime.data.batch import Batch
from specc.runtime.gradients import Gradients
from specc.runtime.optimizers import set_rate
from specc.runtime.state import State


class NotFiniteError(RunFailed):
    """A loss or a gradient is not finite; the step was not applied."""


def train_step(state: State, batch: Batch, gradients: Gradients) -> Tensor:
    """Update the weights once with a batch of one optimizer step, and return its loss.

    Where memory does not suffice, micro-batches are halved and the step begins again.
    Raises: NotFiniteError before anything is changed; on an accelerator, the step is left out instead.
    """
    optimizer = state.optimizer
    assert optimizer is not None  # noqa: S101
    set_rate(optimizer, state.of_stage, state.rate_at(state.step))
    size = state.forward_size(len(batch))
    while True:
        before = state.buffers()
        try:
            total = gradients.of_batch(state, batch, size)
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
