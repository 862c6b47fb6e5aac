"""One search over the shards of its sources: gather candidates, fuse, rank, read the passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np

from indexer.lexical import identifiers, query_terms
from indexer.model import Coverage, Kind, Passage, Source, SourceId
from indexer.search import legs
from indexer.search.commits import find_commits, with_commits
from indexer.search.filters import allowed_documents
from indexer.search.query import Query, QueryEmbedder, SearchResult, Vector
from indexer.search.ranking import Candidates, rank
from indexer.search.view import Ints, View, ViewCache
from indexer.store.read import (
    ChunkRow,
    first_chunks,
    passage,
    read_chunks,
    read_coverage,
    read_text,
)
from indexer.store.shard import Shard
from indexer.store.sqlite import Connection

Key = tuple[int, int]
ValueT = TypeVar("ValueT")
# The file leg and the query's vector are made beside the chunk leg: SQLite and onnxruntime let
# other threads run meanwhile.
_BESIDE: Final = ThreadPoolExecutor(4, thread_name_prefix="search")


@dataclass(frozen=True, slots=True)
class ShardScope:
    """A shard, its view cache, and which of its trees are searched (tree name -> source)."""

    shard: Shard
    views: ViewCache
    sources: Mapping[SourceId, Source]


@dataclass(slots=True)
class _Gathered:
    """What one shard contributed: raw scores, rows, and what it could see."""

    connection: Connection
    trees: Mapping[int, Source]
    coverage: Coverage
    words: dict[int, float] = field(default_factory=dict)
    dense: dict[int, float] = field(default_factory=dict)
    files: dict[int, float] = field(default_factory=dict)
    named: list[int] = field(default_factory=list)
    rows: dict[int, ChunkRow] = field(default_factory=dict)
    commits: list[Passage] = field(default_factory=list)
    frequency: dict[str, int] = field(default_factory=dict)
    chunk_count: int = 0


def search(
    scopes: Sequence[ShardScope], query: Query, embedder: QueryEmbedder | None
) -> SearchResult:
    """Run a query. Without an embedder, or where vectors are missing, words alone decide."""
    asked = _Asked(query, query_terms(query.text), identifiers(query.text))
    if embedder and query.text.strip():
        asked.pinned = f"{embedder.id}/{embedder.dimension}"
        asked.vector = _BESIDE.submit(embedder.embed, query.text)
    gathered: list[_Gathered] = []
    with ExitStack() as open_shards:
        for scope in scopes:
            connection = open_shards.enter_context(scope.shard.reading())
            if connection is not None:
                gathered.append(_gather(connection, scope, asked))
        passages = _fused(gathered, asked)
    return SearchResult(
        passages=tuple(passages),
        coverage=_total([part.coverage for part in gathered]),
        term_frequency=_sum_counts([part.frequency for part in gathered]),
        chunk_count=sum(part.chunk_count for part in gathered),
    )


@dataclass(slots=True)
class _Asked:
    """A query with what was made of it; `vector` is on its way, of the embedder `pinned`."""

    query: Query
    terms: list[str]
    names: list[str]
    pinned: str = ""
    vector: Future[Vector] | None = None

    @property
    def depth(self) -> int:
        """How many candidates each leg brings."""
        return max(self.query.k, legs.DEPTH)


def _gather(connection: Connection, scope: ShardScope, asked: _Asked) -> _Gathered:
    query = asked.query
    view = scope.views.at(connection)
    trees = _trees(connection, scope)
    documents = allowed_documents(connection, view, trees, query)
    part = _Gathered(connection, trees, _coverage_of(connection, view, tuple(trees)))
    if asked.pinned and view.embedder not in ("", asked.pinned):
        # Another model's vectors are none for this query.
        part.coverage = replace(part.coverage, vectors_pending=part.coverage.chunks)
    if len(documents):
        files = _BESIDE.submit(_file_leg, scope.shard, view, documents, asked)
        allowed = np.isin(view.document, documents)
        terms = legs.telling(connection, view, "chunk_words", asked.terms, len(view.chunk))
        part.words = legs.chunk_words(connection, view, allowed, terms, asked.depth)
        part.named = legs.definitions(connection, view, allowed, asked.names)
        if asked.vector is not None and view.embedder == asked.pinned:
            vector = asked.vector.result()
            part.dense = legs.nearest(connection, view, allowed, vector, asked.depth)
        part.files = files.result()
    if Kind.COMMIT in query.kinds:
        part.commits = find_commits(connection, trees, query, asked.terms)
    if query.count_terms:
        part.frequency = legs.term_frequency(connection, view, asked.terms)
        part.chunk_count = part.coverage.chunks
    _read_rows(connection, view, part)
    return part


def _file_leg(shard: Shard, view: View, documents: Ints, asked: _Asked) -> dict[int, float]:
    with shard.reading() as connection:
        if connection is None:
            return {}
        terms = legs.telling(connection, view, "file_words", asked.terms, len(view.documents))
        return legs.file_words(connection, documents, terms, asked.depth)


def coverage(scopes: Sequence[ShardScope]) -> Coverage:
    """What is stored for the scopes together."""
    parts = []
    for scope in scopes:
        with scope.shard.reading() as connection:
            if connection is not None:
                trees = tuple(_trees(connection, scope))
                parts.append(_coverage_of(connection, scope.views.at(connection), trees))
    return _total(parts)


def _trees(connection: Connection, scope: ShardScope) -> dict[int, Source]:
    rows = connection.execute("SELECT id, source FROM tree").fetchall()
    return {number: scope.sources[name] for number, name in rows if name in scope.sources}


def _coverage_of(connection: Connection, view: View, trees: tuple[int, ...]) -> Coverage:
    """Coverage of some trees of one shard as stored; the daemon adds what is pending on disk."""
    known = view.coverage.get(trees)
    if known is None:
        visible = view.visible(trees)
        known = replace(
            read_coverage(connection, trees),
            chunks=int(visible.sum()),
            vectors_pending=int((visible & (view.place < 0)).sum()),
        )
        view.coverage[trees] = known
    return known


def _read_rows(connection: Connection, view: View, part: _Gathered) -> None:
    wanted = {*part.words, *part.dense, *part.named}
    seen = {int(view.document[np.searchsorted(view.chunk, number)]) for number in wanted}
    # A file that only its whole text brought is shown by its first chunk.
    unseen = [document for document in part.files if document not in seen]
    wanted.update(first_chunks(connection, unseen))
    part.rows = read_chunks(connection, list(part.trees), sorted(wanted))


def _fused(gathered: Sequence[_Gathered], asked: _Asked) -> list[Passage]:
    query = asked.query
    candidates = Candidates(
        words=_keyed([part.words for part in gathered]),
        dense=_keyed([part.dense for part in gathered]),
        files=_keyed([part.files for part in gathered]),
    )
    rows = _keyed([part.rows for part in gathered])
    ranked = rank(candidates, rows, asked.terms, asked.names)[: query.k]
    texts: dict[Key, str] = {}
    passages = []
    for (i, number), score in ranked:
        part, row = gathered[i], rows[i, number]
        if (i, row.document) not in texts:
            texts[i, row.document] = read_text(part.connection, row.document)
        passages.append(
            passage(
                part.trees[row.tree],
                row,
                texts[i, row.document][row.start_char : row.end_char],
                score=score,
                cosine=part.dense.get(number),
                bm25=part.words.get(number),
            )
        )
    commits = [commit for part in gathered for commit in part.commits]
    return with_commits(passages, commits)[: query.k]


def _keyed(shards: Sequence[Mapping[int, ValueT]]) -> dict[Key, ValueT]:
    """What each shard has by id, under (shard, id)."""
    return {(shard, key): value for shard, part in enumerate(shards) for key, value in part.items()}


def _total(parts: Sequence[Coverage]) -> Coverage:
    return Coverage(
        indexed=sum(part.indexed for part in parts),
        chunks=sum(part.chunks for part in parts),
        vectors_pending=sum(part.vectors_pending for part in parts),
        commits=sum(part.commits for part in parts),
        skipped=sum(part.skipped for part in parts),
        failed=sum(part.failed for part in parts),
    )


def _sum_counts(parts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for term, count in part.items():
            total[term] = total.get(term, 0) + count
    return total


__all__ = ["ShardScope", "coverage", "search"]
