"""Transforms: what holds for all of them, and that the tables agree with the language."""

from typing import get_args

import pytest
import torch

from specc.compiler.checks.transforms import _OF_COLOURS
from specc.compiler.lower import transforms
from specc.compiler.pending import PENDING
from specc.data.rows import READERS
from specc.data.splits import _KINDS as SPLITS
from specc.frontend.expressions import parse
from specc.runtime.data.transforms import TRANSFORMS, build_transforms
from specc.runtime.losses import LOSSES
from specc.runtime.metrics import METRICS
from specc.runtime.mixing import MIXES
from specc.runtime.models.model import HEADS, MODELS
from specc.runtime.optimizers import OPTIMIZERS
from specc.runtime.schedule import PHASES
from specc.spec.data import SOURCE_KEYS
from specc.spec.experiment import Spec
from specc.spec.functions import family
from specc.spec.model import Head
from specc.spec.run import Export, Run
from tests.runtime.drawn import built, noise_image, seeded

DEFAULTS = {
    "resize": "resize(32)",
    "center_crop": "center_crop(32)",
    "random_crop": "random_crop(32)",
    "random_resized_crop": "random_resized_crop(32)",
    "hflip": "hflip()",
    "vflip": "vflip()",
    "rotate": "rotate(15)",
    "translate": "translate(0.1)",
    "color_jitter": "color_jitter()",
    "brightness_contrast": "brightness_contrast()",
    "grayscale": "grayscale()",
    "blur": "blur(3 -> 7)",
    "noise": "noise(10 -> 50)",
    "iso_noise": "iso_noise(0.1 -> 0.3)",
    "jpeg": "jpeg(60 -> 95)",
    "shadow": "shadow()",
    "erase": "erase()",
    "randaugment": "randaugment()",
    "trivial_augment": "trivial_augment()",
    "one_of": "one_of(hflip(), noise(10 -> 50))",
}
"""Each transform with nothing said that need not be said."""

SIZED = ("resize", "center_crop", "random_crop", "random_resized_crop")


def test_every_transform_is_tried():
    assert DEFAULTS.keys() == TRANSFORMS.keys()


CHANNELS = [(kind, channels) for kind in DEFAULTS for channels in (1, 3, 4) if channels < 4 or kind not in _OF_COLOURS]
"""What the compiler lets through."""


@pytest.mark.parametrize(("kind", "channels"), CHANNELS)
def test_every_transform_keeps_8_bits_and_its_size(kind: str, channels: int):
    transform = built(DEFAULTS[kind])
    for seed in range(20):
        image = seeded(transform, noise_image(channels), seed)
        assert image.dtype == torch.uint8
        assert image.shape == (channels, *((32, 32) if kind in SIZED else (40, 36)))


@pytest.mark.parametrize("kind", DEFAULTS)
def test_no_transform_writes_into_what_it_is_given(kind: str):
    image = noise_image()
    for seed in range(20):
        seeded(built(DEFAULTS[kind]), image, seed)
    assert torch.equal(image, noise_image())


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_seed_determines_every_transform(kind: str):
    transform, other = built(DEFAULTS[kind]), built(DEFAULTS[kind])
    for seed in range(20):
        assert torch.equal(seeded(transform, noise_image(), seed), seeded(other, noise_image(), seed))


@pytest.mark.parametrize("kind", [kind for kind in DEFAULTS if kind not in ("resize", "center_crop", "color_jitter")])
def test_random_transforms_differ_between_seeds(kind: str):
    transform = built(DEFAULTS[kind])
    assert len({seeded(transform, noise_image(), seed).numpy().tobytes() for seed in range(40)}) > 1


def test_a_resize_before_a_crop_sizes_the_shorter_side_and_a_last_one_makes_a_square():
    assert built("resize(20)")(noise_image()).shape == (3, 20, 20)
    assert built("resize(20)", "center_crop(16)")(noise_image()).shape == (3, 16, 16)
    shorter = transforms((parse("transform", "resize(20)"), parse("transform", "center_crop(16)")))
    assert build_transforms(shorter[:1])(noise_image()).shape == (3, 22, 20)


RUNTIME = {
    "transform": {*TRANSFORMS, "normalize"},
    "loss": {*LOSSES},
    "metric": {*METRICS, "loss"},
    "optimizer": {*OPTIMIZERS},
    "schedule": {*PHASES, "plateau"},
    "split": {*SPLITS, "column"},
    "sampling": {"balanced"},
    "rates": {"layer_decay"},
    "mix": {*MIXES, "one_of"},
    "views": set(),
    "architecture": MODELS.keys() - {"backbone"},
    "source": {*READERS},
}
"""What the runtime carries out, by family."""


def known(kind: str) -> set[str]:
    return set(SOURCE_KEYS) if kind == "source" else set(family(kind))


@pytest.mark.parametrize("kind", RUNTIME)
def test_what_the_runtime_lacks_is_exactly_what_is_pending(kind: str):
    listed = {entry.split()[1] for entry in PENDING if entry.split()[0] == kind}
    assert known(kind) - RUNTIME[kind] == listed
    assert RUNTIME[kind] <= known(kind)


def test_every_kind_of_head_is_there():
    assert set(get_args(Head.model_fields["kind"].annotation)) == HEADS.keys()


@pytest.mark.parametrize("entry", [entry for entry in PENDING if entry.split()[0] not in RUNTIME])
def test_every_other_pending_entry_names_something_of_the_language(entry: str):
    kind, name = entry.split()
    match kind:
        case "key":
            fields = Spec.model_fields
            for part in name.split("."):
                if part == "compile":  # a key of every stage
                    fields = fields["defaults"].annotation.model_fields
                assert part in fields
                fields = getattr(fields[part].annotation, "model_fields", {})
        case "head":
            assert "routed_by" in Head.model_fields
        case "engine":
            assert name in get_args(Run.model_fields["engine"].annotation)
        case "export":
            assert name in str(Export.model_fields["formats"].annotation) + str(
                Export.model_fields["precision"].annotation
            )
        case _:
            pytest.fail(f"`{entry}` names no family")
