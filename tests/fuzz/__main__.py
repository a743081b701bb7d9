"""Throws made-up inputs at whatever reads files of strangers, and says what broke a law of tests/fuzz.

Targets are both notations, `--set`, checkpoints, their metadata and plans, images, and tables of labels.

    python -m tests.fuzz --inputs 1000000
    python -m tests.fuzz --engine guided --inputs 1000000       needs `pip install atheris`
    python -m tests.fuzz --engine hostile
    python -m tests.fuzz --targets checkpoint image --inputs 100000

Inputs that break a law are written to a folder, each with its error beside it. Once mended, they belong in
tests/corpus/, where tests/test_corpus.py tries them ever after. Each input has a number: --first goes on where another
run ended.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.fuzz.targets import TARGETS
from tests.fuzz.work import Outcome, run, share

PIECE = {"chance": 5000, "guided": 100_000, "hostile": sys.maxsize}
"""Inputs of one process, by its engine; the hostile ones are always the same."""

LARGER = {"checkpoint": 50_000, "metadata": 50_000, "image": 20_000, "labels": 20_000}
"""Inputs of one process that goes by chance, for targets that take seconds to begin."""


def outcomes(arguments: argparse.Namespace) -> Iterator[Outcome]:
    """Yield what comes of each piece of the work, as it is done."""
    engine, count = arguments.engine, arguments.inputs // len(arguments.targets)
    sizes = {target: (engine == "chance" and LARGER.get(target)) or PIECE[engine] for target in arguments.targets}
    pieces = [(target, done, size) for target, size in sizes.items() for done in range(0, count, size)]
    with ThreadPoolExecutor(arguments.jobs) as threads:
        yield from (
            future.result()
            for future in as_completed(
                threads.submit(run, engine, target, arguments.first + done, min(size, count - done))
                for target, done, size in sorted(pieces, key=lambda piece: piece[1])
            )
        )


def gathered(found: Iterable[Outcome], folder: Path) -> list[Outcome]:
    """Add up outcomes by target; findings are written as they come."""
    totals: dict[str, Outcome] = {}
    for outcome in found:
        total = totals.setdefault(outcome.target, Outcome(outcome.target))
        for place in outcome.findings.keys() - total.findings.keys():
            finding = outcome.findings[place]
            print(f"{finding.target}: {place}: {finding.write(folder)}", flush=True)
        total.add(outcome)
    return list(totals.values())


def report(total: Outcome) -> None:
    print(
        f"{total.target:10} {total.inputs:>9,} inputs, {total.inputs / max(total.seconds, 1e-9):,.0f} a second,"
        f" {len(total.findings)} findings; slowest {total.slowest:.2f} s ({total.slowest_size:,} bytes);"
        f" at most {total.memory >> 20} MiB more memory; {share(total.target, total.lines):.1%} of its reader's lines"
    )


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=30_000, help="how many, over all targets")
    parser.add_argument("--targets", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--engine", choices=list(PIECE), default="chance")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--findings", type=Path, default=Path("findings"), help="folder for inputs that break a law")
    arguments = parser.parse_args()
    totals = gathered(outcomes(arguments), arguments.findings)
    for total in totals:
        report(total)
    return 1 if any(total.findings for total in totals) else 0


if __name__ == "__main__":
    sys.exit(main())
