"""One optimizer step."""

import math

import pytest
import torch
from torch.nn import functional
from torchvision.transforms.v2 import functional as v2

from specc.errors import DataError, RunFailed
from specc.plan.model import Plan
from specc.runtime.data.batch import Batch, Normalize
from specc.runtime.gradients import micro_batches
from specc.runtime.models.model import build_model
from specc.runtime.state import State
from tests.runtime.helpers import CPU, SPEC, begun, compiled, made_step, random_batch

WITHOUT_BATCH_NORM = SPEC.replace('"test_resnet"', '"test_vit"').replace("resize(32)", "resize(160)")
"""Batch normalisation sees micro-batches, so only a model without it can be split to rounding."""


@pytest.fixture
def compile_spec(tmp_path):
    return lambda *overrides, spec=SPEC: compiled(tmp_path, *overrides, spec=spec)


def gradients(state: State, batch: Batch) -> dict[str, torch.Tensor]:
    """Return what a plain SGD step with a rate of 1 subtracts."""
    before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    made_step(state, batch)
    return {name: before[name] - p.detach() for name, p in state.model.named_parameters()}


PLAIN = ("stages.whole.lr=1.0", 'stages.whole.optimizer="sgd()"')


@pytest.mark.parametrize(
    ("size", "without_label"),
    [
        pytest.param(20, 0, id="even"),
        pytest.param(13, 0, id="shorter-last"),
        pytest.param(20, 7, id="missing-labels"),
    ],
)
def test_micro_batches_add_up_to_the_batch(compile_spec, size: int, without_label: int):
    whole = compile_spec(*PLAIN, spec=WITHOUT_BATCH_NORM)
    parts = compile_spec(*PLAIN, "stages.whole.grad_accum_steps=4", spec=WITHOUT_BATCH_NORM)
    batch = random_batch(whole, size)
    batch.labels["digit"][:without_label] = -1
    expected, found = (gradients(begun(plan, stage=1), batch) for plan in (whole, parts))
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)


def test_one_step_of_adamw_is_the_hand_written_one(plan):
    batch = random_batch(plan)
    state = begun(plan, stage=1)
    loss = made_step(state, batch)

    model = build_model(plan).to(memory_format=torch.channels_last).train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, fused=True)
    mean, std = (torch.tensor(plan.augment.normalize.args[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    images = torch.addcmul(-mean / std, batch.inputs["image"].float(), 1 / (255 * std))
    images = images.to(memory_format=torch.channels_last)
    losses = functional.cross_entropy(model({"image": images})["digit"].logits, batch.labels["digit"], reduction="none")
    expected = losses.sum() / len(losses)
    expected.backward()
    optimizer.step()

    assert loss == expected.item()
    for name, tensor in model.state_dict().items():
        assert torch.equal(state.model.state_dict()[name], tensor), name


def test_normalisation_is_that_of_torchvision(plan):
    images = random_batch(plan).inputs["image"]
    args = plan.augment.normalize.args
    expected = v2.normalize(v2.to_dtype(images, torch.float32, scale=True), args["mean"], args["std"])
    torch.testing.assert_close(Normalize(plan.augment.normalize, CPU)(images), expected)


def test_weight_decay_leaves_vectors_alone(compile_spec):
    plan = compile_spec('stages.whole.optimizer="adamw(weight_decay = 0.5)"', "stages.whole.lr=1e-2")
    plain = compile_spec('stages.whole.optimizer="adamw(weight_decay = 0)"', "stages.whole.lr=1e-2")
    batch = random_batch(plan)
    with_decay, without = (begun(p, stage=1) for p in (plan, plain))
    for state in (with_decay, without):
        made_step(state, batch)
    other = dict(without.model.named_parameters())
    for name, parameter in with_decay.model.named_parameters():
        assert torch.equal(parameter, other[name]) == (parameter.ndim == 1), name


def test_clipping_bounds_the_norm_over_all_that_trains(compile_spec):
    batch = random_batch(compile_spec())
    free = gradients(begun(compile_spec(*PLAIN), 1), batch)
    clipped = gradients(begun(compile_spec(*PLAIN, "stages.whole.max_grad_norm=0.1"), 1), batch)
    norm = math.sqrt(sum(float(g.square().sum()) for g in free.values()))
    assert norm > 0.1
    for name, gradient in free.items():
        torch.testing.assert_close(clipped[name], gradient * 0.1 / norm, rtol=1e-3, atol=1e-6)


def test_parts_have_their_own_rates(compile_spec):
    plan = compile_spec(*PLAIN, 'stages.whole.rates="backbone * 0.1"')
    batch = random_batch(plan)
    slower, even = gradients(begun(plan, 1), batch), gradients(begun(compile_spec(*PLAIN), 1), batch)
    for name, gradient in even.items():
        factor = 0.1 if name.startswith("backbone.") else 1.0
        torch.testing.assert_close(slower[name], factor * gradient, rtol=1e-3, atol=1e-6)


def test_the_average_follows_its_formula(compile_spec):
    plan = compile_spec("model.ema_decay=0.9")
    state = begun(plan, stage=1)
    expected = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    for seed in range(3):
        made_step(state, random_batch(plan, seed=seed))
        for name, tensor in state.model.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = 0.9 * expected[name] + 0.1 * tensor
    averaged = state.ema.module.state_dict()
    for name, tensor in expected.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(averaged[name], tensor, rtol=1e-5, atol=1e-6)
    assert state.evaluated is state.ema.module


def test_dropout_is_a_function_of_the_step(compile_spec):
    plan = compile_spec("model.heads.digit.dropout=0.5")
    batch, losses = random_batch(plan), []
    for disturbance in (0, 1):
        state = begun(plan)
        torch.manual_seed(disturbance)
        losses.append([made_step(state, batch) for _ in range(3)])
    assert losses[0] == losses[1]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_keeps_weights_in_fp32(compile_spec, precision: str):
    plan: Plan = compile_spec(f'stages.whole.precision="{precision}"')
    state = begun(plan, stage=1)
    losses = [made_step(state, random_batch(plan)) for _ in range(3)]
    assert all(map(math.isfinite, losses))
    assert {p.dtype for p in state.model.parameters()} == {torch.float32}
    assert losses[0] != made_step(begun(compile_spec(), 1), random_batch(plan))


def test_weights_that_are_not_finite_are_never_written(plan):
    state = begun(plan, stage=1)
    state.model.heads["digit"].weight.data[0, 0] = math.nan
    for kind in ("last", "best", "stage"):
        with pytest.raises(RunFailed, match="not finite"):
            state.snapshot(kind).encoded()


def test_a_single_sample_that_is_left_is_told(plan):
    state = begun(plan, stage=1)
    with pytest.raises(DataError, match="one sample alone cannot be normalised, at step 1 of stage `whole`"):
        made_step(state, random_batch(plan, size=1))


@pytest.mark.parametrize(("samples", "size"), [(1, 1), (20, 20), (20, 19), (10, 3), (7, 2), (5, 9), (97, 8)])
def test_micro_batches_are_as_few_and_as_even_as_can_be(samples: int, size: int):
    places = micro_batches(samples, size)
    sizes = [here.stop - here.start for here in places]
    assert [here.start for here in places[1:]] == [here.stop for here in places[:-1]]
    assert (places[0].start, places[-1].stop) == (0, samples)
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == math.ceil(samples / size)
