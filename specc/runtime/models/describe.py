"""What the compiler must know of a backbone, printed as JSON.

    python -m specc.runtime.models.describe resnet18 vit_tiny_patch16_224
    python -m specc.runtime.models.describe --names

The compiler loads no torch, so it runs this in a process of its own and keeps the answer.
"""

import argparse
import json
from typing import Any

import timm
import torch
from timm.models import group_parameters


def describe(name: str) -> dict[str, Any]:
    """Return a backbone's parameters, sizes and groups, without building its weights.

    Source: layers, the classifier's among them, by timm's own `group_matcher`; no decay for what timm's optimizers
    leave without.
    """
    with torch.device("meta"):
        model: Any = timm.create_model(name, num_classes=0)
        whole: Any = timm.create_model(name)
    config = model.pretrained_cfg
    no_decay = model.no_weight_decay() if hasattr(model, "no_weight_decay") else set()
    depths = group_parameters(whole, whole.group_matcher(coarse=False), reverse=True)
    return {
        "name": name,
        "timm": timm.__version__,
        "features": int(model.num_features if not hasattr(model, "head_hidden_size") else model.head_hidden_size),
        "input_size": list(config["input_size"]),
        "fixed_input_size": bool(config.get("fixed_input_size")) and _is_strict(model),
        "mean": list(config["mean"]),
        "std": list(config["std"]),
        "classifier": _classifier(whole, config.get("classifier")),
        "first_conv": config.get("first_conv"),
        "norms": [[key, type(module).__name__] for key, module in model.named_modules() if _is_norm(module)],
        "drops_paths": _drops_paths(name),
        "top_layer": max(depths.values(), default=0),
        "parameters": [
            [key, list(value.shape), depths.get(key, 0), value.ndim > 1 and key not in no_decay]
            for key, value in model.named_parameters()
        ],
    }


def _classifier(model: torch.nn.Module, name: Any) -> str | None:
    """Return the name of the plain linear classifier that the model has when it is not headless."""
    if not isinstance(name, str):
        return None
    return name if isinstance(dict(model.named_modules()).get(name), torch.nn.Linear) else None


def _is_strict(model: Any) -> bool:
    """Say whether a model refuses images of other sizes than its own; some that say so are made to take any."""
    return bool(getattr(getattr(model, "patch_embed", None), "strict_img_size", True))


def _drops_paths(name: str) -> bool:
    """Say whether timm makes the model with stochastic depth."""
    try:
        with torch.device("meta"):
            timm.create_model(name, num_classes=0, drop_path_rate=0.1)
    except TypeError:
        return False
    return True


def _is_norm(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.modules.batchnorm._BatchNorm)  # noqa: SLF001  (torch has no public base)


def main() -> None:
    """Print the asked records, one a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--names", action="store_true", dest="list")
    arguments = parser.parse_args()
    if arguments.list:
        print(json.dumps(sorted({*timm.list_models(), *timm.list_pretrained()})))  # noqa: T201
    for name in arguments.names:
        print(json.dumps(describe(name), separators=(",", ":")), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
