"""Everything that specc raises on purpose, and the exit code of each.

SpeccError
├── UsageError          2  the command line is wrong
├── InputError          1  a spec, its data, a plan or a checkpoint is wrong
│   ├── SpecError          with diagnostics
│   ├── DataError          a manifest, an image
│   │   └── MissingData       it is not here at all
│   └── FileFormatError    a plan or checkpoint that cannot be trusted
├── GateMissed          3  the run is sound, a target was not reached
├── RunFailed           4  the run stopped and can be resumed
└── Interrupted    129, 130, 143  a signal; what was earned is saved
"""

from typing import ClassVar


class SpeccError(Exception):
    """Say in one message what is wrong and what to do; the command line prints it and exits with `exit_code`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, help: str | None = None) -> None:  # noqa: A002  (the field's word)
        super().__init__(message)
        self.message = message
        self.help = help


class UsageError(SpeccError):
    """A flag, a command or a path on the command line is wrong."""

    exit_code = 2


class InputError(SpeccError):
    """A file that was given cannot be used."""


class DataError(InputError):
    """The data disagrees with the spec, or cannot be read."""


class MissingData(DataError):
    """The data is not on this machine."""


class FileFormatError(InputError):
    """A plan or a checkpoint is damaged, foreign, or of another version."""


class GateMissed(SpeccError):
    """A target written in `expect` was not reached."""

    exit_code = 3


class RunFailed(SpeccError):
    """Training cannot go on; the last good checkpoint stands."""

    exit_code = 4


class Interrupted(SpeccError):
    """A signal arrived and the state was saved.

    `exit_code` is 128 plus the signal's number, as shells have it.
    """

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number

    @property
    def code(self) -> int:
        """Exit code of the process."""
        return 128 + self.signal_number
