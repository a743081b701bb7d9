"""What a checkpoint says about its training."""

import dataclasses

import pytest

from specc.checkpoint.diagnose import count_parameters, diagnose
from specc.checkpoint.format import Header, TensorInfo
from specc.checkpoint.metadata import CheckpointInfo


def header(**shapes):
    """Describe tensors by name: a shape, or a type and a shape; `__` stands for a dot."""
    pairs = {name.replace("__", "."): it if isinstance(it[0], str) else ("F32", it) for name, it in shapes.items()}
    return Header({name: TensorInfo(dtype, tuple(shape), 0, 0) for name, (dtype, shape) in pairs.items()}, {}, 8, 2**20)


def row(epoch, stage="joint", **val):
    return {"stage": stage, "epoch": epoch, "train": {"loss": 1.0}, "val": val}


def info(*, losses=(), best=None, **changes):
    base = CheckpointInfo(
        kind="last",
        name="x",
        plan_digest="ab",
        stage="joint",
        stage_index=1,
        stage_digest="cd",
        epoch=30,
        step=300,
        global_step=400,
        stages_total=2,
        epochs_total=40,
        steps_total=400,
        finished=False,
        finite=True,
        history=[row(1, "head", loss=0.0), *(row(epoch, loss=loss) for epoch, loss in enumerate(losses, 1))],
        best=best and {"stage": "joint", "metric": "loss", **best},
        tail=[],
        micro_batch=None,
        unreadable=[],
        results=None,
        scaler=None,
        plan="",
        spec="",
        environment={},
    )
    return dataclasses.replace(base, **changes)


def found(level, *, of=None, **changes):
    return [item for item in diagnose(of or header(), info(**changes)) if item.level == level]


def only(level, **changes):
    (item,) = found(level, **changes)
    return item


def test_a_sound_run_has_no_warning():
    losses = [1 / epoch for epoch in range(1, 41)]
    findings = diagnose(header(), info(losses=losses, best={"epoch": 40, "value": 1 / 40}, epoch=40))
    assert {item.level for item in findings} <= {"good", "note"}


def test_a_file_saved_early_says_so():
    item = only("warning", kind="best", epoch=3, epochs_total=500, losses=[3, 2, 1], best={"epoch": 3, "value": 1})
    assert item.text.startswith("saved at epoch 3 of 500")
    assert "very early: the model is likely undertrained and will perform poorly" in item.text
    assert "more epochs (at least 250)" in item.remedy


def test_a_run_that_has_just_begun_is_to_go_on():
    assert "497 epochs of the stage are left" in only("warning", epoch=3, epochs_total=500).remedy


@pytest.mark.parametrize(("epoch", "epochs_total"), [(4, 40), (1, 5), (50, 500)])
def test_a_tenth_of_the_epochs_is_not_early(epoch, epochs_total):
    assert not found("warning", epoch=epoch, epochs_total=epochs_total)


def test_an_early_best_epoch_in_a_long_stage_is_a_warning():
    losses = [3, 2, 1, *[2] * 20]
    item = only("warning", losses=losses, best={"epoch": 3, "value": 1})
    assert "the best epoch is 3 of 23" in item.text
    assert "learning rate" in item.remedy


def test_a_best_file_counts_the_epochs_to_come():
    assert only("warning", kind="best", epoch=3, epochs_total=25, best={"epoch": 3, "value": 1})


def test_an_early_best_epoch_in_a_short_stage_is_none():
    assert not found("warning", losses=[3, 2, 1, 2, 2], best={"epoch": 3, "value": 1})


def test_a_stage_that_was_still_improving_needs_more_epochs():
    item = only("warning", losses=[4, 5, 3, 2, 1], finished=True)
    assert "`loss` was still improving" in item.text
    assert "more epochs" in item.remedy


def test_improving_in_the_middle_of_a_run_is_good():
    assert "still improving" in only("good", losses=[4, 3, 2, 1]).text


@pytest.mark.parametrize("losses", [[3, 2, 1], [0, 4, 3, 2, 1], [4, 2, 3, 1], [1, 1, 1, 1]])
def test_fewer_or_uneven_steps_are_not_called_improving(losses):
    assert not found("good", losses=losses)


def test_a_plateau_is_told_with_its_length():
    texts = [item.text for item in found("note", losses=[3, 1, 2, 2, 2, 2])]
    assert "`loss` stopped improving 4 epochs before this file was saved" in texts


def test_a_value_that_should_rise_is_read_that_way():
    history = [row(epoch, f1=f1, loss=1.0) for epoch, f1 in enumerate([0.1, 0.2, 0.3, 0.4], 1)]
    best = {"stage": "joint", "epoch": 4, "metric": "val.f1", "value": 0.4}
    findings = diagnose(header(), dataclasses.replace(info(), history=history, best=best))
    assert any("`f1` was still improving" in item.text for item in findings)


def test_values_that_are_not_finite_are_left_out():
    assert "still improving" in only("good", losses=[float("nan"), 4, 3, 2, 1, float("inf")]).text


def test_not_finite_weights_are_a_problem():
    assert "NaN" in only("problem", finite=False).text


def test_an_unfinished_run_says_where_it_stands():
    item = found("note")[0]
    assert item.text == "training is not finished: stage 2 of 2 (`joint`), epoch 30 of 40"
    assert "specc run" in item.remedy


def test_a_finished_run_says_so():
    assert only("good", finished=True).text == "training is finished: 2 stages"


def test_missed_gates_are_problems():
    gates = [
        {"gate": "f1", "value": 0.81234, "target": 0.9, "passed": False},
        {"gate": "acc", "value": 0.9, "target": 0.5, "passed": True},
    ]
    assert only("problem", results={"gates": gates}).text == "target `f1` missed: 0.8123 instead of 0.9"
    assert "1 target reached" in [item.text for item in found("good", results={"gates": gates[1:]})]


@pytest.mark.parametrize("gates", [None, 5, [1], {"a": 1}, [{}], [{"value": 10**400}], [{"gate": "\x1b[31m\n" * 99}]])
def test_strange_results_are_no_error(gates):
    findings = diagnose(header(), info(results={"gates": gates}))
    assert all(item.text.isprintable() and len(item.text) < 500 for item in findings)


def test_a_foreign_file_is_described_by_names_and_shapes():
    tensors = header(conv__weight=(8, 3, 3, 3), fc__weight=(5, 8), heads__a__weight=(2, 8), optim__m=(8,), ema__x=(8,))
    texts = [item.text for item in diagnose(tensors, None)]
    assert texts[0].startswith("not written by specc")
    assert "`fc.weight` looks like a classifier: 5 classes from 8 features" in texts
    assert "`heads.a.weight` looks like a classifier: 2 classes from 8 features" in texts
    assert any("optimizer" in text for text in texts)
    assert any("EMA" in text for text in texts)
    assert texts[-1].startswith("272 parameters, 1.00 MiB")


def test_a_classifier_has_two_dimensions():
    assert not any("classifier" in item.text for item in diagnose(header(head__weight=(5, 8, 1, 1)), None))


def test_only_what_training_sets_is_counted():
    tensors = header(
        w=(2, 3),
        scalar=("BF16", ()),
        bn__running_mean=(7,),
        bn__running_var=(7,),
        running_mean=(7,),
        bn__num_batches_tracked=("I64", ()),
        optim__w=(2, 3),
        ema__w=(2, 3),
        index=("I64", (4,)),
    )
    assert count_parameters(tensors) == 7
