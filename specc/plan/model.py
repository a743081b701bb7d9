"""The plan: everything that a run needs to know, and nothing that it would have to look up or decide.

One unit a quantity, named in the field where it is not obvious. `None` where a number depends on data that was not
there when the plan was made (`specc plan --no-data`); such a plan can be read but not run.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from specc.plan.canonical import digest
from specc.version import LANGUAGE, PLAN_FORMAT


class Record(BaseModel):
    """A part of a plan: frozen, strict, nothing unknown."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


T = TypeVar("T")
Items = Annotated[tuple[T, ...], BeforeValidator(_tuple)]


class Operation(Record):
    """A function of the language with resolved arguments: a transform, a loss, a metric, an optimizer, a phase."""

    kind: str
    args: dict[str, Any] = {}


class LabelPlan(Record):
    """A label: its classes in the order of the model's outputs, and their training samples."""

    name: str
    column: str
    within: str | None = None
    kind: Literal["class", "characters", "symbols"] = "class"
    classes: Items[str] | None = None
    counts: Items[int] | None = None
    parents: Items[int] | None = None
    """For a label within another: each class's parent, as an index into the parent's classes."""

    def children(self, parents: int) -> tuple[int, ...]:
        """Return the number of classes below each of the parent's classes."""
        found = Counter(self.parents or ())
        return tuple(found[parent] for parent in range(parents))


class DataPlan(Record):
    """Where samples come from, and what was found there."""

    source: str
    location: dict[str, Any]
    """The keys that say where they are; the arguments of a built-in data set."""
    image: str | None
    channels: int
    labels: Items[LabelPlan]
    rare: dict[str, dict[str, int]]
    split: Operation | None
    group: str | None
    fold: int | None
    limit: int | None
    on_bad_sample: str
    samples: dict[str, int] | None
    """Number of samples of each split."""
    fingerprints: dict[str, str] | None
    """SHA-256 over the rows of each split and their labels, in order."""


class AugmentPlan(Record):
    """Transforms of single samples, and the statistics that batches are normalised with on the device."""

    train: Items[Operation]
    eval: Items[Operation]
    normalize: Operation | None
    input_size: Items[int]
    """Shape of one input. Units: channels, rows, columns."""


class HeadPlan(Record):
    """A head: from features to the classes of its label."""

    name: str
    kind: str
    label: str | None
    routed_by: str | None
    hidden: int | None
    out: int | None
    dropout: float


class GroupPlan(Record):
    """Parameters that every stage treats alike. The groups are a partition of all the model's parameters."""

    name: str
    decay: bool
    """Whether weight decay applies: not to biases and other one-dimensional parameters."""
    parameters: dict[str, Items[int] | None]
    """Shape of each; None where it depends on a number of classes that is not known."""


class ModelPlan(Record):
    """What is trained."""

    backbone: str | None
    architecture: Operation | None
    pretrained: bool
    start_from: str | None
    start_from_sha256: str | None = None
    """Digest of what that file holds."""
    drop_path_rate: float
    norm: str | None
    features: int | None
    """Width of the features between backbone and heads."""
    heads: Items[HeadPlan]
    ema_decay: float | None
    teachers: dict[str, str]
    groups: Items[GroupPlan]


class PhasePlan(Record):
    """One phase of a learning-rate schedule."""

    kind: str
    start: int | None
    """First step of the phase, in the stage."""
    steps: int | None
    """Steps that the phase lasts."""
    args: dict[str, Any]


class LossTerm(Record):
    """One weighted term of a loss."""

    weight: float
    loss: Operation


class SamplingPlan(Record):
    """Weighted drawing with replacement; an epoch keeps its number of samples."""

    text: str
    label: str
    weights: Items[float] | None
    """Weight of a sample, by its class."""
    moved: Items[dict[str, Any]] = ()
    """What each rule does: its text, the classes and samples it concerns, and their share of an epoch."""


