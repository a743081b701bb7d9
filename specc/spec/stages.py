"""`[defaults]`, `[[stages]]`, `[evaluate]`: the protocol itself."""

from typing import Annotated, Final, Literal

from pydantic import Field

from specc.spec.base import Count, Identifier, Section
from specc.spec.fields import (
    DurationField,
    GateField,
    Items,
    LossField,
    MetricField,
    MixField,
    MonitorField,
    Nothing,
    OptimizerField,
    RatesField,
    SamplingField,
    ScheduleField,
    SelectorField,
    StopField,
    TransformField,
)

ALTERNATIVES: Final = {
    "epochs": "steps",
    "steps": "epochs",
    "micro_batch_size": "grad_accum_steps",
    "grad_accum_steps": "micro_batch_size",
}
"""What says one of these takes the place of a default, or of an earlier layer, that says the other."""


class StageDefaults(Section):
    """`[defaults]`: what holds for every stage that does not say otherwise."""

    epochs: Count | None = None
    """Passes over the training split."""
    steps: Count | None = None
    """Optimizer steps, instead of epochs."""
    train: SelectorField | None = None
    """What trains; everything else is frozen, its normalisation included."""
    lr: ScheduleField | None = None
    """Learning rate at each step."""
    rates: RatesField | None = None
    """Factors on the rate for parts of the model."""
    optimizer: OptimizerField | None = None
    """The optimizer; biases and other one-dimensional parameters are not decayed, as in timm."""
    max_grad_norm: Annotated[float, Field(gt=0)] | Nothing | None = None
    """Clips the gradient's norm over all that trains."""
    carry_optimizer: bool | None = None
    """Keeps the optimizer's state of the stage before; each stage begins with a fresh one by default."""
    batch_size: Count | None = None
    """Samples of one optimizer step, over all devices."""
    micro_batch_size: Annotated[Count | Literal["auto"], Field(union_mode="left_to_right")] | None = None
    """Samples of one forward pass; `auto` is what `grad_accum_steps` makes of the batch."""
    grad_accum_steps: Count | None = None
    """Forward passes that one step is split over."""
    precision: Literal["fp32", "bf16", "fp16"] | None = None
    """Arithmetic of the forward pass; weights stay in fp32."""
    compile: bool | None = None
    """Compiles the model with torch.compile."""
    loss: LossField | None = None
    """What is minimised."""
    mix: MixField | None = None
    """Mixes the samples of a batch."""
    sample: SamplingField | None = None
    """Draws samples by weight instead of once each."""
    augment: Items[TransformField] | None = None
    """Replaces `augment.train` in this stage."""
    stop: StopField | None = None
    """Ends the stage early."""
    expect: Items[GateField] | None = None
    """Targets on the validation split that the stage must reach for the run to go on."""
    start_from: Literal["last", "best"] | None = None
    """Which weights of the stage before this one begins with."""
    checkpoint_every: DurationField | None = None
    """How often the state is saved; by default each epoch, at about 2% of the time at most, and every 5 minutes."""


class Stage(StageDefaults):
    """`[[stages]]`: one row of the protocol's table."""

    name: Identifier
    """Name of the stage, used in files, selectors and messages."""


class Evaluate(Section):
    """`[evaluate]`: what is measured, what is best, what must be reached."""

    metrics: Items[MetricField] = ()
    """Measured on the validation split, and at the end on the test split."""
    best: MonitorField | None = None
    """What decides which weights are kept as best."""
    expect: Items[GateField] = ()
    """Targets of the whole run, judged on the test split where there is one, else on the validation split."""
    every: Count = 1
    """Epochs between validations; the last epoch of a stage is always validated."""
