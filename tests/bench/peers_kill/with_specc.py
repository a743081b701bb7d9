"""specc: `specc run`, and the same again to go on. Only what counts the samples is put in.

The batch that a loader makes is given the references of its samples, and is taken note of where the loop takes it.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from specc.cli.main import main as specc
from specc.runtime import loop
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import Images
from specc.runtime.data.order import BatchKey
from tests.bench.peers_kill.record import Record

SPEC = Path(__file__).with_name("job.toml")


def named(make: Callable[[Images, BatchKey], Batch]) -> Callable[[Images, BatchKey], Batch]:
    """Give a batch the epoch of its key, and the references of its rows."""

    def made(images: Images, key: BatchKey) -> Batch:
        batch = make(images, key)
        batch.named = (key.epoch, [int(images.samples.references[row]) for row in key.rows])
        return batch

    return made


def noted(record: Record, check: Callable[..., Iterator[Batch]]) -> Callable[..., Iterator[Batch]]:
    """Take note of every batch that the loop takes."""

    def checked(*words: Any, **options: Any) -> Iterator[Batch]:
        for batch in check(*words, **options):
            record.batch(*batch.named)
            yield batch

    return checked


def main() -> int:
    folder = Path(sys.argv[1])
    Images.__getitem__ = named(Images.__getitem__)
    loop.checked = noted(Record(folder), loop.checked)
    return specc(["run", str(SPEC), "--set", f"run.out={folder}"])


if __name__ == "__main__":
    sys.exit(main())
