"""Losses beside torch's and torchvision's."""

import numpy as np
import pytest
import torch
from sklearn.utils import compute_class_weight
from torch import Tensor
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from specc.plan.model import LossTerm, Operation
from specc.runtime.losses import LOSSES, Objective
from specc.runtime.models.answers import Answer

SHARP = torch.tensor([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [0.0, 0.0, 1e4]])
"""Outputs that are as sure as can be."""

ARGS = {
    "cross_entropy": {"label_smoothing": 0.1},
    "focal": {"gamma": 2.0, "alpha": 0.25, "label_smoothing": 0.1},
    "binary_cross_entropy": {},
}


def term(kind: str, weight: float = 1.0, head: str = "a", **args: float) -> LossTerm:
    return LossTerm(weight=weight, loss=Operation(kind=kind, args={"head": head, **args}))


def focal(gamma: float, alpha: float, weight: float = 1.0, head: str = "a", label_smoothing: float = 0.0) -> LossTerm:
    return term("focal", weight, head, gamma=gamma, alpha=alpha, label_smoothing=label_smoothing)


def value(terms: list[LossTerm], logits: Tensor, codes: Tensor) -> Tensor:
    return Objective(terms)({"a": Answer(logits), "b": Answer(2 * logits)}, {"a": codes, "b": codes.flip(0)})


@pytest.fixture
def logits() -> Tensor:
    return torch.randn(50, 7, generator=torch.Generator().manual_seed(0)) * 3


@pytest.fixture
def codes() -> Tensor:
    return torch.randint(7, (50,), generator=torch.Generator().manual_seed(1))


def test_arguments_are_tried_for_every_loss():
    assert ARGS.keys() == LOSSES.keys()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_is_torchs(logits, codes, smoothing: float):
    ours = value([term("cross_entropy", label_smoothing=smoothing)], logits, codes)
    torch.testing.assert_close(ours, functional.cross_entropy(logits, codes, label_smoothing=smoothing))


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_is_torchvisions_formula_for_softmax(logits, codes, gamma: float):
    p = logits.softmax(dim=1).gather(1, codes[:, None])[:, 0]
    written_out = (0.25 * (1 - p) ** gamma * -p.log()).mean()
    torch.testing.assert_close(value([focal(gamma, 0.25)], logits, codes), written_out)


def test_focal_of_two_classes_is_torchvisions(codes):
    """A softmax over (0, x) is a sigmoid of x."""
    x, targets = torch.linspace(-4, 4, 50), codes % 2
    two = torch.stack([torch.zeros(50), x], dim=1)
    theirs = sigmoid_focal_loss(x, targets.float(), alpha=-1, gamma=2.0, reduction="mean")
    torch.testing.assert_close(value([focal(2.0, 1.0)], two, targets), theirs)


def test_focal_with_gamma_0_is_cross_entropy(logits, codes):
    ours = value([focal(0.0, 1.0)], logits, codes)
    torch.testing.assert_close(ours, functional.cross_entropy(logits, codes))


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_smoothed_focal_is_kerass_formula(logits, codes, smoothing: float):
    p = logits.softmax(dim=1)
    targets = functional.one_hot(codes, 7) * (1 - smoothing) + smoothing / 7
    written_out = (0.25 * (1 - p) ** 2.0 * -p.log() * targets).sum(dim=1).mean()
    torch.testing.assert_close(value([focal(2.0, 0.25, label_smoothing=smoothing)], logits, codes), written_out)


def test_smoothed_focal_with_gamma_0_is_smoothed_cross_entropy(logits, codes):
    smoothed = value([focal(0.0, 1.0, label_smoothing=0.2)], logits, codes)
    torch.testing.assert_close(smoothed, functional.cross_entropy(logits, codes, label_smoothing=0.2))


def test_binary_cross_entropy_is_torchs_on_one_hot_targets(logits, codes):
    theirs = functional.binary_cross_entropy_with_logits(logits, functional.one_hot(codes, 7).float())
    torch.testing.assert_close(value([term("binary_cross_entropy")], logits, codes), theirs)


