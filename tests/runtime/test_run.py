"""Whole runs: to the end, again, interrupted, damaged, and after a change to the spec."""

import json
import math
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from specc.checkpoint.atomic import temporary_name
from specc.cli.verify_resume import digests
from specc.compiler.pipeline import compile_spec
from specc.diagnostics.model import SpecError
from specc.errors import DataError, GateMissed, Interrupted, RunFailed
from specc.plan.model import Plan
from specc.runtime.events import EpochDone, Event, Finished, Skipped, StageDone, StageStarted, Started, StepDone
from specc.runtime.folder import RunFolder
from specc.runtime.loop import train
from specc.runtime.metrics import Tail
from specc.runtime.resume import read_info
from tests.crash.damage import flip_a_bit
from tests.runtime.helpers import SPEC, compiled, events, file_digest

FEATURES = Path(__file__).parents[1] / "specs" / "features.toml"

pytestmark = pytest.mark.filterwarnings("ignore:Detected call of")


@pytest.fixture
def compile_spec_text(tmp_path):
    """Return what compiles a text, by default `helpers.SPEC`, with overrides."""
    return lambda *overrides, spec=SPEC: compiled(tmp_path, *overrides, spec=spec)


@pytest.fixture(scope="module")
def finished(plan, tmp_path_factory) -> Path:
    """Return the folder of a finished run of `helpers.SPEC`; tests work on copies of it."""
    root = tmp_path_factory.mktemp("finished") / "run"
    list(events(plan, root))
    return root


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture(scope="module")
def features() -> Plan:
    overrides = ("data.num_workers=0", 'run.device="cpu"', "run.loggers=[]")
    return compile_spec(FEATURES, overrides=overrides)[0]


@pytest.fixture(scope="module")
def all_features(features, tmp_path_factory) -> tuple[Path, list[Event]]:
    """Return the folder and the events of a run of `features.toml`."""
    root = tmp_path_factory.mktemp("features") / "run"
    return root, list(events(features, root))


def of_kind(found: list[Event], kind: type) -> list:
    return [event for event in found if isinstance(event, kind)]


def trained(found: list[Event]) -> list[str]:
    """Return the stages in which steps were made, in order."""
    return list(dict.fromkeys(event.stage for event in of_kind(found, StepDone)))


def run_until(plan: Plan, root: Path, step: int) -> None:
    """Train until a signal comes in after a step of the run."""

    def interrupt() -> None:
        for event in events(plan, root):
            if isinstance(event, StepDone) and event.global_step == step:
                signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        interrupt()
    assert caught.value.code == 143


# To the end


def test_every_feature_runs_to_the_end(features, all_features):
    root, found = all_features
    done = of_kind(found, StageDone)
    assert [event.name for event in done] == ["head", "whole", "half", "carried"]
    results = found[-1].results
    assert results["judged_on"] == "test"
    assert all(math.isfinite(value) for split in ("val", "test") for value in results[split].values())
    assert found[-1].steps_made == sum(len(of_kind([e], StepDone)) for e in found)
    assert RunFolder(root).finished_results(features) == results
    for stage in features.stages:
        assert (root / "stages" / f"{stage.name}.safetensors").is_file()
        assert (root / "stages" / f"{stage.name}.best.safetensors").is_file()


def test_the_best_epoch_is_the_best_of_the_history(all_features):
    _, found = all_features
    rows = [event.row for event in of_kind(found, EpochDone)]
    best = min(rows, key=lambda row: row["val"]["loss"])
    told = found[-1].results["best"]
    assert (told["stage"], told["epoch"], told["value"]) == (best["stage"], best["epoch"], best["val"]["loss"])


def test_no_temporary_file_is_left(finished):
    assert not list(finished.rglob(".*.tmp"))


def test_the_number_of_workers_changes_no_byte(compile_spec_text, finished, tmp_path):
    list(events(compile_spec_text("data.num_workers=2"), tmp_path / "run"))
    assert digests(tmp_path / "run") == digests(finished)


