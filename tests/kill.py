"""Kills a run again and again at random moments, continues it, and compares its bytes with an undisturbed run's.

    python -m tests.kill specs/quickstart.toml --trials 20

Prints a line a trial and exits with 1 when a byte differs.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from specc.checkpoint.format import read, split


def command(spec: str, out: Path, workers: int, options: list[str]) -> list[str]:
    sets = [f"run.out={out}", f"data.num_workers={workers}", "run.loggers=[]"]
    return [sys.executable, "-m", "specc", "run", spec, *options, *(word for s in sets for word in ("--set", s))]


def digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every tensor of every checkpoint, of the history, and of what the best weights scored."""
    found = {}
    for path in sorted(folder.rglob("*.safetensors")):
        if path.name == "previous.safetensors":
            continue
        header, payload = read(path)
        for name, tensor in split(header, payload).items():
            found[f"{path.relative_to(folder)}:{name}"] = hashlib.sha256(bytes(tensor.data)).hexdigest()
        metadata = header.own_metadata or {}
        kept = {k: metadata.get(k) for k in ("history", "best", "results", "step", "stage")}
        found[f"{path.relative_to(folder)}:metadata"] = hashlib.sha256(json.dumps(kept).encode()).hexdigest()
    found["history"] = hashlib.sha256((folder / "history.jsonl").read_bytes()).hexdigest()
    return found


def run_killed(words: list[str], moments: list[float]) -> int:
    """Run to the end, killing the whole process group after each of `moments` seconds; return the kills that hit."""
    kills = 0
    for moment in moments:
        process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
    last = subprocess.run(words, check=False, capture_output=True, text=True)
    if last.returncode not in (0, 3):
        raise SystemExit(f"exit code {last.returncode} when continued: {last.stderr[-2000:]}")
    return kills


def name_of(folder: Path) -> Path:
    return next(path for path in folder.iterdir() if path.is_dir())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=1, help="at most so many a trial")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    root = Path(tempfile.mkdtemp(prefix="specc-kill-"))
    began = time.monotonic()
    run_killed(command(arguments.spec, root / "reference", 2, arguments.options), [])
    seconds = time.monotonic() - began
    reference = digests(name_of(root / "reference"))
    print(f"reference: {len(reference)} digests, {seconds:.1f} s", flush=True)
    wrong = 0
    for trial in range(arguments.trials):
        out, workers = root / f"trial{trial}", rng.choice(arguments.workers)
        moments = [rng.uniform(0.5, seconds) for _ in range(rng.randint(1, arguments.kills))]
        kills = run_killed(command(arguments.spec, out, workers, arguments.options), moments)
        found = digests(name_of(out))
        different = [key for key in {*reference, *found} if reference.get(key) != found.get(key)]
        leftovers = [path.name for path in out.rglob(".*.tmp")]
        wrong += bool(different or leftovers)
        told = "same bytes" if not different else f"DIFFERENT: {sorted(different)[:3]}"
        moments_told = ", ".join(f"{moment:.1f}" for moment in moments)
        print(
            f"trial {trial}: {workers} workers, {kills} kills after {moments_told} s: {told} {leftovers or ''}",
            flush=True,
        )
        shutil.rmtree(out)
    shutil.rmtree(root)
    print(f"{arguments.trials - wrong} of {arguments.trials} the same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
