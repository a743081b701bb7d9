"""Sheets of pictures: everything is on them, and nothing runs into its neighbour."""

from io import BytesIO

import numpy as np
from PIL import Image

from specc.frontend.expressions import parse_call
from specc.report.augmentations import DRAWS, SHOWN, augmentations_figure
from specc.report.drawing import DPI, png
from specc.report.sheet import LETTER, Sheet, wrapped
from specc.spec.functions import family

STILL = {"resize", "center_crop", "normalize"}
"""Transforms that do the same to every image."""


def test_every_augmentation_of_the_language_is_shown():
    *of_samples, of_batches = SHOWN
    shown = {parse_call("transform", text).function for texts in of_samples for text in texts}
    assert shown == family("transform").keys() - STILL
    assert {parse_call("mix", text).function for text in of_batches} == family("mix").keys() - {"one_of"}


def test_each_augmentation_is_drawn_several_times():
    _, _, *drawn = [axes.images[0].get_array().tobytes() for axes in augmentations_figure().axes]
    assert len(drawn) == DRAWS * sum(map(len, SHOWN))
    assert all(len(set(drawn[first : first + DRAWS])) > 1 for first in range(0, len(drawn), DRAWS))


def test_a_picture_stands_where_it_is_put_pixel_by_pixel():
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    sheet = Sheet(2, 2)
    sheet.paste(1, 0.5, 60 / DPI, image)
    buffer = BytesIO()
    sheet.figure.savefig(buffer, format="png")
    drawn = np.asarray(Image.open(buffer).convert("RGB"))
    assert np.array_equal(drawn[62:118, 122:178], image[2:58, 2:58])


def test_lines_of_code_are_as_wide_as_they_are_said_to_be():
    text = "color_jitter(brightness = 0.3, contrast = 0.3, saturation = 0.3, hue = 0.1)"
    sheet = Sheet(8, 1)
    sheet.write_code(0.5, 0.5, [text])
    box = sheet.figure.texts[0].get_window_extent()
    assert box.width / DPI <= len(text) * LETTER
    assert box.width / DPI > 0.95 * len(text) * LETTER


def test_wrapping_breaks_behind_commas_and_loses_nothing():
    lines = ["resize(64)", "random_resized_crop(64, scale = 0.6 -> 1, ratio = 0.75 -> 1.33)"]
    parts = wrapped(lines, 2)
    assert " ".join(part.strip() for part in parts) == " ".join(lines)
    assert all(len(part) * LETTER <= 2 for part in parts)


def test_the_same_sheet_gives_the_same_bytes():
    first, second = (Sheet(1, 1) for _ in range(2))
    assert png(first.figure) == png(second.figure)
