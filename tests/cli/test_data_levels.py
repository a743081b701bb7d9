"""How far `specc validate` looks at the data."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.process import specc

SPEC = """
specc = 1
name = "levels"
model = { backbone = "test_resnet", heads = { kind = {} } }
stages = [{ name = "only", epochs = 1, lr = 1e-3, loss = "cross_entropy(kind)" }]
data = { source = "csv", train = "train.csv", image = "path", labels = { kind = {} } }
"""


@pytest.fixture
def here(tmp_path) -> Path:
    """A spec, its manifest, an image and a text that is called one."""
    (tmp_path / "levels.toml").write_text(SPEC)
    (tmp_path / "train.csv").write_text("path,kind\n1.png,oak\n2.png,ash\n")
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    (tmp_path / "2.png").write_text("no image")
    return tmp_path


@pytest.mark.parametrize("words", [[], ["--data", "manifest"]])
def test_images_are_not_opened_unasked(here, words):
    result = specc("validate", "levels.toml", *words, cwd=here)
    assert (result.returncode, result.stdout, result.stderr) == (0, "levels.toml: fine\n", "")


def test_full_opens_every_image_and_says_so(here):
    result = specc("validate", "levels.toml", "--data", "full", "--format", "concise", cwd=here)
    assert (result.returncode, result.stderr) == (1, "opening 2 images\n")
    assert "error[unreadable-image]: 1 of 2 images cannot be read: `2.png`" in result.stdout


def test_nothing_is_remembered_of_images_that_were_opened(here):
    (here / "2.png").unlink()
    Image.new("RGB", (5, 5)).save(here / "2.png")
    home = {"XDG_CACHE_HOME": str(here / "cache")}
    for _ in range(2):
        result = specc("validate", "levels.toml", "--data", "full", cwd=here, **home)
        assert (result.stdout, result.stderr) == ("levels.toml: fine\n", "opening 2 images\n")


@pytest.mark.parametrize("words", [["--data", "none"], ["--no-data"]])
def test_none_does_not_look_at_all(here, words):
    (here / "train.csv").write_text("no table\n")
    result = specc("validate", "levels.toml", *words, cwd=here)
    assert (result.returncode, result.stdout) == (0, "levels.toml: fine\n")
    assert specc("validate", "levels.toml", cwd=here).returncode == 1


def test_images_that_are_nowhere_are_remarked(here):
    for name in ("1.png", "2.png"):
        (here / name).unlink()
    result = specc("validate", "levels.toml", "--strict", cwd=here)
    assert result.returncode == 0
    assert result.stdout == "levels.toml: fine (without its images: none of 2 is here, such as `1.png`)\n"


def test_an_image_that_went_away_is_noticed(here):
    assert specc("validate", "levels.toml", cwd=here).returncode == 0
    (here / "1.png").unlink()
    result = specc("validate", "levels.toml", cwd=here)
    assert result.returncode == 1
    assert "1 of 2 images is missing: `1.png`" in result.stdout


LOADED = "import sys; from specc.cli.main import main; main(sys.argv[1:]); print({'numpy', 'PIL'} & sys.modules.keys())"


@pytest.mark.parametrize(("level", "loaded"), [("none", "set()"), ("manifest", "{'numpy'}")])
def test_only_what_is_looked_at_is_loaded(here, level, loaded):
    command = [sys.executable, "-c", LOADED, "validate", "--data", level, "levels.toml"]
    result = subprocess.run(command, cwd=here, capture_output=True, text=True, check=True)
    assert result.stdout == f"levels.toml: fine\n{loaded}\n"
