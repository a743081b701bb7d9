"""Patterns of expressions: what an editor refuses by them, and that every dialect reads them."""

import re
from typing import get_args

import pytest

from specc.frontend.expressions import parse
from specc.spec import fields
from specc.spec.fields import STARTS, ExpressionField
from specc.spec.patterns import PATTERNS

REFUSED = {
    "schedule": ["", "auto", "cosin(1e-4 -> 1e-6)", "cosine(1e-4 -> 1e-6", "cosine", "1e-3 then", "then 1e-3",
                 "2 epochs", "warmup(2 epochs), cosine(1e-5 -> 0)", "plateau(1e-3, patiance = 10)",
                 "1e-3 cosine(1 -> 0)"],
    "selector": ["", "+ backbone", "backbone +", "backbone heads", "heads.", "backbone * 0.1", "backbone.*", "'all'"],
    "rates": ["", "backbone", "0.1 * backbone", "backbone * 0.1,", "backbone * 0.1; heads * 2", "layer_decy(0.75)"],
    "loss": ["", "focl(species)", "species", "focal(species", "focal(species))", "focal(a) - focal(b)",
             "focal(a) * 0.7", "focal(a) + ", "0.7 focal(a)", "focal(species, gama = 2)",
             "0.5 * (focal(a) + focal(b))"],
    "sampling": ["", "5", "5 where", "5 where disease < 50", "5 if count(disease) < 50", "5 where count(disease) =< 50",
                 "where count(disease) < 50", "balance(species)", "5 where count() < 50"],
    "transform": ["", "hflip", "horizontal_flip(0.5)", "one_of(blurr(3 -> 7))", "resize(size: 224)", "resize(224",
                  "resize(sise = 224)", "hflip(0.5) then vflip(0.5)", "A.HorizontalFlip()"],
    "views": ["", "simclr", "byol(224)", "simclr(224, jitter = 0.5)"],
    "mix": ["", "0.2", "mix_up(0.2)", "mixup 0.2", "one_of(mixup(0.2), cutmx(1.0))", "mixup(0.2) + cutmix(1.0)"],
    "metric": ["", "accuracy(species)", "top1", "macro_f1", "top1(species) >= 95%", "max top1(species)"],
    "monitor": ["", "loss", "maximum top1(species)", "max accuracy(species)", "min", "max top1"],
    "gate": ["", "top1(species)", "top1(species) >= ", "top1(species) => 95%", "top1(species) = 95%", "95% <= top1(a)",
             "top1(species) >= 95 percent", "top1(species) >= 3 epochs", "accuracy(species) >= 95%"],
    "stop": ["", "min loss", "patience = 30 epochs", "min loss, patience = 30", "min loss, patience 30 epochs",
             "min loss, patiens = 30 epochs", "min loss; patience = 30 epochs", "loss, patience = 30 epochs"],
    "optimizer": ["", "adamw", "adamW()", "adamw(weight_decy = 0.05)", "torch.optim.AdamW()", "sgd(momentum: 0.9)"],
    "split": ["", "10%", "stratify(val = 10%)", "stratified", "random(valid = 10%)", "train_test_split(0.1)"],
    "architecture": ["", "seq2seq", "transformer(layers = 2)", "seq2seq(layer = 2)"],
    "dataset": ["", "leafs", "digits digits", "leaves(specie = 6)", "leaves(species = 6", "leaves(imagenet())", "6"],
    "duration": ["", "5", "epochs", "5 days", "five minutes", "5 epochs 3 steps", "5%"],
    "size": ["", "100", "100 G", "100 gb", "100 GiB", "GB"],
}  # fmt: skip
"""Mistakes of structure, by kind of expression."""

WRONG = [(kind, text) for kind, texts in REFUSED.items() for text in texts]


def test_every_kind_has_a_pattern_and_mistakes():
    assert set(PATTERNS) == set(STARTS) == set(REFUSED)


@pytest.mark.parametrize(("kind", "text"), WRONG, ids=[f"{kind}: {text}" for kind, text in WRONG])
def test_a_mistake_of_structure_is_refused(kind, text):
    assert not re.search(PATTERNS[kind], text)


EXPRESSIONS = [
    found for field in vars(fields).values() for found in get_args(field)[1:] if isinstance(found, ExpressionField)
]


@pytest.mark.parametrize("field", EXPRESSIONS, ids=lambda field: field.kind)
def test_every_field_shows_examples_that_are_right(field):
    assert field.examples
    for example in field.examples:
        assert parse(field.kind, example)
        assert re.search(PATTERNS[field.kind], example)


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_pattern_uses_only_what_all_dialects_share(kind):
    """ECMA-262 with its `u` flag, Rust's regex and Python: groups that do not capture, and escapes that all know."""
    pattern = PATTERNS[kind]
    assert set(re.findall(r"\(\?(.)", pattern)) == {":"}
    assert set(re.findall(r"\\(.)", pattern)) <= set("sdwb.+*()[]")
    assert (pattern[0], pattern[-1]) == ("^", "$")
