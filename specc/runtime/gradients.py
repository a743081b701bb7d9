"""The gradient of a batch, made of its micro-batches'.

What a micro-batch gives is a function of the weights and of its place in the batch, whichever process makes it, and the
gradients are added in the order of the batch. So the number of processes changes no bit of a step.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import torch
from torch import Tensor

from specc.data.randomness import integer
from specc.errors import DataError
from specc.memory import is_of_memory
from specc.plan.model import StagePlan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.losses import Objective
from specc.runtime.mixing import mixture_at
from specc.runtime.processes import ALONE, Processes, unflat
from specc.runtime.rng import seed_step
from specc.runtime.state import State


def arithmetic(stage: StagePlan, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context that a stage's forward passes run in."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(stage.precision)
    return torch.autocast(device.type, dtype) if dtype else nullcontext()


def micro_batches(samples: int, size: int) -> list[slice]:
    """Return where the micro-batches of a batch lie: as few as can be of at most a size, and as even as can be.

    >>> micro_batches(10, 3)
    [slice(0, 2, None), slice(2, 5, None), slice(5, 7, None), slice(7, 10, None)]
    """
    count = -(-samples // size)
    return [slice(samples * index // count, samples * (index + 1) // count) for index in range(count)]


class Partners(NamedTuple):
    """What samples were mixed with: the labels of the others, and the share of the loss that is the samples' own."""

    labels: dict[str, Tensor]
    share: float


def taken(state: State, batch: Batch, here: slice, normalize: Normalize) -> tuple[Batch, Tensor, Partners | None]:
    """Return a micro-batch, its images as the model sees them, and its partners, which are of the whole batch."""
    rows, columns = batch.inputs["image"].shape[-2:]
    mixture = mixture_at(state.plan, state.stage, state.step, len(batch), (rows, columns))
    part = batch.take(here)
    images = normalize(part.inputs["image"])
    if mixture is None:
        return part, images, None
    others = batch.take(mixture.partners[here].to(images.device))
    mixed = mixture.images(images, normalize(others.inputs["image"]))
    return part, mixed, Partners(others.labels, mixture.share)


class Part(NamedTuple):
    """What a micro-batch gives beside its gradient."""

    loss: Tensor
    """Its part of the batch's loss."""
    statistics: dict[str, Tensor]
    """The running statistics that it makes of those from before the step."""


@dataclass(frozen=True)
class Gradients:
    """Makes the gradients of a stage's batches."""

    objective: Objective
    normalize: Normalize
    processes: Processes = ALONE

    @classmethod
    def of_stage(cls, state: State, processes: Processes = ALONE) -> Self:
        """Return what makes the gradients of the stage that is under way."""
        objective = Objective(state.of_stage.loss, state.plan.class_counts, state.device)
        return cls(objective, Normalize(state.plan.augment.normalize, state.device), processes)

    def of_batch(self, state: State, batch: Batch, size: int) -> Tensor:
        """Leave the gradient of a batch in the parameters, made in micro-batches of a size, and return its loss.

        Running statistics move once a step: to the mean of what the micro-batches make of them.

        Raises: MemoryError, or torch's RuntimeError, where memory does not suffice for a micro-batch of any process;
        DataError where a single sample would be normalised by itself.
        """
        assert state.scaler is not None  # noqa: S101
        places = micro_batches(len(batch), size)
        if len(places) == 1:
            return self.add(state, batch, places[0], state.scaler.scale)
        scale = state.scaler.get_scale() if state.of_stage.precision == "fp16" else 1.0
        self.processes.tell("step", step=state.step, size=size, scale=scale)
        self.processes.spread(changing(state))
        parts = self._parts(state, batch, places, state.scaler.scale)
        total = torch.zeros((), device=state.device)
        for part in parts:
            total += part.loss
        shares = [(here.stop - here.start) / len(batch) for here in places]
        state.load_buffers(_mean([part.statistics for part in parts], shares))
        return total

    def _parts(
        self, state: State, batch: Batch, places: Sequence[slice], scale: Callable[[Tensor], Tensor]
    ) -> list[Part]:
        """Add the gradients of all micro-batches in their order, those of other processes as they come.

        They are awaited even when there is no memory for one: the others send what they have made.
        """
        before, parts = state.buffers(), list[Part]()
        fault: MemoryError | None = None
        for index, here in enumerate(places):
            maker = self.processes.maker(index)
            try:
                if maker:
                    parts.append(_received(state, self.processes, maker))
                elif not fault:
                    state.load_buffers(before)
                    parts.append(Part(self.add(state, batch, here, scale), state.buffers()))
            except (MemoryError, RuntimeError) as error:
                if not is_of_memory(error):
                    raise
                fault = MemoryError(str(error))  # the error itself would keep what filled the memory
        if fault:
            raise fault
        return parts

    def add(self, state: State, batch: Batch, here: slice, scale: Callable[[Tensor], Tensor]) -> Tensor:
        """Add the gradient of a micro-batch to what the parameters have, and return its part of the batch's loss.

        The loss is divided by the whole batch's count, so that parts add up to it. Dropout and drop-path are seeded by
        the step and the micro-batch's place.
        """
        part, images, partners = taken(state, batch, here, self.normalize)
        seed_step(integer(state.plan.seed, "step", state.stage, state.step, here.start), state.device)
        with arithmetic(state.of_stage, state.device), _one_sample_told(state):
            outputs = state.model({**part.inputs, "image": images}, part.labels)
        counts = self.objective.counts(batch.labels)
        loss = (self.objective.sums(outputs, part.labels) / counts).sum()
        if partners:
            others = (self.objective.sums(outputs, partners.labels) / counts).sum()
            loss = torch.lerp(others, loss, partners.share)
        torch.autograd.backward(scale(loss))
        return loss.detach()


