"""Reads the manifest: classes, counts, sizes of the splits and fingerprints."""

from specc.compiler.context import Context
from specc.data.index import build_index
from specc.errors import DataError
from specc.plan.model import Plan


def read_data(plan: Plan, context: Context) -> Plan:
    """Write what the data says into the plan; a plan made without data stays as it is.

    Raises: DataError, which names a profile on built-in data where there is one.
    """
    if not context.with_data:
        return plan
    try:
        index = build_index(plan.data, plan.seed)
    except DataError as error:
        raise DataError(error.message, help=_remedy(context, error)) from None
    return plan.model_copy(update={"data": index.data})


def _remedy(context: Context, error: DataError) -> str | None:
    if not error.message.startswith("there is no") or context.spec.data.source == "builtin":
        return error.help
    return "; ".join(filter(None, [error.help, *(f"`--profile {p}` runs on built-in data" for p in context.builtin_profiles)]))
