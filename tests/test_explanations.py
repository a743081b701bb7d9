"""The page of every code: what it means, a spec that gives it, and the same spec mended.

A fragment is read as example.toml, which extends the quickstart unless the fragment is a whole spec; blocks that name a
file are written beside it first.
"""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from specc.compiler.pipeline import compile_checked
from specc.compiler.validate import validate
from specc.diagnostics.explanations import codes, explanation
from specc.diagnostics.model import SpecError
from specc.errors import MissingData

ROOT = Path(__file__).parents[1]
HEAD: Final = {
    "toml": 'extends = "quickstart.toml"\nname = "example"\n',
    "specc": 'extends "quickstart.toml"\nexperiment example\n',
}
"""What a fragment of each notation begins with."""

BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<name>\S+))?\n(?P<body>(?:(?!```).*\n)*)```$", re.MULTILINE)

WITHOUT_EXAMPLES: Final = {
    "classes-differ": "an example needs a checkpoint",
    "same-content": "an example needs images",
    "splits-as-classes": "an example needs folders of images",
    "too-large": "an example has more than a million characters",
    "too-many-keys": "an example has more than ten thousand keys",
    "unreadable-image": "an example needs images",
    "weights-do-not-fit": "an example needs a checkpoint",
}
WITH_EXAMPLES: Final = sorted(set(codes()) - WITHOUT_EXAMPLES.keys())


def sections(code: str) -> dict[str, str]:
    """Return what stands under each heading of a page; the head of the page has none."""
    head, *rest = re.split(r"^## (Wrong|Right)$", explanation(code), flags=re.MULTILINE)
    return {"": head, **dict(zip(rest[::2], rest[1::2], strict=True))}


def write(folder: Path, section: str) -> Path:
    """Write the files of a section; the last block is the fragment."""
    shutil.copy(ROOT / "specs" / "quickstart.toml", folder)
    *files, fragment = BLOCK.finditer(section)
    for file in files:
        (folder / file["name"]).write_text(file["body"], encoding="utf-8")
    head = "" if re.search(r"^specc\b", fragment["body"], re.MULTILINE) else HEAD[fragment["kind"]]
    path = folder / f"example.{fragment['kind']}"
    path.write_text(head + fragment["body"], encoding="utf-8")
    return path


def said(folder: Path, section: str) -> list[str]:
    """Return the codes of all that is said, as `specc validate` does."""
    context, problems = validate(write(folder, section))
    if context and not problems.errors:
        with suppress(SpecError, MissingData):
            compile_checked(context)
    return [d.code for d in problems.found]


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("code", codes())
def test_the_form_of_a_page(code):
    assert list(sections(code)) == ([""] if code in WITHOUT_EXAMPLES else ["", "Wrong", "Right"])
    assert re.fullmatch(rf"# {code}\n\n(\S.*\n)+\n?", sections(code)[""]), "one paragraph says what the code means"


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_wrong_example_gives_the_code(code, tmp_path):
    assert code in said(tmp_path, sections(code)["Wrong"])


@pytest.mark.parametrize("code", WITH_EXAMPLES)
def test_the_right_example_gives_nothing(code, tmp_path):
    assert said(tmp_path, sections(code)["Right"]) == []