# Again, and after a change


def test_a_finished_run_has_nothing_left_to_do(plan, copy):
    before = digests(copy)
    assert RunFolder(copy).finished_results(plan) is not None
    found = list(events(plan, copy))
    assert not of_kind(found, StageStarted)
    assert not of_kind(found, StepDone)
    assert found[-1].steps_made == 0
    assert digests(copy) == before


def test_a_change_to_the_last_stage_retrains_only_that(compile_spec_text, copy, tmp_path):
    changed = compile_spec_text('stages.whole.lr="cosine(1e-3 -> 1e-5)"')
    earlier = {path: file_digest(path) for path in copy.glob("stages/head*")}
    assert RunFolder(copy).finished_results(changed) is None
    found = list(events(changed, copy))
    assert trained(found) == ["whole"]
    assert len(earlier) == 2
    assert {path: file_digest(path) for path in earlier} == earlier
    list(events(changed, tmp_path / "elsewhere" / "run"))
    assert digests(copy) == digests(tmp_path / "elsewhere" / "run")


def test_a_change_to_the_first_stage_retrains_all(compile_spec_text, copy):
    found = list(events(compile_spec_text("stages.head.lr=5e-3"), copy))
    assert trained(found) == ["head", "whole"]
    assert of_kind(found, Started)[0].resumed_from is None


def test_a_change_to_the_targets_retrains_nothing(compile_spec_text, copy):
    changed = compile_spec_text('evaluate.expect=["top1(digit) >= 99%", "macro_f1(digit) >= 0%"]')
    found = list(events(changed, copy))
    assert found[-1].steps_made == 0
    assert [gate["passed"] for gate in found[-1].results["gates"]] == [False, True]
    assert RunFolder(copy).finished_results(changed)["gates"] == found[-1].results["gates"]


def test_a_change_to_other_metrics_or_the_export_retrains_nothing(compile_spec_text, copy):
    changed = compile_spec_text('evaluate.metrics=["macro_f1(digit)"]', "export.formats=[]")
    found = list(events(changed, copy))
    assert found[-1].steps_made == 0
    assert "macro_f1(digit)" in found[-1].results["test"]


def test_a_change_to_what_is_best_chooses_anew(compile_spec_text, copy):
    changed = compile_spec_text('evaluate.best="max top1(digit)"')
    found = list(events(changed, copy))
    assert trained(found) == ["head", "whole"]
    assert found[-1].results["best"]["metric"] == "top1(digit)"


def test_a_stage_may_be_renamed_in_the_middle(compile_spec_text, tmp_path):
    renamed = compile_spec_text(spec=SPEC.replace('"whole"', '"finetune"'))
    run_until(compile_spec_text(), tmp_path / "run", 14)
    list(events(renamed, tmp_path / "run"))
    list(events(renamed, tmp_path / "elsewhere" / "run"))
    assert digests(tmp_path / "run")["history.jsonl"] == digests(tmp_path / "elsewhere" / "run")["history.jsonl"]


def test_fresh_starts_over(plan, copy):
    found = list(train(plan, RunFolder(copy), "", fresh=True))
    assert found[-1].steps_made == 16
    assert of_kind(found, Started)[0].resumed_from is None


def test_the_spec_of_the_other_notation_is_replaced(plan, tmp_path):
    for notation in (".toml", ".specc", ".toml"):
        RunFolder(tmp_path, notation).prepare(plan, f"written in {notation}")
        (found,) = tmp_path.glob("spec.*")
        assert (found.suffix, found.read_text()) == (notation, f"written in {notation}")


# Interrupted and damaged


@pytest.mark.parametrize("step", [2, 4, 8, 9, 16], ids=["middle", "epoch-end", "stage-end", "next-stage", "last"])
def test_an_interrupted_run_ends_in_the_same_bytes(plan, finished, tmp_path, step: int):
    root = tmp_path / "run"
    run_until(plan, root, step)
    started = next(events(plan, root))
    assert started.global_step == step
    list(events(plan, root))
    assert digests(root) == digests(finished)


