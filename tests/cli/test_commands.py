"""The real command in a real process."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from specc.compiler.schema import schema_text
from tests.cli.process import ROOT, specc

SPEC = "specs/quickstart.toml"
SHARED = ROOT.parent / "shared"
EXAMPLES = sorted((SHARED / "examples").glob("*.toml"))
MISTAKES = sorted(path for path in (SHARED / "mistakes").glob("*.toml") if not path.name.startswith("_"))


@pytest.fixture
def wrong(tmp_path) -> Path:
    """A spec with an error."""
    path = tmp_path / "wrong.toml"
    path.write_text(f'extends = "{ROOT / SPEC}"\nname = "x"\nstages.polish.train = "heads.digits"\n', encoding="utf-8")
    return path


@pytest.fixture
def doubtful(tmp_path) -> Path:
    """A spec with a warning."""
    path = tmp_path / "doubtful.toml"
    path.write_text(f'extends = "{ROOT / SPEC}"\nname = "x"\nstages.polish.lr = "cosine(0 -> 1)"\n', encoding="utf-8")
    return path


# validate


def test_validate_a_sound_spec():
    result = specc("validate", SPEC)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{SPEC}: fine\n", "")


def test_validate_a_wrong_spec(wrong):
    result = specc("validate", wrong)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("error[selects-nothing]: ")
    assert "help: did you mean `heads.digit`?" in result.stdout
    assert result.stdout.endswith(f"{wrong}: 1 error\n")


def test_validate_concise(wrong):
    result = specc("validate", wrong, "--format", "concise")
    assert result.returncode == 1
    assert re.fullmatch(rf"{re.escape(str(wrong))}:3:24: error\[selects-nothing\]: .*\n", result.stdout)


def test_validate_json(wrong):
    result = specc("validate", wrong, "--format", "json")
    (problem,) = json.loads(result.stdout)
    assert (result.returncode, problem["code"], problem["labels"][0]["line"]) == (1, "selects-nothing", 3)
    assert json.loads(specc("validate", SPEC, "--format", "json").stdout) == []


def test_validate_github(wrong):
    result = specc("validate", wrong, "--format", "github")
    assert result.returncode == 1
    assert result.stdout.startswith(f"::error file={wrong},line=3,endLine=3,col=24,")
    assert specc("validate", SPEC, "--format", "github").stdout == ""


def test_validate_sarif(wrong):
    result = specc("validate", wrong, "--format", "sarif")
    (problem,) = json.loads(result.stdout)["runs"][0]["results"]
    assert (result.returncode, problem["ruleId"], problem["level"]) == (1, "selects-nothing", "error")
    assert problem["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == wrong.as_uri()
    assert json.loads(specc("validate", SPEC, "--format", "sarif").stdout)["runs"][0]["results"] == []


def test_flags_and_profiles():
    assert specc("validate", SPEC, "--profile", "demo", "--set", "seed=1").returncode == 0
    assert specc("validate", SPEC, "--set", "seed=x").returncode == 1
    assert specc("validate", SPEC, "--profile", "nobody").returncode == 2
    assert specc("validate", SPEC, "--set", "seed").returncode == 2


def test_data_that_is_not_here_is_no_error_of_the_spec(tmp_path):
    missing = ("--set", "data.source=csv", "--set", f"data.path={tmp_path / 'x.csv'}", "--set", "data.image=path")
    result = specc("validate", SPEC, *missing)
    assert (result.returncode, "without its data" in result.stdout) == (0, True)
    assert specc("plan", SPEC, *missing).returncode == 1
    assert specc("plan", SPEC, *missing, "--no-data").returncode == 0


# plan, compile, diff, schema


def test_plan_prints_the_protocol():
    result = specc("plan", SPEC)
    assert result.returncode == 0
    assert all(name in result.stdout for name in ("warmup", "finetune", "polish", "total", "1,079 train"))
    assert "?" not in result.stdout
    assert "?" in specc("plan", SPEC, "--no-data").stdout


def test_plan_counts_as_people_do():
    result = specc("plan", SPEC, "--set", "stages.polish.epochs=5000", "--set", "stages.finetune.steps=50")
    assert re.search(r" total +5,003\.47 +170,118 ", result.stdout)
    assert "4 where count(digit) < 50: 1 class, 24 samples, " in result.stdout
    assert "expect  end: top1(digit) >= 97%\n" in result.stdout


def test_plan_of_a_wrong_spec(wrong):
    result = specc("plan", wrong)
    assert (result.returncode, result.stdout) == (1, "")
    assert "error[selects-nothing]" in result.stderr


def test_compile_writes_a_plan_and_checks_it(tmp_path):
    out = tmp_path / "plan.json"
    assert specc("compile", SPEC, "-o", out, "--check").returncode == 1
    assert specc("compile", SPEC, "-o", out).returncode == 0
    assert specc("compile", SPEC, "-o", out, "--check").returncode == 0
    assert specc("compile", SPEC).stdout == out.read_text("utf-8") == specc("plan", SPEC, "--json").stdout
    out.write_text(out.read_text("utf-8") + " ", encoding="utf-8")
    assert specc("compile", SPEC, "-o", out, "--check").returncode == 1


def test_compile_up_to_a_pass():
    assert json.loads(specc("compile", SPEC, "--dump-after", "lower").stdout)["data"]["samples"] is None
    assert specc("compile", SPEC, "--dump-after", "lowre").returncode == 2


@pytest.mark.parametrize("out", [".", "missing/plan.json", "/"])
def test_compile_where_nothing_can_be_written(tmp_path, out):
    assert specc("compile", SPEC, "-o", tmp_path / out).returncode != 0


def test_diff(wrong, doubtful, tmp_path):
    same = specc("diff", SPEC, SPEC, "--exit-code")
    assert (same.returncode, same.stdout) == (0, "no difference: the two specs are the same experiment\n")
    changed = specc("diff", SPEC, doubtful)
    assert changed.returncode == 0
    assert "trained again: polish" in changed.stdout
    assert "results that stand: warmup, finetune" in changed.stdout
    assert specc("diff", SPEC, doubtful, "--exit-code").returncode == 1
    record = json.loads(specc("diff", SPEC, doubtful, "--json").stdout)
    assert (record["retrained"], record["kept"]) == (["polish"], ["warmup", "finetune"])
    assert specc("diff", SPEC, wrong).returncode == 1


def test_diff_reads_both_specs_in_the_same_way(wrong):
    layers = ("--profile", "demo", "--set", "stages.polish.epochs=1", "--set", "seed=7")
    assert specc("diff", SPEC, "specs/quickstart.specc", *layers, "--exit-code").returncode == 0
    assert specc("diff", SPEC, "specs/quickstart.specc", "--profile", "nobody").returncode == 2
    result = specc("diff", wrong, SPEC, "--format", "concise")
    assert result.stderr.startswith(f"{wrong}:3:24: error[selects-nothing]: ")


def test_diff_with_a_plan(tmp_path):
    out = tmp_path / "plan.json"
    specc("compile", SPEC, "-o", out)
    assert specc("diff", out, SPEC, "--exit-code").returncode == 0
    assert "seed: 42 -> 7" in specc("diff", out, SPEC, "--set", "seed=7").stdout
    assert "both of these are plans" in specc("diff", out, out, "--set", "seed=7").stderr
    out.write_text(out.read_text("utf-8").replace('"seed": 42', '"seed": 43'), encoding="utf-8")
    result = specc("diff", out, SPEC)
    assert result.returncode == 1
    assert "was changed after it was compiled, or another version of specc wrote it" in result.stderr


def test_schema(tmp_path):
    assert specc("schema").stdout == schema_text("spec")
    assert specc("schema", "plan").stdout == schema_text("plan")
    assert specc("schema", "--write", tmp_path).returncode == 0
    assert (tmp_path / "spec.schema.json").read_text("utf-8") == schema_text("spec")


# wrong usage, strange files, pipes and colours


@pytest.mark.parametrize(
    "arguments",
    [(), ("validat",), ("validate",), ("validate", SPEC, "--nope"), ("plan", SPEC, "--format", "xml"), ("schema", "x")],
    ids=" ".join,
)
def test_wrong_usage(arguments):
    result = specc(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ")


@pytest.mark.parametrize("arguments", [("--help",), ("validate", "--help"), ("--version",)], ids=" ".join)
def test_help(arguments):
    result = specc(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert "specc" in result.stdout


def test_help_keeps_the_case_of_words():
    assert "\nPrint the JSON Schema of specs.\n" in specc("schema", "--help").stdout


@pytest.fixture
def strange(tmp_path) -> Path:
    """A folder of what is no spec."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 21))
    (tmp_path / "\x1b[31m.toml").write_bytes(b"a")
    (tmp_path / "text.txt").touch()
    return tmp_path


