"""Did you mean."""

import pytest

from specc.diagnostics.spellings import ELSEWHERE, FOREIGN, TABLES
from specc.diagnostics.suggest import closest, did_you_mean
from specc.paths import KeyPath
from specc.spec.functions import FUNCTIONS
from specc.spec.shape import keys_at

PLACES = {
    "the spec itself": (),
    "`[data]`": ("data",),
    "`[data.labels.NAME]`": ("data", "labels", "x"),
    "`[data.input.NAME]`": ("data", "input", "x"),
    "`[data.cache]`": ("data", "cache"),
    "`[augment]`": ("augment",),
    "`[model]`": ("model",),
    "`[model.heads.NAME]`": ("model", "heads", "x"),
    "`[defaults]` and each stage": ("defaults",),
    "`[evaluate]`": ("evaluate",),
    "`[privacy]`": ("privacy",),
    "`[run]`": ("run",),
    "`[sweep]`": ("sweep",),
    "`[export]`": ("export",),
}
KEYS = {key for place in PLACES.values() for key in keys_at(KeyPath(place))}
LITERALS = {
    "fp16",
    "bf16",
    "fp32",
    "csv",
    "jsonl",
    "webdataset",
    "folder",
    "group",
    "layer",
    "batch",
    "characters",
    "class",
}
STOP = {"patience", "after", "min_delta"}


def functions() -> set[str]:
    return {name for _, name in FUNCTIONS} - {"top"} | {"top1", "top5"}


def arguments() -> set[str]:
    return {parameter.name for function in FUNCTIONS.values() for parameter in function.parameters} | STOP


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("epoch", "epochs"),
        ("EPOCHS", "epochs"),
        ("batch-size", "batch_size"),
        ("max_grad_norm ", "max_grad_norm"),
        ("learning_rate", "lr"),
        ("clip_grad", "max_grad_norm"),
        ("class_names", None),
        ("colour", None),
        ("", None),
    ],
)
def test_the_nearest_name_of_the_scope(word, meant):
    assert closest(word, ["epochs", "lr", "batch_size", "max_grad_norm"]) == meant


@pytest.mark.parametrize("word", ["CrossEntropyLoss", "ce", "categorical_crossentropy"])
def test_functions_of_other_tools(word):
    assert closest(word, [name for family, name in FUNCTIONS if family == "loss"]) == "cross_entropy"


def test_what_a_word_means_follows_from_the_scope():
    assert closest("epsilon", ["label_smoothing", "head"]) == "label_smoothing"
    assert closest("epsilon", ["target_epsilon", "target_delta"]) == "target_epsilon"


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("lr", "`lr` is a key of `[defaults]` and each stage"),
        ("learning_rate", "`lr` is a key of `[defaults]` and each stage"),
        ("engine", "`engine` is a key of `[run]`, or of `[sweep]`"),
        ("weight-decay", 'an optimizer takes it: optimizer = "adamw(weight_decay = 0.05)"'),
        ("num_classes", "classes are counted in the data, and a head has an output for each"),
    ],
)
def test_the_place_where_a_key_belongs(word, place):
    assert did_you_mean(word, ["train", "test"], "keys") == place


def test_a_key_of_another_table_is_nearer_than_a_similar_word():
    assert did_you_mean("best", ["test"], "keys") == "`best` is a key of `[evaluate]`"
    assert did_you_mean("best", ["test"], "heads") == "did you mean `test`?"


def test_a_similar_word_is_nearer_than_a_foreign_one_of_another_table():
    assert "every" in FOREIGN["step"]
    assert did_you_mean("step", ["steps"], "keys") == "did you mean `steps`?"


def test_every_foreign_spelling_leads_somewhere():
    assert {name for names in FOREIGN.values() for name in names} <= KEYS | functions() | arguments() | LITERALS


def test_no_foreign_spelling_is_written_otherwise_than_it_is_compared():
    for word in (*FOREIGN, *ELSEWHERE):
        assert word == word.lower().replace("-", "_")


@pytest.mark.parametrize("table", PLACES)
def test_the_keys_of_each_table(table):
    assert TABLES.keys() == PLACES.keys()
    assert TABLES[table].split() == keys_at(KeyPath(PLACES[table]))


def test_a_long_scope_is_cut():
    assert did_you_mean("zzz", [f"name{i:02}" for i in range(20)]).endswith("name11, ...")


def test_an_empty_scope():
    assert did_you_mean("zzz", [], "heads") == "there are no heads here"
