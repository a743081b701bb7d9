"""What is wrong with data, told in the words of a diagnostic."""

from specc.errors import DataError


class DataProblem(DataError):
    """A DataError with the code of its pattern, and the keys of `[data]` that it concerns.

    Without keys it concerns the file or folder that was read.
    """

    def __init__(self, code: str, message: str, *keys: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message, help=help)
        self.code = code
        self.keys = keys
