"""Did you mean: the nearest name in the same scope, or the name that other tools use for the same thing."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

FOREIGN: Final[dict[str, str]] = {
    "learning_rate": "lr",
    "base_lr": "lr",
    "lr0": "lr",
    "max_epochs": "epochs",
    "num_epochs": "epochs",
    "n_epochs": "epochs",
    "max_steps": "steps",
    "clip_grad": "max_grad_norm",
    "gradient_clip": "max_grad_norm",
    "gradient_clip_val": "max_grad_norm",
    "gradient_accumulation_steps": "grad_accum_steps",
    "accumulate_grad_batches": "grad_accum_steps",
    "workers": "num_workers",
    "batch": "batch_size",
    "bs": "batch_size",
    "drop_path": "drop_path_rate",
    "in_chans": "channels",
    "architecture": "backbone",
    "arch": "backbone",
    "weights": "pretrained",
    "opt": "optimizer",
    "amp": "precision",
    "ema": "ema_decay",
    "augmentation": "augment",
    "augmentations": "augment",
    "transforms": "augment",
    "early_stopping": "stop",
    "criterion": "loss",
    "freeze": "train",
    "sampler": "sample",
}
"""What Lightning, timm, transformers, fastai and Ultralytics call things, and the name here."""


def closest(word: str, scope: Iterable[str]) -> str | None:
    """Return the name in `scope` that was probably meant.

    >>> closest("epoch", ["epochs", "lr"])
    'epochs'
    >>> closest("learning-rate", ["epochs", "lr"])
    'lr'
    >>> closest("colour", ["epochs", "lr"]) is None
    True
    """
    names = list(scope)
    plain = word.lower().replace("-", "_")
    if plain in names:
        return plain
    foreign = FOREIGN.get(plain)
    if foreign in names:
        return foreign
    matches = get_close_matches(plain, names, n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, scope: Iterable[str], noun: str = "names") -> str:
    """Return a remedy: the nearest name, or the names that there are.

    >>> did_you_mean("epoch", ["epochs", "lr"])
    'did you mean `epochs`?'
    >>> did_you_mean("colour", ["lr", "epochs"], "keys")
    'known keys: epochs, lr'
    """
    names = sorted(scope)
    match = closest(word, names)
    if match:
        return f"did you mean `{match}`?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known {noun}: {shown}" if names else f"there are no {noun} here"
