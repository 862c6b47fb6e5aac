"""The worker program: `python -m dustlocal.daemon.worker ingest|embed`.

It reads jobs from its input and reports on its output, a JSON message a line, and leaves when its
input ends: a daemon that died takes its workers along. It may be killed at any moment; what it
has stored is complete as far as it goes, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

import msgspec

from dustlocal import locks
from dustlocal.config import EmbeddingSettings, IndexSettings, load
from dustlocal.daemon.jobs import (
    Added,
    AddSource,
    Broke,
    Command,
    Counted,
    EmbedPending,
    EmbedQuery,
    Ended,
    Job,
    Progressed,
    RefreshCommits,
    Refreshed,
    RefreshFiles,
    RemoveSource,
    Report,
    Result,
    Start,
    Stop,
    Vector,
)
from dustlocal.errors import DustLocalError, GitError, InternalError, StoreBusy, error_body
from dustlocal.paths import PRIVATE_UMASK, Places, places, private_folder

if TYPE_CHECKING:
    from indexer.embed import Embedder
    from indexer.index import Index

log = logging.getLogger(__name__)

_GRACE_SECONDS = 2.0
"""How long a job may take to reach a safe point once the daemon is gone."""

_LOCK_SECONDS = 10.0
"""How long to wait for another process that writes the index."""

_LOWEST = 19
_AS_SHIPPED = IndexSettings()
_PROGRESS_SECONDS = 0.05
"""Progress is for eyes: twenty times a second is enough."""


class Inbox:
    """Commands as they come: jobs in a queue, requests to stop in a set."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[Start | None] = queue.SimpleQueue()
        self._stopped: set[int] = set()
        self._over = threading.Event()
        self._left = threading.Event()

    def should_stop(self, job: int) -> bool:
        """Whether job `job` was asked to end, or the daemon is gone."""
        return job in self._stopped or self._over.is_set()

    def read(self, stream: IO[bytes]) -> None:
        """Take commands until the input ends; then see to it that the process ends too."""
        decoder = msgspec.json.Decoder(Command)
        for line in stream:
            command = decoder.decode(line)
            if isinstance(command, Stop):
                self._stopped.add(command.id)
            else:
                self.jobs.put(command)
        self._over.set()
        self.jobs.put(None)
        if not self._left.wait(_GRACE_SECONDS):
            # The job is deep in something long. It leads a process group: take its helpers along.
            os.killpg(os.getpgid(0), signal.SIGKILL)

    def leave(self) -> None:
        """The last job has ended."""
        self._left.set()


class Ingest:
    """Files and commits into the store. One `Index` for each way of choosing files."""

    def __init__(self, where: Places) -> None:
        self._where = where
        self._lock: locks.Lock | None = None
        self._open: dict[IndexSettings, Index] = {}

    def run(
        self, job: Job, progress: Callable[[int, int], None], stop: Callable[[], bool]
    ) -> Result:
        """Run one job to its end, or to the safe point after `stop` says so."""
        self._claim(stop)
        if isinstance(job, AddSource):
            return Added(self._index().add(job.path))
        if isinstance(job, RemoveSource):
            self._index().remove(job.source)
            return Counted(1)
        if isinstance(job, RefreshFiles):
            index = self._index(job.settings)
            done = index.refresh(job.source, job.paths, on_progress=progress, should_stop=stop)
            return msgspec.convert(done, Refreshed, from_attributes=True)
        if isinstance(job, RefreshCommits):
            index = self._index(job.settings)
            return Counted(
                index.refresh_commits(job.source, on_progress=progress, should_stop=stop)
            )
        raise InternalError(f"the ingest process got a {type(job).__name__}")

    def warm_up(self) -> None:
        """Import what the first job needs, while the daemon imports what it needs itself."""
        from indexer.git import git_version  # noqa: PLC0415 - its first call loads GitPython

        self._index()
        with contextlib.suppress(GitError):  # a folder without git needs none
            git_version()

    def close(self) -> None:
        """Close the store."""
        for index in self._open.values():
            index.close()

    def _index(self, settings: IndexSettings = _AS_SHIPPED) -> Index:
        if settings not in self._open:
            self._open[settings] = open_index(self._where.index, settings)
        return self._open[settings]

    def _claim(self, stop: Callable[[], bool]) -> None:
        """Be the one process that writes the index, from the first job to the end."""
        deadline = time.monotonic() + _LOCK_SECONDS
        while self._lock is None and not stop():
            self._lock = locks.acquire(self._where.writer_lock)
            if self._lock is None and time.monotonic() > deadline:
                pid = locks.holder(self._where.writer_lock)
                raise StoreBusy(
                    f"another process ({pid}) is writing the index",
                    hint="probably `dustlocal index --once`: wait until it has ended",
                )


