"""Steps a second of a two-stage spec beside a hand-written PyTorch loop that does the same work, interleaved.

    python -m tests.bench.cifar10 DIR [--rounds 12] [--steps 15]

DIR holds CIFAR-10 as DIR/{train,test}/<class>/<n>.png. Both sides train timm's resnet18 at 32 px: first the head on a
frozen backbone, then everything, with the same transforms, optimizer, batch and number of workers. A round times the
same number of steps of each side, one after the other; the median of the rounds' ratios is printed, stage by stage.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import timm
import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision.transforms import v2

from specc.compiler.pipeline import compile_spec
from specc.runtime.events import StageStarted, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.loop import train

BATCH, RATE, WORKERS = 128, 1e-3, 1
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

SPEC = """
specc = 1
name = "cifar10"
[data]
source = "folder"
train = "{data}/train"
val = "{data}/test"
num_workers = {workers}
labels.object = {{ folder = true }}
[augment]
train = ["random_crop(32, padding = 4)", "hflip(0.5)", "normalize(imagenet)"]
eval = ["normalize(imagenet)"]
[model]
backbone = "resnet18"
heads.object = {{}}
[defaults]
batch_size = {batch}
max_grad_norm = 1.0
loss = "cross_entropy(object)"
optimizer = "adamw(weight_decay = 0.05)"
[[stages]]
name = "head"
steps = {steps}
train = "heads.object"
lr = {rate}
[[stages]]
name = "whole"
steps = {steps}
train = "all"
lr = "cosine({rate} -> 0)"
[evaluate]
every = 1000
"""


def ours(folder: Path, data: Path, steps: int) -> Iterator[None]:
    """Yield after each of specc's steps; a stage's start yields once more, so that it is timed in no round."""
    spec = folder / "cifar10.toml"
    spec.write_text(SPEC.format(data=data, workers=WORKERS, batch=BATCH, steps=steps, rate=RATE))
    plan, _ = compile_spec(spec)
    for event in train(plan, RunFolder(folder / "run"), spec.read_text()):
        if isinstance(event, StepDone | StageStarted):
            yield


def by_hand(data: Path, steps: int) -> Iterator[None]:
    """Yield after each step of a loop as a careful person writes it."""
    transform = v2.Compose(
        [
            v2.PILToTensor(),
            v2.RandomCrop(32, padding=4),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    images = datasets.ImageFolder(str(data / "train"), transform)
    backbone = timm.create_model("resnet18", num_classes=0)
    head = nn.Linear(backbone.num_features, len(images.classes))
    yield from _stage_by_hand(images, backbone, head, steps, frozen=True)
    yield from _stage_by_hand(images, backbone, head, steps, frozen=False)


def _stage_by_hand(
    images: datasets.ImageFolder, backbone: nn.Module, head: nn.Module, steps: int, *, frozen: bool
) -> Iterator[None]:
    yield
    loader = DataLoader(images, BATCH, shuffle=True, num_workers=WORKERS, drop_last=True, prefetch_factor=4)
    backbone.train(not frozen)
    parameters = [*head.parameters(), *([] if frozen else backbone.parameters())]
    optimizer = torch.optim.AdamW(parameters, RATE, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: 1.0 if frozen else (1 + math.cos(math.pi * step / steps)) / 2
    )
    done = 0
    while done < steps:
        for pixels, labels in loader:
            with torch.set_grad_enabled(not frozen):
                features = backbone(pixels)
            loss = nn.functional.cross_entropy(head(features), labels)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            loss.item()
            done += 1
            yield
            if done == steps:
                break


def timed(side: Iterator[None], steps: int) -> float:
    began = time.perf_counter()
    for _ in range(steps):
        next(side)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=15, help="steps of one round")
    arguments = parser.parse_args()
    warmup = 5
    total = warmup + arguments.rounds * arguments.steps
    with tempfile.TemporaryDirectory() as folder:
        sides = ours(Path(folder), arguments.data.resolve(), total), by_hand(arguments.data, total)
        for stage in ("head on a frozen backbone", "everything"):
            for side in sides:
                timed(side, 1 + warmup)
            ratios, speeds = [], []
            for number in range(arguments.rounds):
                order = (0, 1) if number % 2 else (1, 0)
                seconds = {i: timed(sides[i], arguments.steps) for i in order}
                ratios.append(seconds[1] / seconds[0])
                speeds.append([arguments.steps / seconds[i] for i in (0, 1)])
            mine, hand = (statistics.median(speed[i] for speed in speeds) for i in (0, 1))
            spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
            print(
                f"{stage}: {mine:.2f} steps/s, by hand {hand:.2f}; ratio {statistics.median(ratios):.3f} ({spread})",
                flush=True,
            )


if __name__ == "__main__":
    main()
