"""Linux: one inotify instance and one thread for all folders.

watchdog's stock observer starts a thread for each scheduled folder, which for 600 folders is 600
threads. Below it, `InotifyFD` already shares one instance (the default limit is 128 a user) and
one thread that blocks in `poll(2)`, and takes a callback for each watch: that is used here.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from indexer.watch.backend import Listener
from indexer.watch.layout import Target

MASK = Mask(
    InotifyConstants.IN_MODIFY
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_ATTRIB
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)
"""What changes a folder, see inotify(7). Opening and reading are left out: indexing does both, and
would wake itself for ever. One mask for all, because the kernel keeps one for each folder."""

_SELF = InotifyConstants.IN_DELETE_SELF | InotifyConstants.IN_MOVE_SELF


@dataclass(frozen=True, slots=True, eq=False)
class _Callback:
    """watchdog's `WatchCallback`, for one folder and one listener."""

    listener: Listener

    def on_event(self, event: InotifyEvent) -> None:
        if event.mask & _SELF:
            self.listener.gone()
        elif event.name:
            is_folder = bool(event.mask & InotifyConstants.IN_ISDIR)
            self.listener.entry(os.fsdecode(event.name), is_folder=is_folder)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        self.listener.gone()

    def on_queue_overflow(self) -> None:
        self.listener.lost()


class InotifyBackend:
    """See `Backend`. Raises OSError (EMFILE) when no inotify instance is left for the user."""

    def __init__(self) -> None:
        self._fd = InotifyFD()
        self._fd.start()
        self._ids = count(1)
        self._descriptors: dict[int, WatchDescriptor] = {}

    def add(self, target: Target, listener: Listener) -> int:
        handle = next(self._ids)
        path, callback = os.fsencode(target.path), _Callback(listener)
        descriptor = self._fd.add_callback(path, MASK, callback, CallbackId(handle))
        self._descriptors[handle] = descriptor
        if descriptor == -1:  # This is how watchdog reports EACCES, and only that.
            self.remove([handle])
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target.path)
        return handle

    def remove(self, handles: Iterable[int]) -> None:
        pairs = [(self._descriptors.pop(each), CallbackId(each)) for each in handles]
        self._fd.remove_callbacks(pairs)

    def is_alive(self) -> bool:
        return self._fd.is_alive()

    def stop(self) -> None:
        self._fd.stop()
        self._fd.join()
