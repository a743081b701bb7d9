"""Takes the digest of the weights that a run starts from: what is in the file matters, and not what it is called."""

import hashlib
import os
from pathlib import Path

from specc.checkpoint.format import read_header
from specc.compiler.context import Context
from specc.errors import MissingData
from specc.plan.model import Plan


def read_weights(plan: Plan, context: Context) -> Plan:
    """Write the digest of `model.start_from` into the plan; a plan made without data stays as it is.

    Raises: MissingData when the file is not here, FileFormatError when it is no checkpoint.
    """
    if plan.model.start_from is None or not context.with_data:
        return plan
    path = Path(plan.model.start_from).expanduser()
    if not os.path.exists(path):  # noqa: PTH110  (pathlib raises for a path that cannot be)
        raise MissingData(f"there is no checkpoint `{plan.model.start_from}`", help="run the spec that makes it first")
    digest = read_header(path).payload_sha256 or _file_digest(path)
    return plan.model_copy(update={"model": plan.model.model_copy(update={"start_from_sha256": digest})})


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
