"""The engine that looks where inputs lead, and goes on from those that lead somewhere new; started by tests.fuzz."""

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.fuzz.inputs import changed, corpus, encoded

NOTATIONS = ("toml", "specc")
TEXTS = (*NOTATIONS, "set")

OPTIONS = ("-max_len=2000", "-timeout=60", "-rss_limit_mb=4096")


def main() -> None:
    import atheris  # noqa: PLC0415  (nothing else needs it)

    with atheris.instrument_imports(include=["specc"]):
        from tests.fuzz.work import Outcome, Piece  # noqa: PLC0415

    piece = Piece.of_arguments()
    outcome = Outcome.begun(piece.target)

    def take(data: bytes) -> None:
        outcome.take(_text(data) if piece.target in TEXTS else data)
        if outcome.inputs == piece.inputs:
            piece.finish(outcome)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        """Change an input along its words, or as libFuzzer does."""
        chance = random.Random(seed)
        if chance.random() < 0.5 or piece.target not in NOTATIONS:
            found: bytes = atheris.Mutate(data, size)
            return found
        return encoded(changed(chance, _text(data).decode(), piece.target))[:size]

    with tempfile.TemporaryDirectory() as folder:
        write_seeds(Path(folder), piece)
        atheris.Setup([sys.argv[0], *OPTIONS, f"-seed={piece.first + 1}", folder], take, custom_mutator=mutate)
        atheris.Fuzz()


def _text(data: bytes) -> bytes:
    """Return bytes as what a text target takes: UTF-8."""
    return data.decode("utf-8", "replace").encode()


def write_seeds(folder: Path, piece: Any) -> None:
    """Write what the engine begins with."""
    from tests.fuzz.targets import made  # noqa: PLC0415  (only after specc was imported to be watched)

    if piece.target in NOTATIONS:
        seeds = [encoded(text) for text in corpus(piece.target)]
    else:
        seeds = [made(piece.target, number) for number in range(piece.first, piece.first + 500)]
    for number, data in enumerate(seeds):
        (folder / str(number)).write_bytes(data)


if __name__ == "__main__":
    main()
