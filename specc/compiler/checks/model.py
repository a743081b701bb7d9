"""The model: a backbone with heads or an architecture, and the weights that it starts from."""

from pathlib import PurePath
from typing import Final

from specc.compiler.backbone import has_weights
from specc.compiler.checks.rows import table
from specc.compiler.context import Context
from specc.diagnostics.suggest import did_you_mean
from specc.paths import KeyPath
from specc.spec.model import Head

_PICKLED: Final = (".ckpt", ".pt", ".pth", ".bin", ".pkl", ".tar", ".h5")
"""Endings of files that hold code, or what code must read."""


def check_model(context: Context) -> None:
    """Report models that cannot be built, or not from these weights."""
    model = context.spec.model
    if (model.backbone is None) == (model.architecture is None):
        headline = "a model has either a `backbone` or an `architecture`"
        context.problems.error("contradiction", headline, context.at("model"), "set one of them")
    elif model.architecture:
        _architecture(context)
    else:
        _backbone(context)
    for name, head in model.heads.items():
        _head(context, name, head)
    _weights(context)


def _architecture(context: Context) -> None:
    """Report what only a backbone has, and an architecture without what it reads and writes."""
    spec, kind = context.spec, context.spec.model.architecture.function if context.spec.model.architecture else ""
    for key in ("pretrained", "drop_path_rate", "norm", "heads"):
        if getattr(spec.model, key):
            headline = f"`{key}` is for a backbone, and `{kind}` is an architecture of its own"
            context.problems.error("unused-key", headline, context.at(f"model.{key}"), "leave it out")
    for path in ("augment.train", "augment.eval", "augment.views"):
        if getattr(spec.augment, path.removeprefix("augment.")):
            headline = f"`{path}` transforms images, and `{kind}` reads text"
            context.problems.error("no-images", headline, context.at(path), "leave it out")
    for row in table(context):
        for key in ("augment", "mix"):
            value, place = row.setting(key)
            if value:
                headline = f"`{key}` changes images, and `{kind}` reads text"
                row.error("no-images", headline, row.at(place), "leave it out")
    if not spec.data.input:
        headline = f"`{kind}` reads text, and nothing says which column holds it"
        remedy = 'declare [data.input.NAME] with column = "..."'
        context.problems.error("missing-key", headline, context.at("model.architecture"), remedy)
    if spec.data.labels and all(label.as_ == "class" for label in spec.data.labels.values()):
        headline = f"`{kind}` writes sequences, and every label is a class"
        labels = context.at("model.architecture") + context.at("data.labels", text="classes")
        context.problems.error("wrong-label-kind", headline, labels, 'set as = "characters" for a label')


def _backbone(context: Context) -> None:
    spec, model = context.spec, context.spec.model
    if not model.heads:
        headline = "the model has no head, so it answers nothing"
        remedy = f"declare [model.heads.{next(iter(spec.data.labels), 'NAME')}]"
        context.problems.error("missing-key", headline, context.at("model"), remedy)
    if spec.data.input:
        headline = f"`{model.backbone}` looks at images, and [data.input] gives it text"
        labels = context.at("data.input") + context.at("model.backbone", text="looks at images")
        context.problems.error("contradiction", headline, labels, 'use architecture = "seq2seq()"')
    if context.backbone is None:
        return
    if model.drop_path_rate and not context.backbone.drops_paths:
        headline = f"`{model.backbone}` has no paths to drop, and `drop_path_rate` asks for it"
        labels = context.at("model.drop_path_rate") + context.at("model.backbone", text="made without")
        context.problems.error("no-drop-path", headline, labels, "leave it out")
    if model.pretrained and not has_weights(model.backbone or ""):
        headline = f"timm has no pretrained weights of `{model.backbone}`"
        labels = context.at("model.pretrained") + context.at("model.backbone", text="only an architecture")
        remedy = 'set pretrained = false, or model.start_from = "weights.safetensors"'
        context.problems.error("no-pretrained", headline, labels, remedy)


def _head(context: Context, name: str, head: Head) -> None:
    labels, path = context.spec.data.labels, f"model.heads.{name}"
    if head.out is not None and name in labels:
        headline = f"head `{name}` has an output for each class of its label, and `out` is for heads without one"
        context.problems.error("unused-key", headline, context.at(f"{path}.out"), "leave it out")
    if name in labels and labels[name].as_ != "class" and context.spec.model.backbone:
        headline = f"head `{name}` tells classes, and label `{name}` is a sequence"
        context.problems.error("contradiction", headline, context.at(path), "an `architecture` writes sequences")
    if head.out is None and name not in labels:
        headline = f"head `{name}` has no label, and no `out`"
        context.problems.error("unknown-label", headline, context.at(path), did_you_mean(name, labels, "labels"))
    if head.kind == "linear" and head.hidden:
        headline = f"head `{name}` is linear and has no hidden layer"
        context.problems.error("unused-key", headline, context.at(f"{path}.hidden"), 'set kind = "mlp"')
    if head.dropout == 1:
        headline = f"a dropout of 1 leaves head `{name}` nothing to learn from"
        context.problems.error("out-of-range", headline, context.at(f"{path}.dropout"), "it is below 1")
    _routing(context, name, head)


def _routing(context: Context, name: str, head: Head) -> None:
    labels, path = context.spec.data.labels, f"model.heads.{name}.routed_by"
    if head.routed_by and head.routed_by not in labels:
        headline = f"head `{name}` is routed by `{head.routed_by}`, which is no label"
        remedy = did_you_mean(head.routed_by, labels, "labels")
        context.problems.error("unknown-label", headline, context.at(path), remedy)
    elif head.routed_by and name in labels and labels[name].within != head.routed_by:
        headline = f"head `{name}` is routed by `{head.routed_by}`, but label `{name}` does not lie within it"
        remedy = f'set data.labels.{name}.within = "{head.routed_by}"'
        context.problems.error("routed-outside", headline, context.at(path), remedy)


def _weights(context: Context) -> None:
    """Report checkpoints that cannot be read safely, and one that the run itself writes."""
    spec = context.spec
    files = {KeyPath(("teachers", name)): file for name, file in spec.teachers.items()}
    if spec.model.start_from:
        files[KeyPath(("model", "start_from"))] = spec.model.start_from
    own = PurePath(spec.run.out, spec.name)
    for path, file in files.items():
        if PurePath(file).suffix in _PICKLED:
            headline = f"`{PurePath(file).name}` is no safetensors file, and reading others runs what is in them"
            remedy = "save it once more with safetensors.torch.save_file"
            context.problems.error("pickled-weights", headline, context.at(path), remedy)
        elif own in PurePath(file).parents:
            headline = f"`{file}` is written by this run itself"
            labels = context.at(path) + context.at("name", text="the run's folder")
            context.problems.warn("starts-from-itself", headline, labels, "give the run another name")
