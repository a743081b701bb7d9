"""Laws of comparisons: nothing is lost, each edit has a class, and the classes agree with the digests."""

from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from specc.diff.changes import changes
from specc.diff.edits import apply
from specc.diff.effects import Comparison, Effect, compare
from specc.diff.render import as_json, as_markdown, as_text
from specc.plan.model import Plan
from tests.property.test_plans import SOME_EDITS

some = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def without_origins(plan: Plan) -> Plan:
    return plan.model_copy(update={"origins": {}})


def hold(comparison: Comparison) -> None:
    """Hold a comparison to the laws."""
    edits = [it.edit for it in comparison.edits]
    assert apply(edits, comparison.old) == without_origins(comparison.new)
    places = [it.first for it in comparison.edits if it.first is not None]
    assert min(places, default=None) == comparison.first
    assert all((it.first is None) == (it.effect is Effect.NOTHING) for it in comparison.edits)
    assert bool(comparison.edits) == bool(changes(comparison))
    for text in (as_text(comparison), as_json(comparison), as_markdown(comparison, "x")):
        assert text.endswith("\n")


@some
@given(old=SOME_EDITS, new=SOME_EDITS)
def test_comparisons_are_complete_and_agree_with_the_digests(quickstart, old, new):
    hold(compare(quickstart(*old), quickstart(*new)))


@some
@given(old=SOME_EDITS, new=SOME_EDITS)
def test_there_and_back_is_no_difference(quickstart, old, new):
    one, other = quickstart(*old), quickstart(*new)
    back = apply(
        [it.edit for it in compare(other, one).edits], apply([it.edit for it in compare(one, other).edits], one)
    )
    assert back == without_origins(one)


@pytest.mark.parametrize(
    "names", list(product(("warmup", "begin"), ("finetune", "middle"), ("polish", "end"))), ids=str
)
def test_renamed_stages_are_known_again(quickstart, names):
    old = quickstart()
    stages = tuple(stage.model_copy(update={"name": name}) for stage, name in zip(old.stages, names, strict=True))
    comparison = compare(old, old.model_copy(update={"stages": stages}))
    hold(comparison)
    assert comparison.effect is Effect.NOTHING
    assert comparison.retrained == ()
    assert [str(it.edit.path) for it in comparison.edits if it.edit.path[-1] == "name"] == [
        f"stages.{stage.name}.name" for stage, name in zip(old.stages, names, strict=True) if stage.name != name
    ]


def test_a_stage_that_is_renamed_and_changed_is_known_again(quickstart):
    old = quickstart()
    new = quickstart("stages.polish.lr=2e-4")
    last = new.stages[-1].model_copy(update={"name": "end"})
    comparison = compare(old, new.model_copy(update={"stages": (*new.stages[:-1], last)}))
    hold(comparison)
    assert comparison.called["end"] == "polish"
    assert comparison.retrained == ("end",)


def test_a_stage_that_moves_is_one_change(quickstart):
    old = quickstart()
    first, second, third = old.stages
    comparison = compare(old, old.model_copy(update={"stages": (first, third, second)}))
    hold(comparison)
    (change,) = changes(comparison)
    assert change.name == "the order of stages"
    assert (change.old, change.new) == ("warmup finetune polish", "warmup polish finetune")
    assert comparison.retrained == ("polish", "finetune")


def test_a_stage_less_leaves_the_others(quickstart):
    old = quickstart()
    comparison = compare(old, old.model_copy(update={"stages": old.stages[:-1]}))
    hold(comparison)
    assert comparison.kept == ("warmup", "finetune")
    assert comparison.retrained == ()
    assert "the run ends after finetune" in as_text(comparison)


@given(st.sampled_from(["1e-4", "0.0001", "1.0E-4"]), st.sampled_from(["1e-4", "0.0001", "1.0E-4"]))
@settings(deadline=None, derandomize=True)
def test_equal_meanings_are_no_difference(quickstart, one, other):
    assert not compare(quickstart(f"stages.polish.lr={one}"), quickstart(f"stages.polish.lr={other}")).edits
