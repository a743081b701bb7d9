"""The model: that what is frozen stands still, and that the plan knows its parameters."""

import pytest
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn

from specc.errors import RunFailed
from specc.plan.model import Plan
from specc.runtime.models.frozen import check_statistics, frozen_statistics
from specc.runtime.models.model import build_model, set_trainable
from tests.runtime.helpers import SPEC, begun, compiled, made_step, random_batch

BACKBONES = ["test_resnet", "test_vit", "resnet10t", "mobilenetv2_100"]

SIZE_OF_VIT = (
    'augment.train=["resize(160)","normalize(imagenet)"]',
    'augment.eval=["resize(160)","normalize(imagenet)"]',
)


@pytest.fixture
def compile_backbone(tmp_path):
    """Return what compiles the spec with another backbone."""

    def make(name: str, *overrides: str) -> Plan:
        sized = SIZE_OF_VIT if name == "test_vit" else ()
        return compiled(tmp_path, f'model.backbone="{name}"', *sized, *overrides)

    return make


def image(plan: Plan) -> dict[str, Tensor]:
    return {"image": torch.randn(2, *plan.augment.input_size)}


def factors(plan: Plan, stage: int) -> dict[str, float]:
    """Return the factor of each parameter that a stage trains."""
    members = {group.name: group.parameters for group in plan.model.groups}
    return {name: factor for group, factor in plan.stages[stage].train.items() for name in members[group]}


@pytest.mark.parametrize("backbone", BACKBONES)
def test_groups_are_exactly_the_parameters_of_the_model(compile_backbone, backbone: str):
    plan = compile_backbone(backbone, 'model.heads.digit.kind="mlp"')
    planned = [(name, shape) for group in plan.model.groups for name, shape in group.parameters.items()]
    model = build_model(plan)
    assert sorted(planned) == sorted((name, tuple(p.shape)) for name, p in model.named_parameters())
    assert plan.parameter_count == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_weight_decay_is_for_what_timm_decays(compile_backbone, backbone: str):
    plan = compile_backbone(backbone)
    exempt = timm.create_model(backbone).no_weight_decay() if "vit" in backbone else set()
    decayed = {name for group in plan.model.groups if group.decay for name in group.parameters}
    for name, parameter in build_model(plan).named_parameters():
        assert (name in decayed) == (parameter.ndim > 1 and name.removeprefix("backbone.") not in exempt), name


@pytest.mark.parametrize("backbone", BACKBONES)
def test_layer_decay_is_timms(compile_backbone, backbone: str):
    found = factors(compile_backbone(backbone, 'stages.whole.rates="layer_decay(0.8)"'), 1)
    whole = timm.create_model(backbone, num_classes=10)
    groups = param_groups_layer_decay(whole, layer_decay=0.8)
    scale_of = {id(p): group["lr_scale"] for group in groups for p in group["params"]}
    theirs = {f"backbone.{name}": scale_of[id(p)] for name, p in whole.named_parameters()}
    classifier = whole.pretrained_cfg["classifier"]
    for name in ("weight", "bias"):
        theirs[f"heads.digit.{name}"] = theirs.pop(f"backbone.{classifier}.{name}")
    assert found == pytest.approx(theirs)
    assert theirs["heads.digit.weight"] == 1


def test_a_frozen_backbone_runs_without_autograd(plan):
    model = begun(plan, stage=0).model
    features: list[Tensor] = []
    model.backbone.register_forward_hook(lambda module, inputs, output: features.append(output))
    outputs = model(image(plan))
    assert not features[0].requires_grad
    assert outputs["digit"].logits.requires_grad


