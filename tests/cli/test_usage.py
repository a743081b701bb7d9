"""Wrong usage of each command: one message, and the exit code that is documented."""

import shutil

import pytest

from specc.cli.main import COMMANDS, main
from tests.cli.process import ROOT

NEEDED = dict.fromkeys(COMMANDS, ("spec.toml",)) | {
    "schema": (),
    "eval": ("last.safetensors",),
    "inspect": ("last.safetensors",),
    "diff": ("spec.toml", "spec.toml"),
    "explain": ("spec.toml", "seed"),
    "store": ("ls",),
    "log": ("run",),
    "compare": ("run", "another"),
}
"""What each command cannot be without."""

READERS = ("validate", "plan", "compile", "preview", "run", "explain", "diff")
STRANGE = ("folder.toml", "missing.toml", "text.txt", "empty.toml", "empty.specc", "empty.json", "bytes.toml")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    """Work in a folder with a spec and what is none."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "specs" / "quickstart.toml", "spec.toml")
    (tmp_path / "folder.toml").mkdir()
    for name in ("text.txt", "empty.toml", "empty.specc", "empty.json", "last.safetensors"):
        (tmp_path / name).touch()
    (tmp_path / "bytes.toml").write_bytes(b"\xff\x00")
    (tmp_path / "table.json").write_text("{}")


@pytest.fixture
def told(capsys):
    """Return what gives a command and returns its exit code and its complaint, of which there is one."""

    def give(*words: str) -> tuple[int, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        assert (out + err).count("error: ") + (out + err).count("error[") == 1, out + err
        return code, " ".join((out + err).split())

    return give


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"schema", "diff"}))
def test_a_missing_argument(told, command):
    code, said = told(command, *NEEDED[command][:-1])
    remedy = "name a value of it" if command == "explain" else "the following arguments are required: "
    assert (code, remedy in said) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_flag(told, command):
    code, said = told(command, *NEEDED[command], "--nope")
    assert (code, "unrecognized arguments: --nope" in said) == (2, True)


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - {"fmt", "schema", "diff", "compare"}))
def test_one_argument_too_many(told, command):
    code, said = told(command, *NEEDED[command], "more.toml")
    assert (code, "unrecognized arguments: more.toml" in said) == (2, True)


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_spec(told, command, name):
    code, said = told(command, name, *NEEDED[command][1:])
    assert (code, name.removesuffix(".toml") in said) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("explain spec.toml", 2, "nothing is asked of `spec.toml` help: name a value of it"),
        ("explain unused-kye", 2, "there is no diagnostic `unused-kye` help: did you mean `unused-key`?"),
        ("explain spec.toml seed..", 2, "`seed..` names no value"),
        ("diff spec.toml empty.json", 1, "`empty.json` is not a plan: it is not a JSON object"),
        ("diff table.json spec.toml", 1, "`table.json` is not a plan: it has no `format`"),
        ("inspect folder.toml", 1, "folder.toml: a folder, not a file"),
        ("inspect missing.safetensors", 1, "missing.safetensors: no such file"),
        ("inspect last.safetensors", 1, "only 0 bytes long"),
        ("inspect spec.toml", 1, "not a safetensors file"),
        ("compile spec.toml --check", 2, "`--check` has no file to check"),
        ("compile spec.toml -o folder.toml", 2, "`folder.toml` is a folder"),
        ("compile spec.toml -o nowhere/plan.json", 2, "nowhere/plan.json: not written, its folder does not exist"),
        ("compile spec.toml -o text.txt/plan.json", 2, "its folder is not a folder"),
        ("compile spec.toml --dump-after lowre", 2, "there is no pass `lowre` help: did you mean `lower`?"),
        ("preview spec.toml -o x.jpg", 2, "`x.jpg` cannot be written help: name a file that ends in .png"),
        ("preview spec.toml --stage warmpu", 2, "there is no stage `warmpu` help: did you mean `warmup`?"),
        ("preview spec.toml --samples 1 -o nowhere/x.png", 2, "its folder does not exist"),
        ("fmt missing.toml", 1, "`missing.toml` does not exist"),
        ("fmt folder.toml", 1, "`folder.toml` is a directory"),
        ("fmt text.txt", 1, "`text.txt` is not a spec"),
        ("fmt spec.toml --to json", 2, "invalid choice: 'json'"),
        ("fmt spec.toml -o x.toml", 2, "add --to toml or --to specc"),
        ("fmt spec.toml empty.toml --to specc", 2, "`--to` converts one spec at a time"),
        ("fmt spec.toml --to specc --check", 2, "`--check` has no file to check"),
        ("fmt spec.toml --to specc -o text.txt", 2, "`text.txt` is not the name of a .specc file"),
        ("fmt spec.toml --to specc -o /", 2, "`/` is not the name of a .specc file"),
        ("fmt spec.toml --to toml -o folder.toml", 2, "folder.toml: not written, a folder stands in its place"),
        ("fmt spec.toml --to specc -o nowhere/x.specc", 2, "its folder does not exist"),
        ("schema nothing", 2, "invalid choice: 'nothing'"),
        ("schema spec plan", 2, "unrecognized arguments: plan"),
        ("schema --write text.txt", 2, "`text.txt` cannot be a folder"),
        ("schema --write text.txt/deep", 2, "`text.txt/deep` cannot be a folder"),
        ("new nowhere/x.toml --folder .", 2, "there is no folder `nowhere`"),
        ("new x.toml --csv empty.toml", 1, "`empty.toml` has no rows"),
    ],
)
def test_what_cannot_be_done(told, words, code, said):
    found, message = told(*words.split())
    assert (found, said in message) == (code, True), message


def test_what_stood_there_is_kept(told, tmp_path):
    (tmp_path / "text.txt").write_text("mine")
    told("fmt", "spec.toml", "--to", "specc", "-o", "text.txt")
    assert (tmp_path / "text.txt").read_text() == "mine"
