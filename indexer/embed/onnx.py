"""all-MiniLM-L6-v2 with int8 weights through onnxruntime: the default embedder.

Importing this module imports numpy, onnxruntime and tokenizers (0.1 s): do so when the first
vector is needed. No socket is opened, and onnxruntime's telemetry events are switched off.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from indexer.embed.cpu import cpu_flags
from indexer.embed.minilm_graph import Arithmetic, best_arithmetic, build_graph
from indexer.embed.protocol import encodable
from indexer.embed.weights import HINT, MODEL, MiniLmFiles
from indexer.errors import EmbeddingError

if TYPE_CHECKING:
    from indexer.embed.protocol import Vectors

DIMENSION = 384
WINDOW = 256
"""Wordpieces, [CLS] and [SEP] included, as in sentence-transformers' configuration of the model
(`sentence_bert_config.json`, `max_seq_length`)."""

_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
"""Where onnxruntime looks for weights that a graph given as bytes refers to."""

_CHARACTERS = WINDOW * 32
"""More than any text of 256 wordpieces has in practice: code and prose have 3 to 5 a wordpiece."""


class MiniLmEmbedder:
    """Mean pooling over the tokens, then L2 normalisation, as sentence-transformers does it.

    `threads` are the cores that one call may use: 1 leaves the machine to its owner, 2 give 1.4x
    the throughput. Texts go through one at a time: as fast on a CPU as batches of 8 or 32,
    which pad every text to the longest and took up to 650 MB more.
    """

    def __init__(
        self, files: MiniLmFiles, *, threads: int = 1, arithmetic: Arithmetic | None = None
    ) -> None:
        """Load the model; without `arithmetic`, as suits this CPU.

        While the embedder is open, `files` may be replaced by a rename, but not rewritten: the
        weights are mapped into memory.
        Raises EmbeddingError when a file can't be used.
        """
        chosen = arithmetic or best_arithmetic(platform.machine(), cpu_flags())
        self._tokenizer: Tokenizer | None = _load_tokenizer(files)
        self._session: onnxruntime.InferenceSession | None = _load_session(files, threads, chosen)

    @property
    def id(self) -> str:
        """The model's name and the first eight digits of its file's sha256."""
        return f"all-MiniLM-L6-v2-int8@{MODEL.sha256[:8]}"

    @property
    def dimension(self) -> int:
        """384."""
        return DIMENSION

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedder.embed`."""
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """See `Embedder.embed_query`. The model has no prefixes: questions are like passages."""
        tokenizer, session = self._tokenizer, self._session
        if tokenizer is None or session is None:
            raise EmbeddingError("the embedder is closed", hint="open a new one")
        return _pool(_hidden_states(session, tokenizer.encode(encodable(text, _CHARACTERS)).ids))

    def close(self) -> None:
        """See `Embedder.close`."""
        self._tokenizer = self._session = None
        _return_freed_memory()


def _load_tokenizer(files: MiniLmFiles) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # tokenizers raises plain Exception
        raise EmbeddingError(f"can't load {files.tokenizer}: {error}", hint=HINT) from error
    # The file itself asks for 128 tokens, padded to 128.
    tokenizer.no_padding()
    tokenizer.enable_truncation(WINDOW)
    return tokenizer


def _load_session(
    files: MiniLmFiles, threads: int, arithmetic: Arithmetic
) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    model = files.model.resolve()  # the weights are mapped from the folder that really holds them
    options = _options(threads)
    options.add_session_config_entry(_WEIGHTS_FOLDER, str(model.parent))
    try:
        graph = build_graph(model, arithmetic)
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no other ancestor
        raise EmbeddingError(f"can't load {files.model}: {error}", hint=HINT) from error
    _return_freed_memory()
    return session


def _options(threads: int) -> onnxruntime.SessionOptions:
    """Neither arena nor memory pattern: they cost memory here and gain no time. Threads that wait
    don't spin: that is a little faster on an idle machine, and on a busy one doubles the p95.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _hidden_states(session: onnxruntime.InferenceSession, ids: list[int]) -> Vectors:
    inputs = {
        "ids": np.array([ids], dtype=np.int64),
        "positions": np.arange(len(ids), dtype=np.int64),
    }
    try:
        hidden: Vectors = session.run(["hidden"], inputs)[0][0]
    except Exception as error:
        raise EmbeddingError(f"the embedding model failed: {error}", hint=HINT) from error
    return hidden


def _pool(hidden: Vectors) -> Vectors:
    """Mean over the tokens (there is no padding to mask out), scaled to norm 1."""
    mean = hidden.mean(axis=0)
    unit: Vectors = mean / np.linalg.norm(mean)
    return unit


def _return_freed_memory() -> None:
    """Give back to the system what loading in floats allocates and frees: 40 MB (glibc)."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
