"""Between torch's tensors and a checkpoint's bytes, without copies."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from specc.checkpoint.format import RawTensor

NAMES: Final[dict[torch.dtype, str]] = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
"""The safetensors name of each type that a run can hold."""

_TYPES: Final = {name: dtype for dtype, name in NAMES.items()}


def to_raw(tensors: Mapping[str, Tensor]) -> dict[str, RawTensor]:
    """Return views of tensors as bytes; those on a device are copied from it."""
    return {name: _raw(tensor) for name, tensor in tensors.items()}


def _raw(tensor: Tensor) -> RawTensor:
    plain = tensor.detach().cpu().contiguous()
    data = plain.view(-1).view(torch.uint8) if plain.numel() else torch.empty(0, dtype=torch.uint8)
    return RawTensor(NAMES[plain.dtype], tuple(plain.shape), data.numpy().data)


def from_raw(raw: Mapping[str, RawTensor]) -> dict[str, Tensor]:
    """Return bytes as tensors that share them; types that no run holds are left out."""
    return {name: _tensor(entry) for name, entry in raw.items() if entry.dtype in _TYPES}


def _tensor(entry: RawTensor) -> Tensor:
    dtype = _TYPES[entry.dtype]
    if not len(entry.data):
        return torch.empty(entry.shape, dtype=dtype)
    return torch.frombuffer(entry.data, dtype=dtype).view(entry.shape)


def all_finite(tensors: Mapping[str, Tensor]) -> bool:
    """Say whether no floating-point tensor holds a NaN or an infinity."""
    return all(bool(torch.isfinite(t).all()) for t in tensors.values() if t.is_floating_point())
