"""What several tests share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from specc.compiler.operations import operation
from specc.compiler.pipeline import compile_spec
from specc.frontend.expressions import parse
from specc.plan.model import DataPlan, LabelPlan, Plan

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


@pytest.fixture(scope="session")
def data_plan() -> Callable[..., DataPlan]:
    """Make the plan of a data set that nothing is known of yet; a split is given as its expression."""

    def made(
        source: str = "csv", *, split: str | None = None, labels: tuple[str | LabelPlan, ...] = ("kind",), **more: Any
    ) -> DataPlan:
        given = {
            "location": {},
            "image": None,
            "channels": 3,
            "labels": tuple(
                LabelPlan(name=label, column=label) if isinstance(label, str) else label for label in labels
            ),
            "rare": {},
            "split": operation("split", parse("split", split)) if split else None,
            "group": None,
            "fold": None,
            "limit": None,
            "on_bad_sample": "error",
            "samples": None,
            "fingerprints": None,
        }
        return DataPlan(source=source, **{**given, **more})

    return made
