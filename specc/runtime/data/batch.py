"""What the loop is handed."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from specc.plan.model import Operation


@dataclass
class Batch:
    """Inputs and labels by name. Shapes: the first side of every tensor is the samples."""

    inputs: dict[str, Tensor]
    labels: dict[str, Tensor]
    failures: tuple[str, ...] = ()
    """What could not be read, in words."""
    unusable: str = ""
    """Why the batch as a whole is of no use, in words."""

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def to(self, device: torch.device) -> "Batch":
        """Move all tensors; pinned memory moves while the device works."""
        inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in self.inputs.items()}
        labels = {name: tensor.to(device, non_blocking=True) for name, tensor in self.labels.items()}
        return replace(self, inputs=inputs, labels=labels)

    def take(self, rows: Tensor | slice) -> "Batch":
        """Return some of the samples."""
        return Batch({n: t[rows] for n, t in self.inputs.items()}, {n: t[rows] for n, t in self.labels.items()})

    def pin_memory(self) -> "Batch":
        """Return a copy in page-locked memory; called by torch's loader."""
        inputs = {name: tensor.pin_memory() for name, tensor in self.inputs.items()}
        labels = {name: tensor.pin_memory() for name, tensor in self.labels.items()}
        return replace(self, inputs=inputs, labels=labels)


class Normalize:
    """Scales 8-bit images to 0..1 and normalises them, a whole batch at once on the device."""

    def __init__(self, operation: Operation | None, device: torch.device) -> None:
        args = operation.args if operation else {"mean": [0.0], "std": [1.0]}
        mean, std = (torch.tensor(args[key], device=device).view(1, -1, 1, 1) for key in ("mean", "std"))
        self.scale, self.shift = 1 / (255 * std), -mean / std

    def __call__(self, images: Tensor) -> Tensor:
        """Return float images, channels last as the model's convolutions are."""
        layout = torch.preserve_format if images.device.type == "mps" else torch.channels_last
        return torch.addcmul(self.shift, images.to(torch.float32, memory_format=layout), self.scale)
