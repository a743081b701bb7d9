"""What every command that reads a spec takes: `--strict` and `--root`."""

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.process import ROOT, specc

QUICKSTART = ROOT / "specs" / "quickstart.toml"
COMMANDS = ("validate", "plan", "compile", "run", "explain")

SPEC = """
specc = 1
name = "x"
model = { backbone = "test_resnet", heads.kind = {} }
stages = [{ name = "only", epochs = 1, batch_size = 6, lr = 1e-2, loss = "cross_entropy(kind)" }]
augment = { train = ["resize(32)"], eval = ["resize(32)"] }

[data]
source = "folder"
root = "photos"
labels.kind.folder = true
num_workers = 0
"""


def words(command: str, *more: str | Path) -> tuple[str | Path, ...]:
    """Return the words of a command; `explain` asks for a value, too."""
    return (command, *more, *(["seed"] if command == "explain" else []))


@pytest.fixture
def doubtful(tmp_path) -> Path:
    """A spec with a warning."""
    path = tmp_path / "doubtful.toml"
    path.write_text(f'extends = "{QUICKSTART}"\nname = "x"\nstages.polish.lr = "cosine(0 -> 1e-3)"\n', encoding="utf-8")
    return path


@pytest.fixture
def place(tmp_path) -> Path:
    """A folder with a spec in `specs` that another extends, and its images in `data`."""
    for index in range(12):
        folder = tmp_path / "data" / "photos" / ("cat", "dog")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (20 * index, 0, 0)).save(folder / f"{index}.png")
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "base.toml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "specs" / "x.toml").write_text('extends = "base.toml"\nname = "x"\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_strict_makes_warnings_errors(doubtful, command, tmp_path):
    result = specc(*words(command, doubtful), "--strict", cwd=tmp_path)
    said = result.stdout if command == "validate" else result.stderr
    assert (result.returncode, said.startswith("error[schedule-rises]: ")) == (1, True)
    assert (command == "validate") == bool(result.stdout)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doubtful.toml"]


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"run"}))
def test_warnings_are_told_and_hinder_nothing(doubtful, command):
    result = specc(*words(command, doubtful))
    said = result.stdout if command == "validate" else result.stderr
    assert (result.returncode, said.startswith("warning[schedule-rises]: ")) == (0, True)


def test_strict_leaves_what_is_allowed(doubtful):
    doubtful.write_text(f'{doubtful.read_text()}allow.schedule-rises = "it is what this trial is about"\n')
    assert specc("validate", doubtful, "--strict").returncode == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_paths_in_a_spec_start_in_root(place, command):
    result = specc(*words(command, "specs/x.toml"), "--root", "data", "--strict", cwd=place)
    assert (result.returncode, "without" in result.stdout + result.stderr) == (0, False)
    assert (place / "data" / "checkpoints" / "x" / "summary.txt").exists() == (command == "run")
    assert not (place / "checkpoints").exists()


def test_paths_in_both_specs_of_a_diff_start_in_root(place):
    words = ("diff", "specs/x.toml", "specs/base.toml")
    assert "compared without the data" in specc(*words, cwd=place).stderr
    result = specc(*words, "--root", "data", cwd=place)
    assert (result.returncode, result.stderr) == (0, "")


def test_without_root_paths_start_in_the_working_directory(place):
    assert "without its data" in specc("validate", "specs/x.toml", cwd=place).stdout
    assert "without" not in specc("validate", "../specs/x.toml", cwd=place / "data").stdout


def test_a_run_says_where_below_root_it_is(place):
    result = specc("run", "specs/x.toml", "--root", "data", cwd=place)
    assert f"{place / 'data' / 'checkpoints' / 'x'}  " in result.stderr


def test_paths_of_the_command_line_do_not_start_in_root(place):
    assert specc("compile", "specs/x.toml", "--root", "data", "-o", "plan.json", cwd=place).returncode == 0
    assert specc("compile", "specs/x.toml", "--root", "data", "-o", "plan.json", "--check", cwd=place).returncode == 0
    assert (place / "plan.json").exists()


def test_a_spec_is_called_as_it_was_typed(place):
    text = 'extends = "base.toml"\nname = "x"\nstages.only.sample = "2 where count(kind) < 3"\n'
    (place / "specs" / "x.toml").write_text(text, encoding="utf-8")
    result = specc("validate", os.path.join("specs", "x.toml"), "--root", "data", "--format", "concise", cwd=place)  # noqa: PTH118
    assert result.stdout.startswith("specs/x.toml:3:23: warning[idle-rule]")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_root_that_is_no_folder(command):
    result = specc(*words(command, QUICKSTART), "--root", "nowhere")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: `--root nowhere`: there is no such folder\n"


def test_help_says_where_paths_start():
    text = " ".join(specc("--help").stdout.split())
    assert "The paths in a spec start in the working directory, or in the folder of --root" in text


def test_flags_may_stand_between_the_words_of_a_command():
    result = specc("explain", QUICKSTART, "--set", "seed=3", "seed")
    assert (result.returncode, "flag --set seed=3" in result.stdout) == (0, True)


@pytest.mark.parametrize("words", [(), ("--strict", "validate"), ("valdate",), ("validate",), ("validate", "a", "b")])
def test_words_that_are_no_command(words):
    result = specc(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: specc ")
