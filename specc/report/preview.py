"""The contact sheet of a spec: what the model will see, a row a sample."""

from collections.abc import Sequence
from typing import Final

from matplotlib.figure import Figure

from specc.report.drawing import COLORS, MUTED
from specc.report.sheet import LINE, Sheet, wrapped
from specc.report.words import counted, cut
from specc.runtime.preview import Group, Picture

SIDE: Final = 1.3
"""Side of a picture. Units: inches, as all here."""

_GAP, _CAPTION, _BETWEEN = 0.1, 0.22, 0.35
_NAMES: Final = 1.5
_TOP: Final = 0.75
_MARGIN: Final = 0.2

Row = tuple[str, int | None]
"""What a sample is called, and how many training samples its class has."""


def preview_figure(title: str, remark: str, rows: Sequence[Row], groups: Sequence[Group]) -> Figure:
    """Draw groups of pictures side by side, each under its transforms."""
    lines = [wrapped(group.lines, _width(group)) for group in groups]
    head = _TOP + 0.3 + LINE * max(map(len, lines)) + 0.1
    width = _MARGIN + _NAMES + sum(_width(group) + _BETWEEN for group in groups)
    sheet = Sheet(width, head + len(rows) * (SIDE + _CAPTION) + _MARGIN)
    sheet.write(_MARGIN, 0.15, title, fontsize=13, fontweight="bold")
    sheet.write(_MARGIN, 0.4, remark, color=MUTED)
    for number, (name, count) in enumerate(rows):
        y = head + number * (SIDE + _CAPTION)
        sheet.write(_MARGIN, y, cut(name, 22), fontsize=10, fontweight="bold")
        if count is not None:
            sheet.write(_MARGIN, y + 0.2, counted(count, "sample", "samples"), color=MUTED)
    x = _MARGIN + _NAMES
    for number, (group, code) in enumerate(zip(groups, lines, strict=True)):
        sheet.rule(x, _TOP, _width(group), COLORS[number % len(COLORS)])
        sheet.write(x, _TOP + 0.07, cut(group.title, int(13 * _width(group))), fontweight="bold")
        sheet.write_code(x, _TOP + 0.3, code)
        for row, pictures in enumerate(group.pictures):
            _strip(sheet, x, head + row * (SIDE + _CAPTION), pictures)
        x += _width(group) + _BETWEEN
    return sheet.figure


def _strip(sheet: Sheet, x: float, y: float, pictures: Sequence[Picture]) -> None:
    for column, picture in enumerate(pictures):
        left = x + column * (SIDE + _GAP)
        sheet.paste(left, y, SIDE, picture.pixels)
        sheet.write(left, y + SIDE + 0.03, cut(picture.caption, 24), fontsize=7, color=MUTED)


def _width(group: Group) -> float:
    """Return the room that a group takes: that of its longest strip."""
    columns = max(map(len, group.pictures), default=1) or 1
    return columns * (SIDE + _GAP) - _GAP
