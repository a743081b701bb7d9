"""What is known of timm's backbones without torch.

Records of some backbones ship with the package. Any other is described once, by a process of its own that loads timm,
and kept in the user's cache under timm's version.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from specc.diagnostics.suggest import did_you_mean
from specc.errors import InputError


@dataclass(frozen=True)
class Parameter:
    """One parameter; its depth counts layers from the classifier's, which is 0, as timm's layer decay does."""

    name: str
    shape: tuple[int, ...]
    depth: int
    decay: bool


@dataclass(frozen=True)
class Backbone:
    """A backbone without its classifier."""

    name: str
    features: int
    input_size: tuple[int, ...]
    fixed_input_size: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classifier: str | None
    """The plain linear classifier that timm's own model has, if it is one."""
    batch_norms: int
    parameters: tuple[Parameter, ...]


SHIPPED_FOR: Final = "1.0.31"
"""The version of timm that the shipped records and names were made by; for another one they are made anew."""

_KEYS: Final = {"name", "features", "input_size", "fixed_input_size", "mean", "std", "classifier"} | {
    "first_conv",
    "norms",
    "top_layer",
    "parameters",
}
"""What every record has."""


class UnknownBackbone(InputError):
    """A name that this timm does not have."""


def find_backbone(name: str, channels: int = 3) -> Backbone:
    """Return what is known of a backbone.

    Raises: UnknownBackbone with the nearest name.
    """
    record = _shipped(name) or _cached(name)
    if record is None:
        if name not in names() and version("timm") == SHIPPED_FOR:
            raise UnknownBackbone(f"timm has no model `{name}`", help=did_you_mean(name, names(), "models"))
        record = _described(name)
    return _backbone(record, channels)


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return every model name, with and without pretrained tags."""
    return frozenset(files("specc.compiler").joinpath("backbones/names.txt").read_text().split())


def _shipped(name: str) -> dict[str, Any] | None:
    path = files("specc.compiler").joinpath(f"backbones/{name}.json")
    return _record(path.read_text()) if version("timm") == SHIPPED_FOR and path.is_file() else None


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
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "specc" / f"timm-{version('timm')}" / f"{name}.json"


def _described(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "specc.runtime.models.describe", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    record = _record(result.stdout) if result.returncode == 0 else None
    if record is None:
        remedy = did_you_mean(name, names(), "models")
        raise UnknownBackbone(f"timm {version('timm')} cannot build `{name}`", help=remedy)
    path = _cache_path(name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(record), encoding="utf-8")
        temporary.replace(path)
    except OSError:
        pass  # a cache that cannot be written costs time, not correctness
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
        batch_norms=len(record["norms"]),
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
