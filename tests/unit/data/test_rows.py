"""Rows of each kind of source, from real files."""

import json
from pathlib import Path

import pytest

from specc.data.rows import Rows, read_rows
from specc.errors import DataError, MissingData
from specc.plan.model import LabelPlan


@pytest.fixture
def manifest(tmp_path, data_plan):
    """Write a manifest and read it."""

    def read(content: str | bytes, source: str = "csv", **more: object) -> Rows:
        path = tmp_path / f"rows.{source}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        plan = data_plan(source, location={"path": str(path)}, image="image", **more)
        return read_rows(plan)["all"]

    return read


CSV = "image,kind,more\na.png,cat,1\nsub/b.png,dog,2\n"
JSONL = '{"image": "a.png", "kind": "cat"}\n{"kind": "dog", "more": [1], "image": "sub/b.png"}\n'


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (CSV, "csv"),
        (CSV.replace("\n", "\r\n"), "csv"),
        ("\ufeff" + CSV, "csv"),
        (CSV.rstrip(), "csv"),
        ('kind,image\n"cat",a.png\ndog,"sub/b.png"\n', "csv"),
        (JSONL, "jsonl"),
        ("\ufeff" + JSONL, "jsonl"),
        (JSONL.rstrip(), "jsonl"),
    ],
)
def test_the_same_rows_in_any_writing(manifest, tmp_path, content, source):
    rows = manifest(content, source)
    assert rows.columns["kind"] == ["cat", "dog"]
    assert rows.references == [str(tmp_path / "a.png"), str(tmp_path / "sub" / "b.png")]


def test_values_keep_their_commas_quotes_and_line_ends(manifest):
    rows = manifest('image,kind\na.png,"one, ""two""\nthree"\n')
    assert rows.columns["kind"] == ['one, "two"\nthree']


def test_values_that_are_no_text(manifest):
    rows = manifest('{"image": "a", "kind": 3}\n{"image": "b", "kind": null}\n{"image": "c", "kind": true}\n', "jsonl")
    assert rows.columns["kind"] == ["3", "", "True"]


def test_paths_start_at_the_root_where_one_is_given(manifest, data_plan, tmp_path):
    manifest(CSV)
    plan = data_plan(location={"path": str(tmp_path / "rows.csv"), "root": "/images"}, image="image")
    assert read_rows(plan)["all"].references == ["/images/a.png", "/images/sub/b.png"]


def test_a_manifest_for_each_split(data_plan, tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"{split}.csv").write_text(f"image,kind\n{split}.png,cat\n")
    plan = data_plan(location={s: str(tmp_path / f"{s}.csv") for s in ("train", "val")}, image="image")
    assert {split: rows.references for split, rows in read_rows(plan).items()} == {
        "train": [str(tmp_path / "train.png")],
        "val": [str(tmp_path / "val.png")],
    }


@pytest.mark.parametrize(
    ("content", "source", "said"),
    [
        ("image,kin\na,b\n", "csv", "has no column `kind`"),
        ("", "csv", "has no column `kind`"),
        ("image,kind\na.png\n", "csv", "rows.csv:2: 1 fields where the header has 2"),
        ("image,kind\na.png,b,c\n", "csv", "rows.csv:2: 3 fields where the header has 2"),
        ('image,kind\na.png,"b\n', "csv", "not readable as CSV"),
        (b"image,kind\na.png,\xff\n", "csv", "not readable as CSV"),
        ("image,kind\na," + "x" * 200_000 + "\n", "csv", "not readable as CSV"),
        ('{"image": "a", "kind": "b"}\n{"image"\n', "jsonl", "rows.jsonl:2: not a JSON object"),
        ("[1]\n", "jsonl", "rows.jsonl:1: not a JSON object"),
        ("[" * 100_000, "jsonl", "rows.jsonl:1: not a JSON object"),
        ('{"image": "a"}\n', "jsonl", "rows.jsonl:1 has no column `kind`"),
        ("image,kind\nhttps://x.org/a.png,b\n", "csv", "cannot be fetched yet"),
        (b'{"image": "a", "kind": "\xff"}\n', "jsonl", "rows.jsonl:1"),
    ],
)
def test_a_manifest_that_cannot_be_used(manifest, content, source, said):
    with pytest.raises(DataError) as caught:
        manifest(content, source)
    assert said in caught.value.message


def test_a_column_has_a_neighbour(manifest):
    with pytest.raises(DataError) as caught:
        manifest("image,kinds\na,b\n")
    assert caught.value.help == "did you mean `kinds`?"


FOLDER = LabelPlan(name="kind", column="folder")


@pytest.mark.parametrize(("source", "key"), [("csv", "path"), ("jsonl", "train"), ("folder", "root")])
def test_what_is_not_here(data_plan, tmp_path, source, key):
    with pytest.raises(MissingData, match="there is no"):
        read_rows(data_plan(source, location={key: str(tmp_path / "missing")}, labels=(FOLDER,)))


def test_class_folders(data_plan, tmp_path):
    for name in ("dog/2.png", "cat/1.JPG", "cat/deep/3.webp", "cat/notes.txt", "loose.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    rows = read_rows(data_plan("folder", location={"root": str(tmp_path)}, labels=(FOLDER,)))["all"]
    assert [Path(name).relative_to(tmp_path).as_posix() for name in rows.references] == [
        "cat/1.JPG",
        "cat/deep/3.webp",
        "dog/2.png",
    ]
    assert rows.columns["folder"] == ["cat", "cat", "dog"]


def test_digits_are_there(data_plan):
    rows = read_rows(data_plan("builtin", location={"dataset": "digits"}, labels=("digit",)))["all"]
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


def test_many_rows_cost_little(manifest):
    rows = manifest("image,kind\n" + "".join(f"{i}.png,{json.dumps(i % 7)}\n" for i in range(20_000)))
    assert len(rows) == 20_000
