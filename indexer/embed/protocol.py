"""What every embedder promises, whatever computes its vectors.

One contract suite holds all of them to it (`tests/contract/test_embedder_contract.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:  # numpy takes 80 ms to import, and whoever only passes an embedder on needs none
    import numpy as np
    import numpy.typing as npt

    Vectors: TypeAlias = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns text into unit vectors whose dot product says how close two texts are in meaning.

    The same text gives the same bits, alone or among others, in every process of one machine.
    Any `str` is accepted: text beyond the model's window is cut off, a lone surrogate counts as
    `?`, and the empty text has a unit vector too (of no meaning, the same each time). All methods
    may be called from several threads at once. `close` gives the memory back; whatever comes
    after it raises EmbeddingError.
    """

    @property
    def id(self) -> str:
        """What a store's manifest pins: vectors of two embedders with one id may be compared."""
        ...

    @property
    def dimension(self) -> int:
        """The length of every vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed passages: float32, shape (len(texts), dimension), rows of norm 1, order kept.

        Raises EmbeddingError when the model fails or the embedder is closed.
        """
        ...

    def embed_query(self, text: str) -> Vectors:
        """Embed a question: float32, shape (dimension,), norm 1.

        Apart from `embed` because many models expect another prefix before a question than
        before a passage. Raises EmbeddingError like `embed`.
        """
        ...

    def close(self) -> None:
        """Release the model. A second call does nothing."""
        ...


def encodable(text: str, limit: int) -> str:
    """The first `limit` characters of `text`, each lone surrogate replaced by `?`.

    Tokenizers take UTF-8, which has no lone surrogates, and read a text to its end before they
    cut it to the window: 100 KB would cost more to tokenize than to embed.
    """
    return text[:limit].encode("utf-8", "replace").decode("utf-8")
