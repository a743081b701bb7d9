"""What several tests share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from specc.compiler.pipeline import compile_spec
from specc.plan.model import Plan

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-cases", action="store_true", help="write what specc says into the diagnostics blocks of tests/cases"
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def quickstart() -> Callable[..., Plan]:
    """Compile specs/quickstart.toml with `--set` overrides, without its data."""

    @cache
    def compiled(*overrides: str) -> Plan:
        return compile_spec(ROOT / "specs" / "quickstart.toml", overrides=overrides, with_data=False)[0]

    return compiled
