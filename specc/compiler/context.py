"""What every check and every pass is given besides the value that it works on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from specc.compiler.backbone import Backbone, UnknownBackbone, find_backbone
from specc.diagnostics.model import Diagnostics, Label, at
from specc.paths import KeyPath
from specc.source import Document, Span
from specc.spec.experiment import Spec
from specc.spec.stages import Stage

_ALTERNATIVES: Final = {
    "epochs": ("steps",),
    "steps": ("epochs",),
    "micro_batch_size": ("grad_accum_steps",),
    "grad_accum_steps": ("micro_batch_size",),
}
"""A stage that says one of these has no default for the other."""


@dataclass
class Context:
    """A spec with the document that it came from, and the problems found in it."""

    document: Document
    spec: Spec
    problems: Diagnostics
    with_data: bool = True
    builtin_profiles: tuple[str, ...] = ()
    """Profiles that run without data of the user's."""
    origins: dict[str, str] = field(default_factory=dict)
    """Who set a value, by path; passes add what they derive."""

    @cached_property
    def backbone(self) -> Backbone | None:
        """Return what is known of the spec's backbone; None when there is none or its name is unknown."""
        name = self.spec.model.backbone
        try:
            return find_backbone(name, self.spec.data.channels) if name else None
        except UnknownBackbone as error:
            self.problems.error("unknown-backbone", error.message, self.at("model.backbone"), error.help)
            return None

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
        """Return a stage's value of `key`, or the default for all stages, and the path where it is written."""
        own = getattr(stage, key)
        if own is not None:
            return own, path.child(key)
        if any(getattr(stage, other) is not None for other in _ALTERNATIVES.get(key, ())):
            return None, path
        shared = getattr(self.spec.defaults, key)
        return shared, KeyPath(("defaults", key)) if shared is not None else path
