"""The index of a data set: which samples each split has, their classes and their fingerprint."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from specc.data.classes import classes_of, within
from specc.data.columns import Rows, Strings
from specc.data.places import SPLITS
from specc.data.problem import DataProblem, shown
from specc.data.randomness import stream
from specc.data.rows import read_rows
from specc.data.splits import assign
from specc.errors import DataError
from specc.plan.canonical import canonical_json
from specc.plan.model import DataPlan, LabelPlan

MISSING = -1
"""Code of a label that a row leaves empty."""

_LONGEST_NAME: Final = 1000
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Samples:
    """The samples of one split. Shapes: every array has one entry a sample."""

    references: Strings
    labels: dict[str, NDArray[np.int32]]
    """Class codes by label; -1 where a row leaves the label empty."""

    def __len__(self) -> int:
        return len(self.references)

    def fingerprint(self) -> str:
        """Return a SHA-256 over the references and the codes, in order."""
        hasher = hashlib.sha256(self.references.data.tobytes())
        hasher.update(self.references.ends.tobytes())
        for name in sorted(self.labels):
            hasher.update(name.encode() + self.labels[name].tobytes())
        return hasher.hexdigest()


@dataclass(frozen=True)
class Index:
    """All splits of a data set, and the data plan with what was found written into it."""

    data: DataPlan
    splits: dict[str, Samples]


def build_index(data: DataPlan, seed: int) -> Index:
    """Read a source, divide it, count its classes and take its fingerprint.

    Raises: DataError when rows are missing, a validation label is unknown to training, or the training split is empty.
    """
    return index_of(data, divided(data, read_rows(data), seed), seed)


def divided(data: DataPlan, rows: Mapping[str, Rows], seed: int) -> dict[str, Rows]:
    """Return the rows of each split that has some, from files that are the splits or from one that is divided.

    Raises: DataProblem when the training split has none, or the rows cannot be divided so.
    """
    parts = dict(rows)
    if not parts.keys() <= set(SPLITS):
        (whole,) = parts.values()
        codes = assign(data, whole, seed)
        parts = {split: whole.take(np.flatnonzero(codes == code)) for code, split in enumerate(SPLITS)}
    if not len(parts.get("train", ())):
        remedy = "a manifest has a row a sample, a folder an image a sample"
        raise DataProblem("empty-split", "the training split has no samples", help=remedy)
    return {split: parts[split] for split in SPLITS if split in parts and len(parts[split])}


def index_of(data: DataPlan, parts: Mapping[str, Rows], seed: int) -> Index:
    """Give divided rows numbers for their classes, thin them, count them and take their fingerprint.

    Raises: DataError when a validation label is unknown to training, or `rare` names what it has not.
    """
    labels: list[LabelPlan] = []
    for label in data.labels:
        labels.append(_with_classes(label, parts["train"], labels))
    samples = {split: _encode(split, rows, labels) for split, rows in parts.items()}
    samples["train"] = _thinned(samples["train"], data.rare, labels, seed)
    if data.limit:
        samples = {split: _limited(part, split, data.limit, seed) for split, part in samples.items()}
    labels = [_with_counts(label, samples["train"]) for label in labels]
    found = {
        "labels": tuple(labels),
        "samples": {split: len(part) for split, part in samples.items()},
        "fingerprints": {split: _fingerprint(part, labels) for split, part in samples.items()},
    }
    return Index(data.model_copy(update=found), samples)


def _with_classes(label: LabelPlan, train: Rows, before: Sequence[LabelPlan]) -> LabelPlan:
    """List a label's classes in sorted order; numbers sort as numbers. Within a parent, by the parent's order first."""
    if label.kind != "class":
        return label
    values = train.columns[label.column].present()
    _refuse_odd_names(label, values)
    if label.within is None:
        return label.model_copy(update={"classes": tuple(sorted(filter(None, values), key=_natural))})
    pairs = [(p, v) for p, v in within(train, label, before)[1] if p and v]
    parent = next(other for other in before if other.name == label.within)
    order = {name: i for i, name in enumerate(parent.classes or ())}
    ordered = sorted(pairs, key=lambda pair: (order[pair[0]], _natural(pair[1])))
    found = {"classes": tuple(f"{p}/{v}" for p, v in ordered), "parents": tuple(order[p] for p, _ in ordered)}
    if len(set(found["classes"])) < len(ordered):
        headline = f"two classes of `{label.name}` have one name once their parent's is put before it"
        raise DataProblem("clashing-classes", headline, f"labels.{label.name}.within", help="rename one of them")
    return label.model_copy(update=found)


def _refuse_odd_names(label: LabelPlan, values: Sequence[str]) -> None:
    """Refuse class names that no text file can hold, or that are longer than a name."""
    odd = next((value for value in values if len(value) > _LONGEST_NAME or _SURROGATE.search(value)), None)
    if odd is not None:
        headline = f"class {odd[:40]!a} of `{label.name}` is no name that can be written down"
        raise DataProblem("unwritable-name", headline, f"labels.{label.name}.column", help="rename it")


def _natural(value: str) -> tuple[int, int, str]:
    return (0, int(value), value) if value.isdecimal() and len(value) < 19 else (1, 0, value)


def _encode(split: str, rows: Rows, labels: Sequence[LabelPlan]) -> Samples:
    codes = {label.name: _codes(split, rows, label, labels) for label in labels if label.kind == "class"}
    return Samples(rows.references, codes)


def _codes(split: str, rows: Rows, label: LabelPlan, labels: Sequence[LabelPlan]) -> NDArray[np.int32]:
    column = classes_of(rows, label, labels)
    known = {name: code for code, name in enumerate(label.classes or ())} | {"": MISSING}
    unseen = sorted(value for value in column.present() if value not in known)
    if unseen:
        names = ", ".join(f"`{shown(value)}`" for value in unseen[:5]) + (", ..." if len(unseen) > 5 else "")
        raise DataError(
            f"the {split} split has {len(unseen)} {label.name} classes that training never sees: {names}",
            help="move samples of them to the training split, or leave them out",
        )
    return np.array([known.get(value, MISSING) for value in column.values], np.int32)[column.codes]


def _with_counts(label: LabelPlan, train: Samples) -> LabelPlan:
    if label.classes is None:
        return label
    codes = train.labels[label.name]
    counts = np.bincount(codes[codes >= 0], minlength=len(label.classes))
    return label.model_copy(update={"counts": tuple(counts.tolist())})


def _thinned(train: Samples, rare: dict[str, dict[str, int]], labels: Sequence[LabelPlan], seed: int) -> Samples:
    """Keep only so many samples of a class, drawn by the seed."""
    keep = np.ones(len(train), bool)
    for name, wanted in rare.items():
        label = next(label for label in labels if label.name == name)
        for value, count in wanted.items():
            if value not in (label.classes or ()):
                raise DataError(f"`rare` names class `{value}` of `{name}`, which training has not")
            members = np.flatnonzero(train.labels[name] == (label.classes or ()).index(value))
            keep[stream(seed, f"rare/{name}/{value}").permutation(members)[count:]] = False
    return _subset(train, np.flatnonzero(keep))


def _limited(part: Samples, split: str, limit: int, seed: int) -> Samples:
    chosen = stream(seed, f"limit/{split}").permutation(len(part))[:limit]
    return _subset(part, np.sort(chosen))


def _subset(part: Samples, chosen: NDArray[np.int64]) -> Samples:
    if len(chosen) == len(part):
        return part
    return Samples(part.references.take(chosen), {name: codes[chosen] for name, codes in part.labels.items()})


def _fingerprint(part: Samples, labels: Sequence[LabelPlan]) -> str:
    classes = canonical_json([[label.name, list(label.classes or ())] for label in labels])
    return hashlib.sha256((part.fingerprint() + classes).encode()).hexdigest()
