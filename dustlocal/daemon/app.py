"""The HTTP application: routes, bodies, errors and streams. What they mean is the service's.

Every response carries the daemon's version, and every request that does work has to carry the
same one: a client and a daemon of different versions never act on each other's messages.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dustlocal import __version__, api
from dustlocal.daemon.events import EventStream
from dustlocal.daemon.service import Service
from dustlocal.daemon.streams import all_events, bug, events_while
from dustlocal.errors import (
    DustLocalError,
    RequestInvalid,
    RequestTooLarge,
    VersionMismatch,
    error_body,
    http_status,
)

log = logging.getLogger(__name__)

_HEADERS = {api.VERSION_HEADER: __version__}

MessageT = TypeVar("MessageT", bound=msgspec.Struct)
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Doors:
    """The routes that do more than decode, call a use case and encode."""

    service: Service
    stream: EventStream
    stop: Callable[[], None]

    async def hello(self, _: Request) -> Response:
        """Who answers; open to every version."""
        return _json(api.Hello(version=__version__, pid=os.getpid()))

    async def shutdown(self, _: Request) -> Response:
        """Begin the graceful end; open to every version."""
        self.stop()
        return _json(api.Hello(version=__version__, pid=os.getpid()))

    async def status(self, request: Request) -> Response:
        """The daemon and its sources."""
        skipped = request.query_params.get("skipped") == "1"
        return _json(await self.service.status(skipped=skipped))

    async def sources(self, _: Request) -> Response:
        """The known sources."""
        return _json(await self.service.sources())

    async def events(self, _: Request) -> Response:
        """What happens from now on, to all sources."""
        return _streamed(all_events(self.stream))

    async def prepare(self, request: Request) -> Response:
        """A stream that ends when the scope has been looked at once."""
        message = await _body(request, api.PrepareRequest)

        async def work(about: set[str]) -> str:
            await self.service.prepare(message, about)
            return ""

        return _streamed(events_while(self.stream, work))

    async def index(self, request: Request) -> Response:
        """A stream that ends when the scope is up to date."""
        message = await _body(request, api.IndexRequest)
        return _streamed(
            events_while(self.stream, lambda about: self.service.index(message, about))
        )


def create_app(service: Service, stream: EventStream, stop: Callable[[], None]) -> Starlette:
    """The application over `service`; `stop` begins the daemon's graceful end."""
    doors = Doors(service, stream, stop)
    routes = [
        Route("/v1/hello", doors.hello),
        Route("/v1/shutdown", doors.shutdown, methods=["POST"]),
        Route("/v1/status", _checked(doors.status)),
        Route("/v1/sources", _checked(doors.sources), methods=["GET"]),
        Route("/v1/events", _checked(doors.events)),
        Route("/v1/prepare", _checked(doors.prepare), methods=["POST"]),
        Route("/v1/index", _checked(doors.index), methods=["POST"]),
        _answering("/v1/search", api.SearchRequest, service.search),
        _answering("/v1/ask", api.AskRequest, service.ask),
        _answering("/v1/sources/add", api.AddRequest, service.add),
        _answering("/v1/sources/remove", api.RemoveRequest, service.remove),
        _answering("/v1/vectors/pause", api.PauseRequest, service.pause),
        _answering("/v1/models/changed", api.ModelsChanged, service.models_changed),
        _answering("/v1/trust", api.TrustRequest, service.trust),
    ]
    return Starlette(
        routes=routes,
        exception_handlers={
            DustLocalError: _on_error,
            HTTPException: _on_http_error,
            Exception: _on_bug,
        },
    )


def _answering(
    path: str, kind: type[MessageT], use_case: Callable[[MessageT], Awaitable[msgspec.Struct]]
) -> Route:
    """A route whose body is one message and whose response is another."""

    async def handle(request: Request) -> Response:
        return _json(await use_case(await _body(request, kind)))

    return Route(path, _checked(handle), methods=["POST"])


def _checked(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        theirs = request.headers.get(api.VERSION_HEADER, "")
        if theirs != __version__:
            raise VersionMismatch(
                f"the daemon is version {__version__}, this program {theirs or 'does not say'}",
                hint="run `dustlocal down`, and restart programs that were open during an update",
            )
        return await handler(request)

    return handle


async def _body(request: Request, kind: type[MessageT]) -> MessageT:
    """The request's message. Errors: `RequestTooLarge`, `RequestInvalid`."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > api.MAX_BODY_BYTES:
        raise _too_large()
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > api.MAX_BODY_BYTES:
            raise _too_large()
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"{request.url.path}: {error}") from error


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(
        f"the request is larger than {api.MAX_BODY_BYTES // 1024} KiB",
        hint="shorten the query; a few sentences find more than a whole file does",
    )


def _json(message: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(message), status, headers=_HEADERS, media_type="application/json"
    )


def _streamed(events: AsyncIterator[bytes]) -> Response:
    headers = _HEADERS | {"cache-control": "no-store"}
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _on_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, DustLocalError)
    return _json(error_body(error), http_status(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = RequestInvalid(f"{request.method} {request.url.path}: {error.detail}")
    return _json(error_body(problem), error.status_code)


async def _on_bug(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _json(error_body(bug(error)), 500)
