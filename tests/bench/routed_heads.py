"""Routed heads, 320 parents with 300 classes each, beside a loop over `nn.ModuleDict` and two products.

    python -m tests.bench.routed_heads [--batch 256] [--features 768] [--rounds 5]

Each is timed for forward, loss, backward and a step of AdamW, interleaved, in one process; `--only specc` gives the
peak memory of one by itself. The floor is the time to move the bytes that the step must read and write of the heads
that are in the batch.
"""

import argparse
import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from specc.runtime.models.answers import Answer
from specc.runtime.models.routed import RoutedHeads

PARENTS, CHILDREN = 320, 300
PASSES = 10
"""What a step moves at least, in arrays of the weights' size: the weight is read forward, and backward for the slope of
the features; the gradient is written; the optimizer reads weight, gradient and two moments, and writes all but the
gradient."""


class Masked(nn.Module):
    """One matrix for the classes of all parents; those of other parents are masked out of every sample."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, PARENTS * CHILDREN)

    def forward(self, features: Tensor, routes: Tensor) -> Tensor:
        logits = self.linear(features).view(len(features), PARENTS, CHILDREN)
        own = functional.one_hot(routes, PARENTS).bool()[:, :, None]
        return logits.masked_fill(~own, -torch.inf).flatten(1)


class Grouped(RoutedHeads):
    """The same heads without a loop over those of the batch: they are stacked for one grouped product."""

    def forward(self, features: Tensor, routes: Tensor) -> Answer:
        order = torch.argsort(routes, stable=True)
        parents, sizes = torch.unique_consecutive(routes[order], return_counts=True)
        heads = [self[index] for index in parents.tolist()]
        weights = torch.stack([head.weight for head in heads]).transpose(1, 2)
        biases = torch.stack([head.bias for head in heads]).repeat_interleave(sizes, 0)
        ends = sizes.cumsum(0).to(torch.int32)
        logits = functional.grouped_mm(features[order], weights, offs=ends) + biases
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order))
        return Answer(logits[back], self.first[routes])


def loss_of_routed(heads: RoutedHeads, features: Tensor, routes: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(heads(features, routes).logits, targets)


def loss_of_loop(heads: nn.ModuleDict, features: Tensor, routes: Tensor, targets: Tensor) -> Tensor:
    losses = []
    for route in routes.unique().tolist():
        own = routes == route
        losses.append(functional.cross_entropy(heads[str(route)](features[own]), targets[own], reduction="sum"))
    return torch.stack(losses).sum() / len(features)


def loss_of_masked(heads: Masked, features: Tensor, routes: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(heads(features, routes), routes * CHILDREN + targets)


def step(heads: nn.Module, optimizer: torch.optim.Optimizer, loss: Callable[..., Tensor], batch: Any) -> float:
    """Make a step as training does, and return its seconds."""
    began = time.perf_counter()
    features = batch[0].clone().requires_grad_()
    loss(heads, features, *batch[1:]).backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return time.perf_counter() - began


def memory(what: str) -> float:
    """Return what Linux says of this process's memory. Units: MiB."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def floor(present: int, features: int) -> float:
    """Return the seconds of moving the bytes of the present heads; a copy reads and writes."""
    array, other = torch.ones(present * CHILDREN, features), torch.zeros(present * CHILDREN, features)
    began = time.perf_counter()
    for _ in range(PASSES // 2):
        other.copy_(array)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--features", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", metavar="NAME", help="one contender, for its peak memory in a process of its own")
    given = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    routes = torch.randint(PARENTS, (given.batch,), generator=generator)
    batch = (
        torch.randn(given.batch, given.features, generator=generator),
        routes,
        torch.randint(CHILDREN, (given.batch,), generator=generator),
    )
    contenders: dict[str, tuple[nn.Module, Callable[..., Tensor]]] = {
        "specc": (RoutedHeads(given.features, [CHILDREN] * PARENTS, 0.0), loss_of_routed),
        "ModuleDict": (
            nn.ModuleDict({str(i): nn.Linear(given.features, CHILDREN) for i in range(PARENTS)}),
            loss_of_loop,
        ),
    }
    if hasattr(functional, "grouped_mm"):  # torch 2.10
        contenders["grouped product"] = (Grouped(given.features, [CHILDREN] * PARENTS, 0.0), loss_of_routed)
    contenders["masked product"] = (Masked(given.features), loss_of_masked)
    contenders = {name: it for name, it in contenders.items() if given.only in (None, name)}
    optimizers = {
        name: torch.optim.AdamW(heads.parameters(), lr=1e-4, fused=True) for name, (heads, _) in contenders.items()
    }
    present = len(routes.unique())
    print(f"{present} of {PARENTS} parents in a batch of {given.batch}, {torch.get_num_threads()} threads")
    times: dict[str, list[float]] = {name: [] for name in [*contenders, "floor"]}
    for round_number in range(given.rounds + 1):
        for name, (heads, loss) in contenders.items():
            ctypes.CDLL(None).malloc_trim(0)  # what was freed before is no gift to this step
            before = memory("VmRSS")
            Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
            seconds = step(heads, optimizers[name], loss, batch)
            if round_number == 0:
                print(f"{name}: its first step takes {memory('VmHWM') - before:,.0f} MiB at most")
            else:
                times[name].append(seconds)
        if round_number:
            times["floor"].append(floor(present, given.features))
    base = statistics.median(times["specc" if given.only is None else given.only])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:>15} {1000 * median:8.1f} ms  {median / base:6.2f}")


if __name__ == "__main__":
    main()
