"""The other processes of a run: how the one that leads starts them, and what became of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Final

import torch

from specc.checkpoint.atomic import temporary_name
from specc.errors import GateMissed, Interrupted, RunFailed, UsageError
from specc.plan.model import Plan
from specc.runtime.folder import RunFolder
from specc.runtime.processes import ALONE, Processes, connect
from specc.runtime.signals import Interruption

ENDING: Final = 2.0
"""Seconds in which a process that was told to end, or that closed its connections, has ended."""


class Helpers:
    """The helpers of a run; none where its plan is for one device."""

    def __init__(self, plan: Plan, folder: RunFolder, interruption: Interruption) -> None:
        """Take a plan, the folder that has it, and what may ask the run to leave."""
        self.plan, self.folder, self.interruption, self.count = plan, folder, interruption, plan.run.devices
        self.meeting = folder.root / temporary_name("meeting", os.getpid())
        self.opened = ExitStack()
        self.started: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of them when the run begins."""
        return (f"{self.count} processes",) if self.count > 1 else ()

    def start(self, device: torch.device, threads: int) -> None:
        """Start the helpers.

        Raises: UsageError when there are fewer devices than processes; RunFailed when one cannot be started.
        """
        if self.count > 1:
            _check_devices(device, self.count)
            self.meeting.unlink(missing_ok=True)
        for rank in range(1, self.count):
            about = {
                "parent": os.getpid(),
                "plan": str(self.folder.plan),
                "meeting": str(self.meeting),
                "rank": rank,
                "count": self.count,
                "threads": threads,
                "device": f"cuda:{rank}" if device.type == "cuda" else device.type,
            }
            try:
                self._start(json.dumps(about))
            except OSError as error:
                raise RunFailed(f"process {rank + 1} of the run cannot be started: {error.strerror}") from None

    def _start(self, about: str) -> None:
        """Start one in a group that Ctrl-C does not reach; it takes no modules of the working directory."""
        said = self.opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        words = [sys.executable, "-P", "-m", "specc.runtime.helper", about]
        quiet = subprocess.DEVNULL
        self.started.append((subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=said, process_group=0), said))

    @contextmanager
    def connected(self) -> Iterator[Processes]:
        """Wait until all are there, and yield the processes of the run.

        Raises: RunFailed when one ended before; Interrupted.
        """
        if self.count == 1:
            yield ALONE
            return
        processes = Processes(0, self.count, connect(self.meeting, 0, self.count, self._check), self._why)
        try:
            yield processes
        except (Interrupted, GateMissed):
            self._end(processes)
            raise
        self._end(processes)

    def _end(self, processes: Processes) -> None:
        """Let the helpers, which wait to be told what to do, end by themselves and clear away what is theirs."""
        with suppress(RunFailed):
            processes.tell("end")
        self._wait(all)

    def close(self) -> None:
        """End the helpers that have not ended; they have nothing to save."""
        for process, _ in self.started:
            process.kill()
            process.wait()
        self.opened.close()

    def _check(self) -> None:
        self.interruption.leave_if_asked("interrupted before the first step")
        if any(process.poll() is not None for process, _ in self.started):
            raise RunFailed(self._why(), help="the same command begins again; run.devices sets the number of processes")

    def _why(self) -> str:
        """Say what a helper said last that ended, one that a signal ended before others; empty where none did."""
        self._wait(any)
        ended = [(process, said) for process, said in self.started if process.poll() is not None]
        for process, said in sorted(ended, key=lambda pair: pair[0].returncode):
            if process.returncode < 0:
                return f"another process of the run was ended by signal {-process.returncode}"
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            return f"another process of the run ended: {lines[-1] if lines else 'it does not say why'}"
        return ""

    def _wait(self, enough: Callable[[Iterable[bool]], bool]) -> None:
        """Give helpers a moment to end: any of them, or all."""
        deadline = time.monotonic() + ENDING
        while time.monotonic() < deadline and not enough(it.poll() is not None for it, _ in self.started):
            time.sleep(0.01)


def _check_devices(device: torch.device, count: int) -> None:
    if device.type == "mps" or (device.type == "cuda" and torch.cuda.device_count() < count):
        there = torch.cuda.device_count() if device.type == "cuda" else 1
        raise UsageError(f"there are {there} devices here, and the plan asks for {count}", help="lower run.devices")
