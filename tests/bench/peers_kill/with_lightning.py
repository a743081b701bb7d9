"""Lightning: `ModelCheckpoint(every_n_train_steps=...)`, and `fit(ckpt_path="last")` to go on.

With `stateful`, what its messages and its reference offer on top: a loader with a `state_dict`, which Lightning saves
and restores, and `save_on_exception`.
"""

import sys
from pathlib import Path

from lightning.pytorch import LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from safetensors.torch import save_file
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

from tests.bench.peers_kill.job import (
    EPOCHS,
    EVERY,
    LOADING,
    SEED,
    Digits,
    StatefulDigits,
    loss_of,
    network,
    optimizer_of,
    schedule_of,
)
from tests.bench.peers_kill.record import Record


class Classifier(LightningModule):
    def __init__(self, record: Record) -> None:
        super().__init__()
        self.network, self.record = network(), record

    def training_step(self, batch, _index):
        images, labels, indices = batch
        self.record.batch(self.current_epoch, indices.tolist())
        return loss_of(self.network, images, labels)

    def configure_optimizers(self):
        optimizer = optimizer_of(self.network)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule_of(optimizer), "interval": "step"},
        }


def main() -> None:
    folder, stateful = Path(sys.argv[1]), "stateful" in sys.argv
    record = Record(folder)
    seed_everything(SEED, workers=True)
    saving = ModelCheckpoint(folder / "saved", every_n_train_steps=EVERY, save_last=True, save_on_exception=stateful)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(max_epochs=EPOCHS, accelerator="cpu", deterministic=True, callbacks=[saving], **quiet)
    loader = StatefulDataLoader(StatefulDigits(), **LOADING) if stateful else DataLoader(Digits(), **LOADING)
    model = Classifier(record)
    trainer.fit(model, loader, ckpt_path="last")
    save_file(model.network.state_dict(), folder / "final.safetensors")


if __name__ == "__main__":
    main()
