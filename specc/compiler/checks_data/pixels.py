"""Images that cannot be read, and images whose very bytes are listed under two names."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from specc.compiler.checks_data.found import SHOWN, Found, counted
from specc.compiler.checks_data.samples import Group, is_or_are, lines_of, report_contradictions
from specc.compiler.context import Context, Watch
from specc.data.images import read_image
from specc.data.index import divided
from specc.data.places import is_file
from specc.data.rows import read_rows
from specc.errors import DataError
from specc.plan.model import Plan

_AHEAD: Final = 1000
"""Images that are asked for at once."""


@dataclass(frozen=True)
class Seen:
    """What was seen of an image: a digest of its bytes, and what is wrong with it."""

    digest: bytes
    fault: str


def check_images(plan: Plan, context: Context, watch: Watch) -> None:
    """Open every image that is here, and report what cannot be read and what is there twice."""
    found = Found(plan.data, divided(plan.data, read_rows(plan.data), plan.seed), context)
    if found.has_images:
        _check(found, watch)


def _check(found: Found, watch: Watch) -> None:
    paths = {
        (split, row): os.fsdecode(path)
        for split, rows in found.parts.items()
        for row, path in enumerate(rows.references.encoded())
    }
    faults: list[str] = []
    groups: defaultdict[bytes, Group] = defaultdict(list)
    for sample, seen in zip(paths, watch(_looked(list(paths.values()), found.data.channels), len(paths)), strict=True):
        if seen:
            groups[seen.digest].append(sample)
            faults += [seen.fault] if seen.fault else []
    _unreadable(found, faults, len(paths))
    copies = [group for group in groups.values() if len({paths[sample] for sample in group}) > 1]
    _same(found, copies)
    report_contradictions(found, copies)


def _looked(paths: Sequence[str], channels: int) -> Iterator[Seen | None]:
    with ThreadPoolExecutor() as pool:
        for start in range(0, len(paths), _AHEAD):
            yield from pool.map(lambda path: look(path, channels), paths[start : start + _AHEAD])


def look(path: str, channels: int) -> Seen | None:
    """Read an image as a run would; None when it is not here."""
    if not is_file(path):
        return None
    try:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        return Seen(path.encode(), f"`{path}` cannot be read: {error.strerror}")
    try:
        read_image(path, channels)
    except DataError as error:
        return Seen(digest, error.message)
    return Seen(digest, "")


def _unreadable(found: Found, faults: Sequence[str], total: int) -> None:
    if faults:
        headline = f"{len(faults):,} of {counted(total, 'image')} cannot be read: {faults[0]}"
        found.report_bad("unreadable-image", headline, "take them out of the data", faults[1:SHOWN])


def _same(found: Found, copies: Sequence[Group]) -> None:
    """Report copies in two splits; copies inside one are only remarked."""
    for first, second in combinations(found.parts, 2):
        shared = [group for group in copies if {first, second} <= {split for split, _ in group}]
        if shared:
            images = f"{counted(len(shared), 'image')} of {second} {is_or_are(shared)} in {first} under another name"
            headline = f"{images}: {_pair(found, shared[0], first, second)}"
            remedy = "keep one of them, or both in one split"
            found.warn("same-content", headline, found.at_split(second), remedy, lines_of(found, shared))
    for split in found.parts:
        inside = [group for group in copies if sum(part == split for part, _ in group) > 1]
        if inside:
            found.context.remarks.append(
                f"{counted(len(inside), 'image')} of {split} {is_or_are(inside)} there under several names, "
                f"such as {_pair(found, inside[0], split, split)}"
            )


def _pair(found: Found, group: Group, first: str, second: str) -> str:
    """Name a copy in each of two splits."""
    one = next(sample for sample in group if sample[0] == first)
    other = next(sample for sample in group if sample[0] == second and sample != one)
    names = (found.parts[split].references[row] for split, row in (one, other))
    return " and ".join(f"`{name}`" for name in names)
