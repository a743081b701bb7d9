"""The order of samples, and that batches depend on nothing but their key."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from specc.data.index import Samples
from specc.plan.model import Plan, SamplingPlan
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import Images, evaluation_loader, training_loader
from specc.runtime.data.order import BatchKey, epoch_order, evaluation_keys, training_keys
from tests.runtime.helpers import CPU, compiled, training_samples

AUGMENTED = (
    'augment.train=["resize(40)","random_crop(32)","rotate(20)","color_jitter(brightness = 0.4)",'
    '"one_of(noise(10 -> 50), blur(3 -> 5))","randaugment()","erase(0.5)","normalize(imagenet)"]'
)
"""Everything that draws."""


@pytest.fixture(scope="module")
def samples(plan) -> Samples:
    return training_samples(plan)


def weighted(plan: Plan, weights: list[float]) -> Plan:
    sampling = SamplingPlan(text="", label="digit", weights=weights)
    stages = (plan.stages[0].model_copy(update={"sampling": sampling}), *plan.stages[1:])
    return plan.model_copy(update={"stages": stages})


def test_an_epoch_is_a_permutation(plan, samples):
    assert sorted(epoch_order(plan, 0, 0, samples)) == list(range(len(samples)))


def test_seeds_stages_and_epochs_have_orders_of_their_own(plan, samples):
    other = plan.model_copy(update={"seed": 4})
    orders = [epoch_order(p, stage, epoch, samples) for p in (plan, other) for stage in (0, 1) for epoch in (0, 1, 2)]
    assert len({order.tobytes() for order in orders}) == 12


def test_a_weighted_draw_follows_its_weights(plan, samples):
    weights = [1.0] * 5 + [3.0] * 4 + [0.0]
    drawn = Counter()
    for epoch in range(200):
        drawn.update(samples.labels["digit"][epoch_order(weighted(plan, weights), 0, epoch, samples)].tolist())
    counts = np.bincount(samples.labels["digit"], minlength=10) * np.array(weights)
    expected = 200 * len(samples) * counts / counts.sum()
    observed = np.array([drawn[code] for code in range(10)])
    assert observed[9] == 0
    chi_square = ((observed[:9] - expected[:9]) ** 2 / expected[:9]).sum()
    assert chi_square < 8 + 4 * (2 * 8) ** 0.5


def test_a_weighted_epoch_keeps_its_number_of_samples(plan, samples):
    order = epoch_order(weighted(plan, [1.0] * 9 + [50.0]), 0, 0, samples)
    assert len(order) == len(samples)
    assert len(set(order.tolist())) < len(samples)


def test_balanced_drawing_favours_no_class_and_no_row_without_the_label(samples, tmp_path):
    balanced = compiled(tmp_path, 'stages.head.sample="balanced(digit)"')
    weights = np.array(balanced.stages[0].sampling.weights)
    codes = samples.labels["digit"].copy()
    assert weights[codes].mean() == pytest.approx(1)
    codes[::8] = -1
    partly = Samples(samples.references, {"digit": codes})
    drawn = np.concatenate([codes[epoch_order(balanced, 0, epoch, partly)] for epoch in range(200)])
    shares = np.bincount(drawn + 1, minlength=11) / len(drawn)
    kept = np.bincount(codes + 1, minlength=11) * np.array([1, *weights])
    assert shares == pytest.approx(kept / kept.sum(), abs=0.015)


def test_seeking_a_step_gives_the_keys_of_walking_there(plan, samples):
    walked = list(training_keys(plan, 1, samples, 0))
    assert len(walked) == plan.stages[1].steps
    for first in range(len(walked)):
        for sought, expected in zip(training_keys(plan, 1, samples, first), walked[first:], strict=True):
            assert (sought.stage, sought.epoch, sought.first) == (expected.stage, expected.epoch, expected.first)
            assert (sought.rows == expected.rows).all()


def test_keys_depend_on_no_generator(plan, samples):
    before = [key.rows.tobytes() for key in training_keys(plan, 0, samples, 0)]
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002  (the global one is what is meant)
    assert [key.rows.tobytes() for key in training_keys(plan, 0, samples, 0)] == before


def test_an_epoch_hands_out_every_row_once(plan, samples):
    rows = [row for key in islice(training_keys(plan, 0, samples, 0), 4) for row in key.rows]
    assert sorted(rows) == list(range(len(samples)))


def test_evaluation_goes_through_all_rows_in_order(samples):
    rows = [row for key in evaluation_keys(samples, 7) for row in key.rows]
    assert rows == list(range(len(samples)))


def as_bytes(batches: list[Batch]) -> list[bytes]:
    return [
        b"".join(tensor.numpy().tobytes() for tensor in (*batch.inputs.values(), *batch.labels.values()))
        for batch in batches
    ]


@pytest.fixture(scope="module")
def augmented(tmp_path_factory) -> Plan:
    return compiled(tmp_path_factory.mktemp("augmented"), AUGMENTED)


@pytest.fixture(scope="module")
def reference(augmented, samples) -> list[bytes]:
    """Return all batches of a stage, made in this process by one thread."""
    return as_bytes(list(training_loader(augmented, 1, samples, 0, CPU)))


def with_workers(plan: Plan, count: int) -> Plan:
    return plan.model_copy(update={"run": plan.run.model_copy(update={"num_workers": count})})


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("workers", [0, 1, 4])
def test_workers_and_threads_change_no_byte(augmented, samples, reference, workers: int, threads: int):
    torch.set_num_threads(threads)
    try:
        batches = list(training_loader(with_workers(augmented, workers), 1, samples, 0, CPU))
    finally:
        torch.set_num_threads(1)
    assert as_bytes(batches) == reference


def test_a_loader_that_begins_in_the_middle_gives_the_same_bytes(augmented, samples, reference):
    assert as_bytes(list(training_loader(augmented, 1, samples, 5, CPU))) == reference[5:]


def test_a_sample_is_augmented_anew_at_each_place(augmented, samples):
    images = Images(augmented, samples, augmented.augment.train, "augment")
    row = np.zeros(1, np.int64)
    keys = [BatchKey(stage, epoch, first, row) for stage in (0, 1) for epoch in (0, 1) for first in (0, 20)]
    assert len({as_bytes([images[key]])[0] for key in keys}) == len(keys)


def test_evaluation_is_the_same_each_time_and_for_any_training(plan, augmented, samples):
    ours, again, others = (as_bytes(list(evaluation_loader(p, samples, 32, CPU))) for p in (plan, plan, augmented))
    assert ours == again == others
