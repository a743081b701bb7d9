"""What the language knows and the runtime does not carry out yet.

Such a spec is accepted, checked and planned; `specc run` says in one line what is missing. This list only shrinks.
"""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import BaseModel

from specc.spec.experiment import Spec
from specc.spec.expressions import Call, Gate, Loss, Monitor, Rates, Sampling, Schedule, Stop

PENDING: Final[dict[str, str]] = {
    "loss nt_xent": "contrastive stages",
    "views simclr": "contrastive stages",
    "metric knn": "contrastive stages",
    "loss distill": "distillation",
    "architecture seq2seq": "text to text",
    "metric exact_match": "text to text",
    "metric edit_rate": "text to text",
    "source parquet": "parquet manifests",
    "source webdataset": "tar shards",
    "key augment.keep_features": "kept features",
    "key model.norm": "replaced normalisation",
    "key compile": "compiled stages",
    "key privacy": "differential privacy",
    "key sweep": "sweeps",
    "engine accelerate": "gradients added by all-reduce",
    "key data.input": "text to text",
    "key data.labels": "text to text",
    "export onnx": "ONNX export",
    "export web": "web export",
    "export fp16": "smaller exports",
    "export int8": "smaller exports",
}
"""Families and names, and what a person calls the work that is to come."""

_FAMILY_OF_FIELD: Final = {
    "lr": "schedule", "rates": "rates", "optimizer": "optimizer", "loss": "loss", "mix": "mix", "sample": "sampling",
    "train": "transform", "eval": "transform", "augment": "transform", "views": "views", "metrics": "metric",
    "best": "metric", "expect": "metric", "stop": "metric", "split": "split", "architecture": "architecture",
}  # fmt: skip


def pending(spec: Spec) -> list[str]:
    """Return what of a spec cannot be run yet, in words; empty when all of it can."""
    used = [f"{family} {call.function}" for family, call in calls(spec)] + list(_keys(spec))
    return sorted({PENDING[name] for name in used if name in PENDING})


def calls(spec: Spec) -> Iterator[tuple[str, Call]]:
    """Yield every call of a spec with the family of the field that it stands in, inner calls included."""
    sections: list[BaseModel] = [spec.data, spec.augment, spec.model, spec.defaults, *spec.stages, spec.evaluate]
    for section in sections:
        for name, family in _FAMILY_OF_FIELD.items():
            for outer in _outer_calls(getattr(section, name, None)):
                yield from ((family, call) for call in outer.calls())


def _outer_calls(value: Any) -> Iterator[Call]:
    match value:
        case Call():
            yield value
        case Schedule():
            yield from value.phases
        case Loss():
            yield from (term.call for term in value.terms)
        case Rates(layer_decay=Call() as call) | Sampling(balanced=Call() as call):
            yield call
        case Monitor() | Gate():
            yield value.metric
        case Stop():
            yield value.monitor.metric
        case tuple():
            for item in value:
                yield from _outer_calls(item)


def _keys(spec: Spec) -> Iterator[str]:
    yield f"source {spec.data.source}"
    yield f"engine {spec.run.engine}"
    yield f"export {spec.export.precision}"
    yield from (f"export {name}" for name in spec.export.formats)
    present = {
        "augment.keep_features": spec.augment.keep_features,
        "model.norm": spec.model.norm,
        "compile": any(stage.compile for stage in (*spec.stages, spec.defaults)),
        "privacy": spec.privacy,
        "data.input": spec.data.input,
        "data.labels": any(label.as_ != "class" for label in spec.data.labels.values()),
        "sweep": spec.sweep,
    }
    yield from (f"key {name}" for name, value in present.items() if value)
