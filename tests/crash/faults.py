"""Faults at the n-th call that changes the disk: by a shim below libc, or by replaced functions of `os`."""

import ctypes
import errno
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from tests.crash.child import Arm, Count

Mode = Literal["log", "kill", "torn", "enospc", "eio", "short", "edquot", "erofs"]
"""kill: before the call. torn: after half of a write. enospc, edquot, erofs: from the call on. eio, short: once."""

SHIM_MODES: Final[tuple[Mode, ...]] = ("kill", "torn", "enospc", "eio", "short")
LASTING: Final[dict[Mode, int]] = {"enospc": errno.ENOSPC, "edquot": errno.EDQUOT, "erofs": errno.EROFS}
MUTATING: Final = ("open", "write", "fsync", "replace", "link", "unlink", "mkdir")
SPACELESS: Final = ("unlink", "replace", "link")
"""Calls that a full disk lets pass."""


class Faults(Protocol):
    """Something that can arm a fault at a call below a folder."""

    def __call__(self, root: Path, mode: Mode, number: int) -> Arm:
        """Return what arms it in a child."""


class Shim:
    """The shim, which must have been preloaded into this process."""

    def __init__(self, path: Path) -> None:
        self.library = ctypes.CDLL(str(path))
        self.library.cf_count.restype = ctypes.c_long

    def __call__(self, root: Path, mode: Mode, number: int) -> Arm:
        return partial(self._arm, root, mode, number, "")

    def logging(self, root: Path, log: Path) -> Arm:
        """Return what has every call written to a file."""
        return partial(self._arm, root, "log", -1, str(log))

    def _arm(self, root: Path, mode: Mode, number: int, log: str) -> Count:
        words = (os.fsencode(root), ctypes.c_long(number), mode.encode(), log.encode())
        self.library.cf_arm(*words)
        return lambda: int(self.library.cf_count())


def patched(root: Path, mode: Mode, number: int) -> Arm:
    """Return what replaces the functions of `os` in a child; files that Python buffers are not seen."""
    return partial(_arm_os, mode, number)


def _arm_os(mode: Mode, number: int) -> Count:
    made: list[str] = []
    for name in MUTATING:
        setattr(os, name, partial(_call, name, getattr(os, name), mode, number, made))
    return lambda: len(made)


def _call(
    name: str, genuine: Callable[..., Any], mode: Mode, number: int, made: list[str], *args: Any, **how: Any
) -> Any:
    if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return genuine(*args, **how)
    made.append(name)
    if len(made) == number:
        args = _hit(name, genuine, mode, args)
    if len(made) >= number and mode in LASTING and (mode == "erofs" or name not in SPACELESS):
        raise OSError(LASTING[mode], os.strerror(LASTING[mode]))
    return genuine(*args, **how)


def _hit(name: str, genuine: Callable[..., Any], mode: Mode, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Do what the mode wants of this one call, and return the arguments to go on with."""
    half = (args[0], bytes(args[1])[: (len(args[1]) + 1) // 2]) if name == "write" else args
    if mode == "torn" and name == "write":
        genuine(*half)
    if mode in ("kill", "torn"):
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "eio":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return half if mode == "short" else args
