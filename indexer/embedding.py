"""Giving a source's chunks their vectors: unseen content only, most recently touched first."""

from __future__ import annotations

from typing import Final

from indexer.crash import crash_point
from indexer.embed.protocol import Embedder
from indexer.model import Source
from indexer.refresh import tree_of
from indexer.store import vectors
from indexer.store.shard import Shard
from indexer.work import OnProgress, ShouldStop

# One transaction each: what a kill may cost, and how long a stop may take (about a second).
_BATCH: Final = 32


def embed_pending(
    shard: Shard,
    source: Source,
    embedder: Embedder,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> int:
    """Embed what has no vector yet; returns how many chunks were embedded."""
    tree = tree_of(shard, source)
    _pin(shard, embedder)
    with shard.reading() as connection:
        total = vectors.count_pending(connection, tree) if connection is not None else 0
    done = 0
    while done < total and not should_stop():
        with shard.reading() as connection:
            if connection is None:
                break
            pending = vectors.pending_chunks(connection, tree, _BATCH)
        if not pending:
            break
        # One at a time: as fast as a batch on two cores, and it saves up to 650 MB.
        matrix = embedder.embed([chunk.text for chunk in pending])
        crash_point("before-vectors")
        with shard.writing() as connection:
            if not vectors.is_pinned(connection, embedder.id, embedder.dimension):
                break  # another process has begun to embed with another model
            vectors.insert_vectors(connection, [chunk.key for chunk in pending], matrix)
        crash_point("after-vectors")
        done += len(pending)
        on_progress(done, max(total, done))
    _purge(shard)
    return done


def _pin(shard: Shard, embedder: Embedder) -> None:
    with shard.reading() as connection:
        if connection is not None and vectors.is_pinned(
            connection, embedder.id, embedder.dimension
        ):
            return
    with shard.writing() as connection:
        vectors.pin_embedder(connection, embedder.id, embedder.dimension)


def _purge(shard: Shard) -> None:
    with shard.reading() as connection:
        if connection is None or not vectors.too_many_unused(connection):
            return
    with shard.writing() as connection:
        vectors.purge_unused(connection)
