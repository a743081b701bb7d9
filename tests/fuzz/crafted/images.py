"""Images that somebody thought of."""

import io
import struct
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image

from tests.fuzz.crafted.formats import (
    END,
    big_tiff,
    deep_tiff,
    deflated,
    exif_of,
    gif_of_comment,
    header,
    jpeg_of,
    jpeg_of_scans,
    plain_tiff,
    segment,
    segments,
    small_png,
    sound_jpeg,
    tiff,
)
from tests.fuzz.images import PNG, png, sound_images

SIDE: Final = 7071
"""Of the largest square that is decoded."""

COLOURS: Final = {(1, 0): 1, (8, 0): 1, (16, 0): 2, (8, 2): 3, (16, 2): 6, (8, 4): 2, (8, 6): 4, (16, 6): 8}
"""Bytes of a pixel of a PNG, by its depth and its kind of colour."""

CIRCLES: Final = tiff((0x8769, 4, 1, 8), (0x014A, 4, 1, 8), (0x8825, 4, 1, 8), (0x0112, 3, 1, 6), following=8)
"""Directories that name the first one as the next, and as their own parts."""


def small() -> dict[str, bytes]:
    """Return files of which each is read in no time, by what is odd about them."""
    return {**_cut(), **_pngs(), **_texts_of_pngs(), **_jpegs(), **_tiffs(), **_animations(), **_others()}


