"""Laws of the JSON Schema: what specc accepts, it never refuses."""

import re
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema import Draft202012Validator

from specc.compiler.schema import spec_schema
from specc.compiler.validate import validate
from specc.frontend.expressions import parse
from specc.spec.fields import STARTS, ExpressionError
from specc.spec.patterns import PATTERNS
from tests.property.test_expressions import BLANKS, EXPRESSIONS, damaged, few
from tests.property.test_specs import HEAD, KEYS, VALUES

SCHEMA = Draft202012Validator(spec_schema())


@st.composite
def respaced(draw: Any, texts: st.SearchStrategy[str]) -> str:
    """The same words with other blanks between them, or none."""
    words = re.findall(r"[(),*]|[^(),*\s]+", draw(texts))
    return draw(BLANKS) + "".join(word + draw(BLANKS) for word in words)


def is_accepted(kind: str, text: str) -> bool:
    try:
        parse(kind, text)
    except ExpressionError:
        return False
    return True


@pytest.mark.parametrize("kind", STARTS)
@settings(few, max_examples=300)
@given(st.data())
def test_every_expression_matches_the_pattern_of_its_kind(kind, data):
    texts = EXPRESSIONS[kind]
    text = data.draw(texts | respaced(texts) | damaged(texts))
    assert re.search(PATTERNS[kind], text) or not is_accepted(kind, text)


@settings(few, max_examples=400)
@given(
    prefix=st.sampled_from(["", "profiles.quick."]),
    values=st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=2),
)
def test_every_file_that_is_right_is_accepted(tmp_path_factory, root, prefix, values):
    folder = tmp_path_factory.mktemp("specs")
    path = folder / "case.toml"
    (folder / "quickstart.toml").write_text((root / "specs" / "quickstart.toml").read_text("utf-8"), "utf-8")
    text = "\n".join(["specc = 1", HEAD, *(f"{prefix}{key} = {value}" for key, value in values.items())])
    path.write_text(text, encoding="utf-8")
    _, problems = validate(path, with_data=False)
    assert problems.errors or SCHEMA.is_valid(tomllib.loads(text))
