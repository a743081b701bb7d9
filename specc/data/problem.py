"""What is wrong with data, told in the words of a diagnostic."""

from specc.diagnostics.render.characters import printable
from specc.errors import DataError


class DataProblem(DataError):
    """A DataError with the code of its pattern, and the keys of `[data]` that it concerns.

    Without keys it concerns the file or folder that was read.
    """

    def __init__(self, code: str, message: str, *keys: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message, help=help)
        self.code = code
        self.keys = keys


def shown(text: str, most: int = 300) -> str:
    r"""Make text of the data safe to print on one line, and short.

    >>> shown("a\nb"), shown("abcdef", most=3)
    ('a\\nb', 'abc...')
    """
    return printable(text[:most]) + "..." * (len(text) > most)
