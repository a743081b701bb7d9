"""The built-in data set `leaves`: which photographs it has, and that each shows what its labels say."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from specc.data.builtin import BUILTIN
from specc.data.images import open_images
from specc.data.index import build_index
from specc.data.leaves.diseases import KINDS, Ground, disease_name, lesions
from specc.data.leaves.drawing import draw
from specc.data.leaves.fields import covered, grid, lattice, noise
from specc.data.leaves.photos import Photo, listed
from specc.data.leaves.species import species_at
from specc.data.problem import DataProblem
from specc.data.randomness import stream
from specc.plan.model import LabelPlan
from specc.spec.functions import family

SPECIES = 13
"""Species that are not a variety of another."""

PIXELS = [[133.3, 125.2, 47.5], [89.1, 82.3, 39.7], [145.1, 131.9, 139.9], [109.1, 95.7, 63.0]]
"""Mean colours of four photographs."""

ARGUMENTS = {"species": 4, "diseases": [2, 4], "samples": 300, "size": 32, "imbalance": 10.0, "photos": 1, "seed": 0}
LABELS = (LabelPlan(name="species", column="species"), LabelPlan(name="disease", column="disease", within="species"))


def photo(species=0, disease=0, plant=0, **more):
    return Photo(**{"seed": 0, "size": 48, "species": species, "disease": disease, "plant": plant, "number": 0, **more})


def rows(**changes):
    return listed(**{**ARGUMENTS, **changes})


def counts(**changes):
    found = rows(**changes)
    return Counter(zip(found.columns["species"], found.columns["disease"], strict=True))


def index(data_plan, **changes):
    location = {"dataset": "leaves", **ARGUMENTS, **changes}
    return build_index(data_plan("builtin", location=location, labels=LABELS, split="random(val = 20%)"), 42)


def test_every_data_set_of_the_language_is_there():
    assert family("dataset").keys() == BUILTIN.keys()
    parameters = {parameter.name for parameter in family("dataset")["leaves"].parameters}
    assert parameters == ARGUMENTS.keys()


def test_an_image_is_a_square_of_bytes():
    for size in (16, 33, 96):
        pixels = draw(photo(size=size))
        assert (pixels.shape, pixels.dtype, pixels.flags.c_contiguous) == ((size, size, 3), np.uint8, True)


def test_a_photograph_is_a_function_of_its_reference():
    """What is drawn before it changes nothing."""
    asked = photo(species=3, disease=2, plant=7)
    first = draw(asked)
    draw(photo(species=1, disease=5))
    assert np.array_equal(draw(Photo.parse(str(asked))), first)


@pytest.mark.parametrize("change", [{"seed": 1}, {"species": 2}, {"disease": 1}, {"plant": 1}, {"number": 1}])
def test_everything_in_a_reference_changes_the_pixels(change):
    before, after = (draw(photo(**changes)).astype(int) for changes in ({}, change))
    assert np.abs(before - after).mean() > 2


def test_the_pixels_are_those_of_version_1():
    """Rounding may differ from one processor to another, by a level here and there; if more does, raise VERSION."""
    seen = [draw(photo(species, species, plant=1)).mean((0, 1)) for species in range(4)]
    assert np.abs(np.array(seen) - PIXELS).max() < 0.2


def test_counts_follow_an_exponential_profile():
    found = sorted(counts(samples=2000, imbalance=20.0).values(), reverse=True)
    steps = np.linspace(0, 1, len(found))
    wanted = 20.0**-steps * 2000 / (20.0**-steps).sum()
    assert sum(found) == 2000
    assert np.abs(found - wanted).max() < 1


def test_without_imbalance_all_classes_are_equal():
    assert set(counts(samples=120, diseases=[3, 3], imbalance=1.0).values()) == {10}


def test_a_species_has_as_many_diseases_as_are_asked_for_and_healthy_is_the_most_frequent():
    of_species = defaultdict(dict)
    for (species, disease), count in counts().items():
        of_species[species][disease] = count
    assert [len(found) for found in of_species.values()] == [2, 3, 4, 2]
    assert all(max(found, key=found.get) == "healthy" for found in of_species.values())


def test_species_share_diseases():
    found = rows(species=12, diseases=[5, 5], samples=600)
    pairs = set(zip(found.columns["species"], found.columns["disease"], strict=True))
    assert min(Counter(disease for _, disease in pairs).values()) >= 2


def test_any_number_of_species_and_diseases_have_names_of_their_own():
    assert len({species_at(number).name for number in range(320)}) == 320
    assert len({disease_name(number) for number in range(300)}) == 300
    found = rows(species=40, diseases=[30, 30], samples=5000, imbalance=1.0)
    assert [len(set(found.columns[name])) for name in ("species", "disease")] == [40, 30]


def test_photographs_of_one_plant_are_one_leaf():
    """The plant is a group: two of its photographs show one leaf, in another pose."""
    found = rows(photos=3, diseases=[2, 2], imbalance=1.0, samples=304)
    sizes = Counter(found.columns["plant"])
    assert sorted(set(sizes.values())) == [2, 3]
    classes = set(zip(found.columns["plant"], found.columns["species"], found.columns["disease"], strict=True))
    assert len(classes) == len(sizes)


def test_a_class_without_a_sample_is_refused():
    with pytest.raises(DataProblem, match="without any") as caught:
        rows(samples=10)
    assert (caught.value.code, caught.value.keys) == ("out-of-range", ("dataset",))


def test_the_index_has_nested_classes(data_plan):
    species, disease = index(data_plan).data.labels
    assert species.classes == ("linden", "maple", "oak", "willow")
    assert [name.split("/")[0] for name in disease.classes] == [species.classes[parent] for parent in disease.parents]
    assert sum(disease.counts) == sum(species.counts) == 240


@pytest.mark.parametrize("change", [{"seed": 1}, {"size": 48}, {"samples": 301}, {"imbalance": 9.0}])
def test_whatever_changes_the_pixels_changes_the_fingerprint(data_plan, change):
    before, after = (index(data_plan, **changes).data.fingerprints["train"] for changes in ({}, change))
    assert before != after


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_have_the_channels_that_are_asked_for(data_plan, channels):
    read = open_images(data_plan("builtin", location={"dataset": "leaves", **ARGUMENTS}, channels=channels))
    assert read(str(photo())).shape == (48, 48, channels)


X, Y = (1.2 * side for side in grid(48))
"""A blade without a pose."""


def silhouette(number):
    """What of a pixel is blade, and what of it is vein."""
    anatomy = species_at(number).blade.anatomy(X, Y)
    blade = covered(anatomy.inside, 0.05)
    return np.stack([blade, blade * covered(np.maximum(anatomy.main, anatomy.side), 0.05)])


def test_no_two_species_look_alike():
    """The least that two of them differ by, in shares of the larger blade."""
    shapes = [silhouette(number) for number in range(SPECIES)]
    apart = [
        np.abs(one - other).sum() / max(one[0].sum(), other[0].sum())
        for number, one in enumerate(shapes)
        for other in shapes[:number]
    ]
    assert min(apart) > 0.3


def sick(species, disease, plant):
    """The colours of a blade that would be plain green, and the share of it that lesions cover."""
    draws = stream(0, "test", species, disease, plant)
    blade, knots = species_at(species).blade, lattice(draws)
    anatomy = blade.anatomy(X, Y)
    ground = Ground(X, Y, anatomy, lambda x, y: blade.anatomy(x, y).inside > 0.06)
    lesion, cover = lesions(disease, ground, draws, noise(knots, 3 * X, 3 * Y))
    green = np.array([0.27, 0.52, 0.15])[:, None, None]
    inside = anatomy.inside > 0
    return (green + cover * (lesion - green))[:, inside], cover[inside].mean()


@pytest.mark.parametrize("species", range(SPECIES))
def test_every_disease_shows_on_every_species(species):
    for disease in range(1, KINDS + 1):
        assert min(sick(species, disease, plant)[1] for plant in range(4)) > 0.02


def test_diseases_differ_in_the_colours_of_their_lesions():
    """The nearest mean of half the plants tells the others' disease, but for spots whose rings alone differ."""
    colours = np.array(
        [
            [np.percentile(sick(0, disease, plant)[0], (5, 25, 50, 75, 95), axis=1).ravel() for plant in range(16)]
            for disease in range(1, KINDS + 1)
        ]
    )
    means = colours[:, :8].mean(1)
    nearest = np.abs(colours[:, 8:, None] - means).sum(-1).argmin(-1)
    assert (nearest == np.arange(KINDS)[:, None]).mean() > 0.7


def test_the_mean_colour_of_an_image_hardly_tells_its_species():
    """The nearest mean of half the plants; one of six would be right by chance."""
    means = np.array([[draw(photo(each, 0, plant, size=24)).mean((0, 1)) for plant in range(40)] for each in range(6)])
    nearest = np.abs(means[:, 20:, None] - means[:, :20].mean(1)).sum(-1).argmin(-1)
    assert (nearest == np.arange(6)[:, None]).mean() < 0.4
