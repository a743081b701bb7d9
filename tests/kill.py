"""Kills runs of many specs, many times: `specc verify-resume` over the quickstart, the six stages and every feature.

    python -m tests.kill --kills 300

Half of the kills go to the specs of seconds. Exits with 1 when a byte differs anywhere.
"""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SPECS = {
    ("tests/specs/features.toml",): 0.4,
    ("tests/specs/routed.toml",): 0.4,
    ("specs/quickstart.toml",): 0.15,
    ("specs/hierarchical.toml", "--profile", "demo", "--set", "data.limit=200"): 0.05,
}
"""Specs with their flags, and the share of the kills that each gets."""


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.kill", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    wrong = 0
    for words, share in SPECS.items():
        count = max(1, round(share * arguments.kills))
        print(f"{' '.join(words)}: {count} trials", flush=True)
        command = [sys.executable, "-m", "specc", "verify-resume", *words, "--kills", str(count)]
        command += ["--most", "3", "--seed", str(arguments.seed), "--workers", "0", "1", "2", "3"]
        wrong += subprocess.run(command, cwd=ROOT, check=False).returncode
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
