"""One merge rule for all layers."""

from typing import Any

import pytest
import tomli

from specc.diagnostics.model import Diagnostics
from specc.frontend.merge import lay_over, subtree
from specc.frontend.toml import parse
from specc.paths import KeyPath
from specc.source import Document, Source


def document(text: str, name: str = "base") -> Document:
    found = parse(Source(name, text), Diagnostics())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ("a = 1\nb = 2", "b = 3\nc = 4", "a = 1\nb = 3\nc = 4"),
        ("[t]\na = 1\nb = 2", "[t]\nb = 3", "[t]\na = 1\nb = 3"),
        ("a = [1, 2]", "a = [3]", "a = [3]"),
        ("a = 1", "[a]\nb = 2", "[a]\nb = 2"),
        ("[a]\nb = 2", "a = 1", "a = 1"),
        (
            '[[s]]\nname = "x"\nlr = 1\n[[s]]\nname = "y"\nlr = 2',
            "s.y.lr = 3\ns.z.lr = 4",
            '[[s]]\nname = "x"\nlr = 1\n[[s]]\nname = "y"\nlr = 3',
        ),
        (
            '[[s]]\nname = "x"',
            "s.y = { lr = 1, steps = 2 }\ns.z = { lr = 1 }",
            '[[s]]\nname = "x"\n[[s]]\nname = "y"\nlr = 1\nsteps = 2',
        ),
        ('[[s]]\nname = "x"', '[[s]]\nname = "y"', '[[s]]\nname = "y"'),
        ('s = ["x"]', "s.x.lr = 1", "s.x.lr = 1"),
        (
            '[data]\nsource = "csv"\ntrain = "a.csv"\nroot = "r"\nimage = "p"\nnum_workers = 4',
            '[data]\nsource = "builtin"\ndataset = "digits"',
            '[data]\nsource = "builtin"\nnum_workers = 4\ndataset = "digits"',
        ),
        (
            '[data]\nsource = "csv"\ntrain = "a.csv"\nroot = "r"',
            '[data]\nsource = "jsonl"',
            '[data]\nsource = "jsonl"\ntrain = "a.csv"\nroot = "r"',
        ),
        ("[defaults]\nepochs = 2\nlr = 1", "[defaults]\nsteps = 3", "[defaults]\nlr = 1\nsteps = 3"),
        (
            '[[stages]]\nname = "x"\nsteps = 2\ngrad_accum_steps = 4\n[[stages]]\nname = "y"\nsteps = 2',
            'stages.x = { epochs = 3, micro_batch_size = "auto" }',
            '[[stages]]\nname = "x"\nepochs = 3\nmicro_batch_size = "auto"\n[[stages]]\nname = "y"\nsteps = 2',
        ),
        ("profiles.p.stages.x.epochs = 2", "profiles.p.stages.x.steps = 3", "profiles.p.stages.x.steps = 3"),
        ("[defaults]\nepochs = 2", "[defaults]\nepochs = 3\nsteps = 4", "[defaults]\nepochs = 3\nsteps = 4"),
        (
            "data.labels.epochs.folder = true",
            "data.labels.steps.folder = true",
            "data.labels = { epochs.folder = true, steps.folder = true }",
        ),
    ],
)
def test_what_is_laid_over_wins(base, over, merged):
    found = lay_over(document(base), document(over, "over"))
    assert found.tree == tomli.loads(merged)
    assert {path for path in found.origins if path} - {KeyPath(("s", 1, "name"))} == paths(found.tree)


def paths(tree: Any, path: KeyPath | None = None) -> set[KeyPath]:
    """Return the paths of a tree but for the name of an item that a layer adds, which it gives as a key."""
    found: set[KeyPath] = set()
    for part, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        here = (path or KeyPath()).child(part)
        found |= {here} | (paths(value, here) if isinstance(value, dict | list) else set())
    return found - {KeyPath(("s", 1, "name"))}


def test_each_value_keeps_its_origin():
    base = document('[[s]]\nname = "x"\nlr = 1\nepochs = 2')
    merged = lay_over(base, document("s.x.lr = 3", "over"))
    origins = {str(path): str(origin) for path, origin in merged.origins.items()}
    assert origins["s[0].lr"] == "over:1:10"
    assert origins["s[0].epochs"] == "base:4:10"


def test_a_profile_is_a_document_of_its_own():
    layer = subtree(
        document("[profiles.small]\ndefaults.batch_size = 4"), KeyPath(("profiles", "small")), "profile small"
    )
    assert layer.tree == {"defaults": {"batch_size": 4}}
    assert str(layer.origin(KeyPath(("defaults", "batch_size")))) == "base:2:23 (profile small)"


def test_nothing_is_changed_in_place():
    base = document("[t]\na = 1")
    lay_over(base, document("[t]\na = 2"))
    assert base.tree == {"t": {"a": 1}}
