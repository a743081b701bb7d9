"""The job that all contenders do: data, model, optimizer and schedule, so that only saving and continuing differ."""

from typing import Any

import timm
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.utils.data import Dataset
from torchvision.transforms import v2

SAMPLES, BATCH, EPOCHS, WORKERS = 400, 16, 3, 2
RATE, DECAY, DROPOUT, DEGREES = 1e-3, 0.01, 0.2, 10
EVERY = 7
"""Steps between two checkpoints."""

PER_EPOCH = SAMPLES // BATCH
STEPS = PER_EPOCH * EPOCHS
SEED = 0

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, for images of three channels."""

LOADING: dict[str, Any] = {"batch_size": BATCH, "shuffle": True, "num_workers": WORKERS}
"""How any loader is asked for batches."""


class Digits(Dataset):
    """Images, labels, and their indices, by which they are counted."""

    def __init__(self) -> None:
        digits = load_digits()
        self.images = torch.from_numpy(digits.images[:SAMPLES] * 255 // 16).to(torch.uint8)
        self.labels = digits.target[:SAMPLES].tolist()
        scaled = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
        self.transform = v2.Compose([v2.Resize(32), v2.RandomRotation(DEGREES), *scaled])

    def __len__(self) -> int:
        return SAMPLES

    def __getitem__(self, index: int) -> tuple[Tensor, int, int]:
        return self.transform(self.images[index].expand(3, 8, 8)), self.labels[index], index


class StatefulDigits(Digits):
    """Digits that keep a worker's random state, as torchdata's README shows for random transforms."""

    def state_dict(self) -> dict[str, Tensor]:
        return {"rng": torch.get_rng_state()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        torch.set_rng_state(state["rng"])


def network() -> nn.Module:
    return timm.create_model("test_resnet", num_classes=10, drop_rate=DROPOUT)


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)


def schedule_of(optimizer: torch.optim.Optimizer) -> CosineAnnealingLR:
    return CosineAnnealingLR(optimizer, STEPS)


def loss_of(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.cross_entropy(model(images), labels)
