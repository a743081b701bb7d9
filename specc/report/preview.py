"""The contact sheet of a spec: what the model will see, a row a sample."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from matplotlib.figure import Figure

from specc.report.drawing import COLORS, MUTED
from specc.report.sheet import LINE, Sheet, wrapped
from specc.report.words import counted, cut
from specc.runtime.preview import Group, Picture, Preview

SIDE: Final = 1.3
"""Side of a picture. Units: inches, as all here."""

_GAP, _BETWEEN = 0.1, 0.35
_ROW: Final = SIDE + 0.22
_NAMES: Final = 1.6
_TOP: Final = 0.75
_MARGIN: Final = 0.2

Words = Mapping[str, Sequence[str]]
"""The transforms of each stage in the spec's words; those of the evaluation under an empty name."""


def preview_figure(preview: Preview, groups: Sequence[Group], words: Words) -> Figure:
    """Draw groups of pictures side by side, each under its transforms."""
    lines = [wrapped(_lines(group, words), _width(group)) for group in groups]
    head = _TOP + 0.4 + LINE * max(map(len, lines))
    width = _NAMES + sum(_width(group) + _BETWEEN for group in groups)
    sheet = Sheet(width, head + len(preview.rows) * _ROW + _MARGIN)
    _titles(sheet, preview, head)
    x = _NAMES
    for group, code, color in zip(groups, lines, COLORS * len(groups), strict=False):
        sheet.rule(x, _TOP, _width(group), color)
        sheet.write(x, _TOP + 0.07, _title(group), fontweight="bold")
        sheet.write_code(x, _TOP + 0.3, code)
        for row, pictures in enumerate(group.pictures):
            _strip(sheet, x, head + row * _ROW, pictures)
        x += _width(group) + _BETWEEN
    return sheet.figure


def _titles(sheet: Sheet, preview: Preview, head: float) -> None:
    """Write what is shown, and what each row is."""
    plan = preview.plan
    sheet.write(_MARGIN, 0.15, plan.name, fontsize=13, fontweight="bold")
    sheet.write(_MARGIN, 0.42, f"what the model sees with seed {plan.seed}, before images are normalised", color=MUTED)
    for number, row in enumerate(preview.rows):
        y, count = head + number * _ROW, preview.count(row)
        name = textwrap.wrap(cut(preview.name(row), 50).replace("/", "/ "), 16)
        for line, part in enumerate(name):
            sheet.write(_MARGIN, y + 0.18 * line, part.replace("/ ", "/"), fontsize=10, fontweight="bold")
        if count is not None:
            sheet.write(_MARGIN, y + 0.18 * len(name) + 0.02, counted(count, "sample", "samples"), color=MUTED)


def _strip(sheet: Sheet, x: float, y: float, pictures: Sequence[Picture]) -> None:
    for column, picture in enumerate(pictures):
        left = x + column * (SIDE + _GAP)
        sheet.paste(left, y, SIDE, picture.pixels)
        sheet.write(left, y + SIDE + 0.03, cut(picture.caption, 22), fontsize=7, color=MUTED)


def _title(group: Group) -> str:
    """Say what is done in which stages; how many they are, where their names take more room than there is."""
    if not group.stages:
        return group.what
    named = f"{group.what} in {', '.join(group.stages)}"
    return named if len(named) <= 12 * _width(group) else f"{group.what} in {len(group.stages)} stages"


def _lines(group: Group, words: Words) -> Sequence[str]:
    """Return what is done to the pictures of a group, in the spec's words."""
    if group.mix:
        return (group.mix,)
    return () if group.what == "as read" else words[group.stages[0] if group.stages else ""]


def _width(group: Group) -> float:
    """Return the room that a group takes: that of its longest strip, and enough for its words."""
    return max(2 if group.stages else 1, *map(len, group.pictures)) * (SIDE + _GAP) - _GAP
