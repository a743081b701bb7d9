"""The whole spec."""

from typing import Annotated, Any

from pydantic import Field

from specc.spec.base import Identifier, Section, Text, Word
from specc.spec.data import Augment, Data
from specc.spec.editor import for_files
from specc.spec.fields import Items
from specc.spec.model import Model
from specc.spec.run import Export, Privacy, Run, Sweep
from specc.spec.stages import Evaluate, Stage, StageDefaults


class Spec(Section):
    """A training protocol."""

    specc: Annotated[int, Field(ge=1, le=1)]
    """Version of the language."""
    name: Identifier
    """Name of the experiment and of its run folder."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """All randomness is a function of it."""
    description: Text | None = None
    """What it is for."""
    tags: Items[Text] = ()
    """Words to find it by."""
    data: Data
    """The samples."""
    augment: Augment = Augment()
    """What is done to them."""
    model: Model
    """What is trained."""
    teachers: dict[Word, Text] = {}
    """Checkpoints of models to distil from, by name."""
    defaults: StageDefaults = StageDefaults()
    """What holds for every stage."""
    stages: Annotated[Items[Stage], Field(min_length=1)]
    """The protocol's rows, in order."""
    evaluate: Evaluate = Evaluate()
    """What is measured."""
    privacy: Privacy | None = None
    """Differential privacy."""
    run: Run = Run()
    """Where it runs."""
    sweep: Sweep | None = None
    """Several values."""
    export: Export = Export()
    """What is made of it."""
    allow: dict[str, Text] = {}
    """Warnings that are meant: code and reason."""


class Written(Spec):
    """A spec as a file holds it, before `extends` and profiles are applied: what the JSON Schema describes."""

    extends: Text | None = None
    """A spec whose values hold where this one is silent, relative to this file."""
    profiles: dict[Identifier, dict[str, Any]] = {}
    """Named changes, applied by `--profile NAME`."""

    @classmethod
    def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON Schema of a file."""
        return for_files(super().model_json_schema(*arguments, **options), Spec.model_fields)