class MonitorPlan(Record):
    """A validated number and the direction that is better."""

    mode: Literal["max", "min"]
    metric: str


class GatePlan(Record):
    """A number that must be reached. Units: as the metric, shares from 0 to 1."""

    metric: str
    operator: str
    threshold: float


class StopPlan(Record):
    """Ends a stage when its monitor has not improved for `patience`, and never before `after`."""

    monitor: MonitorPlan
    patience_epochs: float | None
    after_epochs: float | None
    patience_steps: int | None
    after_steps: int | None
    min_delta: float


class StagePlan(Record):
    """One row of the protocol."""

    name: str
    epochs: float | None
    steps: int | None
    steps_per_epoch: int | None
    batch_size: int
    micro_batch_size: int | Literal["auto"]
    grad_accum_steps: int
    precision: Literal["fp32", "bf16", "fp16"]
    compile: bool
    train: dict[str, float]
    """Groups that train, and the factor on the stage's rate; all other groups are frozen, without autograd, with
    their modules in evaluation mode, so that their normalisation statistics stand still."""
    selector: str
    trained_parameters: int | None
    schedule: Items[PhasePlan]
    optimizer: Operation
    max_grad_norm: float | None
    carry_optimizer: bool
    loss: Items[LossTerm]
    mix: Operation | None
    sampling: SamplingPlan | None
    augment: Items[Operation] | None
    stop: StopPlan | None
    start_from: Literal["last", "best"]
    expect: Items[GatePlan]
    texts: dict[str, str]
    """The spec's own words for the table: lr, loss, sample."""


class EvaluatePlan(Record):
    """What is measured; metrics are keyed by their canonical text."""

    metrics: dict[str, Operation]
    best: MonitorPlan
    expect: Items[GatePlan]
    every_epochs: int


class RunPlan(Record):
    """Where and how it is carried out. Nothing in here changes what is computed, and no digest covers it."""

    device: str
    engine: str
    devices: int
    num_workers: int
    out: str
    loggers: Items[str]
    checkpoint_every: dict[str, Items[Any]]
    """Value and unit, by stage; the default cadence where a stage is absent."""
    keep_last: int
    """Newest states that are kept, for the case that one is damaged."""
    max_bad_samples: int
    """Samples that may be left out because they cannot be read."""
    cache: Operation | None


class Plan(Record):
    """A protocol, resolved."""

    format: Annotated[Literal[1], Field()] = PLAN_FORMAT
    language: int = LANGUAGE
    name: str
    seed: int
    data: DataPlan
    augment: AugmentPlan
    model: ModelPlan
    stages: Items[StagePlan]
    evaluate: EvaluatePlan
    privacy: Operation | None
    """DP-SGD over the whole run."""
    export: Operation
    """What is made of the best weights."""
    run: RunPlan
    origins: dict[str, str] = {}
    """Who set a value, by the spec's path: a place in a file, a flag, a default, a pass."""

    @cached_property
    def body(self) -> dict[str, Any]:
        """Return what the digest covers: everything but `run`, `origins`, and words that only describe."""
        return self.model_dump(mode="json", exclude={"run": True, "origins": True, "stages": {"__all__": _WORDS}})

    @cached_property
    def digest(self) -> str:
        """Return the plan's SHA-256, in hex."""
        return digest(self.body)

    @cached_property
    def shared_digest(self) -> str:
        """Return the SHA-256 of what every stage depends on, in hex."""
        return digest(_shared_key(self))

    @cached_property
    def stage_digests(self) -> tuple[str, ...]:
        """Return each stage's SHA-256 over all that can change its weights, its predecessor's digest among it."""
        digests: list[str] = []
        for index in range(len(self.stages)):
            digests.append(digest(_stage_key(self, index, digests[-1] if digests else None)))
        return tuple(digests)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the plan; digests are taken anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in ("body", "digest", "shared_digest", "stage_digests"):
            copied.__dict__.pop(name, None)
        return copied

    def hands_on_best(self, index: int) -> bool:
        """Say whether the stage after one begins with its best weights, and not with its last."""
        return index + 1 < len(self.stages) and self.stages[index + 1].start_from == "best"

    def trains_backbone(self, index: int) -> bool:
        """Say whether a stage trains any of the backbone; it drops no paths where it does not."""
        return any(not name.startswith("heads.") for name in self.stages[index].train)

    @property
    def input_kind(self) -> str:
        """Return what the model is fed: images, or what its architecture wants."""
        return self.model.architecture.kind if self.model.architecture else "image"

    def label(self, name: str) -> LabelPlan:
        """Return the label called `name`."""
        return next(label for label in self.data.labels if label.name == name)

    @property
    def class_counts(self) -> dict[str, tuple[int, ...]]:
        """Return the training samples of each class, by label."""
        return {label.name: label.counts or () for label in self.data.labels}

    def size_of(self, names: Iterable[str] | None = None) -> tuple[int, bool]:
        """Return the number of parameters of some groups, or of all, and whether every shape is known."""
        groups = [group for group in self.model.groups if names is None or group.name in names]
        shapes = [shape for group in groups for shape in group.parameters.values()]
        return sum(math.prod(shape) for shape in shapes if shape is not None), None not in shapes and bool(groups)

    @property
    def parameter_count(self) -> int | None:
        """Return the number of parameters of the model; None while a shape is not known."""
        count, known = self.size_of()
        return count if known else None


