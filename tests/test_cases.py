"""Runs tests/cases/*.md: specs in prose, and what specc says to them.

A ```toml or ```specc block is a spec, called case.toml or case.specc; flags may stand behind that word, or the name of
another file to write. The shipped specs lie beside it, so most cases extend one and say only what they change. A
```diagnostics block holds the concise rendering of all that is said to the last spec, and of its images, which are
opened. The lines of a ```plan block must hold in its plan. Any other block is a file of the name behind its kind; a
```hex block holds bytes.

`pytest tests/test_cases.py --update-cases` rewrites the diagnostics; plan lines are written by hand.
"""

import ast
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from specc.compiler.pipeline import compile_checked, compile_spec
from specc.compiler.validate import validate
from specc.diagnostics.explanations import codes
from specc.diagnostics.model import Diagnostic, SpecError
from specc.diagnostics.render import concise
from specc.errors import SpeccError
from specc.paths import KeyPath, value_at
from specc.plan.model import Plan

ROOT = Path(__file__).parents[1]
CASES = sorted((ROOT / "tests" / "cases").glob("*.md"))
BLOCK = re.compile(r"^```(?P<kind>\w+)(?P<info>.*)\n(?P<body>(?:(?!```).*\n)*)```$", re.MULTILINE)

ALSO = ("frontend/test_toml.py", "compiler/test_weights.py")
"""Where codes are shown that need more than a few lines of text."""


class Case:
    """The spec that was written last, and the flags that it is read with."""

    path = Path("case.toml")

    def write(self, kind: str, info: str, body: str) -> None:
        words = shlex.split(info)
        if len(words) != 1:
            self.path = Path(f"case.{kind}")
        put(Path(words[0]) if len(words) == 1 else self.path, body.encode())
        pairs = list(zip(words[::2], words[1::2], strict=False))
        self.layers = tuple(tuple(value for flag, value in pairs if flag == name) for name in ("--profile", "--set"))

    def diagnostics(self) -> str:
        try:
            context, problems = validate(self.path, *self.layers)
            if context and not problems.errors:
                context.watch = lambda images, _: images
                compile_checked(context)
        except SpecError as error:
            return shown(error.diagnostics)
        except SpeccError as error:
            return f"error: {error.message}" + (f" ({error.help})\n" if error.help else "\n")
        return shown(problems.sorted())

    def plan(self) -> Plan:
        return compile_spec(self.path, *self.layers)[0]


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def shown(diagnostics: list[Diagnostic]) -> str:
    return concise(diagnostics) + "\n" * bool(diagnostics)


def check_plan(plan: Plan, lines: str) -> None:
    tree = plan.model_dump(mode="json")
    for line in lines.splitlines():
        path, value = line.split(" = ", 1)
        found = KeyPath.parse(path).resolve(tree)
        assert (value_at(tree, found) if found else None) == json.loads(value), line


def rerun(text: str) -> str:
    """Return the text with every diagnostics block as it is now; every plan block must hold."""
    case = Case()

    def block(match: re.Match[str]) -> str:
        kind, info, body = match.group("kind", "info", "body")
        if kind == "diagnostics":
            return f"```diagnostics\n{case.diagnostics()}```"
        if kind == "plan":
            check_plan(case.plan(), body)
        elif kind in ("toml", "specc"):
            case.write(kind, info, body)
        else:
            put(Path(info.strip()), bytes.fromhex(body) if kind == "hex" else body.encode())
        return match.group()

    return BLOCK.sub(block, text)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_cases(path, tmp_path, monkeypatch, request):
    for spec in (ROOT / "specs").glob("*.toml"):
        shutil.copy(spec, tmp_path)
    monkeypatch.chdir(tmp_path)
    text = path.read_text(encoding="utf-8")
    now = rerun(text)
    if request.config.getoption("--update-cases"):
        path.write_text(now, encoding="utf-8")
    else:
        assert now == text


def test_every_code_is_shown():
    shown = "".join(
        path.read_text(encoding="utf-8") for path in [*CASES, *(ROOT / "tests/unit" / path for path in ALSO)]
    )
    assert {code for code in codes() if not re.search(rf"[\[\"]{code}[\]\"]", shown)} == set()


def codes_in(path: Path) -> Iterator[str]:
    """Yield the codes that diagnostics are made with."""
    makers = {"Diagnostic", "DataProblem", "Problem", "_simple", "error", "warn", "report_bad", "_problem"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = node.args[:1] if name in makers else [k.value for k in node.keywords if k.arg == "code"]
            yield from (value.value for value in given if isinstance(value, ast.Constant))


def test_every_code_that_is_used_has_a_meaning():
    sources = [path for room in ("compiler", "data", "frontend") for path in (ROOT / "specc" / room).rglob("*.py")]
    used = {code for path in sources for code in codes_in(path)}
    assert set() < used <= set(codes())
