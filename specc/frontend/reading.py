"""A file from a person or a stranger, as a text."""

import codecs
import os
import stat
from itertools import islice
from pathlib import Path
from typing import Final

from specc.diagnostics.suggest import closest
from specc.errors import InputError
from specc.source import Source

MAX_BYTES: Final = 1 << 20
"""The largest spec has a hundredth of this."""

_SUFFIXES: Final = (".toml", ".specc")

_KINDS: Final = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_source(path: Path, display: str | None = None, limit: int = MAX_BYTES) -> Source:
    """Read the text of a spec or a plan, or say why that cannot be.

    A byte order mark in front is not part of the text.

    Raises: InputError for everything that is not a readable UTF-8 file of at most `limit` bytes.
    """
    name = str(path) if display is None else display
    data = _read_bytes(path, name, limit)
    return Source(name, _decode(data, name))


def _read_bytes(path: Path, name: str, limit: int) -> bytes:
    try:
        # Opening a pipe would wait for its writer without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _cannot_open(path, name, error) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise _not_a_file(path, name, mode)
        return _read_limited(descriptor, name, limit)
    finally:
        os.close(descriptor)


def _read_limited(descriptor: int, name: str, limit: int) -> bytes:
    data = bytearray()
    try:
        while len(data) <= limit and (chunk := os.read(descriptor, limit + 1 - len(data))):
            data += chunk
    except OSError as error:
        raise InputError(f"`{name}` cannot be read: {_reason(error)}", help="check the disk and the path") from None
    if len(data) > limit:
        raise InputError(
            f"`{name}` is larger than {limit >> 20} MiB", help="a spec is a short text; is this another file?"
        )
    return bytes(data)


def _decode(data: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise InputError(f"`{name}` is {encoding} text, not UTF-8", help="save it again as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind the mark.
        start = error.start + len(data) - len(error.object)
        line = data.count(b"\n", 0, start) + 1
        message = f"`{name}` is not UTF-8 text: byte 0x{data[start]:02x} at offset {start:,}, on line {line}"
        raise InputError(message, help="save it again as UTF-8") from None


def _cannot_open(path: Path, name: str, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"`{name}` does not exist", help=_nearby(path))
    if isinstance(error, PermissionError):
        return InputError(f"`{name}` may not be read", help="check its permissions and those of its folder")
    return InputError(f"`{name}` cannot be opened: {_reason(error)}", help="check the path")


def _not_a_file(path: Path, name: str, mode: int) -> InputError:
    kind = next((word for holds, word in _KINDS if holds(mode)), "something special")
    inside = _spec_names(path) if stat.S_ISDIR(mode) else []
    remedy = f"it holds {', '.join(inside[:8])}" if inside else "give the path of a .toml or .specc file"
    return InputError(f"`{name}` is {kind}, not a spec", help=remedy)


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    return (text or "the path is not one that a file can have").lower()


def _nearby(path: Path) -> str:
    if not path.parent.is_dir():
        return f"the folder `{path.parent}` does not exist"
    match = closest(path.name, _names(path.parent))
    if match:
        return f"did you mean `{path.parent / match}`?"
    specs = _spec_names(path.parent)
    return f"specs there: {', '.join(specs[:8])}" if specs else f"there is no spec in `{path.parent}`"


def _spec_names(folder: Path) -> list[str]:
    return [name for name in _names(folder) if name.endswith(_SUFFIXES)]


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, 1000))
    except OSError:
        return []
