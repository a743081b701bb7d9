"""The statistics of every transform: how often it acts, and the range of what it draws.

Seeds are fixed, so each test gives the same answer every time; bounds are four deviations wide.
"""

import colorsys
import math
from collections import Counter

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from specc.runtime.data import effects
from specc.runtime.data.effects import RandomBlur, polygon, to_hls, to_rgb
from tests.runtime.drawn import built, drawn, noise_image, seeded

DRAWS = 2000

P = 0.3
SOMETIMES = [
    "hflip(0.3)",
    "vflip(0.3)",
    "rotate(90, p = 0.3)",
    "translate(0.5, p = 0.3)",
    "color_jitter(brightness = 0.3, contrast = 0.3, saturation = 0.3, hue = 0.1, p = 0.3)",
    "brightness_contrast(p = 0.3)",
    "grayscale(0.3)",
    "blur(3 -> 7, p = 0.3)",
    "noise(10 -> 50, p = 0.3)",
    "iso_noise(0.1 -> 0.3, p = 0.3)",
    "jpeg(60 -> 95, p = 0.3)",
    "shadow(p = 0.3)",
    "erase(0.3)",
    "one_of(hflip(1), vflip(1), p = 0.3)",
]
"""Everything that has a probability, with that of 0.3."""


def bound(count: int, probability: float) -> float:
    """Four deviations of a binomial count."""
    return 4 * (count * probability * (1 - probability)) ** 0.5


def uniform(values: list[float] | Tensor, low: float, high: float, error: float = 0.0) -> bool:
    """Say whether draws fill a range evenly: ends, mean and variance; each may be off by an error of reading it."""
    draws = torch.as_tensor(values, dtype=torch.float64)
    width, count = high - low, len(draws)
    inside = draws.min() >= low - error and draws.max() <= high + error
    reached = draws.min() < low + 10 * width / count + error and draws.max() > high - 10 * width / count - error
    centred = abs(draws.mean() - (low + high) / 2) < 4 * width / (12 * count) ** 0.5 + error
    spread = abs(draws.var() * 12 / width**2 - 1) < 4 * (0.8 / count) ** 0.5 + 2 * error / width
    return bool(inside and reached and centred and spread)


@pytest.mark.parametrize("text", SOMETIMES)
def test_probabilities_are_kept(text: str):
    image = noise_image(rows=16, columns=16)
    changed = sum(not torch.equal(result, image) for result in drawn(text, image, DRAWS))
    # A draw may change nothing: a rectangle that does not fit, a turn by less than half a pixel. At most 1% do.
    assert DRAWS * P * 0.99 - bound(DRAWS, P) < changed < DRAWS * P + bound(DRAWS, P)


def test_one_of_does_each_equally_often_and_keeps_inner_probabilities():
    image = noise_image(rows=8, columns=8)
    results = drawn("one_of(hflip(1), vflip(1), grayscale(0), p = 0.6)", image, DRAWS)
    for expected, share in ((image.flip(2), 0.2), (image.flip(1), 0.2), (image, 0.6)):
        assert abs(sum(torch.equal(result, expected) for result in results) - DRAWS * share) < bound(DRAWS, share)


def test_transforms_act_in_the_order_in_which_they_are_written():
    image = noise_image()
    assert torch.equal(built("hflip(1)", "vflip(1)")(image), image.flip(1, 2))
    noisy_corners = seeded(built("rotate(45)", "noise(50)"), image, 1)[:, 0, 0]
    clean_corners = seeded(built("noise(50)", "rotate(45)"), image, 1)[:, 0, 0]
    assert noisy_corners.any()
    assert not clean_corners.any()


# What moves pixels.

PLACES = torch.stack([torch.arange(128).expand(128, 128), torch.arange(128).unsqueeze(1).expand(128, 128)] * 2)[:3]
"""An image whose red says the column of a pixel, and green the row."""


def test_a_crop_has_an_area_and_an_aspect_in_their_ranges():
    areas, logs = [], []
    for image in drawn("random_resized_crop(128, scale = 0.3 -> 0.6, ratio = 0.75 -> 1.33)", PLACES.byte(), 600):
        width, height = (int(channel.max()) - int(channel.min()) + 1 for channel in image[:2])
        areas.append(width * height / 128**2)
        logs.append(math.log(width / height))
    assert uniform(areas, 0.3, 0.6, error=0.012)
    assert uniform(logs, math.log(0.75), math.log(1.33), error=0.03)


def test_a_crop_takes_the_scale_that_it_is_given():
    """A crop of a quarter of an image, made half as wide again, shows each column twice."""
    ramp = torch.arange(64, dtype=torch.uint8).expand(3, 64, 64).contiguous()
    crops = drawn("random_resized_crop(64, scale = 0.25, ratio = 1)", ramp, 50)
    assert {int(image.max()) - int(image.min()) for image in crops} <= {30, 31, 32}


