"""Scikit-learn's digits as files: images, manifests and class folders, right ones and wrong ones."""

import csv
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TRAIN, VAL = 17, 5
"""Images of a class."""

Row = dict[str, str]


def write(folder: Path) -> None:
    """Write everything that a peer may be asked about."""
    rows = list(_images(folder))
    train = [row for row in rows if row["split"] == "train"]
    val = [row for row in rows if row["split"] == "val"]
    strangers = [*val[1:], {**val[0], "digit": "ten"}]
    capitals = [{**row, "digit": row["digit"].replace("nine", "Nine")} for row in val]
    splits = {"val": val, "leaky": [*val, train[0]], "stranger": strangers, "capital": capitals, "same": train}
    for name, chosen in {"train": train, **splits}.items():
        _manifest(folder / f"{name}.csv", chosen)
    for name, chosen in splits.items():
        _folders(folder / f"folders_{name}", train, chosen)


def _images(folder: Path) -> Iterable[Row]:
    digits = load_digits()
    for label, name in enumerate(NAMES):
        chosen = digits.images[digits.target == label][: TRAIN + VAL]
        for index, pixels in enumerate(chosen):
            path = Path("images", f"{name}_{index:02}.png")
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((pixels * 15.9).astype(np.uint8)).convert("RGB").resize((32, 32)).save(folder / path)
            split = "train" if index < TRAIN else "val"
            parity = "odd" if label % 2 else "even"
            yield {"path": str(path), "digit": name, "parity": parity, "writer": f"w{index % 6}", "split": split}


def _manifest(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _folders(folder: Path, train: list[Row], val: list[Row]) -> None:
    for split, rows in (("train", train), ("val", val)):
        for row in rows:
            place = folder / split / row["digit"]
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder.parent / row["path"], place)
