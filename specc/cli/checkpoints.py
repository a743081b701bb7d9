"""Two checkpoints side by side, for `specc inspect --diff`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specc.checkpoint.format import Header, RawTensor, read, split

SHOWN: Final = 5
"""Names of tensors that are listed for each kind of difference."""


def differences(first: Path, second: Path) -> list[str]:
    """Return what the second file has otherwise than the first, in lines; none when they hold the same.

    Raises: FileFormatError when one of them is damaged.
    """
    (one, payload), (two, other) = read(first), read(second)
    return [*_facts(one, two), *_tensors(split(one, payload), split(two, other))]


def _facts(one: Header, two: Header) -> Iterator[str]:
    before, after = one.own_metadata or {}, two.own_metadata or {}
    for key in ("name", "kind", "stage", "epoch", "step", "plan_digest", "finished"):
        old, new = (_shown(metadata.get(key)) for metadata in (before, after))
        if old != new:
            yield f"{key}: {old} -> {new}"


def _shown(value: object) -> str:
    return "-" if value is None else str(value)[:12] if isinstance(value, str) and len(value) == 64 else str(value)


def _tensors(one: dict[str, RawTensor], two: dict[str, RawTensor]) -> Iterator[str]:
    shared = [name for name in one if name in two]
    other_shape = [name for name in shared if one[name][:2] != two[name][:2]]
    other_values = [n for n in shared if n not in other_shape and bytes(one[n].data) != bytes(two[n].data)]
    kinds = {
        "only in the first": [name for name in one if name not in two],
        "only in the second": [name for name in two if name not in one],
        "of another shape or type": other_shape,
        "of other values": other_values,
    }
    for kind, names in kinds.items():
        if names:
            more = ", ..." if len(names) > SHOWN else ""
            yield f"{len(names):,} of {len({*one, *two}):,} tensors {kind}: {', '.join(sorted(names)[:SHOWN])}{more}"
