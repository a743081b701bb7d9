"""What a checkpoint of ours says about its training.

JSON has no NaN and no infinity, a diverged run has both. In the fields of free content (`history`, `best`, `tail`,
`results`, `scaler`, `environment`) such a number is written as the string `nan`, `inf` or `-inf`; a text that reads
like one of these gets a backslash in front. Both are undone by the reader, so every value comes back as it was.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from specc.errors import FileFormatError
from specc.version import CHECKPOINT_FORMAT, VERSION

Kind = Literal["last", "best", "stage", "export"]
"""Why a checkpoint was kept."""

_KINDS: Final = ("last", "best", "stage", "export")
_FREE: Final = ("history", "best", "tail", "results", "scaler", "environment")
_NUMBERS: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_LIKE_NUMBER: Final = re.compile(r"\\*(?:nan|inf|-inf)")
_MAX_THREADS: Final = 4096
_HEX: Final = re.compile(r"[0-9a-f]{1,64}")


@dataclass(frozen=True)
class CheckpointInfo:
    """Say what was trained, how far, and with what result.

    Units: `epoch` and `step` count what is finished in the stage; `stage_index` counts from 0; a step is one update.
    """

    kind: Kind
    name: str
    plan_digest: str
    stage: str
    stage_index: int
    stage_digest: str
    epoch: int
    step: int
    global_step: int
    stages_total: int
    epochs_total: int
    steps_total: int
    finished: bool
    finite: bool
    history: list[dict[str, Any]]
    best: dict[str, Any] | None
    tail: list[dict[str, Any]]
    micro_batch: int | None
    unreadable: list[str]
    results: dict[str, Any] | None
    scaler: dict[str, Any] | None
    plan: str
    spec: str
    environment: dict[str, Any]
    format: int = CHECKPOINT_FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return the metadata for `encode`.

        Raises: FileFormatError when the reader would refuse it.
        """
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        _check(values, "the checkpoint to be written")
        return {name: to_strict(value) if name in _FREE else value for name, value in values.items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str = "the checkpoint") -> "CheckpointInfo":
        """Read `Header.own_metadata`; `where` names the file in an error.

        Raises: FileFormatError for a missing, unknown or wrongly typed field, and for another format.
        """
        _check_format(value.get("format"), where)
        values = {name: from_strict(item) if name in _FREE else item for name, item in value.items()}
        _check(values, where)
        return cls(**values)


def to_strict(value: Any) -> Any:
    r"""Replace the numbers that JSON lacks by strings.

    >>> to_strict({"loss": [1.5, float("nan")], "word": "inf"})
    {'loss': [1.5, 'nan'], 'word': '\\inf'}
    """
    match value:
        case dict():
            return {name: to_strict(item) for name, item in value.items()}
        case list() | tuple():
            return [to_strict(item) for item in value]
        case float() if not math.isfinite(value):
            return str(value)
        case str() if _LIKE_NUMBER.fullmatch(value):
            return f"\\{value}"
        case _:
            return value


def from_strict(value: Any) -> Any:
    r"""Undo `to_strict`.

    >>> from_strict({"loss": [1.5, "nan"], "word": "\\inf"})
    {'loss': [1.5, nan], 'word': 'inf'}
    """
    match value:
        case dict():
            return {name: from_strict(item) for name, item in value.items()}
        case list():
            return [from_strict(item) for item in value]
        case str() if value in _NUMBERS:
            return _NUMBERS[value]
        case str() if _LIKE_NUMBER.fullmatch(value):
            return value[1:]
        case _:
            return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _is_count(value: Any) -> bool:
    # A bool is an int to Python, hence `type`.
    return type(value) is int and 0 <= value < 2**63


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_number(value: Any) -> bool:
    # Without the limit a number of a thousand digits would overflow where it is compared with a float.
    return type(value) is float or (type(value) is int and abs(value) < 2**63)


def _is_environment(value: Any) -> bool:
    """Say whether a value is a table; a run that goes on takes its number of threads from it, and what drifted."""
    if not isinstance(value, dict):
        return False
    threads, drift = value.get("threads", 1), value.get("drift", [])
    told = isinstance(drift, list) and all(isinstance(change, str) for change in drift)
    return told and _is_count(threads) and 0 < threads <= _MAX_THREADS