@pytest.mark.parametrize("kind", LOSSES)
def test_a_sample_without_the_label_does_not_count(logits, codes, kind: str):
    missing = torch.where(torch.arange(50) % 3 == 0, -1, codes)
    present = missing >= 0
    logits.requires_grad_()
    whole = value([term(kind, **ARGS[kind])], logits, missing)
    torch.testing.assert_close(whole, value([term(kind, **ARGS[kind])], logits[present], codes[present]))
    assert (torch.autograd.grad(whole, logits)[0][~present] == 0).all()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_batch_without_any_label_costs_nothing(logits, kind: str):
    logits.requires_grad_()
    loss = value([term(kind, **ARGS[kind])], logits, torch.full((50,), -1))
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


def test_terms_are_added_by_weight(logits, codes):
    one, two = term("cross_entropy", 0.3, label_smoothing=0.0), focal(2.0, 1.0, 0.7, "b")
    alone = [value([each.model_copy(update={"weight": 1.0})], logits, codes) for each in (one, two)]
    torch.testing.assert_close(value([one, two], logits, codes), 0.3 * alone[0] + 0.7 * alone[1])


@pytest.mark.parametrize("kind", LOSSES)
def test_parts_of_a_batch_add_up_to_it(logits, codes, kind: str):
    codes[:10] = -1
    objective = Objective([term(kind, 0.7, **ARGS[kind])])
    parts = [({"a": Answer(logits[rows])}, {"a": codes[rows]}) for rows in (slice(0, 8), slice(8, 23), slice(23, 50))]
    assert [int(objective.present(labels)) for _, labels in parts] == [0, 13, 27]
    assert [int(objective.counts(labels)) for _, labels in parts] == [1, 13, 27]
    added = sum(objective.sums(outputs, labels) for outputs, labels in parts) / 40
    torch.testing.assert_close(added.sum(), objective({"a": Answer(logits)}, {"a": codes}))


@pytest.mark.parametrize("codes", [[0, 1, 2], [1, 2, 0]], ids=["all-right", "all-wrong"])
@pytest.mark.parametrize("kind", LOSSES)
def test_gradients_of_extreme_outputs_are_finite(kind: str, codes: list[int]):
    logits = SHARP.clone().requires_grad_()
    loss = value([term(kind, **ARGS[kind])], logits, torch.tensor(codes))
    loss.backward()
    assert loss.isfinite()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("codes", [[0, 1, 2], [0, -1, -1]], ids=["sure", "missing"])
@pytest.mark.parametrize("gamma", [0.5, 1.5])
def test_gradients_of_focal_are_finite_for_any_gamma(gamma: float, codes: list[int]):
    logits = SHARP.clone().requires_grad_()
    value([focal(gamma, 1.0)], logits, torch.tensor(codes)).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("kind", LOSSES)
def test_losses_of_bf16_outputs_are_summed_in_fp32(logits, codes, kind: str):
    rounded = logits.bfloat16()
    loss = value([term(kind, **ARGS[kind])], rounded, codes)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, value([term(kind, **ARGS[kind])], rounded.float(), codes))


@pytest.mark.parametrize("kind", LOSSES)
def test_columns_that_are_no_classes_change_nothing(logits, codes, kind: str):
    padded = torch.cat([logits, torch.full((len(logits), 3), -torch.inf)], dim=1).requires_grad_()
    narrow = logits.clone().requires_grad_()
    for tensor in (padded, narrow):
        value([term(kind, **ARGS[kind])], tensor, codes).backward()
    torch.testing.assert_close(padded.grad[:, :7], narrow.grad)
    assert not padded.grad[:, 7:].any()


@pytest.mark.parametrize("kind", ["cross_entropy", "focal"])
def test_balanced_weights_are_scikit_learns(logits, codes, kind: str):
    counts = (40, 3, 10, 1, 25, 6, 15)
    expected = compute_class_weight("balanced", classes=np.arange(7), y=np.repeat(np.arange(7), counts))
    balanced = Objective([term(kind, **ARGS[kind], balanced=True)], {"a": counts})
    alone = Objective([term(kind, **ARGS[kind])])
    parts = [({"a": Answer(logits[i : i + 1])}, {"a": codes[i : i + 1]}) for i in range(len(codes))]
    ours = [float(balanced.sums(*part) / alone.sums(*part)) for part in parts]
    assert ours == pytest.approx(expected[codes].tolist(), rel=1e-5)
