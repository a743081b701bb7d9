"""Which model a path of a spec leads to, which keys it may have, and what kind of expression a value is."""

from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from specc.paths import KeyPath
from specc.spec.experiment import Spec
from specc.spec.fields import ExpressionField


def keys_at(path: KeyPath) -> list[str]:
    """Return the keys that a table at `path` may have, as they are written.

    >>> keys_at(KeyPath(("model", "heads", "species")))[:2]
    ['kind', 'routed_by']
    """
    model = model_at(path)
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


@lru_cache(maxsize=256)
def model_at(path: KeyPath) -> type[BaseModel] | None:
    """Return the model of the table at `path`; None where a table holds names of the user's own."""
    annotation: Any = Spec
    for part in path:
        annotation = _core(_below(annotation, part))
        if annotation is None:
            return None
    return annotation if _is_model(annotation) else None


def field_at(path: KeyPath) -> FieldInfo | None:
    """Return the field that the value at `path` belongs to; an array's items belong to the array's."""
    while path and isinstance(path[-1], int):
        path = path.parent
    model = model_at(path.parent) if path else None
    return _field(model, path[-1]) if model else None


def expression_at(path: KeyPath) -> str | None:
    """Return the kind of expression that the value at `path` is, or None when it is another value.

    >>> expression_at(KeyPath.parse("stages.joint.lr")), expression_at(KeyPath.parse("data.root"))
    ('schedule', None)
    """
    field = field_at(path)
    found = _expression_in((field.annotation, *field.metadata)) if field else None
    return found.kind if found else None


def _expression_in(things: tuple[Any, ...]) -> ExpressionField | None:
    for thing in things:
        if isinstance(thing, ExpressionField):
            return thing
        if found := _expression_in(get_args(thing)):
            return found
    return None


def _below(annotation: Any, part: str | int) -> Any:
    if _is_model(annotation):
        field = _field(annotation, part)
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[-1 if get_origin(annotation) is dict else 0] if arguments else None


def _field(model: type[BaseModel], part: str | int) -> FieldInfo | None:
    return next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)


def _core(annotation: Any) -> Any:
    """Strip what surrounds a model or a container: unions with None, and annotations."""
    while get_origin(annotation) not in (None, dict, tuple, list):
        annotation = get_args(annotation)[0]
    return annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
