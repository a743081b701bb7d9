"""The promise that what is frozen stands still, checked."""

import torch
from torch import Tensor, nn

from specc.errors import RunFailed


def frozen_statistics(model: nn.Module) -> dict[str, Tensor]:
    """Return copies of the buffers of modules in evaluation mode: the running statistics of frozen normalisation."""
    return {
        f"{path}.{name}": buffer.clone()
        for path, module in model.named_modules()
        if not module.training
        for name, buffer in module.named_buffers(recurse=False)
    }


def check_statistics(model: nn.Module, before: dict[str, Tensor]) -> None:
    """Compare the buffers with their copies.

    Raises: RunFailed when one of them moved.
    """
    now = dict(model.named_buffers())
    moved = [name for name, buffer in before.items() if not torch.equal(now[name.removeprefix(".")], buffer)]
    if moved:
        raise RunFailed(
            f"frozen statistics moved: {moved[0]}", help="this is a fault of the model's code; please report it"
        )
