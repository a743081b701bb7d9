"""The documents hold: their specs are valid, their commands and programs run, their links lead somewhere.

A fenced block says by its info string what is done with it, in the order of the page:

- ```toml: a whole spec (it has `specc = 1`) is validated; the name of a file behind `toml` is where it is written.
  Blocks marked `step` are parts of one spec, which is put together and validated.
- ```bash: every line that begins with `specc` is run, and must end with 0. ```bash no-run is only parsed: it would take
  minutes, fetch weights from a network, need a shell's loop, or another program.
- ```python is run, after the commands above it.

README.md runs its quickstart, which takes most of a minute, so its bash blocks are only parsed.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from specc.cli.main import COMMANDS, _parse, main
from specc.compiler.pipeline import compile_spec

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *([ROOT / "README.md"] if (ROOT / "README.md").exists() else [])]
BLOCK = re.compile(r"^```(?P<kind>\w+)[ ]?(?P<info>.*)\n(?P<body>(?:(?!```).*\n)*)```$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

WRITTEN = ("language.md", "recipes.md", "checkpoints.md")
PAGES_THAT_RUN = ("recipes.md", "checkpoints.md")
"""Pages whose commands and programs are run; those of the others are only parsed."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    info: str
    body: str
    line: int


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(match["kind"], match["info"].strip(), match["body"], line)


def commands(body: str) -> Iterator[list[str]]:
    """Yield the arguments of every `specc` in a block of shell lines."""
    for line in body.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            if words[:1] == ["specc"]:
                yield words[1:]


def is_whole(block: Block) -> bool:
    return block.kind == "toml" and "specc = 1" in block.body.splitlines()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder that has the repository's specs and plans, and the pictures that the recipes speak of."""
    for name in ("specs", "generated"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("specc.runtime.loop.available_threads", lambda: 1)
    make_pictures(tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


def make_pictures(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (30, 48, 40, 3), np.uint8)
    kinds = ("cat", "dog", "owl")
    for index, image in enumerate(pixels):
        for place in (folder / "photos" / kinds[index % 3], folder / "birds"):
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{index:03}.jpg")
    rows = [(f"{i:03}.jpg", kinds[i % 3], "sea" if i % 2 else "", "val" if i % 5 == 0 else "train") for i in range(30)]
    for name, chosen in (("all", rows), ("train", rows[:20]), ("val", rows[20:])):
        lines = ["path,species,place,part", *(",".join(row) for row in chosen)]
        (folder / "birds" / f"{name}.csv").write_text("\n".join(lines) + "\n")


def spec_paths(block: Block, folder: Path) -> Path:
    path = folder / (block.info if block.info.endswith(".toml") else "block.toml")
    path.write_text(block.body, encoding="utf-8")
    return path


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_links_lead_to_files(page):
    text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        found = page if not target else page.parent / target
        assert found.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(found), f"{page.name}: {link}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_specs_are_valid(page, here, capsys):
    steps = "".join(block.body for block in blocks(page) if block.info == "step")
    found = [spec_paths(block, here) for block in blocks(page) if is_whole(block) and block.info != "step"]
    if steps:
        (here / "steps.toml").write_text(steps, encoding="utf-8")
        found.append(here / "steps.toml")
    for path in found:
        code = main(["validate", str(path), "--strict"])
        assert code == 0, f"{page.name}: {path.name}: {''.join(capsys.readouterr())}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_are_commands(page, capsys):
    for block in blocks(page):
        for words in commands(block.body) if block.kind == "bash" else ():
            _, parsed = _parse(words)
            assert parsed.command in COMMANDS, f"{page.name}:{block.line}"


@pytest.mark.parametrize("name", PAGES_THAT_RUN)
def test_page_runs(name, here, capsys):
    page = ROOT / "docs" / name
    if name != "recipes.md":
        run_first_recipe(capsys)
    for block in blocks(page):
        if is_whole(block):
            spec_paths(block, here)
        elif block.kind == "bash" and block.info != "no-run":
            run_commands(f"{name}:{block.line}", block.body, capsys)
        elif block.kind == "python":
            exec(compile(block.body, f"{name}:{block.line}", "exec"), {"__name__": "__main__"})  # noqa: S102


def run_first_recipe(capsys) -> None:
    """Do the run that the programs of a page read."""
    first = next(block for block in blocks(ROOT / "docs" / "recipes.md") if is_whole(block))
    Path(first.info).write_text(first.body, encoding="utf-8")
    assert main(["run", first.info]) == 0, capsys.readouterr().err


def run_commands(place: str, body: str, capsys) -> None:
    for words in commands(body):
        code = main(words)
        out, err = capsys.readouterr()
        assert code == 0, f"{place}: {shlex.join(words)}\n{out}{err}"


def test_what_the_recipes_say_of_a_change(here, capsys):
    for block in blocks(ROOT / "docs" / "recipes.md"):
        if is_whole(block):
            spec_paths(block, here)
    shown = next(block.body for block in blocks(ROOT / "docs" / "recipes.md") if block.kind == "text")
    assert main(["diff", "digits.toml", "digits_longer.toml"]) == 0
    assert capsys.readouterr().out == shown


def test_python_of_other_pages_compiles():
    for page in PAGES:
        for block in blocks(page):
            if block.kind == "python":
                compile(block.body, f"{page.name}:{block.line}", "exec")


def test_pages_are_wrapped():
    for page in (ROOT / "docs" / name for name in WRITTEN):
        text = re.sub(BLOCK, "", page.read_text(encoding="utf-8"))
        long = [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")]
        assert not long, f"{page.name}: {long[0]}"


def test_the_shown_plan_is_the_quickstarts(monkeypatch):
    monkeypatch.chdir(ROOT)
    digest = compile_spec(Path("specs/quickstart.toml"))[0].digest
    assert f"plan {digest[:12]}" in (ROOT / "README.md").read_text()
    assert digest in (ROOT / "docs" / "checkpoints.md").read_text()


def test_the_shown_diagnostic_is_what_is_said(here, capsys):
    """The README's example of a typo, word for word."""
    spec = here / "specs" / "quickstart.toml"
    spec.write_text(spec.read_text().replace('train = "heads.digit"', 'train = "heads.digits"'))
    main(["validate", "specs/quickstart.toml"])
    said = capsys.readouterr().out
    shown = next(block.body for block in blocks(ROOT / "README.md") if "error[selects-nothing]" in block.body)
    assert [line.split() for line in shown.splitlines()] == [line.split() for line in said.splitlines()[:7]]
