"""Signals become a flag that the loop reads between steps."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

ASKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a polite kill, and a terminal that closes."""


@dataclass
class Interruption:
    """The signal that asked the run to stop, if one did."""

    number: int | None = None


@contextmanager
def listening() -> Iterator[Interruption]:
    """Catch the first of the signals that ask to stop; a second one has its usual effect at once.

    One that is ignored stays so: that is how nohup keeps a run going when its terminal closes.
    """
    interruption = Interruption()
    handlers = {number: signal.getsignal(number) for number in ASKING}
    kept = {number: handler for number, handler in handlers.items() if handler is not signal.SIG_IGN}

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
