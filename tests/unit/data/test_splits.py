"""What a group is divided by."""

from collections import Counter

import numpy as np
from hypothesis import given, strategies as st

from specc.data.columns import Column
from specc.data.splits import _most_frequent

ROWS = st.lists(st.tuples(st.sampled_from(["oak", "ash", "", "elm"]), st.sampled_from("ghij")), min_size=1, max_size=40)


@given(ROWS)
def test_the_most_frequent_class_of_a_group_is_its_own_and_of_several_the_first(rows):
    classes, groups = (Column.pack(texts) for texts in zip(*rows, strict=True))
    found = _most_frequent(classes, groups.codes.astype(np.int64))
    for number, group in enumerate(groups.values):
        counts = Counter(name for name, member in rows if member == group)
        assert found[number] == min(counts, key=lambda name: (-counts[name], name))
