"""Optimizers, by timm's factory, and their state under the parameters' own names."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from typing import Any, Final

import torch
from timm.optim import create_optimizer_v2  # type: ignore[attr-defined]
from torch import Tensor, nn

from specc.plan.model import Plan, StagePlan

Options = dict[str, Any]


def _adam(args: Mapping[str, Any]) -> Options:
    return {"betas": (args["beta1"], args["beta2"]), "eps": args["eps"], "fused": True}


def _lamb(args: Mapping[str, Any]) -> Options:
    return {"betas": (args["beta1"], args["beta2"]), "eps": args["eps"], "max_grad_norm": None}


def _sgd(args: Mapping[str, Any]) -> Options:
    return {"momentum": args["momentum"], "fused": True}


OPTIMIZERS: Final[dict[str, tuple[Callable[[Mapping[str, Any]], str], Callable[[Mapping[str, Any]], Options]]]] = {
    "adamw": (lambda args: "adamw", _adam),
    "adam": (lambda args: "adam", _adam),
    "sgd": (lambda args: "sgd" if args["nesterov"] else "momentum", _sgd),
    "rmsprop": (lambda args: "rmsprop", lambda args: {"momentum": args["momentum"], "alpha": args["alpha"]}),
    "lamb": (lambda args: "lamb", _lamb),
    "lion": (lambda args: "lion", lambda args: {"betas": (args["beta1"], args["beta2"])}),
}
"""timm's name of an optimizer and its options, by kind."""


def build_optimizer(plan: Plan, stage: StagePlan, model: nn.Module) -> torch.optim.Optimizer:
    """Return an optimizer over the groups that a stage trains, one of its own for each, in the plan's order."""
    parameters = dict(model.named_parameters())
    args = stage.optimizer.args
    groups = [
        {
            "params": [parameters[name] for name in group.parameters],
            "weight_decay": args["weight_decay"] if group.decay else 0.0,
            "name": group.name,
        }
        for group in plan.model.groups
        if group.name in stage.train
    ]
    name, options = OPTIMIZERS[stage.optimizer.kind]
    return create_optimizer_v2(groups, opt=name(args), lr=0.0, weight_decay=args["weight_decay"], **options(args))


def set_rate(optimizer: torch.optim.Optimizer, stage: StagePlan, rate: float) -> None:
    """Set each group's rate: the stage's, times the group's factor."""
    for group in optimizer.param_groups:
        group["lr"] = rate * stage.train[group["name"]]


def optimizer_tensors(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """Return the state as tensors named after the parameters."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    tensors: dict[str, Tensor] = {}
    for parameter, state in optimizer.state.items():
        for key, value in state.items():
            if value is not None:
                tensors[f"optim.{names[id(parameter)]}.{key}"] = torch.as_tensor(value)
    for group in optimizer.param_groups:
        if "step" in group:  # timm's lamb counts steps by group
            tensors[f"optim.groups.{group['name']}.step"] = torch.as_tensor(group["step"])
    return tensors


def load_optimizer(optimizer: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` returned; parameters without a state begin anew.

    Raises: ValueError when it is not what this optimizer keeps.
    """
    for group in optimizer.param_groups:
        if f"optim.groups.{group['name']}.step" in tensors:
            group["step"] = tensors[f"optim.groups.{group['name']}.step"].clone()
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        prefix = f"optim.{name}."
        state = {key[len(prefix) :]: value for key, value in tensors.items() if key.startswith(prefix)}
        if state and id(parameter) in groups:
            _check_state(state, _kept(optimizer, groups[id(parameter)], parameter), name)
            with_steps = bool(groups[id(parameter)].get("fused"))
            optimizer.state[parameter] = {k: _placed(v, parameter, with_steps=with_steps) for k, v in state.items()}


def _kept(optimizer: torch.optim.Optimizer, group: Mapping[str, Any], parameter: Tensor) -> dict[str, Any]:
    """Return what an optimizer keeps of a parameter, by a step of a copy of it with a parameter of the same shape."""
    twin = torch.zeros_like(parameter, requires_grad=True)
    twin.grad = torch.zeros_like(parameter)
    copied = copy(optimizer)
    copied.state = defaultdict(dict)
    own = {key: deepcopy(value) for key, value in group.items() if key != "params"}  # lamb counts steps in there
    copied.param_groups = [{**own, "params": [twin], "lr": 0.0}]
    copied.step()
    return {key: value for key, value in copied.state[twin].items() if value is not None}


def _check_state(found: Mapping[str, Tensor], kept: Mapping[str, Any], name: str) -> None:
    expected = {key: torch.as_tensor(value) for key, value in kept.items()}
    fits = found.keys() == expected.keys() and all(
        value.shape == expected[key].shape and value.dtype == expected[key].dtype for key, value in found.items()
    )
    if not fits or float(found.get("step", torch.zeros(())).min()) < 0:
        raise ValueError(f"the optimizer keeps something else of `{name}`")


def _placed(value: Tensor, parameter: Tensor, *, with_steps: bool) -> Tensor:
    """Put a state where torch keeps it, and laid out as the parameter is: fused optimizers go through memory in order.

    Counts of steps stay on the CPU unless the optimizer is fused.
    """
    if value.shape == parameter.shape and value.ndim:
        return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)
    return value.clone().to(parameter.device) if value.ndim or with_steps else value.clone()
