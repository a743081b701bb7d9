"""A folder that plain timm loads: `model.safetensors` under timm's own names, and `config.json`."""

import json
from pathlib import Path
from typing import Any, Final

from specc.checkpoint.atomic import make_folder, remove, write_atomic, write_text_atomic
from specc.checkpoint.format import RawTensor, encode, read, split
from specc.compiler.backbone import Backbone, find_backbone
from specc.plan.model import HeadPlan, Plan

_BACKBONE: Final = "backbone."
_Tensors = dict[str, RawTensor]


def export_timm(plan: Plan, checkpoint: Path, folder: Path) -> list[Path]:
    """Write the best weights for timm; heads other than the first linear one go to `heads.safetensors`.

    Load them by `timm.create_model(architecture, num_classes=N, checkpoint_path="model.safetensors")`.

    Order: `config.json` goes first and comes last, so that none ever lies beside weights that it does not describe.
    Raises: RunFailed when the disk does not take them; FileFormatError when the checkpoint is damaged.
    """
    backbone = find_backbone(plan.model.backbone or "", plan.data.channels)
    head = _classifier_head(plan, backbone)
    weights, others = _named_for_timm(split(*read(checkpoint)), backbone, head)
    text = json.dumps(_config(plan, backbone, head, weights), indent=2, ensure_ascii=False) + "\n"
    model, heads, config = (folder / name for name in ("model.safetensors", "heads.safetensors", "config.json"))
    make_folder(folder)
    remove(config)
    write_atomic(model, _plain(weights))
    if others:
        write_atomic(heads, _plain(others))
    else:
        remove(heads)  # of an earlier plan
    write_text_atomic(config, text)
    return [model, *([heads] if others else []), config]


def _named_for_timm(tensors: _Tensors, backbone: Backbone, head: HeadPlan | None) -> tuple[_Tensors, _Tensors]:
    """Return the weights under timm's names, and those of the heads that timm has no place for."""
    weights = {name.removeprefix(_BACKBONE): t for name, t in tensors.items() if name.startswith(_BACKBONE)}
    others: _Tensors = {}
    for name, tensor in tensors.items():
        if head and name.startswith(f"heads.{head.name}."):
            weights[f"{backbone.classifier}.{name.rsplit('.', 1)[1]}"] = tensor
        elif name.startswith("heads."):
            others[name] = tensor
    return weights, others


def _plain(tensors: _Tensors) -> Any:
    return encode(tensors, {"kind": "timm"}).chunks()


def _classifier_head(plan: Plan, backbone: Backbone) -> HeadPlan | None:
    """Return the head that can take the place of timm's classifier."""
    if backbone.classifier is None:
        return None
    return next((head for head in plan.model.heads if head.kind == "linear" and not head.routed_by), None)


def _config(plan: Plan, backbone: Backbone, head: HeadPlan | None, weights: _Tensors) -> dict[str, Any]:
    """Return what timm's hub format holds (timm.models._hub)."""
    classes = list(plan.label(head.label).classes or ()) if head and head.label else []
    normalize = plan.augment.normalize.args if plan.augment.normalize else {"mean": [0.0], "std": [1.0]}
    return {
        "architecture": backbone.name.split(".")[0],
        "num_classes": len(classes),
        "num_features": backbone.features,
        "label_names": classes,
        "pretrained_cfg": {
            "input_size": list(plan.augment.input_size),
            "num_classes": len(classes),
            "mean": normalize["mean"],
            "std": normalize["std"],
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "classifier": backbone.classifier,
            "custom_load": False,
            # Positions are learnt for one size: timm makes such a model for the size of the config only if this is set.
            "fixed_input_size": backbone.fixed_input_size or "pos_embed" in weights,
        },
        "specc": {"experiment": plan.name, "plan_digest": plan.digest},
    }
