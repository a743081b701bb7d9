"""Imports go one way, and torch stays where it is needed (docs/architecture.md draws the rooms)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = (
    {"cache", "errors", "memory", "paths", "source", "version"},
    {"diagnostics"},
    {"spec", "plan"},
    {"frontend", "data", "diff", "checkpoint"},
    {"compiler"},
    {"runtime"},
    {"report", "export"},
    {"cli"},
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
HEAVY = {"torch", "timm", "torchvision"}
LIGHT_RUNTIME = {
    f"specc.runtime.{name}" for name in ("folder", "words", "events", "monitor", "schedule", "record", "tail")
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted((ROOT / "specc").rglob("*.py"))}


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0, module=str(module)):
                names = [f"{module}.{alias.name}" for alias in node.names]
                yield from (name if name in MODULES else module for name in names)


def all_imports(module: str) -> set[str]:
    return set(imported(ast.walk(MODULES[module])))


def top_level_imports(module: str) -> set[str]:
    return set(imported(iter(MODULES[module].body)))


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def may_import(importer: str, target: str) -> bool:
    low, high = LEVEL[target], LEVEL[importer]
    return low < high or importer == target or low == high == 0


INSIDE = [module for module in MODULES if room(module) in LEVEL]


def test_every_room_has_its_place():
    assert {room(module) for module in MODULES} - {"", "__main__"} <= LEVEL.keys()


@pytest.mark.parametrize("module", INSIDE)
def test_imports_go_one_way(module):
    targets = {name for name in all_imports(module) if room(name) in LEVEL and name in MODULES}
    assert {name for name in targets if not may_import(room(module), room(name))} == set()


@pytest.mark.parametrize("module", [module for module in INSIDE if room(module) == "runtime"])
def test_the_plan_is_the_runtimes_whole_world(module):
    assert {room(name) for name in all_imports(module)}.isdisjoint({"spec", "frontend", "compiler"})


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) not in ("runtime", "report", "export")])
def test_torch_is_imported_by_what_trains_only(module):
    assert {name.split(".")[0] for name in all_imports(module)}.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", sorted(LIGHT_RUNTIME))
def test_what_the_command_line_reads_of_a_run_needs_no_torch(module):
    names = top_level_imports(module)
    assert {name.split(".")[0] for name in names}.isdisjoint(HEAVY)
    assert {name for name in names if room(name) == "runtime"} <= LIGHT_RUNTIME


def test_no_import_cycle():
    graph = {module: all_imports(module) & MODULES.keys() - {module} for module in MODULES}
    TopologicalSorter(graph).prepare()


SCRIPT = """
import sys
from specc.cli.main import main
unwanted, *words = sys.argv[1:]
code = main(words)
found = set(unwanted.split()) & sys.modules.keys()
sys.exit(f"imported: {sorted(found)}" if found else code)
"""
TRAINING = "torch timm torchvision sklearn"
READING = f"{TRAINING} numpy PIL matplotlib rich specc.plan.model specc.compiler.pipeline"


def run(unwanted: str, *words: str) -> tuple[int, str]:
    """Run a command in a process; it fails when it loads one of the unwanted modules."""
    command = [sys.executable, "-c", SCRIPT, unwanted, *words]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "specs/quickstart.toml"),
        ("plan", "specs/quickstart.toml"),
        ("compile", "specs/quickstart.toml"),
        ("diff", "specs/quickstart.toml", "specs/quickstart.toml"),
        ("explain", "specs/quickstart.toml", "stages.polish.lr"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_that_does_not_train_loads_no_torch(arguments):
    assert run(TRAINING, *arguments) == (0, "")


def test_a_spec_is_checked_without_what_reads_data(tmp_path):
    assert run(READING, "validate", "specs/quickstart.toml", "--no-data") == (0, "")
    assert run(READING, "validate", "specs/teacher_global.toml", "--root", str(tmp_path)) == (0, "")
