"""The typed client: what every front end holds, over HTTP on the daemon's Unix socket.

It starts the daemon when none answers, replaces a daemon of another version (and says so), and
raises the daemon's errors as if they had happened here. No name is resolved and no TCP socket
is ever opened.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dustlocal import __version__, api, launch
from dustlocal.errors import (
    ConnectionBroke,
    DaemonError,
    DaemonFailedToStart,
    DaemonStopping,
    DaemonUnreachable,
    VersionMismatch,
    raised_from,
)
from dustlocal.paths import Places, places

if TYPE_CHECKING:
    import httpx

_ANSWER_SECONDS = 60.0
"""An answer takes a fraction of a second; a stream says something every 15 seconds."""

_ATTEMPTS = 2
"""How often a request is sent again; all of them may be: none does harm when done twice."""

ReplyT = TypeVar("ReplyT")
Narrate = Callable[[str], None]
OnEvent = Callable[[api.Event], None]


def _silent(_: object) -> None:
    return None


class Client:
    """The daemon's operations as methods. Use it as a context manager, from one thread.

    `narrate` receives sentences for the user ("the daemon was restarted …"). Without `may_start`
    nothing is started: `DaemonUnreachable` then says that no daemon runs.
    """

    def __init__(
        self,
        where: Places | None = None,
        *,
        narrate: Narrate = _silent,
        may_start: bool = True,
    ) -> None:
        self._places = where or places()
        self._narrate = narrate
        self._may_start = may_start
        self._may_replace = may_start
        self._http: httpx.Client | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def hello(self) -> api.Hello:
        """Who answers; starts a daemon when none does."""
        return self._call("GET", "/v1/hello", api.Hello)

    def search(self, request: api.SearchRequest) -> api.SearchResponse:
        """Passages for a query, best first. Errors: `ScopeError`, `QueryError`, `StoreError`."""
        return self._call("POST", "/v1/search", api.SearchResponse, request)

    def ask(self, request: api.AskRequest) -> api.AskResponse:
        """An answer with its citations, or a refusal. Errors: as for `search`."""
        return self._call("POST", "/v1/ask", api.AskResponse, request)

    def status(self, *, skipped: bool = False) -> api.StatusResponse:
        """The daemon and its sources; with `skipped` also each file that is left out, and why."""
        path = "/v1/status?skipped=1" if skipped else "/v1/status"
        return self._call("GET", path, api.StatusResponse)

    def sources(self) -> tuple[api.SourceInfo, ...]:
        """The known sources."""
        return self._call("GET", "/v1/sources", tuple[api.SourceInfo, ...])

    def add(self, request: api.AddRequest) -> api.SourceInfo:
        """Add a source; its indexing goes on in the background. Errors: `SourceError`."""
        return self._call("POST", "/v1/sources/add", api.SourceInfo, request)

    def remove(self, request: api.RemoveRequest) -> api.SourceInfo:
        """Forget a source and everything stored of it. Errors: `ScopeError` for an unknown one."""
        return self._call("POST", "/v1/sources/remove", api.SourceInfo, request)

    def trust(self, request: api.TrustRequest) -> api.TrustResponse:
        """Trust (or no longer trust) what a source's `.dustlocal/` says now."""
        return self._call("POST", "/v1/trust", api.TrustResponse, request)

    def models_changed(self) -> None:
        """Tell the daemon that models were pulled or removed."""
        self._call("POST", "/v1/models/changed", api.ModelsChanged, api.ModelsChanged())

    def pause(self, request: api.PauseRequest) -> None:
        """Stop making vectors in the background, or go on."""
        self._call("POST", "/v1/vectors/pause", api.PauseRequest, request)

    def prepare(self, request: api.PrepareRequest, on_event: OnEvent = _silent) -> api.Finished:
        """Wait until the scope has been indexed once; returns at once when it has."""
        return self._follow("/v1/prepare", request, on_event)

    def index(self, request: api.IndexRequest, on_event: OnEvent = _silent) -> api.Finished:
        """Bring the scope up to date, with vectors unless `lexical`, and wait for it."""
        return self._follow("/v1/index", request, on_event)

    def events(self) -> Iterator[api.Event]:
        """What happens from now on, until the daemon stops or the caller does."""
        with self._stream("GET", "/v1/events", None) as events:
            yield from events

    def shutdown(self) -> bool:
        """End the daemon and wait until it has ended; whether there was one."""
        asking = Client(self._places, may_start=False)
        asking._may_replace = False
        with asking:
            return launch.stop(self._places, asking._ask_to_stop)

    def _ask_to_stop(self) -> None:
        try:
            self._call("POST", "/v1/shutdown", api.Hello)
        except DaemonError as error:
            raise DaemonUnreachable(str(error)) from error

    def _call(
        self, method: str, path: str, kind: type[ReplyT], message: msgspec.Struct | None = None
    ) -> ReplyT:
        return self._with_a_daemon(lambda: self._send(method, path, kind, message))

    def _send(
        self, method: str, path: str, kind: type[ReplyT], message: msgspec.Struct | None
    ) -> ReplyT:
        body = None if message is None else msgspec.json.encode(message)
        with _transport_errors(self._places):
            response = self._connection().request(method, path, content=body)
        _raise_for(response.status_code, response.content)
        return _decode(response.content, kind)

    def _follow(self, path: str, message: msgspec.Struct, on_event: OnEvent) -> api.Finished:
        return self._with_a_daemon(lambda: self._follow_once(path, message, on_event))

    def _follow_once(self, path: str, message: msgspec.Struct, on_event: OnEvent) -> api.Finished:
        with self._stream("POST", path, message) as events:
            for event in events:
                if isinstance(event, api.Failed):
                    raise raised_from(
                        api.ErrorBody(code=event.code, message=event.message, hint=event.hint)
                    )
                if isinstance(event, api.Finished):
                    return event
                on_event(event)
        raise ConnectionBroke(
            "the daemon stopped in the middle of the work",
            hint="run the command again: what was done is kept",
        )

    @contextmanager
    def _stream(
        self, method: str, path: str, message: msgspec.Struct | None
    ) -> Iterator[Iterator[api.Event]]:
        body = None if message is None else msgspec.json.encode(message)
        with (
            _transport_errors(self._places),
            self._connection().stream(method, path, content=body) as response,
        ):
            if response.status_code != 200:
                _raise_for(response.status_code, response.read())
            yield _events_of(response.iter_lines())

    def _with_a_daemon(self, send: Callable[[], ReplyT]) -> ReplyT:
        """`send`, again after starting a daemon where none answers, or replacing an other one."""
        for attempt in range(_ATTEMPTS):
            try:
                return send()
            except VersionMismatch as mismatch:
                if not self._may_replace:
                    raise
                self._replace(mismatch)
            except (ConnectionBroke, DaemonStopping):
                # It ends, by `down` or by force: what accepts connections now may be its last.
                self.close()
                if attempt:
                    launch.wait_for_an_end(self._places)
        return send()

    def _replace(self, mismatch: VersionMismatch) -> None:
        self._narrate(f"{mismatch}; restarting the daemon")
        self.close()
        self._may_replace = False
        self.shutdown()

    def _connection(self) -> httpx.Client:
        if self._http is None:
            self._http = self._connect()
        return self._http

    def _connect(self) -> httpx.Client:
        pending = None
        if not launch.is_listening(self._places):
            if not self._may_start:
                raise DaemonUnreachable("the daemon is not running", hint="run `dustlocal up`")
            pending = launch.start(self._places)
        http = _http_over(self._places)  # importing httpx while the daemon starts
        if pending is not None:
            pending.wait()
        return http


