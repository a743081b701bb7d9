"""Routed heads beside one `nn.Linear` a parent, written by hand."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from specc.runtime.models.routed import RoutedHeads, _Grouped

CHILDREN, WIDTH, SAMPLES = (3, 1, 5, 2), 8, 20
ROUTES = torch.tensor([2, 0, 0, 3, 2, 2, 0, 3, 3, 2, 0, 0, 2, 2, 3, 0, 2, 0, 3, 2])
"""No sample has the second parent."""


@pytest.fixture
def heads() -> RoutedHeads:
    torch.manual_seed(0)
    heads = RoutedHeads(WIDTH, CHILDREN, dropout=0.0)
    for parameter in heads.parameters():
        nn.init.normal_(parameter)
    return heads


@pytest.fixture
def features() -> Tensor:
    return torch.randn(SAMPLES, WIDTH, generator=torch.Generator().manual_seed(1))


def by_hand(heads: nn.ModuleList, features: Tensor) -> list[Tensor]:
    return [heads[int(route)](row) for route, row in zip(ROUTES, features, strict=True)]


def test_each_sample_goes_through_its_own_head(heads, features):
    answer = heads(features, ROUTES)
    for row, expected in zip(answer.logits, by_hand(nn.ModuleList(heads), features), strict=True):
        torch.testing.assert_close(row[: len(expected)], expected)
        assert torch.isneginf(row[len(expected) :]).all()


def test_predictions_are_codes_of_all_classes(heads, features):
    starts = torch.tensor([0, 3, 4, 9])
    expected = [int(starts[r]) + int(z.argmax()) for r, z in zip(ROUTES, by_hand(heads, features), strict=True)]
    answer = heads(features, ROUTES)
    assert answer.predicted().tolist() == expected
    assert answer.likeliest(2)[:, 0].tolist() == expected
    codes = starts[ROUTES]
    assert answer.columns(codes).tolist() == [0] * SAMPLES
    assert answer.columns(torch.full((SAMPLES,), -1)).tolist() == [-1] * SAMPLES
    assert (answer.columns(torch.full((SAMPLES,), 9)) == torch.where(ROUTES == 3, 0, -1))[ROUTES >= 2].all()


def test_the_state_is_that_of_a_module_list(heads):
    plain = nn.ModuleList(nn.Linear(WIDTH, count) for count in CHILDREN)
    plain.load_state_dict(heads.state_dict(), strict=True)


def trained(heads: nn.ModuleList, features: Tensor, steps: int, *, routed: bool) -> tuple[list[Tensor], Tensor]:
    """Return the weights after some steps, and the last gradient of the features."""
    features = features.clone().requires_grad_()
    targets = torch.arange(SAMPLES) % torch.tensor(CHILDREN)[ROUTES]
    optimizer = torch.optim.AdamW(heads.parameters(), lr=0.1, weight_decay=0.5, fused=True)
    for step in range(steps):
        rows = slice(0, None) if step % 2 else slice(0, 3)  # the fourth head is not in every step
        optimizer.zero_grad(set_to_none=True)
        features.grad = None
        if routed:
            loss = functional.cross_entropy(heads(features[rows], ROUTES[rows]).logits, targets[rows])
        else:
            pairs = zip(ROUTES[rows].tolist(), features[rows], targets[rows], strict=True)
            loss = torch.stack([functional.cross_entropy(heads[r](f), t) for r, f, t in pairs]).mean()
        loss.backward()
        optimizer.step()
    return [p.detach().clone() for p in heads.parameters()], features.grad


def test_training_is_that_of_a_module_list(heads, features):
    plain = nn.ModuleList(nn.Linear(WIDTH, count) for count in CHILDREN)
    plain.load_state_dict(copy.deepcopy(heads.state_dict()))
    ours, slope = trained(heads, features, 6, routed=True)
    theirs, expected = trained(plain, features, 6, routed=False)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(slope, expected)


def test_a_head_without_samples_stands_still(heads, features):
    before = [p.clone() for p in heads[1].parameters()]
    trained(heads, features, 4, routed=True)
    assert all(torch.equal(old, new) for old, new in zip(before, heads[1].parameters(), strict=True))


def test_gradients_are_those_of_finite_differences(heads, features):
    heads = heads.double()
    parameters = [p for index in (0, 2, 3) for p in (heads[index].weight, heads[index].bias)]

    def logits(rows: Tensor, *given: Tensor) -> Tensor:
        return _Grouped.apply(rows, [7, 8, 5], 5, *given).masked_fill(~finite, 0.0)

    rows = features.double().requires_grad_()
    finite = ~torch.isneginf(_Grouped.apply(rows, [7, 8, 5], 5, *parameters))
    assert torch.autograd.gradcheck(logits, (rows, *parameters))
