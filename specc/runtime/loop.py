"""The run, from a plan to weights: stages, epochs, steps, in the order in which they happen."""

import math
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from torch import Tensor

from specc.errors import RunFailed
from specc.memory import memory_told
from specc.plan.model import Plan
from specc.runtime.begin import begin
from specc.runtime.cadence import Cadence
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import checked, training_loader
from specc.runtime.epoch_end import end_epoch
from specc.runtime.evaluate import measured_splits
from specc.runtime.events import (
    Event,
    Remarked,
    StageDone,
    StageStarted,
    Started,
    StepDone,
)
from specc.runtime.failed import write_batch
from specc.runtime.finish import finish
from specc.runtime.folder import RunFolder
from specc.runtime.gates import check_gates, complete_row, stage_gates
from specc.runtime.gradients import Gradients, micro_batches
from specc.runtime.helpers import Helpers
from specc.runtime.models.frozen import check_statistics, frozen_statistics
from specc.runtime.monitor import has_stopped
from specc.runtime.resume import read_tensors
from specc.runtime.run import Run
from specc.runtime.saving import Saving
from specc.runtime.signals import listening
from specc.runtime.state import State
from specc.runtime.step import NotFiniteError, train_step

LAG: Final = 16
"""Steps between two readings of the loss from an accelerator, which would otherwise wait for each."""

TOLERATED: Final = 10
"""Losses in a row that may be not finite in fp16, while its scaler looks for a scale."""

LOWEST: Final = 2.0**-10
"""Scale below which fp16 gives up: it begins at 2**16, and each gradient that is not finite halves it."""


@dataclass
class Work:
    """What the steps of a stage are made with."""

    batches: Iterator[Batch]
    gradients: Gradients
    cadence: Cadence


def train(
    plan: Plan, folder: RunFolder, spec: str, *, fresh: bool = False, allow_drift: bool = False
) -> Iterator[Event]:
    """Do what is left to do of a plan, and yield what happens.

    The `Evaluated` event comes after training and before the run is marked as finished, so that whoever reads the
    events can write reports and exports first: a run that is finished has them. `allow_drift` lets a run go on where
    the libraries or the machine are others, and marks it.

    Raises: DataError, RunFailed, GateMissed after a stage, Interrupted.
    """
    with (
        folder.locked(),
        listening() as interruption,
        memory_told(),
        closing(Saving(plan, folder)) as saving,
        closing(Helpers(plan, folder, interruption)) as helpers,
    ):
        folder.prepare(plan, spec, fresh=fresh)
        state, index, started = begin(plan, folder, spec, helpers, fresh=fresh, allow_drift=allow_drift)
        splits = measured_splits(plan, index, state.device)
        with helpers.connected() as processes:
            run = Run(plan, folder, index, splits, interruption, saving, processes)
            yield started
            yield from _stages(run, state, started)
        yield from finish(run, state)


def _stages(run: Run, state: State, started: Started) -> Iterator[Event]:
    """Train what is left of the stages, and hold each to its targets."""
    for index in range(started.stage):
        complete_row(run, state, index)
        check_gates(run.plan, state.history, index)
    for index in range(started.stage, len(run.plan.stages)):
        if started.resumed_from is None or index != state.stage:
            _enter_stage(run, state, index)
        yield from _stage(run, state)
        check_gates(run.plan, state.history, index)


def _enter_stage(run: Run, state: State, index: int) -> None:
    """Begin a stage, from the best weights of the one before it where the plan says so."""
    if index and run.plan.stages[index].start_from == "best":
        _, tensors = read_tensors(run.folder.stage_best(run.plan.stages[index - 1].name))
        state.load_weights(tensors)
    state.begin_stage(index)


def _stage(run: Run, state: State) -> Iterator[Event]:
    """Train one stage to its end, or to where it stops early."""
    stage = state.of_stage
    yield StageStarted(
        state.stage, stage.name, state.step, stage.steps or 0, stage.epochs or 0, stage.trained_parameters or 0
    )
    parts = len(micro_batches(stage.batch_size, state.forward_size(stage.batch_size)))
    if parts < run.processes.count:
        shared = "is one micro-batch" if parts == 1 else f"has {parts} micro-batches"
        yield Remarked(f"a step {shared}, which {run.processes.count} processes share; micro_batch_size divides it")
    frozen = frozen_statistics(state.model)
    work = Work(
        batches=_batches(run, state),
        gradients=Gradients.of_stage(state, run.processes),
        cadence=Cadence(run.plan.run.checkpoint_every.get(stage.name)),
    )
    while not _stage_is_over(state):
        yield from _epoch(run, state, work)
    check_statistics(state.model, frozen)
    yield from run.saving.save(state, "stage", work.cadence)
    yield from run.saving.done(most=0)
    stopped = state.step < (stage.steps or 0)
    yield StageDone(stage.name, len(state.stage_rows), stopped, stage_gates(run.plan, state.history, state.stage))


