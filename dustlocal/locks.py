"""Locks between processes: `flock` on a file that names its holder and is never deleted.

The kernel releases a lock when its holder dies, however it dies, so that no lock is ever stale.
The file stays: deleting it would let two processes hold "the" lock on two different files.
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from dustlocal.errors import PlaceUnusable

_RETRY_SECONDS = 0.1
"""How long `acquire` insists: longer than the instant for which `holder` probes the lock."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that this process holds until `release`, or its end."""

    path: Path
    descriptor: int

    def release(self) -> None:
        """Let go. The file stays, empty."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def acquire(path: Path, *, wait_seconds: float = _RETRY_SECONDS) -> Lock | None:
    """Take the lock at `path` and write our pid into it; None when another process holds it.

    Errors: `PlaceUnusable` when the file can't be opened.
    """
    descriptor = _open(path, os.O_RDWR | os.O_CREAT)
    deadline = time.monotonic() + wait_seconds
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(0.01)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return Lock(path, descriptor)


def holder(path: Path) -> int | None:
    """The pid of the process that holds the lock at `path`; None when nobody does.

    0 stands for a holder that has not written its pid yet.
    """
    if not path.exists():
        return None
    descriptor = _open(path, os.O_RDONLY)
    try:
        if _try_lock(descriptor):
            return None
        text = os.pread(descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise PlaceUnusable(
            f"{path}: the lock can't be opened: {error.strerror}",
            hint="check the permissions of its folder, or set DUSTLOCAL_HOME elsewhere",
        ) from error


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
