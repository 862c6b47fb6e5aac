"""The library's front: sources in, searches out. What the daemon and the in-process client hold.

One `Index` per process. Searching and reading are safe from any thread; the methods that change
the store (`add` to `embed_pending`) are for one process at a time, which the caller sees to.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.crash import crash_point
from indexer.errors import SourceError, StoreDamaged
from indexer.model import Coverage, Skip, Source, SourceId
from indexer.parsing_mark import ParsingMark
from indexer.search import engine
from indexer.search.query import Query, QueryEmbedder, SearchResult
from indexer.search.view import ViewCache
from indexer.sources import locate, require_folder
from indexer.store import documents, read
from indexer.store.catalog import Catalog, shard_name
from indexer.store.removal import erase_tree
from indexer.store.shard import Shard
from indexer.store.sqlite import Connection
from indexer.store.vectors import EMBEDDER, read_setting
from indexer.work import (
    IndexOptions,
    OnProgress,
    Refreshed,
    ShouldStop,
    ignore_progress,
    never,
)

if TYPE_CHECKING:
    from indexer.embed.protocol import Embedder


class Index:
    """The index below a folder: `catalog.db`, and a shard file for each repository.

    Every method may raise a `StoreError`.
    """

    def __init__(self, folder: Path, options: IndexOptions | None = None) -> None:
        self.folder = folder
        self.options = options or IndexOptions()
        self._catalog = Catalog(folder)
        self._mark = ParsingMark(folder)
        self._shards: dict[str, tuple[Shard, ViewCache]] = {}
        self._lock = threading.Lock()

    # -- sources ------------------------------------------------------------------------------

    def sources(self) -> list[Source]:
        """Every known source, by name."""
        return self._catalog.sources()

    def source(self, wanted: str) -> Source | None:
        """The source with this id, name or root."""
        known = self.sources()
        return next((s for s in known if wanted in (s.id, s.name, s.root)), None)

    def add(self, path: str) -> Source:
        """Make the source that contains `path` known; a known one is returned as it is.

        Raises a `SourceError` when the folder can't be a source.
        """
        found = locate(path)
        _require_utf8(found)
        known = self.source(found.id)
        if known is not None:
            found = replace(found, name=known.name)
            if found == known:
                return known
            if shard_name(found) != shard_name(known):
                # `git init`, say: what was stored of the folder stays where no one looks.
                self._erase(known.id)
        source = self._catalog.add(found)
        crash_point("after-source-added")
        return source

    def remove(self, source: SourceId) -> None:
        """Forget a source and every byte that no other source shares with it."""
        crash_point("before-source-removed")
        self._erase(source)
        self._mark.forget(source)
        crash_point("before-source-forgotten")
        self._catalog.remove(source)

    def _erase(self, source: SourceId) -> None:
        shard, _ = self._shard(source)
        if not self._shares_shard(source):
            shard.delete()
            return
        try:
            erase_tree(shard, source)
        except StoreDamaged:
            shard.set_aside()
        shard.forget_set_aside()

    def _shares_shard(self, source: SourceId) -> bool:
        shards = self._catalog.shards()
        return any(name == shards[source] for other, name in shards.items() if other != source)

    def _known(self, source: SourceId) -> Source:
        found = self.source(source)
        if found is None:
            raise SourceError(f"no such source: {source}", hint="list them with: dustlocal sources")
        return found

    def _shard(self, source: SourceId) -> tuple[Shard, ViewCache]:
        name = shard_name(self._known(source))
        with self._lock:
            if name not in self._shards:
                self._shards[name] = (Shard(self.folder / f"{name}.db"), ViewCache())
            return self._shards[name]

    # -- bringing up to date ------------------------------------------------------------------

    def refresh(
        self,
        source: SourceId,
        paths: Collection[str] | None = None,
        *,
        on_progress: OnProgress = ignore_progress,
        should_stop: ShouldStop = never,
    ) -> Refreshed:
        """Make a source's rows equal to its files; `paths` hint at what has changed.

        A damaged shard is set aside and rebuilt (`Refreshed.rebuilt`). Raises `SourceNotFound`
        or `SourceUnreadable` and leaves the rows alone when the folder can't be listed.
        """
        from indexer import refresh  # noqa: PLC0415  (parsers: not for who only asks)

        known = self._known(source)
        require_folder(known.root)
        shard, _ = self._shard(source)
        rebuilt = shard.is_suspect and self.heal(source)
        place = (shard, known, self.options)
        try:
            done = refresh.refresh_files(
                *place, None if rebuilt else paths, on_progress, should_stop, self._mark
            )
        except StoreDamaged:
            crash_point("before-set-aside")
            shard.set_aside()
            rebuilt = True
            done = refresh.refresh_files(*place, None, on_progress, should_stop, self._mark)
        if rebuilt:
            done = replace(done, rebuilt=True)
        if paths is None and not done.idle:
            shard.settle()
        return done

    def refresh_commits(
        self,
        source: SourceId,
        *,
        on_progress: OnProgress = ignore_progress,
        should_stop: ShouldStop = never,
    ) -> int:
        """Make a source's commits those that its HEAD reaches; returns how many were read."""
        from indexer import commits  # noqa: PLC0415  (as above)

        shard, _ = self._shard(source)
        read = commits.refresh_commits(
            shard, self._known(source), self.options, on_progress, should_stop
        )
        if read:
            shard.settle()
        return read

    def embed_pending(
        self,
        source: SourceId,
        embedder: Embedder,
        *,
        on_progress: OnProgress = ignore_progress,
        should_stop: ShouldStop = never,
    ) -> int:
        """Embed a source's chunks that have no vector; returns how many were.

        Vectors of another embedder are dropped first, so the two never mix.
        """
        from indexer import embedding  # noqa: PLC0415  (as above)

        shard, _ = self._shard(source)
        done = embedding.embed_pending(
            shard, self._known(source), embedder, on_progress, should_stop
        )
        if done:
            shard.settle()
        return done

    def heal(self, source: SourceId) -> bool:
        """Set a source's shard aside if it is damaged; True if it was (then: `refresh`)."""
        shard, _ = self._shard(source)
        damaged = bool(shard.check())
        if damaged:
            crash_point("before-set-aside")
            shard.set_aside()
        return damaged

    # -- asking -------------------------------------------------------------------------------

    def search(self, query: Query, embedder: QueryEmbedder | None = None) -> SearchResult:
        """Passages for a query from the sources it names, best first."""
        return engine.search(self._scopes(query.sources), query, embedder)

    def _scopes(self, wanted: Collection[SourceId]) -> list[engine.ShardScope]:
        """Each shard once, with those of its trees that are wanted."""
        by_shard: dict[str, dict[SourceId, Source]] = {}
        for source in self.sources():
            if source.id in wanted:
                by_shard.setdefault(shard_name(source), {})[source.id] = source
        scopes = []
        for trees in by_shard.values():
            shard, views = self._shard(next(iter(trees)))
            scopes.append(engine.ShardScope(shard, views, trees))
        return scopes

    def coverage(self, sources: Sequence[SourceId]) -> Coverage:
        """What is stored for the sources together."""
        return engine.coverage(self._scopes(sources))

    def embedder(self, source: SourceId) -> str:
        """Whose vectors are stored with a source, as `id/dimension`; "" for none."""
        shard, _ = self._shard(source)
        with shard.reading() as connection:
            return read_setting(connection, EMBEDDER) if connection else ""

    def pending_vectors(self, source: SourceId) -> int:
        """How many chunks of a source have no vector yet."""
        return self.coverage([source]).vectors_pending

    def skips(self, source: SourceId) -> list[Skip]:
        """The files of a source that are not indexed, with the reasons, by path."""
        with self._reading(source) as tree:
            return list(documents.read_skips(*tree)) if tree else []

    def lines(self, source: SourceId, path: str, start: int, end: int) -> str | None:
        """Lines of the indexed version (redacted), None when they are not there."""
        with self._reading(source) as tree:
            return read.read_lines(*tree, path, start, end) if tree else None

    def commit(self, source: SourceId, sha: str) -> str | None:
        """The indexed text of a commit that HEAD reaches; `sha` may be abbreviated."""
        with self._reading(source) as tree:
            return read.read_commit(*tree, sha) if tree else None

    def manifest(self, source: SourceId) -> Mapping[str, int]:
        """The indexed paths of a source, with the number of the document each one shows."""
        with self._reading(source) as tree:
            return read.read_manifest(*tree) if tree else {}

    @contextmanager
    def _reading(self, source: SourceId) -> Iterator[tuple[Connection, int] | None]:
        """A snapshot of a source's shard and the source's number in it; None before the first."""
        shard, _ = self._shard(source)
        with shard.reading() as connection:
            number = documents.find_tree(connection, source) if connection else None
            yield (connection, number) if connection and number else None

    def close(self) -> None:
        """Close every file. The next call opens what it needs again."""
        with self._lock:
            for shard, _ in self._shards.values():
                shard.close()
            self._shards.clear()
        self._mark.close()
        self._catalog.close()


def _require_utf8(source: Source) -> None:
    for folder in (source.root, source.git_dir or "", source.common_dir or ""):
        try:
            folder.encode("utf-8")
        except UnicodeEncodeError:
            raise SourceError(
                f"the folder's name is not valid UTF-8: {folder!r}", hint="rename the folder"
            ) from None
