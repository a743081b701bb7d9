"""Each stage: what it trains, at which rate, for how long, towards what."""

from specc.compiler.checks.names import check_condition, check_reference
from specc.compiler.context import Context
from specc.compiler.selection import match, model_parameters, nearby, select
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.expressions import Loss, Name, Rates, Sampling, Schedule, Selector, Stop
from specc.spec.stages import Stage
from specc.spec.units import Quantity


def check_stages(context: Context) -> None:
    """Report what a stage lacks, contradicts or cannot reach."""
    names = [p.name for p in model_parameters(context.spec, context.backbone, {})]
    trained: set[str] = set()
    for path, stage in context.stages():
        _required(context, path, stage)
        _loss(context, path, stage)
        if names:
            trained |= _train(context, path, stage, names)
            _rates(context, path, stage, names)
        _schedule(context, path, stage)
        _stop(context, path, stage)
        _sampling(context, path, stage)
    if names:
        _untrained_heads(context, names, trained)


def _required(context: Context, path: KeyPath, stage: Stage) -> None:
    for key in ("lr", "loss"):
        if context.setting(path, stage, key)[0] is None:
            headline = f"stage `{stage.name}` has no `{key}`"
            context.problems.error("missing-key", headline, context.at(path), "set it here, or in [defaults]")
    epochs, steps = (context.setting(path, stage, key) for key in ("epochs", "steps"))
    if epochs[0] is None and steps[0] is None:
        headline = f"stage `{stage.name}` says neither `epochs` nor `steps`"
        context.problems.error("missing-key", headline, context.at(path), "set one of them")
    if stage.epochs and stage.steps:
        labels = context.at(path.child("steps")) + context.at(path.child("epochs"), text="also set here")
        context.problems.error(
            "contradiction", f"stage `{stage.name}` says both `epochs` and `steps`", labels, "keep one"
        )


def _train(context: Context, path: KeyPath, stage: Stage, names: list[str]) -> set[str]:
    selector, place = context.setting(path, stage, "train")
    if selector is None:
        return set(names)
    assert isinstance(selector, Selector)  # noqa: S101
    if _matches_all(context, place, stage, [term.pattern for term in selector.terms], names):
        chosen = select(selector, names)
        if not chosen:
            headline = f"stage `{stage.name}` trains nothing"
            context.problems.error("selects-nothing", headline, context.at(place), "what is added is taken away again")
        _heads_without_loss(context, path, place, stage, selector, chosen)
        return chosen
    return set(names)


def _matches_all(context: Context, place: KeyPath, stage: Stage, patterns: list[Name], names: list[str]) -> bool:
    fine = True
    for pattern in patterns:
        if not match(pattern, names):
            fine = False
            options = nearby(pattern, names)
            headline = f"`{pattern}` selects nothing in stage `{stage.name}`"
            labels = context.at(place, pattern.span, "no parameter matches")
            context.problems.error("selects-nothing", headline, labels, did_you_mean(pattern.text, options, "parts"))
    return fine


def _heads_without_loss(  # noqa: PLR0913
    context: Context, path: KeyPath, place: KeyPath, stage: Stage, selector: Selector, chosen: set[str]
) -> None:
    loss, loss_place = context.setting(path, stage, "loss")
    if loss is None:
        return
    reached = {name.text for term in loss.terms for name in term.call.names()}
    for head in context.spec.model.heads:
        if head not in reached and any(name.startswith(f"heads.{head}.") for name in chosen):
            span = next(
                (t.pattern.span for t in selector.terms if t.pattern.text in (f"heads.{head}", "heads", "all")), None
            )
            labels = context.at(path.child("name")) + context.at(place, span, "trained here")
            labels += context.at(loss_place, text="this loss does not reach it")
            headline = f"stage `{stage.name}` trains head `{head}`, which its loss never sees"
            remedy = f"add a term for `{head}` to the loss, or leave `heads.{head}` out of `train`"
            context.problems.error("trains-without-loss", headline, labels, remedy)


def _untrained_heads(context: Context, names: list[str], trained: set[str]) -> None:
    for head in context.spec.model.heads:
        if not any(name.startswith(f"heads.{head}.") for name in trained):
            headline = f"no stage trains head `{head}`"
            context.problems.warn(
                "never-trained", headline, context.at(f"model.heads.{head}"), "train it, or remove it"
            )
    del names


def _rates(context: Context, path: KeyPath, stage: Stage, names: list[str]) -> None:
    rates, place = context.setting(path, stage, "rates")
    if isinstance(rates, Rates):
        _matches_all(context, place, stage, [rate.pattern for rate in rates.entries], names)


