"""Plans as files: canonical JSON with a version gate."""

import json
from typing import Any

from pydantic import ValidationError

from specc.errors import FileFormatError
from specc.plan.model import Plan
from specc.version import PLAN_FORMAT


def dump(plan: Plan) -> str:
    """Print a plan for a file: its digests first, then its fields, indented."""
    record = {"digest": plan.digest, "stage_digests": list(plan.stage_digests), **plan.model_dump(mode="json")}
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load(text: str, name: str) -> Plan:
    """Read a plan.

    Raises: FileFormatError when it is none, of another version, or changed by hand.
    """
    record = _record(text, name)
    found = record.get("format")
    if found is None:
        raise FileFormatError(f"`{name}` is not a plan: it has no `format`", help="name what `specc compile` wrote")
    if found != PLAN_FORMAT:
        raise FileFormatError(
            f"`{name}` is a plan of format {found!r}; this specc reads format {PLAN_FORMAT}", help="compile it again"
        )
    written = [record.pop("digest", None), record.pop("stage_digests", None)]
    try:
        plan = Plan.model_validate(record)
        computed = [plan.digest, list(plan.stage_digests)]
    except (UnicodeEncodeError, StopIteration, KeyError):
        raise FileFormatError(
            f"`{name}` is not a plan: its parts do not fit together", help="compile it again"
        ) from None
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise FileFormatError(f"`{name}` is not a plan: `{place}` is wrong", help="compile it again") from None
    if written != computed:
        raise FileFormatError(f"`{name}` was changed after it was compiled", help="compile the spec again")
    return plan


def _record(text: str, name: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise FileFormatError(f"`{name}` is not a plan: it is not a JSON object")
    return record
