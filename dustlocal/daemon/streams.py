"""Events as lines of a response: all of them, or those of one piece of work until it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from dustlocal import api
from dustlocal.daemon.events import EventStream, Listener
from dustlocal.errors import DaemonStopping, DustLocalError, InternalError, error_body

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 15.0
"""A stream that has nothing to say says so, or its reader could not tell it from a dead one."""

Work = Callable[[set[str]], Awaitable[str]]
"""Does something and returns what is to be said of it; it adds the names of its sources."""


async def all_events(stream: EventStream) -> AsyncIterator[bytes]:
    """Every event as server-sent events, until the stream is closed."""
    with stream.listen() as listener:
        yield b": listening\n\n"
        async for event in _with_pauses(listener):
            yield _HEARTBEAT if event is None else _line(event)


async def events_while(stream: EventStream, work: Work) -> AsyncIterator[bytes]:
    """What happens to the sources of `work` while it runs, and how it ended.

    The work ends with its reader: a client that goes away takes its request back.
    """
    about: set[str] = set()
    with stream.listen() as listener:
        task = asyncio.ensure_future(work(about))
        task.add_done_callback(lambda _: listener.offer(None))
        try:
            async for event in _with_pauses(listener):
                if event is None:
                    yield _HEARTBEAT
                elif _concerns(event, about):
                    yield _line(event)
            yield _line(_outcome(task))
        finally:
            task.cancel()


def bug(error: BaseException) -> InternalError:
    """What a client is told of an exception that nobody foresaw: no values, they may be private."""
    return InternalError(
        f"the daemon met a bug: {type(error).__name__}",
        hint="its log has the traceback: `dustlocal doctor` says where it is",
    )


_HEARTBEAT = b": still here\n\n"


async def _with_pauses(listener: Listener) -> AsyncIterator[api.Event | None]:
    """The listener's events, and None whenever there was none for a while."""
    events = aiter(listener)
    upcoming = asyncio.ensure_future(anext(events, _END))
    try:
        while True:
            done, _ = await asyncio.wait([upcoming], timeout=_HEARTBEAT_SECONDS)
            if not done:
                yield None
                continue
            event = upcoming.result()
            if event is _END:
                return
            upcoming = asyncio.ensure_future(anext(events, _END))
            yield event
    finally:
        upcoming.cancel()


_END = api.Finished()


def _concerns(event: api.Event, about: set[str]) -> bool:
    if isinstance(event, api.SourceChanged):
        # An addition is told before the request that asked for it learns the name.
        return event.what == "added" or event.source in about
    return isinstance(event, api.Progress) and event.source in about


def _outcome(task: asyncio.Future[str]) -> api.Event:
    if not task.done() or task.cancelled():
        return _failed(DaemonStopping("the daemon is stopping", hint="run the command again"))
    error = task.exception()
    if error is None:
        return api.Finished(detail=task.result())
    if isinstance(error, DustLocalError):
        return _failed(error)
    log.error("a streamed request failed", exc_info=error)
    return _failed(bug(error))


def _failed(error: DustLocalError) -> api.Failed:
    body = error_body(error)
    return api.Failed(code=body.code, message=body.message, hint=body.hint)


def _line(event: api.Event) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"
