"""Dividing rows into train, val and test: pure functions of the seed and of the rows.

They are our own, and no library's, because a split is part of what a spec means: it must not move when a dependency
is updated. Units are rows, or groups of rows with an equal value in `group`; a group is never divided.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from specc.data.classes import classes_of
from specc.data.columns import Column, Rows
from specc.data.places import SPELLINGS, SPLITS
from specc.data.problem import DataProblem, shown
from specc.data.randomness import stream
from specc.errors import DataError
from specc.plan.model import DataPlan, LabelPlan

TRAIN, VAL, TEST = 0, 1, 2

Assignment = NDArray[np.int8]


def assign(data: DataPlan, rows: Rows, seed: int) -> Assignment:
    """Return the split of each row: 0 train, 1 val, 2 test.

    Raises: DataError when the rows cannot be divided so.
    """
    if data.split is None:
        return np.zeros(len(rows), np.int8)
    if data.split.kind == "column":
        return _by_column(rows, str(data.split.args["name"]))
    units = _units(data, rows)
    classes = _classes_of_units(data, rows, units)
    return _KINDS[data.split.kind](data, classes, seed)[units]


def _by_column(rows: Rows, column: str) -> Assignment:
    found = rows.columns[column]
    unknown = sorted(value for value in found.present() if value.lower() not in SPELLINGS)
    if unknown:
        headline = f"column `{column}` says `{shown(unknown[0])}`, which is no split"
        raise DataProblem("unknown-split", headline, "split", help=f"use {', '.join(SPLITS)}")
    named = (SPELLINGS.get(value.lower(), "train") for value in found.values)
    return np.array([SPLITS.index(split) for split in named], np.int8)[found.codes]


def _units(data: DataPlan, rows: Rows) -> NDArray[np.int64]:
    """Return each row's unit, numbered by first appearance."""
    if data.group is None:
        return np.arange(len(rows))
    return rows.columns[data.group].codes.astype(np.int64)


def _classes_of_units(data: DataPlan, rows: Rows, units: NDArray[np.int64]) -> Column:
    """Return the class that each unit is divided by: its most frequent one, or none."""
    count = int(units.max()) + 1 if len(units) else 0
    label = stratum(data)
    if label is None:
        return Column(np.zeros(count, np.int32), ("",))
    classes = classes_of(rows, label, data.labels)
    return classes if data.group is None else _most_frequent(classes, units)


def _most_frequent(classes: Column, units: NDArray[np.int64]) -> Column:
    """Return the class that most rows of each unit have; of several, the first in the order of their texts."""
    pairs, counts = np.unique(units * len(classes.values) + classes.codes, return_counts=True)
    unit, code = np.divmod(pairs, len(classes.values))
    rank = {value: number for number, value in enumerate(sorted(classes.values))}
    ranks = np.array([rank[value] for value in classes.values], np.int64)
    order = np.lexsort((ranks[code], -counts, unit))
    first = order[np.unique(unit, return_index=True)[1]]
    return Column(code[first].astype(np.int32), classes.values)


def stratum(data: DataPlan) -> LabelPlan | None:
    """Return the label whose classes a split shares out evenly, if it does: the one that it names, or the first."""
    split = data.split
    if split is None or not split.kind.startswith("stratified"):
        return None
    if not data.labels:
        raise DataError(f"`{split.kind}` needs a label to divide by", help="use `random(...)`")
    name = split.args.get("label") or data.labels[0].name
    return next(label for label in data.labels if label.name == name)


def _shuffled_by_class(classes: Column, seed: int) -> list[NDArray[np.int64]]:
    """Return the units of each class in an order by lot."""
    counts = classes.counts()
    order, ends = np.argsort(classes.codes, kind="stable"), np.cumsum(counts)
    spans = sorted(zip(classes.values, (ends - counts).tolist(), ends.tolist(), strict=True))
    return [_shuffled(order[start:end], seed, value) for value, start, end in spans]


def _shuffled(units: NDArray[np.int64], seed: int, value: str) -> NDArray[np.int64]:
    """Return units in an order by lot; one has one order, and a generator takes long to make."""
    return units if len(units) < 2 else stream(seed, f"split/{value}").permutation(units)


def _holdout(data: DataPlan, classes: Column, seed: int) -> Assignment:
    """Give each class's share to test and to val; shares are rounded so that over all classes they add up."""
    assert data.split is not None  # noqa: S101
    test, val = float(data.split.args["test"]), float(data.split.args["val"])
    result = np.zeros(len(classes), np.int8)
    owed_test = owed_val = 0.0
    for units in _shuffled_by_class(classes, seed):
        owed_test += test * len(units)
        owed_val += val * len(units)
        for_test = min(round(owed_test), len(units))
        for_val = min(round(owed_val), len(units) - for_test)
        owed_test -= for_test
        owed_val -= for_val
        result[units[:for_test]] = TEST
        result[units[for_test : for_test + for_val]] = VAL
    return result


def _folds(data: DataPlan, classes: Column, seed: int) -> Assignment:
    """Hold out a test set that all folds share, then deal each class's units round to the folds."""
    assert data.split is not None  # noqa: S101
    folds, test = int(data.split.args["k"]), float(data.split.args["test"])
    result = np.zeros(len(classes), np.int8)
    owed, turn = 0.0, 0
    for units in _shuffled_by_class(classes, seed):
        owed += test * len(units)
        for_test = min(round(owed), len(units))
        owed -= for_test
        result[units[:for_test]] = TEST
        rest = units[for_test:]
        result[rest[(np.arange(len(rest)) + turn) % folds == (data.fold or 0)]] = VAL
        turn = (turn + len(rest)) % folds
    return result


_KINDS: Final[dict[str, Callable[[DataPlan, Column, int], Assignment]]] = {
    "random": _holdout,
    "stratified": _holdout,
    "stratified_kfold": _folds,
    "group_kfold": _folds,
}
