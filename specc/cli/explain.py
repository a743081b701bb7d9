"""`specc explain`: who set a value and what it means, or what a diagnostic says."""

import argparse
import json
import sys
from typing import Any

from specc.cli.output import add_spec_arguments
from specc.compiler.pipeline import compile_spec
from specc.compiler.structure import keys_at, model_at
from specc.diagnostics.explanations import codes, explanation
from specc.diagnostics.suggest import did_you_mean
from specc.errors import MissingData, UsageError
from specc.paths import KeyPath, value_at


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_spec_arguments(parser)
    parser.add_argument("path", nargs="?", help="a value of the spec, such as stages.joint.lr")


def run(arguments: argparse.Namespace) -> int:
    """Explain a code, or a value of a spec."""
    if arguments.path is None:
        sys.stdout.write(_code(str(arguments.spec)))
    else:
        sys.stdout.write(_value(arguments))
    return 0


def _code(code: str) -> str:
    if code not in codes():
        raise UsageError(f"there is no diagnostic `{code}`", help=did_you_mean(code, codes(), "codes"))
    return explanation(code)


def _value(arguments: argparse.Namespace) -> str:
    layers = tuple(arguments.profile), tuple(arguments.overrides)
    try:
        plan, context = compile_spec(arguments.spec, *layers)
    except MissingData:
        plan, context = compile_spec(arguments.spec, *layers, with_data=False)
    asked = KeyPath.parse(arguments.path)
    tree = context.document.tree
    path = asked.resolve(tree)
    resolved = asked.resolve(plan.model_dump(mode="json"))
    lines = [arguments.path]
    if path is not None:
        lines += [f"  value    {_shown(value_at(tree, path))}", f"  set by   {context.document.origin(path)}"]
    elif resolved is None and str(asked) not in plan.origins:
        scope = keys_at(asked.parent) or [str(part) for part in tree]
        raise UsageError(
            f"there is no `{arguments.path}` in this spec", help=did_you_mean(str(asked[-1]), scope, "keys")
        )
    else:
        lines.append(f"  set by   {plan.origins.get(str(asked), 'derived')}")
    if resolved is not None:
        lines.append(f"  in plan  {_shown(value_at(plan.model_dump(mode='json'), resolved))}")
    meaning = _meaning(path or asked)
    return "\n".join([*lines, *([f"  meaning  {meaning}"] if meaning else [])]) + "\n"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:197] + "..."


def _meaning(path: KeyPath) -> str | None:
    model = model_at(path.parent)
    field = next((f for n, f in model.model_fields.items() if path[-1] in (n, f.alias)), None) if model else None
    return field.description if field else None
