"""Refuses a protocol that waits for validation where there is nothing to validate on."""

from specc.compiler.context import Context
from specc.plan.model import Plan, StagePlan


def require_validation(plan: Plan, context: Context) -> Plan:
    """Report stages that need a validation split when there is none; the plan stays as it is."""
    if plan.data.samples is None or "val" in plan.data.samples:
        return plan
    for (path, _), stage in zip(context.stages(), plan.stages, strict=True):
        for key in _needs_validation(stage):
            place = context.setting(path, context.spec.stages[int(path[1])], key)[1]
            headline = f"`{key}` of stage `{stage.name}` needs a validation split, and there is none"
            remedy = 'set data.val, or data.split = "stratified(val = 10%)"'
            context.problems.error("no-validation", headline, context.at(place), remedy)
    return plan


def _needs_validation(stage: StagePlan) -> list[str]:
    """Return the keys of a stage that wait for validation."""
    waits = {
        "stop": stage.stop is not None,
        "lr": any(phase.kind == "plateau" for phase in stage.schedule),
        "start_from": stage.start_from == "best",
        "expect": bool(stage.expect),
    }
    return [key for key, waiting in waits.items() if waiting]