def test_interruptions_change_no_feature(features, all_features, tmp_path):
    root = tmp_path / "run"
    for step in (3, 13, 31):
        run_until(features, root, step)
    list(events(features, root))
    assert digests(root) == digests(all_features[0])


@pytest.mark.parametrize("step", [7, 8, 15], ids=["first-stage", "stage-end", "second-stage"])
def test_a_damaged_state_is_replaced_by_the_one_before(compile_spec_text, finished, tmp_path, step: int):
    plan, root = compile_spec_text('defaults.checkpoint_every="2 steps"'), tmp_path / "run"
    run_until(plan, root, step)
    flip_a_bit(root / "last.safetensors")
    found = list(events(plan, root))
    started = found[0]
    assert any("last.safetensors" in note and "damaged" in note for note in started.notes)
    assert started.resumed_from is not None
    assert 0 < started.global_step < step
    assert digests(root) == digests(finished)


def test_a_run_begins_anew_when_every_state_is_damaged(plan, finished, tmp_path):
    root = tmp_path / "run"
    run_until(plan, root, 2)
    (root / "last.safetensors").write_bytes(b"\0" * 1000)
    found = list(events(plan, root))
    assert found[0].resumed_from is None
    assert digests(root) == digests(finished)


def test_leftovers_of_a_dead_process_are_removed(plan, copy):
    leftover = copy / "stages" / temporary_name("head.safetensors", 999999999)
    leftover.write_bytes(b"half a file")
    list(events(plan, copy))
    assert not leftover.exists()


def test_a_loss_that_is_not_a_number_stops_the_run(compile_spec_text, finished, tmp_path):
    plan, root = compile_spec_text("stages.whole.lr=1e30"), tmp_path / "run"
    with pytest.raises(RunFailed, match="the loss is nan at step 2 of stage `whole`") as caught:
        list(events(plan, root))
    assert caught.value.exit_code == 4
    last, before = (safetensors.torch.load_file(root / f"{name}.safetensors") for name in ("last", "previous"))
    assert all(tensor.isfinite().all() for tensor in last.values())
    good = safetensors.torch.load_file(finished / "stages" / "head.safetensors")
    assert before.keys() == good.keys()
    assert all(torch.equal(tensor, good[name]) for name, tensor in before.items())


def test_a_signal_ends_validation_and_what_was_trained_is_saved(plan, finished, tmp_path, monkeypatch):
    root = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Tail, "update", lambda *_: signal.raise_signal(signal.SIGTERM))
        with pytest.raises(Interrupted):
            list(events(plan, root))
    assert read_info(root / "last.safetensors").step == 4
    found = list(events(plan, root))
    assert of_kind(found, StepDone)[0].step == 5
    assert digests(root) == digests(finished)


# Stages that end early, or must reach something

STILL = ('stages.whole.train="heads.digit"', "stages.whole.epochs=6")
"""A stage of six epochs; at a rate of 1e-12 none of them changes a validated number."""


def test_a_stage_without_progress_stops_but_not_before_after(compile_spec_text, tmp_path):
    stop = 'stages.whole.stop="min loss, patience = 1 epoch, after = 3 epochs"'
    plan = compile_spec_text(*STILL, "stages.whole.lr=1e-12", stop)
    done = of_kind(list(events(plan, tmp_path / "run")), StageDone)[1]
    assert (done.epochs, done.stopped_early) == (3, True)
    assert list(events(plan, tmp_path / "run"))[-1].steps_made == 0


def test_a_plateau_lowers_the_rate(compile_spec_text, tmp_path):
    plan = compile_spec_text(*STILL, 'stages.whole.lr="plateau(1e-12, factor = 0.5, patience = 1)"')
    rows = [e.row for e in of_kind(list(events(plan, tmp_path / "run")), EpochDone) if e.row["stage"] == "whole"]
    assert [row["lr"] / 1e-12 for row in rows] == pytest.approx([1, 1, 1, 0.5, 0.5, 0.25])


