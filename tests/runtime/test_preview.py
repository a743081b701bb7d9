"""What a preview shows is what training sees, to the bit."""

from collections import defaultdict

import numpy as np
import pytest
import torch
from PIL import Image

from specc.data.index import Samples, build_index
from specc.errors import DataError
from specc.plan.model import Plan
from specc.report.preview import preview_figure
from specc.runtime.data.batch import Normalize
from specc.runtime.data.loaders import evaluation_loader, training_loader
from specc.runtime.data.order import training_keys
from specc.runtime.gradients import taken
from specc.runtime.preview import DRAWS, MIXED, Preview, chosen_rows
from tests.runtime.helpers import CPU, begun, compiled, training_samples

WEIGHTED = "stages.whole.sample=3 where count(digit) < 7"
MIXING = "stages.whole.mix=one_of(mixup(1), cutmix(1), p = 0.7)"
OWN = 'stages.head.augment=["resize(32)","noise(50)","normalize(imagenet)"]'


def seen_in(plan: Plan, samples: Samples, stages: list[int]) -> dict[int, list[np.ndarray]]:
    """Return every image that training makes of each row, in order."""
    seen = defaultdict(list)
    for stage in stages:
        keys, loader = training_keys(plan, stage, samples, 0), training_loader(plan, stage, samples, 0, CPU)
        for key, batch in zip(keys, loader, strict=True):
            for row, image in zip(key.rows.tolist(), batch.inputs["image"], strict=True):
                seen[row].append(image.permute(1, 2, 0).numpy())
    return seen


@pytest.mark.parametrize("overrides", [(), (WEIGHTED,), (OWN,), ("stages.head.epochs=1", "stages.whole.epochs=1")])
def test_it_shows_the_first_images_that_training_makes_of_a_sample(tmp_path, overrides):
    plan = compiled(tmp_path, *overrides)
    samples = training_samples(plan)
    preview = Preview(plan, samples, 5, 0)
    groups = [group for group in preview.groups([0, 1]) if group.what == "seen"]
    assert [group.stages for group in groups] == ([("head",), ("whole",)] if OWN in overrides else [("head", "whole")])
    for group in groups:
        seen = seen_in(plan, samples, [["head", "whole"].index(name) for name in group.stages])
        for row, pictures in zip(preview.rows, group.pictures, strict=True):
            assert len(pictures) == min(len(seen[row]), DRAWS)
            assert all(np.array_equal(a.pixels, b) for a, b in zip(pictures, seen[row], strict=False))


def test_it_says_the_epoch_and_where_it_is_not_clear_the_stage(plan):
    preview = Preview(plan, training_samples(plan), 1, 0)
    captions = [[picture.caption for picture in preview.groups(stages)[1].pictures[0]] for stages in ([0, 1], [1])]
    assert captions[0] == ["epoch 1 of head", "epoch 2 of head", "epoch 1 of whole", "epoch 2 of whole"]
    assert captions[1] == ["epoch 1", "epoch 2"]


def test_it_shows_the_image_as_it_is_read_and_as_it_is_evaluated(plan):
    samples = training_samples(plan)
    preview = Preview(plan, samples, 3, 0)
    as_read, *_, evaluated = preview.groups([0])
    images = torch.cat([batch.inputs["image"] for batch in evaluation_loader(plan, samples, 8, CPU)])
    for row, read, shown in zip(preview.rows, as_read.pictures, evaluated.pictures, strict=True):
        assert (read[0].pixels.shape, read[0].caption) == ((8, 8, 3), "8 x 8")
        assert np.array_equal(shown[0].pixels, images[row].permute(1, 2, 0).numpy())


def test_it_mixes_as_the_steps_do(tmp_path):
    plan = compiled(tmp_path, MIXING, "stages.whole.epochs=6")
    samples = training_samples(plan)
    preview = Preview(plan, samples, 4, 0)
    (mixed,) = (group for group in preview.groups([0, 1]) if group.what == "mixed")
    state, mixtures = begun(plan, 1), defaultdict(list)
    loader = training_loader(plan, 1, samples, 0, CPU)
    for key, batch in zip(training_keys(plan, 1, samples, 0), loader, strict=True):
        _, images, partners = taken(state, batch, slice(0, len(batch)), Normalize(None, CPU))
        for row, image in zip(key.rows.tolist(), images, strict=True):
            if partners:
                mixtures[row].append((image.permute(1, 2, 0).numpy() * 255, partners.share))
        state.step += 1
    assert (mixed.stages, mixed.mix) == (("whole",), "one_of(mixup(1), cutmix(1), p = 0.7)")
    for row, pictures in zip(preview.rows, mixed.pictures, strict=True):
        assert len(pictures) == MIXED
        for picture, (pixels, share) in zip(pictures, mixtures[row], strict=False):
            assert np.abs(picture.pixels - pixels).max() < 0.6
            assert picture.caption.startswith(f"{share:.0%} own, ")


