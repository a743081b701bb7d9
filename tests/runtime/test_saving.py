"""Saving beside the training: what waits, what is told, and what a slow or a full disk does."""

import threading

import pytest

from specc.errors import RunFailed
from specc.runtime.cadence import Cadence
from specc.runtime.events import Saved, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.resume import read_info, read_tensors
from specc.runtime.saving import MOST, Saving
from specc.runtime.tensors import to_raw
from tests.crash.damage import flip_a_bit
from tests.runtime.helpers import begun, compiled, events, made_step, random_batch


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    found = RunFolder(tmp_path / "checkpoints" / "run")
    (found.root / "stages").mkdir(parents=True)
    return found


@pytest.fixture
def gate(monkeypatch) -> threading.Event:
    """Let no file be written before this is set."""
    opened, genuine = threading.Event(), RunFolder.save

    def slow(self, *args, **kwargs):
        assert opened.wait(60)
        return genuine(self, *args, **kwargs)

    monkeypatch.setattr(RunFolder, "save", slow)
    return opened


def test_steps_go_on_while_a_file_is_written_and_do_not_change_it(plan, folder, gate):
    state, saving = begun(plan, stage=1), Saving(plan, folder)
    made_step(state, random_batch(plan))
    before = {name: bytes(raw.data) for name, raw in to_raw(state.tensors()).items()}
    assert list(saving.save(state, "last", Cadence(None))) == []
    made_step(state, random_batch(plan, seed=1))
    assert not folder.last.exists()
    gate.set()
    (told,) = saving.done(most=0)
    assert isinstance(told, Saved)
    assert told.path == str(folder.last)
    assert read_info(folder.last).step == 1
    assert {name: bytes(raw.data) for name, raw in to_raw(read_tensors(folder.last)[1]).items()} == before
    saving.close()


def test_no_more_copies_wait_than_may(plan, folder, gate):
    state, saving = begun(plan), Saving(plan, folder)
    threading.Timer(0.5, gate.set).start()
    for _ in range(MOST + 2):
        list(saving.save(state, "last", Cadence(None)))
        assert len(saving.waiting) <= MOST
    assert gate.is_set()
    saving.close()


def test_best_weights_do_not_put_off_the_next_state(plan, folder):
    state, saving, cadence = begun(plan), Saving(plan, folder), Cadence((5.0, "minutes"), saved_at=-1000.0)
    list(saving.save(state, "best", cadence))
    assert cadence.due(1, 1, epoch_over=False)
    list(saving.save(state, "last", cadence))
    assert not cadence.due(1, 1, epoch_over=False)
    saving.close()


def test_a_failed_save_is_told_at_the_next_step(plan, folder, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise RunFailed("no space is left")

    monkeypatch.setattr(RunFolder, "save", fail)
    state, saving = begun(plan), Saving(plan, folder)
    list(saving.save(state, "last", Cadence(None)))
    with pytest.raises(RunFailed, match="no space"):
        list(saving.done(most=0))
    saving.close()


def test_as_many_states_are_kept_as_asked(tmp_path):
    plan = compiled(tmp_path, "run.keep_last=4", 'defaults.checkpoint_every="1 step"')
    made = [event for event in events(plan, tmp_path / "run") if isinstance(event, StepDone)]
    steps = [read_info(path).global_step for path in RunFolder(tmp_path / "run").states()]
    assert len(made) == 16
    assert steps == [16, 14, 13, 12]


def test_the_state_before_a_damaged_one_is_found_however_old(tmp_path):
    plan, root = compiled(tmp_path, "run.keep_last=4", 'defaults.checkpoint_every="1 step"'), tmp_path / "run"
    for event in events(plan, root):
        if isinstance(event, StepDone) and event.global_step == 7:
            break
    states = RunFolder(root).states()
    oldest = read_info(states[-1]).global_step
    for path in states[:-1]:
        flip_a_bit(path)
    for path in RunFolder(root).store.root.iterdir():
        path.unlink()
    found = list(events(plan, root))
    assert found[0].global_step == oldest
    assert len(found[0].notes) == len(states) - 1
