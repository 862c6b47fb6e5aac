"""macOS and others: watchdog's stock observer.

FSEvents listens to whole trees and needs no watch for each folder, so one recursive watch for each
anchor serves all of its folders; events in other folders are dropped here. The observer holds its
lock while it dispatches, and wants it to schedule; a queue keeps listeners out of that lock.
"""

from __future__ import annotations

import errno
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import count
from queue import SimpleQueue
from threading import Lock, Thread

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

from indexer.watch.backend import Listener
from indexer.watch.layout import Target

# A modified folder only repeats what the events of its entries say, hence no `DirModifiedEvent`.
_EVENTS: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class ObserverBackend(FileSystemEventHandler):
    """See `Backend`."""

    def __init__(self) -> None:
        self._observer = Observer()
        self._observer.start()
        self._ids = count(1)
        self._lock = Lock()
        self._targets: dict[int, tuple[Target, Listener]] = {}
        self._handles: defaultdict[str, set[int]] = defaultdict(set)
        self._anchors: Counter[str] = Counter()
        self._trees: dict[str, ObservedWatch] = {}
        self._queue: SimpleQueue[FileSystemEvent | None] = SimpleQueue()
        self._teller = Thread(target=self._tell_all, name="dustlocal-watch", daemon=True)
        self._teller.start()

    def add(self, target: Target, listener: Listener) -> int:
        if os.path.islink(target.path) or not os.path.isdir(target.path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), target.path)
        if target.anchor not in self._trees:
            self._trees[target.anchor] = self._observer.schedule(
                self, target.anchor, recursive=True, event_filter=_EVENTS
            )
        handle = next(self._ids)
        with self._lock:
            self._anchors[target.anchor] += 1
            self._targets[handle] = (target, listener)
            self._handles[target.path].add(handle)
        return handle

    def remove(self, handles: Iterable[int]) -> None:
        for anchor in [anchor for each in handles if (anchor := self._drop(each))]:
            self._observer.unschedule(self._trees.pop(anchor))

    def is_alive(self) -> bool:
        return self._observer.is_alive() and self._teller.is_alive()

    def stop(self) -> None:
        self._observer.stop()
        self._observer.join()
        self._queue.put(None)
        self._teller.join()

    def dispatch(self, event: FileSystemEvent) -> None:
        self._queue.put(event)

    def _tell_all(self) -> None:
        while (event := self._queue.get()) is not None:
            for each in {event.src_path, event.dest_path}:
                if each:
                    self._tell(os.fsdecode(each), is_folder=event.is_directory)
            if isinstance(event, (DirDeletedEvent, DirMovedEvent)):
                for listener in self._listeners(os.fsdecode(event.src_path)):
                    listener.gone()

    def _tell(self, path: str, *, is_folder: bool) -> None:
        folder, name = os.path.split(path)
        for listener in self._listeners(folder):
            listener.entry(name, is_folder=is_folder)

    def _listeners(self, folder: str) -> list[Listener]:
        with self._lock:
            return [self._targets[each][1] for each in self._handles.get(folder, ())]

    def _drop(self, handle: int) -> str | None:
        """Forget a handle; gives its anchor if that was the last one there."""
        with self._lock:
            target, _ = self._targets.pop(handle)
            self._handles[target.path].discard(handle)
            if not self._handles[target.path]:
                del self._handles[target.path]
            self._anchors[target.anchor] -= 1
            return None if self._anchors[target.anchor] else target.anchor
