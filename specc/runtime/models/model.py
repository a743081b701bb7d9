"""A backbone and its heads."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import timm
import torch
from torch import Tensor, nn

from specc.data.randomness import integer
from specc.errors import DataError
from specc.plan.model import HeadPlan, ModelPlan, Plan
from specc.runtime.rng import seed_step

Outputs = dict[str, Tensor]
"""Logits by head. Shapes: (samples, classes) each."""


class ImageModel(nn.Module):
    """A timm backbone without its classifier, and the heads under their labels' names.

    Shapes: inputs["image"] is (samples, channels, rows, columns); outputs as `Outputs`.
    """

    def __init__(self, plan: ModelPlan, channels: int, classes: Mapping[str, int]) -> None:
        super().__init__()
        self.backbone = _backbone(plan, channels)
        self.heads = nn.ModuleDict({head.name: build_head(head, plan.features or 0, classes) for head in plan.heads})

    def forward(self, inputs: Mapping[str, Tensor]) -> Outputs:
        """Run the backbone once and every head on its features; a frozen backbone runs without autograd."""
        trains = any(p.requires_grad for p in self.backbone.parameters())
        with torch.set_grad_enabled(trains and torch.is_grad_enabled()):
            features = self.backbone(inputs["image"])
        return {name: head(features) for name, head in self.heads.items()}


class Linear(nn.Linear):
    """A linear head that starts at zero bias and small weights, as timm's classifiers do."""

    def __init__(self, features: int, out: int, dropout: float) -> None:
        super().__init__(features, out)
        self.dropout = dropout
        nn.init.trunc_normal_(self.weight, std=0.02)
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(nn.functional.dropout(features, self.dropout, self.training))


class Mlp(nn.Module):
    """Two layers with a ReLU between (the projection of SimCLR, arXiv 2002.05709)."""

    def __init__(self, features: int, hidden: int, out: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.out = nn.Linear(hidden, out)
        self.dropout = dropout

    def forward(self, features: Tensor) -> Tensor:
        """Return the outputs of the second layer."""
        features = nn.functional.dropout(features, self.dropout, self.training)
        outputs: Tensor = self.out(torch.relu(self.hidden(features)))
        return outputs


HEADS: Final[dict[str, Callable[[HeadPlan, int, int], nn.Module]]] = {
    "linear": lambda head, features, out: Linear(features, out, head.dropout),
    "mlp": lambda head, features, out: Mlp(features, head.hidden or features, out, head.dropout),
}
"""Heads by kind."""

MODELS: Final[dict[str, Callable[[ModelPlan, int, Mapping[str, int]], nn.Module]]] = {"backbone": ImageModel}
"""Models by what the plan names: a backbone, or an architecture's kind."""


def build_head(head: HeadPlan, features: int, classes: Mapping[str, int]) -> nn.Module:
    """Make one head for its label's classes."""
    return HEADS[head.kind](head, features, head.out or classes[head.label or ""])


def build_model(plan: Plan, *, pretrained: bool = False) -> nn.Module:
    """Make the model with weights that are a function of the seed, the backbone's by timm's training where asked.

    Raises: DataError when pretrained weights cannot be had.
    """
    seed_step(integer(plan.seed, "init"), torch.device("cpu"))
    kind = plan.model.architecture.kind if plan.model.architecture else "backbone"
    classes = {label.name: len(label.classes or ()) for label in plan.data.labels}
    model = MODELS[kind](plan.model.model_copy(update={"pretrained": pretrained}), plan.data.channels, classes)
    _check_partition(plan, model)
    return model


def _check_partition(plan: Plan, model: nn.Module) -> None:
    """Hold the plan's groups to the model that was built: every parameter in one, of the same shape."""
    planned = {name: shape for group in plan.model.groups for name, shape in group.parameters.items()}
    built = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    odd = sorted(name for name in {*planned, *built} if planned.get(name) != built.get(name))
    if odd:
        raise DataError(
            f"the plan and the installed timm {timm.__version__} disagree about `{odd[0]}`",
            help="compile the spec again",
        )


def _backbone(plan: ModelPlan, channels: int) -> nn.Module:
    name = plan.backbone or ""
    options: dict[str, Any] = {"drop_path_rate": plan.drop_path_rate} if plan.drop_path_rate else {}
    try:
        model: nn.Module = timm.create_model(
            name, pretrained=plan.pretrained, num_classes=0, in_chans=channels, **options
        )
    except TypeError as error:
        raise DataError(f"`{name}` cannot be made so: {error}", help="leave out what it does not take") from None
    except Exception as error:
        if not plan.pretrained:
            raise
        # The hub's client raises what it likes; whatever it was, the weights are not here.
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"the pretrained weights of `{name}` cannot be had: {reason}",
            help='go online once, or set model.start_from = "weights.safetensors" and pretrained = false',
        ) from None
    return model


def set_trainable(model: nn.Module, names: set[str]) -> None:
    """Switch autograd and the modules' modes to what a stage trains."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in names)
    set_training_mode(model)


def set_training_mode(model: nn.Module) -> None:
    """Put modules that train into training mode, and frozen ones into evaluation mode.

    A module trains when a parameter below it does; one without parameters goes with its parent. So the normalisation
    statistics of a frozen part stand still and its dropout and drop-path are off.
    """
    _set_mode(model, parent=False)


def _set_mode(module: nn.Module, *, parent: bool) -> None:
    parameters = list(module.parameters())
    module.training = any(p.requires_grad for p in parameters) if parameters else parent
    for child in module.children():
        _set_mode(child, parent=module.training)
