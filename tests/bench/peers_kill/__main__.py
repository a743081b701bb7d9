"""Runs all contenders that are installed and prints the table; the package's docstring says what it counts."""

import argparse
import platform
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from tests.bench import peers_kill
from tests.bench.peers_kill.contenders import CONTENDERS, Contender
from tests.bench.peers_kill.job import STEPS
from tests.bench.peers_kill.trials import Findings, examine

COLUMNS = ("", "runs equal", "bit-equal", "twice", "never", "steps", "SIGTERM", "pickle", "flipped bit")


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m tests.bench.peers_kill",
        description=peers_kill.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--only", metavar="NAME", help="contenders whose name begins so")
    parser.add_argument("--jobs", type=int, default=1, help="contenders that run at the same time")
    arguments = parser.parse_args()
    chosen = [contender for contender in CONTENDERS if contender.name.startswith(arguments.only or "")]
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(arguments.jobs) as pool:
        found = list(pool.map(lambda contender: told(contender, Path(root), arguments.trials), able(chosen)))
    if not found:
        return
    print()
    print_table([COLUMNS, *map(row, found)])
    packages = sorted({package for findings in found for package in findings.contender.packages} | {"torch", "timm"})
    print(f"\nPython {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages))


def able(contenders: list[Contender]) -> Iterator[Contender]:
    """Yield those that are installed, and say once how to add the others."""
    missing = {package for contender in contenders for package in contender.missing()}
    if missing:
        print(f"left out what needs more: pip install {' '.join(sorted(missing))}")
    yield from (contender for contender in contenders if not contender.missing())


def told(contender: Contender, root: Path, trials: int) -> Findings:
    """Examine a contender, print how it goes, and return what was found."""
    lines = examine(contender, root / contender.name, trials)
    while True:
        try:
            print(f"{contender.name}: {next(lines)}", flush=True)
        except StopIteration as end:
            return end.value


def row(findings: Findings) -> tuple[str, ...]:
    return (
        findings.contender.name,
        "yes" if findings.equal_at_all else "no",
        f"{sum(findings.equal)} of {len(findings.equal)}",
        span(findings.twice),
        span(findings.never),
        f"{span(findings.steps)} of {STEPS}",
        findings.sigterm,
        findings.pickle,
        findings.flipped,
    )


def span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
