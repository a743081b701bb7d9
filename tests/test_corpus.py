"""Inputs that once broke a law (python -m tests.fuzz finds them) break none any more."""

import pytest

from tests.fuzz.inputs import ROOT
from tests.fuzz.targets import check

INPUTS = sorted(path for path in (ROOT / "tests" / "corpus").glob("*/*"))


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_old_finding(path):
    check(path.parent.name, path.read_bytes())
