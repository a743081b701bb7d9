"""The engine that goes by chance; started by tests.fuzz, which see."""

from tests.fuzz.targets import made
from tests.fuzz.work import Outcome, Piece


def main() -> None:
    piece = Piece.of_arguments()
    outcome = Outcome.begun(piece.target)
    for number in range(piece.first, piece.first + piece.inputs):
        outcome.take(made(piece.target, number))
    piece.finish(outcome)


if __name__ == "__main__":
    main()
