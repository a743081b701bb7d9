"""A LightningCLI app as its documentation teaches: typed parameters of a module and a data module.

Needs: lightning, jsonargparse[signatures], timm, torchvision, scikit-learn.
"""

from functools import partial
from pathlib import Path
from typing import Literal

import torch
from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI, OptimizerCallable
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

Augmentation = Literal["hflip", "rotate"]


class Classifier(LightningModule):
    """A backbone with heads."""

    def __init__(
        self,
        *,
        heads: dict[str, int],
        loss_weights: dict[str, float],
        backbone: str = "test_resnet",
        pretrained: bool = False,
        start_from: Path | None = None,
        drop_path_rate: float = 0.0,
        channels: int = 3,
        train_parts: tuple[str, ...] = ("backbone", "heads"),
        loss: Literal["cross_entropy", "focal"] = "cross_entropy",
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        optimizer: OptimizerCallable = torch.optim.AdamW,
        schedule: Literal["constant", "cosine", "step", "plateau"] = "cosine",
        warmup_epochs: int = 0,
        step_epochs: int = 1,
        plateau_patience: int = 10,
    ) -> None:
        super().__init__()
        self.net = Net(backbone, heads, pretrained=pretrained, drop_path_rate=drop_path_rate, channels=channels)
        if start_from:
            self.net.load_state_dict(torch.load(start_from)["state_dict"])
        self.loss_options = (loss_weights, loss, label_smoothing)
        self.mixup, self.optimizer, self.train_parts = mixup, optimizer, train_parts
        self.schedule, self.plateau_patience = schedule, plateau_patience
        self.lengths = (warmup_epochs, step_epochs)

    def training_step(self, batch, _index):
        images, targets = batch
        return loss_of(self.net(mixed(images, self.mixup)), targets, *self.loss_options)

    def on_train_batch_end(self, _outputs, _batch, index) -> None:
        if self.current_epoch == 0 and index == 0:
            print(STARTED, flush=True)

    def validation_step(self, batch, _index) -> None:
        images, targets = batch
        answers = self.net(images)
        self.log("val_loss", loss_of(answers, targets, *self.loss_options))
        for head, logits in answers.items():
            self.log(f"val_top1_{head}", (logits.argmax(1) == targets[head]).float().mean())

    def configure_optimizers(self):
        optimizer = self.optimizer(self.net.freeze_except(self.train_parts))
        if self.schedule == "plateau":
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=self.plateau_patience)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "val_loss"}}
        rate = partial(factor, self.schedule, self.trainer.max_epochs, *self.lengths)
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, rate)}


class Images(LightningDataModule):
    """Manifests of images."""

    def __init__(
        self,
        *,
        train: Path,
        val: Path | None = None,
        image: str = "path",
        labels: tuple[str, ...] = ("digit",),
        val_share: float = 0.0,
        folds: int | None = None,
        fold: int = 0,
        size: int = 32,
        val_size: int = 32,
        channels: int = 3,
        mean: tuple[float, ...] = MEAN,
        std: tuple[float, ...] = STD,
        augment: tuple[Augmentation, ...] = (),
        val_augment: tuple[Augmentation, ...] = (),
        oversample: tuple[tuple[float, int], ...] = (),
        batch_size: int = 32,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.paths, self.columns = (train, val), (image, labels)
        self.transforms = (
            transform(augment, size, mean, std, channels),
            transform(val_augment, val_size, mean, std, channels),
        )
        self.division = (val_share, folds, fold)
        self.oversample, self.loading = oversample, {"batch_size": batch_size, "num_workers": num_workers}

    def setup(self, stage: str) -> None:
        del stage
        self.train, self.val = splits(self.paths, self.columns, self.transforms, *self.division)

    def train_dataloader(self) -> DataLoader:
        if self.oversample:
            return DataLoader(self.train, sampler=oversampler(self.train, self.oversample), **self.loading)
        return DataLoader(self.train, shuffle=True, **self.loading)

    def val_dataloader(self) -> DataLoader | list:
        return DataLoader(self.val, **self.loading) if self.val else []


if __name__ == "__main__":
    LightningCLI(Classifier, Images, save_config_callback=None)
