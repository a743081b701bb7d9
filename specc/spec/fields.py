"""Field types: expressions as strings that are parsed on the way in, and arrays as tuples.

A model does not know how to parse. The frontend hands its parser over in pydantic's validation context under `parse`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from specc.source import Span
from specc.spec.expressions import Call, Gate, Loss, Monitor, Rates, Sampling, Schedule, Selector, Stop
from specc.spec.patterns import PATTERNS
from specc.spec.units import Quantity

NONE: Final = "none"
"""What a stage says that does without something."""

Nothing = Literal["none"]


class Problem(NamedTuple):
    """What is wrong inside an expression, and where in its string."""

    code: str
    headline: str
    span: Span
    help: str | None = None
    label: str = ""


class ExpressionError(Exception):
    """An expression that cannot be read, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].headline)
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class ExpressionField:
    """Tells pydantic to parse a string, or a bare number, as an expression of one kind."""

    kind: str
    examples: tuple[str, ...]
    numbers: bool = False
    optional: bool = False
    """Whether `none` does without, where a default or an earlier layer says something."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a validator that calls the context's parser."""
        del source, handler
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return what an editor can check: a string of the kind's pattern, perhaps a number; and examples."""
        del schema, handler
        kinds = ["string", "number"] if self.numbers else "string"
        return {
            "type": kinds,
            "pattern": f"{PATTERNS[self.kind]}|^{NONE}$" if self.optional else PATTERNS[self.kind],
            "x-expression": f"{self.kind} or {NONE}" if self.optional else self.kind,
            "examples": list(self.examples),
        }

    def _validate(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not isinstance(value, str) and not (self.numbers and is_number):
            wanted = "a string or a number" if self.numbers else "a string"
            raise PydanticCustomError("expression_type", f"an expression is {wanted}")
        if self.optional and value == NONE:
            return NONE
        context = info.context or {}
        try:
            return context["parse"](self.kind, str(value))
        except ExpressionError as error:
            raise PydanticCustomError("expression", "wrong expression", {"problems": error.problems}) from None


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


T = TypeVar("T")
Items = Annotated[tuple[T, ...], BeforeValidator(_tuple)]
"""An array. Strict models refuse a list where a tuple is declared, so it is turned into one first."""

ScheduleField = Annotated[
    Schedule,
    ExpressionField(
        "schedule", ("1e-3", "cosine(1e-4 -> 1e-6)", "warmup(2 epochs) then cosine(1e-5 -> 0)"), numbers=True
    ),
]
SelectorField = Annotated[
    Selector, ExpressionField("selector", ("all", "backbone + heads.species", "backbone.blocks[-4:]"))
]
RatesField = Annotated[
    Rates | Nothing, ExpressionField("rates", ("backbone * 0.1", "layer_decay(0.75)"), optional=True)
]
LossField = Annotated[
    Loss,
    ExpressionField("loss", ("cross_entropy(species, label_smoothing = 0.1)", "focal(species) + 0.7 * focal(disease)")),
]
SamplingField = Annotated[
    Sampling | Nothing,
    ExpressionField(
        "sampling", ("5 where count(disease) < 50, 3 where count(disease) < 80", "balanced(species)"), optional=True
    ),
]
TransformField = Annotated[
    Call, ExpressionField("transform", ("random_resized_crop(224, scale = 0.6 -> 1.0)", "hflip(0.5)"))
]
ViewsField = Annotated[Call, ExpressionField("views", ("simclr(224)",))]
MixField = Annotated[
    Call | Nothing,
    ExpressionField("mix", ("mixup(0.2)", "one_of(mixup(0.2), cutmix(1.0), p = 0.5)"), optional=True),
]
MetricField = Annotated[
    Call, ExpressionField("metric", ("top1(species)", "macro_f1(disease where count(disease) < 80)", "loss"))
]
MonitorField = Annotated[Monitor, ExpressionField("monitor", ("max top1(species)", "min loss"))]
GateField = Annotated[Gate, ExpressionField("gate", ("top1(species) >= 95%",))]
StopField = Annotated[
    Stop | Nothing, ExpressionField("stop", ("min loss, patience = 30 epochs, after = 20 epochs",), optional=True)
]
OptimizerField = Annotated[Call, ExpressionField("optimizer", ("adamw(weight_decay = 0.05)", "sgd(momentum = 0.9)"))]
SplitField = Annotated[Call, ExpressionField("split", ("stratified(val = 10%)", "stratified_kfold(5, test = 15%)"))]
ArchitectureField = Annotated[Call, ExpressionField("architecture", ("seq2seq(layers = 2, hidden = 512)",))]
DatasetField = Annotated[
    Call, ExpressionField("dataset", ("digits", "leaves(species = 6, diseases = 3 -> 5, imbalance = 20)"))
]
DurationField = Annotated[Quantity, ExpressionField("duration", ("1 epoch", "500 steps", "5 minutes"))]
SizeField = Annotated[Quantity, ExpressionField("size", ("100 GB",))]

STARTS: Final = (
    "schedule",
    "selector",
    "rates",
    "loss",
    "sampling",
    "transform",
    "views",
    "mix",
    "metric",
    "monitor",
    "gate",
    "stop",
    "optimizer",
    "split",
    "architecture",
    "dataset",
    "duration",
    "size",
)
"""Every kind of expression, each a start of the grammar."""
