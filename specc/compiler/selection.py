"""Which parameters a selector means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from specc.compiler.backbone import Backbone
from specc.spec.experiment import Spec
from specc.spec.expressions import Name, Selector
from specc.spec.model import Head

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Parameter(NamedTuple):
    """A parameter of the whole model; its shape is None while a number of classes is not known."""

    name: str
    shape: tuple[int, ...] | None
    decay: bool
    depth: int


def model_parameters(
    spec: Spec,
    backbone: Backbone | None,
    classes: Mapping[str, int] = NOTHING,
    children: Mapping[str, Sequence[int]] = NOTHING,
) -> tuple[Parameter, ...]:
    """Return every parameter of the model in the order of the model, the backbone first.

    `classes` holds the number of classes of each label, as far as it is known, and `children` those below each class of
    the label that it lies within.
    """
    if backbone is None:
        return ()
    parameters = [Parameter(f"backbone.{p.name}", p.shape, p.decay, p.depth) for p in backbone.parameters]
    for name, head in spec.model.heads.items():
        if head.routed_by:
            for index, count in enumerate(children.get(name, (None,))):
                parameters += _layer(f"heads.{name}.{index}.", backbone.features, count)
        else:
            parameters += _head_parameters(name, head, backbone.features, classes.get(name))
    return tuple(parameters)


def _head_parameters(name: str, head: Head, features: int, classes: int | None) -> list[Parameter]:
    out = head.out or classes
    hidden = head.hidden or features
    layers = {"linear": [("", features, out)], "mlp": [("hidden.", features, hidden), ("out.", hidden, out)]}
    return [p for layer, rows, columns in layers[head.kind] for p in _layer(f"heads.{name}.{layer}", rows, columns)]


def _layer(prefix: str, rows: int, columns: int | None) -> list[Parameter]:
    weight, bias = ((columns, rows), (columns,)) if columns is not None else (None, None)
    return [
        Parameter(f"{prefix}weight", weight, decay=True, depth=0),
        Parameter(f"{prefix}bias", bias, decay=False, depth=0),
    ]


def select(selector: Selector, names: Sequence[str]) -> set[str]:
    """Return the names that a selector means, its terms applied from left to right."""
    chosen: set[str] = set()
    for term in selector.terms:
        found = match(term.pattern, names)
        chosen = chosen | found if term.sign == "+" else chosen - found
    return chosen


def match(pattern: Name, names: Sequence[str]) -> set[str]:
    """Return the names below a dotted path; `[-4:]` takes a slice of numbered children.

    >>> names = [f"backbone.blocks.{i}.weight" for i in range(3)] + ["heads.a.weight"]
    >>> sorted(match(Name("backbone.blocks[-1:]"), names))
    ['backbone.blocks.2.weight']
    >>> len(match(Name("backbone"), names)), len(match(Name("all"), names))
    (3, 4)
    """
    if pattern.text == "all":
        return set(names)
    prefixes = [""]
    for part in re.findall(r"[A-Za-z0-9_]+|\[[^\]]*\]", pattern.text):
        if part.startswith("["):
            prefixes = [f"{prefix}.{i}" for prefix in prefixes for i in _indices(part[1:-1], _children(names, prefix))]
        else:
            prefixes = [f"{prefix}.{part}" if prefix else part for prefix in prefixes]
    parts = tuple(f"{prefix}." for prefix in prefixes)
    return {name for name in names if f"{name}.".startswith(parts)}


def _children(names: Sequence[str], prefix: str) -> list[int]:
    """Return the numbers of the children below a path."""
    return sorted({_child(name, prefix) for name in names if name.startswith(f"{prefix}.")} - {-1})


def _child(name: str, prefix: str) -> int:
    """Return the number of the child of `prefix` that `name` lies in, or -1."""
    head = name[len(prefix) + 1 :].split(".", 1)[0]
    return int(head) if head.isdecimal() else -1


def _indices(text: str, present: list[int]) -> list[int]:
    if ":" in text:
        start, stop = (int(end) if end else None for end in text.split(":"))
        return present[start:stop]
    index = int(text) if text else 0
    return [present[index]] if -len(present) <= index < len(present) else []


def nearby(pattern: Name, names: Iterable[str]) -> list[str]:
    """Return the paths that could have stood where `pattern` stands: children of the longest part that exists."""
    listed = list(names)
    parts = re.findall(r"[A-Za-z0-9_]+", pattern.text)
    while parts and not match(Name(".".join(parts)), listed):
        parts.pop()
    prefix = ".".join(parts)
    if not prefix:
        return sorted(
            {name.split(".")[0] for name in listed} | {".".join(n.split(".")[:2]) for n in listed if n[0] == "h"}
        )
    depth = len(parts) + 1
    below = {".".join(name.split(".")[:depth]) for name in match(Name(prefix), listed)}
    return sorted(below, key=_natural)


def _natural(name: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in name.split(".")]
