"""An embedder without a model: hashed words and character trigrams.

For tests and demonstrations: it needs no weights, loads at once, and still puts texts that share
words near each other. It knows no synonyms, so it is no substitute for a model.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from indexer.embed.protocol import encodable
from indexer.errors import EmbeddingError

if TYPE_CHECKING:
    from indexer.embed.protocol import Vectors

_WINDOW = 4096
"""Characters that are read of a text."""
_TRIGRAM_WEIGHT = 0.25
"""A word of six letters has six trigrams: at a quarter each, they weigh about what it does."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


class ScriptedEmbedder:
    """Signed feature hashing (Weinberger et al., "Feature Hashing for Large Scale Multitask
    Learning", 2009) of words and their trigrams, each weighted by the root of its count.
    """

    def __init__(self, dimension: int = 384) -> None:
        if dimension < 1:
            raise EmbeddingError(
                f"a vector can't have {dimension} dimensions", hint="use 1 or more"
            )
        self._dimension = dimension
        self._closed = False

    @property
    def id(self) -> str:
        """`scripted-384@1`: the number after the `@` is the version of the hashing."""
        return f"scripted-{self._dimension}@1"

    @property
    def dimension(self) -> int:
        """As given to the constructor."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        if self._closed:
            raise EmbeddingError("the embedder is closed", hint="open a new one")
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(encodable(text, _WINDOW))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """See `Embedder.embed_query`. Questions are hashed like passages."""
        vector: Vectors = self.embed([text])[0]
        return vector

    def close(self) -> None:
        """See `Embedder.close`."""
        self._closed = True

    def _vector(self, text: str) -> Vectors:
        counts = Counter(_features(text))
        hashes = np.fromiter(map(zlib.crc32, counts), dtype=np.int64, count=len(counts))
        weights = np.fromiter(map(_weight, counts.items()), dtype=np.float64, count=len(counts))
        signed = np.where(hashes & 1, weights, -weights)
        vector = np.bincount((hashes >> 1) % self._dimension, signed, self._dimension)
        norm = float(np.linalg.norm(vector))
        if norm == 0.0:  # nothing to hash, or features that cancel each other out
            vector[0] = norm = 1.0
        return (vector / norm).astype(np.float32)


def _features(text: str) -> Iterator[bytes]:
    for match in _WORD.finditer(text):
        word = match.group().lower()
        yield f"w {word}".encode()
        padded = f"^{word}$"
        for start in range(len(padded) - 2):
            yield f"t {padded[start : start + 3]}".encode()


def _weight(feature_and_count: tuple[bytes, int]) -> float:
    feature, count = feature_and_count
    return float(count**0.5) * (1.0 if feature.startswith(b"w") else _TRIGRAM_WEIGHT)