def test_a_padded_crop_begins_anywhere():
    image = torch.arange(1, 17, dtype=torch.uint8).view(1, 4, 4)
    crops = Counter(crop.numpy().tobytes() for crop in drawn("random_crop(4, padding = 2)", image, DRAWS))
    assert len(crops) == 25
    assert all(abs(count - DRAWS / 25) < bound(DRAWS, 1 / 25) for count in crops.values())


def test_rotation_turns_both_ways_and_no_further_than_asked():
    image = torch.zeros(1, 101, 101, dtype=torch.uint8)
    image[:, 49:52, 89:92] = 255
    rows, columns = torch.meshgrid(torch.arange(101.0) - 50, torch.arange(101.0) - 50, indexing="ij")
    angles = []
    for turned in drawn("rotate(45)", image, 600):
        weights = turned[0].double()
        angles.append(float(torch.atan2((weights * rows).sum(), (weights * columns).sum()).rad2deg()))
    assert uniform(angles, -45, 45, error=0.1)


def test_corners_that_a_rotation_lets_in_are_black():
    turned = drawn("rotate(45)", torch.full((3, 33, 33), 255, dtype=torch.uint8), 100)
    assert sum(int(image[:, 0, 0].max()) == 0 for image in turned) > 80
    assert all(int(image[:, 16, 16].min()) == 255 for image in turned)


def test_translation_is_a_share_of_the_side():
    image = torch.zeros(1, 61, 61, dtype=torch.uint8)
    image[:, 30, 30] = 255
    shifts = torch.stack([moved[0].nonzero()[0] - 30 for moved in drawn("translate(0.1)", image, 300)])
    assert shifts.abs().max() == 6
    assert shifts.min() == -6


def test_an_erased_rectangle_is_black_and_takes_2_to_33_percent():
    white = torch.full((3, 100, 100), 255, dtype=torch.uint8)
    shares = [float((image == 0).double().mean()) for image in drawn("erase(1)", white, 500)]
    assert all(set(image.unique().tolist()) == {0, 255} for image in drawn("erase(1)", white, 20))
    assert 0.018 < min(shares) < 0.04
    assert 0.28 < max(shares) < 0.34


# What changes colours.


def flat(red: int, green: int, blue: int, side: int = 4) -> Tensor:
    return torch.tensor([red, green, blue], dtype=torch.uint8).view(3, 1, 1).expand(3, side, side).contiguous()


def hue_of(image: Tensor) -> float:
    return colorsys.rgb_to_hls(*(float(value) / 255 for value in image[:, 0, 0]))[0]


def test_color_jitter_draws_factors_of_brightness():
    factors = [
        float(image[0, 0, 0]) / 100 for image in drawn("color_jitter(brightness = 0.3)", flat(100, 100, 100), 600)
    ]
    assert uniform(factors, 0.7, 1.3, error=0.006)


def test_color_jitter_draws_factors_of_contrast_about_the_mean():
    image = torch.cat([flat(100, 100, 100), flat(150, 150, 150)], dim=2)
    results = drawn("color_jitter(contrast = 0.3)", image, 600)
    factors = [(float(result[0, 0, -1]) - float(result[0, 0, 0])) / 50 for result in results]
    assert uniform(factors, 0.7, 1.3, error=0.025)
    assert all(abs(float(result.float().mean()) - 125) < 1.6 for result in results)


def test_color_jitter_draws_factors_of_saturation_about_the_luma():
    grey = 0.299 * 160 + 0.587 * 100 + 0.114 * 60
    results = drawn("color_jitter(saturation = 0.3)", flat(160, 100, 60), 600)
    factors = [(float(result[0, 0, 0]) - grey) / (160 - grey) for result in results]
    assert uniform(factors, 0.7, 1.3, error=0.025)


def test_color_jitter_turns_the_hue_both_ways():
    image = flat(200, 50, 50)
    turns = [(hue_of(result) + 0.5) % 1 - 0.5 for result in drawn("color_jitter(hue = 0.1)", image, 600)]
    assert uniform(turns, -0.1, 0.1, error=0.003)


def test_brightness_contrast_multiplies_and_then_adds_a_share_of_white():
    image = torch.cat([flat(100, 100, 100), flat(150, 150, 150)], dim=2)
    results = [result[0, 0].double() for result in drawn("brightness_contrast(0.2, 0.3, p = 1)", image, 600)]
    factors = torch.stack([(result[-1] - result[0]) / 50 for result in results])
    shifts = torch.stack([(result[0] + result[-1]) / 2 for result in results]) - 125 * factors
    assert uniform(factors, 0.7, 1.3, error=0.025)
    assert uniform(shifts, -0.2 * 255, 0.2 * 255, error=3)
    assert abs(float(torch.corrcoef(torch.stack([factors, shifts]))[0, 1])) < 4 / 600**0.5


