"""Kills runs of many specs, many times; whatever happens to a run, it goes on and ends in the same bytes.

    python -m tests.kill --kills 300 --signals 200 --workers 100 --memory 50 --locks 50

Kills go by `specc verify-resume`, most of them to specs of seconds that cover every pair of features. The other trials
are those of tests/kill/trials.py. Exits with 1 when anything is not as it should be.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.kill.specs import FEATURES, cover, written
from tests.kill.trials import KINDS, Trials

ROOT = Path(__file__).parents[2]
SHARES = {
    ("tests/specs/features.toml", "--devices", "1", "2"): 0.06,
    ("tests/specs/routed.toml", "--devices", "1", "2"): 0.06,
    ("specs/quickstart.toml",): 0.04,
    ("specs/hierarchical.toml", "--profile", "demo", "--set", "data.limit=200"): 0.04,
}
"""Specs with their flags, and the share of the kills that each gets; the rest goes to the cover of the features."""


def commands(folder: Path) -> Iterator[tuple[list[str], float]]:
    """Yield what is run, and its share of the kills."""
    sets = cover()
    for number, on in enumerate(sets):
        path = folder / f"cover{number}.toml"
        path.write_text(written(number, on), "utf-8")
        yield [str(path)], (1 - sum(SHARES.values())) / len(sets)
    for words, share in SHARES.items():
        yield list(words), share


def kill(kills: int, seed: int, folder: Path) -> int:
    """Kill runs of every spec, and return how many specs went wrong."""
    wrong = 0
    for words, share in commands(folder):
        count = max(1, round(share * kills))
        print(f"{' '.join(words)}: {count} kills", flush=True)
        command = [sys.executable, "-m", "specc", "verify-resume", *words, "--kills", str(count)]
        command += ["--most", "4", "--seed", str(seed), "--workers", "0", "1", "2", "3"]
        wrong += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return wrong


def attempt(kind: str, count: int, seed: int, folder: Path) -> int:
    """Make trials of a kind, and return how many went wrong."""
    spec = folder / "spec.toml"
    spec.write_text(written(0, frozenset(FEATURES) - {"early stopping", "batch size"}), "utf-8")
    trials, wrong = Trials.of(spec, folder, seed), 0
    for number in range(1, count + 1):
        found = list(KINDS[kind](trials))
        wrong += bool(found)
        for text in found:
            print(f"{kind} {number}: {text}", flush=True)
    print(f"{kind}: {count - wrong} of {count} trials as they should be", flush=True)
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.kill", description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("kills", *KINDS):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    given = vars(parser.parse_args())
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="specc-kill-") as name:
        wrong = kill(given["kills"], given["seed"], Path(name)) if given["kills"] else 0
        for kind in KINDS:
            if given[kind]:
                folder = Path(name) / kind
                folder.mkdir()
                wrong += attempt(kind, given[kind], given["seed"], folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
