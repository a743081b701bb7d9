"""`specc new`: what it finds in data, what it makes of it, what it asks, and what it refuses."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specc.cli.main import main
from specc.compiler.pipeline import compile_spec
from specc.frontend.formatter import format_source
from specc.plan.model import Plan
from specc.source import Source
from tests.runtime.helpers import events

SIZES = {"crow": 4, "jay": 30, "robin": 34, "wren": 40}


def write_images(folder: Path, sizes: Mapping[str, int]) -> None:
    generator = np.random.default_rng(0)
    for name, size in sizes.items():
        (folder / name).mkdir(parents=True)
        for i in range(size):
            pixels = generator.integers(0, 256, (36, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """The working directory, with images of four classes, one of them rare, and tables of them."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "photos", SIZES)
    images = sorted((tmp_path / "photos").rglob("*.png"))
    rows = [f"{path.relative_to(tmp_path)},{path.parent.name},note {i}" for i, path in enumerate(images)]
    Path("birds.csv").write_text("\n".join(["file,species,note", *rows]) + "\n", "utf-8")
    Path("pairs.csv").write_text("\n".join(["word,ipa", *(f"w{i // 2},i{i}" for i in range(500))]) + "\n", "utf-8")
    return tmp_path


@pytest.fixture
def new(capsys) -> Callable[..., tuple[int, str]]:
    """Run `specc new` where nobody can be asked; return its exit code and what it says."""

    def run(*arguments: str) -> tuple[int, str]:
        code = main(["new", *arguments])
        return code, capsys.readouterr().err

    return run


def written(path: str) -> str:
    return Path(path).read_text("utf-8")


def plan_of(path: str, *overrides: str) -> Plan:
    """Compile a spec that must have nothing wrong with it."""
    plan, context = compile_spec(Path(path), overrides=overrides)
    assert context.problems.found == []
    return plan


# what is written


def test_a_folder_of_classes(data, new):
    assert new("birds.toml", "--folder", "photos")[0] == 0
    plan = plan_of("birds.toml")
    assert (plan.name, plan.data.location, plan.data.labels[0].classes) == ("birds", {"root": "photos"}, tuple(SIZES))
    assert plan.data.labels[0].counts == (2, 22, 24, 28)
    assert [stage.name for stage in plan.stages] == ["warmup", "finetune"]
    assert [stage.sampling.text if stage.sampling else "" for stage in plan.stages] == ["", "2 where count(class) < 5"]
    assert plan.evaluate.best.metric == "macro_f1(class)"


def test_the_counts_stand_in_the_file(data, new):
    new("birds.toml", "--folder", "photos")
    assert written("birds.toml").splitlines()[:3] == [
        "# 4 classes, 108 images: 76 train, 16 val, 16 test. Counted by `specc new`.",
        "# Training has 2 (`crow`) to 28 (`wren`) of a class, 23 in the middle.",
        "# Rare, with fewer than 5, a fifth of the middle: `crow` 2.",
    ]


def test_classes_of_like_size_need_no_rule(data, new):
    write_images(Path("even"), {"a": 30, "b": 32})
    new("even.toml", "--folder", "even", "--label", "kind")
    plan = plan_of("even.toml")
    assert (plan.stages[1].sampling, plan.evaluate.best.metric) == (None, "top1(kind)")
    assert [*plan.evaluate.metrics] == ["top1(kind)"]
    assert (plan.data.samples or {}).keys() == {"train", "val", "test"}


def test_a_class_too_small_for_every_split_is_told_and_allowed(data, new):
    write_images(Path("tail"), {"a": 30, "b": 20, "single": 1})
    new("tail.toml", "--folder", "tail")
    assert "# Too few for every split: `single`." in written("tail.toml")
    plan_of("tail.toml")


def test_a_folder_for_each_split(data, new):
    for split in ("train", "val", "test"):
        write_images(Path("parted", split), {"a": 5, "b": 4})
    new("parted.toml", "--folder", "parted")
    plan = plan_of("parted.toml")
    assert plan.data.location == {split: f"parted/{split}" for split in ("train", "val", "test")}
    assert (plan.data.split, plan.data.samples) == (None, {"train": 9, "val": 9, "test": 9})


