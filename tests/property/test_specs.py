"""Laws of whole specs: whatever a file says, the answer is a plan or diagnostics."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from specc.compiler.pipeline import compile_spec
from specc.compiler.validate import validate
from specc.errors import SpeccError
from specc.paths import KeyPath
from specc.spec.shape import keys_at

few = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

HEAD = 'extends = "quickstart.toml"\nname = "x"'
TABLES = {
    "": "",
    "data": "data",
    "data.labels.digit": "data.labels.digit",
    "data.input.x": "data.input.word",
    "data.cache": "data.cache",
    "augment": "augment",
    "model": "model",
    "model.heads.digit": "model.heads.digit",
    "model.heads.x": "model.heads.extra",
    "defaults": "defaults",
    "stages[0]": "stages.warmup",
    "stages[1]": "stages.finetune",
    "stages[2]": "stages.polish",
    "evaluate": "evaluate",
    "privacy": "privacy",
    "run": "run",
    "sweep": "sweep",
    "export": "export",
}
KEYS = [
    f"{written}.{key}".lstrip(".")
    for table, written in TABLES.items()
    for key in [*keys_at(KeyPath.parse(table)), "unknown"]
    if key not in ("specc", "name") and not (written == "" and key in ("data", "model", "stages"))
]
EXPRESSIONS = [
    "all", "heads.digit - backbone", "backbone.layer4[9:]", "heads * 0.5", "layer_decay(0.5)", "cosine(1 -> 0)",
    "warmup(2 epochs) then 1e-3", "step(1, every = 1 step)", "onecycle(0.1)", "focal(digit) + 2 * focal(nope)",
    "distill(digit, from = x)", "nt_xent(digit)", "balanced(digit)", "1 where count(nope) > 5", "mixup(0.2)",
    "one_of(mixup(1), p = 0.5)", "top1(digit)", "cascade(digit -> digit)", "knn(digit)", "max loss", "min top3(digit)",
    "top1(digit) >= 200%", "min loss, patience = 1 epoch, after = 99 epochs", "sgd(momentum = 0.9)", "simclr(224)",
    "random(val = 10%)", "group_kfold(3)", "column(split)", "seq2seq()", "5 minutes", "1 GB", "normalize(model)",
    "resize(0)", "one_of(hflip())", "(", "focal(digit", "1e999", "-1", "é", "\\u0000", "test_vit", "resnet18",
]  # fmt: skip
SCALARS = ["0", "-1", "1", "3", "0.5", "1e300", "-0.0", "nan", "-inf", "9223372036854775807", "true", "1979-05-27"]
ODD = st.sampled_from([*SCALARS, *(f'"{text}"' for text in EXPRESSIONS), '""', f'"{"x" * 5000}"'])
VALUES = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(["digit", "x", "a-b", "kind", '"a b"']), inner, max_size=2).map(
            lambda table: "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
        ),
    ),
    max_leaves=3,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, root) -> Path:
    folder = tmp_path_factory.mktemp("specs")
    (folder / "quickstart.toml").write_text((root / "specs" / "quickstart.toml").read_text("utf-8"), "utf-8")
    return folder


@st.composite
def documents(draw: Any) -> str:
    """A few odd values in a sound spec, or on their own."""
    head = draw(st.sampled_from([HEAD, 'specc = 1\nname = "x"', ""]))
    chosen = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    return "\n".join([head, *(f"{key} = {draw(VALUES)}" for key in chosen)])


def check(path: Path) -> None:
    """Hold that a file gives a plan or diagnostics, every span of which lies inside its source."""
    _, problems = validate(path, with_data=False)
    for diagnostic in problems.found:
        assert diagnostic.headline
        for label in diagnostic.labels:
            assert 0 <= label.place.span.start <= label.place.span.end <= len(label.place.source.text)
    if problems.errors:
        return
    with suppress(SpeccError):
        assert compile_spec(path, with_data=False)[0].digest


@settings(few, max_examples=400)
@example(text=f"{HEAD}\ndefaults.micro_batch_size = 0")
@example(text=f"{HEAD}\ndefaults.max_grad_norm = inf")
@example(text=f'{HEAD}\nstages.polish.train = "backbone[-]"')
@example(text=f'{HEAD}\nstages.polish.rates = "backbone[-:] * 2"')
@given(text=documents())
def test_any_document_gives_a_plan_or_diagnostics(folder, text):
    path = folder / "case.toml"
    path.write_text(text, encoding="utf-8")
    check(path)


@few
@given(text=documents(), data=st.data())
def test_any_damage_gives_a_plan_or_diagnostics(folder, text, data):
    start = data.draw(st.integers(0, len(text)))
    noise = data.draw(st.text(st.sampled_from('"=[]{}.,#\n\\\0é'), max_size=3))
    path = folder / "damaged.toml"
    path.write_text(text[:start] + noise + text[start + data.draw(st.integers(0, 5)) :], encoding="utf-8")
    check(path)


@pytest.mark.parametrize("key", KEYS)
def test_any_kind_of_value_under_any_key(folder, key):
    for value in ("0", "-1", "true", "nan", '""', '"x"', "[]", "[[]]", "{}", "1979-05-27", "9223372036854775807"):
        path = folder / "one.toml"
        path.write_text(f"{HEAD}\n{key} = {value}\n", encoding="utf-8")
        check(path)
