"""A folder that plain timm loads: `model.safetensors` under timm's own names, and `config.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specc.checkpoint.atomic import make_folder, remove, write_atomic, write_text_atomic
from specc.checkpoint.format import RawTensor, encode, read, split
from specc.compiler.backbone import Backbone, find_backbone
from specc.plan.model import HeadPlan, Plan

_BACKBONE: Final = "backbone."


def export_timm(plan: Plan, checkpoint: Path, folder: Path) -> list[Path]:
    """Write the best weights for timm; heads other than the first linear one go to `heads.safetensors`.

    Load them by `timm.create_model(architecture, num_classes=N, checkpoint_path="model.safetensors")`.

    Raises: RunFailed when the disk does not take them; FileFormatError when the checkpoint is damaged.
    """
    make_folder(folder)
    header, payload = read(checkpoint)
    tensors = split(header, payload)
    backbone = find_backbone(plan.model.backbone or "", plan.data.channels)
    head = _classifier_head(plan, backbone)
    weights = {name.removeprefix(_BACKBONE): t for name, t in tensors.items() if name.startswith(_BACKBONE)}
    others: dict[str, RawTensor] = {}
    for name, tensor in tensors.items():
        if head and name.startswith(f"heads.{head.name}."):
            weights[f"{backbone.classifier}.{name.rsplit('.', 1)[1]}"] = tensor
        elif name.startswith("heads."):
            others[name] = tensor
    written = [folder / "model.safetensors", folder / "config.json"]
    write_atomic(written[0], _plain(weights))
    write_text_atomic(
        written[1], json.dumps(_config(plan, backbone, head, weights), indent=2, ensure_ascii=False) + "\n"
    )
    heads = folder / "heads.safetensors"
    if others:
        write_atomic(heads, _plain(others))
        written.append(heads)
    else:
        remove(heads)  # of an earlier plan
    return written


def _plain(tensors: dict[str, RawTensor]) -> Any:
    return encode(tensors, {"kind": "timm"}).chunks()


def _classifier_head(plan: Plan, backbone: Backbone) -> HeadPlan | None:
    """Return the head that can take the place of timm's classifier."""
    if backbone.classifier is None:
        return None
    return next((head for head in plan.model.heads if head.kind == "linear" and not head.routed_by), None)


def _config(plan: Plan, backbone: Backbone, head: HeadPlan | None, weights: Mapping[str, RawTensor]) -> dict[str, Any]:
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
