"""Data sets that are there on a fresh machine."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Builtin:
    """Images in memory. Shapes: images (samples, rows, columns), 8 bit; columns hold one text a sample."""

    images: NDArray[np.uint8]
    columns: dict[str, list[str]]


@lru_cache(maxsize=1)
def digits() -> Builtin:
    """Return 1,797 scanned handwritten digits of 8 x 8 pixels.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998 (CC BY 4.0), as shipped in
    scikit-learn's wheel; its file is read as it lies there, because importing scikit-learn takes longer than all else.
    """
    path = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    with gzip.open(str(path)) as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.int16)
    images = (table[:, :64].reshape(-1, 8, 8) * 255 // 16).astype(np.uint8)
    return Builtin(images, {"digit": [str(digit) for digit in table[:, 64]]})


BUILTIN: Final[dict[str, Callable[[], Builtin]]] = {"digits": digits}
"""Data sets by the name that `data.dataset` gives."""
