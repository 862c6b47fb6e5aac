"""A daemon's beginning and end: its lock, its socket, and its word to whoever started it."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from dustlocal import locks
from dustlocal.errors import DustLocalError, PlaceUnusable, error_body
from dustlocal.launch import CannotStart, Ready, Report, Taken
from dustlocal.paths import PRIVATE_UMASK, Places, private_folder

_BACKLOG = 128


def detach() -> None:
    """Leave the starter: go on in a child that nobody has to wait for.

    The starter made a session for us already. Output stays where it is, until `report`.
    """
    if os.fork():
        os._exit(0)


def report(said: Report) -> None:
    """Tell the starter, who reads our output, and let go of that output."""
    sys.stdout.flush()
    line = msgspec.json.encode(said) + b"\n"
    # A starter that was interrupted does not read; whoever comes next finds the socket.
    with contextlib.suppress(BrokenPipeError):
        os.write(1, line)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def claim(places: Places) -> locks.Lock | None:
    """Make our folders and take the daemon's lock; None when another daemon has it.

    Errors: `PlaceUnusable`.
    """
    os.umask(PRIVATE_UMASK)
    for folder in places.folders():
        private_folder(folder)
    return locks.acquire(places.daemon_lock)


@contextmanager
def open_door(path: Path) -> Iterator[socket.socket]:
    """The listening socket, mode 0600; whoever calls holds the daemon's lock.

    Because of the lock, a socket that is there already belongs to a daemon that died. Errors:
    `PlaceUnusable`.
    """
    private_folder(path.parent)
    _remove_socket(path)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        door.bind(os.fspath(path))
        path.chmod(0o600)
        door.listen(_BACKLOG)
    except OSError as error:
        door.close()
        raise PlaceUnusable(
            f"{path}: the socket can't be opened: {error.strerror or error}",
            hint="set DUSTLOCAL_HOME to a folder on a local file system",
        ) from error
    try:
        yield door
    finally:
        _remove_socket(path)
        door.close()


def _remove_socket(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise PlaceUnusable(
            f"{path}: is in the way: the daemon's socket belongs there", hint="remove it"
        )
    path.unlink()


def explain_failure(error: DustLocalError, *, is_detached: bool) -> int:
    """Tell the starter, or the terminal, why there will be no daemon; the exit code."""
    if is_detached:
        report(CannotStart(error_body(error)))
    else:
        sys.stderr.write(f"error: {error}\n{error.hint}\n")
    return 3


def explain_taken(places: Places, *, is_detached: bool) -> int:
    """Tell the starter, or the terminal, that there is a daemon already; the exit code."""
    if is_detached:
        report(Taken())
        return 0
    pid = locks.holder(places.daemon_lock)
    sys.stderr.write(f"error: a daemon runs already (process {pid})\nend it: dustlocal down\n")
    return 3


def explain_ready(places: Places, *, is_detached: bool) -> None:
    """Tell the starter, or the terminal, that the daemon answers."""
    if is_detached:
        report(Ready())
    else:
        sys.stderr.write(f"listening at {places.socket}\n")
