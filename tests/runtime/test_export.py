"""The exported folder, read by plain timm."""

import json
from pathlib import Path
from unittest.mock import patch

import pytest
import safetensors.torch
import timm
import torch

from specc.checkpoint.atomic import write_atomic
from specc.errors import RunFailed
from specc.export.timm_folder import export_timm
from specc.plan.model import Plan
from specc.runtime.state import State
from tests.runtime.helpers import SPEC, begun, compiled

TWO_HEADS = SPEC.replace("labels.digit = {}", "labels.digit = {}\nlabels.again = { column = 'digit' }").replace(
    'heads.digit = { kind = "linear" }', 'heads.digit = { kind = "linear" }\nheads.again = { kind = "mlp", hidden = 8 }'
)


def exported(plan: Plan, folder: Path) -> State:
    """Write the best weights of a model that is not trained and export them."""
    state = begun(plan)
    write_atomic(folder / "best.safetensors", state.snapshot("best").encoded().chunks())
    export_timm(plan, folder / "best.safetensors", folder / "export")
    return state


def same_outputs(model: torch.nn.Module, state: State, plan: Plan) -> bool:
    images = torch.randn(3, *plan.augment.input_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = state.model.eval()({"image": images})["digit"].logits
        return torch.allclose(model.eval()(images), expected, atol=1e-6)


BACKBONES = ["test_resnet", "resnet10t", "mobilenetv2_100", "test_vit"]


def plan_of(backbone: str, folder: Path) -> Plan:
    spec = SPEC.replace("resize(32)", "resize(160)") if backbone == "test_vit" else SPEC
    return compiled(folder, f'model.backbone="{backbone}"', spec=spec)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_timm_gives_the_same_outputs(tmp_path, backbone: str):
    plan = plan_of(backbone, tmp_path)
    state = exported(plan, tmp_path)
    weights = tmp_path / "export" / "model.safetensors"
    model = timm.create_model(backbone, num_classes=10, checkpoint_path=str(weights))
    assert same_outputs(model, state, plan)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_folder_in_the_form_of_timms_hub_needs_no_arguments(tmp_path, backbone: str):
    plan = plan_of(backbone, tmp_path)
    state = exported(plan, tmp_path)
    model = timm.create_model(f"local-dir:{tmp_path / 'export'}", pretrained=True)
    assert same_outputs(model, state, plan)


def test_timm_refuses_a_folder_in_which_an_export_was_cut_short(tmp_path):
    exported(compiled(tmp_path), tmp_path)
    full = patch("specc.export.timm_folder.write_text_atomic", autospec=True, side_effect=RunFailed("no space"))
    with full, pytest.raises(RunFailed):
        exported(compiled(tmp_path, 'model.backbone="resnet10t"'), tmp_path)
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        timm.create_model(f"local-dir:{tmp_path / 'export'}", pretrained=True)


def test_grey_images_need_only_their_number_of_channels(tmp_path):
    plan = compiled(tmp_path, "data.channels=1")
    state = exported(plan, tmp_path)
    weights = tmp_path / "export" / "model.safetensors"
    model = timm.create_model("test_resnet", num_classes=10, in_chans=1, checkpoint_path=str(weights))
    assert same_outputs(model, state, plan)


def test_the_config_says_what_the_outputs_mean(plan, tmp_path):
    exported(plan, tmp_path)
    config = json.loads((tmp_path / "export" / "config.json").read_text())
    assert config["architecture"] == "test_resnet"
    assert config["label_names"] == [str(digit) for digit in range(10)]
    assert config["num_classes"] == config["pretrained_cfg"]["num_classes"] == 10
    assert config["pretrained_cfg"]["input_size"] == [3, 32, 32]
    assert config["pretrained_cfg"]["mean"] == plan.augment.normalize.args["mean"]
    assert config["specc"]["plan_digest"] == plan.digest


def test_other_heads_lie_beside_the_classifier(tmp_path):
    plan = compiled(tmp_path, 'defaults.loss="cross_entropy(digit) + cross_entropy(again)"', spec=TWO_HEADS)
    state = exported(plan, tmp_path)
    heads = safetensors.torch.load_file(tmp_path / "export" / "heads.safetensors")
    own = {name: tensor for name, tensor in state.model.state_dict().items() if name.startswith("heads.again.")}
    assert heads.keys() == own.keys()
    assert all(torch.equal(heads[name], tensor) for name, tensor in own.items())
    classifier = safetensors.torch.load_file(tmp_path / "export" / "model.safetensors")
    assert torch.equal(classifier["fc.weight"], state.model.heads["digit"].weight)


def test_a_head_that_is_no_linear_layer_is_no_classifier(tmp_path):
    plan = compiled(tmp_path, 'model.heads.digit.kind="mlp"')
    exported(plan, tmp_path)
    weights = safetensors.torch.load_file(tmp_path / "export" / "model.safetensors")
    headless = timm.create_model("test_resnet", num_classes=0, checkpoint_path="")
    assert weights.keys() == headless.state_dict().keys()
    assert (tmp_path / "export" / "heads.safetensors").is_file()
