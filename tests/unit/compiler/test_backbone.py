"""What is known of timm's backbones without torch."""

import json
import subprocess

import pytest

from specc.compiler import backbone
from specc.compiler.backbone import UnknownBackbone, find_backbone, names


def test_a_record_that_ships():
    found = find_backbone("resnet18")
    assert (found.features, found.input_size, found.fixed_input_size) == (512, (3, 224, 224), False)
    assert (found.classifier, found.batch_norms) == ("fc", 20)
    assert sum(shape_size(p.shape) for p in found.parameters) == 11_176_512


def shape_size(shape: tuple[int, ...]) -> int:
    return 1 if not shape else shape[0] * shape_size(shape[1:])


def test_depths_count_from_the_top():
    depths = {p.name: p.depth for p in find_backbone("vit_tiny_patch16_224").parameters}
    assert depths["patch_embed.proj.weight"] == max(depths.values())
    assert depths["blocks.11.mlp.fc2.weight"] < depths["blocks.0.mlp.fc2.weight"]
    assert depths["norm.weight"] == min(depths.values()) == 1


def test_biases_and_norms_do_not_decay():
    decay = {p.name: p.decay for p in find_backbone("resnet18").parameters}
    assert decay["conv1.weight"]
    assert not decay["bn1.weight"]
    assert not decay["bn1.bias"]


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_first_layer_follows_the_channels(channels):
    found = find_backbone("resnet18", channels)
    assert found.input_size[0] == channels
    assert found.parameters[0].shape == (64, channels, 7, 7)
    assert find_backbone("resnet18").parameters[1:] == found.parameters[1:]


@pytest.mark.parametrize(
    ("name", "meant"), [("resnet_18", "resnet18"), ("vit_tiny_patch16_225", "vit_tiny_patch16_224")]
)
def test_an_unknown_name_has_a_neighbour(name, meant):
    with pytest.raises(UnknownBackbone) as caught:
        find_backbone(name)
    assert caught.value.help == f"did you mean `{meant}`?"


def test_every_record_that_ships_has_a_known_name():
    folder = backbone._SHIPPED
    shipped = {path.name.removesuffix(".json") for path in folder.iterdir() if path.name.endswith(".json")}
    assert shipped <= names()
    assert {find_backbone(name).name for name in shipped} == shipped


def test_any_other_is_described_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = find_backbone("test_efficientnet")
    (record,) = tmp_path.rglob("*.json")
    assert json.loads(record.read_text())["name"] == "test_efficientnet"
    monkeypatch.setattr(subprocess, "run", None)
    assert find_backbone("test_efficientnet") == found


@pytest.mark.parametrize("text", ["", '{"name": "test_eff', "[]", "\0", "{}"])
def test_a_damaged_record_is_not_taken(tmp_path, monkeypatch, text):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = backbone._cache_path("test_efficientnet")
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert backbone._cached("test_efficientnet") is None