_WORDS: Any = {"texts": True, "sampling": {"text", "moved"}}
_NO_WEIGHT: Any = {**_WORDS, "name": True, "expect": True, "selector": True, "trained_parameters": True, "train": True}


def _stage_key(plan: Plan, index: int, before: str | None) -> dict[str, Any]:
    """Return what a stage's weights are a function of, its best ones included.

    Groups are left out: they depend on what other stages do, and how parameters are grouped changes no bit.
    """
    stage = plan.stages[index]
    members = {group.name: list(group.parameters) for group in plan.model.groups}
    return {
        "format": plan.format,
        "seed": plan.seed,
        "before": before,
        "shared": plan.shared_digest,
        "stage": stage.model_dump(mode="json", exclude=_NO_WEIGHT),
        "train": {name: factor for group, factor in stage.train.items() for name in members[group]},
        "drop_path_rate": plan.model.drop_path_rate if plan.trains_backbone(index) else None,
        "stop": _metric(plan, stage.stop.monitor) if stage.stop else None,
        # Weights follow from the data; where that was not there, the words stand for them.
        **({"sample": stage.sampling.text} if stage.sampling and stage.sampling.weights is None else {}),
    }


def _metric(plan: Plan, monitor: MonitorPlan) -> dict[str, Any] | None:
    """Return what a monitor's metric computes; `loss` is the stage's own."""
    metric = plan.evaluate.metrics.get(monitor.metric)
    return metric.model_dump(mode="json") if metric else None


def _shared_key(plan: Plan) -> dict[str, Any]:
    """Return what the weights of every stage are a function of; validation chooses the best of them."""
    fingerprints = plan.data.fingerprints or {}
    return {
        "data": plan.data.model_dump(mode="json", exclude={"location", "samples", "fingerprints"}),
        "rows": [fingerprints.get(split) for split in ("train", "val")],
        "augment": plan.augment.model_dump(mode="json"),
        "model": plan.model.model_dump(mode="json", exclude={"groups", "start_from", "drop_path_rate"}),
        "parameters": {n: [s, g.decay] for g in plan.model.groups for n, s in g.parameters.items()},
        "best": [plan.evaluate.best.mode, plan.evaluate.best.metric, _metric(plan, plan.evaluate.best)],
        "every_epochs": plan.evaluate.every_epochs,
        "privacy": plan.privacy.model_dump(mode="json") if plan.privacy else None,
    }
