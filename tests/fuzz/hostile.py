"""The engine of a few inputs that are as large, as deep or as odd as one can be; started by tests.fuzz, which see."""

from tests.fuzz.targets import TARGETS
from tests.fuzz.work import Outcome, Piece


def main() -> None:
    piece = Piece.of_arguments()
    outcome = Outcome.begun(piece.target)
    for data in TARGETS[piece.target].hostile():
        outcome.take(data, may_trace=False)
    piece.finish(outcome)


if __name__ == "__main__":
    main()
