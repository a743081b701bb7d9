"""Opens every image, where that is asked for."""

from specc.compiler.context import Context
from specc.plan.model import Plan


def open_images(plan: Plan, context: Context) -> Plan:
    """Report images that cannot be read, or that are in two splits under two names; the plan stays as it is."""
    if context.watch is None:
        context.unsought |= {"unreadable-image", "same-content"}
    elif plan.data.samples is not None and plan.data.source != "builtin":
        # Nothing else in the compiler needs Pillow.
        from specc.compiler.checks_data.pixels import check_images  # noqa: PLC0415

        check_images(plan, context, context.watch)
    return plan