@pytest.mark.parametrize("which", ["best", "last"])
def test_a_stage_begins_with_the_weights_it_asks_for(compile_spec_text, tmp_path, which: str):
    """Rates that grow make the first stage worse and worse; rates of zero keep the second one where it began."""
    worse = 'stages.head.lr="step(1e-3, every = 1 epoch, factor = 1000)"'
    plan = compile_spec_text(worse, "stages.head.epochs=3", "stages.whole.lr=0", f'stages.whole.start_from="{which}"')
    found = list(events(plan, tmp_path / "run"))
    losses = [event.row["val"]["loss"] for event in of_kind(found, EpochDone)]
    assert losses[2] > min(losses[:3])
    stages = tmp_path / "run" / "stages"
    weights = {name: safetensors.torch.load_file(stages / f"{name}.safetensors") for name in ("head", "whole")}
    expected = safetensors.torch.load_file(stages / "head.best.safetensors") if which == "best" else weights["head"]
    for name in ("heads.digit.weight", "heads.digit.bias"):
        assert torch.equal(weights["whole"][name], expected[name])


def test_a_stage_that_misses_its_target_stays_missed_until_the_target_moves(compile_spec_text, tmp_path):
    root = tmp_path / "run"
    strict = compile_spec_text('stages.head.expect=["top1(digit) >= 99%"]')
    with pytest.raises(GateMissed, match="stage `head` missed its target"):
        list(events(strict, root))
    again: list[Event] = []
    with pytest.raises(GateMissed):
        again.extend(events(strict, root))
    for event in again:
        assert not isinstance(event, StepDone)
    lenient = compile_spec_text('stages.head.expect=["top1(digit) >= 0%"]')
    assert trained(list(events(lenient, root))) == ["whole"]


def test_a_target_of_an_early_stage_is_judged_when_it_is_raised_later(compile_spec_text, copy):
    with pytest.raises(GateMissed):
        list(events(compile_spec_text('stages.head.expect=["top1(digit) >= 99%"]'), copy))


def test_a_run_ends_although_what_is_best_was_never_a_number(compile_spec_text, tmp_path):
    plan = compile_spec_text('evaluate.best="max macro_f1(digit where count(digit) > 999)"')
    assert isinstance(list(events(plan, tmp_path / "run"))[-1], Finished)


# What a library would refuse in the middle of a run, or ignore


def train_with(*transforms: str) -> str:
    return f"augment.train={json.dumps(['resize(32)', *transforms, 'normalize(imagenet)'])}"


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param(['stages.head.optimizer="sgd(nesterov = true)"'], id="nesterov-without-momentum"),
        pytest.param(
            ['stages.head.optimizer="sgd(momentum = 0.9)"', "stages.whole.carry_optimizer=true"],
            id="carried-to-another-optimizer",
        ),
        pytest.param([train_with("blur(4 -> 4)")], id="even-blur"),
        pytest.param([train_with("jpeg(95 -> 60)")], id="falling-range"),
        pytest.param([train_with("one_of(resize(32), hflip())")], id="resize-in-one-of"),
        pytest.param([train_with("one_of(normalize(imagenet), hflip())")], id="normalize-in-one-of"),
        pytest.param(["model.heads.digit.out=4"], id="fewer-outputs-than-classes"),
        pytest.param(["stages.whole.batch_size=79"], id="batch-of-one"),
        pytest.param(["stages.whole.micro_batch_size=1"], id="micro-batch-of-one"),
    ],
)
def test_what_would_fail_in_the_middle_of_a_run_is_refused(compile_spec_text, overrides: list[str]):
    with pytest.raises(SpecError):
        compile_spec_text(*overrides)


@pytest.mark.parametrize(
    "override",
    [
        pytest.param('stages.head.augment=["resize(32)", "normalize(cifar10)"]', id="other-normalize-in-a-stage"),
        pytest.param('stages.head.augment=["resize(32)", "normalize(nothing)"]', id="unknown-normalize-in-a-stage"),
        pytest.param('augment.eval=["resize(32)", "hflip()", "normalize(imagenet)"]', id="random-evaluation"),
    ],
)
def test_what_would_be_ignored_is_refused(compile_spec_text, override: str):
    with pytest.raises(SpecError):
        compile_spec_text(override)


