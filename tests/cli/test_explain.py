"""`specc explain`: who set a value, from what, and what it means."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from specc.cli.derivations import DERIVATIONS, derivation
from specc.cli.main import main
from specc.compiler.lower import lower
from specc.compiler.pipeline import PASSES
from specc.compiler.validate import validated
from specc.diagnostics.explanations import explanation
from specc.paths import KeyPath, value_at
from specc.source import Source
from specc.spec.shape import keys_at
from tests.cli.process import specc

BASE = """\
specc = 1
name = "base"
data = { source = "builtin", dataset = "digits", labels = { digit = {} } }
model = { backbone = "test_resnet", heads = { digit = {} } }
defaults = { lr = 1e-3, loss = "cross_entropy(digit)", augment = ["resize(32)", "hflip(0.5)"] }

[[stages]]
name = "short"
steps = 58

[[stages]]
name = "long"
epochs = 2
batch_size = 50
micro_batch_size = 10

[profiles.brief]
stages.long.epochs = 1
"""
CHILD = """\
extends = "base.toml"
name = "child"
stages.long.lr = "cosine(1e-3 -> 0)"
"""
Explain = Callable[..., str]


@pytest.fixture
def explain(tmp_path, monkeypatch, capsys) -> Explain:
    """Return what is said of a value of child.toml, without its name."""
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")
    (tmp_path / "child.toml").write_text(CHILD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def explained(path: str, *flags: str) -> str:
        code = main(["explain", "child.toml", path, *flags])
        said = capsys.readouterr()
        return said.out.partition("\n")[2] if code == 0 else said.err

    return explained


def test_the_name_of_a_value_comes_first(explain, capsys):
    main(["explain", "child.toml", "stages[1].epochs"])
    assert capsys.readouterr().out.splitlines()[0] == "stages.long.epochs"


def at(file: str, before: str, word: str) -> str:
    """Return the place of a word that stands behind other words in one of the files."""
    text = {"base.toml": BASE, "child.toml": CHILD}[file]
    line, column = Source(file, text).line_column(text.index(before + word) + len(before))
    return f"{file}:{line}:{column}"


IN_DEFAULTS = at("base.toml", 'loss = "', "cross") + " in [defaults]"
BATCH = at("base.toml", "batch_size = ", "50")
EPOCHS = at("base.toml", "epochs = ", "2")
RATE = at("child.toml", '"', "cosine")
BACKBONE = at("base.toml", 'backbone = "', "test_resnet")
SOURCE = at("base.toml", '"', "builtin")
MODEL = f"model.backbone = test_resnet  ({BACKBONE})"


@pytest.mark.parametrize(
    ("path", "value", "by"),
    [
        ("name", "child", at("child.toml", 'name = "', "child")),
        ("data.source", "builtin", SOURCE),
        ("stages.long.batch_size", "50", BATCH),
        ("stages[1].epochs", "2", EPOCHS),
        ("stages.short.loss", "cross_entropy(digit)", IN_DEFAULTS),
        ("stages.short.augment[1]", "hflip(0.5)", at("base.toml", '"', "hflip") + " in [defaults]"),
        ("stages.short.batch_size", "64", "default"),
        ("stages.short.train", "all", "default"),
        ("stages.short.micro_batch_size", "auto", "default"),
        ("stages.short.grad_accum_steps", "1", "default"),
        ("stages.short.stop", "none", "default"),
        ("stages.short.sampling", "none", "default"),
        ("model.heads.digit.kind", "linear", "default"),
        ("evaluate.every", "1", "default"),
        ("data.num_workers", "2", "default"),
        ("privacy", "none", "default"),
    ],
)
def test_who_set_a_value(explain, path, value, by):
    assert explain(path).splitlines()[:2] == [f"  value    {value}", f"  set by   {by}"]


@pytest.mark.parametrize(
    ("flags", "value", "by"),
    [
        (("--profile", "brief"), "1", at("base.toml", "long.epochs = ", "1") + " (profile brief)"),
        (("--set", "stages.long.epochs=3"), "3", "flag --set stages.long.epochs=3"),
        (("--profile", "brief", "--set", "stages.long.epochs=3"), "3", "flag --set stages.long.epochs=3"),
        (
            ("--profile", "brief", "--set", "stages.long.epochs=3", "--set", "seed=1"),
            "3",
            "flag --set stages.long.epochs=3",
        ),
    ],
)
def test_a_layer_set_a_value(explain, flags, value, by):
    assert explain("stages.long.epochs", *flags).splitlines()[:2] == [f"  value    {value}", f"  set by   {by}"]


@pytest.mark.parametrize(
    ("path", "meaning"),
    [
        ("stages.long.epochs", "Passes over the training split."),
        ("defaults.augment[0]", "Replaces `augment.train` in this stage."),
        ("stages.long.steps_per_epoch", "Optimizer steps of an epoch, a shorter last one included."),
        ("stages.long", "One row of the protocol's table."),
        ("model.heads.digit", "What turns features into answers about the label NAME."),
        ("data", "The samples."),
        ("data.samples.train", "Number of samples of each split."),
    ],
)
def test_what_a_value_means(explain, path, meaning):
    assert f"  meaning  {meaning}" in explain(path).splitlines()


@pytest.mark.parametrize(
    ("path", "value", "by", "sources"),
    [
        (
            "stages.long.steps",
            "72",
            "resolve_durations",
            [
                f"stages.long.epochs = 2  ({EPOCHS})",
                f"stages.long.batch_size = 50  ({BATCH})",
                "data.samples.train = 1797  (derived by read_data)",
            ],
        ),
        (
            "stages.short.epochs",
            "2.0",
            "resolve_durations",
            [
                f"stages.short.steps = 58  ({at('base.toml', 'steps = ', '58')})",
                "stages.short.batch_size = 64  (default)",
                "data.samples.train = 1797  (derived by read_data)",
            ],
        ),
        (
            "stages.long.grad_accum_steps",
            "5",
            "lower",
            [
                f"stages.long.micro_batch_size = 10  ({at('base.toml', 'size = ', '10')})",
                f"stages.long.batch_size = 50  ({BATCH})",
            ],
        ),
        (
            "data.labels.digit.classes",
            '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]',
            "read_data",
            [
                f"data.source = builtin  ({SOURCE})",
                "data.labels.digit.column = digit  (default)",
            ],
        ),
        (
            "stages.short.trained_parameters",
            "373658",
            "partition",
            [
                "stages.short.train = all  (default)",
                MODEL,
                f'model.heads = {{"digit": {{}}}}  ({at("base.toml", "heads = ", "{")})',
            ],
        ),
        ("augment.input_size", "[3, 160, 160]", "lower", ["data.channels = 3  (default)", MODEL]),
        (
            "stages.long.schedule[0].steps",
            "72",
            "resolve_durations",
            [
                f"stages.long.lr = cosine(1e-3 -> 0)  ({RATE})",
                "stages.long.steps_per_epoch = 36  (derived by resolve_durations)",
                "stages.long.steps = 72  (derived by resolve_durations)",
            ],
        ),
    ],
)
def test_from_what_a_value_is_derived(explain, path, value, by, sources):
    lines = explain(path).splitlines()
    assert lines[:2] == [f"  value    {value}", f"  set by   derived by {by} from"]
    assert [line.strip() for line in lines[2:-1]] == sources
    assert lines[-1].startswith("  meaning  ")


def test_what_a_plan_makes_of_a_value(explain):
    lines = explain("stages.long.lr").splitlines()
    assert lines[:2] == ["  value    cosine(1e-3 -> 0)", f"  set by   {RATE}"]
    assert lines[2].startswith('  in plan  [{"kind": "cosine", "start": 0, "steps": 72, ')


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("stages.long", f"epochs = 2  ({EPOCHS})"),
        ("stages.long", f"lr = cosine(1e-3 -> 0)  ({RATE})"),
        ("stages.long", f"loss = cross_entropy(digit)  ({IN_DEFAULTS})"),
        ("stages.long", "precision = fp32  (default)"),
        ("stages.long", "steps = 72  (derived by resolve_durations)"),
        ("run", "out = checkpoints  (default)"),
        ("data.samples", "train = 1797  (derived by read_data)"),
    ],
)
def test_a_table_is_explained_key_by_key(explain, table, line):
    assert f"    {line}" in explain(table).splitlines()


def test_what_only_the_data_knows(explain, capsys):
    flags = ("--set", "data.source=csv", "--set", "data.path=none.csv", "--set", "data.image=path")
    assert "value    not known without the data\n" in explain("stages.long.steps", *flags)
    assert "value    2\n" in explain("stages.long.epochs", *flags)
    main(["explain", "child.toml", "seed", *flags])
    assert "without the data: there is no file `none.csv`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "missing", "remedy"),
    [
        ("stages.long.epoch", "stages.long.epoch", "did you mean `epochs`?"),
        ("stages.long.learning_rate", "stages.long.learning_rate", "did you mean `lr`?"),
        ("stages.long.step_per_epoch", "stages.long.step_per_epoch", "did you mean `steps_per_epoch`?"),
        ("stages.lnog.epochs", "stages.lnog", "did you mean `long`?"),
        ("stages[2].epochs", "stages[2]", "known names: long, short"),
        ("defaults.augment[2]", "defaults.augment[2]", "it has 2 items, counted from 0"),
        ("model.heads.number.kind", "model.heads.number", "known names: digit"),
        ("evaluat.every", "evaluat", "did you mean `evaluate`?"),
        ("seed.x", "seed.x", "there are no names here"),
    ],
)
def test_what_there_is_not(explain, path, missing, remedy):
    assert explain(path) == f"error: there is no `{missing}` in this spec\n help: {remedy}\n"


@pytest.mark.parametrize("path", ["", ".", "[]", "seed..", "na]me", '"seed'])
def test_a_path_of_nothing(explain, path):
    assert explain(path).startswith(f"error: `{path}` names no value\n")


def test_every_key_of_a_spec_can_be_asked_for(explain):
    tables = ["data", "augment", "model", "model.heads.digit", "defaults", "stages.short", "evaluate", "run", "export"]
    for path in (KeyPath.parse(table).child(key) for table in tables for key in keys_at(KeyPath.parse(table))):
        lines = explain(str(path)).splitlines()
        assert any(line.startswith("  set by   ") for line in lines), path
        assert any(line.startswith("  meaning  ") for line in lines), path


# derivations say what the passes do


DERIVING = """\
specc = 1
name = "deriving"
data = { source = "builtin", dataset = "digits", labels = { digit = {}, row = { column = "digit", within = "digit" } } }
model = { backbone = "test_resnet", heads = { digit = { kind = "mlp" } }, start_from = "weights.safetensors" }
augment = { train = ["normalize(imagenet)"], eval = ["normalize(imagenet)"] }
defaults = { lr = 1e-3, loss = "cross_entropy(digit)", batch_size = 50 }

