"""`specc fmt`, in a real process."""

import os
from pathlib import Path

import pytest

from specc.cli import fmt
from specc.cli.main import main
from tests.cli.process import ROOT, specc

SPEC = ROOT / "specs" / "quickstart.toml"
UGLY = "a=1 # why\n\n\n[b]\nc  =  'd'\n"
FORMATTED = 'a = 1 # why\n\n[b]\nc = "d"\n'
CONVERTED = "a 1 # why\n\nb { c d }\n"


@pytest.fixture
def ugly(tmp_path) -> Path:
    path = tmp_path / "ugly.toml"
    path.write_bytes(UGLY.encode())
    return path


def outcome(*arguments) -> tuple[int, str, str]:
    result = specc("fmt", *arguments)
    return result.returncode, result.stdout, result.stderr


# In place


def test_a_file_is_formatted_in_place_and_then_stays(ugly):
    assert outcome(ugly) == (0, "", "1 of 1 file changed\n")
    assert ugly.read_bytes() == FORMATTED.encode()
    seen = ugly.stat()
    assert outcome(ugly) == (0, "", "0 of 1 file changed\n")
    assert (ugly.stat().st_ino, ugly.stat().st_mtime_ns) == (seen.st_ino, seen.st_mtime_ns)
    assert [path.name for path in ugly.parent.iterdir()] == ["ugly.toml"]


def test_several_files_in_both_notations(ugly, tmp_path):
    other = tmp_path / "ugly.specc"
    other.write_text("a  1\nb {\nc d }\n", "utf-8")
    assert outcome(ugly, other, SPEC, ugly) == (0, "", "2 of 3 files changed\n")
    assert other.read_text("utf-8") == "a 1\n\nb { c d }\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"\n\n", b""),
        (b"# only\n\n", b"# only\n"),
        (b"a = 1", b"a = 1\n"),
        (b"a = 1\r\n", b"a = 1\n"),
        (b'\xef\xbb\xbfa = "\xc3\xa9"\n', b'a = "\xc3\xa9"\n'),
    ],
)
def test_ends_of_lines_and_of_files(tmp_path, before, after):
    path = tmp_path / "x.toml"
    path.write_bytes(before)
    assert outcome("--check", path)[0] == int(before != after)
    assert outcome(path) == (0, "", f"{int(before != after)} of 1 file changed\n")
    assert path.read_bytes() == after


def test_a_link_stays_one_and_permissions_stay(ugly, tmp_path):
    ugly.chmod(0o640)
    link = tmp_path / "link.toml"
    link.symlink_to(ugly)
    assert outcome(link) == (0, "", "1 of 1 file changed\n")
    assert link.is_symlink()
    assert ugly.read_text("utf-8") == FORMATTED
    assert ugly.stat().st_mode & 0o777 == 0o640


# --check


def test_check_says_what_would_change(ugly, tmp_path):
    code, out, err = outcome("--check", ugly, SPEC)
    assert (code, out) == (1, "")
    assert err == f"error: `{ugly}` would change\n help: run specc fmt without --check\n"
    assert ugly.read_bytes() == UGLY.encode()
    assert outcome("--check", SPEC, SPEC.with_suffix(".specc")) == (0, "", "")


# Files that cannot be read or written


def test_what_cannot_be_read_is_told_and_the_others_are_formatted(ugly, tmp_path):
    wrong, also = tmp_path / "wrong.specc", tmp_path / "also.toml"
    wrong.write_text("lr = 1\n", "utf-8")
    also.write_text("a = x\n", "utf-8")
    missing, picture = tmp_path / "uglu.toml", tmp_path / "x.png"
    code, out, err = outcome("--format", "concise", wrong, missing, ugly, also, picture)
    assert (code, out) == (1, "")
    assert f"error: `{missing}` does not exist\n help: did you mean `{ugly}`?\n" in err
    assert f"error: `{picture}` is not a spec\n help: specs end in .toml or .specc\n" in err
    assert f"{wrong}:1:4: error[specc-syntax]: `lr` is followed by `=`" in err
    assert f"{also}:1:5: error[toml-syntax]: `x` is text without quotes" in err
    assert err.endswith("1 of 5 files changed\n")
    assert (wrong.read_text("utf-8"), also.read_text("utf-8")) == ("lr = 1\n", "a = x\n")
    assert ugly.read_text("utf-8") == FORMATTED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a = \xff\n", "is not UTF-8 text"),
        (b"a = nan\n", "`nan` has no place in a spec"),
        (b"a = 1979-05-27\n", "`1979-05-27` has no place in a spec"),
    ],
)
def test_what_no_spec_holds(tmp_path, content, said):
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    code, out, err = outcome(path)
    assert (code, out, said in err) == (1, "", True)
    assert path.read_bytes() == content


def test_a_file_that_may_not_be_written(ugly, monkeypatch, capsys):
    monkeypatch.setattr(fmt.os, "access", lambda path, mode: (path, mode) != (ugly, os.W_OK))
    assert main(["fmt", str(ugly)]) == 2
    assert capsys.readouterr().err == f"error: `{ugly}` may not be written\n help: change its permissions\n"
    assert ugly.read_bytes() == UGLY.encode()


def test_a_folder_that_is_not_there(ugly, tmp_path):
    code, _, err = outcome(ugly, "--to", "specc", "-o", tmp_path / "none" / "x.specc")
    assert (code, "its folder does not exist" in err) == (2, True)


# --to


def test_a_spec_is_printed_in_the_other_notation(ugly):
    assert outcome(ugly, "--to", "specc") == (0, CONVERTED, "")
    assert outcome(ugly, "--to", "toml") == (0, FORMATTED, "")
    assert ugly.read_bytes() == UGLY.encode()


def test_a_spec_is_written_in_the_other_notation(ugly, tmp_path):
    out = tmp_path / "x.specc"
    assert outcome(ugly, "--to", "specc", "-o", out, "--check")[0] == 1
    assert not out.exists()
    assert outcome(ugly, "--to", "specc", "-o", out) == (0, "", "1 of 1 file changed\n")
    assert out.read_text("utf-8") == CONVERTED
    assert outcome(ugly, "--to", "specc", "-o", out, "--check") == (0, "", "")
    assert outcome(out, "--to", "toml") == (0, FORMATTED, "")


def test_a_wrong_spec_is_not_converted(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("a = x\n", "utf-8")
    code, out, err = outcome(path, "--to", "specc", "--format", "json")
    assert (code, out, '"toml-syntax"' in err) == (1, "", True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "required"),
        (("--to", "yaml"), "invalid choice"),
        (("-o", "x.toml"), "`-o` names the file for another notation"),
        (("--to", "specc", SPEC), "`--to` converts one spec at a time"),
        (("--to", "specc", "--check"), "`--check` has no file to check"),
        (("--to", "specc", "-o", "x.toml"), "`x.toml` is not the name of a .specc file"),
    ],
)
def test_arguments_that_make_no_sense(ugly, arguments, said):
    code, out, err = outcome(*arguments, *([ugly] if arguments else []))
    assert (code, out, said in err) == (2, "", True)