def _batches(run: Run, state: State) -> Iterator[Batch]:
    """Return the batches of the stage that is under way, from its next step on; all processes load a part of each."""
    processes, samples = run.processes, run.index.splits["train"]
    processes.tell("begin", stage=state.stage, step=state.step)
    processes.spread(list(state.model.state_dict().values()))
    share = (processes.rank, processes.count)
    loader = training_loader(run.plan, state.stage, samples, state.step, state.device, share=share)
    return checked(loader, skip_bad=run.plan.data.on_bad_sample == "skip", whole=processes.whole)


def _stage_is_over(state: State) -> bool:
    stage, rows = state.of_stage, state.stage_rows
    return len(rows) * (stage.steps_per_epoch or 1) >= (stage.steps or 0) or has_stopped(stage.stop, rows)


def _epoch(run: Run, state: State, work: Work) -> Iterator[Event]:
    """Make the steps of an epoch that are left, then validate and record it."""
    stage, epoch = state.of_stage, len(state.stage_rows) + 1
    end = min(epoch * (stage.steps_per_epoch or 1), stage.steps or 0)
    began = time.monotonic()
    waiting: list[tuple[Tensor, int]] = []
    lag = 1 if state.device.type == "cpu" else LAG
    while state.step < end:
        batch = next(work.batches).to(state.device)
        size = state.micro_batch
        try:
            waiting.append((train_step(state, batch, work.gradients), len(batch)))
        except NotFiniteError:
            yield from run.saving.save(state, "last", work.cadence)
            yield from run.saving.done(most=0)
            yield Remarked(f"the batch is in {write_batch(run, state, state.step)}")
            raise
        if state.micro_batch != size:
            yield Remarked(
                f"memory does not suffice: stage {stage.name} goes on with micro_batch_size {state.micro_batch}"
            )
        state.step += 1
        run.steps_made += 1
        yield from run.skipped(state, batch.failures)
        save = state.step < end and work.cadence.due(state.step, epoch, epoch_over=False)
        if save or run.interruption.number or len(waiting) >= lag or state.step == end:
            yield from _told(run, state, waiting)
            waiting = []
        if save:
            yield from run.saving.save(state, "last", work.cadence)
        yield from run.saving.done()
        if not waiting:
            yield from _stop_if_asked(run, state, work.cadence)
    yield from end_epoch(run, state, work.cadence, began)
    yield from _stop_if_asked(run, state, work.cadence)
    if not _stage_is_over(state) and work.cadence.due(state.step, epoch, epoch_over=True):
        yield from run.saving.save(state, "last", work.cadence)


def _told(run: Run, state: State, waiting: list[tuple[Tensor, int]]) -> Iterator[Event]:
    """Read the losses of the last steps from the device and record them; stop at what is not finite."""
    stage, first = state.of_stage, state.step - len(waiting)
    for offset, (tensor, samples) in enumerate(waiting, start=1):
        loss, step = float(tensor), first + offset
        if math.isfinite(loss):
            state.epoch_losses.append(loss)
            state.left_out = 0
        else:
            yield from _left_out(run, state, step, f"the loss is {loss}")
        told = state.global_step - state.step + step
        yield StepDone(stage.name, step, told, loss, state.rate_at(step - 1), samples)
    assert state.scaler is not None  # noqa: S101
    if state.scaler.get_scale() < (LOWEST if stage.precision == "fp16" else 1):
        yield from _end_at(run, state, state.step, "a gradient is not finite")


def _left_out(run: Run, state: State, step: int, found: str) -> Iterator[Event]:
    """Take note of a step that the scaler left out; a few in a row are usual in fp16, and nowhere else.

    Raises: RunFailed where they are too many.
    """
    state.left_out += 1
    if state.of_stage.precision != "fp16" or state.left_out > TOLERATED:
        yield from _end_at(run, state, step, found)


def _end_at(run: Run, state: State, step: int, found: str) -> Iterator[Event]:
    """Write out the batch of a step that is not finite, and end the run.

    Raises: RunFailed.
    """
    yield Remarked(f"the batch is in {write_batch(run, state, step - 1)}")
    raise RunFailed(
        f"{found} at step {step} of stage `{state.of_stage.name}`",
        help="the last good checkpoint stands; lower the rate, or set max_grad_norm",
    )


def _stop_if_asked(run: Run, state: State, cadence: Cadence) -> Iterator[Event]:
    """Save and leave when a signal has come."""
    if run.interruption.number is not None:
        yield from run.saving.save(state, "last", cadence)
        yield from run.saving.done(most=0)
        run.leave_if_asked()
