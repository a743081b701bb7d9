"""Values of a plan that no spec says: the pass that writes each, from what, and what it means."""

from dataclasses import dataclass, replace
from typing import Final

from specc.paths import KeyPath


@dataclass(frozen=True, slots=True)
class Derivation:
    """Who writes a value, the paths that it is made from, and what it means where no key of the language says it.

    A `*` in a path stands for a name; in a source, for the same name as in the path.
    """

    by: str
    sources: tuple[str, ...]
    meaning: str = ""
    only_with_first: bool = False
    """Whether there is such a value only where its first source is written."""


_SPLITS: Final = ("data.source", "data.split", "data.limit")
_EPOCH: Final = ("stages.*.batch_size", "data.samples.train")

DERIVATIONS: Final[dict[str, Derivation]] = {
    "data.samples": Derivation("read_data", _SPLITS, "Number of samples of each split."),
    "data.fingerprints": Derivation("read_data", _SPLITS, "Digest of the rows of each split and of their labels."),
    "data.labels.*.classes": Derivation(
        "read_data", (*_SPLITS, "data.labels.*.column"), "The label's classes, in the order of the model's outputs."
    ),
    "data.labels.*.counts": Derivation(
        "read_data", (*_SPLITS, "data.labels.*.column", "data.labels.*.rare"), "Training samples of each class."
    ),
    "data.labels.*.parents": Derivation(
        "read_data", ("data.labels.*.within",), "The outer class of each class, by its number.", only_with_first=True
    ),
    "augment.input_size": Derivation(
        "lower", ("data.channels", "augment.eval", "model.backbone"), "Channels, rows and columns of an image."
    ),
    "augment.normalize": Derivation("lower", ("augment.eval",), "What whole batches are normalised with."),
    "model.features": Derivation("lower", ("model.backbone",), "Width of the features between backbone and heads."),
    "model.start_from_sha256": Derivation(
        "read_weights", ("model.start_from",), "Digest of what that file holds.", only_with_first=True
    ),
    "model.groups": Derivation(
        "partition", ("model.backbone", "model.heads"), "Parameters that every stage treats alike."
    ),
    "model.heads.*.hidden": Derivation("lower", ("model.heads.*.kind", "model.features"), only_with_first=True),
    "stages.*.epochs": Derivation("resolve_durations", ("stages.*.steps", *_EPOCH), only_with_first=True),
    "stages.*.steps": Derivation("resolve_durations", ("stages.*.epochs", *_EPOCH), only_with_first=True),
    "stages.*.steps_per_epoch": Derivation(
        "resolve_durations", _EPOCH, "Optimizer steps of an epoch, a shorter last one included."
    ),
    "stages.*.micro_batch_size": Derivation(
        "lower", ("stages.*.grad_accum_steps", "stages.*.batch_size"), only_with_first=True
    ),
    "stages.*.grad_accum_steps": Derivation(
        "lower", ("stages.*.micro_batch_size", "stages.*.batch_size"), only_with_first=True
    ),
    "stages.*.trained_parameters": Derivation(
        "partition", ("stages.*.train", "model.backbone", "model.heads"), "Number of parameters that the stage trains."
    ),
    "stages.*.schedule": Derivation(
        "resolve_durations",
        ("stages.*.lr", "stages.*.steps_per_epoch", "stages.*.steps"),
        "The phases of the learning rate, in steps.",
    ),
    "stages.*.sampling": Derivation(
        "apply_counts", ("stages.*.sample",), "How often a sample is drawn, by its class.", only_with_first=True
    ),
    "evaluate.metrics": Derivation("lower", ("model.heads",)),
    "evaluate.best": Derivation("lower", ("evaluate.metrics",)),
}
"""By the path of each value."""


def derivation(path: KeyPath) -> Derivation | None:
    """Return who writes the value at a path of a plan, or the table around it; None when it is said by a key.

    >>> derivation(KeyPath.parse("stages.joint.steps")).sources[0]
    'stages.joint.epochs'
    """
    for pattern, found in DERIVATIONS.items():
        parts = pattern.split(".")
        if len(path) >= len(parts) and all(want in ("*", part) for want, part in zip(parts, path, strict=False)):
            name = str(path[parts.index("*")]) if "*" in parts else ""
            return replace(found, sources=tuple(source.replace("*", name) for source in found.sources))
    return None
