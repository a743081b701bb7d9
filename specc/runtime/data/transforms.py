"""Transforms by kind, on 8-bit image tensors of (channels, rows, columns).

Each keeps the meaning of its published parameters; torchvision's v2 does the work, and effects.py what it has not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

from specc.plan.model import Operation
from specc.runtime.data.effects import RandomBlur, RandomCameraNoise, RandomExposure, RandomNoise, RandomShadow

Transform = Callable[[Tensor], Tensor]
Args = Mapping[str, Any]

_SMOOTH: Final = InterpolationMode.BILINEAR


def build_transforms(operations: Sequence[Operation]) -> Transform:
    """Return all transforms as one; without any, images stay as they are."""
    parts = [_build(operation) for operation in operations]

    def apply(image: Tensor) -> Tensor:
        for part in parts:
            image = part(image)
        return image

    return apply


def _build(operation: Operation) -> Transform:
    made = TRANSFORMS[operation.kind](operation.args)
    probability = operation.args.get("p", 1.0)
    return made if probability == 1.0 or operation.kind in _OWN_PROBABILITY else v2.RandomApply([made], probability)


def _resize(args: Args) -> Transform:
    size = [args["side"], args["side"]] if "side" in args else [args["shorter"]]
    resize: Transform = v2.Resize(size, _SMOOTH, antialias=True)
    return resize


def _random_crop(args: Args) -> Transform:
    crop: Transform = v2.RandomCrop(args["size"], padding=args["padding"] or None, pad_if_needed=True)
    return crop


def _random_resized_crop(args: Args) -> Transform:
    crop: Transform = v2.RandomResizedCrop(
        args["size"], tuple(args["scale"]), tuple(args["ratio"]), _SMOOTH, antialias=True
    )
    return crop


def _randaugment(args: Args) -> Transform:
    levels = args["out_of"] + 1
    policy: Transform = v2.RandAugment(args["n"], args["magnitude"], num_magnitude_bins=levels, interpolation=_SMOOTH)
    return policy


def _one_of(args: Args) -> Transform:
    choice: Transform = v2.RandomChoice([_build(Operation(**inner)) for inner in args["of"]])
    return choice


TRANSFORMS: Final[dict[str, Callable[[Args], Transform]]] = {
    "resize": _resize,
    "center_crop": lambda args: v2.CenterCrop(args["size"]),
    "random_crop": _random_crop,
    "random_resized_crop": _random_resized_crop,
    "hflip": lambda args: v2.RandomHorizontalFlip(args["p"]),
    "vflip": lambda args: v2.RandomVerticalFlip(args["p"]),
    "rotate": lambda args: v2.RandomRotation(args["degrees"], _SMOOTH),
    "translate": lambda args: v2.RandomAffine(0, translate=(args["fraction"], args["fraction"])),
    "color_jitter": lambda args: v2.ColorJitter(args["brightness"], args["contrast"], args["saturation"], args["hue"]),
    "brightness_contrast": lambda args: RandomExposure(args["brightness"], args["contrast"]),
    "grayscale": lambda args: v2.RandomGrayscale(args["p"]),
    "blur": lambda args: RandomBlur(args["kernel"]),
    "noise": lambda args: RandomNoise(args["variance"]),
    "iso_noise": lambda args: RandomCameraNoise(args["intensity"], args["color_shift"]),
    "jpeg": lambda args: v2.JPEG((math.ceil(args["quality"][0]), math.floor(args["quality"][1]))),
    "shadow": lambda args: RandomShadow(args["x"], args["y"], args["count"], args["intensity"]),
    "erase": lambda args: v2.RandomErasing(args["p"]),
    "randaugment": _randaugment,
    "trivial_augment": lambda args: v2.TrivialAugmentWide(interpolation=_SMOOTH),
    "one_of": _one_of,
}
"""Transforms by kind. `normalize` stands in no table: the compiler takes it out, and whole batches are normalised."""

_OWN_PROBABILITY: Final = frozenset({"hflip", "vflip", "grayscale", "erase"})
