"""Plans as files: canonical JSON with a version gate."""

import json
from typing import Any, Final

from pydantic import ValidationError

from specc.errors import FileFormatError
from specc.plan.canonical import canonical_json
from specc.plan.model import Plan
from specc.version import PLAN_FORMAT

MAX_LENGTH: Final = 32 * 2**20
"""Characters of the longest plan that is read, or bytes of its file; one with 100,000 classes has a tenth."""

_MAX_OPENED: Final = 1_000_000
"""Brackets that a plan may open: with more, parsing takes hundreds of megabytes."""

_INT_END: Final = 2**63


def dump(plan: Plan) -> str:
    """Print a plan for a file: its digests first, then its fields, indented."""
    record = {"digest": plan.digest, "stage_digests": list(plan.stage_digests), **plan.model_dump(mode="json")}
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def load(text: str, name: str) -> Plan:
    """Read a plan.

    Raises: FileFormatError when it is none, of another format, changed by hand, or of a specc that digests otherwise.
    """
    record = _record(text, name)
    found = record.get("format")
    if found is None:
        raise FileFormatError(f"`{name}` is not a plan: it has no `format`", help="name what `specc compile` wrote")
    if found != PLAN_FORMAT:
        raise FileFormatError(
            f"`{name}` is a plan of format {found!a:.40}; this specc reads format {PLAN_FORMAT}",
            help="compile it again",
        )
    written = [record.pop("digest", None), record.pop("stage_digests", None)]
    try:
        plan = Plan.model_validate(record)
        computed = [plan.digest, list(plan.stage_digests)]
    except ValidationError as error:
        place = ".".join(ascii(part).strip("'") for part in error.errors()[0]["loc"])
        raise FileFormatError(f"`{name}` is not a plan: `{place:.200}` is wrong", help="compile it again") from None
    except (ValueError, StopIteration, KeyError):
        # A ValueError is what pydantic raises for a value that is nested deeper than it goes.
        raise FileFormatError(
            f"`{name}` is not a plan: its parts do not fit together", help="compile it again"
        ) from None
    if len({stage.name for stage in plan.stages}) < max(len(plan.stages), 1):
        raise FileFormatError(f"`{name}` is not a plan: it has no stages, or two of one name", help="compile it again")
    if written != computed:
        raise FileFormatError(
            f"`{name}` was changed after it was compiled, or another version of specc wrote it",
            help="compile the spec again",
        )
    return plan


def _record(text: str, name: str) -> dict[str, Any]:
    """Parse an object; what could not be written again, such as NaN or half a character, is none."""
    if len(text) > MAX_LENGTH or text.count("{") + text.count("[") > _MAX_OPENED:
        raise FileFormatError(f"`{name}` is not a plan: it is larger than one can be")
    try:
        record = json.loads(text, parse_int=_integer)
        canonical_json(record).encode()
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise FileFormatError(f"`{name}` is not a plan: it is not a JSON object")
    return record


def _integer(digits: str) -> int:
    """Read a whole number; one of hundreds of digits would overflow wherever it meets a float."""
    number = int(digits)
    if abs(number) >= _INT_END:
        raise ValueError(digits)
    return number
