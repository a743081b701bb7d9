"""Writes docs/diffs.md: the same ten edits of a spec as git, DVC and specc show them, each really run.

    python -m tests.bench.peers.diffs --dvc dvc

DVC is asked for what it calls the difference of parameters (https://dvc.org/doc/command-reference/params/diff).
"""

import argparse
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.cli.test_review import BASE, ENVIRONMENT

PAGE: Final = Path(__file__).parents[3] / "docs" / "diffs.md"
HEAD: Final = """\
# Ten edits, three ways to show them

The same ten edits of one spec: as `git diff` shows them, as `dvc params diff` does, and as `specc diff HEAD` does.
Written by `python -m tests.bench.peers.diffs`, which makes each edit in a repository of its own and runs all three
({versions}).
"""

EDITS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "Twice the rate": (("lr = 1e-5", "lr = 2e-5"),),
    "The same rate in other words": (("lr = 1e-5", "lr = 0.00001  # as in the paper"),),
    "A default written out": (('"cross_entropy(digit)"', '"cross_entropy(digit, label_smoothing = 0.0)"'),),
    "Tables in another order": (
        ('[model]\nbackbone = "test_resnet"\nheads.digit = { kind = "linear" }\n\n', ""),
        ("[data]\n", '[model]\nbackbone = "test_resnet"\nheads.digit = { kind = "linear" }\n\n[data]\n'),
    ),
    "A stage by another name": (('name = "whole"', 'name = "joint"'),),
    "Larger batches": (("batch_size = 32", "batch_size = 64"),),
    "One epoch more": (("epochs = 4", "epochs = 5"),),
    "A target": (('best = "min loss"', 'best = "min loss"\nexpect = ["top1(digit) >= 95%"]'),),
    "Another backbone": (('"test_resnet"', '"test_vit"'),),
    "More for validation": (("val = 15%", "val = 20%"),),
}


def said(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).rstrip()


def shown(edit: tuple[tuple[str, str], ...], dvc: str) -> dict[str, str]:
    """Return what each of the three prints of an edit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = folder / "spec.toml"
        spec.write_text(BASE)
        for words in (("git", "init", "-q"), (dvc, "init", "-q"), ("git", "add", "-A"), ("git", "commit", "-qm", "x")):
            said(folder, *words)
        text = BASE
        for old, new in edit:
            assert old in text, old
            text = text.replace(old, new, 1)
        spec.write_text(text)
        lines = said(folder, "git", "diff", "-U0").splitlines()
        return {
            "git diff": "\n".join(line for line in lines if not line.startswith(("diff ", "index ", "---", "+++"))),
            "dvc params diff": said(folder, dvc, "params", "diff", "--targets", "spec.toml"),
            "specc diff": said(folder, "specc", "diff", "HEAD").removeprefix("spec.toml\n"),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dvc", required=True, help="DVC's command")
    dvc = str(Path(parser.parse_args().dvc).absolute()) if os.sep in parser.parse_args().dvc else "dvc"
    versions = [said(Path(), "git", "--version"), f"dvc {said(Path(), dvc, '--version')}"]
    pages = [HEAD.format(versions=", ".join(versions))]
    for number, (title, edit) in enumerate(EDITS.items(), start=1):
        blocks = (f"`{tool}`:\n\n```text\n{text or '(nothing)'}\n```" for tool, text in shown(edit, dvc).items())
        pages.append("\n\n".join([f"## {number}. {title}", *blocks]))
    PAGE.write_text("\n\n".join(page.rstrip() for page in pages) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