def test_a_test_folder_without_one_for_validation_is_left_out(data, new):
    for split in ("train", "test"):
        write_images(Path("parted", split), {"a": 12, "b": 12})
    new("parted.toml", "--folder", "parted")
    assert "# `parted/test` is not used" in written("parted.toml")
    assert plan_of("parted.toml").data.location == {"root": "parted/train"}


def test_a_class_may_be_called_as_a_split_is(data, new):
    write_images(Path("vehicles"), {"bus": 12, "train": 12})
    new("vehicles.toml", "--folder", "vehicles")
    assert plan_of("vehicles.toml").data.labels[0].classes == ("bus", "train")


def test_a_table_of_images_with_its_columns_guessed(data, new):
    assert new("birds.toml", "--csv", "birds.csv")[0] == 0
    plan = plan_of("birds.toml")
    assert (plan.data.image, plan.data.labels[0].name, plan.data.labels[0].column) == ("file", "species", "species")


def test_a_column_whose_name_is_no_word(data, new):
    Path("birds.csv").write_text(written("birds.csv").replace("species", "Species (Latin)"), "utf-8")
    assert new("birds.toml", "--csv", "birds.csv", "--label", "Species (Latin)")[0] == 0
    label = plan_of("birds.toml").data.labels[0]
    assert (label.name, label.column) == ("species_latin", "Species (Latin)")


def test_a_column_that_says_the_split(data, new):
    lines = written("birds.csv").splitlines()
    parts = [lines[0] + ",part", *(f"{line},{'train' if i % 3 else 'valid'}" for i, line in enumerate(lines[1:]))]
    Path("birds.csv").write_text("\n".join(parts) + "\n", "utf-8")
    new("birds.toml", "--csv", "birds.csv")
    plan = plan_of("birds.toml")
    assert plan.data.split is not None
    assert (plan.data.split.kind, plan.data.split.args) == ("column", {"name": "part"})


def test_a_table_of_training_with_that_of_validation_beside_it(data, new):
    header, *lines = written("birds.csv").splitlines()
    for name, part in {"train": lines[::2], "val": lines[1::2]}.items():
        Path(f"{name}.csv").write_text("\n".join([header, *part]) + "\n", "utf-8")
    new("birds.toml", "--csv", "train.csv", "--label", "species")
    assert plan_of("birds.toml").data.location == {"train": "train.csv", "val": "val.csv"}


def test_paths_that_start_in_the_working_directory(data, new):
    Path("lists").mkdir()
    Path("birds.csv").rename("lists/birds.csv")
    new("birds.toml", "--csv", "lists/birds.csv")
    assert plan_of("birds.toml").data.location == {"path": "lists/birds.csv", "root": "."}


def test_images_that_are_not_there_are_told(data, new):
    Path("photos").rename("elsewhere")
    code, said = new("birds.toml", "--csv", "birds.csv")
    assert code == 0
    assert re.search(r"note: the first image, `photos/crow/\d\.png`, is not there", said)


def test_pairs_of_texts(data, new):
    code, said = new("words.toml", "--pairs", "pairs.csv")
    assert (code, "cannot run it yet: text to text" in said) == (0, True)
    plan = plan_of("words.toml")
    assert (plan.data.group, plan.data.labels[0].column, plan.data.labels[0].kind) == ("word", "ipa", "characters")
    assert (plan.data.samples or {}).keys() == {"train", "val", "test"}


def test_what_is_said_beats_what_is_guessed(data, new):
    options = {"--backbone": "resnet18", "--size": "96", "--epochs": "7", "--name": "other", "--label": "kind"}
    new("birds.toml", "--folder", "photos", *(word for option in options.items() for word in option))
    plan = plan_of("birds.toml")
    assert (plan.name, plan.model.backbone, plan.augment.input_size) == ("other", "resnet18", (3, 96, 96))
    assert (plan.stages[1].epochs, plan.data.labels[0].name) == (7, "kind")


