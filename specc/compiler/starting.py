"""The text of a first spec, from what was found in the data: every line with its reason."""

import re
from collections.abc import Sequence
from math import prod
from statistics import median
from typing import Final

from specc.compiler.backbone import Backbone
from specc.compiler.survey import SEED, Classes, Table, shares_of_pairs
from specc.diagnostics.render import printable
from specc.frontend.quoting import quoted

BACKBONE: Final = "mobilenetv2_100"
"""Fast enough for a CPU, good enough to begin with, at home with any image size, and described without asking timm."""

_BATCH: Final = 32
_SHORT: Final = 5
"""With fewer epochs a warmup would take too many of them."""

_SHOWN: Final = 8
"""Classes named in a remark."""

_SOURCES: Final = {"folder": "a folder of images for each class", "csv": "a table with a row for each image"}

_PERHAPS: Final = "# \ue000"
"""Begins the remark above a line that is only suggested. No name can hold this character: it would be escaped."""


def identifier(text: str) -> str:
    """Return the nearest name that can stand in expressions.

    >>> identifier("Leaf blight (%)"), identifier("2024")
    ('leaf_blight', '_2024')
    """
    name = re.sub(r"\W+", "_", text.lower(), flags=re.ASCII).strip("_")[:60]
    return name if name and not name[0].isdigit() else f"_{name}"


def only_suggested(text: str) -> str:
    r"""Make a comment of every line that is only suggested, once a spec is in its notation.

    >>> only_suggested("lr = 1e-3\n  # \ue000 faster\n  compile = true\n")
    'lr = 1e-3\n  # compile = true # faster\n'
    """
    return re.sub(rf"^( *){_PERHAPS} (.*)\n *(.*)$", r"\1# \3 # \2", text, flags=re.MULTILINE)


def image_spec(found: Classes, name: str, backbone: Backbone, size: int, epochs: int) -> str:
    """Return a spec that trains a classifier of images: its head first, then the whole of it."""
    label = found.label.name
    return f"""\
{_remarks(_counted(found))}
{_head(name)}
[data]
{_places(found)}

[data.labels]
{_label(found)}

[augment]
train = [
  "random_resized_crop({size}, scale = 0.6 -> 1.0)", # another part of the image each time
  "hflip(0.5)", # leave it out where left and right differ, as in digits and signs
  "color_jitter(brightness = 0.2, contrast = 0.2, saturation = 0.2)", # another light
  "normalize(model)", # as the backbone was trained
]
eval = ["resize({round(size * 8 / 7)})", "center_crop({size})", "normalize(model)"] # nothing left to chance

[model]
backbone = {quoted(backbone.name)} # any image model of timm; this one has {_millions(backbone)} million parameters
pretrained = true # timm's weights, fetched once; without them it takes far more images

[model.heads]
{label} = {{ kind = "linear" }} # one output for each of the {len(found.counts):,} classes

[defaults]
batch_size = {_batch_size(found)} # images of one step
optimizer = "adamw(weight_decay = 0.05)" # asks for little tuning
max_grad_norm = 1.0 # keeps one odd batch from doing harm
loss = "cross_entropy({label}, label_smoothing = 0.1)" # smoothed, because some labels are always wrong
{_PERHAPS} on a recent GPU: faster, in half the memory
precision = "bf16"

[[stages]]
name = "warmup" # the head is new, and would spoil a backbone that learns along with it
epochs = {1 if epochs < _SHORT else 2} # enough for one layer
train = "heads.{label}" # all else is frozen
lr = 3e-3 # a single layer takes a high rate

[[stages]]
name = "finetune" # then everything learns, from the labels of this data
epochs = {epochs} # passes over the training images
train = "all"
lr = "{_rate(epochs)}" # ends in small steps
rates = "backbone * 0.1" # pretrained weights need smaller steps than the new head
{_sample(found)}\
{_PERHAPS} ends early where nothing improves
stop = "min loss, patience = 5 epochs, after = {epochs // 2} epochs"
{_PERHAPS} a gate: a run that misses it stops here
expect = ["top1({label}) >= 80%"]

[evaluate]
{_metrics(found)}
{_PERHAPS} the target of the whole run
expect = ["top1({label}) >= 90%"]
{_allowed(found)}\
"""


def pair_spec(table: Table, source: str, target: str, name: str, epochs: int) -> str:
    """Return a spec that learns to write one text for another."""
    into, out = identifier(source), identifier(target)
    return f"""\
{_remarks(_measured(table, source, target))}
{_head(name)}
[data]
source = "csv" # a table with a row for each pair
path = {quoted(table.place)}
split = "random({shares_of_pairs(table, source)})" # by lot, the same in every run
{_group(table, source)}\

[data.input]
{into} = {{ column = {quoted(source)}, as = "characters" }} # "symbols" where blanks part them

[data.labels]
{out} = {{ column = {quoted(target)}, as = "characters" }} # what is to be written

[model]
architecture = "seq2seq(layers = 2, hidden = 256, embed = 128, dropout = 0.3)" # reads one text, writes the other

[defaults]
batch_size = 64 # pairs of one step
optimizer = "adamw(weight_decay = 0.01)" # asks for little tuning
max_grad_norm = 1.0 # recurrent networks have steep places

[[stages]]
name = "train" # nothing is pretrained, so everything learns at once
epochs = {epochs} # passes over the training pairs
train = "all"
lr = "{_rate(epochs)}" # ends in small steps
loss = "cross_entropy({out})" # of each character, given those before it
{_PERHAPS} ends early where nothing improves
stop = "min loss, patience = 5 epochs, after = {epochs // 2} epochs"

[evaluate]
metrics = ["exact_match({out})", "edit_rate({out})"] # texts without a fault, and faults a character
best = "min edit_rate({out})" # moves before a whole text is right
{_PERHAPS} the target of the whole run
expect = ["exact_match({out}) >= 80%"]
"""


