"""The header of any safetensors file, read strictly: nothing that it says about itself is believed."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

ITEMSIZE: Final[Mapping[str, int]] = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"), 1),
}
"""Bytes of one element, by the safetensors name of its type. Any other type is refused."""

MAX_TENSORS: Final = 100_000
MAX_DIMENSIONS: Final = 8
_INT_END: Final = 2**63
_DEPTH: Final = 3
_MAX_OPENED: Final = 1_000_000
"""Brackets that a header may open, in its texts or outside: with more, parsing takes hundreds of megabytes."""

_NAME: Final = re.compile(r"[A-Za-z0-9._/-]{1,256}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NO_BRACKETS: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?)++', re.DOTALL)
_BRACKET_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")

REFETCH: Final = "copy or download the file again, or use an earlier checkpoint of the run"
FOREIGN: Final = "specc reads checkpoints in the safetensors format only"


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


class Fault(Exception):
    """Carry a fault to the place that knows the path."""

    def __init__(self, text: str, remedy: str = REFETCH) -> None:
        super().__init__(text)
        self.remedy = remedy


def parse(raw: bytes, size: int) -> Header:
    """Check a header, with its length before it, against the size of its file."""
    if raw[8:9] != b"{":
        raise Fault("not a safetensors file: its header is no JSON object", FOREIGN)
    # Two objects more than tensors: the header and its metadata. Counted first, since parsing millions takes long.
    if _brackets(raw[8:]).count(b"{") > MAX_TENSORS + 2:
        raise Fault(f"holds more than {MAX_TENSORS:,} tensors", FOREIGN)
    table = strict_json(raw[8:], _DEPTH)
    metadata = _metadata(table.pop("__metadata__", {}))
    tensors = {name: _tensor(name, entry) for name, entry in table.items()}
    payload_size = _payload_size(tensors)
    if len(raw) + payload_size != size:
        raise Fault(f"its tensors end at byte {len(raw) + payload_size:,}, the file at byte {size:,}")
    return Header(tensors, metadata, len(raw), payload_size)


def strict_json(raw: bytes, depth: int) -> dict[str, Any]:
    """Parse an object without duplicate keys, NaN or deep nesting.

    The depth is measured first, since a parser that recurses is not to be trusted with a stranger's text.
    """
    if _depth(raw) > depth:
        raise Fault("its header is nested too deep")
    try:
        value = json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except ValueError:
        raise Fault("its header is not valid JSON") from None
    if not isinstance(value, dict):
        raise Fault("its header is no JSON object")
    return value


def check_texts(value: dict[str, Any]) -> None:
    """Refuse lone surrogates, which JSON can escape, and no terminal and no file can take."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Fault("its header holds a text that cannot be written") from None


def _depth(text: bytes) -> int:
    r"""Count the deepest nesting of brackets outside strings.

    >>> _depth(rb'{"a]": [[], {}], "\"[[[[": 1}')
    3
    """
    steps = _brackets(text).translate(_BRACKET_STEPS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _brackets(text: bytes) -> bytes:
    """Leave only the brackets outside strings, in linear time whatever the text."""
    if text.count(b"{") + text.count(b"[") > _MAX_OPENED:
        raise Fault(f"its header has more than {_MAX_OPENED:,} tables and lists", FOREIGN)
    return _NO_BRACKETS.sub(b"", text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Fault("its header has a key twice")
    return result


def _no_constant(word: str) -> None:
    raise Fault(f"its header holds `{word}`, which is not JSON")


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_is_text(text) for pair in value.items() for text in pair):
        raise Fault("its `__metadata__` is not a table of strings")
    return value


def _is_text(value: object) -> bool:
    """Whether a value is a string without lone surrogates, which no terminal and no file can take."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _tensor(name: str, entry: object) -> TensorInfo:
    if not _NAME.fullmatch(name) or ".." in name:
        raise Fault(f"a tensor is called `{shown(name)}`, which is not a safe name", FOREIGN)
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Fault(f"tensor `{name}` is not described by dtype, shape and data_offsets")
    width = itemsize(entry["dtype"])
    shape, offsets = _sizes(name, entry["shape"]), _sizes(name, entry["data_offsets"])
    # Zeros are left out, so that no library overflows on the strides of an empty tensor.
    if len(shape) > MAX_DIMENSIONS or math.prod(filter(None, shape)) * width >= _INT_END:
        raise Fault(f"tensor `{name}` has an impossible shape")
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * width:
        raise Fault(f"tensor `{name}` has another number of bytes than its shape says")
    return TensorInfo(entry["dtype"], shape, *offsets)


def itemsize(dtype: object) -> int:
    """Return the bytes of one element of a type that specc reads."""
    if not isinstance(dtype, str) or dtype not in ITEMSIZE:
        raise Fault(f"holds numbers of type `{shown(str(dtype))}`, which specc does not read", FOREIGN)
    return ITEMSIZE[dtype]


def _sizes(name: str, value: object) -> tuple[int, ...]:
    # A bool is an int to Python, hence `type`.
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < _INT_END for item in value):
        raise Fault(f"tensor `{name}` has a shape or an offset that is not a list of whole numbers")
    return tuple(value)


def _payload_size(tensors: Mapping[str, TensorInfo]) -> int:
    """Check that the tensors cover the payload without hole or overlap, and return its size."""
    position = 0
    for start, end, name in sorted((info.start, info.end, name) for name, info in tensors.items()):
        if start != position:
            raise Fault(f"tensor `{name}` {'overlaps another' if start < position else 'lies behind a hole'}")
        position = end
    return position


def shown(text: str) -> str:
    """Make text from outside safe to print on one line, and short."""
    plain = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return plain if len(plain) <= 300 else f"{plain[:300]}..."
