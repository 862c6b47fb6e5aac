"""The one object that watches all sources of the daemon and hands out batches."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from threading import Lock
from types import TracebackType
from typing import Self

from indexer.model import SourceId
from indexer.watch.backend import Backend, open_backend
from indexer.watch.coalesce import Batch, Coalescer, Reason
from indexer.watch.layout import Target, refuse_outside
from indexer.watch.limits import WatchState
from indexer.watch.place import Place
from indexer.watch.watches import Watches

RECHECK_SECONDS = 300.0
"""How often a watched source is looked at whole: events are hints, and some never come."""

POLL_SECONDS = 10.0
"""How often instead, when the system's events can't be relied on."""


class Watcher:
    """Watches sources and hands out batches of what may have changed, at most one a source.

    The consumer takes batches on an asyncio loop, looks at the disk, and calls `done` when it has
    (after a failure as well, then with `rescan`). After each batch of a whole source, and when it
    meets a folder it didn't know, it calls `set_folders`. Batches may be taken by one task at a
    time; all other methods may be called from any thread. Writes nothing to the disk.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        recheck_seconds: float = RECHECK_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        open_backend: Callable[[], Backend] = open_backend,
    ) -> None:
        self._clock = clock
        self._lock = Lock()
        self._coalescer = Coalescer()
        self._watches = Watches(
            self._coalescer,
            open_backend,
            lambda place, target: _Ear(self, place, target),
            recheck_seconds,
            min(poll_seconds, recheck_seconds),
        )
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sleep_until = -math.inf
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def set_folders(
        self,
        source: SourceId,
        root: str,
        folders: frozenset[str],
        git_dir: str | None = None,
        common_dir: str | None = None,
    ) -> None:
        """Say which folders of a source hold files (relative, "" for the root), first or anew.

        `root`, `git_dir` and `common_dir` are real paths. A source that is new gets a batch for
        all of it. Folders that are watched from now on are put into a batch as well: they may
        have changed between the consumer's look and the watch. After `stop`: does nothing.
        Raises ValueError for a folder that doesn't lie in the source.
        """
        refuse_outside(folders)
        with self._lock:
            if self._stopped:
                return
            now = self._clock()
            place = self._watches.place(source, root, now)
            place.settle(folders, git_dir, common_dir)
            for folder in self._watches.apply(place, now):
                self._coalescer.note(source, folder, now, started=True)
            self._nudge(source)

    def forget(self, source: SourceId) -> None:
        """End the watches of a source and drop what is pending. Unknown: does nothing."""
        with self._lock:
            self._watches.forget(source)

    def rescan(self, source: SourceId) -> None:
        """Ask for a batch of the whole source: after a failure, or because the user wants it."""
        with self._lock:
            self._coalescer.note_rescan(source, Reason.REQUESTED, self._clock())
            self._nudge(source)

    def done(self, source: SourceId) -> None:
        """The batch of this source that was taken last has been dealt with."""
        with self._lock:
            self._coalescer.done(source, self._clock())
            self._nudge(source)

    def waiting(self, source: SourceId) -> float | None:
        """For how many seconds a change has been heard of and not been given out; None: none."""
        with self._lock:
            return self._coalescer.waiting(source, self._clock())

    def state(self, source: SourceId) -> WatchState:
        """How a source is watched, and the fix if that is not as it should be."""
        with self._lock:
            return self._watches.state(source)

    async def batches(self) -> AsyncIterator[Batch]:
        """Batches until `stop`."""
        while (batch := await self.next_batch()) is not None:
            yield batch

    async def next_batch(self) -> Batch | None:
        """The next batch, None after `stop`. No batch is lost when the wait is cancelled.

        Raises RuntimeError when another task is waiting already.
        """
        if self._loop is not None:
            raise RuntimeError("one task at a time may take batches")
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopped:
                with self._lock:
                    now = self._clock()
                    if (batch := self._take(now)) is not None:
                        return batch
                    self._wake.clear()
                    self._sleep_until = self._coalescer.next_due()
                    seconds = self._sleep_until - now
                await self._sleep(seconds)
            return None
        finally:
            with self._lock:
                self._loop = None

    async def stop(self) -> None:
        """End all watches, the thread and the wait for a batch. Again: does nothing."""
        with self._lock:
            self._stopped = True
            backend = self._watches.close()
            self._wake_up()
        if backend is not None:
            await asyncio.to_thread(backend.stop)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                await self._wake.wait()
        except TimeoutError:
            return  # A batch is due.

    # What follows is called with the lock held.

    def _take(self, now: float) -> Batch | None:
        while (batch := self._coalescer.take(now)) is not None:
            if (checked := self._watches.check(batch, now)) is not None:
                return checked
            self._coalescer.done(batch.source, now)
        return None

    def _nudge(self, source: SourceId) -> None:
        """Wake the waiting task if this source is due before it would wake by itself."""
        if self._coalescer.due(source) < self._sleep_until:
            self._wake_up()

    def _wake_up(self) -> None:
        self._sleep_until = -math.inf
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    # What follows is called by the backend's thread, without the lock.

    def _on_entry(self, place: Place, target: Target, name: str, is_folder: bool) -> None:
        reason = target.rescan_reason(name, is_folder=is_folder)
        path = target.hint(name)
        if reason is None and path is None:
            return
        with self._lock:
            if is_folder:
                place.folder_changed(target, name)
            if reason is not None:
                self._coalescer.note_rescan(place.source, reason, self._clock())
            elif path is not None:
                self._coalescer.note(place.source, path, self._clock())
            self._nudge(place.source)

    def _on_gone(self, place: Place, target: Target) -> None:
        reason = Reason.GIT_HEAD if target.folder is None else Reason.FOLDER
        with self._lock:
            place.stale.add(target.path)
            self._coalescer.note_rescan(place.source, reason, self._clock())
            self._nudge(place.source)

    def _on_lost(self, place: Place) -> None:
        with self._lock:
            self._watches.lost(place, self._clock())
            self._nudge(place.source)


@dataclass(frozen=True, slots=True)
class _Ear:
    """The watcher's listener in one folder."""

    watcher: Watcher
    place: Place
    target: Target

    def entry(self, name: str, *, is_folder: bool) -> None:
        self.watcher._on_entry(self.place, self.target, name, is_folder)

    def gone(self) -> None:
        self.watcher._on_gone(self.place, self.target)

    def lost(self) -> None:
        self.watcher._on_lost(self.place)