def test_a_frozen_backbone_does_not_move(plan):
    state = begun(plan, stage=0)
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    for seed in range(3):
        made_step(state, random_batch(plan, seed=seed))
    moved = {name for name, tensor in state.model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {"heads.digit.weight", "heads.digit.bias"}


def test_batch_norm_of_a_trained_backbone_does_move(plan):
    state = begun(plan, stage=1)
    made_step(state, random_batch(plan))
    buffers = dict(state.model.named_buffers())
    assert buffers["backbone.bn1.num_batches_tracked"] == 1


@pytest.mark.parametrize("stage", [0, 1])
def test_modules_train_with_their_parameters(compile_backbone, stage: int):
    """Dropout and drop-path have no parameters: they go with the module that they stand in."""
    plan = compile_backbone("test_vit", "model.drop_path_rate=0.5", "model.heads.digit.dropout=0.5")
    model = begun(plan, stage).model
    assert {module.training for module in model.backbone.modules()} == {stage == 1}
    assert model.heads["digit"].training
    model.heads["digit"].dropout = 0.0
    inputs = image(plan)
    same = torch.equal(model(inputs)["digit"].logits, model(inputs)["digit"].logits)
    assert same == (stage == 0)


def test_dropout_of_a_frozen_head_is_off(compile_backbone):
    plan = compile_backbone("test_resnet", "model.heads.digit.dropout=0.5")
    model = build_model(plan)
    set_trainable(model, {name for name, _ in model.backbone.named_parameters(prefix="backbone")})
    assert not model.heads["digit"].training
    assert model.backbone.training


def test_a_partly_frozen_backbone_keeps_only_that_part_still(compile_backbone):
    plan = compile_backbone("test_resnet", 'stages.whole.train="all - backbone.conv1 - backbone.bn1"')
    state = begun(plan, stage=1)
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    assert not state.model.backbone.bn1.training
    assert state.model.backbone.layer1.training
    for _ in range(2):  # timm's residual branches begin at zero, so that the first step cannot reach behind them
        made_step(state, random_batch(plan))
    still = {name for name, tensor in state.model.state_dict().items() if torch.equal(tensor, before[name])}
    assert still == {name for name in before if name.startswith(("backbone.conv1.", "backbone.bn1."))}
    assert all(p.grad is None for p in state.model.backbone.conv1.parameters())


def test_statistics_that_move_although_frozen_are_found(plan):
    model = begun(plan, stage=0).model
    frozen = frozen_statistics(model)
    check_statistics(model, frozen)
    model.backbone.bn1.running_mean += 1
    with pytest.raises(RunFailed, match=r"backbone\.bn1\.running_mean"):
        check_statistics(model, frozen)


def test_heads_begin_small_and_without_a_bias(plan):
    head = build_model(plan).heads["digit"]
    assert isinstance(head, nn.Linear)
    assert 0.01 < head.weight.std() < 0.03
    assert (head.bias == 0).all()


def test_weights_begin_by_the_seed_alone(plan):
    first = build_model(plan).state_dict()
    torch.rand(7)
    again = build_model(plan).state_dict()
    other = build_model(plan.model_copy(update={"seed": 99})).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["heads.digit.weight"], other["heads.digit.weight"])


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_images_may_have_other_channels(compile_backbone, backbone: str, channels: int):
    plan = compile_backbone(backbone, f"data.channels={channels}")
    planned = {name: shape for group in plan.model.groups for name, shape in group.parameters.items()}
    model = build_model(plan)
    assert planned == {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert model(image(plan))["digit"].logits.shape == (2, 10)


@pytest.mark.parametrize("name", ["type", "train", "keys", "forward"])
def test_a_head_may_be_called_like_a_method_of_a_module(tmp_path, name: str):
    spec = SPEC.replace("labels.digit = {}", f'labels.{name} = {{ column = "digit" }}')
    spec = spec.replace("heads.digit =", f"heads.{name} =").replace("heads.digit", f"heads.{name}")
    plan = compiled(tmp_path, spec=spec.replace("(digit", f"({name}"))
    model = build_model(plan)
    assert model.train()(image(plan))[name].logits.shape == (2, 10)
    assert f"heads.{name}.weight" in model.state_dict()
