"""`[privacy]`, `[run]`, `[sweep]`, `[export]`: how and where it is carried out."""

from typing import Annotated, Any, Literal

from pydantic import Field

from specc.spec.base import Count, Section, Text
from specc.spec.fields import Items


class Privacy(Section):
    """`[privacy]`: differential privacy for the whole run (DP-SGD, arXiv 1607.00133)."""

    noise_multiplier: Annotated[float, Field(gt=0)]
    """Noise over clipping norm."""
    max_grad_norm: Annotated[float, Field(gt=0)]
    """Norm that each sample's gradient is clipped to."""
    target_epsilon: Annotated[float, Field(gt=0)] | None = None
    """Budget at which the run ends."""
    target_delta: Annotated[float, Field(gt=0, lt=1)] = 1e-5
    """Probability that the promise fails."""


class Run(Section):
    """`[run]`: nothing in here changes what is computed."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")] = "auto"
    """Where it runs; `auto` takes the first accelerator."""
    engine: Literal["exact", "accelerate"] = "exact"
    """How several processes add up a step; `exact` gives the bytes of one process."""
    devices: Count = 1
    """Number of processes, each on a device of its own; they share the micro-batches of a step."""
    loggers: Items[Literal["tensorboard"]] = ("tensorboard",)
    """What is written beside the run's own logs."""
    out: Text = "checkpoints"
    """Folder of the run folders."""
    keep_last: Annotated[int, Field(ge=2)] = 2
    """Newest states that are kept, for the case that one is damaged."""


class Sweep(Section):
    """`[sweep]`: the same protocol under several values."""

    grid: dict[str, list[Any]] = {}
    """Every combination of these values, by path."""
    zip: dict[str, list[Any]] = {}
    """The first values together, then the second, and so on."""
    random: dict[str, list[Any]] = {}
    """Drawn by the seed."""
    trials: Count | None = None
    """How many draws."""
    engine: Literal["local", "ray", "submitit"] = "local"
    """What runs the trials."""


class Export(Section):
    """`[export]`: what is made of the best weights at the end."""

    formats: Items[Literal["timm", "onnx", "web"]] = ("timm",)
    """Folders and files to write."""
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    """Precision of the exported weights."""
