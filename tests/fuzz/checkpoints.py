"""Checkpoints, metadata and plans, changed at random; most have the digests that they should have."""

import hashlib
import math
import pickle
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from pydantic import ValidationError

from specc.checkpoint.header import ITEMSIZE
from specc.plan.model import Plan
from tests.fuzz.changes import NUMBERS, TEXTS, bytes_changed, json_changed
from tests.fuzz.sound import canonical, foreign_checkpoints, forged, parts, plan, run, small_checkpoint, small_metadata

FILLS: Final = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e38)

WITHOUT_RUN: Final = 0.95
"""Share of inputs that are of no run that could go on from them: these are small, and tried ten times as fast."""


@dataclass
class Parts:
    """A checkpoint that is taken apart."""

    table: dict[str, Any]
    metadata: dict[str, Any]
    payload: bytes


@cache
def small() -> tuple[bytes, ...]:
    """Return checkpoints of a few bytes, taken apart and pickled, which is copied fast: of our own, and of others."""
    found = [parts(data) for data in foreign_checkpoints()]
    return tuple(map(pickle.dumps, [*found, *((table, small_metadata(), payload) for table, _, payload in found)]))


@cache
def of_run() -> tuple[bytes, ...]:
    """Return checkpoints that a run goes on from, likewise."""
    return tuple(pickle.dumps(parts(path.read_bytes())) for path in (run().last, run().best))


def made_checkpoint(chance: random.Random) -> bytes:
    """Return a checkpoint with a few changes."""
    made = Parts(*pickle.loads(chance.choice(small() if chance.random() < WITHOUT_RUN else of_run())))  # noqa: S301
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        chance.choice(CHANGES)(chance, made)
    data = laid_out(chance, made)
    return raw_changed(chance, data) if chance.random() < 0.4 else data


def laid_out(chance: random.Random, made: Parts) -> bytes:
    """Put a checkpoint together, with right digests where it has metadata."""
    if made.metadata:
        digest = hashlib.sha256(made.payload).hexdigest() if chance.random() < 0.95 else "0" * 64
        is_table = isinstance(made.metadata, dict)
        metadata = {**made.metadata, "payload_sha256": digest} if is_table else made.metadata
        return forged(made.table, canonical(metadata), made.payload)
    body = canonical({**made.table, "__metadata__": {"format": "pt"}} if chance.random() < 0.9 else made.table).encode()
    return len(body).to_bytes(8, "little") + body + made.payload


def raw_changed(chance: random.Random, data: bytes) -> bytes:
    """Change the length of a header, its bytes, or what lies behind it."""
    length = int.from_bytes(data[:8], "little")
    kind = chance.randrange(4)
    if kind == 0:
        length = chance.choice((length - 1, length + 1, length + 8, len(data), len(data) - 8, *NUMBERS))
        return (length % 2**64).to_bytes(8, "little") + data[8:]
    if kind == 1:
        header = bytes_changed(chance, data[8 : 8 + length])
        return len(header).to_bytes(8, "little") + header + data[8 + length :]
    if kind == 2:
        return data[: 8 + length] + bytes_changed(chance, data[8 + length :])
    return bytes_changed(chance, data)


def _any(chance: random.Random, made: Parts) -> None:
    made.table = json_changed(chance, made.table)
    made.table = made.table if isinstance(made.table, dict) else {}


def _described(chance: random.Random, made: Parts) -> None:
    """Change what is said of the training."""
    if made.metadata:
        made.metadata = json_changed(chance, made.metadata)


def _tensors(made: Parts) -> list[str]:
    """Return the tensors that are described as they should be."""
    return [name for name, entry in made.table.items() if isinstance(entry, dict) and len(entry) == 3 and _fits(entry)]


def _fits(entry: dict[str, Any]) -> bool:
    offsets = entry.get("data_offsets")
    return (
        isinstance(offsets, list)
        and len(offsets) == 2
        and all(type(item) is int and 0 <= item < 2**20 for item in offsets)
        and isinstance(entry.get("shape"), list)
        and isinstance(entry.get("dtype"), str)
    )


def _renamed(chance: random.Random, made: Parts) -> None:
    for name in chance.sample(found := _tensors(made), min(1, len(found))):
        other = chance.choice((name + "x", name.upper(), "optim." + name, "ema." + name, *TEXTS, *found))
        made.table[other] = made.table.pop(name)


