"""What the processes of a run say to each other: words as JSON and numbers as tensors; nothing is pickled.

One leads: it has the run folder, the optimizer and the state. The others load a part of each batch and make some of its
micro-batches (specc.runtime.helper). They keep nothing of their own, so with them nothing is lost.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.distributed import FileStore, ProcessGroupGloo  # type: ignore[attr-defined]

from specc.errors import RunFailed
from specc.memory import is_of_memory
from specc.runtime.data.batch import Batch

MEETING: Final = timedelta(minutes=1)
"""How long a process waits for another to connect, once all are there."""

PATIENCE: Final = timedelta(days=7)
"""How long it waits then: the one that leads may be validating. That another ended is noticed at once."""

POLL: Final = 0.02
"""Seconds between two looks at whether all are there."""


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """Return the values of tensors of one dtype in a row, in the CPU's memory."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).cpu()


def unflat(values: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Return what `flat` put in a row, in the shapes of some tensors."""
    pieces = torch.split(values, [tensor.numel() for tensor in like])
    return [piece.view(tensor.shape) for piece, tensor in zip(pieces, like, strict=True)]


@dataclass(frozen=True)
class Processes:
    """The processes of a run, as one of them sees them; the first leads.

    Raises, in all that waits for others: RunFailed when one of them ended.
    """

    rank: int = 0
    count: int = 1
    group: Any = None
    """What carries tensors between them: not torch's default group, or libraries would talk over it, too."""
    why: Callable[[], str] = lambda: ""
    """Says why another one ended, where that is known."""

    def maker(self, index: int) -> int:
        """Return the rank of the process that makes a micro-batch."""
        return index % self.count

    def tell(self, task: str, **about: Any) -> None:
        """Tell all others what to do next."""
        if self.count > 1:
            self._announced({"task": task, **about}, 0)

    def told(self) -> dict[str, Any]:
        """Wait for what the leading process tells."""
        told: dict[str, Any] = self._announced(None, 0)
        return told

    def spread(self, tensors: Sequence[Tensor]) -> None:
        """Give the tensors of all processes the values that they have in the leading one."""
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors) if self.count > 1 else ():
            like = [tensor for tensor in tensors if tensor.dtype == dtype]
            with self._talking():
                values = flat(like)
                self.group.broadcast(values, 0).wait(PATIENCE)
                for tensor, piece in zip(like, unflat(values, like), strict=True) if self.rank else ():
                    tensor.detach().copy_(piece)

    def send(self, about: Any, tensors: Sequence[Tensor] = ()) -> None:
        """Send words and numbers, of 32 bits, to the leading process."""
        with self._talking():
            values = flat(tensors) if tensors else torch.zeros(0)
            words = _to_bytes([about, len(values)])
            for row in (torch.tensor([len(words)]), words, *([values] if len(values) else [])):
                self.group.send([row], 0, 0).wait(PATIENCE)

    def receive(self, rank: int) -> tuple[Any, Tensor]:
        """Wait for what a process sends."""
        with self._talking():
            length = torch.zeros(1, dtype=torch.int64)
            self.group.recv([length], rank, 0).wait(PATIENCE)
            words = torch.empty(int(length), dtype=torch.uint8)
            self.group.recv([words], rank, 0).wait(PATIENCE)
            about, count = _from_bytes(words)
            values = torch.empty(count)
            if count:
                self.group.recv([values], rank, 0).wait(PATIENCE)
        return about, values

    def whole(self, parts: Iterable[Batch]) -> Iterator[Batch]:
        """Yield batches, of which each process has a part."""
        waiting = iter(parts)
        self.tell("batch")  # so that others load while this one does
        for part in waiting:
            yield self.join(part)
            self.tell("batch")

    def join(self, part: Batch) -> Batch:
        """Return the whole batch."""
        return part if self.count == 1 else joined([self._part(part, rank) for rank in range(self.count)])

    def _part(self, own: Batch, rank: int) -> Batch:
        """Return the part of a process, which gives it to all."""
        about = self._announced(_described(own) if rank == self.rank else None, rank)
        part = own if rank == self.rank else _empty(about)
        with self._talking():
            for tensor in (*part.inputs.values(), *part.labels.values()):
                self.group.broadcast(tensor, rank).wait(PATIENCE)
        return part

    def _announced(self, words: Any, rank: int) -> Any:
        """Return what a process says to all."""
        own = self.rank == rank
        with self._talking():
            encoded = _to_bytes(words) if own else torch.empty(0, dtype=torch.uint8)
            length = torch.tensor([len(encoded)])
            self.group.broadcast(length, rank).wait(PATIENCE)
            encoded = encoded if own else torch.empty(int(length), dtype=torch.uint8)
            self.group.broadcast(encoded, rank).wait(PATIENCE)
        return words if own else _from_bytes(encoded)

    @contextmanager
    def _talking(self) -> Iterator[None]:
        """Say in words that another process ended, or that what was begun to be said cannot be said."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            told = "memory does not suffice" if is_of_memory(error) else str(error).splitlines()[0]
            reason = self.why() or f"the processes of the run lost each other: {told}"
            remedy = "the last checkpoint stands, and the same command goes on; run.devices sets their number"
            raise RunFailed(reason, help=remedy) from error


ALONE: Final = Processes()
"""A run in one process."""


def connect(meeting: Path, rank: int, count: int, check: Callable[[], None]) -> Any:
    """Return the group of a run's processes, all on one machine, that meet in a file; it is gone when all have met.

    Numbers go by way of the CPU and its loopback interface, whatever the device. `check` is called while others are
    awaited, and may raise to leave.

    Raises: RunFailed when they cannot be connected.
    """
    if sys.platform in ("linux", "darwin"):
        os.environ["GLOO_SOCKET_IFNAME"] = "lo" if sys.platform == "linux" else "lo0"
    try:
        store = FileStore(str(meeting), count)
        store.set(f"here {rank}", "")
        while not store.check([f"here {other}" for other in range(count)]):
            check()
            time.sleep(POLL)
        group: Any = ProcessGroupGloo(store, rank, count, MEETING)
        group.barrier().wait()
        group._set_default_timeout(PATIENCE)  # noqa: SLF001
    except (RuntimeError, OSError, ValueError) as error:
        check()
        raise RunFailed(f"the processes of the run cannot be connected: {str(error).splitlines()[0]}") from error
    finally:
        meeting.unlink(missing_ok=True)
    return group


def joined(parts: Sequence[Batch]) -> Batch:
    """Return the batch that parts make, in their order; some may be empty.

    >>> one, two = (Batch({"x": torch.tensor([n])}, {"y": torch.tensor([n])}, (f"bad {n}",)) for n in (1, 2))
    >>> joined([one, Batch({}, {}), two])
    Batch(inputs={'x': tensor([1, 2])}, labels={'y': tensor([1, 2])}, failures=('bad 1', 'bad 2'), unusable='')
    """
    failures = tuple(failure for part in parts for failure in part.failures)
    full = [part for part in parts if part.inputs]
    unusable = next((part.unusable for part in parts if part.unusable), "") or _odd_sizes(full)
    if unusable or not full:
        return Batch({}, {}, failures, unusable)
    inputs = {name: torch.cat([part.inputs[name] for part in full]) for name in full[0].inputs}
    labels = {name: torch.cat([part.labels[name] for part in full]) for name in full[0].labels}
    return Batch(inputs, labels, failures)


def _odd_sizes(parts: Sequence[Batch]) -> str:
    sizes = {" x ".join(map(str, part.inputs["image"].shape[2:])) for part in parts if "image" in part.inputs}
    return f"images come out {' and '.join(sorted(sizes))}" if len(sizes) > 1 else ""


def _described(batch: Batch) -> dict[str, Any]:
    kinds = {
        side: {name: [str(tensor.dtype).removeprefix("torch."), list(tensor.shape)] for name, tensor in tensors.items()}
        for side, tensors in (("inputs", batch.inputs), ("labels", batch.labels))
    }
    return {**kinds, "failures": batch.failures, "unusable": batch.unusable}


def _empty(about: dict[str, Any]) -> Batch:
    """Return a batch of the shapes that are described, its values not yet set."""
    inputs, labels = (
        {name: torch.empty(shape, dtype=getattr(torch, dtype)) for name, (dtype, shape) in about[side].items()}
        for side in ("inputs", "labels")
    )
    return Batch(inputs, labels, tuple(about["failures"]), about["unusable"])


def _to_bytes(words: Any) -> Tensor:
    return torch.frombuffer(bytearray(json.dumps(words).encode()), dtype=torch.uint8)


def _from_bytes(encoded: Tensor) -> Any:
    return json.loads(encoded.numpy().tobytes())
