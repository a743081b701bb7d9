"""Reads the manifest: classes, counts, sizes of the splits and fingerprints."""

from specc.compiler.context import Context
from specc.errors import MissingData
from specc.plan.model import Plan


def read_data(plan: Plan, context: Context) -> Plan:
    """Write what the data says into the plan, and report what it shows; a plan made without data stays as it is.

    Raises: DataError; a MissingData names a profile on built-in data where there is one.
    """
    if not context.with_data:
        return plan
    # numpy and all that reads with it take longer to import than a spec takes to check, and most checks need no data.
    from specc.compiler.checks_data.reading import checked_data  # noqa: PLC0415

    try:
        data = checked_data(plan, context)
    except MissingData as error:
        raise MissingData(error.message, help=_remedy(context, error)) from None
    return plan if data is None else plan.model_copy(update={"data": data})


def _remedy(context: Context, error: MissingData) -> str:
    profiles = (f"`--profile {name}` runs on built-in data" for name in context.builtin_profiles)
    return "; ".join(filter(None, [error.help, *profiles]))
