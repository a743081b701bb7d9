"""Each stage: what it trains, at which rate, for how long, towards what."""

from dataclasses import dataclass
from typing import Any

from specc.compiler.checks.names import check_condition, check_reference
from specc.compiler.context import Context
from specc.compiler.selection import match, model_parameters, nearby, select
from specc.diagnostics.model import Label
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Condition, Interval, Name, Selector
from specc.spec.stages import Stage
from specc.spec.units import Quantity, number_text

_CLASS_LOSSES = ("cross_entropy", "focal", "binary_cross_entropy", "distill")


@dataclass(frozen=True)
class Row:
    """A stage, where it is written, and the spec around it."""

    context: Context
    path: KeyPath
    stage: Stage

    def setting(self, key: str) -> tuple[Any, KeyPath]:
        """Return the stage's value of a key, or the default for all stages, and where it is written."""
        return self.context.setting(self.path, self.stage, key)

    def error(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str | None = None) -> None:
        """Report what cannot work."""
        self.context.problems.error(code, headline, labels, remedy)

    def warn(self, code: str, headline: str, labels: tuple[Label, ...], remedy: str | None = None) -> None:
        """Report what cannot be meant."""
        self.context.problems.warn(code, headline, labels, remedy)


def check_stages(context: Context) -> None:
    """Report what a stage lacks, contradicts or cannot reach."""
    names = [p.name for p in model_parameters(context.spec, context.backbone, {})]
    trained: set[str] = set()
    for path, stage in context.stages():
        row = Row(context, path, stage)
        _required(row)
        _loss(row)
        if names:
            trained |= _train(row, names)
            _rates(row, names)
        _schedule(row)
        _optimizer(row)
        _stop(row)
        _sampling(row)
    if names:
        _untrained_heads(context, trained)


def _required(row: Row) -> None:
    name = row.stage.name
    for key in ("lr", "loss"):
        if row.setting(key)[0] is None:
            headline = f"stage `{name}` has no `{key}`"
            row.error("missing-key", headline, row.context.at(row.path), "set it here, or in [defaults]")
    if row.setting("epochs")[0] is None and row.setting("steps")[0] is None:
        headline = f"stage `{name}` says neither `epochs` nor `steps`"
        row.error("missing-key", headline, row.context.at(row.path), "set one of them")
    _divided_once(row)
    defaults = row.context.spec.defaults
    if defaults.epochs and defaults.steps:
        labels = row.context.at("defaults.steps") + row.context.at("defaults.epochs", text="also set here")
        row.error("contradiction", "`[defaults]` says both `epochs` and `steps`", labels, "keep one")
    if row.stage.epochs and row.stage.steps:
        labels = row.context.at(row.path.child("steps"))
        labels += row.context.at(row.path.child("epochs"), text="also set here")
        row.error("contradiction", f"stage `{name}` says both `epochs` and `steps`", labels, "keep one")


def _divided_once(row: Row) -> None:
    """Report a batch that is divided by a size and by a number of parts."""
    size, place = row.setting("micro_batch_size")
    parts, other = row.setting("grad_accum_steps")
    if size not in (None, "auto") and parts is not None:
        labels = row.context.at(place) + row.context.at(other, text="divided here, too")
        headline = "`micro_batch_size` and `grad_accum_steps` both divide the batch"
        row.error("contradiction", headline, labels, "keep one")


def _train(row: Row, names: list[str]) -> set[str]:
    """Report selectors that select nothing, and heads without a loss; return what the stage trains."""
    selector, place = row.setting("train")
    if selector is None:
        return set(names)
    if not _matches_all(row, place, [term.pattern for term in selector.terms], names):
        return set(names)
    chosen = select(selector, names)
    if not chosen:
        headline = f"stage `{row.stage.name}` trains nothing"
        row.error("selects-nothing", headline, row.context.at(place), "what is added is taken away again")
    known = [h for h, head in row.context.spec.model.heads.items() if head.out or h in row.context.spec.data.labels]
    for head in known if _loss_heads_are_known(row) else ():
        if any(name.startswith(f"heads.{head}.") for name in chosen):
            _head_with_loss(row, head, selector, place)
    return chosen


