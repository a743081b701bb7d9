"""Drawing a photograph: a leaf with its lesions, in a pose, on some ground, in some light."""

from math import copysign, cos, pi, sin
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.data.leaves.blades import Anatomy
from specc.data.leaves.diseases import Ground, lesions
from specc.data.leaves.fields import Field, covered, grid, lattice, noise
from specc.data.leaves.photos import Photo
from specc.data.leaves.scene import Light, background, cast_shadow, green, photographed
from specc.data.leaves.species import Species, species_at
from specc.data.randomness import stream

_WELL_INSIDE: Final = 0.06
"""How far from the edge the middle of a lesion is, at least."""


def draw(photo: Photo) -> NDArray[np.uint8]:
    """Draw a photograph. Shapes: (rows, columns, 3), 8 bit."""
    plant = (photo.species, photo.disease, photo.plant)
    own = stream(photo.seed, "leaves/plant", *plant)
    camera = stream(photo.seed, "leaves/photo", *plant, photo.number)
    pose, light = Pose.drawn(camera, photo.size), Light.drawn(camera)
    leaf = _grown(photo, own, pose)
    picture = background(camera, photo.size)
    cast_shadow(picture, np.maximum(leaf.anatomy.inside, leaf.stalk), light, camera)
    _lay(picture, leaf, light, pose.pixel)
    light.shine_on(picture)
    levels = np.rint(photographed(picture, camera).clip(0, 1) * 255)
    return np.ascontiguousarray(levels.astype(np.uint8).transpose(1, 2, 0))


class Pose(NamedTuple):
    """Where the pixels of a photograph lie in the plane of the blade."""

    x: Field
    y: Field
    pixel: float
    """Size of a pixel there."""

    @classmethod
    def drawn(cls, draws: np.random.Generator, size: int) -> "Pose":
        """Turn, move, tilt and mirror a blade."""
        scale, turn, side = draws.uniform(0.7, 0.95), draws.uniform(0, 2 * pi), copysign(1, draws.uniform(-1, 1))
        right, up, tilt_right, tilt_up = draws.uniform(-0.17, 0.17, 4).tolist()
        x, y = grid(size)
        x, y = (x - right) / scale, (y - up) / scale
        nearer = 1 / (1 + tilt_right * x + tilt_up * y)
        x, y = x * nearer, y * nearer
        return cls(side * (cos(turn) * x + sin(turn) * y), cos(turn) * y - sin(turn) * x, 2 / size / scale)


class Leaf(NamedTuple):
    """A leaf, before any light falls on it."""

    colour: Field
    anatomy: Anatomy
    stalk: Field
    """How far a point lies within the stalk."""
    gloss: Field


def _grown(photo: Photo, draws: np.random.Generator, pose: Pose) -> Leaf:
    """Grow one leaf of its species, with its disease."""
    kind = species_at(photo.species)
    x, y = _bent(pose, draws)
    knots = lattice(draws)
    coarse, fine = noise(knots, 3 * x, 3 * y), noise(knots, 9 * x, 9 * y)
    even = kind.blade.anatomy(x, y)
    relief = even.relief + draws.uniform(0.05, 0.3) * np.abs(x) + 0.07 * coarse
    anatomy = even._replace(inside=even.inside + 0.025 * coarse, relief=relief)
    veins = covered(np.maximum(anatomy.main, anatomy.side), pose.pixel)
    colour = _blade_colour(kind, veins, draws) * (1 + 0.08 * (coarse + fine))
    if photo.disease:
        ground = Ground(x, y, anatomy, lambda x, y: kind.blade.anatomy(x, y).inside > _WELL_INSIDE)
        lesion, cover = lesions(photo.disease, ground, draws, coarse + fine)
        colour += cover * (lesion - colour)
    stalk = np.minimum(0.03 - np.abs(x), np.minimum(-0.75 - y, y + 1.45))
    return Leaf(colour, anatomy, stalk, kind.gloss * (1 + 0.5 * coarse))


def _bent(pose: Pose, draws: np.random.Generator) -> tuple[Field, Field]:
    """Bend and stretch a blade as each one grows."""
    bend, lean = draws.uniform(-0.16, 0.16), draws.uniform(-0.08, 0.08)
    x = (pose.x - bend * (pose.y * pose.y - 0.3)) / draws.uniform(0.88, 1.12)
    return x, (pose.y + lean * x) / draws.uniform(0.94, 1.06)


def _blade_colour(kind: Species, veins: Field, draws: np.random.Generator) -> Field:
    """Colour a blade and its veins; plants of a species differ more than the means of two species."""
    tone = min(max(kind.tone + draws.uniform(-0.6, 0.6), -1.3), 1.3)
    light = min(max(kind.light + draws.uniform(-0.35, 0.35), 0), 1)
    blade = green(tone, light)
    blade += draws.uniform(0, 0.4) * (blade.mean() - blade)
    vein = green(tone - 0.3, light + 0.4) if kind.pale > 0 else blade / 2
    return blade + abs(kind.pale) * veins * (vein - blade)


def _lay(picture: Field, leaf: Leaf, light: Light, pixel: float) -> None:
    """Lay a leaf into a picture; slopes towards the light are brighter, and shine."""
    slope = light.slope(leaf.anatomy.relief)
    shine = 0.4 * leaf.gloss * (slope + 0.35).clip(0, 1) ** 4
    picture += covered(leaf.stalk, pixel) * (green(-0.8, 0.2) - picture)
    picture += covered(leaf.anatomy.inside, pixel) * (leaf.colour * (1 + 0.55 * slope) + shine - picture)
