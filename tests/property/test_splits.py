"""Laws of splits."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from specc.data.columns import Rows
from specc.data.splits import TEST, TRAIN, VAL, Assignment, assign
from specc.errors import DataError
from specc.plan.model import DataPlan

few = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

SEEDS = st.integers(0, 2**63 - 1)
SHARES = st.sampled_from([0, 0.05, 0.1, 0.15, 0.2, 1 / 3, 0.4])
VAL_AND_TEST = st.tuples(SHARES, SHARES)
CLASSES = st.lists(st.sampled_from("abcde"), max_size=120)
FOLDS = st.integers(2, 6)


@pytest.fixture(scope="session")
def plan(data_plan) -> Callable[..., DataPlan]:
    """Make the plan of a data set with a label, and with groups where asked for."""

    def made(split: str, *, group: bool = False, fold: int | None = None) -> DataPlan:
        return data_plan(split=split, labels=("class",), group="group" if group else None, fold=fold)

    return made


def rows(classes: list[str], groups: list[str] | None = None) -> Rows:
    columns = {"class": classes, "group": groups or classes}
    return Rows.pack(map(str, range(len(classes))), columns)


def members(assignment: Assignment, split: int) -> set[int]:
    return set(np.flatnonzero(assignment == split).tolist())


KINDS = ["random(val = 20%, test = 10%)", "stratified(val = 20%, test = 10%)", "stratified_kfold(4)", "group_kfold(3)"]


@pytest.mark.parametrize("split", KINDS)
@few
@given(classes=CLASSES, seed=SEEDS)
def test_every_row_is_in_exactly_one_split(plan, split, classes, seed):
    found = assign(plan(split), rows(classes), seed)
    assert found.shape == (len(classes),)
    assert set(found.tolist()) <= {TRAIN, VAL, TEST}


@pytest.mark.parametrize("split", KINDS)
@few
@given(classes=CLASSES, seed=SEEDS)
def test_a_split_is_a_function_of_the_seed_and_the_rows(plan, split, classes, seed):
    one, other = (assign(plan(split), rows(list(classes)), seed) for _ in range(2))
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("split", KINDS)
def test_another_seed_gives_another_split(plan, split):
    classes = ["a", "b"] * 50
    found = [assign(plan(split), rows(classes), seed).tolist() for seed in range(5)]
    assert all(one != other for one, other in pairwise(found))


@pytest.mark.parametrize("split", KINDS)
@few
@given(pairs=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12345678")), max_size=80), seed=SEEDS)
def test_a_group_is_never_divided(plan, split, pairs, seed):
    groups = [group for _, group in pairs]
    found = assign(plan(split, group=True), rows([value for value, _ in pairs], groups), seed)
    assert len(set(zip(groups, found.tolist(), strict=True))) == len(set(groups))


@few
@given(classes=CLASSES, shares=VAL_AND_TEST, seed=SEEDS)
def test_stratified_shares_are_within_one_of_the_exact_share(plan, classes, shares, seed):
    val, test = shares
    found = assign(plan(f"stratified(val = {val}, test = {test})"), rows(classes), seed)
    counts = Counter(zip(classes, found.tolist(), strict=True))
    for value, total in Counter(classes).items():
        assert abs(counts[value, VAL] - val * total) <= 1
        assert abs(counts[value, TEST] - test * total) <= 1


@pytest.mark.parametrize("kind", ["random", "stratified"])
@few
@given(classes=CLASSES, shares=VAL_AND_TEST, seed=SEEDS)
def test_whole_shares_are_within_one_of_the_exact_share(plan, kind, classes, shares, seed):
    val, test = shares
    found = assign(plan(f"{kind}(val = {val}, test = {test})"), rows(classes), seed)
    assert abs(len(members(found, VAL)) - val * len(classes)) <= 1
    assert abs(len(members(found, TEST)) - test * len(classes)) <= 1


@pytest.mark.parametrize(
    "split", ["stratified_kfold({})", "stratified_kfold({}, test = 15%)", "group_kfold({}, test = 20%)"]
)
@few
@given(classes=CLASSES, k=FOLDS, seed=SEEDS)
def test_folds_share_a_test_set_and_are_disjoint_and_cover_the_rest(plan, split, classes, k, seed):
    group = split.startswith("group")
    found = [assign(plan(split.format(k), group=group, fold=fold), rows(classes), seed) for fold in range(k)]
    held_out = members(found[0], TEST)
    assert all(members(fold, TEST) == held_out for fold in found)
    validated = [row for fold in found for row in members(fold, VAL)]
    assert sorted(validated) == sorted(set(range(len(classes))) - held_out)


@few
@given(classes=CLASSES, k=FOLDS, seed=SEEDS)
def test_each_fold_has_its_share_of_each_class(plan, classes, k, seed):
    for fold in range(k):
        found = assign(plan(f"stratified_kfold({k})", fold=fold), rows(classes), seed)
        counts = Counter(value for value, split in zip(classes, found.tolist(), strict=True) if split == VAL)
        for value, total in Counter(classes).items():
            assert abs(counts[value] - total / k) < 1


@few
@given(names=st.lists(st.sampled_from(["train", "Val", "valid", "validation", "dev", "TEST"])))
def test_a_column_says_the_split(plan, names):
    found = assign(plan("column(class)"), rows(names), 0)
    assert [("train", "val", "test")[code] for code in found] == [
        {"valid": "val", "validation": "val", "dev": "val"}.get(name.lower(), name.lower()) for name in names
    ]


def test_a_column_that_says_something_else(plan):
    with pytest.raises(DataError, match="`holdout`, which is no split"):
        assign(plan("column(class)"), rows(["train", "holdout"]), 0)


def test_no_split_is_all_training(plan):
    whole = plan("random()").model_copy(update={"split": None})
    assert assign(whole, rows(["a", "b"]), 0).tolist() == [TRAIN, TRAIN]
