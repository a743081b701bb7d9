"""Metrics beside scikit-learn's, on random outputs."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, recall_score, top_k_accuracy_score
from torch import Tensor

from specc.plan.model import LabelPlan, Operation, Plan
from specc.runtime.metrics import METRICS, build_metrics
from specc.runtime.models.answers import Answer

SAMPLES, SPECIES, DISEASES = 400, 6, 12


def label(name: str, classes: int) -> LabelPlan:
    return LabelPlan(name=name, column=name, classes=tuple(f"{name}{i}" for i in range(classes)))


@pytest.fixture(scope="module")
def labelled(plan) -> Plan:
    """Return a plan with two labels."""
    labels = label("species", SPECIES), label("disease", DISEASES)
    return plan.model_copy(update={"data": plan.data.model_copy(update={"labels": labels})})


@pytest.fixture(scope="module")
def outputs() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    sizes = {"species": SPECIES, "disease": DISEASES}
    return {name: torch.randn(SAMPLES, size, generator=generator) for name, size in sizes.items()}


@pytest.fixture(scope="module")
def labels(outputs) -> dict[str, Tensor]:
    """Return labels that the outputs get right more often than by chance."""
    return {name: (logits + torch.randn(logits.shape)).argmax(dim=1) for name, logits in outputs.items()}


def measured(plan: Plan, operation: tuple[str, dict], outputs: dict, labels: dict, size: int = SAMPLES) -> float:
    """Count in batches of `size`."""
    metric = build_metrics(plan, {"it": Operation(kind=operation[0], args=operation[1])})["it"]
    for start in range(0, SAMPLES, size):
        part = slice(start, start + size)
        metric.update({n: Answer(t[part]) for n, t in outputs.items()}, {n: t[part] for n, t in labels.items()})
    return metric.compute()


def top(k: int, classes: list[int] | None = None) -> dict:
    return {"k": k, "label": "disease", "classes": classes}


def macro_f1(classes: list[int] | None = None) -> dict:
    return {"label": "disease", "classes": classes}


EVERY = [
    ("top", top(1)),
    ("top", top(3)),
    ("top", top(1, [2, 5])),
    ("macro_f1", macro_f1()),
    ("macro_f1", macro_f1([0, 3, 7])),
    ("macro_recall", macro_f1()),
    ("cascade", {"path": ["species", "disease"]}),
]


def test_every_metric_is_tried():
    assert {kind for kind, _ in EVERY} == METRICS.keys()


@pytest.mark.parametrize("k", [1, 3, DISEASES, DISEASES + 1])
def test_top_k_is_scikit_learns(labelled, outputs, labels, k: int):
    theirs = top_k_accuracy_score(labels["disease"], outputs["disease"], k=min(k, DISEASES - 1), labels=range(DISEASES))
    assert measured(labelled, ("top", top(k)), outputs, labels) == pytest.approx(1.0 if k >= DISEASES else theirs)


def test_top_1_of_some_classes_is_their_recall(labelled, outputs, labels):
    meant = np.isin(labels["disease"], [2, 5])
    theirs = accuracy_score(labels["disease"][meant], outputs["disease"].argmax(1)[meant])
    assert measured(labelled, ("top", top(1, [2, 5])), outputs, labels) == pytest.approx(theirs)


@pytest.mark.parametrize("classes", [None, [0, 3, 7]], ids=["all", "some"])
def test_macro_f1_is_scikit_learns(labelled, outputs, labels, classes):
    theirs = f1_score(labels["disease"], outputs["disease"].argmax(1), labels=classes, average="macro")
    assert measured(labelled, ("macro_f1", macro_f1(classes)), outputs, labels) == pytest.approx(theirs)


@pytest.mark.parametrize("classes", [None, [0, 3, 7]], ids=["all", "some"])
def test_macro_recall_is_scikit_learns(labelled, outputs, labels, classes):
    theirs = recall_score(labels["disease"], outputs["disease"].argmax(1), labels=classes, average="macro")
    assert measured(labelled, ("macro_recall", macro_f1(classes)), outputs, labels) == pytest.approx(theirs)


def test_macro_f1_leaves_out_a_class_that_is_neither_there_nor_predicted(labelled, outputs, labels):
    never = {**outputs, "disease": outputs["disease"].clone()}
    never["disease"][:, 4] = -math.inf
    absent = {**labels, "disease": torch.where(labels["disease"] == 4, 5, labels["disease"])}
    theirs = f1_score(absent["disease"], never["disease"].argmax(1), average="macro")  # over what occurs
    assert measured(labelled, ("macro_f1", macro_f1()), never, absent) == pytest.approx(theirs)


def test_cascade_is_accuracy_over_pairs(labelled, outputs, labels):
    right = [outputs[name].argmax(1) == labels[name] for name in ("species", "disease")]
    theirs = float((right[0] & right[1]).float().mean())
    assert measured(labelled, ("cascade", {"path": ["species", "disease"]}), outputs, labels) == pytest.approx(theirs)


@pytest.mark.parametrize("operation", EVERY)
def test_batch_by_batch_equals_at_once(labelled, outputs, labels, operation: tuple[str, dict]):
    at_once = measured(labelled, operation, outputs, labels)
    assert measured(labelled, operation, outputs, labels, size=37) == at_once


@pytest.mark.parametrize("operation", EVERY)
def test_samples_without_the_label_do_not_count(labelled, outputs, labels, operation: tuple[str, dict]):
    absent = torch.arange(SAMPLES) % 4 == 0
    missing = {**labels, "disease": torch.where(absent, -1, labels["disease"])}
    fewer = [{name: tensor[~absent] for name, tensor in tensors.items()} for tensors in (outputs, labels)]
    assert measured(labelled, operation, outputs, missing) == measured(labelled, operation, *fewer)


@pytest.mark.parametrize("operation", EVERY)
def test_labels_that_are_all_missing_give_no_number(labelled, outputs, labels, operation: tuple[str, dict]):
    none = {name: torch.full_like(codes, -1) for name, codes in labels.items()}
    assert math.isnan(measured(labelled, operation, outputs, none))


@pytest.mark.filterwarnings("ignore:The ``compute`` method")
@pytest.mark.parametrize("operation", EVERY)
def test_no_batch_at_all_gives_no_number(labelled, operation: tuple[str, dict]):
    assert math.isnan(METRICS[operation[0]](labelled, operation[1]).compute())


@pytest.mark.parametrize("classes", [None, [0]], ids=["all", "some"])
def test_macro_f1_of_a_single_class(plan, classes):
    single = plan.model_copy(update={"data": plan.data.model_copy(update={"labels": (label("only", 1),)})})
    metric = METRICS["macro_f1"](single, {"label": "only", "classes": classes})
    metric.update({"only": Answer(torch.zeros(3, 1))}, {"only": torch.zeros(3, dtype=torch.long)})
    assert metric.compute() == 1.0
