"""What bits depend on besides the plan: versions, the number of threads, the instruction set, the device."""

import ctypes
import os
import platform
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import PIL
import timm
import torch
import torchvision

from specc.errors import RunFailed, UsageError
from specc.version import VERSION

_MALLOC: Final = {-1: 2**31 - 1, -2: 64 * 2**20, -3: 32 * 2**20}
"""Values of M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD, the last as large as glibc allows. Units: bytes."""


def environment(device: torch.device, threads: int) -> dict[str, Any]:
    """Return a record that two runs with the same bytes share."""
    return {
        "specc": VERSION,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "timm": timm.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": threads,
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }


def keep_freed_memory() -> None:
    """Let memory that a step frees stay with the process for the next one.

    glibc gives large blocks back to the kernel at once, which must then clear every page of every activation anew: up
    to half of the time of a forward pass on a CPU (mallopt(3)). Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    for parameter, value in _MALLOC.items():
        mallopt(parameter, value)


def available_threads() -> int:
    """Return the processors that this process may use, or as many as OMP_NUM_THREADS asks for."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pick_device(name: str) -> torch.device:
    """Return the device that a plan names; `auto` takes the first accelerator.

    Raises: UsageError when the device is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not present[device.type] or (device.index or 0) >= max(torch.cuda.device_count(), 1):
        raise UsageError(f"there is no device `{name}` here", help='set run.device = "auto"')
    return device


def continued(before: dict[str, Any], now: dict[str, Any], *, allow_drift: bool) -> dict[str, Any]:
    """Return the record of a run that goes on: where it is now, and all that ever changed under it.

    Raises: RunFailed when something changed since, unless that is allowed.
    """
    changed = changes(before, now)
    if changed and not allow_drift:
        raise RunFailed(
            f"the run cannot go on to the same bytes: {', '.join(changed)}",
            help="go back to what it began with; or --allow-drift goes on and marks it, and --fresh begins again",
        )
    drift = [*before.get("drift", []), *changed]
    return {**now, "drift": drift} if drift else now


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what bytes depend on and is not as it was, in words; the number of threads is taken from before."""
    keys = now.keys() - {"threads", "drift"}
    return [f"{key} {before.get(key)} -> {now[key]}" for key in sorted(keys) if before.get(key) != now[key]]
