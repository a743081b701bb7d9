"""The order in which a stage sees its samples: a pure function of seed, stage and epoch."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from specc.data.index import Samples
from specc.data.randomness import stream
from specc.plan.model import Plan


@dataclass(frozen=True)
class BatchKey:
    """Names a batch; a worker makes the batch from it and from nothing else."""

    stage: int
    epoch: int
    first: int
    """Position of the first sample in its epoch."""
    rows: NDArray[np.int64]


def epoch_order(plan: Plan, stage: int, epoch: int, samples: Samples) -> NDArray[np.int64]:
    """Return the rows of an epoch: each once in an order by lot, or as many drawn by weight with replacement."""
    generator = stream(plan.seed, "order", stage, epoch)
    sampling = plan.stages[stage].sampling
    if sampling is None:
        return generator.permutation(len(samples))
    codes = samples.labels[sampling.label]
    by_class = np.append(np.array(sampling.weights, np.float64), 1.0)  # the last is for rows without the label
    weights = by_class[codes]
    return generator.choice(len(samples), len(samples), p=weights / weights.sum())


def training_keys(
    plan: Plan, stage: int, samples: Samples, first_step: int, share: tuple[int, int] = (0, 1)
) -> Iterator[BatchKey]:
    """Yield the stage's batches from a step on; resuming seeks, it replays nothing.

    `share` is one of so many parts of each batch, in order and as even as can be.
    """
    of_stage = plan.stages[stage]
    per_epoch, size = of_stage.steps_per_epoch or 1, of_stage.batch_size
    order, order_epoch = np.empty(0, np.int64), -1
    for step in range(first_step, of_stage.steps or 0):
        epoch, position = divmod(step, per_epoch)
        if epoch != order_epoch:
            order, order_epoch = epoch_order(plan, stage, epoch, samples), epoch
        rows = order[position * size : (position + 1) * size]
        start, end = (len(rows) * part // share[1] for part in (share[0], share[0] + 1))
        yield BatchKey(stage, epoch, position * size + start, rows[start:end])


def evaluation_keys(samples: Samples, size: int) -> Iterator[BatchKey]:
    """Yield all samples of a split in their order."""
    rows = np.arange(len(samples))
    for start in range(0, len(samples), size):
        yield BatchKey(-1, 0, start, rows[start : start + size])
