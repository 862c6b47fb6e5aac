"""What the system tells about watched folders, behind one small interface for each platform."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Protocol

from indexer.watch.layout import Target


class Listener(Protocol):
    """Hears of one folder, on a thread of the backend. Its methods return soon and don't raise."""

    def entry(self, name: str, *, is_folder: bool) -> None:
        """The entry `name` was created, changed, moved here, moved away or deleted."""

    def gone(self) -> None:
        """The folder itself was moved or deleted; nothing more may be heard of it."""

    def lost(self) -> None:
        """Events were dropped, nobody knows which."""


class Backend(Protocol):
    """Watches single folders, not what is below them.

    One thread at a time calls it, perhaps with a lock that listeners want: so no method may wait
    for a listener, except `stop`, which is called without.
    """

    def add(self, target: Target, listener: Listener) -> int:
        """Watch a folder; gives a handle for `remove`.

        Raises OSError: ENOENT or ENOTDIR when there is no such folder (a link is none), EACCES
        when it may not be read, ENOSPC or EMFILE when a limit of the system is reached.
        """
        ...

    def remove(self, handles: Iterable[int]) -> None:
        """Stop watching; a folder that is gone is fine."""

    def is_alive(self) -> bool:
        """Whether events can still arrive."""
        ...

    def stop(self) -> None:
        """End all watches and threads, and wait for the threads."""


def open_backend() -> Backend:
    """The backend for this platform. Raises OSError when the system refuses (EMFILE)."""
    # Imported late: a command that never watches should not pay for watchdog.
    if sys.platform != "linux":
        from indexer.watch.observer import ObserverBackend  # noqa: PLC0415

        return ObserverBackend()
    from indexer.watch.inotify import InotifyBackend  # noqa: PLC0415

    return InotifyBackend()
