"""Seeding torch's own generators for what draws from them: dropout, drop-path, torchvision's transforms.

Not `torch.manual_seed`: while CUDA is not initialised that records a stack trace for every call and keeps it.
"""

import random

import torch


def seed_sample(seed: int) -> None:
    """Seed what a transform of one sample draws from."""
    torch.default_generator.manual_seed(seed)
    random.seed(seed)


def seed_step(seed: int, device: torch.device) -> None:
    """Seed what a model draws from on its device."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
    elif device.type == "mps":
        torch.mps.manual_seed(seed)
