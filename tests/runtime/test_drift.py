"""A run that goes on with other libraries, or on another machine, ends in other bytes: it is not done unasked."""

import json
from itertools import takewhile
from pathlib import Path

import pytest

from specc.checkpoint.format import read_header
from specc.checkpoint.metadata import CheckpointInfo
from specc.cli.main import main
from specc.errors import RunFailed
from specc.plan.model import Plan
from specc.runtime import begin
from specc.runtime.events import StageDone, Started
from tests.runtime.helpers import events

CHANGE = "torch 2.0 -> 3.0"


@pytest.fixture
def elsewhere(monkeypatch):
    """Return what sets the version of torch that a run takes itself to run on."""
    genuine = begin.environment
    return lambda torch: monkeypatch.setattr(begin, "environment", lambda *of: {**genuine(*of), "torch": torch})


@pytest.fixture
def begun(plan: Plan, tmp_path, elsewhere) -> Path:
    """Return the folder of a run whose first stage is done, with torch 2.0."""
    elsewhere("2.0")
    list(takewhile(lambda event: not isinstance(event, StageDone), events(plan, tmp_path / "run")))
    return tmp_path / "run"


def recorded(path: Path) -> dict:
    return CheckpointInfo.from_json(read_header(path).own_metadata, str(path)).environment


def test_a_run_that_would_end_in_other_bytes_is_refused(plan, begun, elsewhere):
    before = {path.name: path.read_bytes() for path in begun.glob("*.*")}
    elsewhere("3.0")
    with pytest.raises(RunFailed, match=CHANGE) as caught:
        list(events(plan, begun))
    assert "--allow-drift" in caught.value.help
    assert {path.name: path.read_bytes() for path in begun.glob("*.*")} == before
    elsewhere("2.0")
    assert next(events(plan, begun)).resumed_from


def test_a_run_that_drifts_is_marked_for_ever(plan, begun, elsewhere, capsys):
    elsewhere("3.0")
    run = events(plan, begun, allow_drift=True)
    started = next(run)
    assert isinstance(started, Started)
    assert f"not bit-exact: {CHANGE}" in started.notes
    list(takewhile(lambda event: not isinstance(event, StageDone), run))
    list(events(plan, begun))
    assert recorded(begun / "last.safetensors")["drift"] == [CHANGE]
    assert json.loads((begun / "environment.json").read_text())["drift"] == [CHANGE]
    assert main(["inspect", str(begun / "last.safetensors")]) == 0
    assert f"not bit-exact: the run went on with {CHANGE}" in capsys.readouterr().out


def test_a_run_that_begins_again_is_not_marked(plan, begun, elsewhere):
    elsewhere("3.0")
    list(events(plan, begun, fresh=True))
    assert "drift" not in recorded(begun / "last.safetensors")


def test_what_the_store_has_of_another_place_is_left_there(plan, begun, elsewhere):
    elsewhere("3.0")
    first = next(events(plan, begun.parent / "another"))
    assert first.resumed_from is None
    assert any("--allow-drift takes" in note and CHANGE in note for note in first.notes)
    assert next(events(plan, begun.parent / "third", allow_drift=True)).resumed_from is not None
