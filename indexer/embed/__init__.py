"""Text to vectors: the Embedder protocol and its three implementations.

Importing this package is cheap. An implementation is imported, with numpy and its runtime, when
its name is first used, so take `MiniLmEmbedder` and the others from here inside the function that
opens one.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from indexer.embed.protocol import Embedder
from indexer.embed.weights import MiniLmFiles, find_weights

if TYPE_CHECKING:
    from indexer.embed.gguf import GgufEmbedder
    from indexer.embed.onnx import MiniLmEmbedder
    from indexer.embed.scripted import ScriptedEmbedder

__all__ = [
    "Embedder",
    "GgufEmbedder",
    "MiniLmEmbedder",
    "MiniLmFiles",
    "ScriptedEmbedder",
    "find_weights",
]

_HOMES = {
    "GgufEmbedder": "indexer.embed.gguf",
    "MiniLmEmbedder": "indexer.embed.onnx",
    "ScriptedEmbedder": "indexer.embed.scripted",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
