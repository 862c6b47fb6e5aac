"""Every listener hears every event; a slow one loses the oldest and nobody waits for it."""

from __future__ import annotations

import asyncio

import pytest

from dustlocal.api import Event, SourceChanged
from dustlocal.daemon import events
from dustlocal.daemon.events import EventStream, Listener


def event(name: str) -> SourceChanged:
    return SourceChanged(source=name, what="refreshed")


async def heard(listener: Listener) -> list[Event]:
    return [each async for each in listener]


def test_all_listeners_hear_all_events_until_the_end() -> None:
    async def test() -> None:
        stream = EventStream()
        with stream.listen() as first, stream.listen() as second:
            stream.publish(event("a"))
            stream.publish(event("b"))
            stream.close()
            assert await heard(first) == await heard(second) == [event("a"), event("b")]

    asyncio.run(test())


def test_a_listener_hears_nothing_from_before_and_after() -> None:
    async def test() -> None:
        stream = EventStream()
        stream.publish(event("before"))
        with stream.listen() as listener:
            stream.publish(event("now"))
        stream.publish(event("after"))
        listener.offer(None)
        assert await heard(listener) == [event("now")]

    asyncio.run(test())


def test_listening_to_a_closed_stream_ends_at_once() -> None:
    async def test() -> None:
        stream = EventStream()
        stream.close()
        with stream.listen() as listener:
            assert await heard(listener) == []

    asyncio.run(test())


def test_a_slow_listener_loses_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_WAITING", 3)

    async def test() -> None:
        stream = EventStream()
        with stream.listen() as listener:
            for name in "abcde":
                stream.publish(event(name))
            stream.close()
            assert await heard(listener) == [event("d"), event("e")]

    asyncio.run(test())
