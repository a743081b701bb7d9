"""The checkpoint file: one safetensors file that any tool reads and that notices every flipped bit.

The header's `__metadata__` holds three strings:

- `format`: `pt`, for tools that ask.
- `specc`: canonical JSON of the metadata, with the digest of the payload as `payload_sha256`.
- `header_sha256`: digest of the canonical JSON of the tensor table and of the `specc` text.

A file with `specc` or `header_sha256` is our own: its header must equal, byte for byte, the one that we would write.
Any other safetensors file is foreign: its structure is checked, its bytes cannot be.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

from specc.checkpoint.header import (
    FOREIGN,
    ITEMSIZE,
    MAX_DIMENSIONS,
    MAX_TENSORS,
    Fault,
    Header,
    TensorInfo,
    check_texts,
    itemsize,
    parse,
    shown,
    strict_json,
)
from specc.errors import FileFormatError

__all__ = [
    "ITEMSIZE",
    "MAX_DIMENSIONS",
    "MAX_HEADER",
    "MAX_TENSORS",
    "Buffer",
    "Encoded",
    "Header",
    "RawTensor",
    "TensorInfo",
    "encode",
    "read",
    "read_header",
    "shown",
    "split",
]

Buffer = bytes | bytearray | memoryview
"""What holds bytes without owning a type of its own."""

MAX_HEADER: Final = 16 * 2**20
_METADATA_DEPTH: Final = 64
_CHUNK: Final = 16 * 2**20

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

_CONVERT: Final = "specc never unpickles: where you trust the file, convert it with `safetensors.torch.save_file`"
_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive, most likely written by `torch.save`", _CONVERT),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, most likely written by Keras", FOREIGN),
    (b"GGUF", "a GGUF file, made for llama.cpp", FOREIGN),
    (b"\x93NUMPY", "a NumPy array file", FOREIGN),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file itself", "fetch the file with `git lfs pull`"),
    ((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), "a pickle, most likely written by `torch.save`", _CONVERT),
)


class RawTensor(NamedTuple):
    """Hold a tensor as bytes: little-endian, row-major, without gaps."""

    dtype: str
    shape: tuple[int, ...]
    data: Buffer


@dataclass(frozen=True)
class Encoded:
    """Hold a file that is ready to be written: the header, then the tensors' own memory, uncopied."""

    header: bytes
    buffers: tuple[memoryview, ...]
    size: int

    def chunks(self) -> Iterator[Buffer]:
        """Give the file's bytes in order."""
        yield self.header
        yield from self.buffers


def encode(tensors: Mapping[str, RawTensor], metadata: Mapping[str, Any]) -> Encoded:
    """Lay out a checkpoint; the same tensors and metadata give the same bytes.

    Order: wide types first, as safetensors has it, so that every tensor is aligned; then by name.
    Raises: FileFormatError when the reader would refuse the file, ValueError when `metadata` is not strict JSON.
    """
    with _naming("the checkpoint to be written"):
        order = sorted(tensors, key=lambda name: (-itemsize(tensors[name].dtype), name))
        buffers = tuple(_flat(tensors[name].data) for name in order)
        text = _canonical({**metadata, "payload_sha256": _sha256(buffers)})
        ends = list(accumulate(buffer.nbytes for buffer in buffers))
        header = _header_bytes(
            {
                name: TensorInfo(tensors[name].dtype, tensors[name].shape, end - buffer.nbytes, end)
                for name, buffer, end in zip(order, buffers, ends, strict=True)
            },
            text,
        )
        size = len(header) + sum(buffer.nbytes for buffer in buffers)
        _check_length(len(header) - 8, size)
        _parse(header, size)
    return Encoded(header, buffers, size)


def _flat(data: Buffer) -> memoryview:
    view = memoryview(data)
    # `cast` refuses a view with a zero in its shape.
    return view.cast("B") if view.nbytes else memoryview(b"")


def _sha256(buffers: Iterable[memoryview]) -> str:
    digest = hashlib.sha256()
    for buffer in buffers:
        for start in range(0, buffer.nbytes, _CHUNK):
            digest.update(buffer[start : start + _CHUNK])
    return digest.hexdigest()


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _header_bytes(tensors: Mapping[str, TensorInfo], text: str) -> bytes:
    """Write the one header that a table and a `specc` text have, with its length before it."""
    table: dict[str, object] = {
        name: {"dtype": info.dtype, "shape": list(info.shape), "data_offsets": [info.start, info.end]}
        for name, info in tensors.items()
    }
    digest = hashlib.sha256(_canonical([table, text]).encode()).hexdigest()
    table["__metadata__"] = {"format": "pt", "header_sha256": digest, "specc": text}
    body = _canonical(table).encode()
    body += b" " * (-len(body) % 8)
    return len(body).to_bytes(8, "little") + body