@pytest.mark.parametrize(
    "source", [("--folder", "photos"), ("--csv", "birds.csv"), ("--pairs", "pairs.csv")], ids=lambda source: source[0]
)
def test_both_notations_say_the_same_in_the_layout_of_fmt(data, new, source):
    for name in ("x.toml", "x.specc"):
        assert new(name, *source)[0] == 0
        text = written(name)
        assert format_source(Source(name, text), Path(name).suffix, Path(name).suffix) == text
    assert plan_of("x.toml").digest == plan_of("x.specc").digest


@pytest.mark.parametrize("name", ["x.toml", "x.specc"])
@pytest.mark.parametrize("source", [("--folder", "photos"), ("--pairs", "pairs.csv")], ids=lambda source: source[0])
def test_every_suggestion_can_be_taken(data, new, name, source):
    new(name, *source)
    text, number = re.subn(r"(?m)^( *)# ((?:precision|stop|expect) .*)$", r"\1\2", written(name))
    assert number == (4 if source[0] == "--folder" else 2)
    Path(name).write_text(text, "utf-8")
    plan = plan_of(name)
    assert plan.evaluate.expect
    assert plan.stages[-1].stop


def test_what_is_written_trains(data, new):
    new("birds.toml", "--folder", "photos", "--backbone", "test_resnet", "--size", "32", "--epochs", "1")
    quick = ("model.pretrained=false", "data.num_workers=0", "run.device=cpu", "run.loggers=[]")
    assert [
        event for event in events(plan_of("birds.toml", *quick), data / "run") if type(event).__name__ == "Finished"
    ]


# what is refused


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("x.toml", 2, "nothing says where the data is | --folder DIR, --csv FILE or --pairs FILE"),
        ("x.txt --folder photos", 2, "`x.txt` is not the name of a spec | .toml or .specc"),
        ("no/x.toml --folder photos", 2, "there is no folder `no`"),
        ("x.toml --folder phots", 2, "there is no `phots` | did you mean `photos`?"),
        ("x.toml --folder birds.csv", 2, "`birds.csv` is no folder"),
        ("x.toml --csv photos", 2, "`photos` is a folder"),
        ("x.toml --folder photos --csv birds.csv", 2, "not allowed with argument"),
        ("x.toml --folder photos --image file", 2, "`--image` has no meaning with `--folder` | --label"),
        ("x.toml --pairs pairs.csv --backbone resnet18", 2, "`--backbone` has no meaning | --input, --output"),
        ("x.toml --folder empty", 1, "`empty` holds no image in a folder of its class"),
        ("x.toml --folder photos/crow", 1, "`photos/crow` holds no image in a folder of its class"),
        ("x.toml --folder one", 1, "`one` has one class only, `only`"),
        ("x.toml --folder singles", 1, "class `a` has 1 image, too few"),
        ("x.toml --csv birds.csv --label specie", 2, "has no column `specie` | did you mean `species`?"),
        ("x.toml --csv birds.csv --label note", 1, "class `note 0` has 1 image, too few"),
        ("x.toml --csv pairs.csv", 2, "no column of `pairs.csv` could be the image | --image COLUMN: word, ipa"),
        ("x.toml --pairs birds.csv", 2, "several columns of `birds.csv` could be the input | file, species, note"),
        ("x.toml --csv semicolons.csv", 1, "separates its columns by semicolons"),
        ("x.toml --csv bare.csv", 1, "`bare.csv` has no rows"),
        ("x.toml --pairs few.csv", 1, "`few.csv` has too few pairs"),
        ("x.toml --folder photos --backbone resnet81", 1, "timm has no model `resnet81` | did you mean"),
        ("x.toml --folder photos --backbone swin", 1, "the nearest are swin_base_patch4_window12_384, swin_"),
        ("x.toml --folder photos --backbone dinov2", 1, "the nearest are vit_base_patch14_dinov2, vit_"),
        ("x.toml --folder photos --backbone bert", 1, "the nearest are gernet_s, gernet_m, gernet_l"),
        ("x.toml --folder photos --backbone vit_tiny_patch16_224 --size 96", 2, "takes images of 224 pixels only"),
        ("x.toml --folder photos --epochs 0", 2, "`0` is not a whole number from 1"),
        ("x.toml --folder photos --name a+b", 2, "`a+b` cannot be the name | --name a_b"),
    ],
)
def test_what_cannot_be_used(data, new, arguments, code, words):
    Path("empty").mkdir()
    write_images(Path("one"), {"only": 3})
    write_images(Path("singles"), {"a": 1, "b": 1})
    Path("semicolons.csv").write_text("file;species\na.png;crow\n", "utf-8")
    Path("bare.csv").write_text("file,species\n", "utf-8")
    Path("few.csv").write_text("word,ipa\na,b\n", "utf-8")
    found, said = new(*arguments.split())
    assert (found, [part for part in words.split(" | ") if part not in said]) == (code, [])
    assert not Path("x.toml").exists()


