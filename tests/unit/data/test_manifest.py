"""Rows of a manifest, and what is said of one that cannot be used."""

import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from specc.data.columns import Rows
from specc.data.manifest import line_numbers, placed
from specc.data.problem import DataProblem
from specc.data.rows import read_rows
from specc.errors import DataError, MissingData


@pytest.fixture
def manifest(tmp_path, data_plan):
    """Write a manifest and read it."""

    def read(content: str | bytes, source: str = "csv", **more: object) -> Rows:
        path = tmp_path / f"rows.{source}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        plan = data_plan(source, location={"path": str(path)}, image="image", **more)
        return read_rows(plan)["path"]

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
        (CSV.replace("\n", "\r"), "csv"),
        (CSV.replace("\n", "\n\n"), "csv"),
        (JSONL, "jsonl"),
        (JSONL.replace("\n", "\r\n \n"), "jsonl"),
        ("\ufeff" + JSONL, "jsonl"),
        (JSONL.rstrip(), "jsonl"),
    ],
)
def test_the_same_rows_in_any_writing(manifest, tmp_path, content, source):
    rows = manifest(content, source)
    assert list(rows.columns["kind"]) == ["cat", "dog"]
    assert list(rows.references) == [str(tmp_path / "a.png"), str(tmp_path / "sub" / "b.png")]


def test_values_keep_their_commas_quotes_and_line_ends(manifest):
    rows = manifest('image,kind\na.png,"one, ""two""\nthree"\n')
    assert list(rows.columns["kind"]) == ['one, "two"\nthree']


def test_values_that_are_no_text(manifest):
    rows = manifest('{"image": "a", "kind": 3}\n{"image": "b", "kind": null}\n{"image": "c", "kind": true}\n', "jsonl")
    assert list(rows.columns["kind"]) == ["3", "", "True"]


def test_paths_start_at_the_root_where_one_is_given(manifest, data_plan, tmp_path):
    manifest(CSV)
    plan = data_plan(location={"path": str(tmp_path / "rows.csv"), "root": "/images"}, image="image")
    assert list(read_rows(plan)["path"].references) == ["/images/a.png", "/images/sub/b.png"]


def test_a_manifest_for_each_split(data_plan, tmp_path):
    for split in ("train", "val"):
        (tmp_path / f"{split}.csv").write_text(f"image,kind\n{split}.png,cat\n")
    plan = data_plan(location={s: str(tmp_path / f"{s}.csv") for s in ("train", "val")}, image="image")
    assert {split: list(rows.references) for split, rows in read_rows(plan).items()} == {
        "train": [str(tmp_path / "train.png")],
        "val": [str(tmp_path / "val.png")],
    }


FINE = "image,kind\n" + "a.png,cat\n" * 5000
"""More rows than are taken apart at once."""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("image,kind\na.png\n", "rows.csv:2: 1 field where the header has 2"),
        ("image,kind\na.png,b,c\n", "rows.csv:2: 3 fields where the header has 2"),
        ('image,kind\n"a\nb",c\n\nd.png\n', "rows.csv:5: 1 field where the header has 2"),
        (FINE + "b.png\n", "rows.csv:5002: 1 field where the header has 2"),
        (
            FINE + '"b.png,dog\n' + "c.png,dog\n",
            "rows.csv:5002: not readable as CSV: a quote is opened and never closed",
        ),
        ('image,kind\na.png,"b"c\n', "rows.csv:2: not readable as CSV: text follows a closing quote"),
        ("image,kind\na," + "x" * 200_000 + "\n", "rows.csv:2: not readable as CSV: a field is longer than any text"),
        (FINE.encode() + b"b.png,\xff\n", "rows.csv:5002: not UTF-8 text"),
        (CSV.encode("utf-16"), "rows.csv:1: not UTF-8 text"),
        ("image;kind\na.png;cat\n", "separates its columns by semicolons"),
        ("image\tkind\na.png\tcat\n", "separates its columns by tabs"),
    ],
)
def test_a_table_that_cannot_be_read(manifest, content, said):
    with pytest.raises(DataProblem) as caught:
        manifest(content)
    assert said in caught.value.message
    assert (caught.value.code, caught.value.keys) == ("unreadable-manifest", ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"image": "a", "kind": "b"}\n{"image"\n', "rows.jsonl:2: not a JSON object"),
        ("[1]\n", "rows.jsonl:1: not a JSON object"),
        ("[" * 100_000, "rows.jsonl:1: not a JSON object"),
        ('\n{"image": "a", "kind": ["b"]}\n', "rows.jsonl:2: `kind` holds a list, not a text"),
        ('{"image": {}, "kind": "b"}\n', "rows.jsonl:1: `image` holds a table, not a text"),
        (b'{"image": "a", "kind": "\xff"}\n', "rows.jsonl:1: not UTF-8 text"),
    ],
)
def test_lines_that_cannot_be_read(manifest, content, said):
    with pytest.raises(DataProblem) as caught:
        manifest(content, "jsonl")
    assert said in caught.value.message
    assert (caught.value.code, caught.value.keys) == ("unreadable-manifest", ())