def _allowed(found: Classes) -> str:
    """Return the section that allows what could not be done better."""
    if not found.short or found.split is None or "stratified" not in found.split:
        return ""
    return '\n[allow]\nclass-too-small = "some classes have too few images for every split; they are in training"\n'


def _remarks(lines: Sequence[str]) -> str:
    return "\n".join(f"# {printable(line)}" for line in lines)


def _head(name: str) -> str:
    return f"""\
specc = 1 # version of the language
name = {quoted(name)} # results go to checkpoints/{name}
seed = {SEED} # every draw is a function of it: the same spec gives the same weights
"""


def _counted(found: Classes) -> list[str]:
    counts, samples = found.counts, found.data.samples or {}
    (smallest, least), *_, (largest, most) = counts.items()
    splits = ", ".join(f"{count:,} {split}" for split, count in samples.items())
    lines = [
        f"{len(counts):,} classes, {sum(samples.values()):,} images: {splits}. Counted by `specc new`.",
        f"Training has {least:,} (`{smallest}`) to {most:,} (`{largest}`) of a class, {found.middle:,} in the middle.",
    ]
    if found.rare:
        rare = [f"`{name}` {count:,}" for name, count in found.rare.items()]
        lines.append(f"Rare, with fewer than {found.rare_below:,}, a fifth of the middle: {_listed(rare)}.")
    if found.short:
        lines.append(f"Too few for every split: {_listed([f'`{name}`' for name in found.short])}.")
    return lines + [
        f"`{folder}` is not used: a spec divides one folder, or has one a split." for folder in found.left_out
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _measured(table: Table, source: str, target: str) -> list[str]:
    lines = [f"{len(table):,} pairs, measured by `specc new`."]
    for column in (source, target):
        values = table.columns[column].values
        characters = len(set().union(*values))
        lines.append(f"`{column}` has up to {max(map(len, values)):,} characters, of {characters:,} kinds.")
    return lines


def _group(table: Table, source: str) -> str:
    column = table.columns[source]
    if len(column.values) == len(column):
        return ""
    return f"group = {quoted(source)} # {len(column) - len(column.values):,} rows repeat one, and stay in its split\n"


def _places(found: Classes) -> str:
    data = found.data
    lines = [f'source = "{data.source}" # {_SOURCES[data.source]}']
    lines += [f"{key} = {quoted(place)}" for key, place in data.location.items()]
    if data.image:
        start = "here, in the working directory" if "root" in data.location else "in the table's folder"
        lines.append(f"image = {quoted(data.image)} # the column with the image's path, which starts {start}")
    if found.split:
        why = "each class in these shares, by lot" if "stratified" in found.split else "as this column says"
        lines.append(f'split = "{found.split}" # {why}; the same in every run')
    return "\n".join(lines)


def _label(found: Classes) -> str:
    label = found.label
    if found.data.image is None:
        return f"{label.name} = {{ folder = true }} # an image's class is the folder that it lies in"
    return f"{label.name} = {{ column = {quoted(label.column)} }} # an empty cell is an image without this label"


def _millions(backbone: Backbone) -> str:
    return f"{sum(prod(parameter.shape) for parameter in backbone.parameters) / 1e6:.1f}"


def _batch_size(found: Classes) -> int:
    """Return a size that leaves no image alone, which batch normalisation could not take."""
    images = (found.data.samples or {})["train"]
    return next(size for size in range(min(_BATCH, images), 1, -1) if images % size != 1)


def _rate(epochs: int) -> str:
    return "cosine(1e-3 -> 1e-5)" if epochs < _SHORT else "warmup(1 epoch) then cosine(1e-3 -> 1e-5)"


def _sample(found: Classes) -> str:
    """Return the line that draws rare classes about as often as the least of the others."""
    if not found.rare:
        return ""
    weight = min(max(round(found.rare_below / median(found.rare.values())), 2), 10)
    rule = f"{weight} where count({found.label.name}) < {found.rare_below}"
    return f'sample = "{rule}" # draws the rare classes {weight} times as often\n'


def _metrics(found: Classes) -> str:
    label = found.label.name
    metrics = [f"top1({label})"]
    if len(found.counts) > 10:
        metrics.append(f"top5({label})")
    if found.is_imbalanced:
        metrics.append(f"macro_f1({label})")
    if found.rare:
        metrics.append(f"macro_f1({label} where count({label}) < {found.rare_below})")
    best = f"macro_f1({label})" if found.is_imbalanced else f"top1({label})"
    why = "all classes count alike, small or large" if found.is_imbalanced else "the classes are of like size"
    listed = ", ".join(f'"{metric}"' for metric in metrics)
    return (
        f'metrics = [{listed}] # after each epoch, and at the end\nbest = "max {best}" # which weights are kept; {why}'
    )
