"""Transforms: what each does to pixels, how often, and that the tables agree with the language."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor

from specc.compiler.lower import transforms
from specc.compiler.pending import PENDING
from specc.data.rows import READERS
from specc.data.splits import _KINDS as SPLITS
from specc.frontend.expressions import parse
from specc.runtime.data.transforms import TRANSFORMS, RandomBlur, build_transforms
from specc.runtime.losses import LOSSES
from specc.runtime.metrics import METRICS
from specc.runtime.models.model import HEADS, MODELS
from specc.runtime.optimizers import OPTIMIZERS
from specc.runtime.schedule import PHASES
from specc.spec.data import SOURCE_KEYS
from specc.spec.experiment import Spec
from specc.spec.functions import family
from specc.spec.model import Head
from specc.spec.run import Export, Run

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
    "jpeg": "jpeg(60 -> 95)",
    "erase": "erase()",
    "randaugment": "randaugment()",
    "trivial_augment": "trivial_augment()",
    "one_of": "one_of(hflip(), noise(10 -> 50))",
}
"""Each transform with nothing said that need not be said."""

SIZED = ("resize", "center_crop", "random_crop", "random_resized_crop")

SEEDS = 2000


def built(*texts: str) -> Callable[[Tensor], Tensor]:
    return build_transforms(transforms(tuple(parse("transform", text) for text in texts)))


def noise_image(channels: int = 3, rows: int = 40, columns: int = 36) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (channels, rows, columns), dtype=torch.uint8, generator=generator)


def seeded(transform: Callable[[Tensor], Tensor], image: Tensor, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return transform(image)


def test_every_transform_is_tried():
    assert DEFAULTS.keys() == TRANSFORMS.keys()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", DEFAULTS)
def test_every_transform_keeps_8_bits_and_its_size(kind: str, channels: int):
    transform = built(DEFAULTS[kind])
    for seed in range(20):
        image = seeded(transform, noise_image(channels), seed)
        assert image.dtype == torch.uint8
        assert image.shape == (channels, *((32, 32) if kind in SIZED else (40, 36)))


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_seed_determines_every_transform(kind: str):
    transform, other = built(DEFAULTS[kind]), built(DEFAULTS[kind])
    for seed in range(20):
        assert torch.equal(seeded(transform, noise_image(), seed), seeded(other, noise_image(), seed))


@pytest.mark.parametrize("kind", [kind for kind in DEFAULTS if kind not in ("resize", "center_crop", "color_jitter")])
def test_random_transforms_differ_between_seeds(kind: str):
    transform = built(DEFAULTS[kind])
    assert len({seeded(transform, noise_image(), seed).numpy().tobytes() for seed in range(40)}) > 1


@pytest.mark.parametrize(
    "text",
    [
        "hflip(0.3)",
        "vflip(0.3)",
        "grayscale(0.3)",
        "erase(0.3)",
        "blur(3 -> 7, p = 0.3)",
        "noise(10 -> 50, p = 0.3)",
        "jpeg(60 -> 95, p = 0.3)",
        "rotate(90, p = 0.3)",
        "one_of(hflip(1), vflip(1), p = 0.3)",
    ],
)
def test_probabilities_are_kept(text: str):
    transform, image = built(text), noise_image(rows=12, columns=12)
    changed = sum(not torch.equal(seeded(transform, image, seed), image) for seed in range(SEEDS))
    four_sigma = 4 * (SEEDS * 0.3 * 0.7) ** 0.5
    # A rectangle of `erase` may not fit, and a turn by less than half a pixel changes nothing: 1% for both.
    assert SEEDS * 0.3 * 0.99 - four_sigma < changed < SEEDS * 0.3 + four_sigma


def test_one_of_chooses_evenly_and_keeps_inner_probabilities():
    transform, image = built("one_of(hflip(1), vflip(1), grayscale(0))"), noise_image(rows=8, columns=8)
    results = [seeded(transform, image, seed) for seed in range(SEEDS)]
    four_sigma = 4 * (SEEDS * 2 / 9) ** 0.5
    for expected in (image.flip(2), image.flip(1), image):
        assert abs(sum(torch.equal(result, expected) for result in results) - SEEDS / 3) < four_sigma


def test_rotation_turns_both_ways_and_no_further_than_asked():
    image = torch.zeros(1, 101, 101, dtype=torch.uint8)
    image[:, 49:52, 89:92] = 255
    angles = []
    for seed in range(300):
        turned = seeded(built("rotate(15)"), image, seed)[0].double()
        rows, columns = torch.meshgrid(torch.arange(101.0) - 50, torch.arange(101.0) - 50, indexing="ij")
        y, x = (turned * rows).sum(), (turned * columns).sum()
        angles.append(float(torch.atan2(y, x).rad2deg()))
    assert -15.1 < min(angles) < -14
    assert 14 < max(angles) < 15.1


def test_translation_is_a_share_of_the_side():
    image = torch.zeros(1, 61, 61, dtype=torch.uint8)
    image[:, 30, 30] = 255
    places = [seeded(built("translate(0.1)"), image, seed)[0].nonzero()[0] - 30 for seed in range(300)]
    shifts = torch.stack(places)
    assert shifts.abs().max() == 6
    assert shifts.min() == -6


def test_noise_has_a_variance_in_its_range():
    grey = torch.full((3, 64, 64), 128, dtype=torch.uint8)
    transform = built("noise(10 -> 50)")
    variances = [float(seeded(transform, grey, seed).double().var()) for seed in range(200)]
    assert 9 < min(variances) < 14
    assert 46 < max(variances) < 54


def test_blur_has_every_odd_width_of_its_range():
    line = torch.zeros(1, 15, 15, dtype=torch.uint8)
    line[:, :, 7] = 255
    widths = {int((seeded(built("blur(3 -> 7)"), line, seed)[0, 7] > 0).sum()) for seed in range(100)}
    assert widths == {3, 5, 7}
    assert RandomBlur([4, 8]).widths == [5, 7]


def test_a_lower_jpeg_quality_changes_more():
    image = noise_image()
    low, high = (seeded(built(f"jpeg({q} -> {q})"), image, 0).double() for q in (20, 95))
    assert (low - image).abs().mean() > (high - image).abs().mean() > 0


def test_a_crop_takes_the_scale_that_it_is_given():
    """A crop of a quarter of an image, made half as wide again, shows each column twice."""
    ramp = torch.arange(64, dtype=torch.uint8).expand(3, 64, 64).contiguous()
    transform = built("random_resized_crop(64, scale = 0.25 -> 0.25, ratio = 1 -> 1)")
    spans = [int(image.max()) - int(image.min()) for image in (seeded(transform, ramp, seed) for seed in range(50))]
    assert set(spans) <= {30, 31, 32}


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
    "mix": set(),
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
