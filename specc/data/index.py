"""The index of a data set: which samples each split has, their classes and their fingerprint."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from specc.data.randomness import stream
from specc.data.rows import SPLITS, Rows, read_rows
from specc.data.splits import assign
from specc.errors import DataError
from specc.plan.canonical import canonical_json
from specc.plan.model import DataPlan, LabelPlan

MISSING = -1
"""Code of a label that a row leaves empty."""


@dataclass(frozen=True)
class Strings:
    """Many strings in one buffer, so that worker processes share it without touching a reference count."""

    data: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def pack(cls, strings: Sequence[str]) -> "Strings":
        """Copy strings into a buffer."""
        encoded = [s.encode("utf-8", "surrogateescape") for s in strings]
        ends = np.cumsum([len(e) for e in encoded], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), np.uint8), ends)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, i: int) -> str:
        start = int(self.ends[i - 1]) if i else 0
        return self.data[start : int(self.ends[i])].tobytes().decode("utf-8", "surrogateescape")


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
    parts = _divided(data, seed)
    if not len(parts["train"]):
        raise DataError("the training split has no samples")
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


def _divided(data: DataPlan, seed: int) -> dict[str, Rows]:
    parts = read_rows(data)
    if "all" in parts:
        whole = parts["all"]
        codes = assign(data, whole, seed)
        parts = {split: _taken(whole, np.flatnonzero(codes == code)) for code, split in enumerate(SPLITS)}
    return {split: parts[split] for split in SPLITS if split in parts and (len(parts[split]) or split == "train")}


def _taken(rows: Rows, chosen: NDArray[np.int64]) -> Rows:
    columns = {name: [values[i] for i in chosen] for name, values in rows.columns.items()}
    return Rows([rows.references[i] for i in chosen], columns)


def _with_classes(label: LabelPlan, train: Rows, before: Sequence[LabelPlan]) -> LabelPlan:
    """List a label's classes in sorted order; numbers sort as numbers. Within a parent, by the parent's order first."""
    if label.kind != "class":
        return label
    values = train.columns[label.column]
    _refuse_odd_names(label, values)
    if label.within is None:
        return label.model_copy(update={"classes": tuple(sorted({v for v in values if v}, key=_natural))})
    parent = next(other for other in before if other.name == label.within)
    pairs = {(p, v) for p, v in zip(train.columns[parent.column], values, strict=True) if p and v}
    order = {name: i for i, name in enumerate(parent.classes or ())}
    ordered = sorted(pairs, key=lambda pair: (order[pair[0]], _natural(pair[1])))
    found = {"classes": tuple(f"{p}/{v}" for p, v in ordered), "parents": tuple(order[p] for p, _ in ordered)}
    if len(set(found["classes"])) < len(ordered):
        raise DataError(f"two classes of `{label.name}` have one name once their parent's is put before it")
    return label.model_copy(update=found)


def _refuse_odd_names(label: LabelPlan, values: Sequence[str]) -> None:
    """Refuse class names that no text file can hold, or that are longer than a name."""
    for value in set(values):
        if len(value) > 1000 or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise DataError(f"{label.name} class {value[:40]!a} is no name that can be written down", help="rename it")


def _natural(value: str) -> tuple[int, int, str]:
    return (0, int(value), value) if value.isdecimal() and len(value) < 19 else (1, 0, value)


def _encode(split: str, rows: Rows, labels: Sequence[LabelPlan]) -> Samples:
    codes = {label.name: _codes(split, rows, label, labels) for label in labels if label.kind == "class"}
    return Samples(Strings.pack(rows.references), codes)


def _codes(split: str, rows: Rows, label: LabelPlan, labels: Sequence[LabelPlan]) -> NDArray[np.int32]:
    values = rows.columns[label.column]
    if label.within:
        parent = next(other for other in labels if other.name == label.within)
        pairs = zip(rows.columns[parent.column], values, strict=True)
        values = [f"{p}/{v}" if p and v else "" for p, v in pairs]
    known = {name: code for code, name in enumerate(label.classes or ())} | {"": MISSING}
    unseen = sorted({value for value in values if value not in known})
    if unseen:
        shown = ", ".join(f"`{value}`" for value in unseen[:5]) + (", ..." if len(unseen) > 5 else "")
        raise DataError(
            f"the {split} split has {len(unseen)} {label.name} classes that training never sees: {shown}",
            help="move samples of them to the training split, or leave them out",
        )
    return np.array([known[value] for value in values], np.int32)


def _with_counts(label: LabelPlan, train: Samples) -> LabelPlan:
    if label.classes is None:
        return label
    codes = train.labels[label.name]
    counts = np.bincount(codes[codes >= 0], minlength=len(label.classes))
    return label.model_copy(update={"counts": tuple(int(count) for count in counts)})


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
    references = Strings.pack([part.references[int(i)] for i in chosen])
    return Samples(references, {name: codes[chosen] for name, codes in part.labels.items()})


def _fingerprint(part: Samples, labels: Sequence[LabelPlan]) -> str:
    classes = canonical_json([[label.name, list(label.classes or ())] for label in labels])
    return hashlib.sha256((part.fingerprint() + classes).encode()).hexdigest()
