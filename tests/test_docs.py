"""The documents hold: their specs are valid, their commands and programs run, their links lead somewhere.

A fenced block says by its info string what is done with it, in the order of the page:

- ```toml and ```specc are parsed, and a whole spec (it has `specc = 1`, or `specc 1`) is validated; the name of a file
  behind the kind is where it is written. Two in both notations that stand one below the other give one tree, and whole
  ones are each what `specc fmt` makes of the other. Blocks marked `step` are parts of one spec, which is put together
  and validated.
- ```bash: every line that begins with `specc` is run, and must end with 0; `> FILE` behind it writes what it prints.
  ```bash no-run is only parsed: it would take minutes, fetch weights from a network, need a shell's loop, or another
  program.
- ```python is run, after the commands above it.

In a table with the head `| .specc | TOML |`, both cells of a row give one tree. README.md runs its quickstart, which
takes most of a minute, so its bash blocks are only parsed.
"""

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from specc.cli.main import COMMANDS, _parse, main
from specc.compiler.pipeline import PASSES, compile_spec
from specc.data import limits
from specc.diagnostics.model import Diagnostics, SpecError
from specc.frontend import dsl, expressions, faults, forms, load, reading, toml
from specc.frontend.formatter import format_source
from specc.source import Document, Source

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*DOCS, *([ROOT / "README.md"] if (ROOT / "README.md").exists() else [])]
BLOCK = re.compile(r"^```(?P<kind>\w+)[ ]?(?P<info>.*)\n(?P<body>(?:(?!```).*\n)*)```$", re.MULTILINE)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PAIRS = re.compile(r"^\| \.specc \| TOML \|\n\| --- \| --- \|\n(?P<rows>(?:\|.*\n)+)", re.MULTILINE)
PAIR = re.compile(r"\| `(?P<specc>[^`]+)` \| `(?P<toml>[^`]+)` \|")
PARSERS = {"toml": toml.parse, "specc": dsl.parse}
NOTATIONS = tuple(PARSERS)

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

    @property
    def last(self) -> int:
        """Line of the closing fence."""
        return self.line + self.body.count("\n") + 1


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(match["kind"], match["info"].strip(), match["body"], line)


def twins(path: Path) -> Iterator[tuple[Block, Block]]:
    """Yield specs in both notations with a line of text between them at most."""
    for first, second in pairwise(blocks(path)):
        if {first.kind, second.kind} == set(NOTATIONS) and second.line - first.last <= 4:
            yield first, second


def tree(text: str, notation: str) -> dict[str, Any]:
    """Return the tree of a text; an expression may be spaced in any way."""
    problems = Diagnostics()
    document: Document | None = PARSERS[notation](Source(f"example.{notation}", text), problems)
    if document is None:
        raise SpecError(problems.sorted())
    return document.tree


def commands(body: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the arguments of every `specc` in a block of shell lines, and what follows a `>`."""
    for line in body.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            words = shlex.split(part, comments=True)
            end = words.index(">") if ">" in words else len(words)
            if words[:1] == ["specc"]:
                yield words[1:end], words[end + 1 :]


def is_whole(block: Block) -> bool:
    return block.kind in NOTATIONS and bool({"specc = 1", "specc 1"} & set(block.body.splitlines()))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder that has the repository's specs and plans, and the pictures that the recipes speak of."""
    for name in ("specs", "generated"):
        shutil.copytree(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("specc.runtime.begin.available_threads", lambda: 1)
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
    places = ("sea", "land", "", "land")
    rows = [(f"{i:03}.jpg", kinds[i % 3], places[i % 4], "val" if i % 5 == 0 else "train") for i in range(30)]
    for name, chosen in (("all", rows), ("train", rows[:20]), ("val", rows[20:])):
        lines = ["path,species,place,part", *(",".join(row) for row in chosen)]
        (folder / "birds" / f"{name}.csv").write_text("\n".join(lines) + "\n")


def spec_paths(block: Block, folder: Path) -> Path:
    path = folder / (block.info if block.info.endswith(NOTATIONS) else f"block{block.line}.{block.kind}")
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
def test_parts_of_specs_are_specs(page):
    for block in blocks(page):
        if block.kind in NOTATIONS:
            tree(block.body, block.kind)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_both_notations_of_a_spec_say_the_same(page):
    for first, second in twins(page):
        assert tree(first.body, first.kind) == tree(second.body, second.kind), f"{page.name}:{first.line}"
        for block, other in ((first, second), (second, first)) if is_whole(first) else ():
            made = format_source(Source(page.name, block.body), f".{block.kind}", f".{other.kind}")
            assert made == other.body, f"{page.name}:{block.line}"


def test_the_table_of_short_forms_is_exact_and_has_them_all():
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    rows = PAIRS.search(page)["rows"].splitlines()
    pairs = [PAIR.fullmatch(row) for row in rows]
    for row, pair in zip(rows, pairs, strict=True):
        assert pair, row
        assert tree(pair["specc"], "specc") == tree(pair["toml"], "toml"), row
    words = {word for pair in pairs for word in pair["specc"].split()}
    options = " ".join([*forms.LABEL_OPTIONS, *forms.HEAD_OPTIONS])
    assert words >= {word for _, word in forms.FORMS} | {*options.split()}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_commands_are_commands(page, capsys):
    for block in blocks(page):
        for words, _ in commands(block.body) if block.kind == "bash" else ():
            assert words[0] in COMMANDS, f"{page.name}:{block.line}"
            _parse(words)


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
    for words, files in commands(body):
        code = main(words)
        out, err = capsys.readouterr()
        assert code == 0, f"{place}: {shlex.join(words)}\n{out}{err}"
        for file in files:
            Path(file).write_text(out, encoding="utf-8")


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


def test_the_readme_has_every_command():
    found = re.findall(r"^\| `specc ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(found) == COMMANDS.keys()


def test_the_architecture_has_every_pass_in_order():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| pass | what it writes |\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [each.__name__ for each in PASSES]


def test_the_architecture_names_files_that_are_there():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w/]+(?:\.py|/))`", page):
        assert list(ROOT.glob(f"specc/**/{name}")) or (ROOT / name).exists(), name


def test_the_limits_are_those_of_the_code():
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    bounds = page.partition("| bounded | at most |\n")[2].partition("\n\n")[0]
    numbers = [int(re.search(r"[0-9,]+", row.split("|")[2])[0].replace(",", "")) for row in bounds.splitlines()[1:]]
    assert numbers == [
        reading.MAX_BYTES >> 20,
        faults.MAX_DEPTH,
        faults.MAX_KEYS,
        faults.MAX_PATHS,
        load._MAX_CHAIN,
        expressions.MAX_LENGTH,
        expressions.MAX_NESTING,
        limits.MAX_PIXELS // 10**6,
    ]


def test_the_limits_of_an_image_are_those_of_the_code():
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    told = page.partition("What an image may ask of its decoder")[2].partition("\n\n")[0].replace("\n", " ")
    assert re.findall(r"[0-9][0-9,]*(?: Mi?B)?", told) == [
        f"{limits.MAX_BYTES // 10**6} MB",
        f"{limits.MAX_MEMORY >> 20} MiB",
        f"{limits.MAX_SCANS}",
        f"{limits.MAX_HEAD >> 20} MiB",
        f"{limits.MAX_NUMBERS:,}",
        f"{limits.MAX_EXIF >> 20} MiB",
        f"{limits.MAX_READS:,}",
    ]


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
