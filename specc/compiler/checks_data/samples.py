"""Samples that are in two splits, or that are listed twice."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from specc.compiler.checks_data.found import SHOWN, Found, counted, listed
from specc.data.columns import Strings
from specc.data.places import SPLITS, places

Group = list[tuple[str, int]]
"""Samples that are one image, each a split and a row of it."""


def check_samples(found: Found) -> None:
    """Report splits without rows, images in two splits, images listed twice, and groups in two splits."""
    _empty(found)
    _leaked_groups(found)
    if found.has_images:
        groups = same_images({split: rows.references for split, rows in found.parts.items()})
        _leaked(found, groups)
        odd = report_contradictions(found, groups)
        _repeated(found, [group for group in groups if id(group) not in odd])


def _empty(found: Found) -> None:
    """Report splits that are asked for and have no rows."""
    asked = set(places(found.data)) & set(SPLITS)
    if found.data.split and found.data.split.kind != "column":
        asked = {split for split in ("val", "test") if found.data.split.args.get(split)}
        asked |= {"val"} if "k" in found.data.split.args else set()
    for split in (split for split in SPLITS if split in asked and split not in found.parts):
        remedy = "leave it out" if split in places(found.data) else "enlarge its share, or leave it out"
        found.warn("empty-split", f"the {split} split has no samples", found.at_split(split), remedy)


def _leaked_groups(found: Found) -> None:
    group = found.data.group
    if group is None or not found.is_listed:
        return
    names = {split: set(rows.columns[group].present()) - {""} for split, rows in found.parts.items()}
    for first, second in combinations(found.parts, 2):
        shared = sorted(names[first] & names[second])
        if shared:
            groups = f"{counted(len(shared), 'group')} of `{group}` {is_or_are(shared)}"
            headline = f"{groups} in both {first} and {second}: {listed(shared)}"
            labels = found.at_split(second) + found.at("group", text="its rows belong together")
            found.warn("leaked-group", headline, labels, "leave each group in one split")


def _leaked(found: Found, groups: Sequence[Group]) -> None:
    for first, second in combinations(found.parts, 2):
        shared = [group for group in groups if {first, second} <= {split for split, _ in group}]
        if shared:
            images = f"{counted(len(shared), 'image')} {is_or_are(shared)}"
            headline = f"{images} in both {first} and {second}: {listed(_names(found, shared))}"
            labels = found.at_split(second)
            if found.data.split is None:
                labels += found.at_split(first, "and here")
            found.warn("leaked-sample", headline, labels, _keep_apart(found), lines_of(found, shared))


def _keep_apart(found: Found) -> str:
    if not found.is_listed and found.data.group is None and found.data.image:
        return f'set data.group = "{found.data.image}", which keeps the rows of an image together'
    return "leave each image in one split"


def _classes(found: Found, label: str, group: Group) -> list[str]:
    names = (found.classes[label][split][row] for split, row in group)
    return sorted({name for name in names if name})


def report_contradictions(found: Found, groups: Sequence[Group]) -> set[int]:
    """Report images whose rows name different classes of a label; return the identities of their groups."""
    odd: set[int] = set()
    for label in found.labels:
        several = [group for group in groups if len(_classes(found, label.name, group)) > 1]
        odd.update(map(id, several))
        if several:
            images = zip(_names(found, several), several[:SHOWN], strict=False)
            shown = (f"`{name}` is {_both(_classes(found, label.name, group))}" for name, group in images)
            has = "has" if len(several) == 1 else "have"
            headline = f"{counted(len(several), 'image')} {has} several classes of `{label.name}`: {'; '.join(shown)}"
            remedy = "list each image once, with the class that is right"
            found.warn("contradicting-labels", headline, found.at_label(label.name), remedy, lines_of(found, several))
    return odd


def _both(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _repeated(found: Found, groups: Sequence[Group]) -> None:
    for split in found.parts:
        inside = ([sample for sample in group if sample[0] == split] for group in groups)
        twice = [group for group in inside if len(group) > 1]
        if twice:
            images = f"{counted(len(twice), 'image')} {is_or_are(twice)}"
            headline = f"{images} listed more than once in {split}: {listed(_names(found, twice))}"
            remedy = "list each image once; `sample` draws a class more often"
            found.warn("repeated-sample", headline, found.at_split(split), remedy, lines_of(found, twice))


def is_or_are(things: Sequence[object]) -> str:
    """Return the verb that goes with a number of things."""
    return "is" if len(things) == 1 else "are"


def _names(found: Found, groups: Iterable[Group]) -> Iterator[str]:
    """Yield the path of the first sample of each group."""
    return (found.parts[group[0][0]].references[group[0][1]] for group in groups)


def lines_of(found: Found, groups: Sequence[Group]) -> list[str]:
    """Return where the first few images are listed."""
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for split, row in (sample for group in groups[:SHOWN] for sample in group):
        wanted[split].add(row)
    lines = {split: found.where(split, rows) for split, rows in wanted.items()}
    notes = ((lines[split].get(row, "") for split, row in group) for group in groups[:SHOWN])
    return [text for note in notes if (text := " and ".join(filter(None, note)))]


def same_images(parts: Mapping[str, Strings]) -> list[Group]:
    """Return the samples of each image that is listed more than once, by its path however it is spelled."""
    resolve = _spelled_apart(parts.values())
    hashes = [_hashes(_paths(references, resolve=resolve)) for references in parts.values()]
    values, counts = np.unique(np.concatenate(hashes), return_counts=True)
    repeated = set(values[counts > 1].tolist())
    groups: defaultdict[bytes, Group] = defaultdict(list)
    for split, references in parts.items() if repeated else ():
        for row, path in enumerate(_paths(references, resolve=resolve)):
            if hash(path) in repeated:
                groups[path].append((split, row))
    return [group for group in groups.values() if len(group) > 1]


def _hashes(paths: Iterable[bytes]) -> NDArray[np.int64]:
    """Return numbers that are equal for equal paths, and take less room."""
    return np.fromiter(map(hash, paths), np.int64)


def _paths(references: Strings, *, resolve: bool) -> Iterator[bytes]:
    return map(os.path.abspath, references.encoded()) if resolve else references.encoded()


def _spelled_apart(parts: Collection[Strings]) -> bool:
    """Say whether one file may have two spellings: some paths go up, or only some begin at the root."""
    absolute = np.concatenate([references.data[references.starts] == ord("/") for references in parts])
    goes_up = any(b"../" in references.data.tobytes() for references in parts)
    return goes_up or bool(absolute.any() and not absolute.all())
