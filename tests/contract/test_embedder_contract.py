"""What `indexer.embed.protocol.Embedder` promises, held against every implementation."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.embed import Embedder, GgufEmbedder, MiniLmEmbedder, ScriptedEmbedder, find_weights
from indexer.embed.minilm_graph import Arithmetic
from indexer.errors import EmbeddingError, WeightsMissing

CONVERTER = Path(__file__).parents[1] / "data" / "convert_minilm_to_gguf.py"

RETRY = "def retry_sync(attempts): sync again after a failed connection, waiting in between"
RETRY_TOO = "retry a failed sync: the connection is tried again after waiting"
BREAD = "Knead the dough with flour and salt, and bake the bread in a hot oven"

ODD_TEXTS = {
    "empty": "",
    "blank": " \n\t " * 50,
    "NULs": "\0before\0after\0",
    "lone surrogates": "\ud800 high, low \udc00",
    "control characters": "\x1b[31mred\x07\x7f",
    "bidirectional": "\u202eabc\u2066def",
    "combining": "e" + "\u0301" * 500,
    "no spaces": "x" * 100_000,
    "100 KB of words": "configuration " * 7_200,
    "CJK": "同期を再試行する" * 4_000,
    "emoji": "👩‍👩‍👧‍👦" * 2_000,
}


def unavailable(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def open_minilm(arithmetic: Arithmetic | None = None) -> MiniLmEmbedder:
    try:
        return MiniLmEmbedder(find_weights([]), arithmetic=arithmetic)
    except WeightsMissing as error:
        unavailable(f"{error} ({error.hint})")


@pytest.fixture(scope="session")
def minilm_gguf() -> Path:
    for module in ("llama_cpp", "gguf"):
        if importlib.util.find_spec(module) is None:
            unavailable(f"{module} is not installed")
    spec = importlib.util.spec_from_file_location("convert_minilm_to_gguf", CONVERTER)
    assert spec is not None and spec.loader is not None
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    try:
        path: Path = converter.cached_gguf()
    except WeightsMissing as error:
        unavailable(f"{error} ({error.hint})")
    return path


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("scripted"),
        pytest.param("minilm", marks=pytest.mark.weights),
        pytest.param("minilm-float", marks=pytest.mark.weights),
        pytest.param("gguf", marks=pytest.mark.llama),
    ],
)
def opened(request: pytest.FixtureRequest) -> Callable[[], Embedder]:
    """Opens one more embedder of the implementation under test."""
    if request.param == "gguf":
        path: Path = request.getfixturevalue("minilm_gguf")
        return lambda: GgufEmbedder(path, window=256)
    if request.param == "minilm-float":
        return lambda: open_minilm(Arithmetic.FLOAT)
    return ScriptedEmbedder if request.param == "scripted" else open_minilm


@pytest.fixture(scope="module")
def embedder(opened: Callable[[], Embedder]) -> Iterator[Embedder]:
    embedder = opened()
    yield embedder
    embedder.close()


def test_gives_a_row_of_float32_per_text(embedder: Embedder) -> None:
    vectors = embedder.embed([RETRY, BREAD, RETRY])
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == np.float32


def test_gives_no_row_for_no_text(embedder: Embedder) -> None:
    vectors = embedder.embed([])
    assert vectors.shape == (0, embedder.dimension)
    assert vectors.dtype == np.float32


def test_keeps_the_order_and_does_not_mix_texts(embedder: Embedder) -> None:
    texts = [RETRY, "", BREAD, "a much longer text " * 40, RETRY]
    together = embedder.embed(texts)
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, embedder.embed([text])[0])


def test_puts_close_meanings_closer(embedder: Embedder) -> None:
    retry, retry_too, bread = embedder.embed([RETRY, RETRY_TOO, BREAD])
    assert retry @ retry_too > retry @ bread + 0.3


def test_puts_a_question_near_its_passage(embedder: Embedder) -> None:
    question = embedder.embed_query("where is a failed sync tried again?")
    assert question.shape == (embedder.dimension,)
    assert question.dtype == np.float32
    near, far = embedder.embed([RETRY, BREAD]) @ question
    assert near > far + 0.1


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_gives_a_unit_vector_for_any_text(embedder: Embedder, text: str) -> None:
    for vector in (embedder.embed([text])[0], embedder.embed_query(text)):
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.characters(), max_size=200))
def test_gives_the_same_unit_vector_each_time(embedder: Embedder, text: str) -> None:
    vector = embedder.embed_query(text)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(vector, embedder.embed_query(text))


def test_cuts_off_what_the_window_does_not_hold(embedder: Embedder) -> None:
    words = "the configuration of the daemon is read once at the start " * 400
    assert np.array_equal(embedder.embed_query(words), embedder.embed_query(words + BREAD))


def test_reads_on_up_to_the_window(embedder: Embedder) -> None:
    words = "the configuration of the daemon is read once " * 20  # 160 words
    assert not np.allclose(embedder.embed_query(words), embedder.embed_query(words + BREAD))


def test_gives_the_same_vectors_to_several_threads(embedder: Embedder) -> None:
    texts = [f"{RETRY} number {number}" for number in range(12)]
    alone = embedder.embed(texts)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(embedder.embed_query, texts))
    assert np.array_equal(alone, np.stack(together))


def test_gives_the_same_vectors_under_one_id(
    embedder: Embedder, opened: Callable[[], Embedder]
) -> None:
    another = opened()
    assert another.id == embedder.id
    assert np.array_equal(another.embed([RETRY]), embedder.embed([RETRY]))
    another.close()


def test_refuses_to_work_once_closed(opened: Callable[[], Embedder]) -> None:
    embedder = opened()
    embedder.close()
    embedder.close()
    with pytest.raises(EmbeddingError, match="closed"):
        embedder.embed([RETRY])
    with pytest.raises(EmbeddingError, match="closed"):
        embedder.embed_query(RETRY)


@pytest.mark.weights
@pytest.mark.llama
@pytest.mark.parametrize(("arithmetic", "least"), [(Arithmetic.FLOAT, 0.998), (None, 0.98)])
def test_llama_cpp_and_onnxruntime_agree_on_one_model(
    minilm_gguf: Path, arithmetic: Arithmetic | None, least: float
) -> None:
    """The original weights against the int8 ones, under this CPU's arithmetic and in floats."""
    onnx, gguf = open_minilm(arithmetic), GgufEmbedder(minilm_gguf, window=256)
    texts = [RETRY, BREAD, "class HTTPServer:\n    port: int = 8080", "naïve Café 日本語 😀"]
    cosines = (onnx.embed(texts) * gguf.embed(texts)).sum(axis=1)
    onnx.close()
    gguf.close()
    assert cosines.min() > least


@pytest.mark.llama
def test_a_prefix_is_part_of_a_gguf_models_id_and_vectors(minilm_gguf: Path) -> None:
    plain = GgufEmbedder(minilm_gguf)
    prefixed = GgufEmbedder(minilm_gguf, query_prefix="search_query: ")
    assert plain.id != prefixed.id
    assert np.array_equal(plain.embed([RETRY]), prefixed.embed([RETRY]))
    asked = plain.embed_query(f"search_query: {RETRY}")
    assert np.array_equal(asked, prefixed.embed_query(RETRY))
    plain.close()
    prefixed.close()


@pytest.mark.llama
def test_a_window_beyond_the_models_own_is_lowered_to_it(minilm_gguf: Path) -> None:
    embedder = GgufEmbedder(minilm_gguf, window=4096)  # MiniLM has 512 positions
    assert np.isfinite(embedder.embed_query("configuration " * 2_000)).all()
    embedder.close()
