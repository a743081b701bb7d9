"""The law of `specc new`: nothing is wrong with a spec that it writes, whatever the data."""

import csv
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from specc.cli.main import main
from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validated
from tests.property.test_expressions import few

COLUMNS = st.sampled_from(["species", "Leaf blight (%)", "2024", "class", "where", "a.b", "\u00e9t\u00e9", "#? \\ \"'"])
NAMES = st.text(max_size=8) | st.sampled_from(["train", "val", "#", "\n[data]", '"', "\x1b[31m", "\ue000", "1", "01"])
NOTATIONS = st.sampled_from(["x.toml", "x.specc"])
FAULTS_OF_THE_DATA = {"near-classes", "measured-class", "all-different"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with more images than any table names."""
    folder = tmp_path_factory.mktemp("data")
    for i in range(500):
        (folder / f"{i}.png").touch()
    return folder


def write_table(folder: Path, header: list[str], rows: list[tuple[str, str]]) -> str:
    with (folder / "table.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(folder / "table.csv")


def check(spec: Path, *arguments: str) -> None:
    """Hold that a spec is written and right, or that nothing is written and the data is at fault."""
    spec.unlink(missing_ok=True)
    code = main(["new", str(spec), *arguments])
    assert code in (0, 1)
    assert spec.exists() == (code == 0)
    if code == 0:
        context = validated(spec)
        compile_checked(context)
        assert {problem.code for problem in context.problems.found} <= FAULTS_OF_THE_DATA


@few
@example(sizes={"a": 33}, column="class", epochs=1, notation="x.toml")
@example(sizes={"a": 5, "b": 200, "c": 150, "d": 2}, column="class", epochs=5, notation="x.specc")
@given(
    sizes=st.dictionaries(NAMES, st.integers(1, 70), min_size=1, max_size=6),
    column=COLUMNS,
    epochs=st.integers(1, 7),
    notation=NOTATIONS,
)
def test_a_spec_of_any_classes_is_right(folder, sizes, column, epochs, notation):
    names = [name for name, size in sizes.items() for _ in range(size)]
    table = write_table(folder, ["path", column], [(f"{i}.png", name) for i, name in enumerate(names)])
    check(folder / notation, "--csv", table, "--label", column, "--epochs", str(epochs))


@few
@given(
    pairs=st.lists(st.tuples(NAMES, NAMES), max_size=40),
    columns=st.lists(COLUMNS, min_size=2, max_size=2, unique=True),
    notation=NOTATIONS,
)
def test_a_spec_of_any_pairs_is_right(folder, pairs, columns, notation):
    check(folder / notation, "--pairs", write_table(folder, columns, pairs))