def _loss_heads_are_known(row: Row) -> bool:
    """Say whether the loss names heads only; an unknown one is reported by itself."""
    loss = row.setting("loss")[0]
    heads = {str(term.call.arguments.get("head")) for term in loss.terms} if loss else set()
    return heads <= set(row.context.spec.model.heads)


def _matches_all(row: Row, place: KeyPath, patterns: list[Name], names: list[str]) -> bool:
    missing = [pattern for pattern in patterns if not match(pattern, names)]
    for pattern in missing:
        headline = f"`{pattern}` selects nothing in stage `{row.stage.name}`"
        labels = row.context.at(place, pattern.span, "no parameter matches")
        row.error("selects-nothing", headline, labels, did_you_mean(pattern.text, nearby(pattern, names), "parts"))
    return not missing


def _head_with_loss(row: Row, head: str, selector: Selector, place: KeyPath) -> None:
    loss, loss_place = row.setting("loss")
    if loss is None or head in {name.text for term in loss.terms for name in term.call.names()}:
        return
    span = next((t.pattern.span for t in selector.terms if t.pattern.text in (f"heads.{head}", "heads", "all")), None)
    labels = row.context.at(row.path.child("name")) + row.context.at(place, span, "trained here")
    labels += row.context.at(loss_place, text="this loss does not reach it")
    headline = f"stage `{row.stage.name}` trains head `{head}`, which its loss never sees"
    remedy = f"add a term for `{head}` to the loss, or leave `heads.{head}` out of `train`"
    row.error("trains-without-loss", headline, labels, remedy)


def _untrained_heads(context: Context, trained: set[str]) -> None:
    for head in context.spec.model.heads:
        if not any(name.startswith(f"heads.{head}.") for name in trained):
            headline = f"no stage trains head `{head}`"
            context.problems.warn(
                "never-trained", headline, context.at(f"model.heads.{head}"), "train it, or remove it"
            )


def _rates(row: Row, names: list[str]) -> None:
    rates, place = row.setting("rates")
    if rates is not None:
        _matches_all(row, place, [rate.pattern for rate in rates.entries], names)


def _loss(row: Row) -> None:
    loss, place = row.setting("loss")
    spec = row.context.spec
    heads = list(spec.model.heads) or list(spec.data.labels)
    for call in (term.call for term in loss.terms) if loss else ():
        head, teachers = call.arguments.get("head"), call.arguments.get("from", ())
        if isinstance(head, Name):
            known = check_reference(row.context, place, head, heads, "head")
            has_no_label = (
                known and spec.model.heads and spec.model.heads[head.text].out and head.text not in spec.data.labels
            )
            if has_no_label and call.function in _CLASS_LOSSES:
                headline = f"`{call.function}` compares with classes, and head `{head}` has no label"
                row.error("unknown-label", headline, row.context.at(place, head.span), f"declare [data.labels.{head}]")
        for teacher in teachers if isinstance(teachers, tuple) else ():
            check_reference(row.context, place, teacher, list(spec.teachers), "teacher")
        if call.function == "nt_xent" and spec.augment.views is None:
            headline = "`nt_xent` contrasts two views of an image, and `[augment]` has no `views`"
            labels = row.context.at(place, call.span)
            row.error("loss-without-views", headline, labels, 'set augment.views = "simclr(224)"')


def _schedule(row: Row) -> None:
    schedule, place = row.setting("lr")
    for index, phase in enumerate(schedule.phases if schedule else ()):
        labels = row.context.at(place, phase.span)
        is_last = index == len(schedule.phases) - 1
        if phase.function == "warmup" and is_last:
            row.error("schedule-incomplete", "a warmup leads nowhere", labels, "add `then cosine(1e-3 -> 0)`")
        if phase.function != "warmup" and not is_last:
            headline = f"`{phase.function}` has no end, so what comes after it never begins"
            row.error("schedule-incomplete", headline, labels, "only `warmup` may stand before `then`")
        over, duration = phase.arguments.get("over"), phase.arguments.get("duration")
        if isinstance(over, Interval) and over.start < over.stop:
            start, stop = number_text(over.start), number_text(over.stop)
            headline = f"`{phase.function}` rises over the stage, from {start} to {stop}"
            row.warn("schedule-rises", headline, labels, f"did you mean `{stop} -> {start}`?")
        if isinstance(duration, Quantity):
            _warmup_fits(row, place, duration)


