"""Writes that happen wholly or not at all, whenever the power goes.

Order: a temporary file beside the target, its bytes, fsync, close, rename, fsync of the folder. A rename without the
first fsync comes back as an empty file after a power cut on ext4; without the second it may not come back at all.
"""

import errno
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from specc.errors import RunFailed

_CHUNK: Final = 16 * 2**20
MARGIN: Final = 16 * 2**20
"""Bytes that stay free beyond the file, for the logs written next to it."""

_HOST: Final = os.uname().nodename.replace("/", "_")[:64]
"""Whose process a number means; a store may be shared by several machines."""

_LEFTOVER: Final = re.compile(rf"\..+\.{re.escape(_HOST)}\.([1-9][0-9]{{0,8}})\.tmp", re.DOTALL)
_ELSEWHERE: Final = "check the folder, or choose another for the run"
_FAULTS: Final = {
    errno.ENOSPC: ("no space is left on the disk", "free some space, then give the same command again"),
    errno.EDQUOT: ("the disk quota is used up", "free some space, then give the same command again"),
    errno.EROFS: ("the file system is read-only", "remount it, or choose another folder for the run"),
    errno.EACCES: ("writing there is not permitted", "change the folder's permissions, or choose another folder"),
    errno.EPERM: ("writing there is not permitted", "change the folder's permissions, or choose another folder"),
    errno.EIO: ("the disk reports an error", "check the disk before the run goes on; what is on it may be damaged"),
    errno.ENOENT: ("its folder does not exist", _ELSEWHERE),
    errno.ENOTDIR: ("its folder is not a folder", _ELSEWHERE),
    errno.EISDIR: ("a folder stands in its place", _ELSEWHERE),
    errno.EFBIG: ("the file system takes no file of this size", _ELSEWHERE),
    errno.ENAMETOOLONG: ("its name is too long", "give the run a shorter name"),
}


def write_atomic(
    path: str | os.PathLike[str],
    buffers: Iterable[bytes | bytearray | memoryview],
    *,
    proven: Callable[[], None] | None = None,
) -> None:
    """Replace a file by the joined buffers, or leave it as it was.

    With `proven`, what the disk has is compared with what was meant; that is called before anything is replaced.
    Raises: RunFailed; the old file stands and no temporary file is left, as far as the disk still allows.
    """
    target = Path(path)
    views = [memoryview(buffer) for buffer in buffers]
    temporary = _temporary(target)
    with telling(target):
        _check_space(target, sum(view.nbytes for view in views))
        # A file with this process's number can only be the leftover of a dead process that had it before.
        temporary.unlink(missing_ok=True)
        try:
            _write_synced(temporary, views)
            if proven:
                _compare(temporary, views)
                proven()
            temporary.replace(target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def write_text_atomic(path: str | os.PathLike[str], text: str) -> None:
    """Replace a text file, in UTF-8, or leave it as it was.

    Raises: RunFailed, as `write_atomic` does.
    """
    write_atomic(path, [text.encode()])


def link_atomic(source: Path, target: Path) -> None:
    """Let `target` be the same file as `source`, at once; where links are not to be had, a copy.

    Raises: RunFailed, as `write_atomic` does.
    """
    temporary = _temporary(target)
    with telling(target):
        try:
            temporary.unlink(missing_ok=True)
            try:
                os.link(source, temporary)
            except OSError:
                _copy_synced(source, temporary)
            temporary.replace(target)
            # Where both were one file already, renaming does nothing and leaves the second name.
            temporary.unlink(missing_ok=True)
            _sync_folder(target.parent)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are not there.

    Raises: RunFailed, as `write_atomic` does.
    """
    with telling(path, "made"):
        path.mkdir(parents=True, exist_ok=True)


def remove(path: Path) -> None:
    """Remove a file, where it is there.

    Raises: RunFailed, as `write_atomic` does.
    """
    with telling(path, "removed"):
        path.unlink(missing_ok=True)


@contextmanager
def telling(target: Path, done: str = "written") -> Iterator[None]:
    """Say in words what the disk did not let happen.

    Raises: RunFailed for an OSError.
    """
    try:
        yield
    except OSError as error:
        reason, remedy = _FAULTS.get(error.errno or 0, ((error.strerror or "unknown reason").lower(), _ELSEWHERE))
        raise RunFailed(f"{target}: not {done}, {reason}", help=remedy) from error


def remove_leftovers(folder: str | os.PathLike[str]) -> list[str]:
    """Remove the temporary files of processes that no longer run, and return their names, sorted."""
    removed = []
    with suppress(OSError):
        for path in sorted(Path(folder).iterdir()):
            match = _LEFTOVER.fullmatch(path.name)
            if match and not _runs(int(match[1])) and _removed(path):
                removed.append(path.name)
    return removed


def temporary_name(name: str, process: int) -> str:
    """Return what a process calls a file until it is whole."""
    return f".{name}.{_HOST}.{process}.tmp"


def _temporary(target: Path) -> Path:
    return target.with_name(temporary_name(target.name, os.getpid()))


def _copy_synced(source: Path, target: Path) -> None:
    _check_space(target, source.stat().st_size)
    with source.open("rb") as file:
        _write_synced(target, iter(lambda: file.read(_CHUNK), b""))


def _check_space(target: Path, total: int) -> None:
    space = os.statvfs(target.parent)
    missing = total + MARGIN - space.f_bavail * space.f_frsize
    # Some network file systems report no blocks at all; there the write itself must tell.
    if missing > 0 and space.f_blocks > 0:
        raise RunFailed(
            f"{target}: not written, {missing / 2**20:,.1f} MiB of free space are missing on the disk"
            f" ({(total + MARGIN) / 2**20:,.1f} MiB are needed)",
            help="free some space, then give the same command again",
        )


def _write_synced(path: Path, buffers: Iterable[bytes | memoryview]) -> None:
    """Create a file with these bytes and bring it to the disk."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        for buffer in buffers:
            _write_all(file, memoryview(buffer))
        # Never retried: after a failed fsync the kernel may have dropped the bytes and would report success.
        os.fsync(file)
    except BaseException:
        with suppress(OSError):
            os.close(file)
        raise
    os.close(file)


def _compare(path: Path, views: Iterable[memoryview]) -> None:
    """Read a file from the disk, not from the kernel's memory where that can be told apart, and compare it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        position = 0
        for view in views:
            for start in range(0, view.nbytes, _CHUNK):
                chunk = view.cast("B")[start : start + _CHUNK]
                if _read_at(file, chunk.nbytes, position + start) != chunk:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
            position += view.nbytes
    finally:
        os.close(file)


def _read_at(file: int, count: int, offset: int) -> bytes:
    """Read so many bytes, or fewer where the file ends."""
    parts = []
    while count and (part := os.pread(file, count, offset)):
        parts.append(part)
        count, offset = count - len(part), offset + len(part)
    return b"".join(parts)


def _write_all(file: int, view: memoryview) -> None:
    rest = view.cast("B") if view.nbytes else memoryview(b"")
    while rest:
        written = os.write(file, rest)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[written:]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    except OSError as error:
        # What a file system without the notion answers; there is nothing more to be done there.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(file)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
