"""Did you mean."""

import pytest

from specc.diagnostics.suggest import FOREIGN, closest, did_you_mean
from specc.spec.data import Augment, Data
from specc.spec.experiment import Spec
from specc.spec.model import Model
from specc.spec.stages import Stage


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("epoch", "epochs"),
        ("EPOCHS", "epochs"),
        ("batch-size", "batch_size"),
        ("learning_rate", "lr"),
        ("clip_grad", None),
        ("colour", None),
        ("", None),
    ],
)
def test_the_nearest_name_of_the_scope(word, meant):
    assert closest(word, ["epochs", "lr", "batch_size"]) == meant


def test_every_foreign_spelling_leads_to_a_key():
    keys = {name for model in (Spec, Data, Augment, Model, Stage) for name in model.model_fields}
    assert set(FOREIGN.values()) <= keys


def test_a_long_scope_is_cut():
    assert did_you_mean("zzz", [f"name{i:02}" for i in range(20)]).endswith("name11, ...")


def test_an_empty_scope():
    assert did_you_mean("zzz", [], "heads") == "there are no heads here"
