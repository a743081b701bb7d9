"""What a check says of stops, plateaus, rules and targets, against what the run does."""

from hypothesis import given, settings, strategies as st

from specc.compiler.checks.evaluation import _both_hold, _is_idle, _is_impossible
from specc.compiler.checks.metrics import can_hold
from specc.compiler.checks.sampling import sample_counts
from specc.compiler.checks.schedules import _is_faster
from specc.compiler.checks.stops import _earliest
from specc.frontend.expressions import parse
from specc.plan.model import GatePlan, MonitorPlan, StopPlan
from specc.runtime.monitor import has_stopped, judge
from specc.runtime.schedule import plateau
from specc.spec.expressions import Condition, Gate, Name

many = settings(max_examples=300, deadline=None, derandomize=True)

epochs = st.integers(0, 8)
halves = st.integers(0, 16).map(lambda half: half / 2)
losses = st.lists(st.sampled_from([3.0, 2.0, 1.0, 0.5]), min_size=12, max_size=12)
thresholds = st.sampled_from([-1.0, 0.0, 0.3, 0.5, 0.9, 1.0])
operators = st.sampled_from([">=", ">", "<=", "<", "=="])
conditions = st.builds(Condition, st.just(Name("a")), operators, st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.5, 7.0, 40.0]))


def stop(patience, after):
    return parse("stop", f"min loss, patience = {patience} epochs, after = {after} epochs")


def planned(patience, after):
    monitor = MonitorPlan(mode="min", metric="loss")
    return StopPlan(
        monitor=monitor,
        patience_epochs=patience,
        after_epochs=after,
        patience_steps=None,
        after_steps=None,
        min_delta=0.0,
    )


def stops_at(patience, after, every, history):
    """Return the epoch that ends a stage without an end of its own, if one does."""
    rows = [{"epoch": e, "val": {} if e % every else {"loss": loss}} for e, loss in enumerate(history, start=1)]
    plan = planned(float(patience), float(after))
    return next((e for e in range(1, len(rows) + 1) if has_stopped(plan, rows[:e])), None)


@many
@given(patience=halves, after=halves, every=st.integers(1, 4), history=losses)
def test_no_stop_acts_before_its_earliest_epoch(patience, after, every, history):
    found = stops_at(patience, after, every, history)
    assert found is None or found >= _earliest(stop(patience, after), every)


@many
@given(patience=halves, after=halves, every=st.integers(1, 4))
def test_a_stop_acts_at_its_earliest_epoch_when_the_first_is_the_best(patience, after, every):
    earliest = _earliest(stop(patience, after), every)
    assert stops_at(patience, after, every, [float(e) for e in range(earliest)]) == earliest


def changes_at(patience, every, history, total):
    """Say whether a plateau changes the rate of some epoch of a stage."""
    args = {"value": 1.0, "factor": 0.5, "patience": patience, "min_lr": 0.0}
    seen = [[history[e - 1] for e in range(1, epoch) if e % every == 0] for epoch in range(1, total + 1)]
    return any(plateau(args, losses) < 1 for losses in seen)


@many
@given(patience=epochs, every=st.integers(1, 4), history=losses, total=st.integers(1, 12))
def test_a_plateau_that_is_too_short_never_changes_the_rate(patience, every, history, total):
    has_room = (total - 1) // every >= patience + 2
    assert has_room or not changes_at(patience, every, history, total)
    assert changes_at(patience, every, [1.0] * 12, total) == has_room


@many
@given(patience=epochs, waits=halves, after=halves, history=losses)
def test_a_stop_that_is_faster_than_a_plateau_ends_the_stage_first(patience, waits, after, history):
    if _is_faster(stop(waits, after), patience):
        end = stops_at(waits, after, 1, history) or len(history)
        assert not changes_at(patience, 1, history, end)


@many
@given(condition=conditions)
def test_a_condition_that_cannot_hold_never_does(condition):
    assert can_hold(condition) == any(condition.holds(count) for count in range(1, 100))


@many
@given(rules=st.lists(conditions, min_size=1, max_size=4))
def test_the_counts_that_are_tried_tell_all_conditions_apart(rules):
    def first(count):
        return next((i for i, rule in enumerate(rules) if rule.holds(count)), None)

    assert {first(count) for count in sample_counts(rules)} == {first(count) for count in range(1, 100)}


def gate(operator, threshold, metric="top1(a)"):
    return Gate(parse("metric", metric), operator, threshold)


def passed(gate, value):
    plan = GatePlan(metric="m", operator=gate.operator, threshold=gate.threshold)
    return judge([plan], {"m": value})[0]["passed"]


SHARES = [i / 20 for i in range(21)]
LOSSES = [*SHARES, 1.5, 2.0, 50.0]


@many
@given(operator=operators, threshold=thresholds)
def test_targets_that_are_never_or_always_reached(operator, threshold):
    for values, metric in ((SHARES, "top1(a)"), (LOSSES, "loss")):
        made = gate(operator, threshold, metric)
        reached = [passed(made, value) for value in values]
        is_share = metric != "loss"
        assert not (_is_impossible(made, is_share=is_share) and any(reached))
        assert not (_is_idle(made, is_share=is_share) and not all(reached))


@many
@given(one=st.builds(gate, operators, thresholds), other=st.builds(gate, operators, thresholds))
def test_targets_that_exclude_each_other_are_never_reached_together(one, other):
    together = any(passed(one, value) and passed(other, value) for value in (i / 20 for i in range(-60, 60)))
    assert _both_hold(one, other) or not together


def test_a_patience_in_steps_is_not_counted():
    assert _earliest(parse("stop", "min loss, patience = 50 steps"), 1) == 1
