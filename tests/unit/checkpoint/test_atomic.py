"""Writes that happen wholly or not at all."""

import errno
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from specc.checkpoint.atomic import (
    MARGIN,
    make_folder,
    remove,
    remove_leftovers,
    temporary_name,
    write_atomic,
    write_text_atomic,
)
from specc.errors import RunFailed


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"old")
    return path


def failing(number, after=0):
    """Give a stand-in for a call of `os` that fails from its call number `after` on."""
    calls = iter(range(10**9))

    def call(genuine, *args):
        if next(calls) >= after:
            raise OSError(number, os.strerror(number))
        return genuine(*args)

    return call


def replace_call(monkeypatch, name, stand_in):
    genuine = getattr(os, name)
    monkeypatch.setattr(os, name, lambda *args: stand_in(genuine, *args))


def assert_untouched(target):
    assert target.read_bytes() == b"old"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_the_buffers_replace_the_file(target):
    write_atomic(target, [b"new ", bytearray(b"and "), memoryview(b""), memoryview(b"joined")])
    assert target.read_bytes() == b"new and joined"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_generator_of_wide_views_will_do(tmp_path):
    write_atomic(tmp_path / "x", (memoryview(b"abcdefgh").cast("I") for _ in range(2)))
    assert (tmp_path / "x").read_bytes() == b"abcdefgh" * 2


def test_text_is_written_in_utf8(tmp_path):
    write_text_atomic(tmp_path / "x.txt", "дa\n")
    assert (tmp_path / "x.txt").read_bytes() == "дa\n".encode()


def test_a_relative_name_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text_atomic("x.txt", "x")
    assert (tmp_path / "x.txt").read_text() == "x"


def test_short_writes_are_continued(target, monkeypatch):
    replace_call(monkeypatch, "write", lambda genuine, file, data: genuine(file, bytes(data[:3])))
    write_atomic(target, [b"0123456789", b"abcdefg"])
    assert target.read_bytes() == b"0123456789abcdefg"


@pytest.mark.parametrize("after", range(3))
def test_a_full_disk_leaves_the_old_file(target, monkeypatch, after):
    replace_call(monkeypatch, "write", failing(errno.ENOSPC, after))
    with pytest.raises(RunFailed, match="no space is left") as caught:
        write_atomic(target, [b"a", b"b", b"c"])
    assert "free some space" in caught.value.help
    assert str(target) in caught.value.message
    assert_untouched(target)


def test_a_write_of_nothing_is_a_failure(target, monkeypatch):
    monkeypatch.setattr(os, "write", lambda *_: 0)
    with pytest.raises(RunFailed, match="disk reports an error"):
        write_atomic(target, [b"new"])
    assert_untouched(target)


@pytest.mark.parametrize("number", [errno.EIO, errno.EROFS, errno.EDQUOT, errno.EACCES, errno.EFBIG, errno.EBUSY])
@pytest.mark.parametrize("name", ["open", "write", "fsync", "replace", "close"])
def test_any_failed_call_leaves_the_old_file(target, monkeypatch, name, number):
    with monkeypatch.context() as patch:
        replace_call(patch, name, failing(number))
        with pytest.raises(RunFailed) as caught:
            write_atomic(target, [b"new"])
    assert caught.value.help
    assert_untouched(target)


def test_a_failed_fsync_is_not_tried_again(target, monkeypatch):
    calls = []
    replace_call(monkeypatch, "fsync", lambda _, file: (calls.append(file), failing(errno.EIO)(None))[1])
    with pytest.raises(RunFailed):
        write_atomic(target, [b"new"])
    assert len(calls) == 1


def test_file_is_synced_before_the_rename_and_the_folder_after(target, monkeypatch):
    events = []
    for name in ("fsync", "replace"):
        replace_call(monkeypatch, name, lambda genuine, *args, name=name: (events.append(name), genuine(*args))[1])
    write_atomic(target, [b"new"])
    assert events == ["fsync", "replace", "fsync"]


def test_a_failed_fsync_of_the_folder_is_told(target, monkeypatch):
    replace_call(monkeypatch, "fsync", failing(errno.EIO, after=1))
    with pytest.raises(RunFailed):
        write_atomic(target, [b"new"])
    assert target.read_bytes() == b"new"


def test_a_file_system_without_fsync_of_folders_is_accepted(target, monkeypatch):
    replace_call(monkeypatch, "fsync", failing(errno.EINVAL, after=1))
    write_atomic(target, [b"new"])
    assert target.read_bytes() == b"new"


def test_an_interruption_leaves_the_old_file(target, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(target, [b"new"])
    assert_untouched(target)


def test_missing_space_is_told_before_anything_is_written(target, monkeypatch):
    space = SimpleNamespace(f_bavail=MARGIN // 4096, f_frsize=4096, f_blocks=10**6)
    monkeypatch.setattr(os, "statvfs", lambda _: space)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    with pytest.raises(RunFailed, match=r"3\.0 MiB of free space are missing"):
        write_atomic(target, [bytes(3 * 2**20)])
    assert_untouched(target)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(RunFailed, match="its folder does not exist"):
        write_atomic(tmp_path / "none" / "x", [b"x"])


def test_a_folder_in_its_place_is_told(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(RunFailed, match="a folder stands in its place"):
        write_atomic(tmp_path / "x", [b"x"])
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_leftover_with_our_own_number_is_no_obstacle(target):
    target.with_name(temporary_name(target.name, os.getpid())).write_bytes(b"half")
    write_atomic(target, [b"new"])
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_only_leftovers_of_dead_processes_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    kept = [temporary_name("a", number) for number in (os.getpid(), 1, 0)]
    kept += ["a", ".a.tmp", ".a.x.tmp", f".a.another-host.{dead.pid}.tmp", temporary_name("a", dead.pid)[1:]]
    left = [temporary_name("b", 999999999), temporary_name("last.safetensors", dead.pid)]
    for name in [*kept, *left]:
        (tmp_path / name).write_bytes(b"")
    assert remove_leftovers(tmp_path) == left
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_no_folder_has_no_leftovers(tmp_path):
    assert remove_leftovers(tmp_path / "none") == []


@pytest.mark.parametrize(("name", "act", "done"), [("mkdir", make_folder, "made"), ("unlink", remove, "removed")])
def test_folders_and_removals_fail_in_words(target, monkeypatch, name, act, done):
    replace_call(monkeypatch, name, failing(errno.EROFS))
    with pytest.raises(RunFailed, match=f"not {done}, the file system is read-only"):
        act(target if name == "unlink" else target.parent / "new")


def test_removing_what_is_not_there_is_no_fault(tmp_path):
    remove(tmp_path / "x")
