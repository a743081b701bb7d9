"""Measuring the weights of a file: what its run measured, or one message."""

import json
import math
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from specc.checkpoint.format import encode
from specc.cli.main import main
from specc.errors import SpeccError
from specc.plan.file import dump, load
from specc.plan.model import Operation, Plan
from specc.runtime.assess import assess
from specc.runtime.events import Finished
from specc.runtime.resume import read_info, read_tensors
from specc.runtime.tensors import to_raw
from tests.crash.damage import flip_a_bit
from tests.fuzz.changes import json_changed
from tests.fuzz.files import check_message
from tests.runtime.helpers import compiled, events

EXPECT = 'evaluate.expect=["top1(digit) >= 0%"]'


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return the folder of a finished run with an average of the weights."""
    root = tmp_path_factory.mktemp("run")
    *_, last = events(compiled(root, "model.ema_decay=0.5", EXPECT), root / "run")
    assert isinstance(last, Finished)
    return root / "run"


@pytest.fixture
def best(folder, tmp_path) -> Path:
    """Return a copy of the best weights."""
    return Path(shutil.copy(folder / "best.safetensors", tmp_path / "copy.safetensors"))


def rewritten(path: Path, *, tensors: Callable[[dict], dict] = dict, about: Callable[[dict], dict] = dict) -> Path:
    """Write a checkpoint again, with other contents behind right digests."""
    _, found = read_tensors(path)
    path.write_bytes(b"".join(encode(to_raw(tensors(found)), about(read_info(path).to_json())).chunks()))
    return path


def with_plan(path: Path, change: Callable[[Plan], Plan]) -> Path:
    """Put another plan into a checkpoint."""

    def about(record: dict) -> dict:
        plan = change(assess(path).plan)
        return {**record, "plan": dump(plan), "plan_digest": plan.digest}

    return rewritten(path, about=about)


def test_it_measures_what_the_run_measured(folder):
    results = read_info(folder / "best.safetensors").results
    found = assess(folder / "best.safetensors")
    assert found.values == {"val": results["val"], "test": results["test"]}
    assert (found.gates, found.judged_on) == (results["gates"], "test")


def test_a_state_is_measured_by_its_average(folder):
    rows = read_info(folder / "last.safetensors").history
    assert assess(folder / "last.safetensors", ("val",)).values == {"val": rows[-1]["val"]}


def test_the_command_prints_a_table_or_json(folder, capsys):
    path = str(folder / "best.safetensors")
    assert main(["eval", path, "--split", "test"]) == 0
    assert "reached" in capsys.readouterr().out
    assert main(["eval", path, "--json", "--split", "train"]) == 0
    assert json.loads(capsys.readouterr().out).keys() >= {"plan", "stage", "train"}


def test_a_missed_target_has_its_exit_code(best):
    def asking_for_more(plan: Plan) -> Plan:
        gate = plan.evaluate.expect[0].model_copy(update={"threshold": 2.0})
        return plan.model_copy(update={"evaluate": plan.evaluate.model_copy(update={"expect": (gate,)})})

    assert main(["eval", str(with_plan(best, asking_for_more))]) == 3


def of_model(**update: object) -> Callable[[Plan], Plan]:
    return lambda plan: plan.model_copy(update={"model": plan.model.model_copy(update=update)})


def with_other_data(plan: Plan) -> Plan:
    return plan.model_copy(update={"data": plan.data.model_copy(update={"limit": 70})})


def without(name: str) -> Callable[[dict], dict]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


def with_bias(bias: torch.Tensor) -> Callable[[dict], dict]:
    return lambda tensors: {**tensors, "heads.digit.bias": bias}


def with_digest(digest: str) -> Callable[[dict], dict]:
    return lambda record: {**record, "plan_digest": digest}


def with_stage(name: str) -> Callable[[dict], dict]:
    return lambda record: {**record, "stage": name}


def with_images_of(side: int) -> Callable[[Plan], Plan]:
    resize = Operation(kind="resize", args={"side": side})
    return lambda plan: plan.model_copy(update={"augment": plan.augment.model_copy(update={"eval": (resize,)})})


WRONG = {
    "another backbone": (lambda path: with_plan(path, of_model(backbone="test_vit")), "copy.safetensors: the plan and"),
    "a huge backbone": (lambda path: with_plan(path, of_model(backbone="vit_giant_patch14_224")), "disagree about"),
    "a backbone of a hub": (lambda path: with_plan(path, of_model(backbone="hf-hub:x/y")), "its model is none of timm"),
    "other data": (lambda path: with_plan(path, with_other_data), "the val data is not that of the checkpoint's plan"),
    "a plan of another run": (lambda path: rewritten(path, about=with_digest("0" * 64)), "its plan is of another run"),
    "no bias": (lambda path: rewritten(path, tensors=without("heads.digit.bias")), "`heads.digit.bias` is not what"),
    "a wide bias": (lambda path: rewritten(path, tensors=with_bias(torch.ones(11))), "`heads.digit.bias` is not what"),
    "not a number": (lambda path: rewritten(path, tensors=with_bias(torch.full((10,), math.nan))), "NaN or infinite"),
    "huge images": (
        lambda path: with_plan(path, with_images_of(32_767)),
        "images with sides over 4,096",
    ),
    "a stage of another name": (lambda path: rewritten(path, about=with_stage("[/x]")), "its plan is of another run"),
    "a flipped bit": (flip_a_bit, "digest"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_cannot_be_measured_is_told(best, capsys, name: str):
    change, told = WRONG[name]
    change(best)
    assert main(["eval", str(best), "--split", "val"]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert said.count("error: ") == 1
    assert "Traceback" not in said


def test_plans_changed_at_random_are_carried_out_or_refused(best):
    chance, sound = random.Random(int(os.environ.get("SEED", "5"))), best.read_bytes()
    record = assess(best).plan.model_dump(mode="json")
    for _ in range(int(os.environ.get("PLANS", "20"))):
        changed = json_changed(chance, json.loads(json.dumps(record)))
        try:
            plan = load(dump(Plan.model_validate(changed)), "changed")
        except (ValueError, KeyError, StopIteration, SpeccError):
            continue  # this is no plan
        best.write_bytes(sound)
        with_plan(best, lambda _, plan=plan: plan)
        try:
            assess(best, ("val",), "cpu")
        except SpeccError as error:
            check_message(error)
