"""The other processes of a run: how the one that leads starts them, and what became of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Final

import torch

from specc.errors import RunFailed, UsageError
from specc.plan.model import Plan
from specc.runtime.processes import ALONE, Processes, connected, meeting_place

DYING: Final = 2.0
"""Seconds in which a process that closed its connections has ended."""


class Helpers:
    """The helpers of a run; none where its plan is for one device."""

    def __init__(self, plan: Plan, file: Path) -> None:
        """Take a plan, and the file that has it."""
        self.plan, self.file, self.count = plan, file, plan.run.devices
        self.opened = ExitStack()
        self.started: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def start(self, device: torch.device, threads: int) -> None:
        """Start the helpers.

        Raises: UsageError when there are fewer devices than processes.
        """
        if self.count == 1:
            return
        _check_devices(device, self.count)
        self.meeting = meeting_place(self.count)
        told = {
            "parent": os.getpid(),
            "plan": str(self.file),
            "count": self.count,
            "port": self.meeting.port,
            "threads": threads,
        }
        for rank in range(1, self.count):
            own = f"cuda:{rank}" if device.type == "cuda" else device.type
            self._start({**told, "rank": rank, "device": own})

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of them when the run begins."""
        return (f"{self.count} processes",) if self.count > 1 else ()

    def _start(self, about: dict[str, object]) -> None:
        said = self.opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        words = [sys.executable, "-m", "specc.runtime.helper", json.dumps(about)]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        self.started.append((process, said))

    def connect(self, device: torch.device) -> Processes:
        """Wait until all are there, and return the processes of the run.

        Raises: RunFailed when one ended before.
        """
        if self.count == 1:
            return ALONE
        self.opened.enter_context(connected(self.meeting, 0, self.count, device, self._check))
        return Processes(0, self.count, self._why)

    def close(self) -> None:
        """End the helpers; they have nothing to save."""
        for process, _ in self.started:
            process.kill()
            process.wait()
        self.opened.close()

    def _check(self) -> None:
        if any(process.poll() is not None for process, _ in self.started):
            raise RunFailed(f"another process of the run ended{self._why()}", help="is the memory enough for all?")

    def _why(self) -> str:
        """Say what a helper that ended said last."""
        deadline = time.monotonic() + DYING
        while time.monotonic() < deadline and all(process.poll() is None for process, _ in self.started):
            time.sleep(0.01)
        for process, said in self.started:
            if process.poll() is not None:
                said.seek(0)
                lines = said.read().decode("utf-8", "replace").strip().splitlines()
                return f": {lines[-1]}" if lines else f", by signal {-process.returncode}"
        return ""


def _check_devices(device: torch.device, count: int) -> None:
    if device.type == "mps" or (device.type == "cuda" and torch.cuda.device_count() < count):
        there = torch.cuda.device_count() if device.type == "cuda" else 1
        raise UsageError(f"there are {there} devices here, and the plan asks for {count}", help="lower run.devices")
