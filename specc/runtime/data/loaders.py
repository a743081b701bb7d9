"""Loaders: batches by key, from worker processes or from this one, the same bytes either way."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from specc.data.images import Reader, draw_ahead, open_images
from specc.data.index import Samples
from specc.data.randomness import integer
from specc.errors import DataError, RunFailed
from specc.plan.model import Operation, Plan
from specc.runtime.data.batch import Batch
from specc.runtime.data.order import BatchKey, evaluation_keys, training_keys
from specc.runtime.data.transforms import build_transforms
from specc.runtime.rng import seed_sample
from specc.runtime.signals import ASKING, serve

PREFETCH: Final = 4
"""Batches that each worker prepares ahead."""


class Images(Dataset[Batch]):
    """Batches of images by key."""

    def __init__(self, plan: Plan, samples: Samples, operations: Iterable[Operation], purpose: str) -> None:
        self.samples, self.purpose, self.seed = samples, purpose, plan.seed
        self.skip_bad = plan.data.on_bad_sample == "skip"
        self.read: Reader = open_images(plan.data)
        self.transform = build_transforms(list(operations))

    def __getitem__(self, key: BatchKey) -> Batch:
        """Make the batch that `key` names."""
        images: list[Tensor] = []
        rows: list[int] = []
        failures: list[str] = []
        with _one_thread():
            for offset, row in enumerate(key.rows):
                try:
                    pixels = self.read(self.samples.references[int(row)])
                except DataError as error:
                    failures.append(error.message)
                    continue
                images.append(self._transformed(pixels, key, offset))
                rows.append(int(row))
        if not images or (failures and not self.skip_bad):
            return Batch({}, {}, tuple(failures))
        if odd := _of_another_size(images):
            names = [self.samples.references[row] for row in (rows[0], rows[odd])]
            sizes = [" x ".join(map(str, images[i].shape[1:])) for i in (0, odd)]
            odd_sizes = f"`{names[1]}` comes out {sizes[1]} and `{names[0]}` {sizes[0]}"
            return Batch({}, {}, unusable=odd_sizes)
        labels = {name: torch.from_numpy(codes[rows]).long() for name, codes in self.samples.labels.items()}
        return Batch({"image": torch.stack(images)}, labels, tuple(failures))

    def _transformed(self, pixels: Any, key: BatchKey, offset: int) -> Tensor:
        seed_sample(integer(self.seed, self.purpose, key.stage, key.epoch, key.first + offset))
        return self.transform(torch.from_numpy(pixels).permute(2, 0, 1).contiguous())


def _of_another_size(images: list[Tensor]) -> int:
    """Return which image has another shape than the first; 0 when all are alike."""
    return next((i for i, image in enumerate(images) if image.shape != images[0].shape), 0)


INPUTS: Final[dict[str, Callable[[Plan, Samples, Iterable[Operation], str], Dataset[Batch]]]] = {"image": Images}
"""Data sets by what they feed the model."""


class _Keys(Sampler[BatchKey]):
    def __init__(self, keys: Callable[[], Iterator[BatchKey]]) -> None:
        self.keys = keys

    def __iter__(self) -> Iterator[BatchKey]:
        return self.keys()


def training_transforms(plan: Plan, stage: int) -> tuple[Operation, ...]:
    """Return what an image goes through in a stage: its own transforms, or those of all stages."""
    own = plan.stages[stage].augment
    return plan.augment.train if own is None else own


def training_loader(  # noqa: PLR0913
    plan: Plan, stage: int, samples: Samples, first_step: int, device: torch.device, *, share: tuple[int, int] = (0, 1)
) -> DataLoader[Batch]:
    """Return what yields a stage's batches from a step on, through all its epochs, with one set of workers.

    With a share, each batch is one of so many parts of a batch; a part can be empty.
    """
    draw_ahead(plan.data, samples.references)
    dataset = INPUTS[plan.input_kind](plan, samples, training_transforms(plan, stage), "augment")
    keys = partial(training_keys, plan, stage, samples, first_step, share)
    return _loader(dataset, keys, plan.run.num_workers, device)


def evaluation_loader(plan: Plan, samples: Samples, size: int, device: torch.device) -> DataLoader[Batch]:
    """Return what yields a split's batches in order."""
    dataset = INPUTS[plan.input_kind](plan, samples, plan.augment.eval, "evaluate")
    return _loader(dataset, lambda: evaluation_keys(samples, size), plan.run.num_workers, device)


def _loader(
    dataset: Dataset[Batch], keys: Callable[[], Iterator[BatchKey]], workers: int, device: torch.device
) -> DataLoader[Batch]:
    options: dict[str, Any] = {}
    if workers:
        options = {
            "num_workers": workers,
            "prefetch_factor": PREFETCH,
            "worker_init_fn": partial(_begin_worker, os.getpid()),
        }
        if sys.platform == "linux":
            options["multiprocessing_context"] = "fork"  # shares the index without copying it
    # A generator of its own keeps the loader from drawing on the global one.
    generator = torch.Generator()
    pin = device.type == "cuda"
    return DataLoader(dataset, batch_size=None, sampler=_Keys(keys), generator=generator, pin_memory=pin, **options)


def _begin_worker(run: int, worker: int) -> None:
    """Have a worker stay as long as the run and no longer.

    What it cannot send is told by the run, or there is no run left to tell it.
    """
    del worker
    serve(run)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKING)
    sys.excepthook = lambda *error: None


def checked(
    loader: Iterable[Batch], *, skip_bad: bool, whole: Callable[[Iterator[Batch]], Iterator[Batch]] = iter
) -> Iterator[Batch]:
    """Yield batches, and stop at a sample that could not be read unless the spec lets it be skipped.

    `whole` makes batches of what the loader yields, where that is parts of them.

    Raises: DataError with the file's name; RunFailed when a worker process died.
    """
    with _workers_told():
        for batch in whole(begun(loader)):
            if batch.unusable:
                raise DataError(batch.unusable, help="give them one size: resize(...)")
            if batch.failures and not (skip_bad and batch.inputs):
                raise DataError(batch.failures[0], help='mend or remove it, or set data.on_bad_sample = "skip"')
            yield batch


def begun(loader: Iterable[Batch]) -> Iterator[Batch]:
    """Start the workers, which no signal that asks to stop may reach, and return what yields their batches.

    The death of a worker is noticed where a batch is awaited, within seconds. Torch would raise it from a signal's
    handler as well, in the middle of whatever the run does just then.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKING)
    try:
        iterator = iter(loader)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return iterator


@contextmanager
def _workers_told() -> Iterator[None]:
    """Say in words that a worker died."""
    try:
        yield
    except (RuntimeError, ConnectionError, EOFError) as error:
        if isinstance(error, RuntimeError) and "DataLoader worker (pid" not in str(error):
            raise
        remedy = "the last checkpoint stands, and the same command goes on; too many workers can exhaust memory"
        raise RunFailed("a loader worker was killed", help=remedy) from None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Transform with one thread, as worker processes do, so that their number changes no bit."""
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
