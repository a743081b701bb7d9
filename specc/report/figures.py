"""The pictures of a finished run."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from specc.checkpoint.atomic import make_folder, write_atomic
from specc.report.class_figures import classes_figure, confusion_figure
from specc.report.curves import curves_figure, rates_figure
from specc.report.drawing import png
from specc.report.model import Finished

_OF_RUN: Final[Sequence[tuple[str, Callable[[Finished], Figure | None]]]] = (
    ("curves", curves_figure),
    ("rates", rates_figure),
)
_OF_LABEL: Final[Sequence[tuple[str, Callable[[Finished, str], Figure | None]]]] = (
    ("confusion", confusion_figure),
    ("classes", classes_figure),
)


def figures(finished: Finished) -> dict[str, bytes]:
    """Draw all figures, as PNG by file name; those with nothing to draw are left out."""
    drawn = {f"{name}.png": draw(finished) for name, draw in _OF_RUN}
    for label in finished.judged:
        drawn |= {f"{name}_{slug(label)}.png": draw(finished, label) for name, draw in _OF_LABEL}
    return {name: png(figure) for name, figure in drawn.items() if figure is not None}


def write_pictures(pictures: dict[str, bytes], folder: Path) -> list[Path]:
    """Write drawn figures into a folder, and return their paths."""
    make_folder(folder)
    for name, picture in pictures.items():
        write_atomic(folder / name, [picture])
    return [folder / name for name in pictures]


def slug(name: str) -> str:
    """Return a label's name as part of a file's name; different labels stay different.

    >>> slug("digit"), slug("../x")
    ('digit', 'x-d6b96a97')
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    return plain if plain == name else f"{plain}-{sha256(name.encode(errors='replace')).hexdigest()[:8]}"
