"""Which photographs a set of leaves has: their classes, how many of each, and what each is drawn from."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.data.columns import Rows
from specc.data.leaves.diseases import KINDS, disease_name
from specc.data.leaves.species import species_at
from specc.data.problem import DataProblem
from specc.data.randomness import stream

VERSION: Final = 1
"""Of the drawing; a change that moves pixels raises it, so that the fingerprint of a set changes with them."""


class Photo(NamedTuple):
    """Everything that the pixels of a photograph depend on."""

    seed: int
    size: int
    species: int
    disease: int
    """0 when it is healthy."""
    plant: int
    """Number of the plant in its class."""
    number: int
    """Number of the photograph of its plant."""

    @classmethod
    def parse(cls, reference: str) -> "Photo":
        """Read a reference.

        >>> Photo.parse(str(Photo(seed=0, size=96, species=2, disease=7, plant=31, number=0)))
        Photo(seed=0, size=96, species=2, disease=7, plant=31, number=0)
        """
        _, *numbers = reference.split("/")
        return cls(*map(int, numbers))

    def __str__(self) -> str:
        return "/".join(map(str, (VERSION, *self)))

    @property
    def plant_name(self) -> str:
        """Return what tells a plant from all others."""
        return f"{self.species}/{self.disease}/{self.plant}"


def listed(  # noqa: PLR0913  (the arguments of an expression)
    *, species: int, diseases: Sequence[int], samples: int, size: int, imbalance: float, photos: int, seed: int
) -> Rows:
    """List the photographs of a set, class by class from the most frequent to the rarest.

    Raises: DataProblem when a class would have none.
    """
    kinds = _kinds(species, *diseases)
    counts = _counts(samples, len(kinds), imbalance)
    if not counts.all():
        empty = np.count_nonzero(counts == 0)
        headline = f"{samples:,} samples leave {empty:,} of the {len(kinds):,} classes of `leaves` without any"
        raise DataProblem("out-of-range", headline, "dataset", help="raise `samples`, or lower `imbalance`")
    found = [
        Photo(seed, size, *kind, *divmod(index, photos))
        for kind, count in zip(kinds, counts.tolist(), strict=True)
        for index in range(count)
    ]
    columns = {
        "species": (species_at(photo.species).name for photo in found),
        "disease": (disease_name(photo.disease) for photo in found),
        "plant": (photo.plant_name for photo in found),
    }
    return Rows.pack(map(str, found), columns)


def _kinds(species: int, fewest: int, most: int) -> list[tuple[int, int]]:
    """Return each species with each of its diseases: healthy ones, then the first disease of each, and so on.

    The number of diseases goes round from the fewest to the most; being healthy is one.

    >>> _kinds(3, 1, 2)
    [(0, 0), (1, 0), (2, 0), (1, 7)]
    """
    of_species = [_diseases(number, fewest + number % (most - fewest + 1), most) for number in range(species)]
    return [(number, own[rank]) for rank in range(most) for number, own in enumerate(of_species) if rank < len(own)]


def _diseases(species: int, count: int, most: int) -> list[int]:
    """Return which diseases a species has, in the order of how frequent they are on it."""
    lots = stream(0, "leaves/diseases", species).random(max(KINDS, most - 1))
    return [0, *(np.argsort(lots)[: count - 1] + 1).tolist()]


def _counts(samples: int, classes: int, imbalance: float) -> NDArray[np.int64]:
    """Share samples out in an exponential profile: the first class has `imbalance` times as many as the last.

    Source: Y. Cui et al., Class-balanced loss based on effective number of samples, arXiv 1901.05555.

    >>> _counts(40, 4, 8).tolist()
    [21, 11, 5, 3]
    """
    weights = imbalance ** -np.linspace(0, 1, classes)
    shares = samples * weights / weights.sum()
    counts: NDArray[np.int64] = np.floor(shares).astype(np.int64)
    most_owed = np.argsort(counts - shares, kind="stable")[: samples - counts.sum()]
    counts[most_owed] += 1
    return counts
