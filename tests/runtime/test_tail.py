"""The rare classes: each by itself, held to scikit-learn, and told when it diverges."""

import argparse
import json
import math
import re
from dataclasses import replace

import pytest
import torch
from sklearn.metrics import f1_score, log_loss
from torchmetrics.functional.classification import multiclass_f1_score

from specc.cli.inspect import run as inspect
from specc.plan.model import LabelPlan, LossTerm, Operation, Plan
from specc.runtime.events import TailMeasured
from specc.runtime.folder import RunFolder
from specc.runtime.metrics import Tail
from specc.runtime.models.answers import Answer
from specc.runtime.record import record
from specc.runtime.tail import ClassScore, followed, watched
from specc.runtime.words import line
from tests.runtime.helpers import compiled, events

SAMPLES, CLASSES = 90, 6
RARE = [1, 4]


@pytest.fixture(scope="module")
def rare(plan) -> Plan:
    """Return a plan whose label has six classes, two of which a metric singles out."""
    label = LabelPlan(name="digit", column="digit", classes=tuple("abcdef"), counts=(9, 2, 9, 9, 3, 9))
    tail = Operation(kind="macro_f1", args={"label": "digit", "classes": RARE})
    evaluate = plan.evaluate.model_copy(update={"metrics": {"tail": tail}})
    return plan.model_copy(update={"data": plan.data.model_copy(update={"labels": (label,)}), "evaluate": evaluate})


@pytest.fixture(scope="module")
def answers() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    codes = torch.randint(CLASSES, (SAMPLES,), generator=generator)
    logits = torch.randn(SAMPLES, CLASSES, generator=generator) + torch.eye(CLASSES)[codes]
    return logits, codes


def scores(plan: Plan, logits: torch.Tensor, codes: torch.Tensor, size: int = 32) -> list[ClassScore]:
    tail = Tail(plan, plan.stages[0])
    for start in range(0, len(codes), size):
        tail.update({"digit": Answer(logits[start : start + size])}, {"digit": codes[start : start + size]})
    return tail.compute()


def test_f1_is_scikit_learns_and_torchmetrics(rare, answers):
    logits, codes = answers
    ours = [score.f1 for score in scores(rare, logits, codes)]
    assert ours == pytest.approx(f1_score(codes, logits.argmax(1), average=None)[RARE])
    assert ours == pytest.approx(multiclass_f1_score(logits, codes, CLASSES, average=None)[RARE].tolist())


def test_loss_is_scikit_learns(rare, answers):
    logits, codes = answers
    for score, code in zip(scores(rare, logits, codes), RARE, strict=True):
        own = codes == code
        theirs = log_loss(codes[own], logits[own].double().softmax(1), labels=range(CLASSES))
        assert score.loss == pytest.approx(theirs, rel=1e-5)
        assert (score.name, score.samples) == ("abcdef"[code], int(own.sum()))


def test_missing_labels_and_absent_classes_do_not_count(rare, answers):
    logits, codes = answers
    fewer = torch.where(codes == 1, -1, codes)
    assert [score.name for score in scores(rare, logits, fewer)] == ["e"]
    expected = scores(rare, logits[codes != 1], codes[codes != 1])
    assert scores(rare, logits, fewer)[0].loss == pytest.approx(expected[0].loss)


def test_a_stage_that_does_not_train_the_label_is_not_watched(rare, answers):
    other = LossTerm(weight=1.0, loss=Operation(kind="cross_entropy", args={"head": "other", "label_smoothing": 0.0}))
    stage = rare.stages[0].model_copy(update={"loss": (other,)})
    assert Tail(rare, stage).labels == []


def test_classes_of_all_metrics_are_watched(rare):
    more = {
        **rare.evaluate.metrics,
        "more": Operation(kind="top", args={"label": "digit", "k": 1, "classes": [0, 4]}),
        "all": Operation(kind="macro_f1", args={"label": "digit", "classes": None}),
    }
    plan = rare.model_copy(update={"evaluate": rare.evaluate.model_copy(update={"metrics": more})})
    assert watched(plan) == {"digit": [0, 1, 4]}


def through(plan: Plan, *losses: float) -> list[ClassScore]:
    """Return what one class looks like after each of some validations."""
    found: list[ClassScore] = []
    before: list[ClassScore] = []
    for loss in losses:
        before = followed(plan, before, [ClassScore("digit", "b", 2, loss, 0.5, loss)])
        found += before
    return found


GUESS = math.log(CLASSES)


@pytest.mark.parametrize(
    ("losses", "diverges"),
    [
        ((1.0, 2.5, 3.0), True),
        ((1.0, 2.5, 2.4), False),  # falls again
        ((1.0, 3.0), False),  # one validation may be chance
        ((0.1, 0.3, 0.9), False),  # still better than a guess
        ((1.7, 1.8, 1.9), False),  # worse than a guess, but not twice its lowest
        ((1.0, math.nan), True),
        ((math.inf,), True),
        ((3.0, 2.0, 1.0, 2.5, 3.0), True),
    ],
)
def test_what_diverges(rare, losses, diverges):
    assert through(rare, *losses)[-1].diverges is diverges


def test_the_lowest_loss_is_kept(rare):
    assert [score.lowest for score in through(rare, 2.0, 1.0, 3.0)] == [2.0, 1.0, 1.0]


def test_what_diverges_is_told_with_a_remedy(rare):
    score = through(rare, 1.0, 2.5, 3.25)[-1]
    told = line(TailMeasured("head", 3, 12, [score, replace(score, name="c", diverges=False)]))
    assert told == "digit `b` diverges: loss 3.25, after 1 (lower the stage's lr, or set max_grad_norm)"
    assert line(TailMeasured("head", 3, 12, [replace(score, diverges=False)])) is None


TAILED = (
    'evaluate.metrics=["top1(digit)", "macro_f1(digit where count(digit) < 5)"]',
    "data.labels.digit.rare={ 3 = 4 }",
)


def test_a_run_writes_every_epoch_once_and_its_checkpoints_the_last(tmp_path, capsys):
    plan, folder = compiled(tmp_path, *TAILED), RunFolder(tmp_path / "run")
    for event in record(events(plan, folder.root), folder, plan):
        if isinstance(event, TailMeasured) and event.global_step == 12:
            break  # as a crash would, before this epoch is saved
    for _ in record(events(plan, folder.root), folder, plan):
        pass
    rows = [json.loads(text) for text in (folder.root / "tail.jsonl").read_text().splitlines()]
    keys = [(row["stage"], row["epoch"], row["class"]) for row in rows]
    names = [name for stage, epoch, name in keys if (stage, epoch) == ("whole", 2)]
    assert "3" in names
    assert keys == [(stage, epoch, name) for stage in ("head", "whole") for epoch in (1, 2) for name in names]
    inspect_last(folder)
    lowest = min(row["f1"] for row in rows[-len(names) :])
    assert re.search(rf"F1 of {len(names)} rare classes from `\d` {100 * lowest:.2f}% to", capsys.readouterr().out)


def inspect_last(folder: RunFolder) -> None:

    inspect(argparse.Namespace(checkpoint=folder.last, json=False, tensors=False, verify=False, diff=None))
