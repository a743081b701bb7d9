"""Laws of plans: what changes one, what does not, and that nothing is lost on the way to a file and back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from pydantic import BaseModel

from specc.compiler.pipeline import compile_spec
from specc.diff.edits import apply, edits
from specc.errors import FileFormatError
from specc.paths import KeyPath, value_at
from specc.plan.file import dump, load
from specc.plan.model import Plan
from specc.spec.shape import model_at

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

THREE = ", ".join(f"{{ name = '{name}', epochs = 3, lr = 1e-3 }}" for name in ("warmup", "finetune", "polish"))

EDITS = [
    "seed=1",
    "name=other",
    "data.limit=100",
    "data.split=random(val = 10%)",
    "data.labels.row={ column = 'digit', within = 'digit' }",
    "data.labels.digit.rare={ 3 = 9 }",
    "augment.train=[]",
    "augment.eval=['resize(32)', 'center_crop(24)', 'normalize(imagenet)']",
    "model.backbone=test_resnet",
    "model.heads.digit.kind=mlp",
    "model.ema_decay=0.99",
    "teachers.big=big.safetensors",
    "defaults.batch_size=64",
    "defaults.optimizer=sgd(momentum = 0.9)",
    "defaults.loss=0.5 * focal(digit) + cross_entropy(digit)",
    "stages.warmup.lr=cosine(1e-2 -> 0)",
    "stages.warmup.train=backbone.layer1 + heads.digit",
    "stages.finetune.epochs=2",
    "stages.finetune.sample=balanced(digit)",
    "stages.finetune.stop=min loss, patience = 30 steps",
    "stages.finetune.augment=['hflip()', 'normalize(imagenet)']",
    "stages.polish.rates=layer_decay(0.7)",
    "stages.polish.grad_accum_steps=4",
    f"stages=[{THREE}, {{ name = 'last', steps = 10, lr = 1e-5 }}]",
    f"stages=[{{ name = 'more', epochs = 10, lr = 'plateau(1e-5)' }}, {THREE}]",
    "evaluate.metrics=['top3(digit)']",
    "evaluate.expect=[]",
    "evaluate.best=max macro_f1(digit)",
    "stages.finetune.mix=mixup(0.2)",
    "run.out=elsewhere",
    "run.loggers=[]",
]
SOME_EDITS = st.lists(st.sampled_from(EDITS), max_size=4, unique=True)


def compiled(path: Path, text: str, *profiles: str) -> Plan:
    path.write_text(text, encoding="utf-8")
    return compile_spec(path, profiles, with_data=False)[0]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("plans") / "case.toml"


@pytest.fixture(scope="module")
def text(root) -> str:
    return (root / "specs" / "quickstart.toml").read_text("utf-8")


def same_experiment(one: Plan, other: Plan) -> None:
    assert edits(one, other) == ()
    assert (one.digest, one.stage_digests) == (other.digest, other.stage_digests)


def test_every_edit_is_one(quickstart):
    assert all(edits(quickstart(), quickstart(edit)) for edit in EDITS)


# What does not change a plan


@few
@given(data=st.data())
def test_comments_and_blank_lines_never_change_a_plan(path, text, quickstart, data):
    gaps = st.sampled_from(["", "\n", "# a = 1\n", "  # [x]\n\n", "\t\n"])
    tails = st.sampled_from(["", " # b = 2", "\t#"])
    lines = [data.draw(gaps) + line + data.draw(tails) for line in text.split("\n")]
    same_experiment(compiled(path, "\n".join(lines)), quickstart())


@few
@given(data=st.data())
def test_the_order_of_keys_in_a_table_never_changes_a_plan(path, text, quickstart, data):
    head, *tables = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
    shuffled = ["\n".join(data.draw(st.permutations(head.splitlines())))]
    for table in tables:
        header, *lines = table.splitlines()
        shuffled.append("\n".join([header, *data.draw(st.permutations(lines))]))
    same_experiment(compiled(path, "\n".join(shuffled)), quickstart())


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("seed", "42", "4_2"),
        ("defaults.batch_size", "32", "0x20"),
        ("defaults.max_grad_norm", "1.0", "1"),
        ("stages.polish.lr", "1e-4", "0.0001"),
        ("stages.polish.lr", "1e-4", "'1.0E-04'"),
        ("stages.polish.lr", "cosine(2e-3 -> 1e-5)", "cosine( .002->0.00001 )"),
        ("stages.polish.rates", "backbone * 0.1", "backbone*10%"),
        ("stages.polish.sample", "4 where count(digit) < 50", "4.0 where count(digit)<5e1"),
        ("defaults.loss", "0.5 * focal(digit, alpha = 0.25)", "50% * focal(digit, alpha = 25 %)"),
        ("data.split", "stratified(digit, val = 15%)", "stratified(digit, val = .15)"),
        ("evaluate.expect", "['top1(digit) >= 95%']", "['top1(digit) >= 0.95']"),
        ("stages.polish.checkpoint_every", "1 epoch", "1.0 epochs"),
    ],
)
def test_the_spelling_of_a_number_never_changes_a_plan(quickstart, path, one, other):
    same_experiment(quickstart(f"{path}={one}"), quickstart(f"{path}={other}"))


TABLES = ("", "data", "data.labels.digit", "model", "model.heads.digit", "evaluate", "run", "export")


def written_defaults() -> list[str]:
    """Every default of the models that has a spelling, as an override."""
    found = []
    for table in TABLES:
        model: Any = model_at(KeyPath.parse(table)) if table else model_at(KeyPath())
        assert issubclass(model, BaseModel)
        for name, field in model.model_fields.items():
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            if isinstance(default, bool | int | float | str | list):
                found.append(f"{table}.{field.alias or name}={json.dumps(default)}".lstrip("."))
    quickstart_says = ("seed=", "data.labels.digit.rare", "evaluate.metrics", "evaluate.expect")
    return [override for override in found if not override.startswith(quickstart_says)]


@pytest.mark.parametrize(
    "override",
    [
        *written_defaults(),
        "stages.polish.precision=fp32",
        "stages.polish.compile=false",
        "stages.polish.carry_optimizer=false",
        "stages.polish.micro_batch_size=auto",
        "stages.polish.grad_accum_steps=1",
        "stages.warmup.start_from=last",
        "data.labels.digit.column=digit",
        "defaults.train=all",
    ],
)
def test_a_default_that_is_written_out_never_changes_a_plan(quickstart, override):
    same_experiment(quickstart(override), quickstart())


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("defaults.optimizer", "adamw()", "adamw(weight_decay = 0.01, beta1 = 0.9, beta2 = 0.999, eps = 1e-8)"),
        ("stages.polish.lr", "cosine(1e-4 -> 0)", "cosine(over = 1e-4 -> 0)"),
        ("stages.polish.lr", "1e-4", "constant(value = 1e-4)"),
        ("defaults.loss", "focal(digit)", "1 * focal(head = digit, gamma = 2.0)"),
        ("stages.polish.mix", "mixup(0.2)", "mixup(0.2, p = 1)"),
    ],
)
def test_a_default_argument_that_is_written_out_never_changes_a_plan(quickstart, path, one, other):
    same_experiment(quickstart(f"{path}={one}"), quickstart(f"{path}={other}"))


def test_a_profile_that_sets_nothing_is_no_change(path, text, quickstart):
    same_experiment(compiled(path, f"{text}\n[profiles.nothing]\n", "nothing"), quickstart())


# Edits and files


HEAD = [
    "data.labels.row={ column = 'digit' }",
    "model.heads.row={ kind = 'mlp' }",
    "defaults.loss=focal(digit) + focal(row)",
]


@few
@example(old=[], new=HEAD)
@example(old=HEAD, new=[])
@given(old=SOME_EDITS, new=SOME_EDITS)
def test_applying_the_edits_between_two_plans_to_one_gives_the_other(quickstart, old, new):
    a, b = quickstart(*old), quickstart(*new)
    assert apply(edits(a, b), a) == b.model_copy(update={"origins": {}})


@few
@given(chosen=SOME_EDITS)
def test_a_plan_read_from_its_file_is_the_plan(quickstart, chosen):
    plan = quickstart(*chosen)
    again = load(dump(plan), "x.json")
    assert again == plan
    assert dump(again) == dump(plan)


def leaves(value: Any, path: KeyPath) -> list[KeyPath]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, item in items for leaf in leaves(item, path.child(key))]
    return [path]


@settings(few, max_examples=150)
@given(data=st.data())
def test_a_plan_that_was_changed_is_refused(quickstart, data):
    plan = quickstart()
    record = json.loads(dump(plan))
    path = data.draw(st.sampled_from(leaves(plan.body, KeyPath())))
    place, old = value_at(record, path.parent), value_at(record, path)
    place[path[-1]] = data.draw(
        st.sampled_from([None, True, 0, 7, -1.5, "x", [], ["x"], {}, [[1]]]).filter(lambda new: new != old)
    )
    with pytest.raises(FileFormatError):
        load(json.dumps(record), "x.json")


@few
@given(data=st.data())
def test_a_plan_that_was_cut_is_refused(quickstart, data):
    text = dump(quickstart()).rstrip()
    with pytest.raises(FileFormatError):
        load(text[: data.draw(st.integers(0, len(text) - 1))], "x.json")


@few
@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_other_text_is_no_plan(text):
    with pytest.raises(FileFormatError):
        load(text, "x.json")


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_a_plan_of_another_version_is_refused(quickstart, version):
    record = {**json.loads(dump(quickstart())), "format": version}
    with pytest.raises(FileFormatError, match="format"):
        load(json.dumps(record), "x.json")


# Digests of stages


def unchanged_stages(plan: Plan, other: Plan) -> list[bool]:
    return [one == two for one, two in zip(plan.stage_digests, other.stage_digests, strict=True)]


@pytest.mark.parametrize(("k", "name"), enumerate(["warmup", "finetune", "polish"]))
@pytest.mark.parametrize("change", ["lr=linear(1e-3 -> 1e-6)", "epochs=9", "batch_size=16", "loss=focal(digit)"])
def test_a_change_to_a_stage_leaves_the_stages_before_it_alone(quickstart, k, name, change):
    changed = quickstart("stages.finetune.stop=min loss, patience = 1 epoch", f"stages.{name}.{change}")
    base = quickstart("stages.finetune.stop=min loss, patience = 1 epoch")
    assert unchanged_stages(changed, base) == [index < k for index in range(3)]


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "data.labels.digit.rare={ 3 = 9 }",
        "data.limit=9",
        "model.ema_decay=0.9",
        "augment.train=[]",
        "augment.eval=['resize(32)', 'center_crop(24)', 'normalize(imagenet)']",
        "evaluate.best=max macro_f1(digit)",
        "evaluate.best=min top1(digit)",
        "evaluate.every=2",
    ],
)
def test_what_every_stage_depends_on_changes_every_stage(quickstart, override):
    assert not any(unchanged_stages(quickstart(override), quickstart()))


@pytest.mark.parametrize(
    "override",
    [
        "run.device=cpu",
        "run.out=elsewhere",
        "run.loggers=[]",
        "data.num_workers=0",
        "data.cache={ dir = 'x' }",
        "name=other",
        "description=other",
        "stages.polish.checkpoint_every=1 epoch",
        "stages.finetune.expect=['top1(digit) >= 50%']",
        "evaluate.expect=[]",
        "export.formats=[]",
        "evaluate.expect=['top5(digit) >= 50%']",
        "evaluate.metrics=['top1(digit)', 'top5(digit)']",
        "evaluate.metrics=['top5(digit)']",
    ],
)
def test_what_cannot_change_weights_changes_no_stage(quickstart, override):
    assert all(unchanged_stages(quickstart(override), quickstart()))


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_rows_that_train_and_validate_change_every_stage(quickstart, split):
    base = with_rows(quickstart(), train="a", val="b", test="c")
    other = with_rows(quickstart(), **{"train": "a", "val": "b", "test": "c", split: "d"})
    assert unchanged_stages(other, base) == [split == "test"] * 3


def with_rows(plan: Plan, **fingerprints: str) -> Plan:
    record = plan.model_dump(mode="json")
    record["data"]["fingerprints"] = fingerprints
    return Plan.model_validate_json(json.dumps(record))
