"""What both apps train: a data set from a manifest, a timm backbone with heads, a schedule. No checks of their own."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import timm
import torch
from PIL import Image
from sklearn.model_selection import StratifiedKFold
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset, Subset, WeightedRandomSampler, random_split
from torchvision.transforms import v2

STARTED = "TRAINING STARTED"
"""Printed after the first training step; what is said before it was said in time."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, for images of three channels."""


class Manifest(Dataset):
    """Images and labels of a csv file; a class that the training manifest has not is a KeyError."""

    def __init__(self, path: Path, image: str, labels: Sequence[str], transform, *, classes=None, limit=None) -> None:
        with Path(path).open(encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))[:limit]
        self.transform = transform
        self.paths = [Path(path).parent / row[image] for row in self.rows]
        self.classes = classes or {label: _classes(self.rows, label) for label in labels}
        self.targets = [{label: self.classes[label][row[label]] for label in labels} for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int):
        return self.transform(Image.open(self.paths[index]).convert("RGB")), self.targets[index]


def _classes(rows: list[dict[str, str]], label: str) -> dict[str, int]:
    return {name: index for index, name in enumerate(sorted({row[label] for row in rows}))}


def transform(names: Sequence[str], size: int, mean: Sequence[float], std: Sequence[float], channels: int):
    known = {"hflip": v2.RandomHorizontalFlip(), "rotate": v2.RandomRotation(12)}
    first = [v2.Grayscale()] if channels == 1 else []
    to_tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    return v2.Compose(
        [*first, v2.Resize((size, size)), *(known[name] for name in names), *to_tensor, v2.Normalize(mean, std)]
    )


def splits(  # noqa: PLR0917
    paths: tuple,
    columns: tuple,
    transforms: tuple,
    share: float,
    folds: int | None,
    fold: int,
    limit: int | None = None,
) -> tuple:
    """Return the training and the validation set, the second None where there is none."""
    train = Manifest(paths[0], *columns, transforms[0], limit=limit)
    if paths[1]:
        return train, Manifest(paths[1], *columns, transforms[1], classes=train.classes)
    if share:
        return tuple(random_split(train, [1 - share, share]))
    if folds:
        labels = [next(iter(target.values())) for target in train.targets]
        return tuple(Subset(train, chosen) for chosen in list(StratifiedKFold(folds).split(labels, labels))[fold])
    return train, None


def oversampler(data: Manifest, rules: Sequence[tuple[float, int]]) -> WeightedRandomSampler:
    """Draw by weight; the first rule whose count is above the class's own wins."""
    values = [next(iter(target.values())) for target in data.targets]
    weights = [next((weight for weight, below in rules if values.count(v) < below), 1.0) for v in values]
    return WeightedRandomSampler(weights, len(weights))


class Net(nn.Module):
    """A backbone and a linear head a label."""

    def __init__(
        self, name: str, heads: dict[str, int], *, pretrained: bool, drop_path_rate: float, channels: int
    ) -> None:
        super().__init__()
        extra = {"drop_path_rate": drop_path_rate} if drop_path_rate else {}
        self.backbone = timm.create_model(name, pretrained=pretrained, num_classes=0, in_chans=channels, **extra)
        self.heads = nn.ModuleDict({head: nn.Linear(self.backbone.num_features, out) for head, out in heads.items()})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.backbone(images)
        return {name: head(features) for name, head in self.heads.items()}

    def freeze_except(self, prefixes: Sequence[str]) -> list[nn.Parameter]:
        """Train the parameters whose names begin so, and return them."""
        for name, parameter in self.named_parameters():
            parameter.requires_grad = name.startswith(tuple(prefixes))
        return [parameter for parameter in self.parameters() if parameter.requires_grad]


def loss_of(
    answers: dict[str, Tensor], targets: dict[str, Tensor], weights: dict[str, float], kind: str, smoothing: float
) -> Tensor:
    return sum(weight * _loss(answers[head], targets[head], kind, smoothing) for head, weight in weights.items())


def _loss(logits: Tensor, target: Tensor, kind: str, smoothing: float) -> Tensor:
    each = functional.cross_entropy(logits, target, label_smoothing=smoothing, reduction="none")
    return (each * (1 - torch.exp(-each)) ** 2).mean() if kind == "focal" else each.mean()


def mixed(images: Tensor, alpha: float) -> Tensor:
    share = torch.distributions.Beta(alpha, alpha).sample() if alpha else 1.0
    return share * images + (1 - share) * images[torch.randperm(len(images))]


def factor(kind: str, epochs: int, warmup: int, every: int, epoch: int) -> float:
    """Return what the rate is multiplied with in an epoch."""
    if epoch < warmup:
        return (epoch + 1) / (warmup + 1)
    if kind == "cosine":
        return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / max(1, epochs - warmup)))
    return 0.1 ** (epoch // every) if kind == "step" else 1.0