def _loss(context: Context, path: KeyPath, stage: Stage) -> None:
    loss, place = context.setting(path, stage, "loss")
    if not isinstance(loss, Loss):
        return
    heads = list(context.spec.model.heads) or list(context.spec.data.labels)
    for term in loss.terms:
        head, teachers = term.call.arguments.get("head"), term.call.arguments.get("from", ())
        if isinstance(head, Name):
            check_reference(context, place, head, heads, "head")
        for teacher in teachers if isinstance(teachers, tuple) else ():
            check_reference(context, place, teacher, list(context.spec.teachers), "teacher")
        if term.call.function == "nt_xent" and context.spec.augment.views is None:
            labels = context.at(place, term.call.span)
            headline = "`nt_xent` contrasts two views of an image, and `[augment]` has no `views`"
            context.problems.error("loss-without-views", headline, labels, 'set augment.views = "simclr(224)"')


def _schedule(context: Context, path: KeyPath, stage: Stage) -> None:
    schedule, place = context.setting(path, stage, "lr")
    if not isinstance(schedule, Schedule):
        return
    for index, phase in enumerate(schedule.phases):
        is_last = index == len(schedule.phases) - 1
        if phase.function == "warmup" and is_last:
            labels = context.at(place, phase.span)
            context.problems.error(
                "schedule-incomplete", "a warmup leads nowhere", labels, "add `then cosine(1e-3 -> 0)`"
            )
        if phase.function != "warmup" and not is_last:
            labels = context.at(place, phase.span)
            headline = f"`{phase.function}` has no end, so what comes after it never begins"
            context.problems.error("schedule-incomplete", headline, labels, "only `warmup` may stand before `then`")
        over = phase.arguments.get("over")
        if phase.function in ("cosine", "linear", "polynomial") and over and over.start < over.stop:  # type: ignore[attr-defined]
            labels = context.at(place, phase.span)
            headline = f"`{phase.function}` rises over the stage, from {over.start:g} to {over.stop:g}"  # type: ignore[attr-defined]
            context.problems.warn(
                "schedule-rises", headline, labels, f"did you mean `{over.stop:g} -> {over.start:g}`?"
            )  # type: ignore[attr-defined]
        duration = phase.arguments.get("duration")
        if isinstance(duration, Quantity):
            _fits(context, path, stage, place, duration, "schedule-too-long", "the warmup")


def _fits(  # noqa: PLR0913
    context: Context, path: KeyPath, stage: Stage, place: KeyPath, duration: Quantity, code: str, subject: str
) -> None:
    """Report what lasts as long as its stage, or longer, where both are counted in one unit."""
    total, total_place = context.setting(path, stage, str(duration.unit))
    if total is not None and duration.value >= total:
        headline = f"{subject} of {duration} leaves nothing of stage `{stage.name}`, which has {total} {duration.unit}"
        labels = context.at(place) + context.at(total_place, text="the stage ends here")
        context.problems.error(code, headline, labels, f"shorten it below {total} {duration.unit}")


def _stop(context: Context, path: KeyPath, stage: Stage) -> None:
    stop, place = context.setting(path, stage, "stop")
    if not isinstance(stop, Stop):
        return
    total, total_place = context.setting(path, stage, str(stop.after.unit))
    if total is not None and stop.after.value and stop.after.value >= total:
        headline = f"the stop can never act: it waits {stop.after}, and the stage has {total}"
        labels = context.at(place, stop.spans.get("after")) + context.at(total_place, text="ends here")
        context.problems.warn(
            "stop-never-acts", headline, labels, f"lower `after` below {total}, or leave the stop out"
        )


def _sampling(context: Context, path: KeyPath, stage: Stage) -> None:
    sampling, place = context.setting(path, stage, "sample")
    if not isinstance(sampling, Sampling):
        return
    if sampling.balanced:
        check_reference(context, place, next(sampling.balanced.names()), list(context.spec.data.labels), "label")
    for index, rule in enumerate(sampling.rules):
        check_condition(context, place, rule.condition)
        for earlier in sampling.rules[:index]:
            first, second = earlier.condition, rule.condition
            covers = first.operator in ("<", "<=") and second.operator in ("<", "<=") and first.value >= second.value
            if first.label == second.label and covers:
                labels = context.at(place, rule.span, "never reached") + context.at(
                    place, earlier.span, "applies first"
                )
                headline = f"the rule `{rule}` can never apply"
                context.problems.warn("unreachable-rule", headline, labels, "put the narrower rule first")
