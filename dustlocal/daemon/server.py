"""The composition root: builds the daemon out of its parts, runs it, takes it down in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.applications import Starlette

from dustlocal import config
from dustlocal.daemon.app import create_app
from dustlocal.daemon.embedders import (
    QueryVectors,
    is_native,
    local_query_embedder,
    pending_vectors,
    remote_query_embedder,
)
from dustlocal.daemon.events import EventStream
from dustlocal.daemon.indexing import Indexing, cancelled, log_crash
from dustlocal.daemon.jobs import Vector
from dustlocal.daemon.lifecycle import open_door
from dustlocal.daemon.process import Process
from dustlocal.daemon.queries import Queries
from dustlocal.daemon.service import Service
from dustlocal.daemon.settings import SourceSettings
from dustlocal.daemon.vectors import Vectors
from dustlocal.daemon.workers import Lane
from dustlocal.logs import start_logging
from dustlocal.paths import Places
from dustlocal.trust import Trust
from indexer.index import Index
from indexer.redact import redact
from indexer.search.query import QueryEmbedder
from indexer.watch import Watcher

log = logging.getLogger(__name__)

_THREADS = 4
"""Threads that read the store; more than cores, because some of them wait for the disk."""

_FINISH_SECONDS = 5
"""How long requests may take to finish once the daemon is told to stop."""


def run(places: Places, ingest: Process, on_ready: Callable[[], None]) -> int:
    """Be the daemon until told to stop; the exit code. The caller holds the lock.

    Errors: `ConfigError`, `PlaceUnusable`.
    """
    start_logging(places.log_file, redact)
    settings = config.load(places.config_file).settings
    with open_door(places.socket) as door:
        asyncio.run(_serve(places, settings, ingest, door, on_ready))
    return 0


async def _serve(
    places: Places,
    settings: config.Settings,
    process: Process,
    door: socket.socket,
    on_ready: Callable[[], None],
) -> None:
    stream = EventStream()
    async with assembled(places, settings, process, stream) as service:
        server = Server(stream, on_ready)
        app = create_app(service, stream, server.stop)
        await server.serve_app(app, door)
        places.socket.unlink(missing_ok=True)
    log.info("stopped")


@contextlib.asynccontextmanager
async def assembled(
    places: Places, settings: config.Settings, process: Process, stream: EventStream
) -> AsyncIterator[Service]:
    """The parts of a daemon without its socket, at work until the block ends."""
    index = Index(places.index)
    ingest, embed = Lane("ingest", process), Lane("embed")
    vectors = Vectors(
        embed,
        ingest,
        settings.embedding,
        lambda source: pending_vectors(index, settings.embedding, source),
        stream,
        native_idle_seconds=settings.daemon.worker_idle_seconds,
    )
    trust = Trust(places.trust_file)
    watcher = Watcher(recheck_seconds=settings.daemon.recheck_seconds)
    indexing = Indexing.over(
        ingest, vectors, watcher, stream, SourceSettings(settings.index, trust)
    )
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="reader")
    service = _service(places, settings, index, indexing, trust, threads)
    await indexing.track(await asyncio.to_thread(index.sources))
    background = [
        asyncio.create_task(work)
        for work in (
            ingest.run(),
            embed.run(),
            vectors.run(),
            indexing.run(),
        )
    ]
    for task in background:
        task.add_done_callback(log_crash)
    try:
        yield service
    finally:
        await indexing.close()
        await asyncio.gather(ingest.close(), embed.close())
        await cancelled(background)
        await asyncio.to_thread(threads.shutdown)
        index.close()


def _service(
    places: Places,
    settings: config.Settings,
    index: Index,
    indexing: Indexing,
    trust: Trust,
    threads: ThreadPoolExecutor,
) -> Service:
    loop = asyncio.get_running_loop()

    def embed_elsewhere(text: str) -> Vector:
        asked = asyncio.run_coroutine_threadsafe(indexing.vectors.embed_query(text), loop)
        return asked.result()

    def load() -> QueryEmbedder:
        if is_native(settings.embedding):
            return remote_query_embedder(embed_elsewhere)
        return local_query_embedder(settings.embedding, places.models)

    return Service(
        indexing=indexing,
        queries=Queries(index, QueryVectors(index, load), indexing.complete),
        trust_record=trust,
        settings=settings,
        places=places,
        threads=threads,
        started=time.monotonic(),
    )


class Server(uvicorn.Server):
    """uvicorn on one socket that is open already, without its signals and its clock.

    uvicorn raises a caught signal again when it is done, which would end the process before its
    workers; and it wakes up ten times a second, which an idle daemon has no use for.
    """

    def __init__(self, stream: EventStream, on_ready: Callable[[], None]) -> None:
        self._stream = stream
        self._on_ready = on_ready
        self._stopping = asyncio.Event()

    async def serve_app(self, app: Starlette, door: socket.socket) -> None:
        """Answer requests at `door` until `stop`, then let those under way finish."""
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                http="h11",
                ws="none",
                timeout_graceful_shutdown=_FINISH_SECONDS,
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.serve([door])

    def stop(self) -> None:
        """Begin the graceful end. May be called again."""
        self.should_exit = True
        self._stream.close()
        self._stopping.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell that requests are answered, as soon as they are."""
        await super().startup(sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        """Wait for `stop`."""
        await self._stopping.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the loop's handlers."""
        yield
