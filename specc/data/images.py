"""Reading an image: from its reference to pixels, without trusting the file."""

import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from specc.data.builtin import BUILTIN, DRAWN_BYTES
from specc.data.columns import Strings
from specc.data.limits import MAX_PIXELS, AskedTooMuch, check_exif, check_picture, opened
from specc.data.problem import shown
from specc.errors import DataError
from specc.plan.model import DataPlan

__all__ = ["FORMATS", "MAX_PIXELS", "Reader", "draw_ahead", "open_images", "read_image"]

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is opened at all; Pillow's other readers never see a file."""

_BAND: Final = 1_000_000
"""Pixels that are converted at once, so that a large image is there twice, and not five times."""

Image.MAX_IMAGE_PIXELS = None  # our own limits are checked before a pixel is decoded
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # a file can have them told a million times

_ORIENTATION: Final = 0x0112
_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}

Reader = Callable[[str], NDArray[np.uint8]]
"""From a reference to pixels. Shapes: (rows, columns, channels), 8 bit."""


def open_images(data: DataPlan) -> Reader:
    """Return what reads the images of a source."""
    if data.source == "builtin":
        return _from_builtin(data)
    return lambda reference: read_image(reference, data.channels)


def read_image(path: str, channels: int) -> NDArray[np.uint8]:
    """Decode an image file, upright, on white where it is transparent.

    Raises: DataError when it is damaged, of another format, or asks for more than is given.
    """
    try:
        with opened(path) as file, Image.open(file, formats=FORMATS) as image:
            check_picture(image, file)
            image.load()
            check_exif(image)
            return _pixels(image, channels)
    except AskedTooMuch as error:
        raise DataError(f"`{shown(path)}` {error}") from None
    except FileNotFoundError:
        raise DataError(f"there is no image `{shown(path)}`") from None
    except UnidentifiedImageError:
        raise DataError(f"`{shown(path)}` is no image of a known format ({', '.join(FORMATS)})") from None
    except Exception as error:  # noqa: BLE001
        # Pillow's readers raise what they like of a file that is made to hurt.
        reason = shown(str(error)) or type(error).__name__
        raise DataError(f"`{shown(path)}` cannot be decoded: {reason}") from None


def draw_ahead(data: DataPlan, references: Strings) -> None:
    """Draw a built-in set, as far as it is kept: worker processes that are forked then share it.

    Otherwise the workers of every stage would draw it again.
    """
    if data.source == "builtin" and len(references):
        image = BUILTIN[data.location["dataset"]].image
        for row in range(min(len(references), DRAWN_BYTES // image(references[0]).nbytes)):
            image(references[row])


def _from_builtin(data: DataPlan) -> Reader:
    image = BUILTIN[data.location["dataset"]].image
    return lambda reference: _pixels(Image.fromarray(image(reference)), data.channels)


def _pixels(image: Any, channels: int) -> NDArray[np.uint8]:
    if image.getexif().get(_ORIENTATION, 1) != 1:
        ImageOps.exif_transpose(image, in_place=True)
    columns, rows = image.size
    height = max(_BAND // max(columns, 1), 1)
    if height >= rows:
        return _converted(image, channels)
    pixels = np.empty((rows, columns, channels), np.uint8)
    for top in range(0, rows, height):
        pixels[top : top + height] = _converted(image.crop((0, top, columns, min(top + height, rows))), channels)
    return pixels


def _converted(image: Any, channels: int) -> NDArray[np.uint8]:
    plain = _to_8_bit(image) if image.mode in ("I;16", "I;16B", "I;16L", "I", "F") else image
    has_alpha = plain.mode in ("RGBA", "LA", "PA") or "transparency" in plain.info
    if has_alpha and channels != 4:
        rgba = plain.convert("RGBA")
        plain = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    pixels = np.array(plain if plain.mode == _MODES[channels] else plain.convert(_MODES[channels]), np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _to_8_bit(image: Any) -> Any:
    """Scale deeper pixels to 8 bits, by what their mode can hold; Pillow would clip them."""
    top = 1.0 if image.mode == "F" else 65535.0
    values = np.nan_to_num(np.asarray(image, np.float64)) * (255.0 / top)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
