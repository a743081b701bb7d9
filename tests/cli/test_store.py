"""`specc store`, what `specc plan` says of it, and `specc verify-resume`."""

import re
import shutil
from pathlib import Path

import pytest

from specc.checkpoint.store import VARIABLE, Store
from specc.cli.main import main
from tests.crash.damage import flip_a_bit
from tests.runtime.helpers import compiled as compiled_in, events


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Return a folder with a spec, and a finished run of it in `checkpoints`."""
    folder = tmp_path_factory.mktemp("made")
    list(events(compiled_in(folder), folder / "checkpoints" / "small"))
    return folder


@pytest.fixture
def here(made, tmp_path, monkeypatch) -> Path:
    """Return a copy of that folder to work in."""
    folder = Path(shutil.copytree(made, tmp_path / "made", symlinks=True))
    monkeypatch.chdir(folder)
    monkeypatch.delenv(VARIABLE, raising=False)
    return folder


@pytest.fixture
def say(capsys):
    """Return what runs a command and returns its exit code and all that it prints."""

    def run(*words: str) -> tuple[int, str]:
        code = main([*words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def standing(text: str) -> list[str]:
    return re.findall(r"^(?:stored|partly|train) .*$", text, re.MULTILINE)


def test_plan_says_what_is_stored(here, say):
    assert standing(say("plan", "spec.toml")[1]) == ["stored  head", "stored  whole"]


def test_plan_says_what_is_to_be_trained_and_why(here, say):
    changed = ("plan", "spec.toml", "--set", "stages.whole.lr=1e-4")
    assert standing(say(*changed)[1]) == ["stored  head", "train   whole: lr changed at stages.whole"]
    shared = say("plan", "spec.toml", "--set", "model.ema_decay=0.9")[1]
    assert standing(shared) == [
        "train   head: model.ema_decay changed",
        "train   whole: it comes after another",
    ]


def test_plan_says_what_was_never_run(here, say):
    text = say("plan", "spec.toml", "--set", "name=other", "--set", "seed=9")[1]
    assert standing(text) == ["train   head: it was never run", "train   whole: it comes after another"]


def test_plan_of_another_name_finds_what_is_shared(here, say):
    text = say("plan", "spec.toml", "--set", "name=other", "--set", "stages.whole.lr=1e-4")[1]
    assert standing(text) == ["stored  head", "train   whole: it was never run"]


def test_ls_lists_the_stages(here, say):
    code, text = say("store", "ls")
    assert code == 0
    assert re.search(r"[0-9a-f]{12} +small +head +[\d.]+ MB", text)
    assert "checkpoints/.store: 2 stages" in text


def test_gc_leaves_what_fits(here, say):
    assert "removed 0 stages" in say("store", "gc", "--limit", "1 GB")[1]
    assert "removed 2 stages" in say("store", "gc", "--limit", "1 kB")[1]
    assert Store(Path("checkpoints/.store")).entries() == []


@pytest.mark.parametrize(
    "words", [("gc",), ("gc", "--limit", "much"), ("gc", "--limit", "5 minutes"), ("ls", "--store", "no")]
)
def test_wrong_use_is_told(here, say, words):
    code, text = say("store", *words)
    assert code == 2
    assert text.startswith("error: ")


def test_verify_finds_damage_and_removes_it(here, say):
    assert say("store", "verify")[0] == 0
    path = Store(Path("checkpoints/.store")).entries()[0].files[0]
    flip_a_bit(path)
    code, text = say("store", "verify")
    assert code == 1
    assert "damaged" in text
    assert say("store", "verify", "--remove")[0] == 0
    assert not path.exists()


def test_checkpoints_are_compared(here, say):
    stages = Path("checkpoints/small/stages")
    code, text = say("inspect", str(stages / "head.safetensors"), "--diff", str(stages / "whole.safetensors"))
    assert code == 0
    assert "stage: head -> whole" in text
    assert re.search(r"\d+ of \d+ tensors of other values: backbone\.", text)
    assert "only in the second: optim.backbone." in text
    same = say("inspect", str(stages / "head.safetensors"), "--diff", str(stages / "head.safetensors"))
    assert same == (0, "no difference\n")


def test_resuming_is_verified(here, say, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    code, text = say("verify-resume", "spec.toml", "--kills", "2", "--workers", "0", "1")
    assert code == 0, text
    assert re.search(r"2 kills in (1|2) runs, of which \1 ended in the same bytes", text)


def test_a_wrong_spec_is_told_before_anything_is_killed(here, say):
    code, text = say("verify-resume", "spec.toml", "--set", "stages.whole.lr=-1")
    assert code == 1
    assert "undisturbed" not in text
