"""A share of `python -m tests.crash`, always the same, in seconds."""

import random
from pathlib import Path

import pytest

from specc.checkpoint.atomic import MARGIN, temporary_name
from specc.checkpoint.format import encode, read, split
from specc.cli.verify_resume import digests
from specc.errors import RunFailed
from specc.export.timm_folder import export_timm
from specc.runtime.folder import RunFolder
from tests.crash import damage, places
from tests.crash.content import copied, midway, plan_in
from tests.crash.faults import LASTING, SHIM_MODES, patched
from tests.crash.operations import OPERATIONS
from tests.crash.space import grow, mounted, unmountable, unreadable
from tests.crash.sweep import Trials, compound, sampled, swept

MODES = (*SHIM_MODES, *LASTING)
SEEN = [it for it in OPERATIONS if it.name not in ("metrics", "lock")]
"""Operations whose calls can be made to fail without a shim."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return plan_in(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> places.Runs:
    return places.made(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def chance() -> random.Random:
    return random.Random(4)


@pytest.mark.parametrize("operation", SEEN, ids=lambda it: it.name)
def test_a_fault_loses_and_mixes_nothing(plan, tmp_path, chance, operation):
    tally = sampled(Trials(operation, plan, patched, tmp_path), MODES, chance, 1)
    assert not tally.told
    assert tally.trials == 1


def test_a_second_fault_while_the_first_is_made_good_loses_nothing(plan, tmp_path, chance):
    for operation in chance.sample(SEEN, 2):
        assert not compound(Trials(operation, plan, patched, tmp_path), MODES, chance, 1).told


def test_what_a_dead_process_left_anywhere_is_removed_by_the_next_run(plan, tmp_path):
    folder = midway(tmp_path, plan)
    folder.export.mkdir()
    for place in (folder.root, folder.root / "stages", folder.export, folder.store.root):
        (place / temporary_name("x", 999999999)).touch()
    folder.prepare(plan, "the spec's text")
    assert not list(tmp_path.rglob(".*.tmp"))


def test_a_damaged_result_is_no_finished_run(runs, tmp_path):
    folder = RunFolder(copied(runs.at("finished"), tmp_path / "run"))
    assert folder.finished_results(runs.plan)
    damage.flip_a_bit(folder.best)
    assert folder.finished_results(runs.plan) is None


def test_wherever_an_export_is_cut_short_no_config_lies_beside_weights_of_another(plan, tmp_path):
    operation = next(it for it in OPERATIONS if it.name == "export")
    tally = swept(Trials(operation, plan, patched, tmp_path), ["kill"])
    assert not tally.told
    assert tally.ends["died"] == tally.calls


def test_an_export_has_no_heads_of_an_earlier_plan(plan, tmp_path):
    folder = midway(tmp_path, plan)
    first = export_timm(plan, folder.best, folder.export)
    assert folder.export / "heads.safetensors" in first
    only = plan.model_copy(update={"name": "other"})
    written = export_timm(only, without_heads(folder.best, tmp_path), folder.export)
    assert sorted(written) == sorted(folder.export.iterdir())


def without_heads(path: Path, folder: Path) -> Path:
    """Write a checkpoint without what is no part of the classifier."""
    header, payload = read(path)
    kept = {name: raw for name, raw in split(header, payload).items() if "other" not in name}
    (folder / "fewer.safetensors").write_bytes(b"".join(encode(kept, header.own_metadata).chunks()))
    return folder / "fewer.safetensors"


def test_damage_is_noticed(runs, chance):
    paths = [runs.at("later") / "stages" / f"{name}.best.safetensors" for name in ("head", "whole")]
    kinds = [
        damage.payload_flips(paths, 100, chance),
        damage.header_bits(paths[0], 50, chance),
        damage.truncations(paths[0]),
        damage.swapped_payloads(paths),
    ]
    assert [kind.taken for kind in kinds] == [[]] * 4
    assert all(kind.tried > 1 for kind in kinds)


def test_a_run_goes_on_from_what_is_sound(runs, chance, tmp_path):
    cases = [
        *places.flipped(runs, 1, chance),
        next(places.of_finished(runs, 1, chance)),
        next(places.stale(runs)),
    ]
    assert not places.tried(runs, iter(cases), tmp_path).wrong


@pytest.mark.parametrize("size", [MARGIN + 2 * 2**20, MARGIN + 9 * 2**20])
def test_a_full_disk_is_told_and_the_run_goes_on_with_more_space(runs, tmp_path, size):
    if reason := unmountable(tmp_path):
        pytest.skip(reason)
    with mounted(tmp_path / "full", f"size={size}") as out:
        with pytest.raises(RunFailed, match="free space are missing on the disk"):
            places.go_on(runs.plan, out / "run")
        assert not unreadable(out)
        grow(out)
        places.go_on(runs.plan, out / "run")
        assert digests(out / "run") == runs.expected
