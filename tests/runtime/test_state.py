"""The state's way into a checkpoint and back."""

import json
import math

import pytest
import safetensors.torch
import torch

from specc.checkpoint.atomic import write_atomic
from specc.runtime.resume import read_info, read_tensors
from specc.runtime.state import State
from tests.runtime.helpers import begun, compiled, made_step, random_batch

OPTIMIZERS = [
    "adamw()",
    "adam()",
    "sgd(momentum = 0.9)",
    "sgd(momentum = 0.9, nesterov = true)",
    "lamb()",
    "lion()",
    "rmsprop(momentum = 0.9)",
]


@pytest.fixture
def compile_spec(tmp_path):
    return lambda *overrides: compiled(tmp_path, *overrides)


def through_bytes(state: State, path) -> State:
    """Write a state, and read it into another one that began elsewhere."""
    write_atomic(path, state.snapshot("last").encoded().chunks())
    other = begun(state.plan)
    made_step(other, random_batch(state.plan, seed=99))
    other.restore(read_info(path), read_tensors(path)[1])
    return other


def assert_same(one: State, other: State) -> None:
    left, right = one.tensors(), other.tensors()
    assert left.keys() == right.keys()
    for name, tensor in left.items():
        assert tensor.dtype == right[name].dtype, name
        assert torch.equal(tensor, right[name]), name


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on_from_a_file_to_the_same_bits(compile_spec, tmp_path, optimizer: str):
    plan = compile_spec(f'defaults.optimizer="{optimizer}"', "model.ema_decay=0.9", "stages.whole.lr=1e-3")
    state = begun(plan, stage=1)
    for seed in range(2):
        made_step(state, random_batch(plan, seed=seed))
    other = through_bytes(state, tmp_path / "state.safetensors")
    assert_same(state, other)
    for each in (state, other):
        made_step(each, random_batch(plan, seed=7))
    assert_same(state, other)


def test_progress_comes_back(compile_spec, tmp_path):
    plan = compile_spec()
    state = begun(plan, stage=1)
    row = {"stage": "whole", "epoch": 1, "step": 4, "train": {"loss": 2.0}, "val": {"loss": math.inf}, "lr": 1e-3}
    state.step, state.history, state.epoch_losses = 6, [row], [0.1 + 0.2, 1 / 3]
    state.best = {"stage": "whole", "epoch": 1, "metric": "loss", "value": 1 / 3}
    other = through_bytes(state, tmp_path / "state.safetensors")
    assert (other.stage, other.step, other.history, other.best) == (1, 6, [row], state.best)
    assert other.epoch_losses == [0.1 + 0.2, 1 / 3]
    assert other.global_step == plan.stages[0].steps + 6


def test_the_scale_of_fp16_comes_back(compile_spec, tmp_path):
    plan = compile_spec('stages.whole.precision="fp16"')
    state = begun(plan, stage=1)
    for seed in range(3):
        made_step(state, random_batch(plan, seed=seed))
    state.scaler.update(2.0**7)
    other = through_bytes(state, tmp_path / "state.safetensors")
    assert other.scaler.state_dict() == state.scaler.state_dict()


def test_plain_safetensors_reads_the_file_under_the_models_own_names(compile_spec, tmp_path):
    plan = compile_spec("model.ema_decay=0.9")
    state = begun(plan, stage=1)
    made_step(state, random_batch(plan))
    path = tmp_path / "state.safetensors"
    write_atomic(path, state.snapshot("last").encoded().chunks())
    loaded = safetensors.torch.load_file(path)
    own = state.model.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in own.items())
    averaged = state.ema.module.state_dict()
    assert all(torch.equal(loaded[f"ema.{name}"], tensor) for name, tensor in averaged.items())
    parameters = {name for name, _ in state.model.named_parameters()}
    others = {name for name in loaded if name not in own and not name.startswith("ema.")}
    assert others == {f"optim.{name}.{key}" for name in parameters for key in ("step", "exp_avg", "exp_avg_sq")}


def test_the_best_weights_are_the_average_and_nothing_else(compile_spec, tmp_path):
    plan = compile_spec("model.ema_decay=0.9")
    state = begun(plan, stage=1)
    made_step(state, random_batch(plan))
    path = tmp_path / "best.safetensors"
    write_atomic(path, state.snapshot("best").encoded().chunks())
    loaded = safetensors.torch.load_file(path)
    averaged = state.ema.module.state_dict()
    assert loaded.keys() == averaged.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in averaged.items())


def test_a_checkpoint_carries_its_plan_and_spec(plan):
    info = begun(plan).info("last")
    assert json.loads(info.plan)["digest"] == plan.digest == info.plan_digest
    assert info.spec == "the spec's text"
    assert info.stage_digest == plan.stage_digests[0]


def test_the_same_state_gives_the_same_bytes(plan):
    contents = [b"".join(begun(plan).snapshot("last").encoded().chunks()) for _ in range(2)]
    assert contents[0] == contents[1]


@pytest.mark.parametrize("stage_trains", ["all", "heads.digit"])
def test_a_carried_optimizer_keeps_what_it_knows_of_what_still_trains(compile_spec, stage_trains: str):
    plan = compile_spec(f'stages.head.train="{stage_trains}"', "stages.whole.carry_optimizer=true")
    state = begun(plan, stage=0)
    made_step(state, random_batch(plan))
    before = {name: t.clone() for name, t in state.tensors().items() if name.startswith("optim.")}
    state.begin_stage(1)
    after = {name: t for name, t in state.tensors().items() if name.startswith("optim.")}
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in after.items())
