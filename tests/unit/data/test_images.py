"""Reading images that nobody vouches for."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from specc.data.images import open_images, read_image
from specc.errors import DataError


@pytest.fixture
def image(tmp_path):
    """Save an image and return its path."""

    def save(made: Image.Image, suffix: str = ".png", **options: object) -> str:
        path = tmp_path / f"x{suffix}"
        made.save(path, **options)
        return str(path)

    return save


def solid(mode: str, colour: object, size: tuple[int, int] = (4, 3)) -> Image.Image:
    return Image.new(mode, size, colour)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("mode", "colour"), [("RGB", (9, 9, 9)), ("L", 9), ("RGBA", (9, 9, 9, 255)), ("LA", (9, 255)), ("1", 1), ("P", 0)]
)
def test_any_mode_gives_the_channels_that_are_asked_for(image, mode, colour, channels):
    pixels = read_image(image(solid(mode, colour)), channels)
    assert (pixels.shape, pixels.dtype) == ((3, 4, channels), np.uint8)


def test_what_is_transparent_is_white(image):
    assert (read_image(image(solid("RGBA", (0, 0, 0, 0))), 3) == 255).all()
    assert abs(int(read_image(image(solid("RGBA", (0, 0, 0, 128))), 3)[0, 0, 0]) - 127) <= 1
    assert (read_image(image(solid("LA", (0, 0))), 1) == 255).all()


def test_a_transparent_colour_of_a_palette_is_white(image):
    made = solid("P", 0)
    made.putpalette([10, 20, 30] * 256)
    assert (read_image(image(made, transparency=0), 3) == 255).all()
    assert (read_image(image(made), 3) == [10, 20, 30]).all()


def test_four_channels_keep_their_transparency(image):
    assert (read_image(image(solid("RGBA", (1, 2, 3, 0))), 4)[..., 3] == 0).all()


@pytest.mark.parametrize(("orientation", "shape"), [(1, (3, 4)), (3, (3, 4)), (6, (4, 3)), (8, (4, 3))])
def test_a_photograph_stands_upright(image, orientation, shape):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert read_image(image(solid("RGB", 0), ".jpg", exif=exif), 3).shape[:2] == shape


def test_an_orientation_turns_the_right_way(image):
    made = solid("RGB", 0, (8, 8))
    made.paste((255, 255, 255), (0, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = read_image(image(made, exif=exif), 1)[..., 0]
    assert (pixels[:, 4:] == 255).all()
    assert (pixels[:, :4] == 0).all()


def test_16_bits_become_8(image):
    values = np.array([[0, 257 * 100, 65535]], np.uint16)
    assert read_image(image(Image.fromarray(values)), 1)[..., 0].tolist() == [[0, 100, 255]]


def test_a_dark_image_of_16_bits_stays_dark(image):
    values = np.full((2, 2), 200, np.uint16)
    assert (read_image(image(Image.fromarray(values)), 1) == 0).all()


def test_ink_becomes_light(image):
    pixels = read_image(image(solid("CMYK", (0, 0, 0, 0)), ".jpg"), 3)
    assert (pixels > 250).all()


def test_a_wrong_suffix_does_not_matter(image, tmp_path):
    right = image(solid("RGB", (1, 2, 3)))
    wrong = tmp_path / "y.jpg"
    wrong.write_bytes((tmp_path / "x.png").read_bytes())
    assert (read_image(str(wrong), 3) == read_image(right, 3)).all()


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 100) + b"IDAT"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no image of a known format"),
        (b"hello, this is text", "no image of a known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no image of a known format"),
        (png_header(60_000, 60_000), "60000 x 60000 pixels"),
        (png_header(2**31 - 1, 2**31 - 1), "pixels"),
        (png_header(8, 8), "cannot be decoded"),
    ],
)
def test_a_file_that_is_no_image(tmp_path, content, said):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_image(str(path), 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".gif", ".bmp"])
def test_a_truncated_file(image, tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    path = image(Image.fromarray(noise), suffix)
    (tmp_path / f"x{suffix}").write_bytes((tmp_path / f"x{suffix}").read_bytes()[:-400])
    with pytest.raises(DataError):
        read_image(path, 3)


@pytest.mark.parametrize("name", ["missing.png", ".", "a\0b.png", "x" * 5000])
def test_a_path_that_cannot_be_opened(tmp_path, name):
    with pytest.raises(DataError):
        read_image(str(tmp_path / name), 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".gif", ".webp"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_damage_gives_pixels_or_a_data_error(image, tmp_path, suffix, data):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = image(Image.linear_gradient("L").resize((16, 16)).convert("RGB"), suffix, exif=exif)
    content = bytearray((tmp_path / f"x{suffix}").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / f"x{suffix}").write_bytes(content)
    try:
        pixels = read_image(path, 3)
    except DataError:
        return
    assert pixels.shape[2] == 3


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_a_large_image_is_converted_in_bands(image, monkeypatch, mode, channels):
    noise = np.random.default_rng(0).integers(0, 255, (40, 30, 4), np.uint8)
    made = Image.fromarray(noise).convert("L" if mode == "I;16" else mode)
    made = Image.fromarray(noise[..., 0] * np.uint16(257)) if mode == "I;16" else made
    exif = Image.Exif()
    exif[0x0112] = 6
    path = image(made, ".tif" if mode in ("CMYK", "F", "I") else ".png", exif=exif)
    whole = read_image(path, channels)
    monkeypatch.setattr("specc.data.images._BAND", 7 * 40)
    assert whole.shape == (30, 40, channels)
    assert (read_image(path, channels) == whole).all()


def test_a_large_palette_is_transparent_in_every_band(image, monkeypatch):
    made = solid("P", 0, (20, 30))
    made.putpalette([10, 20, 30] * 256)
    monkeypatch.setattr("specc.data.images._BAND", 100)
    assert (read_image(image(made, transparency=0), 3) == 255).all()


def test_built_in_images_are_in_memory(data_plan):
    read = open_images(data_plan("builtin", location={"dataset": "digits"}, channels=3))
    assert read("0").shape == (8, 8, 3)
    assert read("0").max() > 200
