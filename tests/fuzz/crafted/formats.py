"""Bytes of image formats, laid out by hand, so that they may say what no encoder would."""

import struct
import zlib
from typing import Final

from tests.fuzz.images import png, sound_images

END: Final = (b"IEND", b"")


def header(columns: int, rows: int, depth: int = 8, colour: int = 2, interlaced: int = 0) -> tuple[bytes, bytes]:
    """Return the first chunk of a PNG."""
    return b"IHDR", struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, interlaced)


def deflated(row: bytes, rows: int) -> bytes:
    """Return a row so many times, deflated without having all of them at once."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()


def small_png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of 4 x 4 grey pixels, with chunks before them."""
    return png(header(4, 4, 8, 0), *chunks, (b"IDAT", deflated(bytes(5), 4)), END)


def tiff(*entries: tuple[int, int, int, int], after: bytes = b"", following: int = 0) -> bytes:
    """Return a TIFF of one directory: entries of tag, type, count and value, and where the next directory is."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + struct.pack("<I", following) + after


def plain_tiff(
    columns: int, rows: int, *, bits: int = 8, kind: int = 1, compression: int = 1, strip: bytes = b""
) -> bytes:
    """Return a grey TIFF of one strip; `kind` is 1 for whole numbers and 3 for floats."""
    entries = [
        (256, 4, 1, columns),
        (257, 4, 1, rows),
        (258, 3, 1, bits),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, 1, 0),
        (277, 3, 1, 1),
        (278, 4, 1, rows),
        (279, 4, 1, len(strip)),
        (339, 3, 1, kind),
    ]
    entries[5] = (273, 4, 1, 8 + 2 + 12 * len(entries) + 4)
    return tiff(*entries, after=strip)


def deep_tiff(side: int, strip: bytes) -> bytes:
    """Return a TIFF of four times 16 bits a pixel, deflated in one strip."""
    sizes = {256: side, 257: side, 259: 8, 262: 2, 277: 4, 278: side, 279: len(strip), 338: 2}
    behind = 8 + 2 + 12 * (len(sizes) + 2) + 4
    entries = [(tag, 4, 1, value) for tag, value in sizes.items()]
    entries += [(258, 3, 4, behind), (273, 4, 1, behind + 8)]
    return tiff(*sorted(entries), after=struct.pack("<4H", 16, 16, 16, 16) + strip)


def big_tiff(count: int) -> bytes:
    """Return a BigTIFF of so many entries, which the older format has no number for."""
    body = struct.pack("<HHQQ", 256, 4, 1, 4) + b"".join(
        struct.pack("<HHQQ", 1000 + number % 60_000, 4, 1, number) for number in range(count - 1)
    )
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, count) + body + bytes(8)


def jpeg_of(columns: int, rows: int) -> bytes:
    """Return a JPEG whose header promises so many pixels, and whose data ends at once."""
    data = sound_jpeg()
    place = data.index(b"\xff\xc0") + 5
    return data[:place] + struct.pack(">HH", rows, columns) + data[place + 4 :]


def sound_jpeg() -> bytes:
    """Return a small JPEG of one scan."""
    return next(data for data in sound_images() if data.startswith(b"\xff\xd8") and b"\xff\xc0" in data)


def jpeg_of_scans(scans: int, side: int = 7000, *, refined: bool = False) -> bytes:
    """Return a progressive JPEG of grey, each scan of which is a few runs of nothing over all its blocks."""
    blocks = (side // 8 + 1) ** 2
    bits = "".join("0" + "1" * 14 for _ in range(blocks // 32767 + 1))
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    first = segment(0xDA, bytes((1, 1, 0, 1, 63, 0x01 if refined else 0))) + data
    again = segment(0xDA, bytes((1, 1, 0, 1, 63, 0x10 if refined else 0))) + data
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes((1, 0x11, 0)))
    tables = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    return b"\xff\xd8" + tables + frame + first + again * (scans - 1) + b"\xff\xd9"


def gif_of_comment(size: int) -> bytes:
    """Return a GIF with a comment of so many bytes, in blocks of 255."""
    blocks = (b"\xff" + b"x" * 255) * (size // 255)
    return b"GIF89a\4\0\4\0\0\0\0!\xfe" + blocks + b"\0,\0\0\0\0\4\0\4\0\0\2\5\x84\x8f\xa9\xcb]\0;"


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def exif_of(count: int) -> bytes:
    """Return EXIF of so many entries, the last of which turns the image."""
    entries = [*((0x9000 + number % 1000, 4, 1, number) for number in range(count - 1)), (0x0112, 3, 1, 6)]
    return b"Exif\0\0" + tiff(*entries)


def segments(marker: int, start: bytes, body: bytes) -> bytes:
    """Return a body in as many segments of a JPEG as it takes, each of which begins alike."""
    return b"".join(segment(marker, start + body[at : at + 60_000]) for at in range(0, len(body), 60_000))
