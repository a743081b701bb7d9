"""The compiler: one tuple of passes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from specc.compiler.context import Context
from specc.compiler.lower import lower
from specc.compiler.passes.apply_counts import apply_counts
from specc.compiler.passes.partition import partition
from specc.compiler.passes.read_data import read_data
from specc.compiler.passes.resolve_durations import resolve_durations
from specc.compiler.validate import validated
from specc.diagnostics.model import SpecError
from specc.diagnostics.suggest import did_you_mean
from specc.errors import UsageError
from specc.plan.model import Plan

Pass = Callable[[Plan, Context], Plan]

PASSES: Final[tuple[Pass, ...]] = (read_data, partition, resolve_durations, apply_counts)
"""What turns a lowered plan into a complete one, in order."""


def compile_spec(
    path: Path,
    profiles: tuple[str, ...] = (),
    overrides: tuple[str, ...] = (),
    *,
    with_data: bool = True,
    until: str | None = None,
) -> tuple[Plan, Context]:
    """Check a spec and compile it, whole or up to the pass called `until`.

    Raises: SpecError, DataError, InputError or UsageError when it cannot be compiled.
    """
    names = ["lower", *(each.__name__ for each in PASSES)]
    if until is not None and until not in names:
        raise UsageError(f"there is no pass `{until}`", help=did_you_mean(until, names, "passes"))
    context = validated(path, profiles, overrides, with_data=with_data)
    plan = _lowered(context, until)
    if context.problems.errors:
        raise SpecError(context.problems.sorted())
    return plan.model_copy(update={"origins": {**plan.origins, **context.origins}}), context


def check_data(context: Context) -> Plan:
    """Compile a checked spec, so that what only the data can show is added to its problems.

    Raises: MissingData when the data is not here, DataError when it is wrong.
    """
    return _lowered(context, None)


def _lowered(context: Context, until: str | None) -> Plan:
    plan = lower(context)
    for each in PASSES if until != "lower" else ():
        plan = each(plan, context)
        if each.__name__ == until:
            break
    return plan
