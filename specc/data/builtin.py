"""Data sets that are there on a fresh machine."""

import gzip
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import distribution
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.data.columns import Rows


class Builtin(NamedTuple):
    """A data set that needs no file."""

    rows: Callable[..., Rows]
    """Lists its samples, by the arguments of its expression."""
    image: Callable[[str], NDArray[np.uint8]]
    """Gives the image of a reference. Shapes: (rows, columns) or (rows, columns, 3), 8 bit."""


DRAWN_BYTES: Final = 256 * 2**20
"""How much of what is drawn is kept."""

_DRAWN: Final[dict[str, NDArray[np.uint8]]] = {}


@lru_cache(maxsize=1)
def _digits() -> NDArray[np.int16]:
    """Read 1,797 scanned handwritten digits: 64 pixels of 0 to 16, then the digit.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998 (CC BY 4.0), as shipped in
    scikit-learn's wheel; its file is read as it lies there, because importing scikit-learn takes longer than all else.
    """
    path = distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")
    with gzip.open(str(path)) as file:
        return np.loadtxt(file, delimiter=",", dtype=np.int16)


def _digit_rows() -> Rows:
    digits = _digits()[:, 64].tolist()
    return Rows.pack(map(str, range(len(digits))), {"digit": map(str, digits)})


def _digit_image(reference: str) -> NDArray[np.uint8]:
    return (_digits()[int(reference), :64].reshape(8, 8) * 255 // 16).astype(np.uint8)


# What draws leaves is imported by who asks for them: all others, most of whom only check a spec, would wait for it.


def _leaf_rows(**arguments: Any) -> Rows:
    from specc.data.leaves.photos import listed  # noqa: PLC0415

    return listed(**arguments)


def _leaf_image(reference: str) -> NDArray[np.uint8]:
    drawn = _DRAWN.get(reference)
    if drawn is None:
        drawn = _draw(reference)
        if (len(_DRAWN) + 1) * drawn.nbytes <= DRAWN_BYTES:
            _DRAWN[reference] = drawn
    return drawn


def _draw(reference: str) -> NDArray[np.uint8]:
    from specc.data.leaves.drawing import draw  # noqa: PLC0415
    from specc.data.leaves.photos import Photo  # noqa: PLC0415

    return draw(Photo.parse(reference))


BUILTIN: Final[dict[str, Builtin]] = {
    "digits": Builtin(_digit_rows, _digit_image),
    "leaves": Builtin(_leaf_rows, _leaf_image),
}
"""Data sets by the name that `data.dataset` gives."""
