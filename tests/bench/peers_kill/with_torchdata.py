"""A loop of one's own with torchdata's `StatefulDataLoader`, saved and restored as its README does.

That has the state of the loader, and of the random numbers in its workers; model, optimizer and schedule are saved
beside it. With `every`, also what the README does not speak of: the loader has a generator of its own, and the random
state of the main process, which dropout draws from, is saved and restored.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torchdata.stateful_dataloader import StatefulDataLoader

from tests.bench.peers_kill.job import (
    EPOCHS,
    EVERY,
    LOADING,
    SEED,
    StatefulDigits,
    loss_of,
    network,
    optimizer_of,
    schedule_of,
)
from tests.bench.peers_kill.record import Record

Parts = dict[str, Any]
"""What has a state, by name."""


def main() -> None:
    folder, every = Path(sys.argv[1]), "every" in sys.argv
    record, saved = Record(folder), folder / "saved.pt"
    parts, (first, step) = begun(every=every), (0, 0)
    if saved.exists():
        first, step = restored(parts, saved, every=every)
    model = parts["model"].train()
    for epoch in range(first, EPOCHS):
        for images, labels, indices in parts["loader"]:
            record.batch(epoch, indices.tolist())
            parts["optimizer"].zero_grad()
            loss_of(model, images, labels).backward()
            parts["optimizer"].step()
            parts["schedule"].step()
            step += 1
            if step % EVERY == 0:
                states = {name: part.state_dict() for name, part in parts.items()}
                torch.save({**states, "epoch": epoch, "step": step, "rng": torch.get_rng_state()}, saved)
    save_file(model.state_dict(), folder / "final.safetensors")


def begun(*, every: bool) -> Parts:
    torch.manual_seed(SEED)
    model = network()
    optimizer = optimizer_of(model)
    generator = torch.Generator().manual_seed(SEED) if every else None
    loader = StatefulDataLoader(StatefulDigits(), generator=generator, **LOADING)
    return {"model": model, "optimizer": optimizer, "schedule": schedule_of(optimizer), "loader": loader}


def restored(parts: Parts, saved: Path, *, every: bool) -> tuple[int, int]:
    """Give all parts the states that were saved, and return the epoch and the steps that are done."""
    states = torch.load(saved, weights_only=False)
    for name, part in parts.items():
        part.load_state_dict(states[name])
    if every:
        torch.set_rng_state(states["rng"])
    return states["epoch"], states["step"]


if __name__ == "__main__":
    main()
