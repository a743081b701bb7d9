"""The sentences under the fields of the models, read from their source once somebody asks."""

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the sentence under each field of a model and of what it derives from, by the key as it is written.

    >>> from specc.spec.data import Cache
    >>> descriptions(Cache)["limit"]
    'Size at which the least recently used go first.'
    """
    sentences = {name: text for base in reversed(model.__mro__) for name, text in _sentences(base)}
    return {field.alias or name: sentences[name] for name, field in model.model_fields.items() if name in sentences}


def _sentences(model: type) -> Iterator[tuple[str, str]]:
    """Yield each field of a class that a sentence stands under."""
    if not issubclass(model, BaseModel) or model is BaseModel:
        return
    [tree] = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101
    for pair in pairwise(tree.body):
        match pair:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                yield name, inspect.cleandoc(text)
