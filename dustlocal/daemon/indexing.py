"""Keeping every source's index up to date: who watches, who refreshes, and in which order.

Files before commits before vectors, of all sources; what somebody waits for before everything
else. Refreshing and embedding happen in worker processes, one job at a time each; here is only
the order of things. Everything belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from dustlocal.api import CoverageInfo, Event, SourceChanged
from dustlocal.daemon.events import EventStream
from dustlocal.daemon.jobs import (
    Added,
    AddSource,
    RefreshCommits,
    Refreshed,
    RefreshFiles,
    RemoveSource,
)
from dustlocal.daemon.settings import SourceSettings
from dustlocal.daemon.sources import SourceState, with_pending
from dustlocal.daemon.vectors import Vectors
from dustlocal.daemon.workers import Lane, Urgency
from dustlocal.errors import (
    DaemonStopping,
    DustLocalError,
    ScopeError,
    SourceNotFound,
    SourceUnreadable,
    StoreBusy,
)
from indexer.model import Source, SourceId
from indexer.watch import Batch, Watcher

log = logging.getLogger(__name__)

_BUSY_SECONDS = 5.0
"""When to try again while another process (`index --once`) writes the index."""

_LOOK_SECONDS = 0.01
"""How often to see whether a change that was heard of has been given out: within 0.3 s."""

_CANCEL_SECONDS = 1.0
"""When to cancel a task once more."""

_UNSETTLED_SECONDS = 1.0
"""When to look again at a file that kept changing while it was read."""


@dataclass(slots=True)
class Indexing:
    """All known sources and the work on them."""

    ingest: Lane
    vectors: Vectors
    watcher: Watcher
    stream: EventStream
    settings: SourceSettings
    states: dict[SourceId, SourceState]
    _tasks: set[asyncio.Task[None]]

    @classmethod
    def over(
        cls,
        ingest: Lane,
        vectors: Vectors,
        watcher: Watcher,
        stream: EventStream,
        settings: SourceSettings,
    ) -> Indexing:
        """An `Indexing` that knows no source yet."""
        return cls(ingest, vectors, watcher, stream, settings, {}, set())

    def known(self) -> list[Source]:
        """Every known source."""
        return [state.source for state in self.states.values()]

    def state(self, source: SourceId) -> SourceState:
        """What is known of a source. Errors: `ScopeError`."""
        found = self.states.get(source)
        if found is None:
            raise ScopeError("the source was removed meanwhile")
        return found

    def complete(self, ids: Iterable[SourceId], info: CoverageInfo) -> CoverageInfo:
        """Stored coverage with what is known beyond it. May be called from any thread."""
        known = [self.states[each] for each in ids if each in self.states]
        waited = [self.watcher.waiting(state.id) or 0.0 for state in known]
        info = with_pending(known, info, max(waited, default=0.0))
        note = self.vectors.note if info.vectors_pending else ""
        return msgspec.structs.replace(info, notes=(*info.notes, note)) if note else info

    async def settled(self, state: SourceState) -> None:
        """Return when every change that was heard of is indexed."""
        while state.refreshes or self.watcher.waiting(state.id) is not None:
            if state.refreshes:
                await state.clean.wait()
            else:
                await asyncio.sleep(_LOOK_SECONDS)

    async def track(self, sources: Iterable[Source]) -> None:
        """Begin to keep these sources up to date; each is looked at whole, at once."""
        for source in sources:
            if source.id not in self.states:
                state = SourceState(source, await asyncio.to_thread(self.settings.of, source))
                self.states[source.id] = state
                # Without folders: the first batch, of the whole source, brings them.
                self._watch(state, frozenset())

    async def run(self) -> None:
        """Apply batches until the watcher stops."""
        async for batch in self.watcher.batches():
            self._spawn(self._apply(batch))

    async def add(self, path: str) -> tuple[SourceState, bool]:
        """The source at `path`, and whether it is new. Errors: `SourceError`, `StoreError`."""
        added: Added = await self.ingest.submit(AddSource(path=path), Urgency.INTERACTIVE)
        source = added.source
        is_new = source.id not in self.states
        if is_new:
            await self.track([source])
            self._tell(SourceChanged(source=source.name, what="added", detail=source.root))
        return self.states[source.id], is_new

    async def remove(self, state: SourceState) -> None:
        """Forget a source and everything stored of it; running work on it is stopped."""
        self.watcher.forget(state.id)
        self.states.pop(state.id, None)
        self.ingest.cancel(state.id)
        self.vectors.cancel(state.id)
        state.passed.set()
        state.clean.set()
        await self.ingest.submit(RemoveSource(source=state.id), Urgency.INTERACTIVE)
        self._tell(SourceChanged(source=state.source.name, what="removed"))

    async def refresh(
        self, state: SourceState, urgency: Urgency, paths: tuple[str, ...] | None = None
    ) -> None:
        """Compare with the disk and index what differs. Errors are raised and remembered."""
        state.begin()
        await self._refresh(state, urgency, paths)

    async def refresh_commits(self, state: SourceState, urgency: Urgency) -> None:
        """Index commits that are new. Errors: `GitError`, `StoreError`."""
        if not state.chosen.index.commits or state.source.git_dir is None:
            return
        job = RefreshCommits(source=state.id, settings=state.chosen.index)
        try:
            await self.ingest.submit(job, urgency, self._progress(state, "commits"))
        finally:
            state.finished("commits")

    async def close(self) -> None:
        """Stop watching and working."""
        await self.watcher.stop()
        await cancelled(self._tasks)

    async def _apply(self, batch: Batch) -> None:
        state = self.states.get(batch.source)
        if state is None:
            self.watcher.forget(batch.source)
            return
        state.begin()
        paths = None if batch.paths is None else tuple(batch.paths)
        log.debug("%s: %s, %s", state.source.name, batch.reason, _amount(paths))
        try:
            await self._refresh(state, Urgency.CHANGED, paths)
        except DaemonStopping:
            return
        except DustLocalError as error:
            log.warning("%s: %s", state.source.name, error)
            if isinstance(error, StoreBusy):
                self._look_again(state, _BUSY_SECONDS)
        finally:
            self.watcher.done(batch.source)
        if paths is None and state.state == "ready":
            await self._follow_up(state)

    async def _follow_up(self, state: SourceState) -> None:
        try:
            await self.refresh_commits(state, Urgency.HISTORY)
        except DustLocalError as error:
            log.warning("%s: commits: %s", state.source.name, error)
        self.vectors.look(state)

    async def _refresh(
        self, state: SourceState, urgency: Urgency, paths: tuple[str, ...] | None
    ) -> None:
        try:
            if paths is None:
                state.chosen = await asyncio.to_thread(self.settings.of, state.source)

            def job() -> RefreshFiles:
                # Settings as they are when it starts: a job that waited must not undo new ones.
                return RefreshFiles(source=state.id, paths=paths, settings=state.chosen.index)

            progress = self._progress(state, "files")
            done: Refreshed = await self.ingest.submit(job(), urgency, progress, renew=job)
        except DustLocalError as error:
            gone = isinstance(error, (SourceNotFound, SourceUnreadable))
            state.end("missing" if gone else "failed", str(error))
            self._tell_trouble(state)
            raise
        except asyncio.CancelledError:
            state.give_up()
            raise
        finally:
            state.finished("files")
        state.end("ready")
        self._settle(state, done, paths)

    def _settle(self, state: SourceState, done: Refreshed, paths: tuple[str, ...] | None) -> None:
        if done.folders is not None:
            self._watch(state, done.folders)
        if done.unsettled:
            self._look_again(state, _UNSETTLED_SECONDS)
        if done.rebuilt:
            detail = "its index was damaged, was set aside and has been rebuilt"
            self._tell(SourceChanged(source=state.source.name, what="rebuilt", detail=detail))
            for other in self._in_the_same_shard(state):
                self.watcher.rescan(other.id)
        if done.read or done.removed:
            detail = f"{done.read} read, {done.removed} removed"
            self._tell(SourceChanged(source=state.source.name, what="refreshed", detail=detail))
        if done.read or done.rebuilt or paths is None:
            self.vectors.look(state)

    def _in_the_same_shard(self, state: SourceState) -> list[SourceState]:
        """The other work trees of the source's repository: they are stored in one file."""
        home = state.source.common_dir
        return [
            other
            for other in self.states.values()
            if home is not None and other.source.common_dir == home and other is not state
        ]

    def _look_again(self, state: SourceState, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self.watcher.rescan, state.id)

    def _watch(self, state: SourceState, folders: frozenset[str]) -> None:
        source = state.source
        self.watcher.set_folders(source.id, source.root, folders, source.git_dir, source.common_dir)

    def _progress(self, state: SourceState, phase: Any) -> Callable[[int, int], None]:
        return lambda done, total: self.stream.publish(state.progressed(phase, done, total))

    def _tell(self, event: Event) -> None:
        log.info("%s", event)
        self.stream.publish(event)

    def _tell_trouble(self, state: SourceState) -> None:
        name, detail = state.source.name, state.problem
        if state.state == "missing":
            self._tell(SourceChanged(source=name, what="missing", detail=detail))
        else:
            self._tell(SourceChanged(source=name, what="failed", detail=detail))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(log_crash)


async def cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a wait may swallow a cancellation that meets its end."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_SECONDS)


def log_crash(task: asyncio.Task[None]) -> None:
    """A callback for background tasks, whose exceptions nobody awaits."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background work failed", exc_info=error)


def _amount(paths: tuple[str, ...] | None) -> str:
    return "all of it" if paths is None else f"{len(paths)} paths"