def test_brightness_contrast_lightens_what_is_black():
    """Brightness is added; torchvision's, which multiplies, would leave black as it is."""
    levels = [int(image.max()) for image in drawn("brightness_contrast(brightness = 0.2, p = 1)", flat(0, 0, 0), 300)]
    assert max(levels) in (50, 51)
    assert 100 < sum(level > 0 for level in levels) < 200


def test_grayscale_keeps_the_luma_in_every_channel():
    (image,) = drawn("grayscale(1)", flat(200, 100, 50), 1)
    assert image.unique().tolist() == [pytest.approx(0.2989 * 200 + 0.587 * 100 + 0.114 * 50, abs=1)]


# What degrades.


def test_blur_has_every_odd_width_of_its_range_equally_often():
    line = torch.zeros(1, 15, 15, dtype=torch.uint8)
    line[:, :, 7] = 255
    widths = Counter(int((image[0, 7] > 0).sum()) for image in drawn("blur(3 -> 7)", line, 600))
    assert widths.keys() == {3, 5, 7}
    assert all(abs(count - 200) < bound(600, 1 / 3) for count in widths.values())
    assert RandomBlur([4, 8]).widths == [5, 7]


@pytest.mark.parametrize(("width", "sigma"), [(3, 0.8), (5, 1.1), (7, 1.4)])
def test_blur_is_a_gaussian_of_the_deviation_that_opencv_gives_its_width(width: int, sigma: float):
    line = torch.zeros(1, 15, 15, dtype=torch.uint8)
    line[:, :, 7] = 255
    (blurred,) = drawn(f"blur({width})", line, 1)
    weights = torch.exp(-((torch.arange(15.0) - 7) ** 2) / (2 * sigma**2))
    weights[abs(torch.arange(15) - 7) > width // 2] = 0
    assert torch.allclose(blurred[0, 7].float(), 255 * weights / weights.sum(), atol=1)


def test_noise_has_a_variance_in_its_range_and_differs_by_channel():
    grey = torch.full((3, 64, 64), 128, dtype=torch.uint8)
    results = [image.double() - 128 for image in drawn("noise(10 -> 50)", grey, 400)]
    assert uniform([float(noise.var()) for noise in results], 10, 50, error=2.5)
    channels = torch.stack([torch.corrcoef(noise.flatten(1))[0, 1] for noise in results])
    assert abs(float(channels.mean())) < 4 / (400 * 64 * 64) ** 0.5
    assert abs(float(torch.stack(results).mean())) < 4 * (30 / (400 * 3 * 64 * 64)) ** 0.5


def test_jpeg_draws_whole_qualities_of_its_range():
    image = noise_image(rows=16, columns=16)
    quality_of = {built(f"jpeg({quality})")(image).numpy().tobytes(): quality for quality in range(60, 96)}
    qualities = [quality_of[result.numpy().tobytes()] for result in drawn("jpeg(60 -> 95)", image, 1000)]
    assert uniform(qualities, 59.5, 95.5, error=0.6)
    assert set(qualities) == set(quality_of.values())


def test_a_lower_jpeg_quality_changes_more():
    image = noise_image().double()
    errors = [(built(f"jpeg({quality})")(noise_image()) - image).abs().mean() for quality in (20, 40, 60, 80, 95)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] > 0


# What a camera does.


def test_camera_noise_turns_hues_by_a_gaussian_of_intensity_times_color_shift():
    """A flat image has no deviation of lightness, and so no other noise."""
    deviations = []
    for image in drawn("iso_noise(1, color_shift = 0.01 -> 0.05)", flat(200, 40, 40, side=40), 300):
        hue, lightness, _ = to_hls(image / 255)
        turns = (hue + 0.5) % 1 - 0.5
        assert abs(float(turns.mean())) < 4 * 0.05 / 40
        assert torch.allclose(lightness, torch.tensor(120 / 255), atol=0.003)
        deviations.append(float(turns.std()))
    assert uniform(deviations, 0.01, 0.05, error=0.003)


def test_camera_noise_scales_with_its_intensity():
    image = flat(200, 40, 40, side=40)
    turns = [
        float(((to_hls(drawn(f"iso_noise({intensity}, color_shift = 0.1)", image, 1)[0] / 255)[0] + 0.5) % 1).std())
        for intensity in (0.1, 0.2, 0.4)
    ]
    assert turns == pytest.approx([0.01, 0.02, 0.04], rel=0.1)


def test_camera_noise_lightens_by_a_poisson_draw():
    """Its rate is the deviation of the lightness, 40 of 255, times the intensity; what is light gains less."""
    image = torch.cat([flat(60, 60, 60, side=60), flat(140, 140, 140, side=60)], dim=2)
    for dark, share in ((slice(0, 60), 195 / 255), (slice(60, 120), 115 / 255)):
        gains = torch.stack([r[0, :, dark].double() for r in drawn("iso_noise(0.5)", image, 40)]) - float(
            image[0, 0, dark][0]
        )
        assert float(gains.mean()) == pytest.approx(20 * share, rel=0.02)
        assert float(gains.var()) == pytest.approx(20 * share**2 + 1 / 12, rel=0.05)


def test_camera_noise_leaves_grey_grey_and_does_the_same_to_one_channel():
    grey = noise_image(channels=1)
    for one, three in zip(
        drawn("iso_noise(0.5)", grey, 10), drawn("iso_noise(0.5)", grey.expand(3, -1, -1), 10), strict=True
    ):
        assert torch.equal(one.expand(3, -1, -1), three)
        assert not torch.equal(one, grey)


def test_hls_is_that_of_the_standard_library():
    image = noise_image(rows=9, columns=9) / 255
    parts = torch.stack(to_hls(image)).flatten(1).T
    for pixel, part in zip(image.flatten(1).T, parts, strict=True):
        assert part.tolist() == pytest.approx(colorsys.rgb_to_hls(*pixel.tolist()), abs=1e-5)
    assert torch.allclose(to_rgb(*to_hls(image)), image, atol=1e-5)


REGION = "x = 0 -> 0.5, y = 0.5 -> 1"


def test_a_shadow_darkens_its_region_and_nothing_else():
    image, lightest = noise_image(rows=40, columns=40), noise_image(rows=40, columns=40).float()
    touched = torch.zeros(40, 40, dtype=torch.bool)
    for result in drawn(f"shadow({REGION}, count = 1, p = 1)", image, 400):
        touched |= (result != image).any(0)
        assert ((result == image) | (result == (lightest / 2).round())).all()
    assert not touched[:20].any()
    assert not touched[:, 20:].any()
    assert touched[21:39, 1:19].float().mean() > 0.95


def test_shadows_are_as_many_as_asked(monkeypatch):
    polygons = []
    monkeypatch.setattr(effects, "polygon", lambda *places: polygons.append(places) or polygon(*places))
    counts = Counter()
    for seed in range(400):
        seeded(built("shadow(count = 1 -> 2, p = 1)"), noise_image(1, 4, 4), seed)
        counts.update([len(polygons)])
        polygons.clear()
    assert counts.keys() == {1, 2}
    assert abs(counts[1] - 200) < bound(400, 0.5)


def test_where_shadows_overlap_each_darkens():
    white = torch.full((1, 24, 24), 255, dtype=torch.uint8)
    levels = {level for image in drawn("shadow(count = 3, p = 1)", white, 100) for level in image.unique().tolist()}
    assert levels == {255, 128, 64, 32}


def test_a_shadow_takes_a_share_of_the_light_in_its_range():
    white = torch.full((3, 24, 24), 255, dtype=torch.uint8)
    results = drawn("shadow(count = 1, intensity = 0.2 -> 0.6, p = 1)", white, 600)
    shares = [1 - int(image.min()) / 255 for image in results if int(image.min()) < 255]
    assert len(shares) > 590
    assert uniform(shares, 0.2, 0.6, error=0.003)


def test_a_polygon_that_crosses_itself_is_filled_by_parity():
    """The middle of a pentagram lies inside twice, and so outside; its tips lie inside."""
    angles = torch.arange(5) * (4 * math.pi / 5) - math.pi / 2
    star = polygon(50 + 48 * torch.cos(angles), 50 + 48 * torch.sin(angles), 100, 100)
    assert not star[50, 50]
    assert star[10, 50]
    assert not star[10, 30]
    assert not star[:, [0, 99]].any()


# Policies.


def test_a_magnitude_is_a_share_of_its_scale():
    """9 of 10, as the paper counts, is 27 of 30, as torchvision does."""
    image = noise_image()
    for tens, thirties in zip(
        drawn("randaugment(2, 9, out_of = 10)", image, 100), drawn("randaugment(2, 27)", image, 100), strict=True
    ):
        assert (tens.int() - thirties.int()).abs().max() <= 1
    weak, strong = (
        [(r.float() - image).abs().mean() for r in drawn(f"randaugment(2, {m})", image, 100)] for m in (9, 27)
    )
    assert sum(weak) < sum(strong)


def test_randaugment_does_as_many_of_14_operations_as_asked(monkeypatch):
    done = []
    monkeypatch.setattr(
        v2.RandAugment, "_apply_image_or_video_transform", lambda *args, **_: done.append(args[2]) or args[1]
    )
    drawn("randaugment(3, 9)", noise_image(), 700)
    counts = Counter(done)
    assert (len(done), len(counts)) == (2100, 14)
    assert all(abs(count - 150) < bound(2100, 1 / 14) for count in counts.values())
