"""Laws of the two notations: they say the same, and going there and back changes nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings, strategies as st

from specc.compiler.pipeline import compile_spec
from specc.diagnostics.model import Diagnostics
from specc.frontend import dsl, toml
from specc.frontend.formatter import format_source
from specc.frontend.quoting import key_text, quoted
from specc.source import Source

some = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)

NAMES = st.sampled_from(
    ["digit", "species", "lr", "a-b", "8", "leaf blight", 'q"', "é", "column", "kind", "for", "x.y"]
)
TEXTS = st.sampled_from(
    ["all", "heads.digit", "cosine(1e-3->0)", "top1( digit )>=95%", "one_of(mixup(0.2),cutmix(1),p=0.5)", "min loss",
     "data/val.csv", "5", "true", "1e-3", "", " ", "a, b", "# no comment", "it's", 'say "x"', "back\\slash",
     "two\nlines", "[x]", "a[", "a)", "{", "= 1", "routed", "folder", "pretrained", "resnet50.a1_in1k",
     "tab\there", "nul\x07", "é漢"]
)  # fmt: skip
SCALARS = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.sampled_from([1e-3, 0.5, 1e300, -2.0]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
KNOWN = {
    "data": ["source", "train", "image", "labels", "input", "cache"],
    "augment": ["train", "eval", "views", "keep_features"],
    "model": ["backbone", "pretrained", "heads", "ema_decay"],
    "defaults": ["lr", "loss", "expect", "augment"],
    "evaluate": ["metrics", "expect", "best"],
}
ENTRY = st.dictionaries(
    st.sampled_from(["column", "folder", "within", "as", "kind", "routed_by", "hidden", "rare"]), VALUES, max_size=3
)
TABLE = st.one_of(VALUES, st.dictionaries(NAMES, ENTRY, max_size=2))
STAGE = st.fixed_dictionaries(
    {"name": NAMES},
    optional={"epochs": st.integers(0, 3), "steps": SCALARS, "lr": VALUES, "expect": VALUES, "augment": VALUES},
)


def section(keys: list[str]) -> Any:
    return st.dictionaries(st.sampled_from(keys), TABLE, max_size=4)


TREES = st.fixed_dictionaries(
    {},
    optional={
        "specc": st.just(1),
        "name": NAMES,
        "seed": SCALARS,
        **{name: st.one_of(section(keys), VALUES) for name, keys in KNOWN.items()},
        "stages": st.one_of(st.lists(STAGE, max_size=3), VALUES),
        "profiles": st.dictionaries(
            NAMES, st.dictionaries(st.sampled_from([*KNOWN, "stages", "name"]), TABLE, max_size=3), max_size=2
        ),
        "allow": st.dictionaries(NAMES, TEXTS, max_size=2),
        "extra": VALUES,
    },
)


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_text(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value).lower()


@st.composite
def texts(draw: Any) -> str:
    """A TOML text with comments and gaps in places where they may be."""
    tree = draw(TREES)
    lines: list[str] = []
    for key, value in tree.items():
        if not isinstance(value, dict):
            lines.append(f"{key} = {inline(value)}")
    for key, value in tree.items():
        if isinstance(value, dict):
            lines += [f"[{key}]", *(f"{key_text(name)} = {inline(item)}" for name, item in value.items())]
    text = ""
    for line in lines:
        text += "".join(draw(st.lists(st.sampled_from(["\n", "# above\n", "  # in\n"]), max_size=2)))
        text += line + draw(st.sampled_from(["", "", " # behind"])) + "\n"
    return text + draw(st.sampled_from(["", "# last", "\n# last\n", "\n\n"]))


def formatted(text: str, notation: str, to: str) -> str:
    return format_source(Source("x", text), notation, to)


@some
@given(texts())
@example('[data]\nsource = "csv"\n# end of data\n\n[model]\n# first\n\nbackbone = "x" # b\n\n# end\n')
def test_formatting_is_idempotent_and_converting_there_and_back_changes_nothing(text):
    first = formatted(text, ".toml", ".toml")
    assert formatted(first, ".toml", ".toml") == first
    other = formatted(first, ".toml", ".specc")
    assert formatted(other, ".specc", ".specc") == other
    assert formatted(other, ".specc", ".toml") == first


@st.composite
def commented(draw: Any) -> str:
    """A .specc text with comments and gaps in places where they may be."""
    text = formatted(draw(texts()), ".toml", ".specc")
    assume('"""' not in text)
    out = ""
    for line in text.splitlines():
        out += "".join(draw(st.lists(st.sampled_from(["\n", "# above\n", "    # in\n"]), max_size=1)))
        is_bare = "#" not in line and line
        out += line + draw(st.sampled_from(["", "", " # behind"] if is_bare else [""])) + "\n"
    return out


@some
@given(commented())
def test_formatting_the_other_notation_is_idempotent_and_converting_there_and_back_changes_nothing(text):
    first = formatted(text, ".specc", ".specc")
    assert formatted(first, ".specc", ".specc") == first
    other = formatted(first, ".specc", ".toml")
    assert formatted(other, ".toml", ".toml") == other
    assert formatted(other, ".toml", ".specc") == first


@some
@given(texts())
def test_both_notations_give_one_tree(text):
    other = formatted(text, ".toml", ".specc")
    trees = [
        parse(Source("x", content), Diagnostics())
        for parse, content in ((toml.parse, formatted(text, ".toml", ".toml")), (dsl.parse, other))
    ]
    assert trees[0].tree == trees[1].tree  # both are formatted, so their expressions are spaced alike


@pytest.fixture(scope="module")
def folder(tmp_path_factory, root) -> Path:
    folder = tmp_path_factory.mktemp("specs")
    for spec in (root / "specs").iterdir():
        shutil.copy(spec, folder)
    return folder


def test_every_spec_is_there_in_both_notations_with_one_digest(root, folder, monkeypatch):
    monkeypatch.chdir(root)
    specs = sorted(path.stem for path in folder.glob("*.toml"))
    assert specs == sorted(path.stem for path in folder.glob("*.specc"))
    for spec in specs:
        plans = [compile_spec(folder / f"{spec}{end}", with_data=False)[0] for end in (".toml", ".specc")]
        assert plans[0].digest == plans[1].digest


def test_every_spec_is_formatted_and_each_notation_is_the_other_one_converted(root):
    for path in sorted((root / "specs").iterdir()):
        text, other = path.read_text("utf-8"), path.with_suffix(".specc" if path.suffix == ".toml" else ".toml")
        assert formatted(text, path.suffix, path.suffix) == text
        assert formatted(text, path.suffix, other.suffix) == other.read_text("utf-8")
