"""The two reading use cases, search and ask, over an index: the same in and outside the daemon.

Everything here is synchronous and thread-safe; the daemon runs it in a few threads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from dustlocal.answers.coverage import coverage_info
from dustlocal.api import (
    AskRequest,
    AskResponse,
    CoverageInfo,
    Hit,
    SearchRequest,
    SearchResponse,
)
from dustlocal.daemon.embedders import QueryVectors
from dustlocal.daemon.scope import Resolved
from dustlocal.errors import EmbeddingError, QueryError
from indexer.model import Kind, Passage, SourceId

if TYPE_CHECKING:
    from indexer.index import Index
    from indexer.search.query import Query, SearchResult

log = logging.getLogger(__name__)

MAX_HITS = 1_000
"""The most passages that one search gives back."""

CompleteCoverage = Callable[[tuple[SourceId, ...], CoverageInfo], CoverageInfo]
"""Adds what only the caller knows: notes, and what is known to have changed on disk."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Search and ask over `index`."""

    index: Index
    vectors: QueryVectors
    complete: CompleteCoverage

    def search(self, request: SearchRequest, scope: Resolved) -> SearchResponse:
        """Passages for a query, best first. Errors: `QueryError`, `StoreError`."""
        start = time.perf_counter()
        result = self._run(_query(request, scope))
        return SearchResponse(
            hits=tuple(map(hit, result.passages)),
            coverage=self.complete(scope.ids, coverage_info(result.coverage)),
            searched=scope.names,
            milliseconds=_milliseconds_since(start),
        )

    def ask(self, request: AskRequest, scope: Resolved) -> AskResponse:
        """An answer whose sentences cite, or a refusal. Errors: `QueryError`, `StoreError`."""
        from dustlocal.answers.ask import Reading, ask  # noqa: PLC0415 - not for searches

        start = time.perf_counter()
        reading = Reading(search=self._run, lines=self.index.lines, commit=self.index.commit)
        response = ask(request, sources=scope.sources, reading=reading, prefix=scope.prefix)
        return msgspec.structs.replace(
            response,
            coverage=self.complete(scope.ids, response.coverage),
            milliseconds=_milliseconds_since(start),
        )

    def _run(self, query: Query) -> SearchResult:
        embedder = self.vectors.for_sources(query.sources)
        try:
            return self.index.search(query, embedder)
        except EmbeddingError as error:
            log.warning("searching by words alone: %s", error)
            result = self.index.search(query, None)
            note = f"vectors: not used for this search: {error}"
            coverage = replace(result.coverage, notes=(*result.coverage.notes, note))
            return replace(result, coverage=coverage)


def hit(passage: Passage) -> Hit:
    """A passage as clients see it."""
    return Hit(
        source=passage.source_name,
        path=passage.path,
        start_line=passage.start_line,
        end_line=passage.end_line,
        symbol=passage.symbol,
        kind=passage.kind.value,
        language=passage.language,
        score=passage.score,
        text=passage.text,
        commit=passage.commit,
        time=passage.time,
    )


def _query(request: SearchRequest, scope: Resolved) -> Query:
    from indexer.search.query import DEFAULT_KINDS, Query  # noqa: PLC0415 - imports numpy

    if not request.query.strip():
        raise QueryError("the query is empty", hint='say what to look for: dustlocal search "…"')
    if not 1 <= request.k <= MAX_HITS:
        raise QueryError(f"-k {request.k}: must be from 1 to {MAX_HITS}")
    return Query(
        text=request.query,
        sources=scope.ids,
        k=request.k,
        prefix=scope.prefix,
        path_glob=request.path_glob,
        language=request.language,
        kinds=frozenset(map(Kind, request.kinds)) or DEFAULT_KINDS,
        since=request.since,
    )


def _milliseconds_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1_000, 3)
