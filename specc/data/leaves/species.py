"""Species of leaves: a blade, the colour of it and of its veins."""

from functools import lru_cache
from typing import Final, NamedTuple

from specc.data.leaves.blades import Feathered, Spread
from specc.data.randomness import stream


class Species(NamedTuple):
    """What all leaves of a species share."""

    name: str
    blade: Feathered | Spread
    tone: float
    """Hue of the green: -1 yellowish, 1 bluish."""
    light: float
    """How light the green is, from 0 to 1."""
    gloss: float
    """How much it shines, from 0 to 1."""
    pale: float
    """How much paler than the blade the veins are; darker below 0."""


@lru_cache(maxsize=1024)
def species_at(number: int) -> Species:
    """Return a species by its number, from 0; beyond those below, a variety of one of them."""
    again, first = divmod(number, len(_KNOWN))
    known = _KNOWN[first]
    if not again:
        return known
    draws = stream(0, "leaves/species", number)
    blade, tone, light = known.blade.varied(draws), draws.uniform(-1, 1), draws.random()
    return known._replace(name=f"{known.name}_{again + 1}", blade=blade, tone=tone, light=light)


_KNOWN: Final = (
    Species(
        "maple",
        Spread((0.62, 0.6, 0.56, 0.5, 0.22), (0, 48, 100), (1.42, 1.25, 0.82), 34, 0.95, teeth=15, bite=0.15, pairs=6),
        tone=-0.3, light=0.55, gloss=0.2, pale=0.5,
    ),
    Species(
        "oak",
        Feathered(0.62, 0.95, 0.55, lobes=4, depth=0.42, pairs=8, slope=0.6),
        tone=0.1, light=0.35, gloss=0.2, pale=0.4,
    ),
    Species(
        "willow",
        Feathered(0.21, 0.6, 0.85, teeth=36, bite=0.1, pairs=18, slope=1.2),
        tone=0.5, light=0.6, gloss=0.3, pale=0.5,
    ),
    Species(
        "linden",
        Spread((1.35, 0.95, 0.8, 0.76, 0.76, 0.77, 0.76, 0.7, 0.4), (0, 42, 84, 130), teeth=40, bite=0.06, below=0.45),
        tone=-0.5, light=0.6, gloss=0.1, pale=0.4,
    ),
    Species(
        "ginkgo",
        Spread((0.95, 1.25, 1.2, 1.2, 1.0, 0.2, 0.02, 0.02, 0.02), below=0.75, fan=15, vein=0.008, teeth=34, bite=0.05),
        tone=-0.5, light=0.7, gloss=0.1, pale=-0.3,
    ),
    Species(
        "laurel",
        Feathered(0.36, 0.7, 0.8, pairs=7, slope=0.5, vein=0.006),
        tone=0.3, light=0.15, gloss=0.9, pale=0.6,
    ),
    Species(
        "ivy",
        Spread((0.75, 0.72, 0.7, 0.66, 0.4), (0, 55, 112), (1.35, 1.1, 0.85), 42, 1.1, pairs=4, vein=0.008),
        tone=0.6, light=0.15, gloss=0.6, pale=1.0,
    ),
    Species(
        "birch",
        Feathered(0.62, 0.36, 0.95, teeth=22, bite=0.16, pairs=7, slope=0.75),
        tone=-0.2, light=0.7, gloss=0.3, pale=0.35,
    ),
    Species(
        "plantain",
        Feathered(0.42, 0.75, 0.7, parallel=4, vein=0.012),
        tone=0.0, light=0.65, gloss=0.3, pale=0.6,
    ),
    Species(
        "fig",
        Spread((0.5, 0.5, 0.52, 0.5, 0.35), (0, 55, 115), (1.4, 1.2, 0.85), 27, 2.4, vein=0.012),
        tone=0.0, light=0.4, gloss=0.2, pale=0.7,
    ),
    Species(
        "holly",
        Feathered(0.52, 0.6, 0.6, lobes=4.5, depth=0.38, pairs=9, slope=-0.1),
        tone=0.4, light=0.1, gloss=1.0, pale=0.5,
    ),
    Species(
        "aspen",
        Spread((1.05, 0.94, 0.9, 0.88, 0.86), (0, 36, 74), teeth=30, bite=0.07, pairs=4, below=0.2),
        tone=-0.4, light=0.75, gloss=0.3, pale=0.3,
    ),
    Species(
        "elm",
        Feathered(0.5, 0.5, 0.75, teeth=30, bite=0.14, pairs=13, slope=0.5, vein=0.012),
        tone=0.2, light=0.45, gloss=0.1, pale=0.3,
    ),
)  # fmt: skip
