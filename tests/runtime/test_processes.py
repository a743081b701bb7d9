"""Several processes: their number changes no byte, and whatever becomes of them the run can go on."""

import os
import signal
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
import torch

from specc.cli.verify_resume import digests, leftovers
from specc.errors import Interrupted, RunFailed, UsageError
from specc.plan.model import Plan
from specc.runtime import processes
from specc.runtime.data.batch import Batch
from specc.runtime.data.loaders import training_loader
from specc.runtime.events import Finished, Remarked, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.gradients import Gradients
from specc.runtime.helpers import Helpers
from specc.runtime.processes import Processes, joined
from specc.runtime.signals import Interruption
from specc.runtime.step import train_step
from tests.kill.child import finish, nothing, start, told
from tests.kill.points import POINTS
from tests.kill.specs import FEATURES, written
from tests.kill.trials import children, runs
from tests.runtime.helpers import CPU, begun, compiled, events, made_step, random_batch, training_samples

PARTS = ("stages.whole.grad_accum_steps=4",)


@pytest.fixture(scope="module")
def spec(tmp_path_factory) -> Path:
    """Return a spec of every feature, with steps of three micro-batches."""
    path = tmp_path_factory.mktemp("spec") / "spec.toml"
    text = written(0, frozenset(FEATURES) - {"early stopping", "batch size"})
    assert "grad_accum_steps = 2" in text
    text = text.replace('metrics = ["top1(digit)"]', 'metrics = ["top1(digit)", "macro_f1(digit)"]')
    path.write_text(text.replace("grad_accum_steps = 2", "grad_accum_steps = 3"))
    return path


@pytest.fixture(scope="module")
def expected(spec, tmp_path_factory) -> dict[str, str]:
    """Return the digests of a run in one process."""
    out = tmp_path_factory.mktemp("alone") / "out"
    finish(spec, out, 0)
    return digests(out / "cover0")


@pytest.mark.parametrize("devices", [2, 3])
def test_any_number_of_processes_gives_the_same_bytes(spec, expected, tmp_path, devices: int):
    finish(spec, tmp_path / "out", 0, f"run.devices={devices}")
    assert digests(tmp_path / "out" / "cover0") == expected


POINTS_OF_ALL = ("between two parts of a step", "first step of the next", "in a checkpoint, before it has its name")


@pytest.mark.parametrize("point", POINTS_OF_ALL)
def test_a_run_goes_on_with_another_number_of_processes(spec, expected, tmp_path, point: str):
    out = tmp_path / "out"
    child = start(spec, out, 1, POINTS[point], "run.devices=2")
    child.join()
    assert child.exitcode == -signal.SIGKILL, told(out)
    finish(spec, out, 0)
    assert digests(out / "cover0") == expected
    assert not leftovers(out)


def killed_helper(plan, root: Path) -> None:
    """Train, and kill a helper after the first step."""
    for event in events(plan, root):
        if isinstance(event, StepDone):
            for process in children(os.getpid()):
                if "specc.runtime.helper" in Path(f"/proc/{process}/cmdline").read_text("utf-8"):
                    os.kill(process, signal.SIGKILL)


def test_the_death_of_a_process_is_told_and_the_run_goes_on(tmp_path):
    plan = compiled(tmp_path, *PARTS, "run.devices=2")
    with pytest.raises(RunFailed, match="another process of the run was ended by signal 9"):
        killed_helper(plan, tmp_path / "run")
    assert next(iter(events(plan, tmp_path / "run"))).notes[-1] == "2 processes"


