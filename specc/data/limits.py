"""What an image file may ask of its decoder: files of a few kilobytes are made that take gigabytes, or hours.

Pillow's own limit counts pixels. What it does not count is counted here, before a pixel is decoded.
"""

import io
import math
import os
import stat
import struct
from typing import Any, Final

MAX_PIXELS: Final = 50_000_000
"""Largest image that is decoded."""

MAX_MEMORY: Final = 448 * 2**20
"""Most bytes that decoding may take."""

MAX_BYTES: Final = 160_000_000
"""Largest file that is opened: so many pixels of three bytes fit in, and Pillow may hold a text of it three times."""

MAX_HEAD: Final = 8 * 2**20
"""Most bytes before the pixels of a JPEG: Pillow joins metadata segment by segment, and reads its numbers at once."""

MAX_SCANS: Final = 100
"""Most times that a JPEG may go over its pixels. Encoders do so ten times."""

MAX_READS: Final = 1_000_000
"""Most parts that a file may be read in."""

MAX_NUMBERS: Final = 250_000
"""Most numbers of a tag of a TIFF: strips of one line of pixels, or tiles of 16 x 16."""

MAX_EXIF: Final = 2**20
"""Most bytes of EXIF, of which only the orientation is used."""

_BYTES_A_LINE: Final = 16
_BITS_PER_SAMPLE: Final = 0x0102
_START_OF_SCAN: Final = b"\xff\xda"
_TEXTS: Final = (1, 2, 6, 7)
"""Types of a TIFF that Pillow leaves as bytes."""


class AskedTooMuch(Exception):
    """A file that is not decoded; the message goes on after its name."""


class Patient(io.BufferedReader):
    """A file that is read in so many parts, and no more."""

    reads = taken = 0
    may_take: float = MAX_BYTES
    """Bytes that may be read before it is known what they are."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read a part."""
        part = super().read(size)
        self.reads += 1
        self.taken += len(part)
        if self.reads > MAX_READS or self.taken > self.may_take:
            raise AskedTooMuch("has too much in it beside pixels")
        return part


def opened(path: str) -> Patient:
    """Open a plain file; nothing of it is mapped into memory, since it may shrink, and no pipe is waited for.

    Raises: AskedTooMuch for anything else, and for a file that is too large.
    """
    file = Patient(io.FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)))
    try:
        _check_file(file)
    except BaseException:
        file.close()
        raise
    return file


def _check_file(file: Patient) -> None:
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        raise AskedTooMuch("is a device or a pipe, and no image")
    if found.st_size > MAX_BYTES:
        raise AskedTooMuch(f"is larger than {MAX_BYTES // 10**6} MB, the largest that is decoded")
    start = file.peek(2)[:2]
    if start == b"\xff\xd8":
        file.may_take = MAX_HEAD
    elif start in (b"II", b"MM"):
        _check_tags(file)
        file.seek(0)


def _check_tags(file: Patient) -> None:
    """Refuse a TIFF with a tag of very many numbers, each of which takes ten times as much in memory."""
    head = file.read(16)
    order, is_big = "<" if head[:2] == b"II" else ">", head[2:3] == b"+"
    layout = struct.Struct(f"{order}HHQ8x" if is_big else f"{order}HHI4x")
    try:
        (start,) = struct.unpack_from(f"{order}Q" if is_big else f"{order}I", head, 8 if is_big else 4)
        file.seek(start)
        (count,) = struct.unpack(f"{order}Q" if is_big else f"{order}H", file.read(8 if is_big else 2))
        entries = file.read(min(count, MAX_NUMBERS + 1) * layout.size)
    except (struct.error, OSError, ValueError, OverflowError):
        return  # Pillow says what is wrong with it
    if len(entries) > MAX_NUMBERS * layout.size:
        raise AskedTooMuch(f"has {count:,} tags; at most {MAX_NUMBERS:,} are read")
    for _, kind, numbers in layout.iter_unpack(entries[: len(entries) // layout.size * layout.size]):
        if numbers > MAX_NUMBERS and kind not in _TEXTS:
            raise AskedTooMuch(f"has a tag of {numbers:,} numbers; at most {MAX_NUMBERS:,} are read")


def check_picture(image: Any, file: Patient) -> None:
    """Refuse a picture that Pillow found in a file, and that takes too much to decode.

    Raises: AskedTooMuch.
    """
    columns, rows = image.size
    if columns * rows > MAX_PIXELS:
        raise AskedTooMuch(f"has {columns} x {rows} pixels; at most {MAX_PIXELS:,} are decoded")
    file.may_take = math.inf
    scans = _scans(file) if image.format in ("JPEG", "MPO") else 1
    if scans > MAX_SCANS:
        raise AskedTooMuch(f"goes {scans:,} times over its pixels; at most {MAX_SCANS} times are decoded")
    memory = columns * rows * _bytes_a_pixel(image, scans) + (columns + rows) * _BYTES_A_LINE
    if memory > MAX_MEMORY:
        raise AskedTooMuch(
            f"has {columns} x {rows} pixels, and {image.format} takes {memory >> 20} MiB to decode them;"
            f" at most {MAX_MEMORY >> 20} are given"
        )


def check_exif(image: Any) -> None:
    """Refuse EXIF that is too long, once all of a picture was read, since some of it stands behind the pixels.

    Raises: AskedTooMuch.
    """
    if len(image.info.get("exif", b"")) > MAX_EXIF:
        raise AskedTooMuch(f"has more than {MAX_EXIF >> 20} MiB of EXIF")


def _scans(file: Patient) -> int:
    """Count the scans of a JPEG from its first one, which Pillow has just found."""
    here, found, last = file.tell(), 1, b""
    while block := file.read(2**20):
        found += (last + block).count(_START_OF_SCAN)
        last = block[-1:]
    file.seek(here)
    return found


def _bytes_a_pixel(image: Any, scans: int) -> int:
    """Return what a decoder holds at most, the picture itself included, with its four bytes a pixel."""
    if image.format == "WEBP":
        return 16  # as animations are decoded: two pictures, one as bytes, and a part of a fourth
    buffered = 4.0  # afterwards: the pixels that are made of it
    if image.format == "TIFF":
        buffered = sum(image.tag_v2.get(_BITS_PER_SAMPLE, (1,))) / 8  # all may be in one strip
    elif scans > 1:
        shares = [across * down for _, across, down, *_ in image.layer]
        buffered = 2 * sum(shares) / max(*shares, 1)  # all coefficients, until the last scan
    return 4 + math.ceil(max(buffered, 4))