# Sources


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Return a folder of three classes of twelve images, and manifests of them with two labels."""
    root = tmp_path_factory.mktemp("pictures")
    draw = np.random.default_rng(0)
    lines = []
    for code, name in enumerate(("ash", "beech", "cedar")):
        (root / "raw" / name).mkdir(parents=True)
        for i in range(12):
            pixels = draw.integers(0, 120, (20, 24, 3)) + 60 * code
            Image.fromarray(pixels.astype(np.uint8)).save(root / "raw" / name / f"{i}.png")
            lines.append((f"raw/{name}/{i}.png", name, "" if i == 5 else ("rust", "scab")[i % 2], "train"))
    splits = ["val" if i % 12 in (3, 4) else "test" if i % 12 in (6, 7) else "train" for i in range(len(lines))]
    rows = [(*line[:3], split) for line, split in zip(lines, splits, strict=True)]
    (root / "all.csv").write_text("path,species,disease,split\n" + "".join(",".join(row) + "\n" for row in rows))
    (root / "all.jsonl").write_text(
        "".join('{{"path": "{}", "species": "{}", "disease": "{}", "split": "{}"}}\n'.format(*row) for row in rows)
    )
    return root


def from_files(data: str, heads: str = "species = {}", metrics: str = '"top1(species)"') -> str:
    """Return a spec of one epoch over files."""
    names = [head.split()[0] for head in heads.split("\n")]
    loss = " + ".join(f"cross_entropy({name})" for name in names)
    return f"""
