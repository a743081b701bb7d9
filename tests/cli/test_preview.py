"""`specc preview` as a person gives it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from specc.cli.main import main
from tests.cli.process import specc

SPEC = """
specc = 1
name = "small"
data.source = "builtin"
data.dataset = "digits"
data.limit = 60
data.labels.digit = {}
data.split = "random(val = 20%)"
augment.train = ["resize(24)", "rotate(20)", "shadow()", "normalize(imagenet)"]
augment.eval = ["resize(24)", "normalize(imagenet)"]
model.backbone = "test_resnet"
model.heads.digit = {}
defaults = { batch_size = 12, train = "all", lr = 1e-3, loss = "cross_entropy(digit)" }

[[stages]]
name = "head"
epochs = 2

[[stages]]
name = "mixing"
epochs = 2
mix = "mixup(0.4)"
augment = ["resize(24)", "randaugment(2, 9, out_of = 10)", "normalize(imagenet)"]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "small.toml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def size(path: Path | str) -> tuple[int, int]:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return image.size


def test_it_writes_a_sheet_and_says_where(folder):
    result = specc("preview", "small.toml", "-o", "sheet.png", cwd=folder)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "sheet.png: small, head, mixing\n"
    assert min(size(folder / "sheet.png")) > 500


def test_the_same_spec_gives_the_same_bytes(folder):
    for name in ("a.png", "b.png"):
        assert main(["preview", "small.toml", "-o", name, "--samples", "2"]) == 0
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()


def test_a_stage_alone_is_narrower_and_fewer_samples_are_lower(folder):
    for name, more in (("all", []), ("one", ["--stage", "head"]), ("few", ["--samples", "2"])):
        assert main(["preview", "small.toml", "-o", f"{name}.png", *more]) == 0
    assert size("one.png")[0] < size("all.png")[0]
    assert size("few.png")[0] == size("all.png")[0]
    assert size("few.png")[1] < size("all.png")[1]


def test_a_seed_chooses_other_samples(folder):
    for seed in ("1", "2"):
        assert main(["preview", "small.toml", "-o", f"{seed}.png", "--seed", seed, "--samples", "2"]) == 0
    first, second = (np.asarray(Image.open(f"{seed}.png").convert("L")).astype(int) for seed in ("1", "2"))
    assert first.shape != second.shape or np.abs(first - second).mean() > 1


def test_the_sheet_is_called_preview_where_it_is_not_named(folder):
    assert main(["preview", "small.toml", "--samples", "1", "--set", "stages.head.epochs=1"]) == 0
    assert (folder / "preview.png").is_file()


@pytest.mark.parametrize("source", ["folder", "csv"])
def test_the_paths_of_the_data_start_in_the_root_and_that_of_the_sheet_does_not(folder, source):
    rows = [("path", "kind")]
    for kind in ("oak", "elm"):
        for number in range(4):
            path = folder / "data" / "photos" / kind / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (30, 20 + number), "olive").save(path)
            rows.append((f"photos/{kind}/{number}.jpg", kind))
    with (folder / "data" / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    where = {
        "folder": ['data.root = "photos"', "data.labels.digit = { folder = true }"],
        "csv": ['data.path = "rows.csv"', 'data.image = "path"', 'data.labels.digit = { column = "kind" }'],
    }
    lines = [line for line in SPEC.splitlines() if not line.startswith(("data.source", "data.dataset", "data.labels"))]
    (folder / "photos.toml").write_text(
        "\n".join([*lines[:3], f'data.source = "{source}"', *where[source], *lines[3:]])
    )
    assert main(["preview", "photos.toml", "--root", "data", "-o", "photos.png", "--samples", "2"]) == 0
    assert (folder / "photos.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--stage", "mixin"], 2, "there is no stage `mixin`\n help: did you mean `mixing`?"),
        (["--samples", "0"], 2, "`--samples 0`: a sheet has 1 to 100 rows"),
        (["-o", "sheet.jpg"], 2, "`sheet.jpg` cannot be written\n help: name a file that ends in .png"),
        (["--set", 'data.source="folder"', "--set", 'data.root="none"'], 1, "error"),
        (["--set", 'augment.views="simclr(24)"'], 1, "only lists of transforms can"),
    ],
)
def test_what_cannot_be_drawn_is_said(folder, capsys, arguments, code, said):
    assert main(["preview", "small.toml", *arguments]) == code
    assert said in capsys.readouterr().err
    assert not list(folder.glob("*.png"))


def test_data_that_is_missing_names_the_profile_that_needs_none(folder, root, capsys):
    assert main(["preview", str(root / "specs" / "teacher_global.toml")]) == 1
    said = capsys.readouterr().err
    assert "there is no file `data/dataset_train.jsonl`" in said
    assert "--profile demo" in said
