"""Reading an image: from its reference to pixels, without trusting the file."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from specc.data.builtin import BUILTIN, DRAWN_BYTES
from specc.data.columns import Strings
from specc.errors import DataError
from specc.plan.model import DataPlan

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""What is opened at all; Pillow's other readers never see a file."""

MAX_PIXELS: Final = 50_000_000
"""Largest image that is decoded."""

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked before a pixel is decoded

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

    Raises: DataError when it is damaged, of another format, or larger than `MAX_PIXELS`.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(path, image.size)
            return _pixels(image, channels)
    except FileNotFoundError:
        raise DataError(f"there is no image `{path}`") from None
    except UnidentifiedImageError:
        raise DataError(f"`{path}` is no image of a known format ({', '.join(FORMATS)})") from None
    except Exception as error:  # noqa: BLE001
        # Pillow's readers raise what they like of a file that is made to hurt.
        raise DataError(f"`{path}` cannot be decoded: {error}") from None


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


def _check_size(path: str, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise DataError(f"`{path}` has {size[0]} x {size[1]} pixels; at most {MAX_PIXELS:,} are decoded")


def _pixels(image: Any, channels: int) -> NDArray[np.uint8]:
    upright = ImageOps.exif_transpose(image) if image.getexif().get(_ORIENTATION, 1) != 1 else image
    if upright.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        upright = _to_8_bit(upright)
    has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
    if has_alpha and channels != 4:
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    pixels = np.array(upright if upright.mode == _MODES[channels] else upright.convert(_MODES[channels]), np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _to_8_bit(image: Any) -> Any:
    """Scale deeper pixels to 8 bits, by what their mode can hold; Pillow would clip them."""
    top = 1.0 if image.mode == "F" else 65535.0
    values = np.nan_to_num(np.asarray(image, np.float64)) * (255.0 / top)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
