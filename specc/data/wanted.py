"""The columns that a plan asks of a source."""

from collections.abc import Iterable, Sequence
from typing import Final

from specc.data.problem import DataProblem, shown
from specc.diagnostics.suggest import closest, did_you_mean
from specc.plan.model import DataPlan

_COMPARED: Final = 1000
"""Columns that a missing one is compared with; a broken file may have a million."""


def wanted_columns(data: DataPlan) -> dict[str, list[str]]:
    """Return each column with the keys of `[data]` that ask for it."""
    asked = [(label.column, f"labels.{label.name}.column") for label in data.labels]
    asked += [(data.group, "group")] if data.group else []
    asked += [(str(data.split.args["name"]), "split")] if data.split and data.split.kind == "column" else []
    keys: dict[str, list[str]] = {}
    for column, key in asked:
        keys.setdefault(column, []).append(key)
    return keys


def require(data: DataPlan, present: Iterable[str], where: str, image: str | None = None) -> None:
    """Refuse a source that has not all the columns that are asked for.

    Raises: DataProblem with all of them.
    """
    wanted = wanted_columns(data) | ({image: ["image"]} if image else {})
    known = [str(name) for name in present]
    missing = {name: keys for name, keys in wanted.items() if name not in known}
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise DataProblem(
            "unknown-column",
            f"{where} has no column{'s' * (len(missing) > 1)} {names}",
            *(key for keys in missing.values() for key in keys),
            help=_remedy(list(missing), known),
        )


def _remedy(missing: Sequence[str], columns: Sequence[str]) -> str:
    known = [shown(name, 60) for name in columns[:_COMPARED]]
    if len(missing) == 1:
        return did_you_mean(missing[0], known, "columns")
    pairs = [(match, name) for name in missing if (match := closest(name, known))]
    meant = f"did you mean {', '.join(f'`{match}` for `{name}`' for match, name in pairs)}? " if pairs else ""
    return f"{meant}known columns: {', '.join(known[:12])}"
