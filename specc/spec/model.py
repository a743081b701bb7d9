"""`[model]` and `[teachers]`: what is trained."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from specc.spec.base import Count, Fraction, Identifier, Section, Text, Word
from specc.spec.fields import ArchitectureField

BackboneName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,100}(\.[A-Za-z0-9_]{1,100})?$")]


class Head(Section):
    """`[model.heads.NAME]`: what turns features into answers about the label NAME."""

    kind: Literal["linear", "mlp"] = "linear"
    """One layer, or two with a ReLU between."""
    routed_by: Identifier | None = None
    """One head per class of that label; a sample goes through its own."""
    hidden: Count | None = None
    """Width between the two layers of an mlp."""
    out: Count | None = None
    """Number of outputs; the label's classes by default."""
    dropout: Fraction = 0.0
    """Share of features dropped before the head while it trains."""


class Model(Section):
    """`[model]`: a backbone and its heads, or an architecture of its own."""

    backbone: BackboneName | None = None
    """A model of timm, with its pretrained tag after a dot if it has one."""
    architecture: ArchitectureField | None = None
    """A model that is not an image backbone."""
    pretrained: bool = False
    """Starts the backbone from timm's weights."""
    start_from: Text | None = None
    """A checkpoint whose fitting weights are taken."""
    drop_path_rate: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Stochastic depth of the backbone (arXiv 1603.09382)."""
    norm: Literal["batch", "group", "layer"] | None = None
    """Replaces the backbone's normalisation layers."""
    heads: dict[Word, Head] = {}
    """The heads, named after their labels."""
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Keeps an exponential average of the weights and evaluates it."""
