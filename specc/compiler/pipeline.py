"""The compiler: one tuple of passes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from specc.compiler.context import Context
from specc.compiler.lower import lower
from specc.compiler.passes.apply_counts import apply_counts
from specc.compiler.passes.check_steps import check_steps
from specc.compiler.passes.compare_weights import compare_weights
from specc.compiler.passes.open_images import open_images
from specc.compiler.passes.partition import partition
from specc.compiler.passes.read_data import read_data
from specc.compiler.passes.read_weights import read_weights
from specc.compiler.passes.require_validation import require_validation
from specc.compiler.passes.resolve_durations import resolve_durations
from specc.compiler.validate import apply_allowed, validated
from specc.diagnostics.model import SpecError
from specc.diagnostics.suggest import did_you_mean
from specc.errors import UsageError
from specc.plan.model import Plan

Pass = Callable[[Plan, Context], Plan]

PASSES: Final[tuple[Pass, ...]] = (
    read_data,
    open_images,
    require_validation,
    read_weights,
    partition,
    compare_weights,
    resolve_durations,
    check_steps,
    apply_counts,
)
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
    context = validated(path, profiles, overrides, with_data=with_data)
    return compile_checked(context, until), context


def compile_checked(context: Context, until: str | None = None) -> Plan:
    """Compile a spec that was checked; what only its data shows is added to the context's problems.

    Raises: SpecError when that is an error, DataError when the data is wrong, MissingData when it is not here.
    """
    names = ["lower", *(each.__name__ for each in PASSES)]
    if until is not None and until not in names:
        raise UsageError(f"there is no pass `{until}`", help=did_you_mean(until, names, "passes"))
    last = len(PASSES) if until is None else names.index(until)
    plan = lower(context)
    for each in PASSES[:last]:
        plan = each(plan, context)
    apply_allowed(context, complete=context.with_data and until is None)
    if context.problems.errors:
        raise SpecError(context.problems.sorted())
    return plan.model_copy(update={"origins": {**plan.origins, **context.origins}})