def read_header(path: str | os.PathLike[str]) -> Header:
    """Read and check what stands before the payload, whatever the size of the file.

    Raises: FileFormatError for anything but a sound safetensors file.
    """
    with _naming(path), _fitting(path), _open(path) as file:
        return _read_header(file)


def read(path: str | os.PathLike[str]) -> tuple[Header, bytearray]:
    """Read a whole file into memory of our own and verify its digests; a foreign file has none.

    Raises: FileFormatError for anything but a sound safetensors file.
    """
    with _naming(path), _fitting(path), _open(path) as file:
        header = _read_header(file)
        payload = bytearray(header.payload_size)
        _fill(file, memoryview(payload), header.size)
    with _naming(path):
        if header.payload_sha256 not in (None, _sha256([memoryview(payload)])):
            raise Fault("the weights are damaged: their digest is not the one in the header")
        _check_booleans(header, payload)
    return header, payload


def split(header: Header, payload: bytearray) -> dict[str, RawTensor]:
    """Give each tensor its part of the payload, uncopied."""
    view = memoryview(payload)
    return {name: RawTensor(it.dtype, it.shape, view[it.start : it.end]) for name, it in header.tensors.items()}


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn every failure into one line that names the file."""
    try:
        yield
    except Fault as fault:
        raise FileFormatError(f"{shown(os.fspath(path))}: {fault}", help=fault.remedy) from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise FileFormatError(
            f"{shown(os.fspath(path))}: {reason}", help="check the path and who may read it"
        ) from None


@contextmanager
def _fitting(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say that a file does not fit into memory."""
    try:
        yield
    except MemoryError:
        raise FileFormatError(f"{shown(os.fspath(path))}: larger than the memory", help="free some memory") from None


@contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[int]:
    # Without O_NONBLOCK, opening a FIFO would wait for a writer before it could be refused.
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        raise Fault("not a possible path", "remove the characters that a path cannot have") from None
    try:
        _check_kind(os.fstat(file).st_mode)
        yield file
    finally:
        os.close(file)


def _check_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise Fault("a folder, not a file", "name the file in it, such as `last.safetensors`")
    if not stat.S_ISREG(mode):
        raise Fault("a device, a pipe or a socket, not a file", "give a plain file")


def _read_header(file: int) -> Header:
    size = os.fstat(file).st_size
    start = os.pread(file, 64, 0)
    _check_magic(start)
    if len(start) < 8:
        raise Fault(f"only {len(start)} bytes long, too short for a checkpoint")
    length = int.from_bytes(start[:8], "little")
    _check_length(length, size)
    raw = bytearray(8 + length)
    _fill(file, memoryview(raw), 0)
    return _parse(bytes(raw), size)


def _fill(file: int, view: memoryview, offset: int) -> None:
    done = 0
    while done < view.nbytes:
        count = os.preadv(file, [view[done : done + _CHUNK]], offset + done)
        if count == 0:
            raise Fault("became shorter while it was read", "wait until nothing writes to the file, then try again")
        done += count


def _check_magic(start: bytes) -> None:
    # The length of a sound header may begin with the bytes of any magic; the brace behind it tells them apart.
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= MAX_HEADER:
        return
    for magic, kind, remedy in _MAGIC:
        if start.startswith(magic):
            raise Fault(f"{kind}, not a safetensors file", remedy)


def _check_length(length: int, size: int) -> None:
    if length > MAX_HEADER:
        raise Fault(f"not a safetensors file, or one with a header over {MAX_HEADER // 2**20} MiB", FOREIGN)
    if 8 + length > size:
        raise Fault(f"cut off: its header ends at byte {8 + length:,}, the file at byte {size:,}")


def _parse(raw: bytes, size: int) -> Header:
    """Check a header, and one of our own down to its last byte."""
    header = parse(raw, size)
    if not header.metadata.keys().isdisjoint({"specc", "header_sha256"}):
        _check_own(raw, header.tensors, header.metadata)
    return header


def _check_own(raw: bytes, tensors: Mapping[str, TensorInfo], metadata: Mapping[str, str]) -> None:
    if "specc" not in metadata or raw != _header_bytes(tensors, metadata["specc"]):
        raise Fault("its header is damaged: it is not the one that its digest was made of")
    own = strict_json(metadata["specc"].encode(), _METADATA_DEPTH)
    check_texts(own)
    digest = own.get("payload_sha256")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Fault("its header has no digest of the weights")


def _check_booleans(header: Header, payload: bytearray) -> None:
    # A byte other than 0 and 1 in a boolean tensor is undefined behaviour in C++ libraries.
    for name, info in header.tensors.items():
        if info.dtype == "BOOL" and payload[info.start : info.end].translate(None, b"\x00\x01"):
            raise Fault(f"tensor `{name}` holds booleans that are neither true nor false")
