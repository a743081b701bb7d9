"""Reading data as far as it can be read, with all that is wrong with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from specc.compiler.checks_data.classes import check_classes
from specc.compiler.checks_data.files import check_files, contents
from specc.compiler.checks_data.found import Found
from specc.compiler.checks_data.samples import check_samples
from specc.compiler.context import Context
from specc.data.columns import Rows
from specc.data.index import divided, index_of
from specc.data.places import places
from specc.data.problem import DataProblem
from specc.data.rows import read_place
from specc.diagnostics.model import Label
from specc.diagnostics.suggest import did_you_mean
from specc.errors import DataError, MissingData
from specc.paths import KeyPath
from specc.plan.model import DataPlan, Plan

CHECKS: Final[tuple[Callable[[Found], None], ...]] = (check_classes, check_samples, check_files)
"""All checks of rows, in order."""


def checked_data(plan: Plan, context: Context) -> DataPlan | None:
    """Read the data, report what is wrong with it, and return the data plan with what was found; None without that.

    Raises: MissingData when it is not here.
    """
    with _reporting(context, next(iter(places(plan.data)))):
        rows = _rows(plan.data, context)
        if rows.keys() == places(plan.data).keys():
            found = Found(plan.data, divided(plan.data, rows, plan.seed), context)
            del rows
            return _checked(plan, found)
    return None


def _rows(data: DataPlan, context: Context) -> dict[str, Rows]:
    """Read every place that can be read, and report the others."""
    rows: dict[str, Rows] = {}
    missing: dict[str, MissingData] = {}
    for key, place in places(data).items():
        try:
            with _reporting(context, key):
                rows[key] = read_place(data, place)
        except MissingData as error:
            missing[key] = error
    if len(missing) == len(places(data)):
        raise next(iter(missing.values()))
    for key, absence in missing.items():
        remedy = _neighbour(Path(data.location[key]).expanduser()) or absence.help
        context.problems.error("missing-split", absence.message, context.at(f"data.{key}"), remedy)
    return rows


def _neighbour(path: Path) -> str | None:
    """Return a remedy where a file has nearly the name that was given."""
    remedy = did_you_mean(path.name, [entry.name for entry in contents(path.parent)])
    return remedy if remedy.startswith("did you mean") else None


def _checked(plan: Plan, found: Found) -> DataPlan | None:
    for check in CHECKS:
        check(found)
    try:
        return index_of(plan.data, found.parts, plan.seed).data
    except DataProblem:
        raise
    except DataError:
        if found.context.problems.errors:
            return None  # what the index stumbles over is among them
        raise


@contextmanager
def _reporting(context: Context, key: str) -> Iterator[None]:
    """Report a problem at the keys that it concerns, or else at a key of `[data]`."""
    try:
        yield
    except DataProblem as problem:
        paths = [KeyPath(("data", *each.split("."))) for each in problem.keys or (key,)]
        labels: tuple[Label, ...] = tuple(label for path in paths for label in context.at(path))
        context.problems.error(problem.code, problem.message, labels, problem.help)
