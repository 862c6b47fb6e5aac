"""Queries become vectors where there are some to compare with, and words do where not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from dustlocal import api
from dustlocal.daemon import embedders
from dustlocal.daemon.embedders import QueryVectors, remote_query_embedder
from dustlocal.daemon.jobs import Vector
from dustlocal.daemon.queries import Queries
from dustlocal.daemon.scope import Resolved
from dustlocal.errors import EmbeddingError, QueryError, WeightsMissing
from indexer.model import Coverage, Source, SourceId
from indexer.search.query import Query, QueryEmbedder, SearchResult

SOURCE = Source(SourceId("a"), "a", "/a")


@dataclass
class ScriptedIndex:
    """An index of which only the coverage matters, and that records how it was searched."""

    chunks: int = 10
    vectors_pending: int = 10
    breaks_with_vectors: bool = False
    embedders: list[QueryEmbedder | None] = field(default_factory=list)

    def coverage(self, _: object) -> Coverage:
        return Coverage(chunks=self.chunks, vectors_pending=self.vectors_pending)

    def search(self, query: Query, embedder: QueryEmbedder | None) -> SearchResult:
        self.embedders.append(embedder)
        if embedder and self.breaks_with_vectors:
            raise EmbeddingError("the model fell over")
        return SearchResult((), self.coverage(None))


EMBEDDER = QueryEmbedder("scripted@1", 2, lambda _: np.zeros(2, np.float32))


def vectors_over(index: Any, loads: list[object]) -> QueryVectors:
    def load() -> QueryEmbedder:
        loads.append(None)
        return EMBEDDER

    return QueryVectors(index, load)


def search(queries: Queries, **more: Any) -> api.SearchResponse:
    request = api.SearchRequest(query=more.pop("query", "lamp"), scope=api.Scope(), **more)
    return queries.search(request, Resolved((SOURCE,)))


def test_no_model_is_loaded_while_there_is_no_vector() -> None:
    loads: list[object] = []
    index = ScriptedIndex()
    vectors = vectors_over(index, loads)
    assert vectors.for_sources((SOURCE.id,)) is None
    assert not loads
    index.vectors_pending = 9
    assert vectors.for_sources((SOURCE.id,)) is EMBEDDER
    assert vectors.for_sources((SOURCE.id,)) is EMBEDDER
    assert len(loads) == 1


def test_a_model_that_is_missing_is_looked_for_again_after_a_while_or_a_pull(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1_000.0]
    monkeypatch.setattr(embedders.time, "monotonic", lambda: now[0])
    tries: list[float] = []

    def load() -> QueryEmbedder:
        tries.append(now[0])
        raise WeightsMissing("not here")

    vectors = QueryVectors(ScriptedIndex(vectors_pending=0), load)  # type: ignore[arg-type]
    for moment in (1_000.0, 1_001.0, 1_059.0, 1_061.0):
        now[0] = moment
        assert vectors.for_sources((SOURCE.id,)) is None
    assert tries == [1_000.0, 1_061.0]
    vectors.retry()
    vectors.for_sources((SOURCE.id,))
    assert len(tries) == 3


def test_a_model_that_breaks_leaves_the_words_and_a_note() -> None:
    index = ScriptedIndex(vectors_pending=0, breaks_with_vectors=True)
    queries = Queries(index, vectors_over(index, []), lambda _, info: info)  # type: ignore[arg-type]
    response = search(queries)
    assert index.embedders == [EMBEDDER, None]
    assert any("the model fell over" in note for note in response.coverage.notes)


@pytest.mark.parametrize("wrong", [{"query": " \n"}, {"k": 0}, {"k": 1_001}])
def test_a_query_that_asks_for_nothing_is_an_error(wrong: dict[str, Any]) -> None:
    index = ScriptedIndex()
    queries = Queries(index, vectors_over(index, []), lambda _, info: info)  # type: ignore[arg-type]
    with pytest.raises(QueryError):
        search(queries, **wrong)
    assert not index.embedders


def test_a_vector_from_another_process_arrives_as_it_was_made() -> None:
    asked: list[str] = []
    made = np.array([0.6, 0.8, 0.0], dtype="<f4")

    def embed(text: str) -> Vector:
        asked.append(text)
        return Vector(made.tobytes(), "gguf@1")

    embedder = remote_query_embedder(embed)
    assert (embedder.id, embedder.dimension) == ("gguf@1", 3)
    for _ in range(2):
        assert np.array_equal(embedder.embed("lamp"), made)
    assert asked == ["", "lamp"], "the same question is embedded once"
