"""A database as files: the file itself, its logs, and a damaged one that was set aside."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from indexer.crash import crash_point

_LOGS: Final = ("-wal", "-shm", "-journal")
_SUSPECT: Final = "-suspect"


def inode_of(path: Path) -> int | None:
    """Which file is at `path` now, None for none: another process may have replaced it."""
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None


def set_aside(path: Path) -> Path:
    """Move a damaged database out of the way, return where it went; only the newest is kept."""
    forget_set_aside(path)
    target = path.with_name(f"{path.name}.damaged-{int(time.time())}")
    with contextlib.suppress(FileNotFoundError):
        os.replace(path, target)
    crash_point("after-set-aside")
    _delete_logs(path)
    return target


def suspect(path: Path) -> None:
    """Leave word, for whichever process writes next, that the file looked damaged.

    Where that can't be written the writer is told by its own errors.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(f"{path}{_SUSPECT}", os.O_CREAT | os.O_CLOEXEC, 0o600))


def is_suspect(path: Path) -> bool:
    """Whether some process has found that the file looks damaged."""
    return os.path.exists(f"{path}{_SUSPECT}")


def clear(path: Path) -> None:
    """The file was looked at, and is whole."""
    Path(f"{path}{_SUSPECT}").unlink(missing_ok=True)


def forget_set_aside(path: Path) -> None:
    """Delete what was set aside of the database at `path`."""
    for old in path.parent.glob(f"{path.name}.damaged-*"):
        old.unlink(missing_ok=True)


def delete_database(path: Path) -> None:
    """Delete a database, its logs and whatever was set aside of it."""
    forget_set_aside(path)
    path.unlink(missing_ok=True)
    _delete_logs(path)


def _delete_logs(path: Path) -> None:
    for suffix in (*_LOGS, _SUSPECT):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder, among all processes; the kernel lets go of it when this one dies."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
