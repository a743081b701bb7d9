"""The metadata of a checkpoint: strict, and exact for every number."""

import dataclasses
import json
import math

import pytest
from hypothesis import given, strategies as st

from specc.checkpoint.metadata import CheckpointInfo, from_strict, to_strict
from specc.errors import FileFormatError

INFO = CheckpointInfo(
    kind="last",
    name="glomeruli",
    plan_digest="ab" * 32,
    stage="nan",
    stage_index=1,
    stage_digest="cd" * 32,
    epoch=2,
    step=20,
    global_step=120,
    stages_total=3,
    epochs_total=10,
    steps_total=100,
    finished=False,
    finite=True,
    history=[
        {"stage": "nan", "epoch": 1, "step": 10, "train": {"loss": math.inf}, "val": {"loss": -math.inf}, "lr": 0.1}
    ],
    best={"stage": "nan", "epoch": 1, "metric": "inf", "value": 0.5},
    tail=[
        {
            "label": "disease",
            "name": "oak/nan",
            "samples": 3,
            "loss": math.nan,
            "f1": 0.0,
            "lowest": 1.5,
            "rises": 2,
            "diverges": True,
        }
    ],
    micro_batch=16,
    unreadable=["`x.png` is cut off"],
    results={
        "val": {"loss": math.nan},
        "test": {"loss": 0.5, "f1": 0.5},
        "judged_on": "test",
        "gates": [{"gate": "f1 >= 90%", "metric": "f1", "value": 0.5, "target": 0.9, "passed": False}],
        "best": {"stage": "nan", "epoch": 1, "metric": "inf", "value": 0.5},
        "stages": [{"stage": "nan", "val": {"loss": math.inf}}],
        "unreadable": 1,
    },
    scaler={"scale": 65536.0},
    plan="{}",
    spec="specc = 1\n",
    environment={"torch": "2.6", "threads": 4},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["nan", "-inf", "\\inf"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_information_comes_back_through_strict_json():
    text = json.dumps(INFO.to_json(), allow_nan=False)
    assert CheckpointInfo.from_json(json.loads(text)) == INFO


@given(JSON)
def test_every_value_comes_back(value):
    text = json.dumps(to_strict(value), allow_nan=False)
    assert repr(from_strict(json.loads(text))) == repr(value)


def test_nothing_may_be_left_out():
    for field in dataclasses.fields(CheckpointInfo):
        value = INFO.to_json()
        del value[field.name]
        with pytest.raises(FileFormatError, match=f"`{field.name}` is "):
            CheckpointInfo.from_json(value)


def test_nothing_may_be_added():
    with pytest.raises(FileFormatError, match="`extra` is unknown"):
        CheckpointInfo.from_json({**INFO.to_json(), "extra": 1})


WRONG = {
    "format": [True, 1.0, "1", None],
    "kind": ["first", None, 1, []],
    "name": [None, 1, []],
    "plan_digest": ["", "xyz", "AB", "a" * 65, 5],
    "stage": [None],
    "stage_index": [-1, True, 1.0, "1", 2**63],
    "stage_digest": [None],
    "epoch": [-1, False, 2.5],
    "step": [-5],
    "global_step": [None],
    "stages_total": [[]],
    "epochs_total": ["10"],
    "steps_total": [1e3],
    "finished": [0, 1, None, "true"],
    "finite": [1],
    "history": [
        None,
        {},
        [1],
        [{}],
        [{"stage": "a", "epoch": 1, "train": {}}],
        [{"stage": "a", "epoch": 1, "train": {}, "val": {"loss": "x"}}],
        [{"stage": "a", "epoch": 1, "train": {}, "val": {"loss": True}}],
        [{"stage": "a", "epoch": 1, "train": {}, "val": {"loss": 10**400}}],
        [{"stage": "a", "epoch": "1", "train": {}, "val": {}}],
        [{"stage": 1, "epoch": 1, "train": [], "val": {}}],
        [{**INFO.history[0], "train": {"loss": "x"}}],
        [{**INFO.history[0], "lr": None}],
        [{**INFO.history[0], "more": 1}],
    ],
    "best": [{}, [], {"stage": "a", "epoch": 1, "metric": "f1", "value": None}, {**INFO.best, "more": 1}],
    "tail": [None, {}, [1], [{}], [{**INFO.tail[0], "more": 1}], [{**INFO.tail[0], "loss": "x"}]],
    "micro_batch": [-1, 1.5, "x"],
    "unreadable": [None, [1], "x"],
    "results": [
        [],
        "x",
        {},
        {**INFO.results, "test": 5},
        {**INFO.results, "test": {"loss": "x"}},
        {**INFO.results, "gates": [{"gate": "f1"}]},
        {**INFO.results, "stages": {}},
        {**INFO.results, "unreadable": None},
    ],
    "scaler": [1, [], {"scale": "x"}],
    "plan": [{}],
    "spec": [None],
    "environment": [None, [], {"threads": "4"}, {"threads": 0}, {"threads": -1}, {"threads": 10**6}, {"threads": None}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_type_is_refused_by_reader_and_writer(name, value):
    with pytest.raises(FileFormatError, match=rf"x\.safetensors: .*`{name}` is not"):
        CheckpointInfo.from_json({**INFO.to_json(), name: value}, "x.safetensors")
    with pytest.raises(FileFormatError, match=f"`{name}` is not"):
        dataclasses.replace(INFO, **{name: value}).to_json()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stages_total": 1}, "`stage_index` is not below 1"),
        ({"history": [{**INFO.history[0], "stage": name} for name in "abc"]}, "`history` has more stages"),
        ({"best": {**INFO.best, "stage": "another"}}, "`best` is of no stage of it"),
        ({"best": {**INFO.best, "stage": "another"}, "finished": True}, "`best` is of no stage of it"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(changes, said):
    with pytest.raises(FileFormatError, match=said):
        dataclasses.replace(INFO, **changes).to_json()


def test_a_finished_run_tells_of_later_stages():
    history = [{**INFO.history[0], "stage": name} for name in "abc"]
    fields = {"kind": "best", "finished": True, "stage": "a", "stage_index": 0, "stages_total": 1, "history": history}
    info = dataclasses.replace(INFO, **fields)
    assert CheckpointInfo.from_json(info.to_json()) == info


def test_every_field_is_tried():
    assert WRONG.keys() == {field.name for field in dataclasses.fields(CheckpointInfo)}


def test_another_format_is_named_before_its_fields():
    with pytest.raises(FileFormatError, match="checkpoint format 2") as caught:
        CheckpointInfo.from_json({"format": 2, "anything": 1}, "x.safetensors")
    assert "version" in caught.value.help


def test_the_message_stays_on_one_line():
    with pytest.raises(FileFormatError) as caught:
        CheckpointInfo.from_json({f"\n\x1b{'x' * 1000}{i}": 1 for i in range(1000)})
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 500