@pytest.mark.parametrize("command", ["validate", "run"])
@pytest.mark.parametrize(
    "name",
    [
        "missing.toml",
        "folder.toml",
        "zero.toml",
        "pipe.toml",
        "loop.toml",
        "bytes.toml",
        "large.toml",
        "text.txt",
        ".",
    ],
)
def test_what_is_no_spec(strange, command, name):
    result = specc(command, strange / name)
    assert result.returncode == 1
    assert "error" in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["validate", "plan", "compile", "explain"])
def test_a_path_cannot_drive_a_terminal(strange, command):
    result = specc(command, strange / "\x1b[31m.toml", *(["seed"] if command == "explain" else []))
    assert result.returncode == 1
    assert "\x1b" not in result.stdout + result.stderr


def test_a_device_has_no_ending_of_a_spec():
    result = specc("validate", "/dev/zero")
    assert (result.returncode, "is not a spec" in result.stderr) == (1, True)


def test_a_pipe_that_is_closed():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "specc", "schema"]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("1", False)])
def test_colour_on_a_terminal_unless_it_is_unwelcome(wrong, no_color, coloured):
    pty = pytest.importorskip("pty")
    master, terminal = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    environment |= {"NO_COLOR": no_color} if no_color else {}
    command = [sys.executable, "-m", "specc", "validate", str(wrong), "--format", "full"]
    subprocess.run(command, stdout=terminal, env=environment, cwd=ROOT, timeout=60, check=False)
    os.close(terminal)
    assert (b"\x1b[1;31m" in os.read(master, 65536)) == coloured
    os.close(master)


