"""`[data]` and `[augment]`: where samples come from and what is done to them."""

from typing import Annotated, Final, Literal

from pydantic import Field

from specc.spec.base import Count, Identifier, Section, Text, Word
from specc.spec.expressions import Call
from specc.spec.fields import DatasetField, Items, SizeField, SplitField, TransformField, ViewsField

SOURCE_KEYS: Final[dict[str, frozenset[str]]] = {
    "builtin": frozenset({"dataset"}),
    "folder": frozenset({"root", "train", "val", "test"}),
    "csv": frozenset({"path", "train", "val", "test", "image", "root"}),
    "jsonl": frozenset({"path", "train", "val", "test", "image", "root"}),
    "parquet": frozenset({"path", "train", "val", "test", "image", "root"}),
    "webdataset": frozenset({"train", "val", "test", "image", "root"}),
}
"""The keys of `[data]` that say where the samples are, by kind of source. The other keys go with any source."""

DATA_ALTERNATIVES: Final[dict[str, tuple[str, ...]]] = {"path": ("train", "val", "test"), "train": ("path", "split")}
"""What one of these keys takes the place of, where an earlier layer says it."""


class Label(Section):
    """`[data.labels.NAME]`: one thing to be told about a sample."""

    column: Text | None = None
    """Column of the manifest that holds it; the label's own name by default."""
    folder: bool = False
    """Taken from the name of the folder that the image lies in."""
    within: Identifier | None = None
    """The label that this one refines: its classes are counted per class of that one."""
    as_: Annotated[Literal["class", "characters", "symbols"], Field(alias="as")] = "class"
    """What the column's text is: a class, or a sequence of characters or of symbols separated by spaces."""
    rare: dict[str, Count] = {}
    """Thins a class of the training split to so many samples, on purpose, for trials."""


class Input(Section):
    """`[data.input.NAME]`: an input that is not an image."""

    column: Text
    """Column of the manifest that holds it."""
    as_: Annotated[Literal["characters", "symbols"], Field(alias="as")] = "characters"
    """How its text is cut."""


class Cache(Section):
    """`data.cache`: a folder that keeps fetched images."""

    dir: Text
    """The folder; `~` is the user's home."""
    limit: SizeField | None = None
    """Size at which the least recently used go first."""


class Data(Section):
    """`[data]`: the samples."""

    source: Literal["builtin", "folder", "csv", "jsonl", "parquet", "webdataset"]
    """The kind of source."""
    dataset: DatasetField | None = None
    """Which built-in data set."""
    root: Text | None = None
    """Folder with one folder a class; relative image paths of a manifest start here too."""
    path: Text | None = None
    """One manifest for all splits."""
    train: Text | None = None
    """Manifest, or folder, of the training split."""
    val: Text | None = None
    """Manifest, or folder, of the validation split."""
    test: Text | None = None
    """Manifest, or folder, of the held-out test split."""
    image: Text | None = None
    """Column that holds an image's path, relative to its manifest unless `root` is given."""
    input: dict[Identifier, Input] = {}
    """Inputs that are not images."""
    labels: dict[Word, Label] = {}
    """What is to be told about a sample."""
    split: SplitField | None = None
    """How one manifest is divided; a pure function of the seed and of the rows."""
    group: Text | None = None
    """Column whose equal values stay in one split."""
    fold: Annotated[int, Field(ge=0)] | None = None
    """Which fold of a k-fold split validates, from 0."""
    limit: Count | None = None
    """Takes only so many samples of each split, drawn by the seed; classes are those of all samples."""
    cache: Cache | None = None
    """Keeps fetched images; local files need none."""
    num_workers: Annotated[int, Field(ge=0, le=256)] = 2
    """Processes that load samples. Changes speed, never results."""
    on_bad_sample: Literal["error", "skip"] = "error"
    """What an unreadable sample means."""
    max_bad_samples: Count = 100
    """Unreadable samples that `skip` leaves out at most."""
    channels: Literal[1, 3, 4] = 3
    """Channels of an image as the model sees it."""

    @property
    def location(self) -> dict[str, str]:
        """Return the keys that say where the samples are, and what they say."""
        keys = sorted(SOURCE_KEYS[self.source] - {"image"})
        found = {key: value for key in keys if (value := getattr(self, key)) is not None}
        return {key: value.function if isinstance(value, Call) else value for key, value in found.items()}


class Augment(Section):
    """`[augment]`: transforms, in order."""

    train: Items[TransformField] = ()
    """What a training image goes through, drawn anew each epoch."""
    eval: Items[TransformField] = ()
    """What an image goes through in validation, test and use; nothing in it may be random."""
    views: ViewsField | None = None
    """Two views of an image for contrastive stages."""
    keep_features: Count | None = None
    """Draws so many fixed augmentations of an image and keeps a frozen backbone's features of them."""