def test_no_process_outlives_the_one_that_leads(spec, tmp_path):
    child = start(spec, tmp_path / "out", 0, nothing, "run.devices=2")
    deadline = time.monotonic() + 60
    while not (found := children(child.pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert found
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    while any(map(runs, found)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(runs, found))


def helpers_of(plan: Plan, root: Path) -> Helpers:
    """Return the helpers of a plan for two devices, in a folder that has no plan."""
    of_two = plan.model_copy(update={"run": plan.run.model_copy(update={"devices": 2})})
    return Helpers(of_two, RunFolder(root), Interruption())


def test_a_process_that_cannot_start_says_why(plan, tmp_path):
    helpers = helpers_of(plan, tmp_path)
    helpers.start(CPU, threads=1)
    with closing(helpers), pytest.raises(RunFailed, match="FileNotFoundError"), helpers.connected():
        pass


def test_a_signal_before_the_first_step_is_told_as_one(plan, tmp_path):
    helpers = helpers_of(plan, tmp_path)
    helpers.start(CPU, threads=1)
    helpers.interruption.number = signal.SIGTERM
    with closing(helpers), pytest.raises(Interrupted), helpers.connected():
        pass
    assert not leftovers(tmp_path)


def test_memory_that_fails_between_processes_ends_the_run(tmp_path, monkeypatch):
    genuine, calls = processes.flat, count()

    def flat(tensors):
        if next(calls) == 4:
            raise MemoryError
        return genuine(tensors)

    monkeypatch.setattr(processes, "flat", flat)
    plan = compiled(tmp_path, *PARTS, "run.devices=2")
    with pytest.raises(RunFailed, match="lost each other: memory does not suffice"):
        list(events(plan, tmp_path / "run"))


def test_helpers_take_no_modules_of_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "timm.py").write_text("raise SystemExit('this is not timm')")
    plan = compiled(tmp_path, *PARTS, "run.devices=2")
    monkeypatch.chdir(tmp_path)
    assert isinstance(list(events(plan, tmp_path / "run"))[-1], Finished)


def test_devices_that_are_not_there_are_told(plan, tmp_path):
    helpers = helpers_of(plan, tmp_path)
    with pytest.raises(UsageError, match="there are 1 devices here, and the plan asks for 2"):
        helpers.start(torch.device("mps"), threads=1)


def test_libraries_see_one_process(tmp_path):
    for _ in events(compiled(tmp_path, *PARTS, "run.devices=2"), tmp_path / "run"):
        assert not torch.distributed.is_initialized()


def test_processes_without_work_are_told(tmp_path):
    found = events(compiled(tmp_path, *PARTS, "run.devices=2"), tmp_path / "run")
    remarks = [event.text for event in found if isinstance(event, Remarked)]
    assert remarks == ["a step is one micro-batch, which 2 processes share; micro_batch_size divides it"]


class Lacking(Processes):
    """Two processes, of which the other has memory for a few samples, and then leaves all to this one."""

    enough = 3
    size = 0

    def tell(self, task: str, **about) -> None:  # noqa: ARG002
        """Take note of the size of the micro-batches."""
        type(self).size = about["size"]

    def spread(self, tensors) -> None:
        """Give nobody anything."""

    def maker(self, index: int) -> int:
        """Return who makes a micro-batch."""
        return int(index == 1 and self.size > self.enough)

    def receive(self, rank):  # noqa: ARG002
        """Return that memory did not suffice."""
        return None, torch.zeros(0)


def test_memory_that_another_process_lacks_halves_the_micro_batches(tmp_path):
    plan, planned = compiled(tmp_path, *PARTS), compiled(tmp_path, "stages.whole.micro_batch_size=3")
    state, other = begun(plan, 1), begun(planned, 1)
    batch = random_batch(plan)
    train_step(state, batch, Gradients.of_stage(state, Lacking(0, 2)))
    made_step(other, batch)
    assert state.micro_batch == 3
    for name, tensor in other.model.state_dict().items():
        assert torch.equal(state.model.state_dict()[name], tensor), name


@pytest.mark.parametrize("number", [1, 2, 3, 7, 30])
def test_the_parts_of_a_batch_are_the_batch(plan, number: int):
    samples = training_samples(plan)
    (whole, *_) = training_loader(plan, 1, samples, 2, CPU)
    parts = [next(iter(training_loader(plan, 1, samples, 2, CPU, share=(rank, number)))) for rank in range(number)]
    found = joined(parts)
    assert torch.equal(found.inputs["image"], whole.inputs["image"])
    assert torch.equal(found.labels["digit"], whole.labels["digit"])


def test_parts_of_different_sizes_make_no_batch():
    wide, high = (Batch({"image": torch.zeros(1, 3, *size)}, {}) for size in ((4, 8), (8, 4)))
    assert joined([wide, high]).unusable == "images come out 4 x 8 and 8 x 4"


def test_statistics_move_once_a_step_by_the_mean_over_micro_batches(tmp_path):
    whole, parts = (begun(compiled(tmp_path, *sets), 1) for sets in ((), PARTS))
    batch = random_batch(whole.plan)
    before = whole.buffers()
    expected = {name: torch.zeros_like(it) for name, it in before.items() if it.is_floating_point()}
    for start_ in range(0, 20, 5):
        single = begun(whole.plan, 1)
        Gradients.of_stage(single).add(single, batch, slice(start_, start_ + 5), lambda loss: loss)
        expected = {name: it + single.buffers()[name] / 4 for name, it in expected.items()}
    made_step(parts, batch)
    for name, buffer in parts.buffers().items():
        if name in expected:
            torch.testing.assert_close(buffer, expected[name])
        elif name.endswith("num_batches_tracked"):
            assert buffer == before[name] + 1


def test_what_no_micro_batch_moves_keeps_its_bits(tmp_path):
    state = begun(compiled(tmp_path, "stages.whole.grad_accum_steps=3"), 1)
    for name, persistent in (("table", True), ("mask", False)):
        state.model.backbone.register_buffer(name, torch.rand(1000), persistent=persistent)
    before = {name: getattr(state.model.backbone, name).clone() for name in ("table", "mask")}
    made_step(state, random_batch(state.plan, size=21))
    for name, buffer in before.items():
        assert torch.equal(getattr(state.model.backbone, name), buffer), name
