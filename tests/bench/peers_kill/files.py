"""Checkpoints as files: are they pickles, what weights do they hold, and what if a bit of them changes."""

import zipfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.bench.peers_kill.contenders import Contender

STATE = ("optim.", "progress.", "ema.")
"""What specc's files have beside weights."""


def pickles(checkpoint: Path) -> str:
    """Return how many files of a checkpoint are pickles, of how many."""
    files = [path for path in checkpoint.rglob("*") if path.is_file()] if checkpoint.is_dir() else [checkpoint]
    return f"{sum(map(is_pickle, files))} of {len(files)}"


def is_pickle(path: Path) -> bool:
    """Say whether a file is a pickle, or an archive with one, as `torch.save` writes it."""
    if zipfile.is_zipfile(path):
        return any(name.endswith(".pkl") for name in zipfile.ZipFile(path).namelist())
    return path.read_bytes()[:1] == b"\x80"


def final_weights(contender: Contender, folder: Path) -> dict[str, bytes]:
    tensors = load_file(folder / contender.final)
    return {name: bytes_of(tensor) for name, tensor in tensors.items() if not name.startswith(STATE)}


def flip_bit(contender: Contender, folder: Path) -> None:
    """Change one bit of the middle of the largest weight in the newest checkpoint, where it lies."""
    path = contender.newest(folder) / contender.weights
    content = bytearray(path.read_bytes())
    wanted = max((bytes_of(tensor) for tensor in weights_in(contender, path).values()), key=len)
    assert content.count(wanted) == 1
    content[content.index(wanted) + len(wanted) // 2] ^= 0x10
    with path.open("r+b") as file:  # all names of the file see it
        file.write(content)


def weights_in(contender: Contender, path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return {name: tensor for name, tensor in load_file(path).items() if not name.startswith(STATE)}
    return torch.load(path, weights_only=False)[contender.key]


def bytes_of(tensor: Tensor) -> bytes:
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
