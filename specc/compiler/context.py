"""What every check and every pass is given besides the value that it works on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from specc.compiler.backbone import Backbone, UnknownBackbone, find_backbone
from specc.compiler.selection import model_parameters
from specc.diagnostics.model import Diagnostics, Label, at
from specc.paths import KeyPath
from specc.source import Document, Source, Span
from specc.spec.experiment import Spec
from specc.spec.fields import NONE
from specc.spec.stages import ALTERNATIVES, Stage

Watch = Callable[[Iterable[Any], int], Iterable[Any]]
"""Passes things on one by one, and is told how many will come."""


@dataclass
class Context:
    """A spec with the document that it came from, and the problems found in it."""

    document: Document
    spec: Spec
    problems: Diagnostics
    with_data: bool = True
    builtin_profiles: tuple[str, ...] = ()
    """Profiles that run without data of the user's."""
    sources: tuple[Source, ...] = ()
    """Every file that the spec was read from."""
    origins: dict[str, str] = field(default_factory=dict)
    """Who set a value, by path; passes add what they derive."""
    watch: Watch | None = None
    """Shows how far the opening of images is; None where none is opened."""
    remarks: list[str] = field(default_factory=list)
    """What was seen of the data and is no problem."""
    looked_at: set[Path] = field(default_factory=set)
    """Files and folders that a pass looked at, besides those that the spec names."""
    unsought: set[str] = field(default_factory=set)
    """Codes of what could not be looked for."""

    @cached_property
    def backbone(self) -> Backbone | None:
        """Return what is known of the spec's backbone; None when there is none or its name is unknown."""
        name = self.spec.model.backbone
        try:
            return find_backbone(name, self.spec.data.channels) if name else None
        except UnknownBackbone as error:
            self.problems.error("unknown-backbone", error.message, self.at("model.backbone"), error.help)
            return None

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Return the name of every parameter of the model; none where its backbone is not known."""
        return tuple(parameter.name for parameter in model_parameters(self.spec, self.backbone))

    def at(self, path: str | KeyPath, span: Span | None = None, text: str = "") -> tuple[Label, ...]:
        """Return the label at a path of the spec, or at a span inside its string."""
        path = KeyPath.parse(path) if isinstance(path, str) else path
        if span is None:
            return at(self.document.place(path), text)
        return at(self.document.place_inside(path, span.start, span.end), text)

    def stages(self) -> Iterator[tuple[KeyPath, Stage]]:
        """Yield each stage with its path."""
        for index, stage in enumerate(self.spec.stages):
            yield KeyPath(("stages", index)), stage

    def setting(self, path: KeyPath, stage: Stage, key: str) -> tuple[Any, KeyPath]:
        """Return a stage's value of `key`, or the default for all stages, and the path where it is written.

        What is `none` is written, and has no value.
        """
        own = getattr(stage, key)
        if own is not None:
            return None if own == NONE else own, path.child(key)
        other = ALTERNATIVES.get(key)
        if other and getattr(stage, other) is not None:
            return None, path
        shared = getattr(self.spec.defaults, key)
        return None if shared == NONE else shared, KeyPath(("defaults", key)) if shared is not None else path
