"""What training will see of a few samples: as read, as its stages draw and mix them, and as they are evaluated.

Every picture is the loader's own, at a place (stage, epoch, position) where training comes upon the sample.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from specc.data.index import MISSING, Samples
from specc.data.randomness import stream
from specc.errors import DataError
from specc.plan.model import LabelPlan, Plan
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import INPUTS, checked, evaluation_loader, training_loader, training_transforms
from specc.runtime.data.order import BatchKey, training_keys
from specc.runtime.mixing import mixture_at

DRAWS: Final = 4
"""Pictures of a sample that stages draw in one way, at most."""

MIXED: Final = 3
"""Pictures of a sample that stages mix in one way, at most."""

_CPU: Final = torch.device("cpu")


class Picture(NamedTuple):
    """An image and what is to be said of it. Shapes: (rows, columns, channels), 8 bit."""

    pixels: NDArray[np.uint8]
    caption: str


class Group(NamedTuple):
    """Pictures of each sample that were made in one way, by the stages that are named."""

    what: str
    stages: tuple[str, ...]
    pictures: list[list[Picture]]
    mix: str = ""


class Place(NamedTuple):
    """Where training comes upon a sample: a step of a stage, its batch, and the sample's place in that."""

    step: int
    batch: BatchKey
    offset: int

    def key(self, offset: int) -> BatchKey:
        """Return the key of one sample of the batch, at the same position in the epoch."""
        batch = self.batch
        return BatchKey(batch.stage, batch.epoch, batch.first + offset, batch.rows[offset : offset + 1])


