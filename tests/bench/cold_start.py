"""CPU time of cold commands, as ratios to `python -c "from pydantic import BaseModel"`, interleaved.

python -m tests.bench.cold_start [--rounds 9] [SPEC ...]
"""

import argparse
import resource
import statistics
import subprocess
import sys

COMMANDS = {"validate": ["validate"], "validate --no-data": ["validate", "--no-data"], "plan": ["plan"]}


def cpu_seconds(words: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", default=["specs/quickstart.toml"])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    commands = {"pydantic": [sys.executable, "-c", "from pydantic import BaseModel"]}
    for spec in arguments.specs:
        for name, words in COMMANDS.items():
            commands[f"{name} {spec}"] = [sys.executable, "-m", "specc", *words, spec]
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(arguments.rounds):
        for name, words in commands.items():
            seconds[name].append(cpu_seconds(words))
    floor = statistics.median(seconds["pydantic"])
    for name, found in seconds.items():
        print(f"{name}: {statistics.median(found):.3f} s CPU, ratio {statistics.median(found) / floor:.1f}")


if __name__ == "__main__":
    main()
