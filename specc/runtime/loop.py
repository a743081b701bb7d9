"""The run, from a plan to weights: stages, epochs, steps, in the order in which they happen."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from timm.utils import ModelEmaV3  # type: ignore[attr-defined]
from torch import Tensor

from specc.data.index import build_index
from specc.errors import DataError, RunFailed
from specc.plan.model import Plan, StagePlan
from specc.runtime.cadence import Cadence
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.data.loaders import checked, training_loader
from specc.runtime.environment import available_threads, differences, environment, pick_device
from specc.runtime.evaluate import Split, evaluate
from specc.runtime.events import (
    EpochDone,
    Event,
    Saved,
    Skipped,
    StageDone,
    StageStarted,
    Started,
    StepDone,
    TailMeasured,
)
from specc.runtime.finish import finish
from specc.runtime.folder import RunFolder
from specc.runtime.gates import check_gates, complete_row, stage_gates
from specc.runtime.losses import Objective
from specc.runtime.models.frozen import check_statistics, frozen_statistics
from specc.runtime.models.model import build_model
from specc.runtime.monitor import Row, best_row, has_stopped, improves, value_of
from specc.runtime.resume import find_state, read_tensors, start_from
from specc.runtime.run import Run
from specc.runtime.signals import Interruption, listening
from specc.runtime.state import State
from specc.runtime.step import train_step
from specc.runtime.tail import followed

LAG: Final = 16
"""Steps between two readings of the loss from an accelerator, which would otherwise wait for each."""


@dataclass
class Work:
    """What the steps of a stage are made with."""

    batches: Iterator[Batch]
    objective: Objective
    normalize: Normalize
    cadence: Cadence


def train(plan: Plan, folder: RunFolder, spec: str, *, fresh: bool = False) -> Iterator[Event]:
    """Do what is left to do of a plan, and yield what happens.

    The `Evaluated` event comes after training and before the run is marked as finished, so that whoever reads the
    events can write reports and exports first: a run that is finished has them.

    Raises: DataError, RunFailed, GateMissed after a stage, Interrupted.
    """
    with folder.locked(), listening() as interruption, _memory_told():
        folder.prepare(plan, spec, fresh=fresh)
        run, state, started = _prepare(plan, folder, spec, interruption, fresh=fresh)
        yield started
        for index in range(started.stage):
            complete_row(run, state, index)
            check_gates(plan, state.history, index)
        for index in range(started.stage, len(plan.stages)):
            if started.resumed_from is None or index != state.stage:
                _enter_stage(run, state, index)
            yield from _stage(run, state)
            check_gates(plan, state.history, index)
        yield from finish(run, state)


@contextmanager
def _memory_told() -> Iterator[None]:
    """Say in words that the device's memory is too small."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        told = str(error).split(". ", 1)[0]
        remedy = "set micro_batch_size to a part of batch_size; the last checkpoint stands"
        raise RunFailed(f"out of memory on the device: {told}", help=remedy) from None


def _prepare(
    plan: Plan, folder: RunFolder, spec: str, interruption: Interruption, *, fresh: bool
) -> tuple[Run, State, Started]:
    device = pick_device(plan.run.device)
    before = {} if fresh else folder.read_environment()
    threads = int(before.get("threads") or available_threads())
    torch.set_num_threads(threads)
    now = environment(device, threads)
    index = build_index(plan.data, plan.seed)
    if index.data.fingerprints != plan.data.fingerprints:
        raise DataError("the data changed since the plan was compiled", help="compile the spec again")
    found, notes = (None, []) if fresh else find_state(folder, plan)
    model = build_model(plan, pretrained=plan.model.pretrained and found is None).to(device)
    ema = ModelEmaV3(model, decay=plan.model.ema_decay, foreach=True) if plan.model.ema_decay else None
    state = State(plan, model, ema, device, now, spec)
    if found:
        state.restore(found.info, found.tensors)
        notes += [f"not bit-exact: {change}" for change in differences(before, now)]
    elif plan.model.start_from:
        notes += start_from(state, plan.model.start_from)
    folder.write_environment(now)
    size = max(_forward_size(stage) for stage in plan.stages)
    splits = {name: Split(plan, samples, device, size) for name, samples in index.splits.items() if name != "train"}
    complete = found is not None and found.info.kind == "stage"
    started = Started(
        folder=str(folder.root),
        device=str(device),
        parameters=sum(p.numel() for p in model.parameters()),
        stage=state.stage + complete,
        step=0 if complete else state.step,
        global_step=state.global_step if found else 0,
        resumed_from=str(found.path) if found else None,
        notes=tuple(notes),
    )
    return Run(plan, folder, index, splits, interruption), state, started