def _cut() -> dict[str, bytes]:
    """Return an image of each format, cut off."""
    names = {b"\x89P": "PNG", b"\xff\xd8": "JPEG", b"RI": "WebP", b"GI": "GIF", b"BM": "BMP", b"II": "TIFF"}
    kinds = {names[data[:2]]: data for data in reversed(sound_images()) if data[:2] in names}
    return {
        f"{name} at {share} %": data[: len(data) * share // 100]
        for name, data in kinds.items()
        for share in (0, 1, 30, 90)
    }


def _pngs() -> dict[str, bytes]:
    row = (b"IDAT", deflated(bytes(13), 4))
    return {
        "PNG of 13,000 x 13,000 bits": png(header(13_000, 13_000, 1, 0), (b"IDAT", deflated(bytes(1626), 100)), END),
        "PNG of 60,000 x 60,000 bits": png(header(60_000, 60_000, 1, 0), (b"IDAT", deflated(bytes(7501), 100)), END),
        "PNG of 2^31 x 2^31": png(header(2**31 - 1, 2**31 - 1), END),
        "PNG of 2^32 x 1": png(header(2**32 - 1, 1), END),
        "PNG of 0 x 0": png(header(0, 0), (b"IDAT", deflated(b"", 0)), END),
        "PNG of 0 x 4": png(header(0, 4), (b"IDAT", deflated(b"\0", 4)), END),
        "PNG of 1 x 40,000,000": png(header(1, 40_000_000, 8, 0), (b"IDAT", deflated(bytes(200_000), 10)), END),
        "PNG of 40,000,000 x 1": png(header(40_000_000, 1, 8, 0), (b"IDAT", deflated(bytes(200_000), 10)), END),
        "PNG without end": png(header(4, 4), row),
        "PNG without data": png(header(4, 4), END),
        "PNG without header": PNG,
        "PNG of a second header": png(header(4, 4), header(2**20, 2**20), row, END),
        "PNG of interlaced nothing": png(header(4, 4, interlaced=1), (b"IDAT", deflated(b"", 0)), END),
        "PNG of a long chunk": png(header(4, 4)) + struct.pack(">I", 2**31 - 1) + b"tEXt",
        "PNG of a short palette": png(header(4, 4, 8, 3), (b"PLTE", b"\1\2\3"), (b"IDAT", deflated(b"\0\1\2\3\4", 4))),
        "PNG, and behind it a zip": png(header(4, 4), row, END) + b"PK\x03\x04" + bytes(100),
    }  # fmt: skip


def _texts_of_pngs() -> dict[str, bytes]:
    bomb = deflated(b"x" * 2**20, 200)
    heads = {b"zTXt": b"key\0\0", b"iTXt": b"key\0\1\0\0\0", b"iCCP": b"icc\0\0"}
    turned, over = (0x0112, 3, 2_000_000, 26), [(60_000 - number, 7, 40_000, 8) for number in range(20_000)]
    return {
        **{f"{name.decode()} of 200 MB": small_png((name, head + bomb)) for name, head in heads.items()},
        "PNG of EXIF": small_png((b"eXIf", exif_of(5000)[6:])),
        "PNG of EXIF in circles": small_png((b"eXIf", CIRCLES)),
        "PNG of EXIF over itself": small_png((b"eXIf", tiff(*over))),
        "PNG of two million orientations": small_png((b"eXIf", tiff(turned, after=bytes(4_000_000)))),
        "PNG of EXIF at its end": small_png()[:-12] + png((b"eXIf", tiff(turned, after=bytes(4_000_000))), END)[8:],
    }  # fmt: skip


def _jpegs() -> dict[str, bytes]:
    photo, exif = sound_jpeg(), exif_of(5000)
    start, rest, plain = photo[:2], photo[2:], photo[20:]
    resolutions = tiff((0x011A, 5, 900_000, 26), (0x0112, 3, 1, 6), after=bytes(7_200_000))
    return {
        "JPEG of 65,535 x 65,535": jpeg_of(65_535, 65_535),
        "JPEG of 0 x 0": jpeg_of(0, 0),
        "JPEG of 1,000 scans": jpeg_of_scans(1000, refined=True),
        "JPEG of 900,000 resolutions": start + segments(0xE1, b"Exif\0\0", resolutions) + plain,
        "JPEG of much EXIF": start + segment(0xE1, exif) * 200 + rest,
        "JPEG of EXIF in circles": start + segment(0xE1, b"Exif\0\0" + CIRCLES) + rest,
        "JPEG of broken colours": start + segment(0xE2, b"ICC_PROFILE\0\1\1" + b"\xff" * 60_000) * 50 + rest,
        "JPEG of 10,000 comments": start + segment(0xFE, b"x" * 1000) * 10_000 + rest,
        "JPEG of many tables": start + segment(0xDB, bytes(65)) * 10_000 + rest,
        "MPO of itself": start + segment(0xE2, b"MPF\0" + tiff((0xB001, 4, 1, 5), (0xB002, 7, 80, 8))) + rest,
    }  # fmt: skip


def _tiffs() -> dict[str, bytes]:
    whole = [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    return {
        "TIFF in circles": tiff(*whole, following=8),
        "TIFF of circles": CIRCLES,
        "TIFF of 30,000 tags": tiff(*((number, 4, 1, number) for number in range(30_000))),
        "TIFF of 260,000 tags": big_tiff(260_000),
        "TIFF of a tag of 2^32": tiff(*whole, (273, 16, 2**32 - 1, 8)),
        "TIFF of a text of 2^32": tiff(*whole, (270, 2, 2**32 - 1, 8)),
        "TIFF of 2,000,000 strips": tiff(*whole, (273, 4, 2_000_000, 8), after=bytes(8_000_000)),
        "TIFF of 4 x 4 without strips": plain_tiff(4, 4),
        "TIFF of 7,000 x 7,000 without strips": plain_tiff(7000, 7000),
        "TIFF of 60,000 x 60,000": plain_tiff(60_000, 60_000, compression=8, strip=b"x"),
    }


def _animations() -> dict[str, bytes]:
    return {f"{kind} of 2,000 frames": _animated(kind, 2000) for kind in ("GIF", "WEBP", "PNG")}


def _animated(kind: str, frames: int) -> bytes:
    pictures = [Image.new("L", (2, 2), number % 256) for number in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, kind, save_all=True, append_images=pictures[1:], duration=20)
    return out.getvalue()


def _others() -> dict[str, bytes]:
    """Return what else is read, and what is given the name of an image."""
    whole = b"\xff\xff\xff\xff"
    return {
        "GIF of 65,535 x 65,535": b"GIF89a" + whole + b"\0\0\0,\0\0\0\0" + whole + b"\0\2\1\0\0;",
        "GIF of a long comment": gif_of_comment(5_000_000),
        "BMP of 2^31": b"BM" + bytes(12) + struct.pack("<IiiHHI20x", 40, 2**31 - 1, -(2**31), 1, 24, 0),
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(w) deletefile\n",
        "PSD": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3),
        "PDF": b"%PDF-1.7\n1 0 obj\n<< /JavaScript (app.alert(1)) >>\n",
        "SVG": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "HTML": b"<!doctype html><html><body>not found</body></html>",
        "PPM": b"P6 4 4 255\n" + bytes(48),
        "ICNS": b"icns\0\0\0\x10ic08\0\0\0\x08",
        "a text": b"hello, this is text",
        "nothing": b"",
    }  # fmt: skip


def _bmp_of_runs(side: int) -> bytes:
    """Return a BMP of pixels in runs of 255 that never end a row."""
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, 0, 0, 0, 2, 2)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 62) + head + bytes(8) + b"\xff\1" * 200_000


