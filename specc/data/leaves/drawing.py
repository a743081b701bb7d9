"""Drawing a photograph: a leaf with its lesions, in a pose, on some ground, in some light."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from specc.data.leaves.diseases import Ground, lesions
from specc.data.leaves.fields import Field, covered, grid, lattice, noise
from specc.data.leaves.photos import Photo
from specc.data.leaves.scene import Light, background, cast_shadow, green, photographed
from specc.data.leaves.species import Anatomy, Species, species_at
from specc.data.randomness import stream

_WELL_INSIDE = 0.06
"""How far from the edge the middle of a lesion is, at least."""


def draw(photo: Photo) -> NDArray[np.uint8]:
    """Draw a photograph. Shapes: (rows, columns, channels), 8 bit."""
    own = stream(photo.seed, "leaves/plant", photo.species, photo.disease, photo.plant)
    camera = stream(photo.seed, "leaves/photo", photo.species, photo.disease, photo.plant, photo.number)
    pose, light = Pose.drawn(camera, photo.size), Light.drawn(camera)
    leaf = _leaf(photo, own, pose)
    picture = background(camera, photo.size)
    cast_shadow(picture, np.maximum(leaf.anatomy.inside, leaf.stalk), light, camera)
    _lay(picture, leaf, light, pose.pixel)
    light.shine_on(picture)
    levels = np.clip(photographed(picture, camera), 0, 1) * 255
    return np.ascontiguousarray(np.rint(levels).astype(np.uint8).transpose(1, 2, 0))


class Pose(NamedTuple):
    """Where the pixels of a photograph lie in the plane of the blade."""

    x: Field
    y: Field
    pixel: float
    """Size of a pixel there."""

    @classmethod
    def drawn(cls, draws: np.random.Generator, size: int) -> "Pose":
        """Turn, move, tilt and mirror a blade."""
        scale, turn = draws.uniform(0.62, 0.92), draws.uniform(0, 2 * np.pi)
        right, up, tilt_right, tilt_up = draws.uniform(-0.17, 0.17, 4).astype(np.float32)
        mirror = np.float32(np.copysign(1, draws.uniform(-1, 1)))
        x, y = grid(size)
        x, y = (x - right) / np.float32(scale), (y - up) / np.float32(scale)
        near = 1 / (1 + tilt_right * x + tilt_up * y)
        x, y = x * near, y * near
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        return cls((cos * x + sin * y) * mirror, cos * y - sin * x, 2 / size / scale)


class Leaf(NamedTuple):
    """A leaf as it lies there, before any light."""

    colour: Field
    anatomy: Anatomy
    stalk: Field
    """How far a point lies within the stalk."""
    gloss: Field


def _leaf(photo: Photo, draws: np.random.Generator, pose: Pose) -> Leaf:
    """Grow one leaf of its species, with its disease."""
    kind = species_at(photo.species)
    x, y = _grown(pose, draws)
    knots = lattice(draws)
    coarse, fine = noise(knots, 3 * x, 3 * y), noise(knots, 9 * x, 9 * y)
    anatomy = kind.blade.anatomy(x, y)
    fold = np.float32(draws.uniform(0.05, 0.3))
    relief = anatomy.relief + fold * np.abs(x) + np.float32(0.07) * coarse
    anatomy = anatomy._replace(inside=anatomy.inside + np.float32(0.025) * coarse, relief=relief)
    veins = covered(np.maximum(anatomy.main, anatomy.side), pose.pixel)
    colour = _blade_colour(kind, veins, draws)
    colour *= 1 + np.float32(0.08) * (coarse + fine)
    if photo.disease:
        ground = Ground(x, y, anatomy, lambda x, y: kind.blade.anatomy(x, y).inside > _WELL_INSIDE)
        lesion, cover = lesions(photo.disease, ground, draws, coarse + fine)
        colour += cover * (lesion - colour)
    stalk = np.minimum(np.float32(0.03) - np.abs(x), np.minimum(-y - np.float32(0.75), y + np.float32(1.45)))
    return Leaf(colour, anatomy, stalk, np.float32(kind.gloss) * (1 + np.float32(0.5) * coarse))


def _grown(pose: Pose, draws: np.random.Generator) -> tuple[Field, Field]:
    """Bend and stretch a blade as each one grows."""
    bend, lean = np.float32(draws.uniform(-0.16, 0.16)), np.float32(draws.uniform(-0.08, 0.08))
    wide, long = np.float32(draws.uniform(0.88, 1.12)), np.float32(draws.uniform(0.94, 1.06))
    x = (pose.x - bend * (pose.y * pose.y - np.float32(0.3))) / wide
    return x, (pose.y + lean * x) / long


def _blade_colour(kind: Species, veins: Field, draws: np.random.Generator) -> Field:
    tone = float(np.clip(kind.tone + draws.uniform(-0.55, 0.55), -1.2, 1.2))
    light = float(np.clip(kind.light + draws.uniform(-0.35, 0.35), 0, 1))
    blade = green(tone, light)
    vein = green(tone - 0.3, light + 0.4) if kind.pale > 0 else blade / 2
    return blade + np.float32(abs(kind.pale)) * veins * (vein - blade)


def _lay(picture: Field, leaf: Leaf, light: Light, pixel: float) -> None:
    """Lay a leaf into a picture; slopes towards the light are brighter, and shine."""
    slope = light.slope(leaf.anatomy.relief)
    shine = np.clip(slope + np.float32(0.35), 0, 1) ** 4 * leaf.gloss * np.float32(0.4)
    lit = 1 + np.float32(0.55) * slope
    picture += covered(leaf.stalk, pixel) * (green(-0.8, 0.2) - picture)
    picture += covered(leaf.anatomy.inside, pixel) * (leaf.colour * lit + shine - picture)
