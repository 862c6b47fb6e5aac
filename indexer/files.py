"""Reading one file of a source, without ever leaving it.

A path is opened one component at a time relative to its folder's descriptor, with O_NOFOLLOW, so
that neither a link in the tree nor a swap during the walk leads outside.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from indexer.model import FileState, SkipReason

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
# O_NONBLOCK: a FIFO that took the file's place meanwhile must not hang us.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_ATTEMPTS = 3
# File times advance with the kernel's timer, at the slowest 100 times a second (CONFIG_HZ=100).
_TICK_NS = 10_000_000
_SWAPPED = (errno.ENOTDIR, errno.ELOOP)


class FileError(Exception):
    """A file that was listed can't be read. For the ingest, never for a user's eyes.

    ::

        FileError
        ├── FileVanished     it is not there any more
        ├── FileUnsettled    it changed during every attempt: try again later
        └── FileRejected     it is there and is not to be indexed: `reason`, `detail`
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class FileVanished(FileError):
    """It is not there any more, or its folder isn't."""


class FileUnsettled(FileError):
    """It changed during every attempt to read it."""


class FileRejected(FileError):
    """It is there, and is not to be indexed."""

    def __init__(self, path: str, reason: SkipReason, detail: str) -> None:
        super().__init__(path)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes, and the state it had before and after they were read."""

    data: bytes
    state: FileState


def state_of(facts: os.stat_result) -> FileState:
    """The part of an `lstat` that tells whether a file has to be read again."""
    return FileState(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino)


def oversized(size: int, limit: int) -> str:
    """The stored detail of a file that is too large."""
    return f"{size:,} bytes, over the limit of {limit:,}"


def kind_of(mode: int) -> str:
    """What a thing that is no regular file is, in words."""
    names = {
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a link",
    }
    return names.get(stat.S_IFMT(mode), "no regular file")


def read_file(root: str, path: str, limit: int) -> FileContent:
    """The content of `path` (relative to the folder `root`, with `/`), at most `limit` bytes.

    Raises one of `FileError`'s three kinds.
    """
    *folders, name = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in (*folders, name)):
        raise FileRejected(path, SkipReason.NOT_A_FILE, "not a path inside the source")
    with _outcomes(path):
        parent = _open_folder(root, folders)
        try:
            for _ in range(_ATTEMPTS):
                content = _read_once(parent, name, path, limit)
                if content is not None:
                    return content
        finally:
            os.close(parent)
    raise FileUnsettled(path)


@contextmanager
def _outcomes(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise FileVanished(path) from None
    except OSError as error:
        # A component turned into a file or a link: what was listed is gone.
        if error.errno in _SWAPPED:
            raise FileVanished(path) from None
        detail = (error.strerror or str(error)).lower()
        raise FileRejected(path, SkipReason.UNREADABLE, detail) from error


def _open_folder(root: str, folders: list[str]) -> int:
    descriptor = os.open(root, _FOLDER)
    for name in folders:
        outer = descriptor
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=outer)
        finally:
            os.close(outer)
    return descriptor


def _read_once(parent: int, name: str, path: str, limit: int) -> FileContent | None:
    """The content, or None when it changed meanwhile."""
    # Looked at before it is opened: opening a device can have effects.
    _require_file(os.stat(name, dir_fd=parent, follow_symlinks=False), path)
    descriptor = os.open(name, _FILE, dir_fd=parent)
    try:
        before = os.fstat(descriptor)
        _require_file(before, path)
        if before.st_size > limit:
            detail = oversized(before.st_size, limit)
            raise FileRejected(path, SkipReason.OVERSIZED, detail)
        _await_next_tick(before.st_ctime_ns)
        data = _read_up_to(descriptor, before.st_size + 1)
        settled = state_of(os.fstat(descriptor)) == state_of(before)
    finally:
        os.close(descriptor)
    return FileContent(data, state_of(before)) if settled and len(data) == before.st_size else None


def _require_file(facts: os.stat_result, path: str) -> None:
    if stat.S_ISLNK(facts.st_mode):
        raise FileRejected(path, SkipReason.OUTSIDE_LINK, "a link, which is not followed")
    if not stat.S_ISREG(facts.st_mode):
        raise FileRejected(path, SkipReason.NOT_A_FILE, kind_of(facts.st_mode))


def _await_next_tick(changed_ns: int) -> None:
    """Wait (10 ms at most) until a later write is sure to get another timestamp.

    Else a write just after the read could leave size and times as they are, and be missed.
    """
    age = time.time_ns() - changed_ns
    if 0 <= age < _TICK_NS:
        time.sleep((_TICK_NS - age) / 1e9)


def _read_up_to(descriptor: int, count: int) -> bytes:
    parts: list[bytes] = []
    while count > 0 and (part := os.read(descriptor, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
