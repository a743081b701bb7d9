"""What the store of stages saves: the last of six stages edited, run again, beside the whole run of the edited spec.

    python -m tests.bench.store [--spec specs/hierarchical.toml --profile demo] [--edit stages.joint.lr=...]

Three runs, one after another: the spec as it is; the edited spec, which takes from the store; the edited spec in an
empty store. Prints the steps and seconds of each, and compares the last two byte for byte: every tensor of every
checkpoint and the history. A stage from the store leaves no lines in tail.jsonl, which tells of this run alone.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from specc.checkpoint.store import VARIABLE
from specc.cli.verify_resume import differences, digests, run_in

ROOT = Path(__file__).parents[2]


def run(words: list[str], out: Path, store: Path) -> tuple[float, int]:
    """Run a spec, and return its seconds and the optimizer steps that it made."""
    began = time.monotonic()
    command = [sys.executable, "-m", "specc", "run", *words, "--set", f"run.out={out}"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, VARIABLE: str(store)}, check=False, capture_output=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr.decode())
    last = (run_in(out) / "events.jsonl").read_text("utf-8").splitlines()[-1]
    return time.monotonic() - began, json.loads(last)["steps_made"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", default="specs/hierarchical.toml")
    parser.add_argument("--profile", action="append", default=[])
    parser.add_argument("--edit", default="stages.joint.lr=cosine(2e-3 -> 1e-6)")
    parser.add_argument("--set", action="append", default=[], help="of all three runs, such as data.limit=400")
    given = parser.parse_args()
    words = [given.spec, *(word for name in given.profile or ["demo"] for word in ("--profile", name))]
    words += [word for text in given.set for word in ("--set", text)]
    edited = [*words, "--set", given.edit]
    root = Path(tempfile.mkdtemp(prefix="specc-store-"))
    try:
        runs = {
            "as it was": run(words, root / "first", root / "store"),
            "edited": run(edited, root / "second", root / "store"),
            "edited, empty store": run(edited, root / "third", root / "empty"),
        }
        for name, (seconds, steps) in runs.items():
            print(f"{name:>20}  {steps:6,} steps  {seconds:7.1f} s")
        found = [digests(run_in(root / name)) for name in ("second", "third")]
        odd = [key for key in differences(*found) if key != "tail.jsonl"]
        print(f"bytes: {'the same' if not odd else odd[:5]}")
        return 1 if odd else 0
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
