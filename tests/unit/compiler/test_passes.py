"""What completes a plan."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from specc.compiler.context import Context
from specc.compiler.passes.apply_counts import class_weights
from specc.compiler.pipeline import PASSES, compile_spec
from specc.diagnostics.model import SpecError
from specc.errors import UsageError
from specc.frontend.expressions import parse
from specc.plan.model import Plan

SPEC = """
specc = 1
name = "passes"
model = {{ backbone = "test_resnet", heads = {{ digit = {{}} }} }}
defaults = {{ loss = "cross_entropy(digit)" }}

[data]
source = "builtin"
dataset = "digits"
split = "stratified(digit, val = 15%, test = 20%)"
labels.digit = {{ rare = {{ 8 = 24, 3 = 4 }} }}

[[stages]]
name = "one"
{first}

[[stages]]
name = "two"
{second}
"""
LENGTH = "epochs = 2\nlr = 1e-3"


@pytest.fixture
def compiled(tmp_path) -> Callable[..., tuple[Plan, Context]]:
    """Compile two stages."""

    def run(first: str = LENGTH, second: str = LENGTH, **more: object) -> tuple[Plan, Context]:
        path = Path(tmp_path, "passes.toml")
        path.write_text(SPEC.format(first=first, second=second), encoding="utf-8")
        return compile_spec(path, **more)

    return run


# resolve_durations


@pytest.mark.parametrize(
    ("written", "steps", "epochs"),
    [
        ("epochs = 3\nbatch_size = 100", 30, 3.0),
        ("epochs = 3\nbatch_size = 4096", 3, 3.0),
        ("steps = 5\nbatch_size = 100", 5, 0.5),
    ],
)
def test_an_epoch_is_every_sample_once_the_last_batch_shorter(compiled, written, steps, epochs):
    stage = compiled(f"{written}\nlr = 1e-3")[0].stages[0]
    assert (stage.steps, stage.epochs) == (steps, epochs)


@pytest.mark.parametrize(
    ("lr", "phases"),
    [
        ("1e-3", [("constant", 0, 20)]),
        ("warmup(1 epoch) then cosine(1e-3 -> 0)", [("warmup", 0, 10), ("cosine", 10, 10)]),
        ("warmup(3 steps) then linear(1e-3 -> 0)", [("warmup", 0, 3), ("linear", 3, 17)]),
        ("warmup(0.01 epochs) then 1e-3", [("warmup", 0, 1), ("constant", 1, 19)]),
        ("warmup(2 steps) then warmup(1 epoch) then 1e-3", [("warmup", 0, 2), ("warmup", 2, 10), ("constant", 12, 8)]),
    ],
)
def test_phases_follow_each_other_to_the_end(compiled, lr, phases):
    stage = compiled(f'epochs = 2\nbatch_size = 100\nlr = "{lr}"')[0].stages[0]
    assert [(phase.kind, phase.start, phase.steps) for phase in stage.schedule] == phases


def test_durations_inside_a_schedule_and_a_stop(compiled):
    stage = compiled(
        'epochs = 9\nbatch_size = 100\nlr = "step(0.1, every = 3 epochs)"\n'
        'stop = "min loss, patience = 25 steps, after = 2 epochs"'
    )[0].stages[0]
    assert stage.schedule[0].args["every_steps"] == 30
    assert (stage.stop.patience_epochs, stage.stop.after_epochs) == (2.5, 2.0)


def test_a_last_batch_of_one_is_no_error_where_the_backbone_stands_still(compiled):
    samples = compiled()[0].data.samples["train"]
    lone = f"epochs = 1\nlr = 1e-3\nbatch_size = {samples - 1}"
    assert compiled(f'{lone}\ntrain = "heads"')[0].stages[0].steps == 2
    with pytest.raises(SpecError) as caught:
        compiled(lone)
    assert [d.code for d in caught.value.diagnostics] == ["batch-of-one"]


def test_without_data_nothing_is_counted(compiled):
    stage = compiled(with_data=False)[0].stages[0]
    assert (stage.steps, stage.steps_per_epoch, stage.epochs) == (None, None, 2)


# partition


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LENGTH, LENGTH),
        (f'{LENGTH}\ntrain = "heads"', LENGTH),
        (f'{LENGTH}\ntrain = "all - backbone.conv1"\nrates = "backbone.layer4 * 0.5, backbone * 0.1"', LENGTH),
        (f'{LENGTH}\nrates = "layer_decay(0.7)"', f'{LENGTH}\ntrain = "backbone.layer1 + heads"'),
    ],
)
def test_every_parameter_is_in_exactly_one_group(compiled, first, second):
    plan, context = compiled(first, second)
    grouped = [name for group in plan.model.groups for name in group.parameters]
    expected = [f"backbone.{p.name}" for p in context.backbone.parameters]
    assert sorted(grouped) == sorted([*expected, "heads.digit.weight", "heads.digit.bias"])
    assert len({group.name for group in plan.model.groups}) == len(plan.model.groups)
    assert all(stage.train.keys() <= {group.name for group in plan.model.groups} for stage in plan.stages)


def factor(plan: Plan, stage: int, parameter: str) -> float | None:
    group = next(group for group in plan.model.groups if parameter in group.parameters)
    return plan.stages[stage].train.get(group.name)


def test_a_group_is_frozen_or_trains_at_its_rate(compiled):
    rates = 'rates = "backbone.layer4 * 0.5, backbone * 0.1"'
    plan = compiled(f'{LENGTH}\ntrain = "all - backbone.conv1"\n{rates}', f'{LENGTH}\ntrain = "heads"')[0]
    assert factor(plan, 0, "backbone.conv1.0.weight") is None
    assert factor(plan, 0, "backbone.layer4.0.conv1.weight") == 0.5
    assert factor(plan, 0, "backbone.layer1.0.conv1.weight") == 0.1
    assert factor(plan, 0, "heads.digit.weight") == 1.0
    assert factor(plan, 1, "backbone.layer4.0.conv1.weight") is None
    assert plan.stages[1].trained_parameters == 96 * 10 + 10


def test_layer_decay_multiplies_from_the_top(compiled):
    plan, context = compiled(f'{LENGTH}\nrates = "layer_decay(0.5)"')
    for p in context.backbone.parameters:
        assert math.isclose(factor(plan, 0, f"backbone.{p.name}"), 0.5**p.depth)
    assert factor(plan, 0, "heads.digit.weight") == 1.0


def test_without_data_the_heads_have_no_shape(compiled):
    plan = compiled(with_data=False)[0]
    assert plan.parameter_count is None
    assert plan.stages[0].trained_parameters is None


# apply_counts


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("5 where count(d) < 50, 3 where count(d) < 80", (5.0, 3.0, 1.0, 1.0)),
        ("3 where count(d) < 80, 5 where count(d) < 50", (3.0, 3.0, 1.0, 1.0)),
        ("2 where count(d) >= 80", (1.0, 1.0, 2.0, 2.0)),
        ("0.5 where count(d) == 80", (1.0, 1.0, 0.5, 1.0)),
        ("7 where count(d) <= 20", (7.0, 1.0, 1.0, 1.0)),
        ("7 where count(d) > 1000", (1.0, 1.0, 1.0, 1.0)),
        ("balanced(d)", (14.375, 5.75, 3.59375, 0.2875)),
    ],
)
def test_the_weight_of_each_class(text, weights):
    assert class_weights(parse("sampling", text), (20, 50, 80, 1000)) == weights


def test_a_class_without_samples_is_never_drawn():
    assert class_weights(parse("sampling", "balanced(d)"), (4, 0)) == (1.0, 0.0)


def test_what_each_rule_moves(compiled):
    sample = "9 where count(digit) < 10, 2 where count(digit) < 50"
    plan = compiled(f'{LENGTH}\nsample = "{sample}"')[0]
    sampling = plan.stages[0].sampling
    assert [(rule["classes"], rule["samples"]) for rule in sampling.moved] == [(1, 4), (1, 24)]
    total = plan.data.samples["train"] + 8 * 4 + 1 * 24
    assert [rule["share"] for rule in sampling.moved] == pytest.approx([36 / total, 48 / total], abs=1e-6)


def test_a_condition_of_a_metric_becomes_classes(compiled):
    expect = 'expect = ["macro_f1(digit where count(digit) < 50) >= 1%"]'
    metrics = compiled(f"{LENGTH}\n{expect}")[0].evaluate.metrics
    assert metrics["macro_f1(digit where count(digit) < 50)"].args["classes"] == [3, 8]


# the pipeline


@pytest.mark.parametrize("name", ["lower", *(each.__name__ for each in PASSES)])
def test_the_plan_can_be_seen_after_each_pass(compiled, name):
    assert compiled(until=name)[0].name == "passes"


def test_a_pass_that_there_is_not(compiled):
    with pytest.raises(UsageError) as caught:
        compiled(until="partion")
    assert caught.value.help == "did you mean `partition`?"
