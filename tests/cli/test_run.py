"""`specc run` as a process: killed, interrupted, twice at once, again, and told what is missing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specc.cli.verify_resume import digests
from specc.frontend.formatter import format_source
from specc.source import Source

SPEC = """
specc = 1
name = "small"
seed = 3

[data]
source = "builtin"
dataset = "digits"
split = "stratified(digit, val = 10%, test = 10%)"
labels.digit = {}
limit = 120

[augment]
train = ["resize(32)", "rotate(10)", "erase(0.3)", "normalize(imagenet)"]
eval = ["resize(32)", "normalize(imagenet)"]

[model]
backbone = "test_resnet"
heads.digit = { kind = "linear", dropout = 0.1 }
ema_decay = 0.9

[defaults]
batch_size = 8
loss = "cross_entropy(digit)"
checkpoint_every = "5 steps"

[[stages]]
name = "head"
epochs = 2
train = "heads.digit"
lr = 1e-2

[[stages]]
name = "whole"
epochs = 3
train = "all"
lr = "warmup(5 steps) then cosine(2e-3 -> 1e-5)"
sample = "2 where count(digit) < 13"
grad_accum_steps = 2

[evaluate]
metrics = ["top1(digit)"]
best = "max top1(digit)"

[run]
device = "cpu"
"""
"""Fifteen steps an epoch, 75 in all."""


@pytest.fixture(scope="module")
def spec(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    path.write_text(SPEC)
    return path


ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
"""A busy machine would make every step wait for a second thread."""


def command(spec: str, out: Path, workers: int, options: list[str]) -> list[str]:
    sets = [f"run.out={out}", f"data.num_workers={workers}", "run.loggers=[]"]
    return [sys.executable, "-m", "specc", "run", spec, *options, *(word for s in sets for word in ("--set", s))]


def finish(spec: Path, out: Path, workers: int = 0, *options: str) -> subprocess.CompletedProcess[str]:
    words = command(str(spec), out, workers, list(options))
    return subprocess.run(words, check=False, capture_output=True, text=True, env=ONE_THREAD)


def begin(spec: Path, out: Path, workers: int = 0) -> subprocess.Popen[str]:
    """Start a run in a process group of its own."""
    words = command(str(spec), out, workers, [])
    talk = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, start_new_session=True, text=True, env=ONE_THREAD, **talk)


def told(out: Path) -> list[dict[str, Any]]:
    """Return the events that are written so far."""
    path = out / "small" / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def wait_for(process: subprocess.Popen[str], out: Path, moment: Callable[[dict[str, Any]], bool]) -> None:
    """Return as soon as an event is written that `moment` is true of."""
    deadline = time.monotonic() + 60
    while not any(moment(event) for event in told(out)):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.002)


def outcome(out: Path) -> dict[str, str]:
    """Return the digests of a finished run."""
    return digests(out / "small")


@pytest.fixture(scope="module")
def undisturbed(spec, tmp_path_factory) -> Path:
    """Return where a run went to its end."""
    out = tmp_path_factory.mktemp("undisturbed")
    result = finish(spec, out)
    assert result.returncode == 0, result.stderr
    return out


def step_is(number: int) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["event"] == "StepDone" and event["global_step"] >= number


MOMENTS = {
    "mid-epoch": step_is(10),
    "first-epoch-over": lambda event: event["event"] == "EpochDone",
    "stage-change": lambda event: event["event"] == "StageDone",
    "near-the-end": step_is(70),
}


@pytest.mark.parametrize("moments", [("mid-epoch", "stage-change"), ("first-epoch-over", "near-the-end")], ids="+".join)
def test_a_run_killed_twice_ends_in_the_same_bytes(spec, undisturbed, tmp_path, moments: tuple[str, str]):
    for workers, moment in enumerate(moments):
        process = begin(spec, tmp_path, workers)
        wait_for(process, tmp_path, MOMENTS[moment])
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    result = finish(spec, tmp_path, workers=2)
    assert result.returncode == 0, result.stderr
    assert outcome(tmp_path) == outcome(undisturbed)
    assert not list(tmp_path.rglob(".*.tmp"))


def test_a_terminated_run_saves_and_goes_on(spec, undisturbed, tmp_path):
    process = begin(spec, tmp_path, workers=1)
    wait_for(process, tmp_path, step_is(40))
    process.terminate()
    _, talk = process.communicate()
    assert process.returncode == 143
    assert "everything is saved, and the same command goes on" in talk
    result = finish(spec, tmp_path)
    assert "run goes on from" in result.stderr
    last = next(event for event in reversed(told(tmp_path)) if event["event"] == "Started")
    assert last["global_step"] >= 40
    assert outcome(tmp_path) == outcome(undisturbed)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_to_the_whole_group_is_no_failure_of_its_workers(spec, tmp_path, number: int, code: int):
    """What `timeout`, service managers and Ctrl-C do: the workers get it, too."""
    process = begin(spec, tmp_path, workers=2)
    wait_for(process, tmp_path, step_is(20))
    os.killpg(process.pid, number)
    _, talk = process.communicate()
    assert process.returncode == code, talk
    assert "everything is saved" in talk


def test_a_second_run_of_the_same_folder_is_refused(spec, tmp_path):
    process = begin(spec, tmp_path)
    try:
        wait_for(process, tmp_path, lambda event: event["event"] == "Started")
        os.killpg(process.pid, signal.SIGSTOP)
        second = finish(spec, tmp_path)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert second.returncode == 2
    assert f"is in use by process {process.pid}" in second.stderr


WITHOUT_TORCH = """
import sys
from specc.cli.main import main
code = main(sys.argv[1:])
assert "torch" not in sys.modules
sys.exit(code)
"""


def again(spec: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Give the command of a finished run once more, and fail when it loads torch."""
    arguments = command(str(spec), out, 0, list(options))[3:]
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments], check=False, capture_output=True, text=True
    )


