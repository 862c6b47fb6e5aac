"""Any GGUF embedding model through llama-cpp-python, the extra `llama`.

llama.cpp is native code that can take its process down: open a GgufEmbedder outside the daemon.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.embed.cpu import cpu_flags
from indexer.embed.protocol import encodable
from indexer.errors import EmbeddingError

if TYPE_CHECKING:
    from indexer.embed.protocol import Vectors

DEFAULT_WINDOW = 512
"""Tokens. Enough for chunks of 220, and what BERT-like models were trained with at most."""

_CHARACTERS_PER_TOKEN = 32
"""An upper bound for real text, as in `indexer.embed.onnx`."""

_SELF_CHECK = "def retry(attempts): ...  # a prompt of more than one token"
_RANK = 4  # llama.h: LLAMA_POOLING_TYPE_RANK, the head of a reranker

_CONSTRUCTING = threading.Lock()


class GgufEmbedder:
    """One model file, one text at a time.

    llama.cpp is slower when it packs several texts into a batch than one after the other, and
    packing failed in some releases of the binding. Calls from several threads wait for each other.
    The vectors are the model's own pooling (or the mean, where it names none), scaled to norm 1.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 1,
        window: int = DEFAULT_WINDOW,
        query_prefix: str = "",
        passage_prefix: str = "",
    ) -> None:
        """Load the model and embed one sentence, to fail now rather than in the background.

        `window` is in tokens, and is lowered to what the model was trained with. The prefixes are
        those that the model's documentation asks for ("search_query: " and the like).

        Raises EmbeddingError when llama-cpp-python is missing, or the file is no embedding model.
        """
        self._lock = threading.Lock()
        self._prefixes = (query_prefix, passage_prefix)
        self._digest = _digest(path)
        self._name = path.stem
        self._llama: Any = _open_at_most(path, threads, window)
        self._characters = int(self._llama.n_ctx()) * _CHARACTERS_PER_TOKEN
        self._dimension = int(self._llama.n_embd())
        self._check()

    @property
    def id(self) -> str:
        """The file's stem and hash; the hash of the prefixes too, as they change the vectors."""
        pinned = f"{self._name}@{self._digest[:8]}"
        if not any(self._prefixes):
            return pinned
        prefixes = hashlib.sha256("\0".join(self._prefixes).encode("utf-8", "replace"))
        return f"{pinned}+{prefixes.hexdigest()[:8]}"

    @property
    def dimension(self) -> int:
        """The model's embedding length."""
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(self._prefixes[1] + text)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """See `Embedder.embed_query`."""
        return self._vector(self._prefixes[0] + text)

    def close(self) -> None:
        """See `Embedder.close`."""
        with self._lock:
            if self._llama is not None:
                self._llama.close()
                self._llama = None

    def _check(self) -> None:
        try:
            self._vector(_SELF_CHECK)
        except EmbeddingError:
            self.close()
            raise

    def _vector(self, text: str) -> Vectors:
        cut = encodable(text, self._characters)
        with self._lock:
            if self._llama is None:
                raise EmbeddingError("the embedder is closed", hint="open a new one")
            try:
                raw = self._llama.embed(_never_empty(self._llama, cut))
            except (RuntimeError, ValueError) as error:
                raise self._failed(str(error)) from error
        return self._unit(np.asarray(raw, dtype=np.float32))

    def _unit(self, raw: Vectors) -> Vectors:
        """Scale to norm 1; a model without pooling gives a row per token, of which the mean."""
        vector = raw.mean(axis=0) if raw.ndim == 2 else raw
        norm = float(np.linalg.norm(vector))
        if vector.shape != (self._dimension,) or not np.isfinite(norm) or norm == 0.0:
            raise self._failed("its output is not a finite vector")
        unit: Vectors = vector / np.float32(norm)
        return unit

    def _failed(self, reason: str) -> EmbeddingError:
        return EmbeddingError(
            f"the embedding model {self._name} failed: {reason}",
            hint="try another GGUF of the model, or the built-in one: "
            "dustlocal models pull embedding",
        )


def needs_amx_guard(flags: str) -> bool:
    """Whether llama.cpp would crash on a CPU with these flags (those of /proc/cpuinfo).

    With AMX, its repacked weight buffers end in a segmentation fault in
    `ggml_backend_amx_mul_mat` on any prompt of more than one token.
    """
    return any(flag.startswith("amx") for flag in flags.split())


@contextmanager
def amx_safe_parameters(llama_cpp: ModuleType, *, guard: bool) -> Iterator[None]:
    """While inside, a `Llama` is constructed without the extra weight buffers if `guard`.

    `Llama` has no argument for them: it takes the default parameters and sets those it knows, so
    the default is what has to change.
    """
    binding = llama_cpp.llama_cpp
    default = binding.llama_model_default_params

    def without_extra_buffers() -> Any:
        parameters = default()
        parameters.use_extra_bufts = False
        return parameters

    with _CONSTRUCTING:
        if guard:
            binding.llama_model_default_params = without_extra_buffers
        try:
            yield
        finally:
            binding.llama_model_default_params = default


def import_llama_cpp() -> ModuleType:
    """llama-cpp-python, or EmbeddingError with the way to get it."""
    try:
        return importlib.import_module("llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:  # the last two: its library won't load
        raise EmbeddingError(
            f"llama-cpp-python can't be used: {error}", hint="pip install 'dustlocal[llama]'"
        ) from error


def _open_at_most(path: Path, threads: int, window: int) -> Any:
    llama = _open(path, threads, window)
    trained = _trained_window(llama.metadata)
    if trained is None or trained >= window:
        return llama
    llama.close()
    return _open(path, threads, trained)


def _open(path: Path, threads: int, window: int) -> Any:
    llama_cpp = import_llama_cpp()
    try:
        with amx_safe_parameters(llama_cpp, guard=needs_amx_guard(cpu_flags())):
            llama = llama_cpp.Llama(
                model_path=str(path),
                embedding=True,
                n_ctx=window,
                # A model that looks both ways needs the whole text in one physical batch.
                n_batch=window,
                n_ubatch=window,
                n_threads=threads,
                n_threads_batch=threads,
                verbose=False,
            )
    except (ValueError, RuntimeError, OSError) as error:
        raise _not_a_model(path, str(error)) from error
    if llama.pooling_type() == _RANK:
        llama.close()
        raise _not_a_model(path, "it is a reranker")
    return llama


def _trained_window(metadata: dict[str, str]) -> int | None:
    value = metadata.get(f"{metadata.get('general.architecture')}.context_length", "")
    return int(value) if value.isdecimal() and int(value) > 0 else None


def _never_empty(llama: Any, text: str) -> str:
    """`text`, or a full stop if it has no token at all: a model without markers can't read that."""
    return text if llama.tokenize(text.encode()) else "."


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _not_a_model(path, error.strerror or str(error)) from error


def _not_a_model(path: Path, reason: str) -> EmbeddingError:
    return EmbeddingError(
        f"can't load {path} as an embedding model: {reason}",
        hint="choose a GGUF file of an embedding model",
    )
