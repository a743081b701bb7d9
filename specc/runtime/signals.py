"""Signals become a flag that the loop reads between steps."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interruption:
    """The signal that asked the run to stop, if one did."""

    number: int | None = None


@contextmanager
def listening() -> Iterator[Interruption]:
    """Catch the first SIGINT or SIGTERM; a second one has its usual effect at once."""
    interruption = Interruption()
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def take(number: int, frame: FrameType | None) -> None:
        del frame
        interruption.number = number
        signal.signal(number, signal.SIG_DFL)

    for number in kept:
        signal.signal(number, take)
    try:
        yield interruption
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
