"""The class of each row, which for a label within another depends on both."""

from collections.abc import Sequence

import numpy as np

from specc.data.columns import Column, Rows
from specc.plan.model import LabelPlan


def classes_of(rows: Rows, label: LabelPlan, labels: Sequence[LabelPlan]) -> Column:
    """Return the class of each row by its name, empty where there is none; within a parent, the parent's name leads.

    >>> species = LabelPlan(name="species", column="species")
    >>> disease = LabelPlan(name="disease", column="disease", within="species")
    >>> rows = Rows.pack("abc", {"species": ["oak", "oak", "ash"], "disease": ["rust", "", "rust"]})
    >>> [*classes_of(rows, disease, [species, disease])]
    ['oak/rust', '', 'ash/rust']
    """
    return rows.columns[label.column] if label.within is None else within(rows, label, labels)[0]


def within(rows: Rows, label: LabelPlan, labels: Sequence[LabelPlan]) -> tuple[Column, list[tuple[str, str]]]:
    """Return the class of each row, and what each is made of: the parent's class and the label's own text."""
    own = rows.columns[label.column]
    parent = classes_of(rows, next(other for other in labels if other.name == label.within), labels)
    distinct, codes = np.unique(parent.codes.astype(np.int64) * len(own.values) + own.codes, return_inverse=True)
    pairs = [(parent.values[pair // len(own.values)], own.values[pair % len(own.values)]) for pair in distinct.tolist()]
    names = [f"{outer}/{inner}" if outer and inner else "" for outer, inner in pairs]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return Column(np.array([numbers[name] for name in names], np.int32)[codes], tuple(numbers)), pairs
