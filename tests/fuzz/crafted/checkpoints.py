"""Checkpoints and plans that somebody thought of."""

import copy
import hashlib
import io
import json
import math
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from specc.checkpoint.format import MAX_HEADER
from specc.plan.model import Plan
from tests.fuzz.changes import nested
from tests.fuzz.sound import canonical, forged, parts, plan, run, small_checkpoint, small_metadata

HUGE: Final = 2**62


def foreign(header: Any, payload: bytes = b"", length: int | None = None) -> bytes:
    """Lay out a file whose header may be anything."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + payload


def entry(dtype: Any = "U8", shape: Sequence[Any] = (4,), offsets: Sequence[int] = (0, 4)) -> dict[str, Any]:
    """Describe a tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@cache
def refused() -> dict[str, bytes]:
    """Return files that no reader may take, by what is wrong with them."""
    return {
        "empty file": b"",
        "seven bytes": b"\1" * 7,
        "length 0": foreign(b"", length=0),
        "length 0 with rest": foreign(b"{}", length=0),
        "length 2^63": foreign({}, length=2**63),
        "length 2^64-1": foreign({}, length=2**64 - 1),
        "length past the end": foreign({}, length=3),
        "header over the limit": foreign({}, length=MAX_HEADER + 1),
        "leading space": foreign(b" {}"),
        "byte order mark": foreign(b"\xef\xbb\xbf{}"),
        "UTF-16": foreign("{}".encode("utf-16")),
        "bad UTF-8": foreign(b'{"\xff":1}'),
        "list": foreign(b"[]"),
        "text": foreign(b'"x"'),
        "million lists": foreign(b'{"a":[' + b"[]," * 1_000_000 + b"0]}"),
        "two objects": foreign(b"{}{}"),
        "NUL behind": foreign(b"{}\0"),
        "NaN": foreign(b'{"a":NaN}'),
        "Infinity": foreign(b'{"a":-Infinity}'),
        "deep list": foreign(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "deep object": foreign(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        "quotes only": foreign(b'{"' * 1 + b'"' * 1_000_000),
        "escapes only": foreign(b'{"' + b'\\"' * 1_000_000),
        "digits only": foreign(b'{"a":{"shape":[' + b"1," * 1_000_000 + b"1]}}"),
        "million tensors": foreign(b"{" + b",".join(b'"%d":{}' % i for i in range(1_000_000)) + b"}"),
        "overlap": foreign({"a": entry(), "b": entry(offsets=(2, 6))}, bytes(6)),
        "same bytes twice": foreign({"a": entry(), "b": entry()}, bytes(4)),
        "hole": foreign({"a": entry(), "b": entry(offsets=(5, 9))}, bytes(9)),
        "hole at the start": foreign({"a": entry(offsets=(1, 5))}, bytes(5)),
        "empty tensor inside another": foreign({"a": entry(), "b": entry(shape=(0,), offsets=(2, 2))}, bytes(4)),
        "trailing bytes": foreign({"a": entry()}, bytes(5)),
        "missing bytes": foreign({"a": entry()}, bytes(3)),
        "end before start": foreign({"a": entry(offsets=(4, 0))}, bytes(4)),
        "wrong size": foreign({"a": entry(shape=(3,))}, bytes(4)),
        "duplicate tensor": foreign(b'{"a":%b,"a":%b}' % ((json.dumps(entry()).encode(),) * 2), bytes(4)),
        "duplicate key": foreign(b'{"a":{"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}', bytes(4)),
        "duplicate metadata": foreign(b'{"__metadata__":{"a":"1","a":"2"}}'),
        "huge shape": foreign({"a": entry(shape=(HUGE, HUGE))}, bytes(4)),
        "huge empty shape": foreign({"a": entry(shape=(0, HUGE, HUGE), offsets=(0, 0))}),
        "wrapping shape": foreign({"a": entry(shape=(2**32, 2**32), offsets=(0, 0))}),
        "size 2^63": foreign({"a": entry(shape=(2**63,), offsets=(0, 2**63))}),
        "5000 dimensions": foreign({"a": entry(shape=(1,) * 5000, offsets=(0, 1))}, bytes(1)),
        "9 dimensions": foreign({"a": entry(shape=(1,) * 9, offsets=(0, 1))}, bytes(1)),
        "negative dimension": foreign({"a": entry(shape=(-2, -2))}, bytes(4)),
        "negative offset": foreign({"a": entry(offsets=(-4, 0))}, bytes(4)),
        "bool dimension": foreign({"a": entry(shape=(4, True))}, bytes(4)),
        "float dimension": foreign({"a": entry(shape=(4.0,))}, bytes(4)),
        "text dimension": foreign({"a": entry(shape=("4",))}, bytes(4)),
        "5000 digits": foreign(b'{"a":{"dtype":"U8","shape":[%b],"data_offsets":[0,4]}}' % (b"9" * 5000), bytes(4)),
        "1e999": foreign(b'{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,4]}}', bytes(4)),
        "shape is a number": foreign({"a": {**entry(), "shape": 4}}, bytes(4)),
        "three offsets": foreign({"a": entry(offsets=(0, 4, 4))}, bytes(4)),
        "no offsets": foreign({"a": {"dtype": "U8", "shape": [4]}}, bytes(4)),
        "more fields": foreign({"a": {**entry(), "x": 1}}, bytes(4)),
        "tensor is null": foreign({"a": None}),
        "F4 odd": foreign({"a": entry("F4", (3,), (0, 2))}, bytes(2)),
        "F8_E8M0": foreign({"a": entry("F8_E8M0")}, bytes(4)),
        "unknown type": foreign({"a": entry("u8")}, bytes(4)),
        "type is a list": foreign({"a": entry(["U8"])}, bytes(4)),
        "surrogate in a name": foreign(b'{"\\ud800":%b}' % json.dumps(entry()).encode(), bytes(4)),
        "surrogate in metadata": foreign(b'{"__metadata__":{"a":"\\udc00"}}'),
        "escape sequence in a name": foreign({"\x1b[31mred": entry()}, bytes(4)),
        "newline in a name": foreign({"a\n": entry()}, bytes(4)),
        "dots in a name": foreign({"a/../../b": entry()}, bytes(4)),
        "empty name": foreign({"": entry()}, bytes(4)),
        "long name": foreign({"a" * 100_000: entry()}, bytes(4)),
        "metadata is a list": foreign({"__metadata__": []}),
        "metadata holds a number": foreign({"__metadata__": {"a": 1}}),
        "metadata is nested": foreign({"__metadata__": {"a": {"b": "c"}}}),
        "ours without digest": foreign({"__metadata__": {"specc": "{}"}}),
        "ours without text": foreign({"__metadata__": {"header_sha256": "0" * 64}}),
    }


@cache
def other_formats() -> dict[str, bytes]:
    """Return the beginnings of files of other formats, by what must be said of them."""
    array = io.BytesIO()
    np.save(array, np.array([{}], object), allow_pickle=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("archive/data.pkl", b"\x80\x02}q\0.")
    return {
        "torch.save": archive.getvalue(),
        "pickle": b"\x80\x04\x95\x10\0\0\0\0\0\0\0}",
        "a pickle": b"\x80\x02}q\0.",
        "HDF5": b"\x89HDF\r\n\x1a\n\0\0",
        "GGUF": b"GGUF\3\0\0\0\0",
        "NumPy": array.getvalue(),
        "LFS": b"version https://git-lfs.github.com/spec/v1\n",
        "not a safetensors file": b"<!doctype html><html>",
    }


def large() -> Iterator[bytes]:
    """Yield headers that take as much memory as so many bytes can."""
    for unit in (
        b"[],",
        b"{},",
        b"0,",
        b"1.5,",
        b'"",',
        b'"\\u0041",',
        b"null,",
        b"[[[[",
        b'"',
        b'\\"',
        b"\\",
        b" ",
        b"\xc3\xa9",
    ):
        yield foreign(b'{"a":[' + unit * ((MAX_HEADER - 20) // len(unit)) + b"0]}")
        yield foreign(b'{"a":"' + unit * ((MAX_HEADER - 20) // len(unit)) + b'"}')
    keys = b",".join(b'"%x":""' % number for number in range(1_300_000))
    yield foreign(b'{"__metadata__":{' + keys + b"}}")
    yield foreign(b"{" + keys + b"}")
    empty = json.dumps(entry(shape=(0,), offsets=(0, 0)), separators=(",", ":")).encode()
    yield foreign(b"{" + b",".join(b'"%d":%b' % (number, empty) for number in range(100_000)) + b"}")
    yield foreign(b"{" + b",".join(b'"%d":%b' % (number, empty) for number in range(100_003)) + b"}")
    for text in ("[" * 60 + "0," * 7_000_000, '"x":[[],[' * 3, "\\" * 4_000_000, "x" * 10_000_000, "[]," * 2_000_000):
        yield forged({}, text, b"")
        yield forged({}, f'{{"a":[{text}0]}}', b"")
        yield forged({}, canonical({"a": text, "payload_sha256": hashlib.sha256().hexdigest()}), b"")


COUNTS: Final = (
    "epoch", "step", "global_step", "stage_index", "micro_batch", "epochs_total", "stages_total", "steps_total",
)  # fmt: skip

ODD: Final = (
    None, "", "\ud800", -1, 2**63, 10**400, 1.5, math.nan, [], {}, [{}], nested(40), nested(100), nested(250),
)  # fmt: skip
"""What is given to each key."""

Change = Callable[[dict[str, Any]], None]

MISFITS: Final[dict[str, Change]] = {
    "a weight has another name": lambda table: table.update(other=table.pop("heads.digit.bias")),
    "a weight has another shape": lambda table: table["heads.digit.bias"].update(shape=[1, 3]),
    "a weight has another type": lambda table: table["heads.digit.bias"].update(dtype="I32"),
    "an average has another shape": lambda table: table["ema.heads.digit.bias"].update(shape=[3, 1]),
    "a moment has another name": lambda t: t.update(
        {"optim.heads.digit.bias.x": t.pop("optim.heads.digit.bias.exp_avg")}
    ),
    "a moment has another shape": lambda table: table["optim.heads.digit.bias.exp_avg"].update(shape=[1, 3]),
    "a moment has another type": lambda table: table["optim.heads.digit.bias.exp_avg"].update(dtype="I32"),
    "a step is a vector": lambda table: table["optim.heads.digit.bias.step"].update(shape=[1]),
    "there is no weight": lambda table: [table.pop(name) for name in list(table) if name.startswith("heads")] and None,
}
"""What is wrong with the tensors of a run's state, whose digests are right."""


def of_run() -> Iterator[bytes]:
    """Yield states that a run finds in its folder, and that do not fit it."""
    table, metadata, payload = parts(run().last.read_bytes())
    for change in MISFITS.values():
        changed = copy.deepcopy(table)
        change(changed)
        yield _forged(changed, metadata, _gathered(changed, table, payload))
    for name in ("heads.digit.bias", "optim.heads.digit.bias.step", "optim.heads.digit.bias.exp_avg_sq"):
        start, end = table[name]["data_offsets"]
        for number in (math.nan, math.inf, -1.0, -1e38):
            yield _forged(
                table, metadata, payload[:start] + struct.pack("<f", number) * ((end - start) // 4) + payload[end:]
            )
    for key in COUNTS:
        for number in (0, 1, 2**31, 2**63 - 1):
            yield _forged(table, {**metadata, key: number}, payload)
    for scaler in ({}, {"scale": 1.0}, {"scale": math.nan}):
        yield _forged(table, {**metadata, "scaler": scaler}, payload)


def _gathered(changed: dict[str, Any], table: dict[str, Any], payload: bytes) -> bytes:
    """Let the tensors that are left lie side by side, and return their bytes."""
    kept = sorted(changed.values(), key=lambda entry: entry["data_offsets"])
    if len(kept) == len(table):
        return payload
    gathered = b""
    for item in kept:
        start, end = item["data_offsets"]
        item["data_offsets"] = [len(gathered), len(gathered) + end - start]
        gathered += payload[start:end]
    return gathered


def _forged(table: dict[str, Any], metadata: dict[str, Any], payload: bytes) -> bytes:
    digest = hashlib.sha256(payload).hexdigest()
    return forged(table, canonical({**metadata, "payload_sha256": digest}), payload)


def checkpoints() -> Iterator[bytes]:
    """Yield all hostile checkpoints."""
    yield from refused().values()
    yield from other_formats().values()
    yield from large()
    yield from of_run()


def metadata() -> Iterator[bytes]:
    """Yield hostile metadata, and hostile plans."""
    sound = parts(small_checkpoint())[1]
    row, text = small_metadata()["history"][0], "\u202e\x1b[31m\n" * 1000
    for key in sound:
        for value in (*ODD, text, [0] * 10_000):
            yield canonical({**sound, key: value}).encode()
    yield canonical({**sound, "history": [{**row, "epoch": number} for number in range(60_000)]}).encode()
    yield canonical({**sound, "environment": {f"{number}{text[:9]}": text[:99] for number in range(20_000)}}).encode()
    yield canonical({**sound, "spec": "x" * 10_000_000}).encode()
    yield canonical({**sound, "tail": small_metadata()["tail"] * 50_000}).encode()
    yield b"[" * 100_000
    yield from plans()


def plans() -> Iterator[bytes]:
    """Yield hostile plans: digests are right where there can be any."""
    record = plan().model_dump(mode="json")
    for key, inner in record.items():
        for value in (*ODD, [inner]):
            yield _dumped({**record, key: value})
            if isinstance(inner, dict):
                yield from (_dumped({**record, key: {**inner, name: value}}) for name in inner)
    for args in ({"x": nested(200)}, {"x": 1e999}, {"(order)": 5}, {"\n": "\ud800"}, {"x": -(2**63)}, {"": {"": ""}}):
        yield _dumped({**record, "export": {"kind": "x", "args": args}})
    for depth in (300, 990, 1010, 100_000):
        text = canonical({**record, "export": {"kind": "x", "args": {"x": "@"}}})
        yield text.replace('"@"', "[" * depth + "]" * depth).encode()
    yield _dumped({**record, "stages": record["stages"] * 300})
    yield _dumped({**record, "origins": {str(number): "x" for number in range(200_000)}})
    for unit in (b"[],", b"{},", b"0,", b'"",', b"1.5,", b"[", b'{"":'):
        yield b'{"format":1,"a":[' + unit * (2 * MAX_HEADER // len(unit)) + b"0]}"


def _dumped(record: dict[str, Any]) -> bytes:
    try:
        made = Plan.model_validate(record)
        record = {"digest": made.digest, "stage_digests": list(made.stage_digests), **record}
    except (ValueError, KeyError, StopIteration, RecursionError):
        pass
    return canonical(record).encode()
