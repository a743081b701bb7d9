"""Throws faults at all that a run writes and damage at all that it reads, and says what was lost, mixed or not noticed.

    python -m tests.crash                            damage and, where it is permitted, strace and full disks
    python -m tests.crash --shim faults.so           faults below libc, too
    python -m tests.crash --parts calls --shim faults.so

Trials lie in a temporary folder: TMPDIR on a file system in memory makes them quick.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.crash import damage, places, space, sweep, traced
from tests.crash.content import checkpoint, plan_in
from tests.crash.faults import SHIM_MODES, Faults, Shim, patched
from tests.crash.operations import OPERATIONS
from tests.crash.sweep import Tally, Trials

PRELOAD: Final = "LD_PRELOAD"
SHIM_HELP: Final = """library for LD_PRELOAD that counts the calls that change files below $CF_DIR, logs them to
$CF_LOG, and does $CF_MODE at call number $CF_N: kill (SIGKILL before it), torn (half of a write, then SIGKILL), enospc
(it and all later calls that need space fail), eio (it fails once), short (half of a write, and its count). A forked
child sets the four by cf_arm(dir, n, mode, log); cf_count() returns the calls so far"""


def tallied(arguments: argparse.Namespace, work: Path, part: str) -> Iterator[Tally]:
    """Yield what came of each operation."""
    plan, chance = plan_in(work), random.Random(arguments.seed)
    faults: Faults = Shim(arguments.shim) if arguments.shim else patched
    chosen = [it for it in OPERATIONS if it.name in (arguments.operations or [it.name])]
    for operation in chosen:
        trials = Trials(operation, plan, faults, work)
        if part == "calls":
            yield sweep.swept(trials, SHIM_MODES)
        elif part == "traced":
            yield traced.swept(trials)
        else:
            yield sweep.compound(trials, SHIM_MODES, chance, -(-arguments.compound // len(chosen)))


def calls(arguments: argparse.Namespace, work: Path) -> int:
    """Let each fault hit each call."""
    if not arguments.shim:
        print("calls: skipped, for there is no --shim")
        return 0
    return told(tallied(arguments, work, "calls"))


def compound(arguments: argparse.Namespace, work: Path) -> int:
    """Let a second fault hit the recovery."""
    return told(tallied(arguments, work, "compound"))


def quota(arguments: argparse.Namespace, work: Path) -> int:
    """Let system calls fail as on a full quota and on a read-only disk."""
    if reason := traced.untraceable():
        print(f"quota: skipped, {reason}")
        return 0
    return told(tallied(arguments, work, "traced"))


def told(tallies: Iterable[Tally]) -> int:
    """Print tallies as they come, and return how much was wrong."""
    wrong = trials = 0
    for tally in tallies:
        print(tally.line(), flush=True)
        for text in tally.told:
            print(f"    {text}")
        wrong, trials = wrong + tally.wrong.total(), trials + tally.trials
    print(f"{trials:,} faults, {wrong:,} wrong")
    return wrong


def full(arguments: argparse.Namespace, work: Path) -> int:
    """Run on file systems that are too small."""
    if reason := space.unmountable(work):
        print(f"full: skipped, {reason}")
        return 0
    found = space.tried(work, arguments.sizes)
    print(f"{found.tried} file systems, {found.stopped} of them too small, {len(found.wrong)} wrong")
    for text in found.wrong:
        print(f"    {text}")
    return len(found.wrong)


def files(arguments: argparse.Namespace, work: Path) -> int:
    """Read damaged files."""
    chance = random.Random(arguments.seed)
    runs = places.made(work)
    paths = [runs.at("later") / name for name in places.checkpoints(runs.at("later")) if ".." not in name.parts]
    small = work / "small.safetensors"
    small.write_bytes(b"".join(checkpoint(runs.plan, "last", 1, 5).chunks()))
    kinds = [
        damage.payload_flips(paths, arguments.flips, chance),
        damage.header_bits(small),
        damage.header_bits(runs.at("later") / "last.safetensors", arguments.bits, chance),
        *(damage.truncations(path) for path in paths),
        damage.swapped_payloads(paths),
    ]
    for kind in kinds:
        print(kind.line(), *kind.taken[:20], sep="\n    ", flush=True)
    return sum(len(kind.taken) for kind in kinds)


def runs(arguments: argparse.Namespace, work: Path) -> int:
    """Go on from damaged, stale and misplaced files."""
    chance, made, wrong = random.Random(arguments.seed), places.made(work), 0
    kinds = {
        "flipped": places.flipped(made, arguments.runs, chance),
        "result": places.of_finished(made, arguments.runs, chance),
        "stale": places.stale(made),
        **{f"misplaced, {moment}": places.misplaced(made, moment) for moment in ("between", "later")},
    }
    for name, cases in kinds.items():
        found = places.tried(made, cases, work)
        print(f"{name:20} {found.tried:8,} runs, {len(found.wrong)} wrong", *found.wrong, sep="\n    ", flush=True)
        wrong += len(found.wrong)
    return wrong


PARTS: Final = {"calls": calls, "quota": quota, "compound": compound, "full": full, "files": files, "runs": runs}


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.crash", description=__doc__.split("\n")[0])
    parser.add_argument("--shim", type=Path, help=SHIM_HELP)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--operations", nargs="+", choices=[it.name for it in OPERATIONS], help="all by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compound", type=int, default=100, help="trials with a second fault")
    parser.add_argument("--sizes", type=int, default=20, help="of file systems")
    parser.add_argument("--flips", type=int, default=10_000, help="of one bit of the weights")
    parser.add_argument("--bits", type=int, default=20_000, help="of a large header; of a small one it is every bit")
    parser.add_argument("--runs", type=int, default=40, help="that go on from flipped bits")
    arguments = parser.parse_args()
    if arguments.shim and str(arguments.shim) not in os.environ.get(PRELOAD, "").split(":"):
        os.environ[PRELOAD] = ":".join(filter(None, [str(arguments.shim), os.environ.get(PRELOAD)]))
        os.execv(sys.executable, [sys.executable, "-m", "tests.crash", *sys.argv[1:]])  # noqa: S606
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="specc-crash-") as work:
        wrong = sum(PARTS[part](arguments, Path(work) / part) for part in arguments.parts)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
