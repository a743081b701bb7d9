"""Sheets of pictures with words beside and above them."""

import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from specc.report.drawing import DPI, GRID, INK, MUTED, drawable, new_figure

LINE: Final = 0.145
"""Height of a line of small text. Units: inches, as all here."""

LETTER: Final = 8 / DPI
"""Width of a letter of code."""

_SMALL: Final = 7.5
_NO_BREAK: Final = "\u00a0"


class Sheet:
    """A figure on which everything is placed in inches from its top left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure: Figure = new_figure(width, height)
        self.figure.set_layout_engine("none")

    def write(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write a line of text that begins at x and hangs from y."""
        look = {"color": INK, "fontsize": 9, "ha": "left", "va": "top", **style}
        self.figure.text(x / self.width, 1 - y / self.height, drawable(text), **look)

    def write_code(self, x: float, y: float, lines: Sequence[str]) -> None:
        """Write small lines below each other, as they stand in a spec."""
        for number, line in enumerate(lines):
            self.write(x, y + number * LINE, line, fontsize=_SMALL, family="monospace", color=MUTED)

    def rule(self, x: float, y: float, width: float, color: str) -> None:
        """Draw a line from x to the right."""
        ends = [x / self.width, (x + width) / self.width]
        height = 1 - y / self.height
        self.figure.add_artist(Line2D(ends, [height, height], color=color, linewidth=2))

    def paste(self, x: float, y: float, side: float, pixels: NDArray[np.uint8]) -> None:
        """Show an image within a square."""
        box = (x / self.width, 1 - (y + side) / self.height, side / self.width, side / self.height)
        axes = self.figure.add_axes(box)
        axes.imshow(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(color=GRID, linewidth=0.6)


def wrapped(lines: Sequence[str], width: float) -> list[str]:
    """Break lines of code behind commas so that they fit; what goes on is indented.

    >>> wrapped(["one_of(blur(3 -> 7), noise(10 -> 50), p = 0.3)"], 1.5)
    ['one_of(blur(3 -> 7),', '  noise(10 -> 50),', '  p = 0.3)']
    """
    joined = [line.replace(" ", _NO_BREAK).replace(f",{_NO_BREAK}", ", ") for line in lines]
    parts = [part for line in joined for part in textwrap.wrap(line, int(width / LETTER), subsequent_indent="  ")]
    return [part.replace(_NO_BREAK, " ") for part in parts]
