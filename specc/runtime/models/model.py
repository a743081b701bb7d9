"""A backbone and its heads."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import timm
import torch
from torch import Tensor, nn

from specc.data.randomness import integer
from specc.errors import DataError
from specc.plan.model import HeadPlan, LabelPlan, ModelPlan, Plan
from specc.runtime.models.answers import Answer
from specc.runtime.models.linear import Linear
from specc.runtime.models.routed import RoutedHeads
from specc.runtime.rng import seed_step

Outputs = dict[str, Answer]
"""What each head says."""


class ImageModel(nn.Module):
    """A timm backbone without its classifier, and the heads under their labels' names.

    Shapes: inputs["image"] is (samples, channels, rows, columns); outputs as `Outputs`.
    """

    def __init__(self, plan: ModelPlan, channels: int, labels: Mapping[str, LabelPlan]) -> None:
        super().__init__()
        self.backbone = _backbone(plan, channels)
        self.heads = Heads({head.name: build_head(head, plan.features or 0, labels) for head in plan.heads})
        self.routes = {head.name: head.routed_by for head in plan.heads if head.routed_by}

    def forward(self, inputs: Mapping[str, Tensor], given: Mapping[str, Tensor] | None = None) -> Outputs:
        """Run the backbone once and every head on its features; see `answers`."""
        return self.answers(self.features(inputs), given)

    def features(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the backbone sees; a frozen one runs without autograd. Shapes: (samples, width)."""
        trains = any(p.requires_grad for p in self.backbone.parameters())
        with torch.set_grad_enabled(trains and torch.is_grad_enabled()):
            features: Tensor = self.backbone(inputs["image"])
        return features

    def answers(self, features: Tensor, given: Mapping[str, Tensor] | None = None) -> Outputs:
        """Return what every head says.

        A routed head goes by the parent that is given (teacher forcing), else by the one that its parent's head says.
        """
        outputs = {name: Answer(head(features)) for name, head in self.heads.items() if name not in self.routes}
        waiting = dict(self.routes)
        while waiting:
            name = next(name for name, parent in waiting.items() if given is not None or parent in outputs)
            parent = waiting.pop(name)
            codes = given[parent].clamp(min=0) if given is not None else outputs[parent].predicted()
            outputs[name] = self.heads[name](features, codes)
        return {name: outputs[name] for name in self.heads}


class Heads(nn.ModuleDict):
    """Heads by their names, which may be those of a module's own methods, such as `type`."""

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """Take a head; a module of torch refuses the names of its methods."""
        assert module is not None  # noqa: S101
        self._modules[name] = module


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

MODELS: Final[dict[str, Callable[[ModelPlan, int, Mapping[str, LabelPlan]], ImageModel]]] = {"backbone": ImageModel}
"""Models by what the plan names: a backbone, or an architecture's kind."""


def build_head(head: HeadPlan, features: int, labels: Mapping[str, LabelPlan]) -> nn.Module:
    """Make one head for its label's classes, or one for each class of the label that it is routed by."""
    if head.routed_by:
        return RoutedHeads(
            features, labels[head.label or ""].children(len(labels[head.routed_by].classes or ())), head.dropout
        )
    return HEADS[head.kind](head, features, head.out or len(labels[head.label or ""].classes or ()))


def build_model(plan: Plan, *, pretrained: bool = False) -> ImageModel:
    """Make the model with weights that are a function of the seed, the backbone's by timm's training where asked.

    Raises: DataError when pretrained weights cannot be had.
    """
    seed_step(integer(plan.seed, "init"), torch.device("cpu"))
    kind = plan.model.architecture.kind if plan.model.architecture else "backbone"
    labels = {label.name: label for label in plan.data.labels}
    model = MODELS[kind](plan.model.model_copy(update={"pretrained": pretrained}), plan.data.channels, labels)
    _check_partition(plan, model)
    return model


def placed(model: ImageModel, device: torch.device) -> ImageModel:
    """Move a model to a device, its convolutions with channels last, as their fast kernels want them."""
    layout = torch.preserve_format if device.type == "mps" else torch.channels_last
    return model.to(device).to(memory_format=layout)


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