def slow() -> Iterator[bytes]:
    """Yield files of so many parts that counting them takes as long as decoding an image."""
    photo = sound_jpeg()
    yield small_png(*[(b"tEXt", b"k\0v")] * 400_000)
    yield small_png(*[(b"zTXt", b"key\0\0" + deflated(b"x" * 2**20, 1))] * 100)
    yield photo[:2] + segment(0xFE, b"x") * 1_000_000
    yield photo[:2] + b"\xff" * 5_000_000 + photo[2:]
    yield tiff(*((60_000 - number, 7, 400_000, 8) for number in range(40_000)))
    yield jpeg_of(7000, 7000)
    yield _bmp_of_runs(7000)
    yield jpeg_of_scans(100, refined=True)


def large() -> Iterator[bytes]:
    """Yield images that are as large as is read, in every way that takes more memory than pixels."""
    for interlaced in (0, 1):
        for (depth, colour), width in COLOURS.items():
            data = deflated(bytes(1 + SIDE * width), SIDE)
            exif = (b"eXIf", exif_of(1)[6:])
            yield png(header(SIDE, SIDE, depth, colour, interlaced), exif, (b"IDAT", data), END)
    palette = (b"PLTE", bytes(range(256)) * 3), (b"tRNS", bytes(range(256)))
    yield png(header(SIDE, SIDE, 8, 3), *palette, (b"IDAT", deflated(bytes(SIDE + 1), SIDE)), END)
    for bits, kind in ((32, 3), (32, 1), (16, 1), (16, 2), (8, 1)):
        strip = deflated(bytes(SIDE * bits // 8), SIDE)
        yield plain_tiff(SIDE, SIDE, bits=bits, kind=kind, compression=8, strip=strip)
    for mode in ("RGB", "RGBA", "L", "CMYK"):
        yield from _saved(mode)
    deep = deflated(bytes(SIDE * 8), SIDE)
    yield deep_tiff(SIDE, deep)
    yield deep_tiff(SIDE * 3 // 4, deep)
    yield big_tiff(1_000_000)
    yield small_png((b"tEXt", b"key\0" + b"x" * (150 << 20)))


def _saved(mode: str) -> Iterator[bytes]:
    """Yield a picture of the largest size in the formats that have their own way of decoding."""
    kinds: dict[str, list[dict[str, Any]]] = {
        "JPEG": [{}, {"progressive": True}, {"progressive": True, "subsampling": 0, "quality": 100}],
        "WEBP": [{"lossless": True, "method": 0}, {"quality": 1, "method": 0}],
        "GIF": [{}],
        "TIFF": [{"compression": "tiff_lzw"}, {"compression": "jpeg"}],
    }
    for kind in {"RGB": ("JPEG", "WEBP", "TIFF"), "RGBA": ("WEBP", "TIFF"), "L": ("GIF", "JPEG"), "CMYK": ("JPEG",)}[
        mode
    ]:
        for options in kinds[kind]:
            if mode == "RGB" or options.get("compression") != "jpeg":
                yield _in_another_process(mode, kind, options)


_SAVING: Final = """
import io, sys
from PIL import Image
out = io.BytesIO()
tile = Image.effect_noise((64, 64), 50)
picture = Image.new("L", ({side}, {side}))
for top in range(0, {side}, 64):
    for left in range(0, {side}, 64):
        picture.paste(tile, (left, top))
picture.convert("{mode}").save(out, "{kind}", **{options})
sys.stdout.buffer.write(out.getbuffer())
"""


def _in_another_process(mode: str, kind: str, options: dict[str, Any]) -> bytes:
    """Save a picture where the memory that it takes is not counted."""
    text = _SAVING.format(side=SIDE, mode=mode, kind=kind, options=options)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, check=True).stdout


def images() -> Iterator[bytes]:
    """Yield all hostile images."""
    yield from small().values()
    yield from slow()
    yield from large()
