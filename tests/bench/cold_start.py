"""CPU time of cold commands, as ratios to `python -c "from pydantic import BaseModel"`, interleaved.

    python -m tests.bench.cold_start [--rounds 15] [--stages 1000] [SPEC ...]

Everything is byte-compiled, as pip leaves it. Each round runs, one after the other in processes of their own: the
import of pydantic; `specc validate` of each spec, its data looked at where it is there, with nothing remembered; the
same again, with the verdict remembered if it was clean; and `specc validate --no-data` of many stages.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.bench.large_spec import write_spec

PEER = [sys.executable, "-c", "from pydantic import BaseModel"]
VALIDATE = [sys.executable, "-m", "specc", "validate"]


def commands(specs: Iterable[str], large: Path, stages: int) -> dict[str, list[str]]:
    """Return every command by the name that it is printed under."""
    found = {"pydantic": PEER}
    for spec in specs:
        found |= {f"{state} {spec}": [*VALIDATE, spec] for state in ("cold", "remembered")}
    return {**found, f"{stages:,} stages": [*VALIDATE, str(large), "--no-data", "--no-cache"]}


def cpu_seconds(name: str, words: list[str], folder: Path) -> float:
    """Return the CPU time of a process, the system's for it included; byte code and verdicts lie in `folder`."""
    if name.startswith("cold"):
        shutil.rmtree(folder / "specc" / "verdicts", ignore_errors=True)
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    variables = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "XDG_CACHE_HOME": str(folder)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", default=["specs/quickstart.toml", "specs/teacher_global.toml"])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--stages", type=int, default=1000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_spec(folder / "large.toml", folder / "absent.csv", arguments.stages, rows=1_000_000)
        asked = commands(arguments.specs, folder / "large.toml", arguments.stages)
        _, *rounds = (
            {key: cpu_seconds(key, words, folder) for key, words in asked.items()} for _ in range(arguments.rounds + 1)
        )
    medians = {key: statistics.median(each[key] for each in rounds) for key in asked}
    for key, seconds in medians.items():
        print(f"{key}: {seconds:.3f} s CPU, ratio {seconds / medians['pydantic']:.2f}")


if __name__ == "__main__":
    main()
