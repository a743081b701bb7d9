"""The engine that looks where inputs lead, and goes on from those that lead somewhere new; started by tests.fuzz."""

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.fuzz.inputs import changed, corpus, made

OPTIONS = ("-max_len=2000", "-timeout=60", "-rss_limit_mb=4096")


def main() -> None:
    import atheris  # noqa: PLC0415  (nothing else needs it)

    with atheris.instrument_imports(include=["specc"]):
        from tests.fuzz.work import Outcome, Piece  # noqa: PLC0415

    piece = Piece.of_arguments()
    outcome = Outcome(piece.target)

    def take(data: bytes) -> None:
        outcome.take(data.decode("utf-8", "replace"))
        if outcome.inputs == piece.inputs:
            piece.finish(outcome)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        """Change an input along its words, or as libFuzzer does."""
        chance = random.Random(seed)
        if chance.random() < 0.5 or piece.target == "set":
            found: bytes = atheris.Mutate(data, size)
            return found
        return changed(chance, data.decode("utf-8", "replace"), piece.target).encode("utf-8", "replace")[:size]

    with tempfile.TemporaryDirectory() as folder:
        write_seeds(Path(folder), piece)
        atheris.Setup([sys.argv[0], *OPTIONS, f"-seed={piece.first + 1}", folder], take, custom_mutator=mutate)
        atheris.Fuzz()


def write_seeds(folder: Path, piece: Any) -> None:
    """Write what the engine begins with."""
    numbers = range(piece.first, piece.first + 500)
    seeds = [made("set", number) for number in numbers] if piece.target == "set" else corpus(piece.target)
    for number, text in enumerate(seeds):
        (folder / str(number)).write_bytes(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
