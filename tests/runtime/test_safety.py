"""Nothing of specc unpickles, evaluates text, or talks to anybody."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import specc
from tests.runtime.helpers import SPEC

SOURCES = sorted(Path(specc.__file__).parent.rglob("*.py"))

FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "torch.load",
    "torch.save",
    "np.load",
    "np.save",
    "numpy.load",
    "yaml.load",
    "os.system",
    "os.popen",
    *(f"dist.{kind}_object" for kind in ("gather", "all_gather")),
    *(f"dist.{kind}_object_list" for kind in ("broadcast", "scatter", "send", "recv")),
}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "socket"}


def dotted(node: ast.expr) -> str:
    """Return the dotted name that an expression is, or nothing."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{dotted(value)}.{name}"
    return ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(SOURCES[0].parent).as_posix())
def test_no_source_unpickles_or_evaluates(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=function, keywords=keywords):
                assert dotted(function) not in FORBIDDEN_CALLS, node.lineno
                assert "shell" not in {keyword.arg for keyword in keywords}, node.lineno
                assert "allow_pickle" not in {keyword.arg for keyword in keywords}, node.lineno
            case ast.Import(names=names):
                assert FORBIDDEN_MODULES.isdisjoint(name.name.split(".")[0] for name in names), node.lineno
            case ast.ImportFrom(module=module):
                assert (module or "").split(".")[0] not in FORBIDDEN_MODULES, node.lineno


WATCHED = """
import sys

WATCHED = ("pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen",
           "socket.connect", "socket.bind", "socket.sendto", "urllib.Request")
seen = []
from specc.cli.main import main
import torch, timm, torchvision  # which ask the linker where its libraries are
sys.addaudithook(lambda event, arguments: seen.append((event, str(arguments)[:200])) if event in WATCHED else None)
code = main(["run", sys.argv[1], "--set", "run.out=" + sys.argv[2], *sys.argv[3:]])
print(code, seen)
"""


def test_a_run_raises_no_event_of_unpickling_processes_or_connections(tmp_path):
    spec = SPEC.replace("loggers = []", 'loggers = ["tensorboard"]')
    assert watched(tmp_path, spec) == (0, [])


def test_two_processes_unpickle_nothing_of_each_other(tmp_path):
    code, seen = watched(tmp_path, SPEC, "--set", "run.devices=2", "--set", "stages.whole.grad_accum_steps=2")
    assert (code, [event for event, _ in seen]) == (0, ["subprocess.Popen"])


def watched(root: Path, spec: str, *words: str) -> tuple[int, list[tuple[str, str]]]:
    """Run a spec of half the samples, and return its exit code and what was noticed."""
    (root / "spec.toml").write_text(spec.replace("limit = 80", "limit = 40"))
    command = [sys.executable, "-c", WATCHED, str(root / "spec.toml"), str(root / "out"), *words]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    code, seen = ast.literal_eval(f"({result.stdout.splitlines()[-1].replace(' ', ', ', 1)})")
    return code, seen
