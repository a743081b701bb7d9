"""Who reads an input, who makes it up, and which lines of specc it should reach."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.fuzz import checkpoints, images, manifests, sound
from tests.fuzz.crafted import checkpoints as crafted_checkpoints, images as crafted_images, manifests as crafted_tables
from tests.fuzz.crafted.texts import texts
from tests.fuzz.files import check_checkpoint, check_image, check_labels, check_metadata
from tests.fuzz.inputs import encoded, made_setting, made_text
from tests.fuzz.laws import SPENT, check_override, check_text


@dataclass(frozen=True)
class Target:
    """Something that reads bytes of strangers."""

    check: Callable[..., None]
    """Raises whatever is wrong with the way an input is read; takes the input, and how thoroughly to look."""
    made: Callable[[random.Random], bytes]
    """Makes up an input."""
    hostile: Callable[[], Iterable[bytes]]
    """Inputs that somebody thought of."""
    sound: Callable[[], bytes]
    """An input with nothing wrong: what only its reader imports is there before memory is measured."""
    watched: tuple[str, ...]
    """Files below specc/ whose lines are counted."""


def _text(target: str, check: Callable[[str], None], made: Callable[[random.Random], bytes], example: str) -> Target:
    return Target(
        check=lambda data, *, thoroughly: check(data.decode("utf-8", "surrogatepass")),
        made=made,
        hostile=partial(texts, target),
        sound=lambda: encoded(example),
        watched=("frontend/*.py",),
    )


TARGETS: Final[dict[str, Target]] = {
    "toml": _text("toml", lambda text: check_text(text, ".toml"), lambda chance: made_text(chance, "toml"), "a = 1\n"),
    "specc": _text(
        "specc", lambda text: check_text(text, ".specc"), lambda chance: made_text(chance, "specc"), "a 1\n"
    ),
    "set": _text("set", check_override, made_setting, "seed=1"),
    "checkpoint": Target(
        check=check_checkpoint,
        made=checkpoints.made_checkpoint,
        hostile=crafted_checkpoints.checkpoints,
        sound=sound.sound_checkpoint,
        watched=("checkpoint/[dfhm]*.py",),
    ),
    "metadata": Target(
        check=check_metadata,
        made=checkpoints.made_metadata,
        hostile=crafted_checkpoints.metadata,
        sound=sound.sound_metadata,
        watched=("checkpoint/[dfhm]*.py", "plan/*.py"),
    ),
    "image": Target(
        check=check_image,
        made=images.made_image,
        hostile=crafted_images.images,
        sound=sound.sound_image,
        watched=("data/images.py", "data/limits.py"),
    ),
    "labels": Target(
        check=check_labels,
        made=manifests.made_manifest,
        hostile=crafted_tables.manifests,
        sound=sound.sound_table,
        watched=tuple(f"data/{name}.py" for name in ("manifest", "columns", "classes", "index", "splits", "wanted")),
    ),
}


def made(target: str, number: int) -> bytes:
    """Return the input of a number: always the same while the corpus is."""
    return TARGETS[target].made(random.Random(f"{target} {number}"))


def check(target: str, data: bytes, *, thoroughly: bool = True) -> None:
    """Hold an input to the laws; where this is not done thoroughly, what takes long is left out.

    Raises: whatever is wrong; nothing when all is well.
    """
    SPENT.clear()
    TARGETS[target].check(data, thoroughly=thoroughly)