def test_no_colour_in_a_pipe(wrong):
    assert "\x1b" not in specc("validate", wrong).stdout
    assert "\x1b" not in specc("plan", SPEC).stdout


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param(("data.source=folder", "data.root=specs"), id="a label that folders have not"),
        pytest.param(("data.split=stratified(nope, val = 10%)",), id="a split by an unknown label"),
        pytest.param(("defaults.micro_batch_size=0",), id="no samples in a pass"),
        pytest.param(("defaults.max_grad_norm=inf",), id="an infinite norm"),
        pytest.param(("stages.polish.train=backbone[-]",), id="a sign without a number"),
    ],
)
def test_a_fault_in_a_flag(overrides):
    flags = (word for override in overrides for word in ("--set", override))
    assert specc("validate", SPEC, *flags).returncode == 1


def test_a_built_in_source_without_a_name(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text((ROOT / SPEC).read_text("utf-8").replace('dataset = "digits"\n', ""), encoding="utf-8")
    assert specc("validate", path).returncode == 1


@pytest.mark.parametrize("override", ["data.path=x.csv", "data.train=x.csv", "data.image=path"])
def test_nothing_is_ignored(override):
    assert specc("validate", SPEC, "--set", override).returncode == 1


# examples and mistakes of the language, where they are at hand


@pytest.mark.skipif(not EXAMPLES, reason="no examples here")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_accepted(path):
    assert specc("validate", path).returncode == 0


def header(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^# (\w+): *(.*)$", path.read_text("utf-8"), re.MULTILINE))


def says(text: str, wanted: str) -> bool:
    """Hold every part joined by `&`, of which each may have alternatives by `|`."""
    return all(any(word.strip() in text for word in part.split("|")) for part in wanted.split("&"))


@pytest.mark.skipif(not MISTAKES, reason="no mistakes here")
@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_every_mistake_is_found(path):
    expected = header(path)
    result = specc("validate", path, "--format", "json")
    found = [
        problem
        for problem in json.loads(result.stdout)
        if problem["severity"] in expected["severity"].split("|")
        and any(label["line"] == int(expected["line"]) for label in problem["labels"])
    ]
    texts = [" ".join([p["headline"], p["help"] or "", *p["notes"], *(x["text"] for x in p["labels"])]) for p in found]
    assert any(says(text, expected.get("says", "")) for text in texts), (expected, result.stdout)
    assert result.returncode == int(any(problem["severity"] == "error" for problem in json.loads(result.stdout)))
