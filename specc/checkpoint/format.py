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
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

from specc.errors import FileFormatError

Buffer = bytes | bytearray | memoryview
"""What holds bytes without owning a type of its own."""

ITEMSIZE: Final[Mapping[str, int]] = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"), 1),
}
"""Bytes of one element, by the safetensors name of its type. Any other type is refused."""

MAX_HEADER: Final = 16 * 2**20
MAX_TENSORS: Final = 100_000
MAX_DIMENSIONS: Final = 8
_INT_END: Final = 2**63
_HEADER_DEPTH: Final = 3
_METADATA_DEPTH: Final = 64
_CHUNK: Final = 16 * 2**20

_NAME: Final = re.compile(r"[A-Za-z0-9._/-]{1,256}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NO_BRACKETS: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)++', re.DOTALL)
_BRACKET_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

_REFETCH: Final = "copy or download the file again, or use an earlier checkpoint of the run"
_CONVERT: Final = "specc never unpickles: where you trust the file, convert it with `safetensors.torch.save_file`"
_FOREIGN: Final = "specc reads checkpoints in the safetensors format only"
_MAGIC: Final = (
    (b"PK\x03\x04", "a zip archive, most likely written by `torch.save`", _CONVERT),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, most likely written by Keras", _FOREIGN),
    (b"GGUF", "a GGUF file, made for llama.cpp", _FOREIGN),
    (b"\x93NUMPY", "a NumPy array file", _FOREIGN),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file itself", "fetch the file with `git lfs pull`"),
    (b"\x80", "a pickle, most likely written by `torch.save`", _CONVERT),
)


@dataclass(frozen=True)
class TensorInfo:
    """Say where a tensor lies: `start` and `end` are byte offsets into the payload."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """Hold all that is known of a file without its payload.

    Units: `size` counts the header's bytes with the eight of its length; `payload_size` the bytes after it.
    """

    tensors: dict[str, TensorInfo]
    metadata: dict[str, str]
    size: int
    payload_size: int

    @property
    def own_metadata(self) -> dict[str, Any] | None:
        """Metadata as it was given to `encode`, or None in a foreign file."""
        if "specc" not in self.metadata:
            return None
        return {name: value for name, value in json.loads(self.metadata["specc"]).items() if name != "payload_sha256"}

    @property
    def payload_sha256(self) -> str | None:
        """Digest that the payload must have, or None in a foreign file."""
        return str(json.loads(self.metadata["specc"])["payload_sha256"]) if "specc" in self.metadata else None


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


class _Fault(Exception):  # noqa: N818  (it never leaves this file)
    """Carry a fault to the place that knows the path."""

    def __init__(self, text: str, remedy: str = _REFETCH) -> None:
        super().__init__(text)
        self.remedy = remedy


def encode(tensors: Mapping[str, RawTensor], metadata: Mapping[str, Any]) -> Encoded:
    """Lay out a checkpoint; the same tensors and metadata give the same bytes.

    Order: wide types first, as safetensors has it, so that every tensor is aligned; then by name.
    Raises: FileFormatError when the reader would refuse the file, ValueError when `metadata` is not strict JSON.
    """
    with _naming("the checkpoint to be written"):
        order = sorted(tensors, key=lambda name: (-_itemsize(tensors[name].dtype), name))
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
    with _naming(path), _open(path) as file:
        return _read_header(file)


def read(path: str | os.PathLike[str]) -> tuple[Header, bytearray]:
    """Read a whole file into memory of our own and verify its digests; a foreign file has none.

    Raises: FileFormatError for anything but a sound safetensors file.
    """
    with _naming(path), _open(path) as file:
        header = _read_header(file)
        payload = bytearray(header.payload_size)
        _fill(file, memoryview(payload), header.size)
    with _naming(path):
        if header.payload_sha256 not in (None, _sha256([memoryview(payload)])):
            raise _Fault("the weights are damaged: their digest is not the one in the header")
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
    except _Fault as fault:
        raise FileFormatError(f"{shown(os.fspath(path))}: {fault}", help=fault.remedy) from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise FileFormatError(
            f"{shown(os.fspath(path))}: {reason}", help="check the path and who may read it"
        ) from None
    except MemoryError:
        raise FileFormatError(f"{shown(os.fspath(path))}: larger than the memory", help="free some memory") from None


def shown(text: str) -> str:
    """Make text from outside safe to print on one line, and short."""
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return plain if len(plain) <= 300 else f"{plain[:300]}..."


@contextmanager
def _open(path: str | os.PathLike[str]) -> Iterator[int]:
    # Without O_NONBLOCK, opening a FIFO would wait for a writer before it could be refused.
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError:
        raise _Fault("not a possible path", "remove the characters that a path cannot have") from None
    try:
        _check_kind(os.fstat(file).st_mode)
        yield file
    finally:
        os.close(file)


def _check_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise _Fault("a folder, not a file", "name the file in it, such as `last.safetensors`")
    if not stat.S_ISREG(mode):
        raise _Fault("a device, a pipe or a socket, not a file", "give a plain file")


def _read_header(file: int) -> Header:
    size = os.fstat(file).st_size
    start = os.pread(file, 64, 0)
    _check_magic(start)
    if len(start) < 8:
        raise _Fault(f"only {len(start)} bytes long, too short for a checkpoint")
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
            raise _Fault("became shorter while it was read", "wait until nothing writes to the file, then try again")
        done += count


def _check_magic(start: bytes) -> None:
    # The length of a sound header may begin with the bytes of any magic; the brace behind it tells them apart.
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= MAX_HEADER:
        return
    for magic, kind, remedy in _MAGIC:
        if start.startswith(magic):
            raise _Fault(f"{kind}, not a safetensors file", remedy)


def _check_length(length: int, size: int) -> None:
    if length > MAX_HEADER:
        raise _Fault(f"not a safetensors file, or one with a header over {MAX_HEADER // 2**20} MiB", _FOREIGN)
    if 8 + length > size:
        raise _Fault(f"cut off: its header ends at byte {8 + length:,}, the file at byte {size:,}")


def _parse(raw: bytes, size: int) -> Header:
    """Check a header, with its length before it, against the size of its file."""
    if raw[8:9] != b"{":
        raise _Fault("not a safetensors file: its header is no JSON object", _FOREIGN)
    # Two objects more than tensors: the header and its metadata. Counted first, since parsing millions takes long.
    if _brackets(raw[8:]).count(b"{") > MAX_TENSORS + 2:
        raise _Fault(f"holds more than {MAX_TENSORS:,} tensors", _FOREIGN)
    table = _strict_json(raw[8:], _HEADER_DEPTH)
    metadata = _metadata(table.pop("__metadata__", {}))
    tensors = {name: _tensor(name, entry) for name, entry in table.items()}
    payload_size = _payload_size(tensors)
    if len(raw) + payload_size != size:
        raise _Fault(f"its tensors end at byte {len(raw) + payload_size:,}, the file at byte {size:,}")
    if not metadata.keys().isdisjoint({"specc", "header_sha256"}):
        _check_own(raw, tensors, metadata)
    return Header(tensors, metadata, len(raw), payload_size)


def _strict_json(raw: bytes, depth: int) -> dict[str, Any]:
    """Parse an object without duplicate keys, NaN or deep nesting.

    The depth is measured first, since a parser that recurses is not to be trusted with a stranger's text.
    """
    if _depth(raw) > depth:
        raise _Fault("its header is nested too deep")
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except ValueError:
        raise _Fault("its header is not valid JSON") from None
    if not isinstance(value, dict):
        raise _Fault("its header is no JSON object")
    return value


def _depth(text: bytes) -> int:
    r"""Count the deepest nesting of brackets outside strings.

    >>> _depth(rb'{"a]": [[], {}], "\\"[[[[": 1}')
    3
    """
    steps = _brackets(text).translate(_BRACKET_STEPS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _brackets(text: bytes) -> bytes:
    """Leave only the brackets outside strings, in linear time whatever the text."""
    return _NO_BRACKETS.sub(b"", text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Fault("its header has a key twice")
    return result


def _no_constant(word: str) -> None:
    raise _Fault(f"its header holds `{word}`, which is not JSON")


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_is_text(text) for pair in value.items() for text in pair):
        raise _Fault("its `__metadata__` is not a table of strings")
    return value


def _is_text(value: object) -> bool:
    """Whether a value is a string without lone surrogates, which no terminal and no file can take."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _tensor(name: str, entry: object) -> TensorInfo:
    if not _NAME.fullmatch(name) or ".." in name:
        raise _Fault(f"a tensor is called `{shown(name)}`, which is not a safe name", _FOREIGN)
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _Fault(f"tensor `{name}` is not described by dtype, shape and data_offsets")
    itemsize = _itemsize(entry["dtype"])
    shape, offsets = _sizes(name, entry["shape"]), _sizes(name, entry["data_offsets"])
    # Zeros are left out, so that no library overflows on the strides of an empty tensor.
    if len(shape) > MAX_DIMENSIONS or math.prod(filter(None, shape)) * itemsize >= _INT_END:
        raise _Fault(f"tensor `{name}` has an impossible shape")
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * itemsize:
        raise _Fault(f"tensor `{name}` has another number of bytes than its shape says")
    return TensorInfo(entry["dtype"], shape, *offsets)


def _itemsize(dtype: object) -> int:
    if not isinstance(dtype, str) or dtype not in ITEMSIZE:
        raise _Fault(f"holds numbers of type `{shown(str(dtype))}`, which specc does not read", _FOREIGN)
    return ITEMSIZE[dtype]


def _sizes(name: str, value: object) -> tuple[int, ...]:
    # A bool is an int to Python, hence `type`.
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < _INT_END for item in value):
        raise _Fault(f"tensor `{name}` has a shape or an offset that is not a list of whole numbers")
    return tuple(value)


def _payload_size(tensors: Mapping[str, TensorInfo]) -> int:
    """Check that the tensors cover the payload without hole or overlap, and return its size."""
    position = 0
    for start, end, name in sorted((info.start, info.end, name) for name, info in tensors.items()):
        if start != position:
            raise _Fault(f"tensor `{name}` {'overlaps another' if start < position else 'lies behind a hole'}")
        position = end
    return position


def _check_own(raw: bytes, tensors: Mapping[str, TensorInfo], metadata: Mapping[str, str]) -> None:
    if "specc" not in metadata or raw != _header_bytes(tensors, metadata["specc"]):
        raise _Fault("its header is damaged: it is not the one that its digest was made of")
    own = _strict_json(metadata["specc"].encode(), _METADATA_DEPTH)
    digest = own.get("payload_sha256")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _Fault("its header has no digest of the weights")


def _check_booleans(header: Header, payload: bytearray) -> None:
    # A byte other than 0 and 1 in a boolean tensor is undefined behaviour in C++ libraries.
    for name, info in header.tensors.items():
        if info.dtype == "BOOL" and payload[info.start : info.end].translate(None, b"\x00\x01"):
            raise _Fault(f"tensor `{name}` holds booleans that are neither true nor false")