[[stages]]
name = "long"
epochs = 2
micro_batch_size = 10
sample = "2 where count(digit) < 180"

[[stages]]
name = "short"
steps = 58
grad_accum_steps = 2
"""
"""A spec with a value behind every derivation."""


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """The JSON of a plan after each pass."""
    folder = tmp_path_factory.mktemp("deriving")
    (folder / "deriving.toml").write_text(DERIVING, encoding="utf-8")
    save_file({"weight": np.zeros(2, np.float32)}, folder / "weights.safetensors")
    with chdir(folder):
        context = validated(Path("deriving.toml"))
        plan = lower(context)
        found = {"lower": plan.model_dump(mode="json")}
        for each in PASSES:
            plan = each(plan, context)
            found[each.__name__] = plan.model_dump(mode="json")
    return found


def known(value: Any) -> Any:
    """Leave out of a value what is not known."""
    if isinstance(value, dict):
        return {key: known(item) for key, item in value.items() if item is not None}
    return [known(item) for item in value] if isinstance(value, list) else value


NAMES = {"stages.*.micro_batch_size": "short", "stages.*.epochs": "short", "data.labels.*.parents": "row"}
"""Whose values are derived, where those of the stage `long` and of the label and head `digit` are not."""


@pytest.mark.parametrize("pattern", DERIVATIONS)
def test_the_pass_that_derives_a_value_is_the_last_to_write_it(plans, pattern):
    name = NAMES.get(pattern, "long" if pattern.startswith("stages") else "digit")
    path = KeyPath.parse(pattern.replace("*", name))
    values = {each: known(value_at(plan, path.resolve(plan) or path)) for each, plan in plans.items()}
    if pattern == "evaluate.metrics":  # their names, which are derived; apply_counts adds the classes of each
        values = {each: list(metrics) for each, metrics in values.items()}
    *_, last = values.values()
    assert last not in (None, [], {})
    assert DERIVATIONS[pattern].by == next(each for each, value in values.items() if value == last)


def test_what_no_key_says_is_derived_or_restates_one(plans):
    """A new field of a plan needs a derivation, unless it says again what a key says."""
    *_, plan = plans.values()
    tables = ["data", "augment", "model", "stages.long", "evaluate", "data.labels.digit", "model.heads.digit"]
    tables = [KeyPath.parse(table) for table in tables]
    paths = [table.child(key) for table in tables for key in value_at(plan, table.resolve(plan))]
    restated = {str(path) for path in paths if path[-1] not in keys_at(path.parent) and derivation(path) is None}
    assert restated == {
        "data.location",
        "data.rare",
        "data.labels.digit.name",
        "data.labels.digit.kind",
        "model.heads.digit.name",
        "model.heads.digit.label",
        "model.teachers",
        "stages.long.selector",
        "stages.long.texts",
        "evaluate.every_epochs",
    }


@pytest.mark.parametrize("pattern", DERIVATIONS)
def test_sources_of_derivations_are_values(pattern):
    for source in DERIVATIONS[pattern].sources:
        path = KeyPath.parse(source)
        assert path[-1] in keys_at(path.parent) or derivation(path), source


# codes


def test_a_code():
    assert specc("explain", "selects-nothing").stdout == explanation("selects-nothing")
    result = specc("explain", "selects-nothin")
    assert (result.returncode, "did you mean `selects-nothing`?" in result.stderr) == (2, True)


def test_a_spec_without_a_value():
    result = specc("explain", "specs/quickstart.toml")
    assert (result.returncode, "name a value of it" in result.stderr) == (2, True)


def test_a_code_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("specc.cli.explain.wants_colour", lambda stream: True)
    assert main(["explain", "selects-nothing"]) == 0
    said = capsys.readouterr().out
    assert "selects-nothing" in said
    assert "##" not in said
