"""Everything that can be known without training."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from specc.compiler.checks.batches import check_batches
from specc.compiler.checks.data import check_data
from specc.compiler.checks.evaluation import check_evaluation
from specc.compiler.checks.images import check_images
from specc.compiler.checks.losses import check_losses
from specc.compiler.checks.metrics import check_metrics
from specc.compiler.checks.mixing import check_mixing
from specc.compiler.checks.model import check_model
from specc.compiler.checks.monitors import check_monitors
from specc.compiler.checks.names import check_names
from specc.compiler.checks.privacy import check_privacy
from specc.compiler.checks.run import check_run
from specc.compiler.checks.sampling import check_sampling
from specc.compiler.checks.schedules import check_schedules
from specc.compiler.checks.selection import check_selection
from specc.compiler.checks.stages import check_stages
from specc.compiler.checks.stops import check_stops
from specc.compiler.checks.sweep import check_sweep
from specc.compiler.checks.transforms import check_transforms
from specc.compiler.checks.unused import check_unused
from specc.compiler.context import Context
from specc.compiler.structure import build_spec
from specc.diagnostics.explanations import codes
from specc.diagnostics.model import Diagnostics, Severity, SpecError, at
from specc.diagnostics.suggest import did_you_mean
from specc.frontend.load import Loaded, load
from specc.paths import KeyPath

CHECKS: Final[tuple[Callable[[Context], None], ...]] = (
    check_names,
    check_data,
    check_transforms,
    check_images,
    check_model,
    check_stages,
    check_batches,
    check_selection,
    check_losses,
    check_mixing,
    check_schedules,
    check_stops,
    check_sampling,
    check_metrics,
    check_evaluation,
    check_monitors,
    check_privacy,
    check_run,
    check_sweep,
    check_unused,
)
"""All checks of a spec's meaning, in order."""


def validate(
    path: Path, profiles: tuple[str, ...] = (), overrides: tuple[str, ...] = (), *, with_data: bool = True
) -> tuple[Context | None, Diagnostics]:
    """Read and check a spec; the context is None when its shape is wrong.

    Raises: InputError when a file cannot be read, UsageError for a wrong profile or override.
    """
    problems = Diagnostics()
    loaded = load(path, profiles, overrides, problems)
    if loaded is None:
        return None, problems
    spec = build_spec(loaded.document, problems)
    _check_profiles(loaded, problems)
    if spec is None:
        return None, problems
    builtin = _on_builtin_data(loaded)
    context = Context(loaded.document, spec, problems, with_data, builtin, loaded.sources)
    _check(context)
    return context, problems


def _check(context: Context) -> None:
    """Run all checks; where keys had to be left out, keep what that cannot be the reason of."""
    before = list(context.problems.found)
    is_whole = not context.problems.errors
    for check in CHECKS:
        check(context)
    if not is_whole:
        found = [d for d in context.problems.found if d not in before]
        context.problems.drop(d for d in found if d.severity is Severity.WARNING or d.code == "missing-key")


def validated(
    path: Path, profiles: tuple[str, ...] = (), overrides: tuple[str, ...] = (), *, with_data: bool = True
) -> Context:
    """Read a spec that must be right.

    Raises: SpecError with all problems when it is not.
    """
    context, problems = validate(path, profiles, overrides, with_data=with_data)
    if context is None or problems.errors:
        raise SpecError(problems.sorted())
    return context


def _check_profiles(loaded: Loaded, problems: Diagnostics) -> None:
    """Report the shape of profiles that were not asked for, too."""
    for document in loaded.profiles.values():
        build_spec(document, problems)


def _on_builtin_data(loaded: Loaded) -> tuple[str, ...]:
    """Return the profiles that need no data of the user's."""
    trees = {name: document.tree.get("data") for name, document in loaded.profiles.items()}
    return tuple(name for name, data in trees.items() if isinstance(data, dict) and data.get("source") == "builtin")


def apply_allowed(context: Context, *, complete: bool) -> None:
    """Drop warnings that the spec allows; report what is no code, and, once all is checked, what is never said."""
    warnings = [d for d in context.problems.found if d.severity is Severity.WARNING]
    said, allowed = {d.code for d in warnings}, context.spec.allow
    context.problems.drop(d for d in warnings if d.code in allowed)
    for code in (code for code in allowed if code not in said):
        place = KeyPath(("allow", code))
        if code not in codes():
            labels = at(context.document.place(place, key=True))
            remedy = did_you_mean(code, codes(), "codes")
            context.problems.error("unknown-code", f"there is no diagnostic `{code}` to allow", labels, remedy)
        elif complete and code not in context.unsought:
            headline = f"`{code}` is allowed, and nothing says it"
            context.problems.warn("unused-allow", headline, context.at(place), did_you_mean(code, said, "warnings"))
