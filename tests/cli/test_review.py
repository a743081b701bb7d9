"""Changes to specs in a real git repository: the driver, revisions, the index, the action's scripts and the hooks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
REVIEW = ROOT / ".github" / "actions" / "review"
BASE = """\
specc = 1
name = "base"
seed = 3

[data]
source = "builtin"
dataset = "digits"
split = "stratified(digit, val = 15%)"
labels.digit = {}

[augment]
train = ["resize(32)", "normalize(imagenet)"]
eval = ["resize(32)", "normalize(imagenet)"]

[model]
backbone = "test_resnet"
heads.digit = { kind = "linear" }

[defaults]
batch_size = 32
loss = "cross_entropy(digit)"

[[stages]]
name = "head"
epochs = 2
train = "heads.digit"
lr = 1e-2

[[stages]]
name = "whole"
epochs = 4
train = "all"
lr = 1e-5

[evaluate]
metrics = ["top1(digit)"]
best = "min loss"
"""
CHILD = """\
specc = 1
name = "child"
extends = "base.toml"

[stages.whole]
epochs = 8
"""
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_PAGER": "cat",
}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


class Repository:
    """A repository with two specs, one of which extends the other, and a branch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            list(map(str, words)), cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def git(self, *words: str) -> str:
        return self.run("git", *words)

    def specc(self, *words: str, code: int = 0) -> str:
        return self.run("specc", *words, code=code)

    def write(self, name: str, text: str) -> None:
        (self.folder / "specs" / name).write_text(text)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)


@pytest.fixture
def repository(tmp_path) -> Repository:
    found = Repository(tmp_path)
    (tmp_path / "specs").mkdir()
    found.git("init", "-q", "-b", "main")
    found.write("base.toml", BASE)
    found.write("child.toml", CHILD)
    found.commit("two specs")
    return found


TWICE = BASE.replace("lr = 1e-5", "lr = 2e-5  # bolder")


def test_git_diff_shows_what_a_change_does(repository):
    repository.specc("diff", "--install")
    assert "diff=specc" in (repository.folder / ".gitattributes").read_text()
    repository.commit("specs are shown by specc")
    repository.git("switch", "-qc", "bolder")
    repository.write("base.toml", TWICE)
    shown = repository.git("diff")
    assert "whole.lr: 1e-5 -> 2e-5, twice   [changes results from whole on]   (specs/base.toml:33:6)" in shown
    assert "trained again: whole" in shown
    repository.commit("twice the rate")
    for command in (("log", "-p", "-1"), ("show",)):
        plain, external = repository.git(*command), repository.git(*command, "--ext-diff")
        assert "-stages.whole.texts.lr = 1e-5\n+stages.whole.texts.lr = 2e-5" in plain
        assert "trained again: whole" in external


def test_comments_and_spelling_are_no_change(repository):
    repository.specc("diff", "--install")
    repository.commit("specs are shown by specc")
    repository.write("base.toml", BASE.replace("lr = 1e-5", "lr = 0.00001  # the same"))
    assert "no difference: the two specs are the same experiment" in repository.git("diff")


def test_without_the_configuration_git_shows_text(repository):
    repository.specc("diff", "--install")
    repository.git("config", "--local", "--remove-section", "diff.specc")
    repository.commit("specs are shown by specc")
    repository.write("base.toml", TWICE)
    assert "+lr = 2e-5  # bolder" in repository.git("diff")


def test_what_is_no_sound_spec_is_shown_by_lines(repository):
    repository.specc("diff", "--install")
    repository.commit("specs are shown by specc")
    repository.write("base.toml", BASE.replace("epochs = 2", "epochs = two"))
    shown = repository.git("diff")
    assert "specc specs/base.toml: " in shown
    assert "+epochs = two" in shown


def test_new_and_removed_specs_are_shown(repository):
    repository.specc("diff", "--install")
    repository.commit("specs are shown by specc")
    (repository.folder / "specs" / "child.toml").unlink()
    assert "specc specs/child.toml: removed" in repository.git("diff")


def test_revisions_and_the_index(repository):
    repository.git("switch", "-qc", "bolder")
    repository.write("base.toml", TWICE)
    of_work = repository.specc("diff")
    assert "HEAD:specs/base.toml:33:6 -> specs/base.toml:33:6" in of_work
    assert repository.specc("diff", "--staged") == "no spec differs\n"
    repository.git("add", "-A")
    assert "index:specs/base.toml:33:6" in repository.specc("diff", "--staged", "specs/base.toml")
    repository.git("commit", "-qm", "twice")
    for words in (("main..bolder",), ("main",), ("main", "specs/base.toml"), ("main...bolder", "specs/base.toml")):
        assert "trained again: whole" in repository.specc("diff", *words)
    assert repository.specc("diff", "HEAD") == "no spec differs\n"


def test_a_new_spec_alone_is_an_empty_record_for_machines(repository):
    repository.write("more.toml", BASE)
    assert json.loads(repository.specc("diff", "HEAD", "specs/more.toml", "--json")) == {}