def _forward_size(stage: StagePlan) -> int:
    """Return the samples of one forward pass: what fits into memory while training fits without gradients, too."""
    return stage.batch_size if stage.micro_batch_size == "auto" else stage.micro_batch_size


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
    frozen = frozen_statistics(state.model)
    loader = training_loader(run.plan, state.stage, run.index.splits["train"], state.step, state.device)
    work = Work(
        batches=checked(loader, skip_bad=run.plan.data.on_bad_sample == "skip"),
        objective=Objective(stage.loss, run.plan.class_counts, state.device),
        normalize=Normalize(run.plan.augment.normalize, state.device),
        cadence=Cadence(run.plan.run.checkpoint_every.get(stage.name)),
    )
    while not _stage_is_over(state):
        yield from _epoch(run, state, work)
    check_statistics(state.model, frozen)
    yield _save(run, state, work.cadence, stage_end=True)
    stopped = state.step < (stage.steps or 0)
    yield StageDone(stage.name, len(state.stage_rows), stopped, stage_gates(run.plan, state.history, state.stage))


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
        waiting.append((train_step(state, batch, work.objective, work.normalize), len(batch)))
        state.step += 1
        run.steps_made += 1
        if batch.failures:
            yield Skipped(batch.failures)
        save = state.step < end and work.cadence.due(state.step, epoch, epoch_over=False)
        if save or run.interruption.number or len(waiting) >= lag or state.step == end:
            yield from _told(state, waiting)
            waiting = []
        if save:
            yield _save(run, state, work.cadence)
        if not waiting:
            _stop_if_asked(run, state, work.cadence)
    done = _end_epoch(run, state, epoch, began)
    yield from run.skipped()
    if state.tail and done.row["val"]:
        yield TailMeasured(state.of_stage.name, epoch, state.global_step, state.tail)
    yield done
    _stop_if_asked(run, state, work.cadence)
    if not _stage_is_over(state) and work.cadence.due(state.step, epoch, epoch_over=True):
        yield _save(run, state, work.cadence)


def _told(state: State, waiting: list[tuple[Tensor, int]]) -> Iterator[Event]:
    """Read the losses of the last steps from the device, record them and stop at one that is not finite."""
    stage, first = state.of_stage, state.step - len(waiting)
    for offset, (tensor, samples) in enumerate(waiting, start=1):
        loss, step = float(tensor), first + offset
        if not math.isfinite(loss):
            raise RunFailed(
                f"the loss is {loss} at step {step} of stage `{stage.name}`",
                help="the last good checkpoint stands; lower the rate, or set max_grad_norm",
            )
        state.epoch_losses.append(loss)
        told = state.global_step - state.step + step
        yield StepDone(stage.name, step, told, loss, state.rate_at(step - 1), samples)


def _end_epoch(run: Run, state: State, epoch: int, began: float) -> EpochDone:
    """Validate where it is due, record the epoch, and keep its weights if they are the best."""
    stage, last = state.of_stage, state.step >= (state.of_stage.steps or 0)
    due = "val" in run.splits and (last or epoch % run.plan.evaluate.every_epochs == 0)
    measured = evaluate(state.evaluated, run.splits["val"], stage) if due else None
    if measured:
        state.tail = followed(run.plan, state.tail, measured.tail)
    row: Row = {
        "stage": stage.name,
        "epoch": epoch,
        "step": state.step,
        "train": {"loss": math.fsum(state.epoch_losses) / max(len(state.epoch_losses), 1)},
        "val": measured.values if measured else {},
        "lr": state.rate_at(state.step - 1),
    }
    state.epoch_losses = []
    of_stage, of_run = _is_best(run, state, row)
    state.history.append(row)
    if of_run:
        monitor = run.plan.evaluate.best
        value = row["val"].get(monitor.metric, math.nan)
        state.best = {"stage": stage.name, "epoch": epoch, "metric": monitor.metric, "value": value}
    if of_stage:
        run.folder.save_best(stage.name, state.checkpoint("best"), of_run=of_run)
    run.folder.write_history(state.history)
    return EpochDone(row, state.global_step, of_run, time.monotonic() - began)


def _is_best(run: Run, state: State, row: Row) -> tuple[bool, bool]:
    """Say whether an epoch is the best of its stage, and of the run.

    The latest one is where there is no validation, and the first one as long as nothing could be measured.
    """
    monitor = run.plan.evaluate.best
    value = value_of(row, monitor)
    if value is None:
        latest = "val" not in run.splits
        return latest or not state.stage_rows, latest or state.best is None
    best = best_row(monitor, state.stage_rows)
    of_stage = improves(monitor, value, value_of(best, monitor) if best else None)
    return of_stage, improves(monitor, value, state.best["value"] if state.best else None)


def _save(run: Run, state: State, cadence: Cadence, *, stage_end: bool = False) -> Saved:
    began = time.monotonic()
    name = state.of_stage.name
    if stage_end:
        run.folder.save_stage(name, state.checkpoint("stage"))
    else:
        run.folder.save_last(state.checkpoint("last"))
    seconds = time.monotonic() - began
    cadence.saved(seconds)
    return Saved(str(run.folder.stage(name) if stage_end else run.folder.last), seconds)


def _stop_if_asked(run: Run, state: State, cadence: Cadence) -> None:
    """Save and leave when a signal has come."""
    if run.interruption.number is not None:
        _save(run, state, cadence)
        run.leave_if_asked()
