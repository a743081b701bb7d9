"""What a comparison says of an edit is what happens: both sides are trained, and their bytes compared."""

from collections.abc import Callable
from pathlib import Path

import pytest

from specc.checkpoint.format import read, split
from specc.checkpoint.store import VARIABLE
from specc.diff.effects import Effect, compare
from specc.plan.model import Plan
from tests.runtime.helpers import SPEC, compiled, events

NOTHING = [
    "run.loggers=[]",
    "run.keep_last=3",
    "data.num_workers=1",
    "defaults.checkpoint_every=3 steps",
    "evaluate.metrics=['top1(digit)', 'top3(digit)']",
    "evaluate.expect=['top1(digit) >= 1%']",
    "stages.whole.expect=['top1(digit) >= 1%']",
    "name=another",
    "export.formats=[]",
    "stages.whole.train=backbone + heads.digit",
    "defaults.grad_accum_steps=1",
    "description=the same in other words",
]
"""Edits of which nothing comes."""

FROM_FIRST = [
    "seed=4",
    "data.limit=90",
    "data.split=stratified(digit, val = 10%, test = 20%)",
    "data.labels.digit.rare={ 3 = 4 }",
    "augment.train=['resize(32)', 'rotate(30)', 'normalize(imagenet)']",
    "augment.train=['resize(32)', 'erase(0.5)', 'normalize(imagenet)']",
    "model.ema_decay=0.9",
    "model.heads.digit.dropout=0.3",
    "defaults.loss=cross_entropy(digit, label_smoothing = 0.1)",
    "defaults.loss=focal(digit)",
    "defaults.batch_size=10",
    "stages.head.lr=2e-2",
    "stages.head.epochs=1",
    "stages.head.train=heads.digit + backbone.layer4",
]
FROM_SECOND = [
    "model.drop_path_rate=0.2",
    "stages.whole.lr=cosine(4e-3 -> 1e-5)",
    "stages.whole.lr=warmup(2 steps) then cosine(2e-3 -> 1e-5)",
    "stages.whole.epochs=3",
    "stages.whole.steps=6",
    "stages.whole.max_grad_norm=0.1",
    "stages.whole.optimizer=sgd(momentum = 0.9)",
    "stages.whole.optimizer=adamw(weight_decay = 0.3)",
    "stages.whole.mix=mixup(0.4)",
    "stages.whole.mix=cutmix(1.0)",
    "stages.whole.sample=3 where count(digit) < 7",
    "stages.whole.sample=balanced(digit)",
    "stages.whole.precision=bf16",
    "stages.whole.rates=backbone * 0.1",
    "stages.whole.train=all - backbone.conv1",
    "stages.whole.augment=['resize(24)', 'normalize(imagenet)']",
    "stages.whole.loss=focal(digit)",
    "stages.whole.grad_accum_steps=2",
    "stages.whole.start_from=best",
]
MODEL = [
    "model.backbone=test_vit",
    "model.heads.digit.kind=mlp",
]


@pytest.fixture(scope="module", autouse=True)
def _no_sharing(tmp_path_factory):
    """Let no run take stages from another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "/dev/null/none")
        yield


def weights(plan: Plan, root: Path) -> list[dict[str, tuple[tuple[int, ...], bytes]]]:
    """Train a plan, and return the tensors of each stage's end and of its best epoch."""
    list(events(plan, root))
    found = []
    for stage in plan.stages:
        tensors = {}
        for ending in ("", ".best"):
            parts = split(*read(root / "stages" / f"{stage.name}{ending}.safetensors"))
            tensors |= {f"{name}{ending}": (it.shape, bytes(it.data)) for name, it in parts.items()}
        found.append(tensors)
    return found


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> tuple[Plan, list[dict[str, tuple[tuple[int, ...], bytes]]]]:
    folder = tmp_path_factory.mktemp("base")
    plan = compiled(folder)
    return plan, weights(plan, folder / "run")


@pytest.fixture
def edited(base, tmp_path) -> Callable[..., tuple[Plan, list[dict[str, tuple[tuple[int, ...], bytes]]]]]:
    def made(edit: str, spec: str = SPEC) -> tuple[Plan, list[dict[str, tuple[tuple[int, ...], bytes]]]]:
        plan = compiled(tmp_path, edit, spec=spec) if edit else compiled(tmp_path, spec=spec)
        return plan, weights(plan, tmp_path / "run")

    return made


@pytest.mark.parametrize("edit", NOTHING)
def test_no_effect_is_the_same_bytes(base, edited, edit: str):
    plan, found = edited(edit)
    assert compare(base[0], plan).effect is Effect.NOTHING
    assert found == base[1]


@pytest.mark.parametrize("edit", FROM_FIRST)
def test_what_changes_results_from_the_first_stage_on(base, edited, edit: str):
    plan, found = edited(edit)
    comparison = compare(base[0], plan)
    assert (comparison.effect, comparison.first) == (Effect.RESULTS, 0)
    assert found[0] != base[1][0]


@pytest.mark.parametrize("edit", FROM_SECOND)
def test_what_changes_results_from_a_later_stage_on(base, edited, edit: str):
    plan, found = edited(edit)
    comparison = compare(base[0], plan)
    assert (comparison.effect, comparison.first) == (Effect.RESULTS, 1)
    assert found[0] == base[1][0]
    assert found[1] != base[1][1]


@pytest.mark.parametrize("edit", MODEL)
def test_a_new_model_has_other_parameters(base, edited, edit: str):
    plan, found = edited(edit)
    assert compare(base[0], plan).effect is Effect.MODEL
    assert {name: it[0] for name, it in found[0].items()} != {name: it[0] for name, it in base[1][0].items()}


def test_a_renamed_stage_has_the_same_bytes(base, edited):
    plan, found = edited("", SPEC.replace('name = "whole"', 'name = "rest"'))
    comparison = compare(base[0], plan)
    assert comparison.edits
    assert comparison.effect is Effect.NOTHING
    assert found == base[1]


def test_a_stage_more_leaves_those_before_it(base, edited):
    more = SPEC.replace("[evaluate]", '[[stages]]\nname = "more"\nepochs = 1\ntrain = "all"\nlr = 1e-4\n\n[evaluate]')
    plan, found = edited("", more)
    comparison = compare(base[0], plan)
    assert (comparison.effect, comparison.first, comparison.kept) == (Effect.RESULTS, 2, ("head", "whole"))
    assert found[:2] == base[1]
