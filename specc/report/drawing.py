"""The look that all figures share, and how a figure becomes bytes.

Everything is set on the objects themselves: no pyplot and no `rcParams`, so that drawing changes nothing elsewhere.
"""

from functools import lru_cache
from io import BytesIO
from typing import Final

from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from specc.report.words import cut

INK: Final = "#24292f"
MUTED: Final = "#6b7280"
GRID: Final = "#e5e7eb"
BAND: Final = "#f3f5f8"

COLORS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Source: Okabe and Ito 2008, Color Universal Design, https://jfly.uni-koeln.de/color/"""

DPI: Final = 120
_LEGEND: Final = 9
TITLE_PAD: Final = 10
STAGE_PAD: Final = 22
"""Room for the stages' names below a title. Units: points."""

_LETTERS: Final = 120
"""Letters of a stage's name that fit side by side over a full figure."""


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure. Units: inches."""
    figure = Figure(
        figsize=(width, height), dpi=DPI, facecolor="white", layout=ConstrainedLayoutEngine(w_pad=0.14, h_pad=0.12)
    )
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure) -> bytes:
    """Draw a figure; the same figure gives the same bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.15, metadata={"Software": "specc"})
    return buffer.getvalue()


def dress(axes: Axes, title: str, xlabel: str = "", *, pad: float = TITLE_PAD) -> None:
    """Give axes the common look."""
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.grid(visible=True, color=GRID, linewidth=0.8, linestyle="-")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(MUTED)
    axes.tick_params(which="both", colors=MUTED, labelsize=9, length=0, pad=5)
    axes.set_title(title, loc="left", color=INK, fontsize=11, fontweight="bold", pad=pad)
    axes.set_xlabel(xlabel, color=MUTED, fontsize=9)


def whole_ticks(axes: Axes) -> None:
    """Put ticks of the x axis on whole numbers, printed with a comma every three digits."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def percent_ticks(axes: Axes) -> None:
    """Print the ticks of the y axis as per cent."""
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}%"))


def legend(axes: Axes, pad: float) -> None:
    """Name what is drawn, above and to the right, where it hides nothing. Units: points, as of the title's `pad`."""
    longest = max(len(name) for name in axes.get_legend_handles_labels()[1])
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=max(_LETTERS // (longest + 18), 1),
        borderaxespad=(pad - 5) / _LEGEND,
        borderpad=0,
        fontsize=_LEGEND,
        frameon=False,
        labelcolor=INK,
    )


def shade_stages(axes: Axes, spans: list[tuple[str, float, float]], *, named: bool = True) -> None:
    """Shade every other stage, and write the names above, as far as there is room."""
    total = spans[-1][2] - spans[0][1]
    for index, (name, start, end) in enumerate(spans):
        if index % 2:
            axes.axvspan(start, end, facecolor=BAND, edgecolor="none", zorder=0)
        if index:
            axes.axvline(start, color=MUTED, linewidth=0.6, alpha=0.6, zorder=1)
        room = int(_LETTERS * (end - start) / total)
        if named and name and room >= min(len(name), 5):
            _name_stage(axes, drawable(cut(name, room)), (start + end) / 2)
    axes.set_xlim(spans[0][1], spans[-1][2])


def _name_stage(axes: Axes, name: str, middle: float) -> None:
    above = axes.get_xaxis_transform()
    axes.text(middle, 1.015, name, transform=above, ha="center", va="bottom", fontsize=9, color=MUTED)


def drawable(text: str) -> str:
    r"""Make a text safe to draw: no formula between dollars, no letter that the font lacks.

    >>> drawable("a$b$")
    'a\\$b\\$'
    """
    return "".join(char if ord(char) in _letters() else "\u25a1" for char in text).replace("$", r"\$")


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    return frozenset(font.get_charmap())
