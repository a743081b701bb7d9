"""The built-in data set `leaves`: which photographs it has, and that each shows what its labels say."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from specc.data.builtin import BUILTIN
from specc.data.images import open_images
from specc.data.index import build_index
from specc.data.leaves.diseases import KINDS, disease_at, disease_name
from specc.data.leaves.drawing import draw
from specc.data.leaves.fields import grid
from specc.data.leaves.photos import Photo, listed
from specc.data.leaves.species import species_at
from specc.data.problem import DataProblem
from specc.plan.model import LabelPlan
from specc.spec.functions import family

SPECIES = 13
"""Species that are not a variety of another."""

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
    first = draw(photo(species=3, disease=2, plant=7))
    draw(photo(species=1, disease=5))
    assert np.array_equal(draw(Photo.parse(str(photo(species=3, disease=2, plant=7)))), first)


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
    label = index(data_plan).data.labels[1]
    assert label.classes[label.parents.index(0)].split("/")[0] == "linden"
    assert all(name.split("/")[0] == ("linden", "maple", "oak", "willow")[p] for name, p in zip(label.classes, label.parents, strict=True))


@pytest.mark.parametrize("change", [{"seed": 1}, {"size": 48}, {"samples": 301}, {"imbalance": 9.0}])
def test_whatever_changes_the_pixels_changes_the_fingerprint(data_plan, change):
    before, after = (index(data_plan, **changes).data.fingerprints["train"] for changes in ({}, change))
    assert before != after


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_have_the_channels_that_are_asked_for(data_plan, channels):
    read = open_images(data_plan("builtin", location={"dataset": "leaves", **ARGUMENTS}, channels=channels))
    assert read(str(photo())).shape == (48, 48, channels)