def _http_over(where: Places) -> httpx.Client:
    library = _import_httpx()
    client: httpx.Client = library.Client(
        # `verify=False` saves 90 ms of reading certificates: a Unix socket has none.
        transport=library.HTTPTransport(uds=str(where.socket), verify=False),
        base_url="http://dustlocal",
        headers={api.VERSION_HEADER: __version__, "content-type": "application/json"},
        timeout=_ANSWER_SECONDS,
        trust_env=False,  # proxies are for networks
    )
    return client


def _import_httpx() -> Any:
    """httpx without its command-line program, whose import costs rich, click and pygments.

    `httpx/__init__.py` imports `httpx._main` where it can and goes without where it can't; an
    entry of None in `sys.modules` makes it go without (documented under "The import system").
    """
    if "httpx" not in sys.modules:
        sys.modules["httpx._main"] = None  # type: ignore[assignment]
        try:
            import httpx  # noqa: PLC0415 - 0.1 s that `dustlocal --help` has no use for
        finally:
            del sys.modules["httpx._main"]
        return httpx
    return sys.modules["httpx"]


@contextmanager
def _transport_errors(where: Places) -> Iterator[None]:
    httpx = _import_httpx()
    try:
        yield
    except httpx.TimeoutException as error:
        raise DaemonUnreachable(
            f"the daemon at {where.socket} did not answer in {_ANSWER_SECONDS:.0f} seconds",
            hint="run `dustlocal down`, then try again",
        ) from error
    except httpx.TransportError as error:
        raise ConnectionBroke(
            f"the connection to the daemon at {where.socket} broke: {error}",
            hint="run the command again; `dustlocal doctor` looks for the cause",
        ) from error


def _raise_for(status: int, content: bytes) -> None:
    if 200 <= status < 300:
        return
    raise raised_from(_decode(content, api.ErrorBody))


def _decode(content: bytes, kind: type[ReplyT]) -> ReplyT:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise DaemonFailedToStart(
            f"what answers at the socket is not a DustLocal daemon: {error}",
            hint="run `dustlocal down`, then try again",
        ) from error


def _events_of(lines: Iterator[str]) -> Iterator[api.Event]:
    decoder = msgspec.json.Decoder(api.Event)
    for line in lines:
        if line.startswith("data: "):
            yield decoder.decode(line.removeprefix("data: "))
