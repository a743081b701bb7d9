"""What rows and groups are divided by."""

from collections import Counter

import numpy as np
from hypothesis import given, strategies as st

from specc.data.columns import Column, Rows
from specc.data.splits import VAL, _most_frequent, assign
from specc.plan.model import LabelPlan

ROWS = st.lists(st.tuples(st.sampled_from(["oak", "ash", "", "elm"]), st.sampled_from("ghij")), min_size=1, max_size=40)


@given(ROWS)
def test_the_most_frequent_class_of_a_group_is_its_own_and_of_several_the_first(rows):
    classes, groups = (Column.pack(texts) for texts in zip(*rows, strict=True))
    found = _most_frequent(classes, groups.codes.astype(np.int64))
    for number, group in enumerate(groups.values):
        counts = Counter(name for name, member in rows if member == group)
        assert found[number] == min(counts, key=lambda name: (-counts[name], name))


def test_a_label_within_another_is_divided_by_the_classes_of_both(data_plan):
    labels = (LabelPlan(name="species", column="s"), LabelPlan(name="disease", column="d", within="species"))
    texts = [("oak", "rust")] * 40 + [("ash", "rust")] * 10 + [("ash", "")] * 10
    rows = Rows.pack("x" * 60, {"s": [s for s, _ in texts], "d": [d for _, d in texts]})
    for seed in range(10):
        found = assign(data_plan(split="stratified(disease, val = 10%)", labels=labels), rows, seed)
        assert Counter(np.array(texts)[found == VAL][:, 0].tolist()) == {"oak": 4, "ash": 2}
