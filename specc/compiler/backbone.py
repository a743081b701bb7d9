"""What is known of timm's backbones without torch.

Records of some backbones ship with the package. Any other is described once, by a process of its own that loads timm,
and kept in the user's cache under timm's version.
"""

import json
import re
import subprocess
import sys
from difflib import get_close_matches
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final, NamedTuple

from specc.cache import cached_path, keep
from specc.diagnostics.suggest import closest, did_you_mean
from specc.errors import InputError


class Parameter(NamedTuple):
    """One parameter; its depth counts layers from the classifier's, which is 0, as timm's layer decay does."""

    name: str
    shape: tuple[int, ...]
    depth: int
    decay: bool


class Backbone(NamedTuple):
    """A backbone without its classifier."""

    name: str
    features: int
    input_size: tuple[int, ...]
    fixed_input_size: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classifier: str | None
    """The plain linear classifier that timm's own model has, if it is one."""
    norms: tuple[str, ...]
    """Its layers of batch normalisation."""
    drops_paths: bool
    """Whether it can be made with stochastic depth."""
    parameters: tuple[Parameter, ...]

    @property
    def batch_norms(self) -> int:
        """Return the number of layers of batch normalisation."""
        return len(self.norms)


SHIPPED_FOR: Final = "1.0.31"
"""The version of timm that the shipped records and names were made by; for another one they are made anew."""

_KEYS: Final = {"name", "features", "input_size", "fixed_input_size", "mean", "std", "classifier"} | {
    "first_conv",
    "norms",
    "drops_paths",
    "top_layer",
    "parameters",
}
"""What every record has."""


_SHIPPED: Final = Path(__file__).parent / "backbones"


class UnknownBackbone(InputError):
    """A name that this timm does not have."""


def find_backbone(name: str, channels: int = 3) -> Backbone:
    """Return what is known of a backbone.

    Raises: UnknownBackbone with the nearest name.
    """
    record = _shipped(name) or _cached(name)
    if record is None:
        if name not in names() and _timm() == SHIPPED_FOR:
            raise UnknownBackbone(f"timm has no model `{name}`", help=_remedy(name))
        record = _described(name)
    return _backbone(record, channels)


def has_weights(name: str) -> bool:
    """Say whether timm has pretrained weights of a model, as far as its names are known.

    >>> has_weights("resnet18"), has_weights("resnet18.a1_in1k"), has_weights("resnet200")
    (True, True, False)
    """
    return _timm() != SHIPPED_FOR or "." in name or bool(_tagged(name))


def _tagged(architecture: str) -> list[str]:
    """Return the names of an architecture's pretrained weights."""
    return [name for name in names() if name.startswith(f"{architecture}.")]


def _remedy(name: str) -> str:
    """Name the nearest weights of the same architecture, or the nearest models."""
    tagged = _tagged(name.partition(".")[0])
    if tagged or closest(name, names()):
        return did_you_mean(name, tagged or names(), "weights")
    models = sorted(each for each in names() if "." not in each)
    near = [each for each in models if each.startswith(name.lower())] or [each for each in models if name in each]
    return f"the nearest are {', '.join((near or get_close_matches(name, models, cutoff=0))[:3])}"


@cache
def names() -> frozenset[str]:
    """Return every model name, with and without pretrained tags."""
    return frozenset((_SHIPPED / "names.txt").read_text(encoding="utf-8").split())


@cache
def _timm() -> str:
    """Return the version of timm; the head of its metadata is searched, for parsing all of it takes far longer."""
    metadata = distribution("timm").read_text("METADATA") or ""
    found = re.search(r"^Version: (.+)$", metadata, re.MULTILINE)
    return found[1] if found else distribution("timm").version


def _shipped(name: str) -> dict[str, Any] | None:
    path = _SHIPPED / f"{name}.json"
    return _record(path.read_text(encoding="utf-8")) if _timm() == SHIPPED_FOR and path.is_file() else None


def _cached(name: str) -> dict[str, Any] | None:
    path = _cache_path(name)
    return _record(path.read_text(encoding="utf-8")) if path.is_file() else None


def _record(text: str) -> dict[str, Any] | None:
    try:
        record = json.loads(text)
    except ValueError:
        return None
    return record if isinstance(record, dict) and record.keys() >= _KEYS else None


def _cache_path(name: str) -> Path:
    return cached_path(f"timm-{_timm()}", f"{name}.json")


def _described(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "specc.runtime.models.describe", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    record = _record(result.stdout) if result.returncode == 0 else None
    if record is None:
        raise UnknownBackbone(f"timm {_timm()} cannot build `{name}`", help=_remedy(name))
    keep(_cache_path(name), json.dumps(record))
    return record


def _backbone(record: dict[str, Any], channels: int) -> Backbone:
    first = f"{record['first_conv']}.weight"
    return Backbone(
        name=record["name"],
        features=record["features"],
        input_size=(channels, *record["input_size"][1:]),
        fixed_input_size=record["fixed_input_size"],
        mean=tuple(record["mean"]),
        std=tuple(record["std"]),
        classifier=record["classifier"],
        norms=tuple(name for name, _ in record["norms"]),
        drops_paths=record["drops_paths"],
        parameters=tuple(
            Parameter(
                name,
                _with_channels(shape, channels) if name == first else tuple(shape),
                record["top_layer"] - layer,
                decay,
            )
            for name, shape, layer, decay in record["parameters"]
        ),
    )


def _with_channels(shape: list[int], channels: int) -> tuple[int, ...]:
    return (shape[0], channels, *shape[2:])