def _of_other_type(chance: random.Random, made: Parts) -> None:
    """Give a tensor another type; one of the same width needs no other bytes."""
    for name in chance.sample(found := _tensors(made), min(1, len(found))):
        width = ITEMSIZE.get(made.table[name]["dtype"], 1)
        alike = [dtype for dtype, bytes_ in ITEMSIZE.items() if bytes_ == width]
        made.table[name]["dtype"] = chance.choice((*alike, *alike, *ITEMSIZE, "F4", "F8_E8M0", "C64", "f32"))


def _reshaped(chance: random.Random, made: Parts) -> None:
    """Give a tensor another shape, often of as many numbers."""
    for name in chance.sample(found := _tensors(made), min(1, len(found))):
        shape = made.table[name]["shape"]
        count = math.prod(item for item in shape if type(item) is int and 0 <= item < 2**40)
        many = ([count], [1, count], [count, 1], [1] * 8 + shape, [*reversed(shape)], [count] + [1] * 7)
        made.table[name]["shape"] = chance.choice(
            (*many, *([*shape, n] for n in NUMBERS), [0, *NUMBERS[-4:]], [1] * 5000)
        )


def _swapped(chance: random.Random, made: Parts) -> None:
    """Let two tensors change places."""
    if len(found := _tensors(made)) > 1:
        one, two = (made.table[name] for name in chance.sample(found, 2))
        key = chance.choice(("data_offsets", "shape", "dtype"))
        one[key], two[key] = two[key], one[key]


def _without(chance: random.Random, made: Parts) -> None:
    """Take out the last tensor with its bytes, or any without them."""
    if found := _tensors(made):
        last = max(found, key=lambda name: made.table[name]["data_offsets"][1])
        name = chance.choice((last, last, *found))
        start = made.table.pop(name)["data_offsets"][0]
        made.payload = made.payload[:start] if name == last else made.payload


def _added(chance: random.Random, made: Parts) -> None:
    """Put one more tensor behind the others."""
    name = chance.choice(("extra", "optim.heads.digit.bias.extra", "progress.losses", "optim.groups.x.step", *TEXTS))
    dtype, count, start = chance.choice((*ITEMSIZE, "BOOL")), chance.choice((0, 1, 3)), len(made.payload)
    made.payload += chance.randbytes(count * ITEMSIZE[dtype])
    made.table[name] = {"dtype": dtype, "shape": [count], "data_offsets": [start, len(made.payload)]}


def _filled(chance: random.Random, made: Parts) -> None:
    """Fill a tensor with a number that weights, or counts of steps, should not have."""
    for name in chance.sample(found := _tensors(made), min(1, len(found))):
        start, end = made.table[name]["data_offsets"]
        pattern = struct.pack("<f", chance.choice(FILLS)) if chance.random() < 0.8 else b"\xff"
        filled = (pattern * (max(end - start, 0) // len(pattern) + 1))[: max(end - start, 0)]
        made.payload = made.payload[:start] + filled + made.payload[end:]


CHANGES: Final[tuple[Callable[[random.Random, Parts], None], ...]] = (
    _any, _any, _described, _described, _described, _renamed, _of_other_type, _reshaped, _swapped, _without, _added,
    _filled,
)  # fmt: skip


def made_metadata(chance: random.Random) -> bytes:
    """Return the metadata of a checkpoint, or a plan, with a few changes."""
    is_plan = chance.random() < 0.5
    record = plan().model_dump(mode="json") if is_plan else _metadata(of_run=chance.random() > WITHOUT_RUN)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        record = json_changed(chance, record)
    if is_plan and isinstance(record, dict):
        record = _with_digests(chance, record)
    data = canonical(record).encode()
    return bytes_changed(chance, data) if chance.random() < 0.2 else data


def _metadata(*, of_run: bool) -> dict[str, Any]:
    return parts(run().last.read_bytes() if of_run else small_checkpoint())[1]


def _with_digests(chance: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """Put a plan's digests into it, where it has any."""
    if chance.random() < 0.1:
        return {"digest": plan().digest, "stage_digests": list(plan().stage_digests), **record}
    try:
        made = Plan.model_validate(record)
        return {"digest": made.digest, "stage_digests": list(made.stage_digests), **record}
    except (ValidationError, ValueError, KeyError, StopIteration, RecursionError):
        return record
