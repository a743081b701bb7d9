"""Mixing: statistics, exactness, and what it does to a step."""

import numpy as np
import pytest
import torch

from specc.data.randomness import stream
from specc.plan.model import Operation
from specc.runtime.data.batch import Normalize
from specc.runtime.mixing import Mixture, draw_mixture
from tests.runtime.helpers import SPEC, begun, compiled, made_step, random_batch

SIZE = (32, 24)
ONE_OF = Operation(
    kind="one_of",
    args={
        "p": 0.5,
        "of": [
            {"kind": "mixup", "args": {"alpha": 0.2, "p": 1.0}},
            {"kind": "cutmix", "args": {"alpha": 1.0, "p": 1.0}},
        ],
    },
)


def drawn(operation: Operation, count: int = 2000) -> list[Mixture | None]:
    return [draw_mixture(operation, 8, SIZE, stream(1, "mix", 0, step)) for step in range(count)]


def test_mixup_blends_by_a_share_of_beta():
    shares = [mixture.share for mixture in drawn(Operation(kind="mixup", args={"alpha": 0.2, "p": 1.0}))]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)
    assert np.var(shares) == pytest.approx(1 / (4 * (2 * 0.2 + 1)), abs=0.02)


def test_the_share_of_cutmix_is_the_area_that_stays():
    for mixture in drawn(Operation(kind="cutmix", args={"alpha": 1.0, "p": 1.0}), 300):
        images, others = torch.zeros(2, 3, *SIZE), torch.ones(2, 3, *SIZE)
        mixed = mixture.images(images, others)
        assert float(mixed.mean()) == pytest.approx(1 - mixture.share, abs=1e-6)
        assert set(mixed.unique().tolist()) <= {0.0, 1.0}


def test_one_of_chooses_each_alike_and_with_its_probability():
    found = drawn(ONE_OF)
    mixed = [mixture for mixture in found if mixture]
    assert len(mixed) / len(found) == pytest.approx(0.5, abs=0.05)
    assert sum(mixture.box is None for mixture in mixed) / len(mixed) == pytest.approx(0.5, abs=0.06)


def test_partners_are_a_permutation_and_a_function_of_the_step():
    first, second = (draw_mixture(ONE_OF, 50, SIZE, stream(3, "mix", 1, step)) for step in (4, 5))
    again = draw_mixture(ONE_OF, 50, SIZE, stream(3, "mix", 1, 4))
    assert (first is None) == (again is None)
    for mixture in filter(None, (first, second)):
        assert sorted(mixture.partners.tolist()) == list(range(50))


@pytest.fixture(scope="module")
def mixed_plan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    return compiled(folder, 'defaults.mix="mixup(0.4)"', "defaults.grad_accum_steps=2", spec=SPEC)


def test_a_mixed_step_is_that_of_mixup_criterion(mixed_plan, plan):
    """`share * loss(a) + (1 - share) * loss(b)` on the blended images, as in the paper's code."""
    state = begun(mixed_plan, stage=0)
    batch = random_batch(mixed_plan)
    mixture = draw_mixture(mixed_plan.stages[0].mix, len(batch), SIZE, stream(mixed_plan.seed, "mix", 0, 0))
    expected = by_hand(begun(mixed_plan, stage=0), batch, mixture)
    assert made_step(state, batch) == pytest.approx(expected, rel=1e-5)


def by_hand(state, batch, mixture: Mixture) -> float:
    images = Normalize(state.plan.augment.normalize, torch.device("cpu"))(batch.inputs["image"])
    blended = mixture.share * images + (1 - mixture.share) * images[mixture.partners]
    logits = state.model({"image": blended}, batch.labels)["digit"].logits
    own, other = batch.labels["digit"], batch.labels["digit"][mixture.partners]
    losses = [torch.nn.functional.cross_entropy(logits, codes) for codes in (own, other)]
    return (mixture.share * losses[0] + (1 - mixture.share) * losses[1]).item()
