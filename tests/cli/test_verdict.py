"""A clean verdict is remembered, and never for longer than it holds."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specc.cli import verdict
from specc.cli.verdict import SECOND, Memory

ROOT = Path(__file__).parents[2]

SPEC = """
specc = 1
name = "a"
[data]
source = "csv"
train = "train.csv"
val = "val.csv"
image = "path"
labels.kind = {}
[model]
backbone = "resnet18"
heads.kind = {}
[[stages]]
name = "only"
epochs = 1
lr = 1e-3
loss = "cross_entropy(kind)"
[evaluate]
metrics = ["top1(kind)"]
"""


def write_rows(path: Path, number: int = 200) -> None:
    """Write a manifest of images in a folder beside it."""
    rows = [f"{path.stem}/{row}.png,{'ab'[row % 2]}\n" for row in range(number)]
    path.write_text("".join(["path,kind\n", *rows]), encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with a spec, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.toml").write_text(SPEC, encoding="utf-8")
    (folder / "b.toml").write_text('extends = "a.toml"\nname = "b"\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def validate(*words: str, cwd: Path | None = None) -> tuple[int, str, bool]:
    """Run the command once files have settled; return its code, what it said and whether it recalled that."""
    time.sleep(0.05)
    command = [sys.executable, "-X", "importtime", "-m", "specc", "validate", *words]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "specc.cli.verdict" in imported
    return result.returncode, result.stdout, imported.isdisjoint({"pydantic", "lark", "argparse", "specc.cli.main"})


def entries() -> list[Path]:
    return [path for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "words", [["a.toml"], ["b.toml", "--no-data"], ["a.toml", "--set", "seed=1"], ["--strict", "a.toml"]]
)
def test_a_clean_verdict_is_remembered_word_for_word(folder, words):
    code, said, recalled = validate(*words)
    assert (code, recalled) == (0, False)
    assert said.startswith(f"{next(word for word in words if word.endswith('.toml'))}: fine")
    assert validate(*words) == (code, said, True)


def test_only_the_same_command_in_the_same_place_is_meant(folder, tmp_path):
    validate("a.toml")
    assert not validate("a.toml", "--no-data")[2]
    assert not validate("./a.toml")[2]
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.toml").write_bytes((folder / "a.toml").read_bytes())
    assert not validate("a.toml", cwd=other)[2]
    assert validate("a.toml")[2]


@pytest.mark.parametrize("changed", ["a.toml", "b.toml"])
def test_another_byte_in_any_text_is_another_spec(folder, changed):
    validate("b.toml", "--no-data")
    text = (folder / changed).read_text("utf-8")
    (folder / changed).write_text(text.replace("\nname", "\nnam", 1), encoding="utf-8")
    assert validate("b.toml", "--no-data")[::2] == (1, False)
    (folder / changed).write_text(text, encoding="utf-8")
    assert validate("b.toml", "--no-data")[::2] == (0, True)


def test_data_that_appears_or_changes_is_looked_at(folder):
    _, said, _ = validate("a.toml")
    assert "without its data" in said
    for split in ("train", "val"):
        write_rows(folder / f"{split}.csv")
    _, said, recalled = validate("a.toml")
    assert ("without its images" in said, recalled) == (True, False)
    assert validate("a.toml") == (0, said, True)
    text = (folder / "val.csv").read_text("utf-8")
    (folder / "val.csv").write_text(text.replace(",b", ",c"), encoding="utf-8")
    assert validate("a.toml")[::2] == (1, False)


def test_images_are_looked_for_again(folder):
    store = folder / "store.png"
    store.touch()
    for split in ("train", "val"):
        write_rows(folder / f"{split}.csv")
        (folder / split).mkdir()
        for row in range(200):
            (folder / split / f"{row}.png").symlink_to(store)
    assert validate("a.toml") == (0, "a.toml: fine\n", False)
    assert validate("a.toml") == (0, "a.toml: fine\n", True)
    store.unlink()
    assert not validate("a.toml")[2]
    store.touch()
    (folder / "train" / "0.png").unlink()
    assert validate("a.toml")[::2] == (1, False)


def test_a_spec_that_is_not_clean_is_not_remembered(folder):
    (folder / "a.toml").write_text(SPEC.replace("1e-3", '"cosine(0 -> 1)"'), encoding="utf-8")
    for words in (["a.toml", "--no-data"], ["a.toml", "--no-data", "--format", "json"], ["absent.toml"], ["--help"]):
        validate(*words)
        assert not validate(*words)[2]
    assert entries() == []


def test_nothing_is_remembered_when_that_is_unwelcome(folder):
    validate("a.toml", "--no-cache")
    assert entries() == []
    validate("a.toml")
    assert validate("a.toml")[2]
    assert not validate("a.toml", "--no-cache")[2]


@pytest.mark.parametrize("damage", [b"", b"\0", b"{}", b"[]\n[]", b"\xff\xfe"])
def test_a_damaged_entry_is_replaced(folder, damage):
    remembered().remember("fine", {}, [])
    (entry,) = entries()
    sound = entry.read_bytes()
    for damaged in (damage, sound[:-1], sound.replace(b"fine", b"fane")):
        entry.write_bytes(damaged)
        assert remembered().recall() is None
        remembered().remember("fine", {}, [])
        assert entry.read_bytes() == sound


def test_a_cache_that_cannot_be_written_is_no_error(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "a.toml"))
    assert validate("a.toml")[::2] == (0, False)
    assert validate("a.toml")[::2] == (0, False)


def test_old_entries_go(folder, monkeypatch):
    monkeypatch.setattr(verdict, "MOST_VERDICTS", 3)
    for number in range(5):
        remembered(str(number)).remember("fine", {}, [])
    assert len(entries()) == 3
    assert remembered("4").recall() == "fine"
    assert remembered("0").recall() is None


# What changes a state


def remembered(*words: str) -> Memory:
    """Return the memory of a command that is given when all files are old."""
    memory = Memory(["validate", *words])
    memory.began += 10 * SECOND
    return memory


CHANGES = {
    "written": lambda path: path.write_text("other"),
    "of the same size": lambda path: path.write_text("nows"),
    "touched": lambda path: path.touch(),
    "removed": lambda path: path.unlink(),
    "replaced": lambda path: (path.with_name("new").write_text("rows"), path.with_name("new").replace(path)),
    "its time set back": lambda path: (path.write_text("nows"), os.utime(path, (1, 1))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_in_another_state_is_looked_at(folder, change):
    path = folder / "rows.csv"
    path.write_text("rows")
    time.sleep(0.02)
    remembered().remember("fine", {}, [path])
    assert remembered().recall() == "fine"
    CHANGES[change](path)
    assert remembered().recall() is None


def test_a_folder_with_another_file_is_looked_at(folder):
    path = folder / "images"
    path.mkdir()
    time.sleep(0.02)
    remembered().remember("fine", {}, [path, folder / "absent" / "file"])
    assert remembered().recall() == "fine"
    (path / "new.png").touch()
    assert remembered().recall() is None


def test_what_changed_while_it_was_looked_at_is_not_remembered(folder):
    memory = Memory(["validate"])
    path = folder / "rows.csv"
    path.write_text("rows")
    memory.remember("fine", {}, [path])
    memory.remember("fine", {}, [folder / "gone.csv"])
    assert entries() == []


def test_a_text_that_became_a_pipe_is_not_waited_for(folder):
    memory = remembered()
    memory.remember("fine", {"a.toml": SPEC}, [])
    assert remembered().recall() == "fine"
    (folder / "a.toml").unlink()
    os.mkfifo(folder / "a.toml")
    assert remembered().recall() is None


def test_too_many_files_are_not_remembered(folder, monkeypatch):
    monkeypatch.setattr(verdict, "MOST_PATHS", 3)
    remembered().remember("fine", {}, [folder / str(number) for number in range(4)])
    assert entries() == []


def test_another_program_says_for_itself(folder, monkeypatch):
    remembered().remember("fine", {}, [])
    assert remembered().recall() == "fine"
    monkeypatch.setattr(verdict, "_program", lambda: iter([("specc/spec/units.py", 1, 2)]))
    assert remembered().recall() is None
