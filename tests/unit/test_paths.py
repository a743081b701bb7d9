"""Paths in trees of tables and arrays."""

import re

import pytest

from specc.paths import KeyPath, value_at

TREE = {"stages": [{"name": "warmup", "lr": 1}, {"name": "joint", "lr": 2}], "a": {"b.c": [10, 20]}}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("stages.joint.lr", ("stages", "joint", "lr")),
        ("augment.train[0]", ("augment", "train", 0)),
        ('a."b.c"[1]', ("a", "b.c", 1)),
        ("a[0][12]", ("a", 0, 12)),
        ('[3].a."b[1]".""', (3, "a", "b[1]", "")),
        ("", ()),
    ],
)
def test_a_path_prints_as_it_is_written(text, parts):
    assert KeyPath.parse(text) == parts
    assert str(KeyPath(parts)) == text


@pytest.mark.parametrize(
    "text", ["a..b", ".a", "a.", "a.[0]", "a[0]b", "a[]", "a[x]", "a]", "na]me", '"a', 'a"b"', '"a"b', "a[-1]"]
)
def test_what_is_no_path(text):
    with pytest.raises(ValueError, match=re.escape(f"`{text}` is not a path")):
        KeyPath.parse(text)


def test_child_and_parent():
    path = KeyPath(("a",)).child("b").child(0)
    assert path == ("a", "b", 0)
    assert path.parent == ("a", "b")
    assert KeyPath().parent == KeyPath()
    assert isinstance(path.parent, KeyPath)


def test_items_are_called_by_their_names():
    assert KeyPath(("stages", 1, "lr")).name_items(TREE) == "stages.joint.lr"
    assert KeyPath(("a", "b.c", 1)).name_items(TREE) == 'a."b.c"[1]'
    assert KeyPath(("stages", 7, "lr")).name_items(TREE) == "stages[7].lr"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stages.joint.lr", ("stages", 1, "lr")),
        ("stages[0].lr", ("stages", 0, "lr")),
        ('a."b.c"[1]', ("a", "b.c", 1)),
        ("stages.nobody.lr", None),
        ("stages[2]", None),
        ("stages.joint.lr.more", None),
        ("nothing", None),
    ],
)
def test_a_path_is_found_in_a_tree(text, found):
    assert KeyPath.parse(text).resolve(TREE) == found


def test_the_value_at_a_path():
    assert value_at(TREE, KeyPath(("a", "b.c", 1))) == 20
    assert value_at(TREE, KeyPath()) is TREE
    assert value_at(TREE, KeyPath(("a", "b.c", 2))) is None
    assert value_at(TREE, KeyPath(("stages", "joint"))) is None
