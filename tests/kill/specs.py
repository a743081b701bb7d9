"""Specs of seconds in which every pair of features stands in all four ways: both, either, none.

Sixteen rows of a Hadamard matrix are an orthogonal array of strength two for fifteen features
(Hedayat, Sloane and Stufken, Orthogonal Arrays, 1999, chapter 7).
"""

import json
from typing import Final

from scipy.linalg import hadamard

FEATURES: Final = (
    "mixup",
    "cutmix",
    "randaugment",
    "erasing",
    "weighted sampling",
    "average",
    "accumulation",
    "clipping",
    "bf16",
    "dropout",
    "freezing",
    "resolution",
    "batch size",
    "early stopping",
    "plateau",
)

TEXT: Final = """
specc = 1
name = "cover{number}"
seed = {number}

[data]
source = "builtin"
dataset = "digits"
split = "stratified(digit, val = 20%, test = 10%)"
labels.digit = {{}}
limit = 80

[augment]
train = {train}
eval = ["resize(32)", "normalize(imagenet)"]

[model]
backbone = "test_resnet"
drop_path_rate = {drop_path}
heads.digit = {{ kind = "linear", dropout = {dropout} }}
{average}

[defaults]
batch_size = 8
loss = "cross_entropy(digit)"
checkpoint_every = "3 steps"
{clipping}

[[stages]]
name = "first"
epochs = 2
train = "{first}"
lr = 1e-3

[[stages]]
name = "second"
epochs = 3
train = "all"
lr = "{rate}"
{second}

[evaluate]
metrics = ["top1(digit)"]
best = "min loss"

[run]
device = "cpu"
"""


def cover() -> list[frozenset[str]]:
    """Return the sets of features that are on."""
    rows = hadamard(16)[:, 1:]
    return [frozenset(name for name, sign in zip(FEATURES, row, strict=True) if sign < 0) for row in rows]


def written(number: int, on: frozenset[str]) -> str:
    """Return a spec with these features on and the others off."""
    return TEXT.format(
        number=number,
        train=_train(32, on),
        drop_path=0.1 if "dropout" in on else 0.0,
        dropout=0.2 if "dropout" in on else 0.0,
        average="ema_decay = 0.9" if "average" in on else "",
        clipping="max_grad_norm = 1.0" if "clipping" in on else "",
        first="heads.digit" if "freezing" in on else "all",
        rate="plateau(1e-3, factor = 0.5, patience = 0)" if "plateau" in on else "cosine(2e-3 -> 1e-5)",
        second="\n".join(_second(on)),
    )


def _train(size: int, on: frozenset[str]) -> str:
    random = [
        text for name, text in {"randaugment": "randaugment(2, 9)", "erasing": "erase(0.3)"}.items() if name in on
    ]
    names = [f"resize({size})", "rotate(10)", *random, "normalize(imagenet)"]
    return json.dumps(names)


def _second(on: frozenset[str]) -> list[str]:
    """Return the lines that only the second stage has."""
    mixing = {
        frozenset(): "",
        frozenset({"mixup"}): 'mix = "mixup(0.2)"',
        frozenset({"cutmix"}): 'mix = "cutmix(1.0)"',
        frozenset({"mixup", "cutmix"}): 'mix = "one_of(mixup(0.2), cutmix(1.0), p = 0.5)"',
    }
    lines = {
        "weighted sampling": 'sample = "2 where count(digit) < 7"',
        "accumulation": "grad_accum_steps = 2",
        "bf16": 'precision = "bf16"',
        "resolution": f"augment = {_train(24, on)}",
        "batch size": "batch_size = 16",
        "early stopping": 'stop = "min loss, patience = 1 epochs"',
    }
    return [mixing[on & {"mixup", "cutmix"}], *(line for name, line in lines.items() if name in on)]
