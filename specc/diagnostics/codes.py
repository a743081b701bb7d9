"""What each code means. A code is the name of a pattern, and it never changes."""

from typing import Final

CODES: Final[dict[str, str]] = {
    "batch-of-one": "The last batch of every epoch would have a single sample, and batch normalisation cannot work on "
    "one. Choose a batch size that does not leave a remainder of 1.",
    "contradiction": "Two keys of one table say different things, and both cannot hold. Keep one of them.",
    "duplicate-argument": "A function is given the same argument twice. Keep one.",
    "duplicate-key": "A key is set twice in one table. TOML forbids it, because one of the two would be ignored.",
    "duplicate-stage": "Two stages have one name. Selectors, files and messages use names, so each has its own.",
    "expression-syntax": "A string that holds an expression, such as a schedule or a loss, cannot be read. "
    "The place marks where the text stops making sense.",
    "extends-cycle": "A spec extends itself, directly or through others, so there is no first value to start from.",
    "extends-unreadable": "The spec that this one extends cannot be read. Its path starts at the file that names it.",
    "fold-out-of-range": "The fold that validates is not one of the folds. Folds are counted from 0.",
    "idle-rule": "No class has a number of samples that this rule asks for, so it changes nothing.",
    "impossible-gate": "A metric is a share from 0 to 1, and the target is above 1. A percentage needs its sign: 95%.",
    "input-size": "The transforms make images of a size that the backbone does not take. "
    "Vision transformers have one fixed size.",
    "label-order": "A label lies within one that is declared after it. Put the outer label first.",
    "loss-without-views": "A contrastive loss compares two views of an image, and no views are declared.",
    "missing-argument": "A function of the language is called without an argument that it needs.",
    "missing-key": "A table lacks a key that has no default.",
    "never-trained": "No stage trains this head, so its answers stay what chance made them.",
    "no-validation": "A stage stops, falls, hands on or is judged by what validation says, and there is no validation "
    "split. Give the data one.",
    "normalize-apart": "`normalize` is done on whole batches, so it stands last, and is the same for training and for "
    "evaluation: a model that is trained on one scale and evaluated on another is wrong.",
    "out-of-range": "A number lies outside what can work.",
    "random-evaluation": "A transform of `augment.eval` is random. What is measured must not depend on a draw.",
    "routed-outside": "A head is routed by a label that its own label does not lie within. Set `within` on the label.",
    "schedule-incomplete": "A schedule has a phase without an end before another, or a warmup that leads nowhere.",
    "schedule-rises": "A schedule that usually falls is written from a small rate to a large one.",
    "schedule-too-long": "A phase of the schedule takes as long as the stage or longer, so what follows never begins.",
    "selects-nothing": "A selector matches no parameter of the model. The parts that there are stand in the remedy.",
    "stop-never-acts": "An early stop waits until the stage is over, so it can never act.",
    "too-deep": "Tables, arrays or calls are nested deeper than any spec needs.",
    "too-large": "A text is larger than any spec is.",
    "too-many-keys": "A file has more keys than any spec needs.",
    "toml-syntax": "The text is not TOML. The place marks where it stops being so.",
    "trains-without-loss": "A stage trains a head that none of its losses looks at: its weights would only decay.",
    "unknown-argument": "A function of the language has no such argument.",
    "unknown-backbone": "The installed timm has no model of this name.",
    "unknown-function": "There is no function of this name in this kind of expression.",
    "unknown-head": "A loss names a head that the model has not.",
    "unknown-key": "A table has no such key. Nothing in a spec is ignored, so a typo is an error.",
    "unknown-label": "A name is used as a label and `[data.labels]` has none of that name.",
    "unknown-teacher": "A loss names a teacher that `[teachers]` has not.",
    "unreachable-rule": "An earlier rule covers everything that this one does. The first match wins.",
    "unused-allow": "A warning is allowed that nothing gives any more.",
    "unused-key": "A key has no meaning beside the others of its table.",
    "wrong-type": "A value is of another kind than its key: a text where a number belongs, say.",
    "wrong-value": "A value is none of those that its key can have.",
}
"""Meaning by code."""