@contextmanager
def _one_sample_told(state: State) -> Iterator[None]:
    """Say in words that batch normalisation has nothing to normalise by, as when other samples were left out."""
    try:
        yield
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        message = f"one sample alone cannot be normalised, at step {state.step + 1} of stage `{state.of_stage.name}`"
        raise DataError(message, help="mend the samples that cannot be read, or make batches larger") from None


def _mean(statistics: Sequence[dict[str, Tensor]], shares: Sequence[float]) -> dict[str, Tensor]:
    """Return the mean of running statistics by the shares of their micro-batches.

    Counts, and what no micro-batch moved, are those of the first.
    """
    return {
        name: sum((share * it[name] for it, share in zip(statistics, shares, strict=True)), torch.zeros_like(first))
        if first.is_floating_point() and any(not torch.equal(first, it[name]) for it in statistics[1:])
        else first
        for name, first in statistics[0].items()
    }


def changing(state: State) -> list[Tensor]:
    """Return what a step changes and gradients depend on: the weights that train, and running statistics."""
    return [p for p in state.model.parameters() if p.requires_grad] + list(state.statistics().values())


def _floats(state: State) -> dict[str, Tensor]:
    return {name: buffer for name, buffer in state.statistics().items() if buffer.is_floating_point()}


def send_part(state: State, processes: Processes, loss: Tensor) -> None:
    """Send the leading process what a micro-batch gave."""
    trained = [p for p in state.model.parameters() if p.requires_grad]
    grads = [p.grad for p in trained if p.grad is not None]
    processes.send([p.grad is not None for p in trained], [loss, *grads, *_floats(state).values()])


def _received(state: State, processes: Processes, maker: int) -> Part:
    """Add the gradient that another process sends, and return the rest.

    Raises: MemoryError when it had no memory for it.
    """
    about, values = processes.receive(maker)
    if about is None:
        raise MemoryError(f"none is left in process {maker + 1}")
    trained = [p for p in state.model.parameters() if p.requires_grad]
    taught = [p for p, has_gradient in zip(trained, about, strict=True) if has_gradient]
    statistics = _floats(state)
    loss, *pieces = unflat(values.to(state.device), [values.new_zeros(()), *taught, *statistics.values()])
    for parameter, grad in zip(taught, pieces, strict=False):
        if parameter.grad is None:
            parameter.grad = torch.empty_like(parameter).copy_(grad)
        else:
            parameter.grad += grad
    return Part(loss, dict(zip(statistics, pieces[len(taught) :], strict=True)))
