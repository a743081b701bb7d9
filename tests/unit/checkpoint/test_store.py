"""The store of stages: what goes in comes out, and nothing half or damaged is ever taken."""

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from specc.checkpoint.atomic import write_atomic
from specc.checkpoint.format import RawTensor, encode
from specc.checkpoint.store import VARIABLE, Store, holds
from specc.errors import RunFailed
from tests.crash.damage import flip_a_bit
from tests.unit.checkpoint.test_metadata import INFO

ONE, TWO = "1" * 64, "2" * 64


def checkpoint(path: Path, digest: str, size: int = 100) -> Path:
    info = {**INFO.to_json(), "stage_digest": digest}
    write_atomic(path, encode({"w": RawTensor("U8", (size,), bytes(size))}, info).chunks())
    return path


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def source(tmp_path) -> Path:
    return checkpoint(tmp_path / "stage.safetensors", ONE)


def test_what_is_kept_is_lent_as_the_same_file(store, source, tmp_path):
    store.keep(source, ONE, "end")
    assert store.lend(ONE, "end", tmp_path / "lent")
    assert (tmp_path / "lent").samefile(source)
    assert holds(tmp_path / "lent", ONE)
    assert not holds(tmp_path / "lent", TWO)


def test_what_is_not_there_is_not_lent(store, tmp_path):
    assert not store.lend(ONE, "end", tmp_path / "lent")
    assert not (tmp_path / "lent").exists()
    assert store.entries() == []


def test_without_links_it_is_copied(store, source, tmp_path, monkeypatch):
    def no_link(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_link)
    store.keep(source, ONE, "end")
    assert store.lend(ONE, "end", tmp_path / "lent")
    assert (tmp_path / "lent").read_bytes() == source.read_bytes()
    assert not (tmp_path / "lent").samefile(source)
    assert not list(tmp_path.rglob("*.tmp"))


def test_keeping_the_same_file_again_leaves_nothing_behind(store, source):
    for _ in range(2):
        store.keep(source, ONE, "end")
    assert [path.name for path in store.root.iterdir()] == [f"{ONE}.safetensors"]


def test_the_end_takes_the_place_of_what_was_done_so_far(store, source):
    store.keep(source, ONE, "part")
    assert [entry.finished for entry in store.entries()] == [False]
    store.keep(source, ONE, "end")
    (entry,) = store.entries()
    assert entry.finished
    assert [path.name for path in entry.files] == [f"{ONE}.safetensors"]


def test_the_least_recently_used_goes_first(store, tmp_path):
    for number, digest in enumerate((ONE, TWO)):
        store.keep(checkpoint(tmp_path / digest, digest), digest, "end")
        os.utime(store.path(digest, "end"), (number, number))
    store.lend(ONE, "end", tmp_path / "lent")
    size = store.entries()[0].size
    assert [entry.digest for entry in store.collect(size)] == [TWO]
    assert [entry.digest for entry in store.entries()] == [ONE]
    assert store.collect(size) == []


def test_what_a_run_has_stays_when_the_store_is_emptied(store, source):
    store.keep(source, ONE, "end")
    assert len(store.collect(0)) == 1
    assert holds(source, ONE)


def test_damage_and_what_is_in_anothers_place_are_found(store, tmp_path):
    for digest in (ONE, TWO):
        store.keep(checkpoint(tmp_path / digest, digest), digest, "end")
    assert list(store.damaged()) == []
    flip_a_bit(store.path(ONE, "end"))
    checkpoint(store.path(TWO, "end"), ONE)
    (first, why), (second, other) = store.damaged()
    assert (first, second) == (store.path(ONE, "end"), store.path(TWO, "end"))
    assert "damaged" in why
    assert "another stage's" in other


def test_what_the_disk_does_not_let_go_is_told(store, source, monkeypatch):
    def stay(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    store.keep(source, ONE, "end")
    monkeypatch.setattr(os, "unlink", stay)
    with pytest.raises(RunFailed, match="not removed, the disk reports an error"):
        store.collect(0)


def test_a_file_of_another_kind_is_no_part(source):
    assert holds(source, ONE, "part")
    assert not holds(source, ONE, "end")
    assert not holds(source, ONE, "best")


def test_the_environment_says_where_it_is(tmp_path, monkeypatch):
    assert Store.beside(tmp_path / "checkpoints" / "run").root == tmp_path / "checkpoints" / ".store"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "shared"))
    assert Store.beside(tmp_path / "checkpoints" / "run").root == tmp_path / "shared"


def test_a_store_that_cannot_be_made_is_told(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunFailed, match="not written"):
        Store(tmp_path / "file" / "store").keep(source, ONE, "end")


def busy(root: Path, source: Path, rounds: int) -> None:
    store = Store(root)
    for number in range(rounds):
        store.keep(source, ONE, "end")
        if store.lend(ONE, "end", source.with_name(f"lent{os.getpid()}")):
            assert holds(source.with_name(f"lent{os.getpid()}"), ONE)
        if number % 5 == 0:
            store.collect(0)


def test_processes_that_use_it_at_once_do_not_disturb_each_other(store, source):
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=busy, args=(store.root, source, 60)) for _ in range(4)]
    for process in others:
        process.start()
    for process in others:
        process.join()
    assert [process.exitcode for process in others] == [0] * 4
    assert list(store.damaged()) == []
    assert not list(store.root.glob(".*"))