def test_a_finished_run_is_not_run_again(spec, undisturbed):
    before = outcome(undisturbed)
    result = again(spec, undisturbed)
    assert result.returncode == 0, result.stderr
    assert "nothing left to do" in result.stderr
    assert "top1(digit)" in result.stdout
    assert outcome(undisturbed) == before


def test_a_missed_target_is_exit_code_3_each_time(spec, undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path, dirs_exist_ok=True)
    metrics = 'evaluate.metrics=["top3(digit)", "top1(digit)"]'
    strict = ("--set", 'evaluate.expect=["top1(digit) >= 100%"]', "--set", metrics)
    first, second = finish(spec, tmp_path, 0, *strict), again(spec, tmp_path, *strict)
    for result in (first, second):
        assert result.returncode == 3
        assert re.search(r"top1\(digit\) >= 100% +[\d.]+% +missed", result.stdout)
        assert "1 of 1 targets missed" in result.stderr
    assert "nothing left to do" in second.stderr
    assert first.stdout == second.stdout
    assert first.stdout.index("top3(digit)") < first.stdout.index("top1(digit)")


def test_the_spec_is_kept_in_its_notation(spec, undisturbed, tmp_path):
    other = tmp_path / "spec.specc"
    other.write_text(format_source(Source(str(spec), SPEC), ".toml", ".specc"))
    shutil.copytree(undisturbed, tmp_path, dirs_exist_ok=True)
    assert (tmp_path / "small" / "spec.toml").read_text() == SPEC
    assert finish(other, tmp_path, 0, "--set", 'evaluate.expect=["loss < 9"]').returncode == 0
    assert [path.name for path in (tmp_path / "small").glob("spec.*")] == ["spec.specc"]
    assert (tmp_path / "small" / "spec.specc").read_text() == other.read_text()


def test_the_run_folder_has_everything(undisturbed):
    folder = undisturbed / "small"
    expected = (
        "plan.json spec.toml environment.json last.safetensors best.safetensors stages/head.safetensors "
        "stages/whole.safetensors history.jsonl events.jsonl logs/train.log export/model.safetensors "
        "export/config.json report.html summary.txt reports/classification_val.txt reports/classification_test.txt"
    )
    assert [name for name in expected.split() if not (folder / name).is_file()] == []
    assert list((folder / "figures").glob("*.png"))


def test_data_that_is_missing_names_the_profile_that_needs_none(tmp_path):
    spec = Path(__file__).parents[2] / "specs" / "teacher_global.toml"
    result = subprocess.run(
        [sys.executable, "-m", "specc", "run", str(spec)], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 1
    assert "there is no file `data/dataset_train.jsonl`" in result.stderr
    assert "--profile demo" in result.stderr


def test_what_cannot_run_yet_is_said_in_one_line():
    spec = Path(__file__).parents[2] / "specs" / "quickstart.toml"
    later = ("--set", 'export.formats=["onnx"]', "--set", "model.norm=group")
    result = subprocess.run(
        [sys.executable, "-m", "specc", "run", str(spec), *later], check=False, capture_output=True, text=True
    )
    assert result.returncode == 1
    what = "ONNX export, replaced normalisation"
    assert result.stderr == f"error: `{spec}` needs what specc cannot run yet: {what}\n"