def _is_numbers(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _is_history(value: Any) -> bool:
    tests = {
        "stage": _is_text,
        "epoch": _is_count,
        "step": _is_count,
        "train": _is_numbers,
        "val": _is_numbers,
        "lr": _is_number,
    }
    return _all_fit(value, tests)


def _is_best(value: Any) -> bool:
    if value is None:
        return True
    tests = {"stage": _is_text, "epoch": _is_count, "metric": _is_text, "value": _is_number}
    return _fits(value, tests)


def _is_tail(value: Any) -> bool:
    tests = {
        "label": _is_text,
        "name": _is_text,
        "samples": _is_count,
        "loss": _is_number,
        "f1": _is_number,
        "lowest": _is_number,
        "rises": _is_count,
        "diverges": _is_flag,
    }
    return _all_fit(value, tests)


def _is_results(value: Any) -> bool:
    """Say whether a run's results are those of splits, by their names, and what is told beside them."""
    tests = {
        "judged_on": _is_text,
        "gates": _is_gates,
        "best": _is_best,
        "stages": lambda stages: _all_fit(stages, {"stage": _is_text, "val": _is_numbers}),
        "unreadable": _is_count,
    }
    return value is None or (
        isinstance(value, dict)
        and value.keys() >= tests.keys()
        and all(tests.get(name, _is_numbers)(item) for name, item in value.items())
    )


def _is_gates(value: Any) -> bool:
    tests = {"gate": _is_text, "metric": _is_text, "value": _is_number, "target": _is_number, "passed": _is_flag}
    return _all_fit(value, tests)


def _all_fit(value: Any, tests: Mapping[str, Callable[[Any], bool]]) -> bool:
    return isinstance(value, list) and all(_fits(item, tests) for item in value)


def _fits(value: Any, tests: Mapping[str, Callable[[Any], bool]]) -> bool:
    return isinstance(value, dict) and value.keys() == tests.keys() and all(tests[name](value[name]) for name in tests)


_TEXT: Final = (_is_text, "a text")
_DIGEST: Final = (_is_hex, "a digest in hexadecimal")
_COUNT: Final = (_is_count, "a whole number from 0")
_FLAG: Final = (_is_flag, "true or false")
_FIELDS: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "format": (lambda value: type(value) is int and value == CHECKPOINT_FORMAT, f"the number {CHECKPOINT_FORMAT}"),
    "kind": (lambda value: value in _KINDS, "one of last, best, stage, export"),
    "name": _TEXT,
    "plan_digest": _DIGEST,
    "stage": _TEXT,
    "stage_index": _COUNT,
    "stage_digest": _DIGEST,
    "epoch": _COUNT,
    "step": _COUNT,
    "global_step": _COUNT,
    "stages_total": _COUNT,
    "epochs_total": _COUNT,
    "steps_total": _COUNT,
    "finished": _FLAG,
    "finite": _FLAG,
    "history": (_is_history, "a list of rows with stage, epoch, step, train, val and lr"),
    "best": (_is_best, "null or a table of stage, epoch, metric and value"),
    "tail": (_is_tail, "a list of classes with their loss and F1"),
    "micro_batch": (lambda value: value is None or _is_count(value), "a whole number or null"),
    "unreadable": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list of texts"),
    "results": (_is_results, "null or what a finished run tells"),
    "scaler": (lambda value: value is None or _is_numbers(value), "null or a table of numbers"),
    "plan": _TEXT,
    "spec": _TEXT,
    "environment": (_is_environment, f"a table with threads from 1 to {_MAX_THREADS:,}, and texts for drift"),
}


def _check_format(value: Any, where: str) -> None:
    if type(value) is int and value != CHECKPOINT_FORMAT:
        raise FileFormatError(
            f"{where}: written in checkpoint format {value}, and specc {VERSION} reads format {CHECKPOINT_FORMAT}",
            help="use the version of specc that wrote it",
        )


def _check(values: Mapping[str, Any], where: str) -> None:
    faults = [f"`{name}` is missing" for name in _FIELDS if name not in values]
    faults += [f"`{_short(name)}` is unknown" for name in values if name not in _FIELDS]
    faults += [
        f"`{name}` is not {wanted}"
        for name, (test, wanted) in _FIELDS.items()
        if name in values and not test(values[name])
    ]
    faults = faults or _misfits(values)
    if faults:
        raise FileFormatError(
            f"{where}: its metadata cannot be trusted: {'; '.join(faults[:5])}",
            help="use another checkpoint of the run; this one was changed by hand or by another program",
        )


def _misfits(values: Mapping[str, Any]) -> list[str]:
    """Say which fields contradict others; the best weights of a finished run tell of stages after their own."""
    index, stages = values["stage_index"], {*(row["stage"] for row in values["history"]), values["stage"]}
    faults = [f"`stage_index` is not below {values['stages_total']}"] if index >= values["stages_total"] else []
    if values["kind"] in ("last", "stage") or not values["finished"]:
        faults += ["`history` has more stages than there were"] if len(stages) > index + 1 else []
        faults += ["`best` is of no stage of it"] if values["best"] and values["best"]["stage"] not in stages else []
    return faults


def _short(name: object) -> str:
    return ascii(name)[1:-1][:40]
