"""Rows of each kind of source, from real files."""

from pathlib import Path

import pytest

from specc.data.rows import read_rows
from specc.errors import DataError, MissingData
from specc.plan.model import LabelPlan

FOLDER = LabelPlan(name="kind", column="folder")


@pytest.mark.parametrize("name", ["missing", "x" * 300, "a\0b", "x/" * 3000])
@pytest.mark.parametrize(("source", "key"), [("csv", "path"), ("jsonl", "train"), ("folder", "root")])
def test_what_is_not_here(data_plan, tmp_path, source, key, name):
    with pytest.raises(MissingData, match="there is no"):
        read_rows(data_plan(source, location={key: str(tmp_path / name)}, labels=(FOLDER,)))


def test_class_folders(data_plan, tmp_path):
    for name in ("dog/2.png", "cat/1.JPG", "cat/deep/3.webp", "cat/notes.txt", "loose.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    rows = read_rows(data_plan("folder", location={"root": str(tmp_path)}, labels=(FOLDER,)))["root"]
    assert [Path(name).relative_to(tmp_path).as_posix() for name in rows.references] == [
        "cat/1.JPG",
        "cat/deep/3.webp",
        "dog/2.png",
    ]
    assert list(rows.columns["folder"]) == ["cat", "cat", "dog"]


def test_links_to_folders_are_followed_and_circles_end(data_plan, tmp_path):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    for path in (root / "dog" / "1.png", elsewhere / "2.png", elsewhere / "deep" / "3.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for link, target in {"cat": elsewhere, "ant": elsewhere, "all": root, "dog/again": root / "dog"}.items():
        (root / link).symlink_to(target)
    (elsewhere / "deep" / "up").symlink_to(elsewhere)
    (elsewhere / "twice").symlink_to(elsewhere / "deep")
    (root / "nowhere").symlink_to(root / "absent")
    rows = read_rows(data_plan("folder", location={"root": str(root)}, labels=(FOLDER,)))["root"]
    assert [Path(name).relative_to(root).as_posix() for name in rows.references] == [
        "ant/2.png",
        "ant/deep/3.png",
        "cat/2.png",
        "cat/deep/3.png",
        "dog/1.png",
    ]


def test_digits_are_there(data_plan):
    rows = read_rows(data_plan("builtin", location={"dataset": "digits"}, labels=("digit",)))["dataset"]
    assert len(rows) == 1797
    assert set(rows.columns["digit"]) == set("0123456789")


@pytest.mark.parametrize("labels", [("kind",), ("digits",)])
def test_a_column_that_digits_have_not(data_plan, labels):
    with pytest.raises(DataError, match="has no column"):
        read_rows(data_plan("builtin", location={"dataset": "digits"}, labels=labels))


def test_a_built_in_set_that_there_is_not(data_plan):
    with pytest.raises(DataError) as caught:
        read_rows(data_plan("builtin", location={"dataset": "digit"}))
    assert caught.value.help == "did you mean `digits`?"


@pytest.mark.parametrize("source", ["parquet", "webdataset"])
def test_a_source_that_cannot_be_read_yet(data_plan, source):
    with pytest.raises(MissingData, match="cannot be read yet"):
        read_rows(data_plan(source))
