"""Randomness without state."""

import pytest

from specc.data.randomness import integer, key, stream


@pytest.mark.parametrize(
    "other", [(1, "order", 0, 1), (0, "mix", 0, 1), (0, "order", 1, 0), (0, "order", 0), (0, "order", 0, 1, 0)]
)
def test_every_argument_matters(other):
    assert key(0, "order", 0, 1) == key(0, "order", 0, 1)
    assert key(0, "order", 0, 1) != key(*other)


def test_a_stream_is_a_function_of_its_arguments():
    draws = [stream(42, "order", 3).permutation(10).tolist() for _ in range(2)]
    assert draws[0] == draws[1]
    assert stream(42, "order", 4).permutation(10).tolist() != draws[0]


def test_streams_never_change():
    """What a seed means is part of the language: these draws must be the same in every version."""
    assert key(42, "order", 0, 1) == 53047237201268249322566203418653537495
    assert stream(42, "order", 0).integers(0, 1000, 5).tolist() == [987, 342, 313, 55, 675]


def test_a_seed_for_another_generator_fits_it():
    assert all(0 <= integer(seed, "x", seed) < 2**63 for seed in range(1000))
    assert len({integer(0, "x", i) for i in range(1000)}) == 1000
