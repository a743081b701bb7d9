"""Rules that draw samples by weight: each must apply to some class, and change something."""

import math

from specc.compiler.checks.metrics import check_condition, check_counted
from specc.compiler.checks.rows import Row, table
from specc.compiler.context import Context
from specc.paths import KeyPath
from specc.spec.expressions import Condition, Rule, Sampling


def check_sampling(context: Context) -> None:
    """Report rules of labels that there are not, that never apply, or that weigh all alike."""
    for row in table(context):
        sampling, place = row.setting("sample")
        if sampling is None:
            continue
        if sampling.balanced:
            check_counted(context, place, next(sampling.balanced.names()))
        for rule in sampling.rules:
            check_counted(context, place, rule.condition.label)
            check_condition(context, place, rule.condition)
        if _of_one_label(row, place, sampling):
            _unreachable(row, place, sampling.rules)
        if sampling.rules and all(rule.weight == 1 for rule in sampling.rules):
            headline = f"`{sampling}` draws all samples alike: what no rule is for weighs 1, too"
            row.warn("does-nothing", headline, row.at(place), "raise a weight, or say `none`")


def _of_one_label(row: Row, place: KeyPath, sampling: Sampling) -> bool:
    """Report rules that count samples of several labels."""
    counted = {rule.condition.label.text for rule in sampling.rules}
    if len(counted) > 1:
        headline = f"the rules count samples of {len(counted)} labels: {', '.join(sorted(counted))}"
        row.error("contradiction", headline, row.at(place), "keep to one label")
    return len(counted) <= 1


def _unreachable(row: Row, place: KeyPath, rules: tuple[Rule, ...]) -> None:
    """Report rules that are the first to match at no number of samples."""
    counts = sample_counts([rule.condition for rule in rules])
    for index, rule in enumerate(rules):
        meant = [count for count in counts if rule.condition.holds(count)]
        earlier = [other for other in rules[:index] if any(other.condition.holds(count) for count in meant)]
        if earlier and all(any(other.condition.holds(count) for other in earlier) for count in meant):
            labels = row.at(place, rule.span, "never reached") + row.at(place, earlier[0].span, "applies first")
            headline = f"the rule `{rule}` can never apply"
            row.warn("unreachable-rule", headline, labels, "put the narrower rule first")


def sample_counts(conditions: list[Condition]) -> list[int]:
    """Return numbers of samples that tell all conditions apart: 1, and those around each threshold.

    >>> from specc.spec.expressions import Name
    >>> sample_counts([Condition(Name("a"), "<", 50.0)])
    [1, 49, 50, 51]
    """
    around = {math.floor(condition.value) + step for condition in conditions for step in (-1, 0, 1)}
    return sorted({1} | {count for count in around if count > 1})