class Preview:
    """Some samples of the training split on their way through a plan."""

    def __init__(self, plan: Plan, samples: Samples, count: int, seed: int) -> None:
        self.plan, self.samples = plan, samples
        labels = [label for label in plan.data.labels if label.name in samples.labels]
        parents = {label.within for label in labels}
        self.labels: list[LabelPlan] = [label for label in labels if label.name not in parents]
        self.rows = chosen_rows(samples, self.labels[-1].name if self.labels else None, count, seed)

    def groups(self, stages: Sequence[int]) -> list[Group]:
        """Return what becomes of the samples; stages that treat them alike share a group."""
        plan = self.plan
        mixing = [stage for stage in stages if plan.stages[stage].mix]
        drawn = _alike(stages, lambda stage: training_transforms(plan, stage))
        mixed = _alike(mixing, lambda stage: (training_transforms(plan, stage), plan.stages[stage].mix))
        as_read = INPUTS[plan.input_kind](plan, self.samples, (), "preview")
        evaluated = evaluation_loader(plan, self.samples, 1, _CPU).dataset
        return [
            Group("as read", (), self._of_each(as_read)),
            *map(self._drawn, drawn),
            *map(self._mixed, mixed),
            Group("as evaluated", (), self._of_each(evaluated)),
        ]

    def name(self, row: int) -> str:
        """Return the classes of a sample by their names; a parent's is part of its child's."""
        return ", ".join((label.classes or ())[code] for label, code in self._classes(row))

    def count(self, row: int) -> int | None:
        """Return how many training samples the sample's class has; None where it has no label."""
        counts = [(label.counts or ())[code] for label, code in self._classes(row)]
        return counts[-1] if counts else None

    def _classes(self, row: int) -> Iterator[tuple[LabelPlan, int]]:
        for label in self.labels:
            code = int(self.samples.labels[label.name][row])
            if code != MISSING:
                yield label, code

    def _of_each(self, dataset: Dataset[Batch]) -> list[list[Picture]]:
        images = [self._image(dataset, BatchKey(-1, 0, 0, np.array([row]))) for row in self.rows]
        return [[Picture(_pixels(image), _size(image))] if image is not None else [] for image in images]

    def _drawn(self, stages: Sequence[int]) -> Group:
        dataset = self._dataset(stages[0])

        def draw(place: Place) -> Picture | None:
            image = self._image(dataset, place.key(place.offset))
            when = f"epoch {place.batch.epoch + 1}"
            where = f" of {self.plan.stages[place.batch.stage].name}" if len(stages) > 1 else ""
            return None if image is None else Picture(_pixels(image), when + where)

        return Group("seen", self._names(stages), self._found(stages, DRAWS, draw))

    def _mixed(self, stages: Sequence[int]) -> Group:
        dataset = self._dataset(stages[0])
        pictures = self._found(stages, MIXED, lambda place: self._mixture(dataset, place))
        return Group("mixed", self._names(stages), pictures, self.plan.stages[stages[0]].texts["mix"])

    def _mixture(self, dataset: Dataset[Batch], place: Place) -> Picture | None:
        """Mix a sample as its step does; None where that one does not, or where a sample is skipped."""
        image = self._image(dataset, place.key(place.offset))
        if image is None:
            return None
        size = (image.shape[1], image.shape[2])
        mixture = mixture_at(self.plan, place.batch.stage, place.step, len(place.batch.rows), size)
        if mixture is None:
            return None
        partner = int(mixture.partners[place.offset])
        other = self._image(dataset, place.key(partner))
        if other is None:
            return None
        if other.shape != image.shape:
            raise DataError(f"images to be mixed come out {_size(image)} and {_size(other)}", help="give them one size")
        mixed = mixture.images(image[None].float(), other[None].float())[0].round().to(torch.uint8)
        share, name = mixture.share, self.name(int(place.batch.rows[partner]))
        return Picture(_pixels(mixed), f"{share:.0%} own, {1 - share:.0%} {name}")

    def _found(
        self, stages: Sequence[int], wanted: int, make: Callable[[Place], Picture | None]
    ) -> list[list[Picture]]:
        """Return the first pictures that can be made of each sample; fewer where training sees it less often."""
        found: dict[int, list[Picture]] = {row: [] for row in self.rows}
        for place in self._places(stages):
            pictures = found[int(place.batch.rows[place.offset])]
            if len(pictures) < wanted and (picture := make(place)):
                pictures.append(picture)
                if all(len(made) == wanted for made in found.values()):
                    break
        return list(found.values())

    def _places(self, stages: Sequence[int]) -> Iterator[Place]:
        """Yield where training comes upon one of the samples, in order."""
        for stage in stages:
            for step, key in enumerate(training_keys(self.plan, stage, self.samples, 0)):
                for offset in np.flatnonzero(np.isin(key.rows, self.rows)).tolist():
                    yield Place(step, key, offset)

    def _dataset(self, stage: int) -> Dataset[Batch]:
        return training_loader(self.plan, stage, self.samples, 0, _CPU).dataset

    def _image(self, dataset: Dataset[Batch], key: BatchKey) -> Tensor | None:
        """Return the image of one sample; None where it cannot be read and is to be skipped."""
        batch = dataset[key]
        if batch.failures and self.plan.data.on_bad_sample == "skip":
            return None
        return next(checked([batch], skip_bad=False)).inputs["image"][0]

    def _names(self, stages: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.plan.stages[stage].name for stage in stages)


def chosen_rows(samples: Samples, label: str | None, count: int, seed: int) -> list[int]:
    """Choose samples whose classes go evenly from the most frequent to the rarest; without a label, by lot."""
    if label is None:
        return list(map(int, stream(seed, "preview").permutation(len(samples))[:count]))
    codes = samples.labels[label]
    counts = np.bincount(codes[codes != MISSING])
    classes = [code for code in np.argsort(-counts, kind="stable").tolist() if counts[code]]
    places = np.linspace(0, len(classes) - 1, count).round().astype(int)
    rows: list[int] = []
    for place, times in zip(*np.unique(places, return_counts=True), strict=True):
        members = np.flatnonzero(codes == classes[place])
        rows += stream(seed, "preview", classes[place]).permutation(members)[:times].tolist()
    return rows


def _alike(stages: Sequence[int], treatment: Callable[[int], object]) -> list[list[int]]:
    """Put stages together that treat images alike, in their order."""
    groups: dict[str, list[int]] = {}
    for stage in stages:
        groups.setdefault(repr(treatment(stage)), []).append(stage)
    return list(groups.values())


def _pixels(image: Tensor) -> NDArray[np.uint8]:
    return image.permute(1, 2, 0).numpy()


def _size(image: Tensor) -> str:
    return f"{image.shape[2]} x {image.shape[1]}"
