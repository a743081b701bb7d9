"""Damaged files: every one must be refused when it is read."""

import os
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specc.checkpoint.format import read, read_header
from specc.errors import FileFormatError

LENGTHS: Final = (0, 1, 7, 8, 9)
STRIDE: Final = 64 * 1024


@dataclass
class Refusals:
    """How many damaged files were read, and which were taken for sound."""

    name: str
    tried: int = 0
    taken: list[str] = field(default_factory=list)

    def try_it(self, path: Path, what: str) -> None:
        """Read a damaged file."""
        self.tried += 1
        try:
            read(path)
        except FileFormatError:
            return
        self.taken.append(f"{path.name}: {what}")

    def line(self) -> str:
        """Return it on one line."""
        return f"{self.name:20} {self.tried:8,} tried, {len(self.taken)} undetected"


def payload_flips(paths: Iterable[Path], number: int, chance: random.Random) -> Refusals:
    """Flip one bit of the weights at a time, at random."""
    found, files = Refusals("payload bits"), [*paths]
    for path in (chance.choice(files) for _ in range(number)):
        start, end = read_header(path).size, path.stat().st_size
        _flip(found, path, [(chance.randrange(start, end), chance.randrange(8))])
    return found


def header_bits(path: Path, sample: int | None = None, chance: random.Random | None = None) -> Refusals:
    """Flip every bit of length, table and metadata in turn, or a sample of them."""
    bits = [(position, bit) for position in range(read_header(path).size) for bit in range(8)]
    found = Refusals("header bits")
    _flip(found, path, chance.sample(bits, sample) if chance and sample else bits)
    return found


def _flip(found: Refusals, path: Path, bits: Iterable[tuple[int, int]]) -> None:
    with path.open("r+b", buffering=0) as file:
        for position, bit in bits:
            (byte,) = os.pread(file.fileno(), 1, position)
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), position)
            found.try_it(path, f"bit {bit} of byte {position}")
            os.pwrite(file.fileno(), bytes([byte]), position)


def flip_a_bit(path: Path) -> None:
    """Damage the last byte of a file, which is one of its weights, in place: under all names that it has."""
    with path.open("r+b", buffering=0) as file:
        end = path.stat().st_size - 1
        (byte,) = os.pread(file.fileno(), 1, end)
        os.pwrite(file.fileno(), bytes([byte ^ 1]), end)


def truncations(path: Path) -> Refusals:
    """Cut a file off at its beginning, one byte before its end, and at every 64 KiB."""
    found, size = Refusals("truncations"), path.stat().st_size
    with restored(path):
        for length in sorted({*LENGTHS, size - 1, *range(STRIDE, size, STRIDE)}, reverse=True):
            os.truncate(path, length)
            found.try_it(path, f"cut off at {length}")
    return found


def swapped_payloads(paths: Iterable[Path]) -> Refusals:
    """Put the weights of each checkpoint behind the header of each other one whose table is the same."""
    found, files = Refusals("swapped payloads"), [*paths]
    for one, other in ((one, other) for one in files for other in files):
        header, second = read_header(one), read_header(other)
        if header.tensors == second.tensors and header.payload_sha256 != second.payload_sha256:
            with restored(one):
                one.write_bytes(one.read_bytes()[: header.size] + other.read_bytes()[second.size :])
                found.try_it(one, f"the payload of {other.name}")
    return found


@contextmanager
def restored(path: Path) -> Iterator[None]:
    """Give a file its content back in the end."""
    content = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(content)
