"""Images that are not where the data says.

Folders are listed, since a million files asked for one by one would take seconds.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from specc.compiler.checks_data.found import SHOWN, Found, counted, listed
from specc.data.places import is_file, is_folder, places
from specc.data.rows import IMAGE_SUFFIXES


@dataclass(frozen=True)
class Missing:
    """Images that are no files: how many, and the first few."""

    number: int
    first: list[str]


class Folders(dict[bytes, frozenset[bytes]]):
    """The names of the files in each folder that is asked for, and the links in all of them, which lead elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[bytes] = set()

    def __missing__(self, folder: bytes) -> frozenset[bytes]:
        """List a folder once; one that is not there has none."""
        self[folder] = frozenset(self._files(folder))
        return self[folder]

    def _files(self, folder: bytes) -> Iterator[bytes]:
        with suppress(OSError, ValueError), os.scandir(folder or b".") as entries:
            for entry in entries:
                if entry.is_symlink():
                    self.links.add(entry.path)
                if entry.is_file():
                    yield entry.name


def check_files(found: Found) -> None:
    """Report images that are missing; where none is here and none is found elsewhere, only remark it."""
    if not found.has_images or found.data.source == "folder":
        return
    total, missing = sum(map(len, found.parts.values())), _missing(found)
    shown = listed(missing.first, missing.number)
    if not missing.number:
        return
    if missing.number < total:
        verb = "is" if missing.number == 1 else "are"
        headline = f"{missing.number:,} of {counted(total, 'image')} {verb} missing: {shown}"
        remedy: str | None = "take their rows out of the manifest, or put them back"
    else:
        headline = f"none of {counted(total, 'image')} is where the manifest says: {shown}"
        remedy = _elsewhere(found, missing.first[0])
    if remedy:
        found.report_bad("missing-images", headline, remedy)
    else:
        found.context.remarks.append(f"without its images: none of {total:,} is here, such as `{missing.first[0]}`")
        found.context.unsought.add("missing-images")


def contents(folder: Path) -> list[Path]:
    """Return what lies in a folder, as far as it may be looked into."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _missing(found: Found) -> Missing:
    """Look up every image; what is remembered of a verdict depends on the folders."""
    folders, number, first = Folders(), 0, []
    for path in chain.from_iterable(rows.references.encoded() for rows in found.parts.values()):
        folder, _, name = path.rpartition(b"/")
        present = folders[folder]
        # A name may be there in another case, where the file system does not tell them apart.
        if name not in present and not (present and is_file(os.fsdecode(path))):
            number += 1
            first += [os.fsdecode(path)] if number <= SHOWN else []
    found.context.looked_at.update(Path(os.fsdecode(path)) for path in (*folders, *folders.links))
    return Missing(number, first)


def _elsewhere(found: Found, path: str) -> str | None:
    """Return how to find the images, where the first one is found near by."""
    place = Path(next(iter(places(found.data).values()))).expanduser().parent
    base = Path(found.data.location.get("root") or place).expanduser()
    if not Path(path).is_relative_to(base):
        return None
    name = Path(path).relative_to(base)
    suffix = next((suffix for suffix in sorted(IMAGE_SUFFIXES) if is_file(f"{path}{suffix}")), None)
    if suffix:
        return f"`{found.data.image}` leaves out the suffix: `{path}{suffix}` is there"
    roots = list(_near(place))
    found.context.looked_at.update([place, *(root / name for root in roots)])
    root = next((root for root in roots if is_file(root / name)), None)
    return f'set data.root = "{root.as_posix()}", where they are' if root else None


def _near(folder: Path) -> Iterator[Path]:
    """Yield folders that paths in a manifest often start at."""
    yield folder
    yield Path()
    yield from folder.parents
    yield from filter(is_folder, contents(folder))
