"""Blades: where the outline and the veins of a leaf are.

A blade lies in a plane of its own: x across it, y from the base at -1 to the tip at about 1. Its outline is a table or
two over one coordinate, so that a point costs the same however many lobes and teeth there are.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot
from typing import Final, NamedTuple

import numpy as np

from specc.data.leaves.fields import Field, look_up

_ENTRIES: Final = 1024


class Anatomy(NamedTuple):
    """What of a blade is where. Units: of the blade's plane."""

    inside: Field
    """How far a point lies within the outline; below 0 outside."""
    main: Field
    """How far it lies within a main vein; below 0 outside."""
    side: Field
    """How far it lies within a side vein; below 0 outside."""
    gap: Field
    """How far it lies from the nearest side vein. Units: 0 to 1, which is midway to the next."""
    relief: Field
    """How high it lies: a blade sinks towards its veins."""


@dataclass(frozen=True)
class Feathered:
    """A blade about a midrib, from which veins go off in pairs."""

    width: float
    base: float
    """How it narrows to its base: 0.3 bluntly, 1 like a wedge."""
    tip: float
    lobes: float = 0
    """Lobes of a side."""
    depth: float = 0
    """Share of the width that is missing between lobes."""
    teeth: float = 0
    bite: float = 0
    """Share of the width that is missing between teeth."""
    pairs: float = 7
    slope: float = 0.7
    """How steeply veins, lobes and teeth rise."""
    vein: float = 0.011
    """Half the width of a side vein."""
    parallel: int = 0
    """Veins of a side that run from base to tip, instead of pairs."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the plane."""
        across = np.abs(x)
        risen = y - self.slope * across * (1 - 0.35 * across)
        half = look_up(self._half, y, -1, 1) * look_up(self._margin, risen, -2, 2)
        inside = half - across - np.maximum(np.abs(y) - 1, 0)
        main = 0.026 - 0.009 * (y + 1) - across
        if self.parallel:
            between = np.maximum(half, 0.02) / self.parallel
            return Anatomy(inside, main, *_side_veins(self.vein, across / between, between))
        between_pairs = 2 / self.pairs / hypot(1, self.slope)
        return Anatomy(inside, main, *_side_veins(self.vein, risen * self.pairs / 2, between_pairs))

    @cached_property
    def _half(self) -> Field:
        """Tabulate half the width from base to tip: a power rises, another falls."""
        u = np.linspace(0, 1, _ENTRIES)
        widest = self.base / (self.base + self.tip)
        return (self.width * (u / widest) ** self.base * ((1 - u) / (1 - widest)) ** self.tip).astype(np.float32)

    @cached_property
    def _margin(self) -> Field:
        """Tabulate what lobes and teeth leave of the width."""
        risen = np.linspace(-2, 2, _ENTRIES)
        between_lobes = (1 + np.cos(np.pi * self.lobes * risen)) / 2
        between_teeth = np.mod(risen * self.teeth / 2, 1)
        return ((1 - self.depth * between_lobes) * (1 - self.bite * between_teeth)).astype(np.float32)

    def varied(self, draws: np.random.Generator) -> "Feathered":
        """Return another blade of this kind."""
        width, base, tip, slope = (float(draws.uniform(0.7, 1.4)) for _ in range(4))
        lobes, teeth, pairs = (float(draws.uniform(0.6, 1.6)) for _ in range(3))
        return replace(
            self,
            width=min(self.width * width, 0.8),
            base=self.base * base,
            tip=self.tip * tip,
            slope=self.slope * slope,
            lobes=self.lobes * lobes,
            teeth=self.teeth * teeth,
            pairs=self.pairs * pairs,
        )


