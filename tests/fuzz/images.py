"""Images of every kind that is read, changed at random; what a checksum guards is changed together with it."""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms, TiffTags

from tests.fuzz.changes import NUMBERS, bytes_changed

PNG: Final = b"\x89PNG\r\n\x1a\n"

MODES: Final = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "GIF": ("L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "I;16", "I;16B", "F"),
}
"""What can be saved as what."""


@cache
def sound_images() -> tuple[bytes, ...]:
    """Return small images of every format and mode, and with what else they may hold."""
    plain = [_saved(_drawn(mode), kind) for kind, modes in MODES.items() for mode in modes]
    return (*plain, *_with_more())


def _drawn(mode: str, size: tuple[int, int] = (17, 11)) -> Image.Image:
    """Draw something with an edge, a gradient and noise."""
    columns, rows = size
    values = np.arange(columns * rows * 4, dtype=np.uint32).reshape(rows, columns, 4) * 2654435761 >> 24
    values[: rows // 2] = np.linspace(0, 255, columns, dtype=np.uint32)[:, None]
    picture = Image.fromarray(values.astype(np.uint8), "RGBA")
    if mode == "LAB":
        return ImageCms.applyTransform(
            picture.convert("RGB"),
            ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
        )
    if mode in ("I;16", "I;16B"):
        numbers = (values[..., 0] * 257).astype(">u2" if mode == "I;16B" else "<u2")
        return Image.frombytes(mode, size, numbers.tobytes())
    if mode == "F":
        return Image.fromarray(values[..., 0].astype(np.float32) / 255)
    return picture.convert(mode)


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _with_more() -> Iterator[bytes]:
    """Yield images with metadata, in other encodings, of several frames."""
    exif, colour, text = Image.Exif(), _drawn("RGB"), _drawn("P")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = [_drawn("RGB").rotate(90 * turn) for turn in range(3)]
    for orientation in (0, 2, 5, 6, 9):
        exif[0x0112] = orientation
        for kind in ("JPEG", "PNG", "WEBP"):
            yield _saved(colour, kind, exif=exif)
    exif[0x0112] = 6
    yield from (_saved(colour, kind, icc_profile=profile) for kind in ("JPEG", "PNG", "WEBP", "TIFF"))
    yield from (_saved(colour, "JPEG", **{name: value}) for name, value in _JPEG.items())
    yield from (_saved(_drawn(mode), "TIFF", compression=how, exif=exif) for mode, how in _TIFF)
    yield from (_saved(frames[0], kind, save_all=True, append_images=frames[1:]) for kind in ("GIF", "WEBP", "TIFF"))
    yield from (_saved(frames[0], kind, save_all=True, append_images=frames[1:]) for kind in ("PNG", "MPO"))
    yield _saved(colour, "WEBP", lossless=True)
    yield _saved(colour, "TIFF", big_tiff=True)
    yield _saved(text, "PNG", transparency=3)
    yield _saved(text, "PNG", transparency=bytes(range(256)))
    yield _saved(_drawn("L"), "PNG", transparency=0)
    yield _saved(text, "GIF", transparency=3, interlace=1)


_JPEG: Final = {"progressive": True, "subsampling": 2, "restart_marker_rows": 1, "comment": b"x", "optimize": True}
_TIFF: Final = [
    *((mode, how) for mode in ("L", "RGB") for how in ("packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg")),
    *(("1", how) for how in ("group3", "group4", "tiff_ccitt")),
]


def made_image(chance: random.Random) -> bytes:
    """Return an image with a few changes."""
    data = chance.choice(sound_images())
    structured = next((change for magic, change in _STRUCTURES.items() if data.startswith(magic)), None)
    if structured and chance.random() < 0.7:
        data = structured(chance, data)
        if chance.random() < 0.7:
            return data
    return bytes_changed(chance, data, sound_images())


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of chunks, with their checksums."""
    return PNG + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the chunks of a sound PNG."""
    found, place = [], len(PNG)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def _png_changed(chance: random.Random, data: bytes) -> bytes:
    chunks = chunks_of(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, kind = chance.randrange(len(chunks)), chance.randrange(6)
        name, body = chunks[place]
        if kind == 0:
            chunks.insert(place, chunks[chance.randrange(len(chunks))])
        elif kind == 1:
            chunks.insert(
                place, (chance.choice(_CHUNKS), chance.choice((body, chance.randbytes(9), b"", _text(chance))))
            )
        elif kind == 2 and len(chunks) > 1:
            del chunks[place]
        elif kind == 3 and name == b"IDAT":
            chunks[place] = (name, zlib.compress(bytes_changed(chance, _inflated(body))))
        elif name == b"IHDR":
            sides = [chance.choice((1, 2, 17, *NUMBERS)) % 2**32 if chance.random() < 0.5 else 17 for _ in range(2)]
            kinds = [
                chance.choice((0, 1, 2, 3, 4, 6, 8, 16, 255)) if chance.random() < 0.3 else old for old in body[8:]
            ]
            chunks[place] = (name, struct.pack(">II", *sides) + bytes(kinds))
        else:
            chunks[place] = (name, bytes_changed(chance, body))
    return png(*chunks)


_CHUNKS: Final = (
    b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"pHYs", b"cHRM",
    b"sRGB", b"sBIT", b"bKGD", b"hIST", b"tIME", b"IDAT", b"IEND", b"IHDR", b"XXXX", b"xxxx",
)  # fmt: skip


def _text(chance: random.Random) -> bytes:
    return b"key\0\0" + zlib.compress(chance.choice((b"x" * 2_000_000, b"\xff" * 100, b"")))


def _inflated(body: bytes) -> bytes:
    try:
        return zlib.decompress(body)
    except zlib.error:
        return body


def _jpeg_changed(chance: random.Random, data: bytes) -> bytes:
    """Change a segment, or put one in; the lengths of the others stay right."""
    segments, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, place + 2)
        segments.append((data[place + 1], data[place + 4 : place + 2 + length]))
        place += 2 + length
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.randrange(len(segments) + 1)
        if chance.random() < 0.4 or at == len(segments):
            body = chance.choice(
                (b"Exif\0\0" + _tiff_changed(chance, _saved_tiff()), b"ICC_PROFILE\0\1\1" + _text(chance))
            )
            segments.insert(
                at, (chance.choice((0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE, 0xC0, 0xC2, 0xC4, 0xDB)), body[:65533])
            )
        else:
            marker, body = segments[at]
            segments[at] = (marker, bytes_changed(chance, body)[:65533])
    head = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + head + data[place:]


@cache
def _saved_tiff() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8769] = 6, "what is to be seen", {0x9003: "2024:01:01 00:00:00"}
    return exif.tobytes()[6:]


