"""The learning rate, step by step, beside the schedulers that people know."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from timm.scheduler import CosineLRScheduler
from torch.optim import lr_scheduler

from specc.plan.model import StagePlan
from specc.runtime.schedule import plateau, rate
from tests.runtime.helpers import compiled

STEPS = 40
"""Ten epochs of four steps."""

Make = Callable[[torch.optim.Optimizer], Any]


@pytest.fixture
def stage_with(tmp_path):
    """Return what compiles a schedule into a stage of 40 steps."""

    def make(schedule: str) -> StagePlan:
        return compiled(tmp_path, f'stages.whole.lr="{schedule}"', "stages.whole.epochs=10").stages[1]

    return make


def walked(make: Make, base: float, steps: int = STEPS) -> list[float]:
    """Return the rates that a scheduler of torch sets, one a step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def ours(stage: StagePlan) -> list[float]:
    return [rate(stage, step) for step in range(STEPS)]


@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("cosine(1e-2 -> 1e-4)", lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=1e-4)),
        ("linear(1e-2 -> 1e-3)", lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, STEPS)),
        ("polynomial(1e-2 -> 0, power = 2)", lambda o: lr_scheduler.PolynomialLR(o, STEPS, power=2)),
        ("step(1e-2, every = 7 steps, factor = 0.3)", lambda o: lr_scheduler.StepLR(o, 7, 0.3)),
        ("step(1e-2, every = 2 epochs)", lambda o: lr_scheduler.StepLR(o, 8)),
        ("onecycle(1e-2)", lambda o: lr_scheduler.OneCycleLR(o, 1e-2, STEPS)),
        (
            "onecycle(1e-2, rise = 0.5, start_div = 10, end_div = 100)",
            lambda o: lr_scheduler.OneCycleLR(o, 1e-2, STEPS, pct_start=0.5, div_factor=10, final_div_factor=100),
        ),
        ("1e-2", lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    ],
)
def test_is_the_scheduler_of_torch(stage_with, text: str, make: Make):
    assert ours(stage_with(text)) == pytest.approx(walked(make, 1e-2), rel=1e-9)


@pytest.mark.parametrize("patience", [0, 1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_plateau_replays_reduce_lr_on_plateau(patience: int, seed: int):
    draw = random.Random(seed)
    losses = [round(draw.uniform(0, 1), 1) for _ in range(60)]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    peer = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience, threshold=0, min_lr=1e-3, eps=0)
    args = {"value": 1.0, "factor": 0.5, "patience": patience, "min_lr": 1e-3}
    for count, loss in enumerate(losses, start=1):
        peer.step(loss)
        assert plateau(args, losses[:count]) == optimizer.param_groups[0]["lr"]


def test_cosine_after_a_warmup_is_timms(stage_with):
    stage = stage_with("warmup(2 epochs) then cosine(1e-2 -> 1e-4)")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-2)
    peer = CosineLRScheduler(optimizer, t_initial=STEPS - 8, lr_min=1e-4, warmup_t=8, warmup_prefix=True)
    theirs = [peer._get_lr(step)[0] for step in range(STEPS)]
    assert ours(stage)[8:] == pytest.approx(theirs[8:], rel=1e-9)
    # On purpose one step ahead: theirs makes its first step with a rate of 0, ours its last one with the full rate.
    assert ours(stage)[:7] == pytest.approx(theirs[1:8], rel=1e-9)


def test_no_step_of_a_warmup_has_no_rate_and_its_last_has_the_full_one(stage_with):
    rates = ours(stage_with("warmup(5 steps) then cosine(1e-2 -> 0)"))
    assert rates[:5] == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 1e-2])
    assert rates[5] == 1e-2
    assert min(rates) > 0


def test_a_warmup_leads_to_where_one_cycle_begins(stage_with):
    rates = ours(stage_with("warmup(4 steps) then onecycle(1e-2)"))
    assert rates[3] == rates[4] == pytest.approx(1e-2 / 25)


def test_a_warmup_may_begin_above_zero(stage_with):
    assert ours(stage_with("warmup(4 steps, start = 2e-3) then constant(1e-2)"))[:4] == pytest.approx(
        [4e-3, 6e-3, 8e-3, 1e-2]
    )


def test_any_order_of_calls_gives_the_same(stage_with):
    stage = stage_with("warmup(1 epoch) then onecycle(3e-3)")
    in_order = ours(stage)
    steps = list(range(STEPS)) * 2
    random.Random(0).shuffle(steps)
    assert all(rate(stage, step) == in_order[step] for step in steps)
