"""A Hydra app with structured configs, as its documentation teaches: dataclasses that hold the types, a plain loop.

Needs: hydra-core, timm, torchvision, scikit-learn.
"""

from dataclasses import dataclass, field
from enum import Enum
from functools import partial

import hydra
import torch
from hydra.core.config_store import ConfigStore
from omegaconf import MISSING
from torch.utils.data import DataLoader

from tests.bench.peers.common import (
    MEAN,
    STARTED,
    STD,
    Net,
    factor,
    loss_of,
    mixed,
    oversampler,
    splits,
    transform,
)

Loss = Enum("Loss", ["cross_entropy", "focal"])
Schedule = Enum("Schedule", ["constant", "cosine", "step", "plateau"])
Precision = Enum("Precision", ["fp32", "bf16", "fp16"])
OptimizerName = Enum("OptimizerName", ["adamw", "sgd"])
Augmentation = Enum("Augmentation", ["hflip", "rotate"])


@dataclass
class Data:
    train: str = MISSING
    val: str | None = None
    image: str = "path"
    labels: list[str] = field(default_factory=lambda: ["digit"])
    val_share: float = 0.0
    folds: int | None = None
    fold: int = 0
    limit: int | None = None
    size: int = 32
    val_size: int = 32
    channels: int = 3
    mean: list[float] = field(default_factory=lambda: [*MEAN])
    std: list[float] = field(default_factory=lambda: [*STD])
    augment: list[Augmentation] = field(default_factory=list)
    val_augment: list[Augmentation] = field(default_factory=list)
    batch_size: int = 32
    num_workers: int = 0


@dataclass
class Model:
    backbone: str = "test_resnet"
    pretrained: bool = False
    start_from: str | None = None
    drop_path_rate: float = 0.0
    heads: dict[str, int] = field(default_factory=dict)


@dataclass
class Optimizer:
    name: OptimizerName = OptimizerName.adamw
    weight_decay: float = 0.0
    momentum: float = 0.0


@dataclass
class Oversample:
    weight: float = MISSING
    below: int = MISSING


@dataclass
class Stop:
    monitor: str = "loss"
    mode: str = "min"
    patience: int = 3
    after: int = 0


@dataclass
class Stage:
    epochs: int = 1
    train: list[str] = field(default_factory=lambda: ["backbone", "heads"])
    lr: float = 1e-3
    schedule: Schedule = Schedule.cosine
    warmup_epochs: int = 0
    step_epochs: int = 1
    plateau_patience: int = 10
    loss: Loss = Loss.cross_entropy
    loss_weights: dict[str, float] = field(default_factory=lambda: {"digit": 1.0})
    label_smoothing: float = 0.0
    mixup: float = 0.0
    oversample: list[Oversample] = field(default_factory=list)
    stop: Stop | None = None
    start_from: str | None = None


@dataclass
class Config:
    seed: int = 42
    device: str = "cpu"
    precision: Precision = Precision.fp32
    max_grad_norm: float = 1.0
    grad_accum_steps: int = 1
    validate_every: int = 1
    monitor: str = "loss"
    mode: str = "min"
    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    optimizer: Optimizer = field(default_factory=Optimizer)
    stages: dict[str, Stage] = field(default_factory=dict)


ConfigStore.instance().store(name="schema", node=Config)
DTYPES = {Precision.fp32: torch.float32, Precision.bf16: torch.bfloat16, Precision.fp16: torch.float16}


@hydra.main(version_base=None, config_name="schema")
def main(config: Config) -> None:
    torch.manual_seed(config.seed)
    model = config.model
    net = Net(
        model.backbone,
        dict(model.heads),
        pretrained=model.pretrained,
        drop_path_rate=model.drop_path_rate,
        channels=config.data.channels,
    ).to(torch.device(config.device))
    if model.start_from:
        net.load_state_dict(torch.load(model.start_from)["state_dict"])
    train, val = read(config.data)
    best: dict = {}
    for stage in config.stages.values():
        if stage.start_from == "best":
            net.load_state_dict(best["state"])
        run_stage(config, stage, net, train, val, best)


