"""Vectors nobody had to compute: random ones, in the place of the embedding model's.

Search reads, scans and fuses them as it would the real ones; only the ranking means nothing. It
takes seconds where embedding takes the better part of an hour.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

import numpy as np

from dustlocal.bench.sandbox import Sandbox
from dustlocal.bench.stored import known_source
from dustlocal.config import EmbeddingSettings
from dustlocal.daemon.embedders import open_embedder
from indexer.store import vectors
from indexer.store.catalog import shard_name
from indexer.store.shard import Shard

_BATCH: Final = 5_000


def fill_vectors(sandbox: Sandbox, source: str) -> int:
    """Give every chunk of a source a random unit vector under the sandbox's model; how many.

    The daemon must not run: it is the one that writes. Errors: `WeightsMissing`.
    """
    embedder = open_embedder(EmbeddingSettings(model=sandbox.model), sandbox.places.models)
    identity, dimension = embedder.id, embedder.dimension
    embedder.close()
    shard = Shard(sandbox.places.index / f"{shard_name(known_source(sandbox, source))}.db")
    try:
        with shard.writing() as connection:
            vectors.pin_embedder(connection, identity, dimension)
            rows = connection.execute("SELECT DISTINCT key FROM chunk").fetchall()
        keys = iter([key for (key,) in rows])
        rng = np.random.default_rng(0)
        while batch := list(islice(keys, _BATCH)):
            drawn = rng.standard_normal((len(batch), dimension), dtype=np.float32)
            unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
            with shard.writing() as connection:
                vectors.insert_vectors(connection, batch, unit)
        shard.settle()
    finally:
        shard.close()
    return len(rows)
