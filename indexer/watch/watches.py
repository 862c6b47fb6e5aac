"""The watches of all sources over one backend, and what becomes of them in trouble. Has no lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread

from indexer.model import SourceId
from indexer.watch.backend import Backend, Listener
from indexer.watch.coalesce import Batch, Coalescer, Reason
from indexer.watch.layout import Target
from indexer.watch.limits import (
    Mode,
    Trouble,
    WatchState,
    limit_trouble,
    overflow_trouble,
    thread_trouble,
)
from indexer.watch.place import Place


@dataclass(slots=True)
class Watches:
    """Keeps each source's watches as they should be, or has it polled when that can't be.

    `recheck_seconds` passes between looks at a source that is watched, and before watches that
    failed are tried again; `poll_seconds` between looks at one that isn't.
    """

    coalescer: Coalescer
    open_backend: Callable[[], Backend]
    listen: Callable[[Place, Target], Listener]
    recheck_seconds: float
    poll_seconds: float
    _places: dict[SourceId, Place] = field(default_factory=dict)
    _backend: Backend | None = None

    def place(self, source: SourceId, root: str, now: float) -> Place:
        """The source's place, made (with a first batch) if it isn't known or has moved."""
        place = self._places.get(source)
        if place is not None and place.root == root:
            return place
        if place is not None:
            place.release(self._backend)
        self._places[source] = place = Place(source, root)
        self.coalescer.add(source, self.recheck_seconds, now)
        self.coalescer.note_rescan(source, Reason.STARTED, now)
        return place

    def forget(self, source: SourceId) -> None:
        place = self._places.pop(source, None)
        if place is not None:
            place.release(self._backend)
        self.coalescer.remove(source)

    def state(self, source: SourceId) -> WatchState:
        place = self._places.get(source)
        return place.state() if place else WatchState(Mode.POLLING, 0, "not watched yet")

    def check(self, batch: Batch, now: float) -> Batch | None:
        """The batch as the disk has it; None: the root is still gone, which was said before.

        For a whole source, watches are brought up to date before the consumer looks, so that
        nothing can change between the two unseen.
        """
        place = self._places[batch.source]
        was_gone, place.gone = place.gone, not place.root_is_there()
        if place.gone:
            place.release(self._backend)
            batch = Batch(batch.source, None, Reason.ROOT_GONE)
        elif was_gone:
            batch = Batch(batch.source, None, Reason.ROOT_BACK)
        if batch.paths is None:
            self._leave_dead_backend(now)
            self.apply(place, now)
        self._choose_interval(place, now)
        return None if place.gone and was_gone else batch

    def apply(self, place: Place, now: float) -> set[str]:
        """Bring a source's watches up to date; gives the folders that are watched from now on."""
        trouble = place.trouble
        if place.gone or (trouble is not None and trouble.blind and now < place.retry_at):
            return set()
        if trouble is not None and now >= place.retry_at:
            place.trouble = None
        try:
            if self._backend is None:
                self._backend = self.open_backend()
            return place.apply(self._backend, self.listen)
        except OSError as error:
            # Half a source's watches would use up what the user's editor needs, and not do.
            place.release(self._backend)
            self._fall_back(place, limit_trouble(error), now)
            return set()

    def lost(self, place: Place, now: float) -> None:
        """Events of this source were dropped: its watches stay, and it is polled for a while."""
        self._fall_back(place, overflow_trouble(), now)
        self.coalescer.note_rescan(place.source, Reason.OVERFLOW, now)

    def close(self) -> Backend | None:
        """Forget everything; gives the backend, to be stopped without a lock held."""
        for source in self._places:
            self.coalescer.remove(source)
        self._places.clear()
        backend, self._backend = self._backend, None
        return backend

    def _leave_dead_backend(self, now: float) -> None:
        if self._backend is None or self._backend.is_alive():
            return
        for place in self._places.values():
            place.release(self._backend)
            self._fall_back(place, thread_trouble(), now)
        # On a thread of its own, because stopping may wait for one that waits for our caller.
        Thread(target=self._backend.stop, name="dustlocal-watch-end", daemon=True).start()
        self._backend = None

    def _fall_back(self, place: Place, trouble: Trouble, now: float) -> None:
        place.trouble = trouble
        place.retry_at = now + self.recheck_seconds
        self._choose_interval(place, now)

    def _choose_interval(self, place: Place, now: float) -> None:
        healthy = place.trouble is None and not place.gone
        seconds = self.recheck_seconds if healthy else self.poll_seconds
        self.coalescer.set_interval(place.source, seconds, now)
