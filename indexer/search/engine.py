"""One search over the shards of its sources: gather candidates, fuse, rank, read the passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from indexer.lexical import identifiers, query_terms
from indexer.model import Coverage, Kind, Passage, Source, SourceId
from indexer.search import legs
from indexer.search.query import Query, QueryEmbedder, SearchResult, Vector, glob_pattern
from indexer.search.ranking import Candidates, rank
from indexer.search.view import Ints, View, ViewCache
from indexer.store.read import ChunkRow, marks, passage, read_chunks, read_coverage, read_text
from indexer.store.shard import Shard
from indexer.store.sqlite import Connection

Key = tuple[int, int]
# A commit is found by words alone, so it can score what a passage can score without vectors.
_COMMIT_SHARE: Final = 0.6


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
    commits: dict[int, Passage] = field(default_factory=dict)
    frequency: dict[str, int] = field(default_factory=dict)
    chunk_count: int = 0


def search(
    scopes: Sequence[ShardScope], query: Query, embedder: QueryEmbedder | None
) -> SearchResult:
    """Run a query. Without an embedder, or where vectors are missing, words alone decide."""
    terms = query_terms(query.text)
    vector = embedder.embed(query.text) if embedder and query.text.strip() else None
    pinned = f"{embedder.id}/{embedder.dimension}" if embedder else ""
    gathered: list[_Gathered] = []
    with ExitStack() as open_shards:
        for scope in scopes:
            connection = open_shards.enter_context(scope.shard.reading())
            if connection is not None:
                gathered.append(_gather(connection, scope, query, terms, vector, pinned))
        passages = _fused(gathered, query, terms)
    return SearchResult(
        passages=tuple(passages),
        coverage=_total([part.coverage for part in gathered]),
        term_frequency=_sum_counts([part.frequency for part in gathered]),
        chunk_count=sum(part.chunk_count for part in gathered),
    )


def _gather(
    connection: Connection,
    scope: ShardScope,
    query: Query,
    terms: list[str],
    vector: Vector | None,
    pinned: str,
) -> _Gathered:
    view = scope.views.at(connection)
    trees = _trees(connection, scope)
    numbers = list(trees)
    documents = _allowed_documents(connection, view, trees, query)
    visible = view.visible(numbers)
    allowed = np.isin(view.document, documents)
    part = _Gathered(connection, trees, _coverage_of(connection, view, numbers))
    if len(documents):
        part.words = legs.chunk_words(connection, view, allowed, terms)
        part.named = legs.definitions(connection, view, allowed, identifiers(query.text))
        part.files = legs.file_words(connection, documents, terms)
        if vector is not None and view.embedder == pinned:
            part.dense = legs.nearest(connection, view, allowed, vector)
    if Kind.COMMIT in query.kinds:
        _gather_commits(connection, part, numbers, query, terms)
    if query.count_terms:
        part.frequency = legs.term_frequency(connection, terms)
        part.chunk_count = int(visible.sum())
    _read_rows(connection, view, part, numbers)
    return part


def coverage(scopes: Sequence[ShardScope]) -> Coverage:
    """What is stored for the scopes together."""
    parts = []
    for scope in scopes:
        with scope.shard.reading() as connection:
            if connection is not None:
                trees = list(_trees(connection, scope))
                parts.append(_coverage_of(connection, scope.views.at(connection), trees))
    return _total(parts)


def _trees(connection: Connection, scope: ShardScope) -> dict[int, Source]:
    rows = connection.execute("SELECT id, source FROM tree").fetchall()
    return {number: scope.sources[name] for number, name in rows if name in scope.sources}


def _coverage_of(connection: Connection, view: View, trees: Sequence[int]) -> Coverage:
    """Coverage of some trees of one shard as stored; the daemon adds what is pending on disk."""
    visible = view.visible(trees)
    return replace(
        read_coverage(connection, trees),
        chunks=int(visible.sum()),
        vectors_pending=int((visible & (view.place < 0)).sum()),
    )


def _allowed_documents(
    connection: Connection, view: View, trees: Mapping[int, Source], query: Query
) -> Ints:
    """The documents that the trees show and the filters let through."""
    accept = _document_filter(query)
    parts = []
    for tree, source in trees.items():
        shown = view.shown.get(tree)
        if shown is None:
            continue
        prefix = query.prefix.get(source.id, "").strip("/")
        if query.since:
            shown = _touched_since(connection, tree, query.since)
        if accept is None and not prefix:
            parts.append(shown)
            continue
        kept = [
            number
            for number in shown.tolist()
            if _below(view.documents[number].path, prefix)
            and (accept is None or accept(view, number))
        ]
        parts.append(np.array(kept, dtype=np.int64))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")


def _touched_since(connection: Connection, tree: int, since: int) -> Ints:
    rows = connection.execute(
        "SELECT document FROM entry WHERE tree = ? AND mtime_ns >= ?", (tree, since * 10**9)
    ).fetchall()
    return np.array(rows, dtype=np.int64).reshape(-1)


def _document_filter(query: Query) -> Callable[[View, int], bool] | None:
    pattern = glob_pattern(query.path_glob) if query.path_glob else None
    language = query.language.lower()
    every_kind = {Kind.CODE, Kind.DOCUMENT} <= query.kinds
    if pattern is None and not language and every_kind:
        return None

    def accept(view: View, number: int) -> bool:
        row = view.documents[number]
        return (
            (every_kind or row.kind in query.kinds)
            and (not language or row.language == language)
            and (pattern is None or pattern.match(row.path) is not None)
        )

    return accept


def _gather_commits(
    connection: Connection, part: _Gathered, trees: list[int], query: Query, terms: list[str]
) -> None:
    rows = connection.execute(
        f"SELECT history FROM reachable WHERE tree IN ({marks(trees)})", trees
    ).fetchall()
    reachable = np.unique(np.array(rows, dtype=np.int64).reshape(-1))
    depth = max(query.k, legs.DEPTH)
    for number, score in legs.history_words(connection, reachable, terms, depth).items():
        sha, time, text, tree = connection.execute(
            "SELECT sha, time, text, min(tree) FROM history"
            f" JOIN reachable ON history = id WHERE id = ? AND tree IN ({marks(trees)})",
            (number, *trees),
        ).fetchone()
        if time >= query.since and _commit_passes(text, query):
            source = part.trees[tree]
            part.commits[number] = Passage(
                source.id, source.name, "", 0, 0, text.split("\n", 1)[0], Kind.COMMIT, "",
                0.0, text, sha, commit=sha, time=time, bm25=score,
            )  # fmt: skip


def _commit_passes(text: str, query: Query) -> bool:
    """A commit passes a path filter when it touched such a path, a language filter never."""
    if query.language:
        return False
    if not query.path_glob:
        return True
    pattern = glob_pattern(query.path_glob)
    return any(pattern.match(line) for line in text.split("\n")[2:])


def _read_rows(connection: Connection, view: View, part: _Gathered, trees: list[int]) -> None:
    wanted = {*part.words, *part.dense, *part.named}
    seen = {int(view.document[np.searchsorted(view.chunk, number)]) for number in wanted}
    # A file that only its whole text brought is shown by its first chunk.
    for document in part.files:
        if document not in seen:
            first = connection.execute(
                "SELECT min(id) FROM chunk WHERE document = ?", (document,)
            ).fetchone()[0]
            wanted |= {first} if first is not None else set()
    part.rows = read_chunks(connection, trees, sorted(wanted))


def _fused(gathered: Sequence[_Gathered], query: Query, terms: list[str]) -> list[Passage]:
    candidates = Candidates(
        words={
            (i, key): score for i, part in enumerate(gathered) for key, score in part.words.items()
        },
        dense={
            (i, key): score for i, part in enumerate(gathered) for key, score in part.dense.items()
        },
        files={
            (i, key): score for i, part in enumerate(gathered) for key, score in part.files.items()
        },
    )
    rows = {(i, key): row for i, part in enumerate(gathered) for key, row in part.rows.items()}
    ranked = rank(candidates, rows, terms, identifiers(query.text))[: query.k]
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
    return _with_commits(passages, gathered)[: query.k]


def _with_commits(passages: list[Passage], gathered: Sequence[_Gathered]) -> list[Passage]:
    commits = [row for part in gathered for row in part.commits.values()]
    if not commits:
        return passages
    best = max(row.bm25 or 0.0 for row in commits) or 1.0
    scored = [replace(row, score=_COMMIT_SHARE * (row.bm25 or 0.0) / best) for row in commits]
    return sorted([*passages, *scored], key=lambda row: -row.score)


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