def _optimizer(row: Row) -> None:
    optimizer, place = row.setting("optimizer")
    index = int(row.path[1])
    if row.setting("carry_optimizer")[0] and index:
        before = Row(row.context, KeyPath(("stages", index - 1)), row.context.spec.stages[index - 1])
        kinds = [call.function if call else "adamw" for call in (before.setting("optimizer")[0], optimizer)]
        if kinds[0] != kinds[1]:
            headline = f"stage `{row.stage.name}` carries the state of `{kinds[0]}` over to `{kinds[1]}`"
            row.error("contradiction", headline, row.context.at(place), "keep the optimizer, or begin with a fresh one")
    if optimizer and optimizer.arguments.get("nesterov") == "true" and not optimizer.number("momentum"):
        headline = "`nesterov` needs a momentum"
        row.error("contradiction", headline, row.context.at(place, optimizer.span), "write `sgd(momentum = 0.9, ...)`")


def _warmup_fits(row: Row, place: KeyPath, duration: Quantity) -> None:
    """Report a warmup as long as its stage, where both are counted in one unit."""
    total, total_place = row.setting(str(duration.unit))
    if total is not None and duration.value >= total:
        headline = (
            f"the warmup of {duration} leaves nothing of stage `{row.stage.name}`, which has {total} {duration.unit}"
        )
        labels = row.context.at(place) + row.context.at(total_place, text="the stage ends here")
        row.error("schedule-too-long", headline, labels, f"shorten it below {total} {duration.unit}")


def _stop(row: Row) -> None:
    stop, place = row.setting("stop")
    if stop is None:
        return
    total, total_place = row.setting(str(stop.after.unit))
    if total is not None and stop.after.value and stop.after.value >= total:
        headline = f"the stop can never act: it waits {stop.after}, and the stage has {total}"
        labels = row.context.at(place, stop.spans.get("after")) + row.context.at(total_place, text="ends here")
        row.warn("stop-never-acts", headline, labels, f"lower `after` below {total}, or leave the stop out")


def _sampling(row: Row) -> None:
    sampling, place = row.setting("sample")
    if sampling is None:
        return
    if sampling.balanced:
        check_reference(
            row.context, place, next(sampling.balanced.names()), list(row.context.spec.data.labels), "label"
        )
    counted = {rule.condition.label.text for rule in sampling.rules}
    if len(counted) > 1:
        headline = f"the rules count samples of {len(counted)} labels: {', '.join(sorted(counted))}"
        row.error("contradiction", headline, row.context.at(place), "keep to one label")
    for index, rule in enumerate(sampling.rules):
        check_condition(row.context, place, rule.condition)
        first = next(
            (earlier for earlier in sampling.rules[:index] if _covers(earlier.condition, rule.condition)), None
        )
        if first:
            labels = row.context.at(place, rule.span, "never reached") + row.context.at(
                place, first.span, "applies first"
            )
            row.warn("unreachable-rule", f"the rule `{rule}` can never apply", labels, "put the narrower rule first")


def _covers(first: Condition, second: Condition) -> bool:
    """Say whether every count that the second condition means is meant by the first.

    >>> small, large = Condition(Name("a"), "<", 50), Condition(Name("a"), "<", 80)
    >>> _covers(large, small), _covers(small, large)
    (True, False)
    """
    if first.label != second.label:
        return False
    below, above = ("<", "<="), (">", ">=")
    if first.operator in below and second.operator in (*below, "=="):
        strict = first.operator == "<" and second.operator != "<"
        return first.value > second.value or (first.value == second.value and not strict)
    if first.operator in above and second.operator in (*above, "=="):
        strict = first.operator == ">" and second.operator != ">"
        return first.value < second.value or (first.value == second.value and not strict)
    return first == second
