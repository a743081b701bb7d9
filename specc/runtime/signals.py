"""Signals become a flag that the loop reads between steps."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from specc.errors import Interrupted

ASKING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a polite kill, and a terminal that closes."""


@dataclass
class Interruption:
    """The signal that asked the run to stop, if one did."""

    number: int | None = None

    def leave_if_asked(self, message: str) -> None:
        """Leave when a signal has come.

        Raises: Interrupted.
        """
        if self.number is not None:
            raise Interrupted(message, self.number)


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


_PR_SET_PDEATHSIG: Final = 1
"""Linux's prctl(2): the signal that a process gets when its parent dies."""


def serve(parent: int) -> None:
    """Let a signal to the whole process group stop the run and not this process, which the run still needs.

    Where the system can do it, the process goes when its parent does.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in ASKING:
        signal.signal(number, signal.SIG_IGN)
    if os.getppid() != parent:
        sys.exit(1)  # it went before this one could ask to be told
