"""Many texts in little room."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, strategies as st

from specc.data.columns import Column, ColumnBuilder, Rows, Strings, StringsBuilder

TEXTS = st.lists(st.text(max_size=4) | st.sampled_from(["a", "\udcff.png", "漢"]), max_size=12)
CHOSEN = st.lists(st.integers(0, 11), max_size=8)


@given(TEXTS)
def test_texts_come_back(texts):
    assert list(Strings.pack(texts)) == list(Column.pack(texts)) == texts
    assert [text.decode("utf-8", "surrogateescape") for text in Strings.pack(texts).encoded()] == texts


@given(st.lists(TEXTS, max_size=4))
def test_it_does_not_matter_in_how_many_parts_they_come(parts):
    strings, column, whole = StringsBuilder(), ColumnBuilder(), list(chain(*parts))
    for part in parts:
        strings.extend(part)
        column.extend(part)
    assert list(strings.strings()) == list(column.column()) == whole
    assert strings.strings().data.tobytes() == Strings.pack(whole).data.tobytes()
    assert strings.strings().ends.tolist() == Strings.pack(whole).ends.tolist()


@given(TEXTS, CHOSEN)
def test_some_rows_are_taken(texts, chosen):
    places = np.array([place for place in chosen if place < len(texts)], np.int64)
    rows = Rows.pack(texts, {"kind": texts}).take(places)
    assert list(rows.references) == list(rows.columns["kind"]) == [texts[place] for place in places]
    assert rows.numbers.tolist() == places.tolist()


@given(TEXTS)
def test_a_column_keeps_each_text_once(texts):
    column = Column.pack(texts)
    assert column.values == tuple(dict.fromkeys(texts))
    assert column.counts().tolist() == [texts.count(value) for value in column.values]


def test_only_what_a_row_has_is_present():
    assert Column.pack(["a", "b", "c", "b"]).take(np.array([1, 3])).present() == ["b"]


@pytest.mark.parametrize("strings", [[], [""], ["a", "", "é漢", "a" * 1000]])
def test_where_strings_begin(strings):
    assert Strings.pack(strings).starts.tolist() == [len("".join(strings[:i]).encode()) for i in range(len(strings))]
