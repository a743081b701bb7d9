"""Does something in a child that may die of it, and says what came of it."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from specc.errors import SpeccError

Count = Callable[[], int]
"""Says how many calls that change the disk were made since the faults were armed."""

Arm = Callable[[], Count]
"""Arms faults in this process."""


@dataclass(frozen=True)
class Outcome:
    """How a child ended; `untold` is an error that is not one of specc's own, for which there are no words."""

    end: Literal["done", "told", "untold", "died"]
    calls: int = 0
    error: str = ""


def in_child(arm: Arm, act: Callable[[], object]) -> Outcome:
    """Fork, arm the faults there, act, and return how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _be_child(writing, arm, act)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return Outcome(**json.loads(said)) if said else Outcome("died")


def _be_child(writing: int, arm: Arm, act: Callable[[], object]) -> None:
    genuine = os.write
    try:
        count = arm()
        end, error = _ended(act)
        genuine(writing, json.dumps({"end": end, "calls": count(), "error": error}).encode())
    finally:
        os._exit(0)


def _ended(act: Callable[[], object]) -> tuple[str, str]:
    try:
        act()
    except SpeccError as error:
        return "told", error.message
    except Exception as error:  # noqa: BLE001  (what it is, is the finding)
        return "untold", _place(error)
    return "done", ""


def _place(error: Exception) -> str:
    """Return the error, and the last line of specc that it came through."""
    trace, where = error.__traceback__, ""
    while trace:
        code = trace.tb_frame.f_code
        if "/specc/" in code.co_filename:
            where = f"{code.co_filename.rsplit('/specc/', 1)[1]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} {error} at {where}"
