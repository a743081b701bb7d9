"""Asks the peers: makes every mistake of equivalents.toml in their configurations, runs them, notes what they say.

    python -m tests.bench.peers.ask --timm-train train.py [--only NAME ...] [--peer PEER ...]

Needs lightning, jsonargparse[signatures], hydra-core, timm, torchvision and scikit-learn; timm's train.py lies in its
repository, not in its wheel. It writes answers.json beside this file, or to --out, and prints a Markdown table. An
answer counts as given in time until the first training step is done.
"""

import argparse
import json
import multiprocessing
import os
import re
import runpy
import shlex
import shutil
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench.peers import digits
from tests.bench.peers.common import STARTED

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = ("lightning", "jsonargparse", "hydra-core", "omegaconf", "timm", "torch")
SECONDS = 120
"""A peer that still trains after so long is left at that."""

LONGEST = 240
"""Characters of an answer that are kept."""

SAID = "said.txt"
FORKS = multiprocessing.get_context("forkserver")
"""Each peer runs in a process of its own, forked from one that has imported the heavy packages."""

TRACEBACK = "Traceback (most recent call last)"
UNRELATED = re.compile(
    r"^usage: |^\s*$|^. Tip: |HYDRA_FULL_ERROR|param count|Using native Torch AMP|PlateauLRScheduler"
)
"""Lines that differ from those of the right configuration, and say nothing of the mistake."""

TIMM_FLAGS = shlex.split("""
    --data-dir folders_val --val-split val --model test_resnet --num-classes 10 --input-size 3 32 32 --batch-size 32
    --epochs 2 --warmup-epochs 0 --sched cosine --opt adamw --lr 1e-3 --weight-decay 0.05 --clip-grad 1.0
    --smoothing 0.1 --workers 0 --device cpu --log-interval 1 --output out
""")
"""Flags come after what --config sets, and win; so a flag that the file names is left out."""

Edits = list[Any]
Answer = dict[str, str | int]


def lightning_command(folder: Path, edits: Edits, _: Path) -> list[str]:
    edited = configure(folder, "lightning", edits, "base.yaml")
    configs = ["base.yaml", *(["short.yaml"] if edited else [])]
    flags = [word for config in configs for word in ("--config", config)]
    return ["tests.bench.peers.lightning_app", "fit", *flags]


def hydra_command(folder: Path, edits: Edits, _: Path) -> list[str]:
    overrides = [edit for edit in edits if isinstance(edit, str)]
    edited = configure(folder, "hydra", [edit for edit in edits if not isinstance(edit, str)], "config.yaml")
    name = "short" if edited else "config"
    quiet = ["hydra.run.dir=out", "hydra.sweep.dir=out"]
    return ["tests.bench.peers.hydra_app", "-cd", ".", "-cn", name, *quiet, *overrides]


def timm_command(folder: Path, flags: Edits | str, script: Path) -> list[str]:
    if isinstance(flags, list):
        return [str(script), *TIMM_FLAGS, *flags]
    (folder / "args.yaml").write_text(flags, encoding="utf-8")
    named = set(re.findall(r"\w+", flags))
    return [str(script), *without(TIMM_FLAGS, named), "--config", "args.yaml"]


def without(flags: list[str], named: set[str]) -> list[str]:
    """Leave out the flags of these names, with their values."""
    kept, keep = [], True
    for word in flags:
        if word.startswith("--"):
            keep = word[2:].replace("-", "_") not in named
        kept += [word] if keep else []
    return kept


def configure(folder: Path, peer: str, edits: Edits, name: str) -> bool:
    """Write a peer's files with the edits made; say whether the one that is laid over was edited."""
    base, short = ((HERE / f"{peer}{suffix}.yaml").read_text(encoding="utf-8") for suffix in ("", "_short"))
    edited = False
    for old, new in edits:
        if old in short:
            short, edited = short.replace(old, new), True
        elif old in base:
            base = base.replace(old, new, 1)
        else:
            raise ValueError(f"{peer}.yaml has no {old!r}")
    (folder / name).write_text(base, encoding="utf-8")
    (folder / "short.yaml").write_text(short, encoding="utf-8")
    return edited


COMMANDS: dict[str, Callable[[Path, Any, Path], list[str]]] = {
    "lightning": lightning_command,
    "hydra": hydra_command,
    "timm": timm_command,
}
MARKS = {"lightning": STARTED, "hydra": STARTED, "timm": "Train: 0 ["}


