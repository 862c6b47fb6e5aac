"""Vectors in the background: made when there is nothing else to do, and only for new content.

The embedding process exists only while there is something to embed. It steps back whenever files
or commits want indexing, and waits for mains power if the settings say so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from dustlocal.config import EmbeddingSettings
from dustlocal.daemon.embedders import is_native, makes_vectors
from dustlocal.daemon.events import EventStream
from dustlocal.daemon.jobs import EmbedPending, EmbedQuery, Vector
from dustlocal.daemon.sources import SourceState
from dustlocal.daemon.workers import Lane, Urgency
from dustlocal.errors import DustLocalError, ScopeError, WeightsMissing
from indexer.model import SourceId

log = logging.getLogger(__name__)

_QUIET_SECONDS = 1.0
"""Vectors wait until nothing has changed for so long: a burst of saves starts one process."""

_LINGER_SECONDS = 5.0
"""How long the process is kept after its work, in case there is more at once."""

_BATTERY_SECONDS = 30.0
"""How often to look whether the machine is on mains power again."""


class Vectors:
    """The sources whose vectors may be incomplete, and the process that completes them."""

    def __init__(
        self,
        lane: Lane,
        ingest: Lane,
        settings: EmbeddingSettings,
        pending: Callable[[SourceId], int],
        stream: EventStream,
        *,
        native_idle_seconds: float,
    ) -> None:
        self._lane = lane
        self._ingest = ingest
        self._settings = settings
        self._pending = pending
        self._stream = stream
        self._linger_seconds = native_idle_seconds if is_native(settings) else _LINGER_SECONDS
        self._due: dict[SourceId, SourceState] = {}
        self._wake = asyncio.Event()
        self._problem: DustLocalError | None = None
        self._on_battery = False
        self._going = asyncio.Event()
        self._going.set()
        lane.may_run = self._may_run
        ingest.on_busy = lane.step_back
        ingest.on_idle = lane.nudge

    @property
    def note(self) -> str:
        """Why vectors that are missing are not being made; "" when they are."""
        if not makes_vectors(self._settings):
            return "vectors: switched off (embedding.model = none)"
        if self._problem is not None:
            hint = f" ({self._problem.hint})" if self._problem.hint else ""
            return f"vectors: {self._problem}{hint}"
        if not self._going.is_set():
            return "vectors: paused (go on with: dustlocal index --resume)"
        return "vectors: paused while the machine runs on its battery" if self._on_battery else ""

    def pause(self, *, paused: bool) -> None:
        """Stop what is made in the background, or go on; what somebody waits for goes on."""
        if paused:
            self._going.clear()
            self._lane.step_back()
        else:
            self._going.set()
            self._lane.nudge()

    def look(self, state: SourceState) -> None:
        """A source may have content without vectors: the one touched last comes first."""
        if makes_vectors(self._settings):
            self._due.pop(state.id, None)
            self._due[state.id] = state
            self._wake.set()

    def retry(self) -> None:
        """What was missing may be there now: models were pulled."""
        self._problem = None
        self._wake.set()

    def cancel(self, source: SourceId) -> None:
        """The source is being removed."""
        self._due.pop(source, None)
        self._lane.cancel(source)

    async def complete(self, state: SourceState, urgency: Urgency) -> None:
        """Make all vectors that a source lacks, now. Errors: `WeightsMissing`, `WorkerDied`, …"""
        if not makes_vectors(self._settings) or not await self._is_pending(state):
            return
        try:
            await self._lane.submit(
                EmbedPending(source=state.id), urgency, lambda *at: self._tell(state, *at)
            )
        except DustLocalError as error:
            self._problem = None if isinstance(error, ScopeError) else error
            raise
        finally:
            state.finished("vectors")
        self._problem = None

    async def embed_query(self, text: str) -> Vector:
        """The vector of a query, from the embedding process."""
        vector: Vector = await self._lane.submit(EmbedQuery(text=text), Urgency.INTERACTIVE)
        self._wake.set()  # so that the process is ended again some time later
        return vector

    async def run(self) -> None:
        """Work in the background until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(_QUIET_SECONDS)
            await self._work()
            await self._linger()

    async def _work(self) -> None:
        while self._due:
            await self._going.wait()
            await self._ingest.wait_idle()
            if self._settings.pause_on_battery and await asyncio.to_thread(_is_on_battery):
                self._on_battery = True
                await asyncio.sleep(_BATTERY_SECONDS)
                continue
            self._on_battery = False
            if isinstance(self._problem, WeightsMissing):
                return  # Until `retry`: a process that finds out again costs half a second.
            _, state = self._due.popitem()
            try:
                await self.complete(state, Urgency.BACKGROUND)
            except DustLocalError as error:
                log.warning("vectors of %s: %s", state.source.name, error)
                if isinstance(error, WeightsMissing):
                    self._due.setdefault(state.id, state)

    def _may_run(self, urgency: Urgency) -> bool:
        return urgency < Urgency.BACKGROUND or (self._ingest.is_idle and self._going.is_set())

    async def _linger(self) -> None:
        """End the process when nothing more comes for it."""
        try:
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that meets the wake-up.
            async with asyncio.timeout(self._linger_seconds):
                await self._wake.wait()
        except TimeoutError:
            if self._lane.is_idle:
                await self._lane.rest()

    async def _is_pending(self, state: SourceState) -> bool:
        return await asyncio.to_thread(self._pending, state.id) > 0

    def _tell(self, state: SourceState, done: int, total: int) -> None:
        self._stream.publish(state.progressed("vectors", done, total))


def _is_on_battery() -> bool:
    import psutil  # noqa: PLC0415 - 15 ms, when there is something to embed

    sensors = getattr(psutil, "sensors_battery", None)
    battery = sensors() if sensors else None
    return battery is not None and battery.power_plugged is False