def read(data: Data) -> tuple:
    scale = (data.mean, data.std, data.channels)
    transforms = (
        transform([each.name for each in data.augment], data.size, *scale),
        transform([each.name for each in data.val_augment], data.val_size, *scale),
    )
    division = (data.val_share, data.folds, data.fold, data.limit)
    return splits((data.train, data.val), (data.image, data.labels), transforms, *division)


def run_stage(config: Config, stage: Stage, net: Net, train, val, best: dict) -> None:  # noqa: PLR0917
    optimizer = make_optimizer(config.optimizer, net.freeze_except(stage.train), stage.lr)
    scheduler = make_scheduler(stage, optimizer)
    loader = make_loader(config.data, stage, train)
    seen: list[float] = []
    for epoch in range(stage.epochs):
        train_epoch(config, stage, net, loader, optimizer)
        scores = evaluate(config, stage, net, val) if val and (epoch + 1) % config.validate_every == 0 else {}
        scheduler.step(*([scores["loss"]] if stage.schedule is Schedule.plateau else []))
        if scores:
            keep_best(config, net, scores, best)
        if scores and stage.stop:
            seen.append(scores[stage.stop.monitor])
            if is_over(stage.stop, seen, epoch):
                break


def make_loader(data: Data, stage: Stage, train) -> DataLoader:
    rules = [(rule.weight, rule.below) for rule in stage.oversample]
    sampler = oversampler(train, rules) if rules else None
    return DataLoader(train, data.batch_size, sampler=sampler, shuffle=not rules, num_workers=data.num_workers)


def make_optimizer(options: Optimizer, parameters: list, lr: float) -> torch.optim.Optimizer:
    if options.name is OptimizerName.sgd:
        return torch.optim.SGD(parameters, lr, options.momentum, weight_decay=options.weight_decay)
    return torch.optim.AdamW(parameters, lr, weight_decay=options.weight_decay)


def make_scheduler(stage: Stage, optimizer: torch.optim.Optimizer):
    if stage.schedule is Schedule.plateau:
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=stage.plateau_patience)
    rate = partial(factor, stage.schedule.name, stage.epochs, stage.warmup_epochs, stage.step_epochs)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, rate)


def train_epoch(config: Config, stage: Stage, net: Net, loader: DataLoader, optimizer: torch.optim.Optimizer) -> None:
    net.train()
    dtype = DTYPES[config.precision]
    for index, (images, targets) in enumerate(loader):
        with torch.autocast(config.device, dtype, enabled=dtype is not torch.float32):
            answers = net(mixed(images, stage.mixup))
            loss = loss_of(answers, targets, stage.loss_weights, stage.loss.name, stage.label_smoothing)
        (loss / config.grad_accum_steps).backward()
        if (index + 1) % config.grad_accum_steps == 0:
            torch.nn.utils.clip_grad_norm_(net.parameters(), config.max_grad_norm)
            optimizer.step()
            optimizer.zero_grad()
        if index == 0:
            print(STARTED, flush=True)


@torch.no_grad()
def evaluate(config: Config, stage: Stage, net: Net, val) -> dict[str, float]:
    net.eval()
    scores: dict[str, float] = dict.fromkeys(["loss", *(f"top1_{head}" for head in net.heads)], 0.0)
    for images, targets in DataLoader(val, config.data.batch_size):
        answers, share = net(images), len(images) / len(val)
        scores["loss"] += share * float(loss_of(answers, targets, stage.loss_weights, stage.loss.name, 0.0))
        for head, logits in answers.items():
            scores[f"top1_{head}"] += share * float((logits.argmax(1) == targets[head]).float().mean())
    return scores


def keep_best(config: Config, net: Net, scores: dict[str, float], best: dict) -> None:
    if "score" not in best or better(scores[config.monitor], best["score"], config.mode):
        state = {name: value.clone() for name, value in net.state_dict().items()}
        best.update(score=scores[config.monitor], state=state)


def better(new: float, old: float, mode: str) -> bool:
    return new < old if mode == "min" else new > old


def is_over(stop: Stop, seen: list[float], epoch: int) -> bool:
    """Say whether the best score is so many validations ago."""
    best = seen.index(min(seen) if stop.mode == "min" else max(seen))
    return epoch >= stop.after and len(seen) - 1 - best >= stop.patience


if __name__ == "__main__":
    main()
