"""Reading and writing ONNX files, and the choice of arithmetic."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.embed import MiniLmEmbedder, MiniLmFiles
from indexer.embed.minilm_graph import Arithmetic, best_arithmetic, build_graph
from indexer.embed.onnx_format import (
    ElementType,
    Model,
    inline_tensor,
    node,
    serialize,
    stored_tensors,
    value,
)
from indexer.errors import EmbeddingError


@pytest.mark.parametrize(
    ("machine", "flags", "chosen"),
    [
        ("x86_64", "fma avx2 avx512f avx512_vnni", Arithmetic.INT8),
        ("x86_64", "fma avx2 avx_vnni", Arithmetic.INT8),
        ("x86_64", "fma avx2 avx512f", Arithmetic.FLOAT),
        ("AMD64", "", Arithmetic.FLOAT),
        ("arm64", "", Arithmetic.INT8),
        ("aarch64", "fp asimd", Arithmetic.INT8),
    ],
)
def test_int8_is_for_cpus_that_multiply_it_exactly(
    machine: str, flags: str, chosen: Arithmetic
) -> None:
    assert best_arithmetic(machine, flags) is chosen


def model_of(*initializers: bytes) -> bytes:
    made = [node("Add", ["x", "w"], "y", attributes={"axis": -0, "epsilon": 0.5})]
    inputs = [value("x", ElementType.FLOAT, [1, "n"])]
    outputs = [value("y", ElementType.FLOAT, [1, "n"])]
    return serialize(Model(made, initializers, inputs, outputs, {"": 17}))


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.lists(st.integers(0, 2**40)))),
    st.binary(max_size=300),
)
@settings(max_examples=50, deadline=None)
def test_written_tensors_are_read_back(tensors: list[tuple[str, list[int]]], raw: bytes) -> None:
    written = [inline_tensor(name, ElementType.INT8, shape, raw) for name, shape in tensors]
    data = model_of(*written)
    read = list(stored_tensors(memoryview(data)))
    assert [(tensor.name, list(tensor.shape)) for tensor in read] == tensors
    assert all(tensor.element == ElementType.INT8 for tensor in read)
    assert all(data[each.offset : each.offset + each.length] == raw for each in read)


def test_onnxruntime_takes_what_is_written() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    weights = inline_tensor("w", ElementType.FLOAT, [2], struct.pack("<2f", 1.0, -2.5))
    outputs = [value("y", ElementType.FLOAT, [2])]
    inputs = [value("x", ElementType.FLOAT, [2])]
    add = node("Add", ["x", "w"], "y")
    data = serialize(Model([add], [weights], inputs, outputs, {"": 17}))
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    import numpy as np

    (result,) = session.run(None, {"x": np.array([10, 20], dtype=np.float32)})
    assert result.tolist() == [11.0, 17.5]


@given(st.binary(max_size=200))
@example(b"\x3a\x04\x2a\x02\x12\x00")
@example(b"\xff" * 100)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        for tensor in stored_tensors(memoryview(data)):
            assert 0 <= tensor.offset <= tensor.offset + tensor.length <= len(data)
    except ValueError:
        pass


@pytest.mark.parametrize("keep", [1, 10, 60, 120])
def test_a_cut_off_file_is_refused(keep: int) -> None:
    data = model_of(inline_tensor("w", ElementType.INT8, [100], bytes(100)))
    with pytest.raises(ValueError, match="no ONNX file"):
        list(stored_tensors(memoryview(data[:keep])))


def test_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(inline_tensor("w", ElementType.INT8, [4], bytes(4))))
    with pytest.raises(ValueError, match="not the pinned model: 0 matrices, expected 36"):
        build_graph(path, Arithmetic.INT8)


@pytest.mark.parametrize("content", [b"", b"<html>"])
def test_files_that_are_no_model_are_named(tmp_path: Path, content: bytes) -> None:
    for name in ("model.onnx", "tokenizer.json"):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"can't load .*tokenizer\.json") as caught:
        MiniLmEmbedder(MiniLmFiles(tmp_path / "model.onnx", tmp_path / "tokenizer.json"))
    assert caught.value.hint == "run: dustlocal models pull embedding"
