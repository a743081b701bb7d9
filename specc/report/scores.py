"""How well each class is recognised."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.report.model import Codes

MISSING = -1


class ClassScore(NamedTuple):
    """One class in a split. Units: shares from 0 to 1; `support` counts the samples that are of the class."""

    code: int
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """Samples by true class (rows) and predicted class (columns), of the classes that occur."""

    codes: list[int]
    counts: NDArray[np.int64]


def known(pair: tuple[Codes, Codes]) -> tuple[Codes, Codes]:
    """Leave out the samples whose label is missing."""
    true, predicted = pair
    return true[true != MISSING], predicted[true != MISSING]


def occurring(true: Codes, predicted: Codes) -> list[int]:
    """Return the codes that occur on either side, in order."""
    return [int(code) for code in np.union1d(true, predicted)]


def confusion(pair: tuple[Codes, Codes]) -> Confusion:
    """Count true against predicted classes."""
    true, predicted = known(pair)
    codes = occurring(true, predicted)
    counts = np.zeros((len(codes), len(codes)), np.int64)
    np.add.at(counts, (np.searchsorted(codes, true), np.searchsorted(codes, predicted)), 1)
    return Confusion(codes, counts)


def class_scores(pair: tuple[Codes, Codes]) -> list[ClassScore]:
    """Score each class that occurs; a share of nothing is 0, as in scikit-learn's reports."""
    true, predicted = known(pair)
    codes = occurring(true, predicted)
    found = np.searchsorted(codes, true), np.searchsorted(codes, predicted)
    support, guesses = (np.bincount(places, minlength=len(codes)) for places in found)
    hits = np.bincount(found[0][true == predicted], minlength=len(codes))
    columns = _share(hits, guesses), _share(hits, support), _share(2 * hits, support + guesses), support
    return [
        ClassScore(code, float(precision), float(recall), float(f1), int(count))
        for code, precision, recall, f1, count in zip(codes, *columns, strict=True)
    ]


def worst(scores: list[ClassScore], count: int) -> list[ClassScore]:
    """Return the classes with the lowest F1, the worst first; of equals the one with more samples."""
    return sorted(scores, key=lambda score: (score.f1, -score.support, score.code))[:count]


def _share(part: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
    return part / np.maximum(of, 1)
