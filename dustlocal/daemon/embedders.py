"""Which embedder the settings name, and how queries reach it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dustlocal.config import EmbeddingSettings
from dustlocal.daemon.jobs import Vector
from dustlocal.errors import ConfigError, DustLocalError
from indexer.model import SourceId

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from indexer.embed import Embedder
    from indexer.index import Index
    from indexer.search.query import QueryEmbedder


log = logging.getLogger(__name__)

_RETRY_SECONDS = 60.0


def makes_vectors(settings: EmbeddingSettings) -> bool:
    """Whether vectors are wanted at all."""
    return settings.model != "none"


def is_native(settings: EmbeddingSettings) -> bool:
    """Whether the model runs in llama.cpp, whose crashes may not reach the daemon."""
    return settings.model not in ("minilm", "scripted", "none")


_NAMES = {"minilm": "all-MiniLM-L6-v2-int8@", "scripted": "scripted-"}


def pending_vectors(index: Index, settings: EmbeddingSettings, source: SourceId) -> int:
    """How many chunks of a source lack a vector of the model that the settings name.

    All of them, if those that are there are another model's. Two GGUF models are told apart only
    when they are loaded.
    """
    seen = index.coverage([source])
    pinned = index.embedder(source)
    name = _NAMES.get(settings.model)
    others = pinned.startswith(tuple(_NAMES.values())) if name is None else bool(pinned)
    is_ours = not others or (name is not None and pinned.startswith(name))
    return seen.vectors_pending if is_ours else seen.chunks


def open_embedder(settings: EmbeddingSettings, models: Path) -> Embedder:
    """Load the embedder that the settings name; `models` is the data folder's folder of models.

    Errors: `WeightsMissing`, `EmbeddingError`, and `ConfigError` for a model that isn't there.
    """
    from indexer import embed  # noqa: PLC0415 - with numpy and a runtime behind it

    if settings.model == "scripted":
        return embed.ScriptedEmbedder()
    if settings.model == "minilm":
        return embed.MiniLmEmbedder(embed.find_weights([models]), threads=settings.threads)
    path = Path(os.path.expanduser(settings.model))
    if not path.is_file():
        raise ConfigError(
            f"embedding.model: {settings.model} is neither `minilm` nor the path of a model",
            hint="dustlocal config set embedding.model minilm",
        )
    return embed.GgufEmbedder(path, threads=settings.threads)


class QueryVectors:
    """Turns queries into vectors where the index has some to compare them with.

    The model is loaded when it is first needed, once, by whichever thread needs it; if that
    fails, words alone answer, and it is tried again a minute later. Thread-safe.
    """

    def __init__(self, index: Index, load: Callable[[], QueryEmbedder]) -> None:
        self._index = index
        self._load = load
        self._lock = threading.Lock()
        self._embedder: QueryEmbedder | None = None
        self._retry_at = 0.0
        self._any = False

    def for_sources(self, sources: tuple[SourceId, ...]) -> QueryEmbedder | None:
        """The embedder for a query over these sources, None while words alone must do."""
        if not (self._any or self._has_vectors(sources)):
            return None
        self._any = True
        with self._lock:
            if self._embedder is None and time.monotonic() >= self._retry_at:
                self._try_to_load()
            return self._embedder

    def retry(self) -> None:
        """Try again to load the model at the next query: its files may have come."""
        self._retry_at = 0.0

    def _try_to_load(self) -> None:
        try:
            self._embedder = self._load()
        except DustLocalError as error:
            log.warning("queries are answered by words alone: %s", error)
            self._retry_at = time.monotonic() + _RETRY_SECONDS

    def _has_vectors(self, sources: tuple[SourceId, ...]) -> bool:
        seen = self._index.coverage(sources)
        return seen.chunks > seen.vectors_pending


def local_query_embedder(settings: EmbeddingSettings, models: Path) -> QueryEmbedder:
    """A query embedder in this process. Errors: as for `open_embedder`."""
    from indexer.search.query import QueryEmbedder  # noqa: PLC0415 - imports numpy

    embedder = open_embedder(settings, models)
    # A question is searched twice, in files and in commits: its vector is made once.
    embed = lru_cache(maxsize=16)(embedder.embed_query)
    return QueryEmbedder(embedder.id, embedder.dimension, embed)


def remote_query_embedder(embed: Callable[[str], Vector]) -> QueryEmbedder:
    """A query embedder over `embed`, which asks another process. Errors: those of `embed`."""
    import numpy as np  # noqa: PLC0415

    from indexer.search.query import QueryEmbedder  # noqa: PLC0415

    @lru_cache(maxsize=16)
    def values(text: str) -> npt.NDArray[np.float32]:
        return np.frombuffer(embed(text).values, dtype="<f4").astype(np.float32)

    sample = embed("")
    return QueryEmbedder(sample.embedder, len(sample.values) // 4, values)
