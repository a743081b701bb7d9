"""The nodes that expressions are parsed into.

A node is data: it can be compared, hashed by its text and printed back, and is never evaluated. Spans are offsets into
the expression's own string; they are carried for messages and are no part of a node's meaning. `str(node)` is the
canonical text, and parsing it gives an equal node.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from specc.source import Span
from specc.spec.units import Quantity, number_text

_NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Interval:
    """`0.6 -> 1.0`."""

    start: float
    stop: float

    def __str__(self) -> str:
        return f"{number_text(self.start)} -> {number_text(self.stop)}"


@dataclass(frozen=True, slots=True)
class Name:
    """A word that means something elsewhere: a label, a head, a teacher, a part of the model."""

    text: str
    span: Span = field(default=_NOWHERE, compare=False)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Arrow:
    """`species -> disease`."""

    start: Name
    stop: Name

    def __str__(self) -> str:
        return f"{self.start} -> {self.stop}"


@dataclass(frozen=True, slots=True)
class Condition:
    """`count(label) < 80`, where count is the number of training samples of the sample's class."""

    label: Name
    operator: str
    value: float
    span: Span = field(default=_NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"count({self.label}) {self.operator} {number_text(self.value)}"

    def holds(self, count: int) -> bool:
        """Say whether a class with `count` training samples is meant."""
        return {
            "<": count < self.value,
            "<=": count <= self.value,
            ">": count > self.value,
            ">=": count >= self.value,
            "==": count == self.value,
        }[self.operator]


@dataclass(frozen=True, slots=True)
class Filtered:
    """`disease where count(disease) < 80`."""

    name: Name
    condition: Condition

    def __str__(self) -> str:
        return f"{self.name} where {self.condition}"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language with every argument bound, defaults included."""

    function: str
    arguments: dict[str, object]
    span: Span = field(default=_NOWHERE, compare=False)
    spans: dict[str, Span] = field(default_factory=dict, compare=False)
    """Where each argument that was written stands; the others are defaults."""
    shown: tuple[tuple[str, object], ...] = field(default=(), compare=False)
    """What the canonical text shows: arguments that differ from their defaults, positional ones without a name."""

    def __str__(self) -> str:
        match self.function:
            case "constant":
                return str(self.arguments["value"])
            case "loss":
                return "loss"
        shown = [f"{name} = {text(value)}" if name else text(value) for name, value in self.shown]
        if self.function == "top":
            return f"top{shown[0]}({', '.join(shown[1:])})"
        return f"{self.function}({', '.join(shown)})"

    def number(self, name: str) -> float:
        """Return a numeric argument."""
        value = self.arguments[name]
        assert isinstance(value, Quantity), f"{self.function}.{name} is not a number"  # noqa: S101
        return value.value

    def names(self) -> Iterator[Name]:
        """Yield every name among the arguments, inner calls included."""
        for value in self.arguments.values():
            yield from _names(value)

    def calls(self) -> Iterator["Call"]:
        """Yield this call and every call among the arguments."""
        yield self
        for value in self.arguments.values():
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Call):
                    yield from item.calls()


def text(value: object) -> str:
    """Print an argument's value."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _names(value: object) -> Iterator[Name]:
    match value:
        case Name():
            yield value
        case Arrow():
            yield from (value.start, value.stop)
        case Filtered():
            yield value.name
        case Call():
            yield from value.names()
        case tuple():
            for item in value:
                yield from _names(item)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`warmup(2 epochs) then cosine(1e-5 -> 0)`."""

    phases: tuple[Call, ...]

    def __str__(self) -> str:
        return " then ".join(str(phase) for phase in self.phases)


@dataclass(frozen=True, slots=True)
class Term:
    """One operand of a selector; `sign` is + or -."""

    sign: str
    pattern: Name


@dataclass(frozen=True, slots=True)
class Selector:
    """`all - backbone`: parameters by the names of the modules that hold them, from left to right."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        first, *rest = self.terms
        return "".join([str(first.pattern), *(f" {term.sign} {term.pattern}" for term in rest)])


@dataclass(frozen=True, slots=True)
class Rate:
    """`backbone * 0.1`."""

    pattern: Name
    factor: float

    def __str__(self) -> str:
        return f"{self.pattern} * {number_text(self.factor)}"


@dataclass(frozen=True, slots=True)
class Rates:
    """Factors on the stage's rate, the first match wins; or `layer_decay(0.75)`."""

    entries: tuple[Rate, ...] = ()
    layer_decay: Call | None = None

    def __str__(self) -> str:
        return str(self.layer_decay) if self.layer_decay else ", ".join(str(rate) for rate in self.entries)


@dataclass(frozen=True, slots=True)
class Weighted:
    """One term of a loss."""

    weight: float
    call: Call

    def __str__(self) -> str:
        return str(self.call) if self.weight == 1 else f"{number_text(self.weight)} * {self.call}"


@dataclass(frozen=True, slots=True)
class Loss:
    """`focal(species) + 0.7 * focal(disease)`."""

    terms: tuple[Weighted, ...]

    def __str__(self) -> str:
        return " + ".join(str(term) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Rule:
    """`5 where count(disease) < 50`."""

    weight: float
    condition: Condition
    span: Span = field(default=_NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{number_text(self.weight)} where {self.condition}"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Weights by rules, the first match wins and everything else is 1; or `balanced(species)`."""

    rules: tuple[Rule, ...] = ()
    balanced: Call | None = None

    def __str__(self) -> str:
        return str(self.balanced) if self.balanced else ", ".join(str(rule) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Monitor:
    """`max top1(species)`, on the validation split."""

    mode: str
    metric: Call

    def __str__(self) -> str:
        return f"{self.mode} {self.metric}"


@dataclass(frozen=True, slots=True)
class Gate:
    """`top1(species) >= 95%`."""

    metric: Call
    operator: str
    threshold: float
    span: Span = field(default=_NOWHERE, compare=False)
    percent: bool = field(default=False, compare=False)
    """Whether the threshold was written with a percent sign."""

    def __str__(self) -> str:
        return f"{self.metric} {self.operator} {number_text(self.threshold)}"


@dataclass(frozen=True, slots=True)
class Stop:
    """`min loss, patience = 30 epochs, after = 20 epochs`."""

    monitor: Monitor
    patience: Quantity
    after: Quantity
    min_delta: float = 0.0
    spans: dict[str, Span] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        text = f"{self.monitor}, patience = {self.patience}"
        text += f", after = {self.after}" if self.after.value else ""
        return text + (f", min_delta = {number_text(self.min_delta)}" if self.min_delta else "")


Expression = Schedule | Selector | Rates | Loss | Sampling | Monitor | Gate | Stop | Call | Quantity