def _tiff_changed(chance: random.Random, data: bytes) -> bytes:
    """Change a few entries of the first directory: tag, type, count or value."""
    order = "<" if data[:2] == b"II" else ">"
    changed = bytearray(data)
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    if data[2:4] not in (b"*\0", b"\0*") or start + 2 > len(data):
        return bytes_changed(chance, data)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = start + 2 + 12 * chance.randrange(max(count, 1))
        field, width, choices = chance.choice(_FIELDS)
        number = chance.choice((*choices, *NUMBERS)) % 2 ** (8 * width)
        if place + field + width <= len(changed):
            struct.pack_into(order + {2: "H", 4: "I"}[width], changed, place + field, number)
    return bytes(changed)


_FIELDS: Final = (
    (0, 2, tuple(sorted(TiffTags.TAGS_V2))),
    (2, 2, tuple(range(20))),
    (4, 4, (0, 1, 2, 3, 4)),
    (8, 4, (0, 1, 8)),
    (8, 2, (0, 1, 8)),
)
"""Offset of a field in an entry of 12 bytes, its width, and what it may well hold."""

_STRUCTURES: Final = {PNG: _png_changed, b"\xff\xd8": _jpeg_changed, b"II": _tiff_changed, b"MM": _tiff_changed}
"""What knows a format, by how its files begin."""