class Embedding:
    """Vectors into the store, at the lowest priority. The model is loaded for the first job."""

    def __init__(self, where: Places, settings: EmbeddingSettings) -> None:
        self._models = where.models
        self._settings = settings
        self._index = open_index(where.index, IndexSettings())
        self._embedder: Embedder | None = None
        os.nice(_LOWEST)

    def run(
        self, job: Job, progress: Callable[[int, int], None], stop: Callable[[], bool]
    ) -> Result:
        """Run one job to its end, or to the safe point after `stop` says so."""
        embedder = self._loaded()
        if isinstance(job, EmbedPending):
            return Counted(
                self._index.embed_pending(
                    job.source, embedder, on_progress=progress, should_stop=stop
                )
            )
        if isinstance(job, EmbedQuery):
            vector = embedder.embed_query(job.text)
            return Vector(vector.astype("<f4").tobytes(), embedder.id)
        raise InternalError(f"the embedding process got a {type(job).__name__}")

    def warm_up(self) -> None:
        """Nothing: the first job follows at once."""

    def close(self) -> None:
        """Close the store and give the model back."""
        self._index.close()
        if self._embedder is not None:
            self._embedder.close()

    def _loaded(self) -> Embedder:
        if self._embedder is None:
            from dustlocal.daemon.embedders import open_embedder  # noqa: PLC0415

            self._embedder = open_embedder(self._settings, self._models)
        return self._embedder


def open_index(folder: Any, settings: IndexSettings) -> Index:
    """The index in `folder`, choosing files as `settings` say."""
    from indexer.index import Index  # noqa: PLC0415 - after the reader has started
    from indexer.work import IndexOptions  # noqa: PLC0415

    options = IndexOptions(
        max_file_bytes=settings.max_file_bytes,
        exclude=settings.exclude,
        commits=settings.commits,
    )
    return Index(folder, options)


def serve(role: Ingest | Embedding, inbox: Inbox, say: Callable[[Report], None]) -> None:
    """Run jobs as they come, until there will be no more."""
    while (start := inbox.jobs.get()) is not None:
        say(_run(role, start, inbox, say))


def _run(
    role: Ingest | Embedding, start: Start, inbox: Inbox, say: Callable[[Report], None]
) -> Report:
    spoken = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal spoken
        now = time.monotonic()
        if now - spoken >= _PROGRESS_SECONDS or done == total:
            spoken = now
            say(Progressed(id=start.id, done=done, total=total))

    try:
        result = role.run(start.job, progress, lambda: inbox.should_stop(start.id))
    except BrokenPipeError:
        raise
    except DustLocalError as error:
        return Broke(id=start.id, error=error_body(error))
    except Exception as error:
        log.exception("job %s failed", type(start.job).__name__)
        bug = InternalError(f"{type(error).__name__}: {error}", hint="the log has the traceback")
        return Broke(id=start.id, error=error_body(bug))
    encoded = msgspec.Raw(msgspec.json.encode(result))
    return Ended(id=start.id, result=encoded, stopped=inbox.should_stop(start.id))


def main(role: str) -> None:
    """Be the worker of this role until the input ends."""
    os.umask(PRIVATE_UMASK)
    where = places()
    output = os.fdopen(os.dup(1), "wb")
    # What a library prints must not end up among the reports.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    inbox = Inbox()
    threading.Thread(target=inbox.read, args=(sys.stdin.buffer,), daemon=True).start()
    _start_logging(where, role)
    worker = _role(where, role)

    def say(report: Report) -> None:
        output.write(msgspec.json.encode(report) + b"\n")
        output.flush()

    try:
        worker.warm_up()
        serve(worker, inbox, say)
    except BrokenPipeError:
        log.info("the daemon is gone")
    worker.close()
    inbox.leave()


def _role(where: Places, role: str) -> Ingest | Embedding:
    if role == "ingest":
        return Ingest(where)
    return Embedding(where, load(where.config_file).settings.embedding)


def _start_logging(where: Places, role: str) -> None:
    from dustlocal.logs import start_logging  # noqa: PLC0415
    from indexer.redact import redact  # noqa: PLC0415

    file = private_folder(where.logs) / f"{role}.log"
    start_logging(file, redact)
    # Frames only, no values: a crash in native code leaves a trace and no content.
    faulthandler.enable(open(file, "ab", buffering=0))  # noqa: SIM115 - for the process's life


if __name__ == "__main__":
    main(sys.argv[1])
