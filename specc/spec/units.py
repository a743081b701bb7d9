"""Numbers with units, as literals of the language."""

from dataclasses import dataclass
from typing import Final

ALIASES: Final[dict[str, str]] = {
    "epoch": "epochs",
    "epochs": "epochs",
    "step": "steps",
    "steps": "steps",
    "second": "seconds",
    "seconds": "seconds",
    "minute": "minutes",
    "minutes": "minutes",
    "hour": "hours",
    "hours": "hours",
    "sample": "samples",
    "samples": "samples",
    "%": "%",
    "kB": "kB",
    "MB": "MB",
    "GB": "GB",
    "TB": "TB",
}
"""Every spelling of a unit and its canonical one."""

BYTES: Final[dict[str, int]] = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
"""Decimal, as disks are sold (IEC 80000-13)."""

SECONDS: Final[dict[str, int]] = {"seconds": 1, "minutes": 60, "hours": 3600}


def number_text(value: float) -> str:
    """Print a number the shortest way that reads back equal.

    >>> number_text(15.0), number_text(1e-4), number_text(0.05)
    ('15', '1e-4', '0.05')
    """
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(float(value))
    mantissa, e, exponent = text.partition("e")
    if e:
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    short = f"{value:.17g}" if abs(value) >= 1e-3 else _scientific(value)
    return text if len(text) <= len(short) else short


def _scientific(value: float) -> str:
    for digits in range(17):
        text = f"{value:.{digits}e}"
        if float(text) == value:
            mantissa, _, exponent = text.partition("e")
            return f"{mantissa}e{int(exponent)}"
    return repr(value)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit, if it has one. A percentage is kept as its fraction.

    >>> str(Quantity(2, "epochs")), str(Quantity(1, "epochs"))
    ('2 epochs', '1 epoch')
    """

    value: float
    unit: str | None = None

    def __str__(self) -> str:
        number = number_text(self.value)
        if self.unit is None:
            return number
        singular = self.value == 1 and self.unit.endswith("s")
        return f"{number} {self.unit[:-1] if singular else self.unit}"