def run(peer: str, edits: Any, script: Path, data: Path) -> tuple[int, str]:
    """Run one peer in a folder of its own; return its exit status, 0 when it was still training, and what it said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "work")
        shutil.copytree(data, folder, copy_function=os.link)
        process = FORKS.Process(target=be, args=(COMMANDS[peer](folder, edits, script), folder))
        process.start()
        process.join(SECONDS)
        status = 0 if process.is_alive() else process.exitcode or 0
        process.kill()
        process.join()
        said = (folder / SAID).read_text(encoding="utf-8", errors="replace")
        for place in (name, str(ROOT), str(script.parent), sys.prefix):
            said = said.replace(place + "/", "")
        return status, said


def be(words: list[str], folder: Path) -> None:
    """Be the program of a command line, and write all that it says into a file."""
    os.chdir(folder)
    log = os.open(SAID, os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = words
    try:
        if words[0].endswith(".py"):
            runpy.run_path(words[0], run_name="__main__")
        else:
            runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    except Exception as error:  # noqa: BLE001  (as the interpreter does, less the frames of this file and of runpy)
        trace = error.__traceback__
        while trace.tb_next and trace.tb_frame.f_code.co_filename in (__file__, "<frozen runpy>"):
            trace = trace.tb_next
        traceback.print_exception(error.with_traceback(trace))
        sys.exit(1)


def judge(status: int, said: str, mark: str, clean: set[str]) -> Answer:
    """Sort an answer by how a person learns of the mistake, with the words that say it.

    `caught`: it ends with a message before it trains; `traceback`: with a traceback; `warned`: it says something and
    trains; `crash`: it says nothing and fails later; `silent`: it says nothing at all.
    """
    before, started, _ = said.partition(mark)
    warnings = telling_words(before, clean)
    if status and not started and TRACEBACK in said:
        return {"kind": "traceback", "lines": said[said.index(TRACEBACK) :].count("\n"), "words": last_error(said)}
    if status and not started:
        return {"kind": "caught", "words": warnings}
    if not started:
        return {"kind": "silent", "words": "ends without a training step"}
    if warnings:
        return {"kind": "warned", "words": warnings}
    return {"kind": "crash", "words": last_error(said)} if status else {"kind": "silent", "words": ""}


def telling_words(said: str, clean: set[str]) -> str:
    """Return the lines that the right configuration does not give, from the first on that speaks of an error."""
    new = [line.strip() for line in said.splitlines() if comparable(line) not in clean and not UNRELATED.search(line)]
    first = next((index for index, line in enumerate(new) if re.search("error|warn", line, re.IGNORECASE)), 0)
    return shortened(re.sub(r"\S+\.py:\d+: ", "", " ".join(new[first:])))


def comparable(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def last_error(said: str) -> str:
    """Return what ends a traceback."""
    lines = [line.strip() for line in said.splitlines() if not UNRELATED.search(line)]
    ends = [index for index, line in enumerate(lines) if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return shortened(" ".join(lines[ends[-1] if ends else -1 :]))


def shortened(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 4] + " ..."


def ask(peers: list[str], names: list[str], script: Path, said_in: Path) -> Iterator[tuple[str, str, Answer]]:
    """Yield what each peer answers to each mistake."""
    table = tomllib.loads((HERE / "equivalents.toml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        data.mkdir()
        digits.write(data)
        for peer in peers:
            status, said = run(peer, [], script, data)
            if status or MARKS[peer] not in said:
                raise SystemExit(f"{peer} does not train even when it should:\n{said}")
            clean = {comparable(line) for line in said.splitlines()}
            for name in (name for name in names if peer in table[name]):
                status, said = run(peer, table[name][peer], script, data)
                (said_in / f"{name}.{peer}.txt").write_text(f"exit {status}\n{said}", encoding="utf-8")
                yield name, peer, judge(status, said, MARKS[peer], clean)


def markdown(answers: dict[str, dict[str, Answer]]) -> str:
    rows = ["| mistake | " + " | ".join(COMMANDS) + " |", "| --- |" + " --- |" * len(COMMANDS)]
    for name, by_peer in answers.items():
        cells = [f"{by_peer[p]['kind']}: {by_peer[p]['words']}" if p in by_peer else "no equivalent" for p in COMMANDS]
        rows.append(f"| {name} | " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(tomllib.loads((HERE / "equivalents.toml").read_text(encoding="utf-8")))
    parser.add_argument("--timm-train", type=lambda text: Path(text).resolve(), required=True)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--peer", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--said", type=Path, default=Path("said"), help="folder for all that the peers print")
    parser.add_argument("--out", type=Path, default=HERE / "answers.json")
    arguments = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    FORKS.set_forkserver_preload(["lightning.pytorch.cli", "timm", "tests.bench.peers.common"])
    arguments.said.mkdir(parents=True, exist_ok=True)
    answers = json.loads(arguments.out.read_text(encoding="utf-8"))["answers"] if arguments.out.exists() else {}
    for name, peer, answer in ask(arguments.peer, arguments.only, arguments.timm_train, arguments.said):
        answers.setdefault(name, {})[peer] = answer
        versions = {package: version(package) for package in PACKAGES}
        record = {"versions": versions, "answers": dict(sorted(answers.items()))}
        arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(markdown(answers))


if __name__ == "__main__":
    main()