def test_its_samples_go_from_the_most_frequent_class_to_the_rarest(tmp_path):
    plan = compiled(tmp_path, "data.labels.digit.rare={ 3 = 2, 5 = 1 }")
    samples = training_samples(plan)
    preview = Preview(plan, samples, 4, 0)
    counts = [preview.count(row) for row in preview.rows]
    known = [count for count in plan.label("digit").counts if count]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (max(known), min(known))
    assert len({preview.name(row) for row in preview.rows}) == 4


def test_more_samples_than_classes_are_different_ones(plan):
    samples = training_samples(plan)
    rows = chosen_rows(samples, "digit", 25, 0)
    assert len(set(rows)) == len(rows) == 25
    assert set(samples.labels["digit"][rows].tolist()) == set(range(10))


def test_another_seed_chooses_other_samples(plan):
    samples = training_samples(plan)
    assert chosen_rows(samples, "digit", 6, 0) == chosen_rows(samples, "digit", 6, 0)
    assert chosen_rows(samples, "digit", 6, 0) != chosen_rows(samples, "digit", 6, 1)


def test_without_a_label_samples_are_chosen_by_lot(plan):
    samples = training_samples(plan)
    rows = chosen_rows(samples, None, 6, 0)
    assert len(set(rows)) == 6
    assert max(rows) < len(samples)


PHOTOS = """
specc = 1
name = "photos"
data.source = "folder"
data.root = "{root}"
data.channels = {channels}
data.on_bad_sample = "{bad}"
data.num_workers = 0
data.labels.kind = {{ folder = true }}
augment.train = ["random_resized_crop(16)", "hflip(0.5)"]
augment.eval = ["resize(16)"]
model.backbone = "test_resnet"
model.heads.kind = {{}}
stages = [{{ name = "only", epochs = 2, batch_size = 2, train = "all", lr = 1e-3, loss = "cross_entropy(kind)" }}]
"""


@pytest.fixture
def photos(tmp_path):
    for kind, color in (("leaf/green", "green"), ("leaf/brown", "brown"), ("stone", "gray")):
        for number in range(2):
            path = tmp_path / "photos" / kind / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20 + number, 30), color).save(path)
    return tmp_path


def of_photos(folder, channels=3, bad="error") -> tuple[Plan, Samples]:
    plan = compiled(folder, spec=PHOTOS.format(root=folder / "photos", channels=channels, bad=bad))
    return plan, build_index(plan.data, plan.seed).splits["train"]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_of_any_channels_are_drawn(photos, channels):
    preview = Preview(*of_photos(photos, channels), 2, 0)
    groups = preview.groups([0])
    assert {picture.pixels.shape[2] for group in groups for row in group.pictures for picture in row} == {channels}
    figure = preview_figure(preview, groups, {"only": ["random_resized_crop(16)"], "": ["resize(16)"]})
    assert len(figure.axes) == 2 * (1 + 2 + 1)


def test_an_image_that_cannot_be_read_is_an_error(photos):
    plan, samples = of_photos(photos)
    for path in (photos / "photos").rglob("*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(DataError, match="is no image"):
        Preview(plan, samples, 2, 0).groups([0])


def test_an_image_that_may_be_skipped_has_no_picture(photos):
    plan, samples = of_photos(photos, bad="skip")
    (photos / "photos" / "stone" / "0.png").write_bytes(b"no image")
    preview = Preview(plan, samples, len(samples), 0)
    damaged = [samples.references[row].endswith("stone/0.png") for row in preview.rows]
    assert sum(damaged) == 1
    for group in preview.groups([0]):
        assert [not pictures for pictures in group.pictures] == damaged
