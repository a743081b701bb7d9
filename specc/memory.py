"""Memory that does not suffice: how to know it from other errors, and how it is told."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from specc.errors import RunFailed

_SIGNS: Final = (
    "out of memory",
    "not enough memory",
    "allocate memory",
    "std::bad_alloc",
    "could not create a primitive",
    "can't start new thread",
    "failed to map segment",
)
"""What torch, C++, oneDNN, Python and the loader of libraries say of it, in errors of no kind of their own."""

_OF_ALLOCATOR: Final = "[enforce fail at alloc_cpu.cpp"


def is_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory does not suffice.

    >>> is_of_memory(RuntimeError("[enforce fail a")), is_of_memory(RuntimeError("shapes differ"))
    (True, False)
    """
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    of_another_kind = isinstance(error, RuntimeError | ImportError) and any(sign in str(error) for sign in _SIGNS)
    return isinstance(error, MemoryError) or of_another_kind or _is_cut_off(error)


def _is_cut_off(error: BaseException) -> bool:
    """Say whether an error is what is left of torch's message where there was no memory for the message."""
    return isinstance(error, RuntimeError) and len(str(error)) > 1 and _OF_ALLOCATOR.startswith(str(error))


@contextmanager
def memory_told() -> Iterator[None]:
    """Say in words that memory does not suffice.

    Raises: RunFailed.
    """
    try:
        yield
    except Exception as error:
        if not is_of_memory(error):
            raise
        remedy = "set micro_batch_size to a part of batch_size, or use fewer workers; the last checkpoint stands"
        raise RunFailed(f"memory does not suffice: {_told(error)}", help=remedy) from None


def _told(error: BaseException) -> str:
    """Return what an error says, without what an allocator adds."""
    first = (str(error) or "none is left").split(". ", 1)[0].splitlines()[0]
    return first.rsplit("] ", 1)[-1]
