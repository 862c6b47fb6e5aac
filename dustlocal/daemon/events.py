"""The event stream: what happens in the daemon, told to whoever listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from dustlocal.api import Event

_WAITING = 1_000
"""Events kept for a listener that is slow; beyond that it loses its oldest ones."""


class Listener:
    """One subscription: an asynchronous iterator that ends when the stream is closed."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING)

    def offer(self, event: Event | None) -> None:
        """Hand over an event (None: there will be no more) without ever waiting."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(event)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while (event := await self._queue.get()) is not None:
            yield event


class EventStream:
    """Tells every event to every listener. All methods belong to the event loop's thread."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._closed = False

    def publish(self, event: Event) -> None:
        """Tell all listeners."""
        for listener in self._listeners:
            listener.offer(event)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener for what happens inside the `with` block."""
        listener = Listener()
        self._listeners.add(listener)
        if self._closed:
            listener.offer(None)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every subscription, present and future: the daemon stops."""
        self._closed = True
        for listener in self._listeners:
            listener.offer(None)
