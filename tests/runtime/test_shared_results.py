"""What stages have made is taken from the store and not made again, with the bytes of a full run."""

from pathlib import Path

import pytest

from specc.checkpoint.store import Store
from specc.cli.verify_resume import digests
from specc.plan.model import Plan
from specc.runtime.events import Event, Remarked, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.loop import train
from specc.runtime.standing import standings
from tests.crash.damage import flip_a_bit
from tests.runtime.helpers import SPEC, compiled, events

OTHER_RATE = 'stages.whole.lr="cosine(1e-3 -> 1e-5)"'


@pytest.fixture
def at(tmp_path):
    """Return what compiles `helpers.SPEC` with overrides."""
    return lambda *overrides, spec=SPEC: compiled(tmp_path, *overrides, spec=spec)


def steps(found: list[Event]) -> list[str]:
    """Return the stages in which steps were made, in order."""
    return list(dict.fromkeys(event.stage for event in found if isinstance(event, StepDone)))


def states(plan: Plan, root: Path) -> list[str]:
    return [standing.state for standing in standings(plan, RunFolder(root))]


def test_a_run_under_another_name_takes_what_is_the_same(at, tmp_path):
    list(events(at(), tmp_path / "one"))
    changed = at(OTHER_RATE)
    assert states(changed, tmp_path / "two") == ["stored", "to train"]
    assert steps(list(events(changed, tmp_path / "two"))) == ["whole"]
    list(events(changed, tmp_path / "elsewhere" / "full"))
    assert digests(tmp_path / "two") == digests(tmp_path / "elsewhere" / "full")


def test_the_same_protocol_under_another_name_trains_nothing(at, tmp_path):
    list(events(at(), tmp_path / "one"))
    found = list(events(at('name="other"'), tmp_path / "two"))
    assert found[-1].steps_made == 0
    first, second = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert first == second


def test_going_back_to_an_earlier_value_trains_nothing(at, tmp_path):
    for overrides, trained in (((), ["head", "whole"]), ((OTHER_RATE,), ["whole"]), ((), [])):
        assert steps(list(events(at(*overrides), tmp_path / "run"))) == trained


def test_renamed_stages_are_not_trained_again(at, tmp_path):
    list(events(at(), tmp_path / "run"))
    renamed = at(spec=SPEC.replace('"whole"', '"finetune"').replace('"head"', '"warmup"'))
    found = list(events(renamed, tmp_path / "run"))
    assert found[-1].steps_made == 0
    assert [stage["stage"] for stage in found[-1].results["stages"]] == ["warmup", "finetune"]
    list(events(renamed, tmp_path / "elsewhere" / "full"))
    assert digests(tmp_path / "run")["history.jsonl"] == digests(tmp_path / "elsewhere" / "full")["history.jsonl"]


def test_a_stage_that_was_not_finished_goes_on_after_a_detour(at, tmp_path):
    """The state of a stage is kept under its digest, so another value tried meanwhile does not cost it."""
    plan = at('stages.whole.checkpoint_every="1 step"')
    for event in events(plan, tmp_path / "run"):
        if isinstance(event, StepDone) and event.global_step == 14:
            break
    assert states(plan, tmp_path / "run") == ["stored", "partly"]
    list(events(at(OTHER_RATE), tmp_path / "run"))
    found = [event.global_step for event in events(plan, tmp_path / "run") if isinstance(event, StepDone)]
    assert found[0] > 9
    list(events(at(), tmp_path / "elsewhere" / "full"))
    expected = digests(tmp_path / "elsewhere" / "full")
    assert {k: v for k, v in digests(tmp_path / "run").items() if "best" in k} == {
        k: v for k, v in expected.items() if "best" in k
    }


def test_what_is_damaged_in_the_store_is_made_again(at, tmp_path):
    list(events(at(), tmp_path / "one"))
    plan = at('name="other"')
    flip_a_bit(Store.beside(tmp_path / "one").path(plan.stage_digests[1], "end"))
    found = list(events(plan, tmp_path / "two"))
    assert steps(found) == ["whole"]
    assert not list(Store.beside(tmp_path / "one").damaged())


def test_fresh_forgets_what_is_stored(at, tmp_path):
    list(events(at(), tmp_path / "one"))
    for event in train(at(), RunFolder(tmp_path / "one"), "", fresh=True):
        if isinstance(event, StepDone) and event.global_step == 5:
            break
    assert states(at(), tmp_path / "two") == ["partly", "to train"]


def test_an_empty_store_changes_no_byte(at, tmp_path):
    list(events(at(), tmp_path / "one"))
    Store.beside(tmp_path / "one").collect(0)
    found = list(events(at(), tmp_path / "two"))
    assert steps(found) == ["head", "whole"]
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_store_that_cannot_be_written_is_told_once_and_stops_nothing(at, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SPECC_STORE", str(tmp_path / "file" / "store"))
    found = list(events(at(), tmp_path / "run"))
    assert found[-1].steps_made == 16
    (told,) = [event.text for event in found if isinstance(event, Remarked)]
    assert told.startswith("the store of stages cannot be written, and the run does without: ")
