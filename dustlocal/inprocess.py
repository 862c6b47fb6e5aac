"""The client's work without a daemon: for `index --once`, `models pull` and `doctor`.

The one named exception among the front ends' imports: it may reach the rooms and the indexer,
and imports them when they are needed. Only one process writes the index at a time: a lock in the
data folder sees to that, between this and the daemon's worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dustlocal import api, config, locks
from dustlocal.errors import EmbeddingError, ScopeError, StoreBusy
from dustlocal.paths import Places, private_folder

if TYPE_CHECKING:
    from dustlocal.doctor import Finding
    from dustlocal.models.pull import PullProgress
    from indexer.index import Index
    from indexer.model import Source

OnEvent = Callable[[api.Event], None]

_WAIT_SECONDS = 10.0
"""How long to wait for another process that writes the index: a small refresh takes less."""


def index_once(
    request: api.IndexRequest, where: Places, on_event: OnEvent, *, add: str = ""
) -> api.Finished:
    """Bring the scope up to date in this process; `detail` says what could not be completed.

    `add` is a folder to add as a source first. Errors: `ScopeError`, `SourceError`, `StoreError`.
    """
    settings = config.load(where.config_file).settings
    for folder in where.folders():
        private_folder(folder)
    with _writing(where):
        run = _Run(where, settings, on_event)
        try:
            if add:
                run.add(add)
            sources = run.resolve(request.scope)
            for source in sources:
                run.lexical(source)
            problem = "" if request.lexical else run.vectors(sources)
        finally:
            run.close()
    return api.Finished(detail=problem)


def pull_embedding(
    where: Places, progress: Callable[[PullProgress], None], *, from_dir: Path | None = None
) -> tuple[Path, ...]:
    """Fetch the embedding model's files; where they are. Errors: `WeightsMissing`."""
    from dustlocal.models.pull import pull_embedding as pull  # noqa: PLC0415

    files = pull(private_folder(where.models), progress, from_dir=from_dir)
    return (files.model, files.tokenizer)


def examine(where: Places) -> Iterator[Finding]:
    """What `doctor` finds on this machine."""
    from dustlocal.doctor import examine as look  # noqa: PLC0415

    return look(where)


@contextmanager
def _writing(where: Places) -> Iterator[None]:
    lock = locks.acquire(where.writer_lock, wait_seconds=_WAIT_SECONDS)
    if lock is None:
        pid = locks.holder(where.writer_lock)
        raise StoreBusy(
            f"{where.index}: another process ({pid}) is writing the index",
            hint="wait until it has ended, or leave out --once to go through the daemon",
        )
    try:
        yield
    finally:
        lock.release()


class _Run:
    """One run over some sources, with the settings of each."""

    def __init__(self, where: Places, settings: config.Settings, on_event: OnEvent) -> None:
        from dustlocal.daemon.settings import SourceSettings  # noqa: PLC0415
        from dustlocal.trust import Trust  # noqa: PLC0415

        self._where = where
        self._embedding = settings.embedding
        self._on_event = on_event
        self._chosen = SourceSettings(settings.index, Trust(where.trust_file))
        self._opened: dict[config.IndexSettings, Index] = {}
        self._index = self._open(settings.index)

    def close(self) -> None:
        """Close the store."""
        for index in self._opened.values():
            index.close()

    def add(self, path: str) -> None:
        """Make the source at `path` known."""
        self._index.add(path)

    def resolve(self, scope: api.Scope) -> tuple[Source, ...]:
        """The sources that are meant; roots that are not known yet are added."""
        from dustlocal.daemon.scope import resolve  # noqa: PLC0415

        found = resolve(scope, self._index.sources())
        for root in found.unknown:
            source = self._index.add(root)
            self._on_event(api.SourceChanged(source=source.name, what="added", detail=source.root))
        if found.unknown:
            found = resolve(scope, self._index.sources())
        if not found.sources:
            raise ScopeError("no source is meant", hint="go into a repository, or name a path")
        return found.sources

    def lexical(self, source: Source) -> None:
        """Files, then commits."""
        chosen = self._chosen.of(source)
        if chosen.problem:
            self._on_event(
                api.SourceChanged(source=source.name, what="failed", detail=chosen.problem)
            )
        index = self._open(chosen.index)
        done = index.refresh(source.id, on_progress=self._progress(source, "files"))
        if chosen.index.commits:
            index.refresh_commits(source.id, on_progress=self._progress(source, "commits"))
        self._on_event(
            api.SourceChanged(
                source=source.name,
                what="rebuilt" if done.rebuilt else "refreshed",
                detail=f"{done.read} read, {done.removed} removed, {done.skipped} skipped",
            )
        )

    def vectors(self, sources: tuple[Source, ...]) -> str:
        """Vectors of all sources; why there are none, or ""."""
        from dustlocal.daemon.embedders import (  # noqa: PLC0415
            makes_vectors,
            open_embedder,
            pending_vectors,
        )

        if not makes_vectors(self._embedding):
            return "vectors: switched off (embedding.model = none)"
        if not any(pending_vectors(self._index, self._embedding, each.id) for each in sources):
            return ""
        try:
            embedder = open_embedder(self._embedding, self._where.models)
            for source in sources:
                self._index.embed_pending(
                    source.id, embedder, on_progress=self._progress(source, "vectors")
                )
        except EmbeddingError as error:
            return f"vectors: {error}" + (f" ({error.hint})" if error.hint else "")
        embedder.close()
        return ""

    def _open(self, settings: config.IndexSettings) -> Index:
        from dustlocal.daemon.worker import open_index  # noqa: PLC0415

        if settings not in self._opened:
            self._opened[settings] = open_index(self._where.index, settings)
        return self._opened[settings]

    def _progress(
        self, source: Source, phase: Literal["files", "commits", "vectors"]
    ) -> Callable[[int, int], None]:
        from dustlocal.daemon.sources import Pace  # noqa: PLC0415

        pace = Pace()

        def tell(done: int, total: int) -> None:
            eta = pace.at(done, total)
            self._on_event(
                api.Progress(
                    source=source.name, phase=phase, done=done, total=total, eta_seconds=eta
                )
            )

        return tell