@pytest.mark.parametrize(
    ("content", "source", "said", "keys"),
    [
        ("image,kin\na,b\n", "csv", "has no column `kind`", ("labels.kind.column",)),
        ("", "csv", "has no columns `kind`, `image`", ("labels.kind.column", "image")),
        ('{"image": "a"}\n', "jsonl", "rows.jsonl:1 has no column `kind`", ("labels.kind.column",)),
    ],
)
def test_a_column_that_is_missing(manifest, content, source, said, keys):
    with pytest.raises(DataProblem) as caught:
        manifest(content, source)
    assert said in caught.value.message
    assert (caught.value.code, caught.value.keys) == ("unknown-column", keys)


def test_a_column_that_is_there_twice(manifest):
    with pytest.raises(DataProblem, match="has 2 columns `kind`") as caught:
        manifest("image,kind,kind\na,b,c\n")
    assert (caught.value.code, caught.value.keys) == ("duplicate-column", ("labels.kind.column",))
    assert list(manifest("image,kind,more,more\na,b,c,d\n").columns["kind"]) == ["b"]


def test_images_at_addresses_are_not_on_this_machine(manifest):
    with pytest.raises(MissingData, match=r"cannot be fetched yet: `https://x.org/a.png`"):
        manifest("image,kind\nb.png,c\nhttps://x.org/a.png,c\n")


@pytest.mark.parametrize("text", ['{"image": "\\ud800.png", "kind": "a"}', '{"image": "a", "kind": "\\udcff"}'])
def test_half_a_character_is_refused(manifest, text):
    with pytest.raises(DataProblem, match=r"rows.jsonl:2: a text has half of a character"):
        manifest(f'{{"image": "b", "kind": "\\ud83d\\ude00"}}\n{text}\n', "jsonl")


def test_what_a_file_says_is_told_in_one_short_line(manifest):
    with pytest.raises(DataProblem) as caught:
        manifest('"a\nb",' + "x" * 1000 + "\n")
    assert caught.value.help == f"known columns: a\\nb, {'x' * 60}..."
    with pytest.raises(MissingData) as caught:
        manifest(f'image,kind\n"https://x.org/\n{"x" * 1000}",c\n')
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 500


def test_a_missing_column_is_not_looked_for_among_a_million(manifest):
    columns = ",".join(f"kind{number}" for number in range(300_000))
    before = time.process_time()
    with pytest.raises(DataProblem, match="has no columns `kind`, `image`"):
        manifest(f"{columns}\n")
    assert time.process_time() - before < 1


@pytest.mark.parametrize("source", ["csv", "jsonl"])
def test_a_line_without_end_is_refused_before_it_is_read(manifest, source):
    with pytest.raises(DataProblem, match="it has a line of 4 MiB or more"):
        manifest(CSV + "x" * 9_000_000, source)


def test_a_table_of_very_many_columns_is_read_a_few_rows_at_a_time(manifest, monkeypatch):
    monkeypatch.setattr("specc.data.manifest._CELLS", 10)
    assert list(manifest("image,kind,more\n" + "a.png,cat,1\n" * 20).columns["kind"]) == ["cat"] * 20


def test_the_line_that_is_not_utf8_is_counted_as_the_reader_counts(manifest):
    with pytest.raises(DataProblem, match=r"rows.csv:3: not UTF-8 text"):
        manifest(b"image,kind\ra,b\r\xff,c\r")


def test_a_column_has_a_neighbour(manifest):
    with pytest.raises(DataError) as caught:
        manifest("image,kinds\na,b\n")
    assert caught.value.help == "did you mean `kinds`?"


@given(st.lists(st.text("a./ \\:\nx", max_size=8), max_size=4), st.sampled_from([".", "/", "data", "a/../b", "/im"]))
def test_paths_are_joined_as_pathlib_joins_them(names, base):
    if not any("://" in name for name in names):
        assert placed(Path(base), names, "rows.csv") == [(Path(base) / name).as_posix() for name in names]


ANY = st.lists(
    st.sampled_from(["image", "kind", "a", ",", '"', "\n", "\r", "\0", "{", "}", ":", "[", "1", "\ufeff", "é"])
)


@pytest.mark.parametrize("source", ["csv", "jsonl"])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=ANY, tail=st.binary(max_size=3))
def test_any_text_gives_rows_or_is_refused(manifest, source, words, tail):
    with suppress(DataError):
        rows = manifest("".join(words).encode() + tail, source)
        assert len(rows) == len(rows.columns["kind"]) == len(rows.references)


@pytest.mark.parametrize(
    ("source", "content", "lines"),
    [
        ("csv", 'image,kind\na,b\n\n"c\nd",e\nf,g\n', {0: 2, 1: 4, 2: 6}),
        ("csv", '"image\nx",kind\na,b\n', {0: 3}),
        ("jsonl", "{}\n\n{}\n", {0: 1, 1: 3}),
        ("folder", "", {}),
    ],
)
def test_the_line_of_a_row(tmp_path, source, content, lines):
    path = tmp_path / "rows"
    path.write_text(content)
    assert line_numbers(source, str(path), set(lines)) == lines
    assert line_numbers(source, str(path), set()) == {}
