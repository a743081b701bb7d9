"""A save with a fault at every call that changes the disk: nothing that was there is lost, nothing half is taken."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from specc.checkpoint.atomic import remove_leftovers
from specc.checkpoint.format import RawTensor, encode, read
from specc.checkpoint.metadata import CheckpointInfo, Kind
from specc.errors import FileFormatError, RunFailed
from specc.runtime.folder import RunFolder
from tests.unit.checkpoint.test_metadata import INFO

MUTATING = ("open", "write", "fsync", "close", "replace", "link", "unlink", "mkdir")
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
KINDS: tuple[Kind, ...] = ("last", "stage", "best")


def content(step: int) -> Any:
    """Return a checkpoint whose every byte tells which one it is."""
    info = {**INFO.to_json(), "step": step, "stage": "joint", "stage_digest": "ab" * 32}
    return encode({"w": RawTensor("U8", (4000,), bytes([step]) * 4000)}, info)


def save(folder: RunFolder, kind: Kind, step: int) -> None:
    path = folder.save(content(step), kind, "joint", of_run=kind == "best")
    folder.store.keep(path, "ab" * 32, "end" if kind == "stage" else "part" if kind == "last" else "best")


def step_of(path: Path) -> int:
    """Return which checkpoint a file is, with its payload held to its digest."""
    header, payload = read(path)
    info = CheckpointInfo.from_json(header.own_metadata or {})
    assert bytes(payload) == bytes([info.step]) * 4000
    return info.step


def checkpoints(root: Path) -> list[Path]:
    return [path for path in root.rglob("*.safetensors") if not path.name.startswith(".")]


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    """Return a run folder after a save of each kind."""
    found = RunFolder(tmp_path / "checkpoints" / "run")
    (found.root / "stages").mkdir(parents=True)
    for kind in KINDS:
        save(found, kind, 1)
    return found


class Fault:
    """Does something at the n-th call that changes the disk."""

    def __init__(self, number: int, act: Callable[[Callable[..., Any], tuple[Any, ...]], Any]) -> None:
        self.number, self.act, self.seen = number, act, 0

    def around(self, patch: pytest.MonkeyPatch) -> None:
        for name in MUTATING:
            genuine = getattr(os, name)
            patch.setattr(os, name, lambda *args, genuine=genuine, **kwargs: self.call(genuine, *args, **kwargs))

    def call(self, genuine: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.seen += 1
        return self.act(genuine, args) if self.seen == self.number else genuine(*args, **kwargs)


def failing(code: int) -> Callable[..., Any]:
    def act(genuine: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        raise OSError(code, os.strerror(code))

    return act


def dying(genuine: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Die, after half of a write."""
    if genuine is os_write:
        os_write(args[0], bytes(args[1])[: len(args[1]) // 2])
    os._exit(9)


os_write = os.write


def assert_sound(folder: RunFolder, kind: Kind) -> None:
    """Every file is whole and is the old or the new one; the state that a run goes on from is there."""
    for path in checkpoints(folder.root.parent):
        assert step_of(path) in (1, 2)
    for path in (folder.last, folder.best, folder.stage("joint"), folder.stage_best("joint")):
        assert path.exists(), path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ERRORS)
def test_any_failed_call_loses_nothing(folder, monkeypatch, kind: Kind, code: int):
    for number in count(1):
        fault = Fault(number, failing(code))
        with monkeypatch.context() as patch:
            fault.around(patch)
            with suppress(RunFailed):
                save(folder, kind, 2)
        assert_sound(folder, kind)
        if fault.seen < number:
            break
        for again in KINDS:
            save(folder, again, 1)
    assert number > 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_death_at_any_call_loses_nothing(folder, monkeypatch, kind: Kind):
    for number in count(1):
        child = os.fork()
        if not child:
            fault = Fault(number, dying)
            fault.around(monkeypatch)
            save(folder, kind, 2)
            os._exit(0)
        died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert_sound(folder, kind)
        if died == 0:
            break
        assert died == 9
        folder_of = (folder.root, folder.root / "stages", folder.store.root)
        for again in KINDS:
            save(folder, again, 1)
        for place in folder_of:
            remove_leftovers(place)
        assert not list(folder.root.parent.rglob(".*.tmp"))
    assert number > 10


def test_a_damaged_copy_is_never_taken_for_the_new_one(folder, monkeypatch):
    """The bytes that the disk gives back are compared before the old file goes."""
    monkeypatch.setattr(os, "write", lambda file, data: os_write(file, bytes(data).replace(b"\x02", b"\x03")))
    with pytest.raises(RunFailed, match="the disk reports an error"):
        save(folder, "last", 2)
    monkeypatch.undo()
    assert step_of(folder.last) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_files_are_refused(folder, kind: Kind):
    path = {"last": folder.last, "stage": folder.stage("joint"), "best": folder.stage_best("joint")}[kind]
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 9, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(FileFormatError):
            read(path)