def test_a_spec_that_extends_a_changed_one_changes(repository):
    repository.write("base.toml", TWICE)
    found = json.loads(repository.specc("diff", "HEAD", "--json"))
    assert found.keys() == {"specs/base.toml", "specs/child.toml"}
    assert {it["retrained"][0] for it in found.values()} == {"whole"}


@pytest.mark.parametrize(
    ("change", "level", "code"),
    [
        ("lr = 2e-5", "weights", 1),
        ("lr = 2e-5", "model", 0),
        ("lr = 0.00001", "any", 0),
        ('lr = 1e-5\nexpect = ["loss < 9"]', "weights", 0),
        ('lr = 1e-5\nexpect = ["loss < 9"]', "any", 1),
    ],
)
def test_the_exit_code_says_what_is_too_much(repository, change: str, level: str, code: int):
    repository.write("base.toml", BASE.replace("lr = 1e-5", change))
    repository.specc("diff", "HEAD", "specs/base.toml", "--fail-on", level, code=code)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("diff", "nowhere"), "there is neither a file nor a revision `nowhere`"),
        (("diff", "main", "specs/none.toml"), "neither main nor the working tree has `specs/none.toml`"),
        (("diff", "main", "--json", "--markdown"), "two outputs"),
        (("diff", "main", "/spec.toml"), "`/spec.toml` is not in this repository"),
        (("diff", "main..nowhere", "specs/base.toml", "x"), "there is neither a file nor a revision `main..nowhere`"),
    ],
)
def test_what_cannot_be_compared_is_told(repository, words: tuple[str, ...], said: str):
    assert said in repository.specc(*words, code=2)


def test_outside_a_repository(tmp_path):
    repository = Repository(tmp_path)
    assert "not a git repository" in repository.specc("diff", "--staged", code=2)


def test_the_comment_on_a_pull_request(repository):
    repository.specc("fmt", "specs/base.toml", "specs/child.toml")
    (repository.folder / "generated").mkdir()
    repository.specc("compile", "specs/base.toml", "-o", "generated/base.plan.json")
    repository.commit("a plan")
    repository.git("switch", "-qc", "bolder")
    repository.write("base.toml", (repository.folder / "specs" / "base.toml").read_text().replace("1e-5", "2e-5"))
    repository.commit("twice the rate")
    said = repository.run(REVIEW / "review.sh", "main", "comment.md", code=1)
    assert "`generated/base.plan.json` is stale" in said
    comment = (repository.folder / "comment.md").read_text()
    assert "#### specs/base.toml" in comment
    assert "| `whole.lr` | `1e-5` | `2e-5`, twice | changes results from whole on |" in comment
    assert "#### specs/child.toml" in comment
    repository.specc("compile", "specs/base.toml", "-o", "generated/base.plan.json")
    repository.run(REVIEW / "review.sh", "main", "comment.md")
    repository.run(REVIEW / "review.sh", "main", "comment.md", "weights", code=1)
    repository.run(REVIEW / "review.sh", "main", "comment.md", "model")


def test_the_hooks_name_what_is_there():
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert hook["entry"].startswith("specc ") or os.access(ROOT / hook["entry"], os.X_OK)


def test_the_hooks_scripts(repository):
    repository.run(REVIEW / "validate.sh", "specs/base.toml", "specs/child.toml")
    repository.write("base.toml", BASE.replace("epochs = 2", "epoch = 2"))
    assert "did you mean `epochs`" in repository.run(REVIEW / "validate.sh", "specs/base.toml", code=1)
    repository.run(REVIEW / "stale.sh")


def test_the_action_runs_what_is_there():
    action = yaml.safe_load((REVIEW / "action.yml").read_text())
    commands = "\n".join(step.get("run", "") for step in action["runs"]["steps"])
    assert "$GITHUB_ACTION_PATH/review.sh" in commands
    assert action["inputs"].keys() == {"fail-on", "version", "python-version"}


def test_a_thousand_stages_are_compared_without_torch(tmp_path):
    stage = '[[stages]]\nname = "s{}"\nsteps = 3\ntrain = "all"\nlr = 1e-4\n\n'
    head, tail = BASE[: BASE.index("[[stages]]")], BASE[BASE.index("[evaluate]") :]
    for name, rate in (("old", "1e-4"), ("new", "2e-4")):
        stages = "".join(stage.format(i) for i in range(999)) + stage.format(999).replace("1e-4", rate)
        (tmp_path / f"{name}.toml").write_text(head + stages + tail)
    code = "import sys; from specc.cli.main import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    words = [sys.executable, "-c", code, "diff", "old.toml", "new.toml", "--no-data"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "s999.lr: 1e-4 -> 2e-4, twice   [changes results from s999 on]" in done.stdout
    assert "results that stand: s0 to s998 (999 stages)" in done.stdout
