"""Accelerate: `save_state`, then `load_state` and `skip_first_batches`, as in its guide and its examples.

With `seedable`, the sampler that it offers for reproducible training, and `set_epoch`. With `stateful`, loaders of
torchdata behind its own, which are restored by `load_state`; then it asks not to skip.
"""

import sys
from pathlib import Path

from accelerate import Accelerator, skip_first_batches
from accelerate.utils import DataLoaderConfiguration, set_seed
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from tests.bench.peers_kill.job import (
    EPOCHS,
    EVERY,
    LOADING,
    PER_EPOCH,
    SEED,
    Digits,
    StatefulDigits,
    loss_of,
    network,
    optimizer_of,
    schedule_of,
)
from tests.bench.peers_kill.record import Record


def prepared(accelerator: Accelerator, *, stateful: bool) -> tuple:
    model = network()
    optimizer = optimizer_of(model)
    loader = DataLoader(StatefulDigits() if stateful else Digits(), **LOADING)
    return accelerator.prepare(model, optimizer, loader, schedule_of(optimizer))


def newest(folder: Path) -> Path | None:
    """Return the checkpoint to go on from; its name has the steps that are done."""
    return max(folder.glob("step_*"), key=lambda path: int(path.name.removeprefix("step_")), default=None)


def main() -> None:
    folder, seedable, stateful = Path(sys.argv[1]), "seedable" in sys.argv, "stateful" in sys.argv
    record = Record(folder)
    set_seed(SEED)
    loading = DataLoaderConfiguration(use_seedable_sampler=seedable, use_stateful_dataloader=stateful)
    accelerator = Accelerator(cpu=True, dataloader_config=loading)
    model, optimizer, loader, schedule = prepared(accelerator, stateful=stateful)
    step = 0
    if saved := newest(folder):
        accelerator.load_state(saved)
        step = int(saved.name.removeprefix("step_"))
    model.train()
    for epoch in range(step // PER_EPOCH, EPOCHS):
        if seedable:
            loader.set_epoch(epoch)
        done = step % PER_EPOCH
        for images, labels, indices in skip_first_batches(loader, done) if done and not stateful else loader:
            record.batch(epoch, indices.tolist())
            accelerator.backward(loss_of(model, images, labels))
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            if step % EVERY == 0:
                accelerator.save_state(folder / f"step_{step}")
    save_file(accelerator.unwrap_model(model).state_dict(), folder / "final.safetensors")


if __name__ == "__main__":
    main()