def test_a_file_is_kept_unless_it_is_forced(data, new):
    Path("x.toml").write_text("mine", "utf-8")
    code, said = new("x.toml", "--folder", "photos")
    assert (code, "--force" in said, written("x.toml")) == (2, True, "mine")
    assert new("x.toml", "--folder", "photos", "--force")[0] == 0
    assert written("x.toml") != "mine"


# what is asked


class Terminal:
    """`specc new` on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        pty = pytest.importorskip("pty")
        self.master, terminal = pty.openpty()
        command = [sys.executable, "-m", "specc", "new", *arguments]
        self.process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        self.said = ""

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type."""
        deadline = time.monotonic() + 30
        while question not in self.said:
            assert time.monotonic() < deadline, self.said
            self.said += os.read(self.master, 4096).decode()
        self.said = ""
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Return the exit code."""
        code = self.process.wait(30)
        os.close(self.master)
        return code


def test_a_person_is_asked(data):
    terminal = Terminal("x.toml")
    terminal.answer("Folder of images, or CSV file: ", "bird.csv\n")
    terminal.answer("did you mean `birds.csv`?", "birds.csv\n")
    terminal.answer("Column of the image [file]: ", "\n")
    terminal.answer("Column of the label [species]: ", "specis\n")
    terminal.answer("did you mean `species`?", "species\n")
    terminal.answer("Backbone, a model of timm [mobilenetv2_100]: ", "resnet18\n")
    terminal.answer("Epochs [20]: ", "3\n")
    assert terminal.end() == 0
    plan = plan_of("x.toml")
    assert (plan.model.backbone, plan.stages[1].epochs, plan.data.labels[0].name) == ("resnet18", 3, "species")


def test_only_what_is_not_clear_is_asked_where_the_data_is_named(data):
    terminal = Terminal("x.toml", "--pairs", "birds.csv")
    terminal.answer("Column of the input [file]: ", "species\n")
    terminal.answer("Column of the output [file]: ", "note\n")
    assert terminal.end() == 1  # four species are too few texts
    terminal = Terminal("x.toml", "--csv", "birds.csv")
    assert terminal.end() == 0


@pytest.mark.parametrize("way", ["end of file", "interrupt"])
def test_nothing_is_written_when_a_person_breaks_off(data, way):
    terminal = Terminal("x.toml")
    terminal.answer("Folder of images, or CSV file: ", "\x04" if way == "end of file" else "")
    if way == "interrupt":
        terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert not Path("x.toml").exists()


WITHOUT_TORCH = """
import sys
from specc.cli.main import main
code = main(sys.argv[1:])
sys.exit("torch is loaded" if "torch" in sys.modules else code)
"""


def test_nothing_waits_in_a_pipe_and_torch_stays_out(data):
    for arguments, code in ((("--folder", "photos"), 0), ((), 2)):
        words = [sys.executable, "-c", WITHOUT_TORCH, "new", f"x{code}.toml", *arguments]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.wait(30) == code
        process.communicate()
