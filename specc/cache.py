"""The user's cache folder: what lies there can be made again, so losing it costs time and nothing else."""

import os
from contextlib import suppress
from pathlib import Path


def cached_path(*parts: str) -> Path:
    """Return where something is kept (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "specc", *parts)


def keep(path: Path, text: str) -> None:
    """Write a file whole or not at all; a cache that cannot be written is no error."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)


def drop_oldest(folder: Path, limit: int) -> None:
    """Keep the newest files of a folder, `limit` at most."""
    with suppress(OSError):
        paths = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for path in paths[: max(len(paths) - limit, 0)]:
            path.unlink()