@dataclass(frozen=True)
class Spread:
    """A blade about the end of its stalk, from which main veins spread. Units: degrees from the tip."""

    radii: tuple[float, ...]
    """Radius without lobes, at equal angles from the tip to the base."""
    rays: tuple[float, ...] = (0,)
    """Where main veins run."""
    lobes: tuple[float, ...] = ()
    """Radius at the end of each main vein's lobe."""
    breadth: float = 30
    """From the middle of a lobe to its side."""
    point: float = 1
    """Exponent of a lobe: 2 round, 1 pointed."""
    teeth: float = 0
    bite: float = 0
    """Share of the radius that is missing between teeth."""
    pairs: float = 5
    """Side veins of a main one."""
    slope: float = 0.8
    vein: float = 0.011
    below: float = 0.45
    """How far below the middle the stalk ends."""
    fan: float = 0
    """Fine veins that spread from the stalk, instead of main ones."""

    def anatomy(self, x: Field, y: Field) -> Anatomy:
        """Return what is at points of the plane."""
        up = y + self.below
        radius, angle = np.hypot(x, up), np.arctan2(np.abs(x), up)
        inside = look_up(self._radius, angle, 0, np.pi) - radius
        if self.fan:
            fine = _side_veins(self.vein, angle * self.fan, radius / self.fan)
            return Anatomy(inside, np.full_like(x, -1), *fine)
        off = angle - look_up(self._ray, angle, 0, np.pi)
        along, across = radius * np.cos(off), np.abs(radius * np.sin(off))
        main = 0.028 - 0.014 * along - across
        between = 1.3 / self.pairs / hypot(1, self.slope)
        turns = (along - self.slope * across) * (self.pairs / 1.3)
        return Anatomy(inside, main, *_side_veins(self.vein, turns, between))

    @cached_property
    def _radius(self) -> Field:
        """Tabulate the outline: a cosine series through the radii, lobes over it, teeth on both."""
        angle = np.linspace(0, np.pi, _ENTRIES)
        order = np.arange(len(self.radii))
        series = np.linalg.solve(np.cos(np.outer(order, order) * (np.pi / order[-1])), np.array(self.radii))
        outline = np.cos(np.outer(angle, order)) @ series
        for ray, length in zip(self.rays, self.lobes, strict=False):
            off = np.minimum(np.abs(np.rad2deg(angle) - ray) / self.breadth, 1)
            outline = np.maximum(outline, length * (1 - off**self.point))
        between_teeth = np.abs(np.mod(angle * (self.teeth / np.pi) + 0.5, 1) * 2 - 1)
        radius: Field = (outline * (1 - self.bite * between_teeth)).astype(np.float32)
        return radius

    @cached_property
    def _ray(self) -> Field:
        """Tabulate the nearest main vein."""
        angle, rays = np.linspace(0, np.pi, _ENTRIES), np.deg2rad(self.rays, dtype=np.float32)
        nearest: Field = rays[np.abs(angle[:, None] - rays).argmin(1)]
        return nearest

    def varied(self, draws: np.random.Generator) -> "Spread":
        """Return another blade of this kind."""
        breadth, point, slope = (float(draws.uniform(0.75, 1.3)) for _ in range(3))
        teeth, pairs = (float(draws.uniform(0.6, 1.6)) for _ in range(2))
        return replace(
            self,
            radii=tuple(radius * float(draws.uniform(0.85, 1.15)) for radius in self.radii),
            lobes=tuple(length * float(draws.uniform(0.8, 1.15)) for length in self.lobes),
            breadth=self.breadth * breadth,
            point=self.point * point,
            slope=self.slope * slope,
            teeth=self.teeth * teeth,
            pairs=self.pairs * pairs,
        )


def _side_veins(half: float, turns: Field, between: Field | float) -> tuple[Field, Field, Field]:
    """Return `side`, `gap` and `relief` of an anatomy, whose side veins lie at whole turns, so far apart."""
    gap = 2 * np.abs(turns - np.rint(turns))
    relief = -0.05 * np.cos(2 * np.pi * turns) * between
    return half - gap / 2 * between, gap, relief