specc = 1
name = "files"
[data]
num_workers = 0
{data}
[augment]
train = ["resize(32)", "normalize(imagenet)"]
eval = ["resize(32)", "normalize(imagenet)"]
[model]
backbone = "test_resnet"
[model.heads]
{heads}
[[stages]]
name = "only"
epochs = 1
batch_size = 8
lr = 1e-3
loss = "{loss}"
[evaluate]
metrics = [{metrics}]
[run]
device = "cpu"
loggers = []
"""


def folder_of(root: Path, more: str = "") -> str:
    return from_files(
        f'source = "folder"\nroot = "{root}"\nlabels.species = {{ folder = true }}\n'
        f'split = "stratified(species, val = 20%, test = 20%)"\n{more}'
    )


def manifest_of(kind: str, root: Path) -> str:
    return (
        f'source = "{kind}"\npath = "{root / f"all.{kind}"}"\nimage = "path"\nsplit = "column(split)"\n'
        'labels.species = {}\nlabels.disease = { within = "species" }'
    )


def test_a_folder_of_classes_is_trained_on(compile_spec_text, pictures, tmp_path):
    plan = compile_spec_text(spec=folder_of(pictures / "raw"))
    assert plan.data.samples == {"train": 22, "val": 7, "test": 7}
    assert list(events(plan, tmp_path / "run"))[-1].steps_made == 3


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_manifest_with_a_label_within_another_is_trained_on(compile_spec_text, pictures, tmp_path, kind: str):
    metrics = '"top1(species)", "top1(disease)", "cascade(species -> disease)"'
    spec = from_files(manifest_of(kind, pictures), "species = {}\ndisease = {}", metrics)
    plan = compile_spec_text('evaluate.expect=["cascade(species -> disease) >= 0%"]', spec=spec)
    disease = plan.label("disease")
    assert disease.classes[:2] == ("ash/rust", "ash/scab")
    assert disease.parents == (0, 0, 1, 1, 2, 2)
    assert sum(disease.counts) == plan.data.samples["train"] - 3
    results = list(events(plan, tmp_path / "run"))[-1].results
    assert results["judged_on"] == "test"
    assert results["gates"][0]["value"] == results["test"]["cascade(species -> disease)"]


def test_the_held_out_set_is_judged_and_never_trained_on(compile_spec_text, pictures, tmp_path):
    plan = compile_spec_text(
        'evaluate.expect=["loss <= 1e-9"]', spec=from_files(manifest_of("csv", pictures), "species = {}")
    )
    assert plan.data.samples == {"train": 24, "val": 6, "test": 6}
    results = list(events(plan, tmp_path / "run"))[-1].results
    assert results["gates"][0]["value"] == results["test"]["loss"] != results["val"]["loss"]


@pytest.fixture
def partly_damaged(pictures, tmp_path) -> Path:
    """Return the folder of images with one of them cut off in the middle."""
    root = Path(shutil.copytree(pictures / "raw", tmp_path / "damaged"))
    for path in sorted((root / "beech").iterdir())[:3]:
        path.write_bytes(path.read_bytes()[:200])
    return root


def test_a_bad_sample_ends_the_run_with_its_name(compile_spec_text, partly_damaged, tmp_path):
    with pytest.raises(DataError, match=r"beech/\d+\.png` cannot be decoded") as caught:
        list(events(compile_spec_text(spec=folder_of(partly_damaged)), tmp_path / "run"))
    assert "on_bad_sample" in caught.value.help


def test_bad_samples_are_skipped_where_the_spec_says_so(compile_spec_text, partly_damaged, tmp_path):
    plan = compile_spec_text(spec=folder_of(partly_damaged, 'on_bad_sample = "skip"'))
    found = list(events(plan, tmp_path / "run"))
    seen = sum(event.samples for event in of_kind(found, StepDone))
    told = [failure for event in of_kind(found, Skipped) for failure in event.failures]
    left_out = plan.data.samples["train"] - seen
    assert 0 < left_out < len(told), "those of the validation split are told, too"
    assert len(set(told)) == len(told)
    assert isinstance(found[-1], Finished)


def test_no_more_bad_samples_are_skipped_than_the_spec_allows(compile_spec_text, partly_damaged, tmp_path):
    plan = compile_spec_text(spec=folder_of(partly_damaged, 'on_bad_sample = "skip"\nmax_bad_samples = 1'))
    with pytest.raises(DataError, match="samples cannot be read, and at most 1 may be left out"):
        list(events(plan, tmp_path / "run"))


# Weights from elsewhere


def test_weights_that_fit_are_taken_and_the_others_told(compile_spec_text, finished, pictures, tmp_path):
    spec = folder_of(pictures / "raw").replace("species", "digit")
    plan = compile_spec_text(f'model.start_from="{finished / "best.safetensors"}"', spec=spec)
    note = next(events(plan, tmp_path / "run")).notes[0]
    total = len(safetensors.torch.load_file(finished / "best.safetensors"))
    assert note.startswith(f"took {total - 2} of {total} tensors from ")
    assert note.endswith("; new: heads.digit.bias, heads.digit.weight")


def test_weights_of_timm_are_taken(compile_spec_text, tmp_path):
    theirs = timm.create_model("test_resnet", num_classes=7)
    safetensors.torch.save_file(theirs.state_dict(), tmp_path / "timm.safetensors")
    plan = compile_spec_text(f'model.start_from="{tmp_path / "timm.safetensors"}"', 'stages.whole.train="heads"')
    list(events(plan, tmp_path / "run"))
    found = safetensors.torch.load_file(tmp_path / "run" / "best.safetensors")
    own = {name: tensor for name, tensor in theirs.state_dict().items() if not name.startswith("fc.")}
    assert all(torch.equal(found[f"backbone.{name}"], tensor) for name, tensor in own.items())


def test_weights_that_fit_no_longer_are_refused(compile_spec_text, tmp_path):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(timm.create_model("test_resnet").state_dict(), path)
    plan = compile_spec_text(f'model.start_from="{path}"')
    safetensors.torch.save_file({"other": torch.zeros(3)}, path)
    with pytest.raises(DataError, match="no weight of"):
        list(events(plan, tmp_path / "run"))
