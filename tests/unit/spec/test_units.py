"""Numbers with units."""

import pytest

from specc.spec.units import ALIASES, BYTES, SECONDS, Quantity, number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (15.0, "15"),
        (-3, "-3"),
        (0.05, "0.05"),
        (1e-3, "0.001"),
        (1e-4, "1e-4"),
        (1.5e-7, "1.5e-7"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e15, "1000000000000000"),
        (1e300, "1e300"),
        (5e-324, "5e-324"),
    ],
)
def test_the_shortest_text_that_reads_back_equal(value, text):
    assert number_text(value) == text
    assert float(text) == value


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(1, "epochs"), "1 epoch"),
        (Quantity(2, "epochs"), "2 epochs"),
        (Quantity(0.5, "hours"), "0.5 hours"),
        (Quantity(1, "GB"), "1 GB"),
        (Quantity(0.95), "0.95"),
    ],
)
def test_a_quantity_is_printed_as_people_say_it(quantity, text):
    assert str(quantity) == text


def test_every_unit_is_its_own_alias():
    assert all(ALIASES[unit] == unit for unit in ALIASES.values())
    assert BYTES.keys() | SECONDS.keys() <= ALIASES.keys()
