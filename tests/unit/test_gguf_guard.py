"""The guard against llama.cpp's crash on CPUs with AMX, and what a broken set-up says."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from indexer.embed import GgufEmbedder
from indexer.embed.gguf import amx_safe_parameters, import_llama_cpp, needs_amx_guard
from indexer.errors import EmbeddingError


@pytest.mark.parametrize(
    ("flags", "needed"),
    [
        (" fpu vme sse4_2 avx512f amx_bf16 avx512_fp16 amx_tile amx_int8", True),
        ("amx_tile", True),
        (" fpu vme sse4_2 avx2 avx512f avx512_vnni", False),
        ("camx_like", False),
        ("", False),
    ],
)
def test_only_a_cpu_with_amx_needs_the_guard(flags: str, needed: bool) -> None:
    assert needs_amx_guard(flags) is needed


def binding() -> Any:
    """The two attributes of llama-cpp-python that the guard touches."""
    made = lambda: SimpleNamespace(use_extra_bufts=True, n_gpu_layers=7)  # noqa: E731
    return SimpleNamespace(llama_cpp=SimpleNamespace(llama_model_default_params=made))


def test_the_guard_switches_extra_buffers_off_and_nothing_else() -> None:
    llama_cpp = binding()
    with amx_safe_parameters(llama_cpp, guard=True):
        parameters = llama_cpp.llama_cpp.llama_model_default_params()
    assert (parameters.use_extra_bufts, parameters.n_gpu_layers) == (False, 7)


def test_without_need_the_defaults_stay() -> None:
    llama_cpp = binding()
    with amx_safe_parameters(llama_cpp, guard=False):
        assert llama_cpp.llama_cpp.llama_model_default_params().use_extra_bufts is True


def test_the_defaults_are_back_after_a_failure() -> None:
    llama_cpp = binding()
    with pytest.raises(ValueError, match="no model"), amx_safe_parameters(llama_cpp, guard=True):
        raise ValueError("no model")
    assert llama_cpp.llama_cpp.llama_model_default_params().use_extra_bufts is True


@pytest.mark.llama
def test_the_guard_fits_the_installed_binding() -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    seen_by_llama = vars(importlib.import_module("llama_cpp.llama"))["llama_cpp"]
    with amx_safe_parameters(llama_cpp, guard=True):
        assert seen_by_llama.llama_model_default_params().use_extra_bufts is False
    assert seen_by_llama.llama_model_default_params().use_extra_bufts is True


@pytest.mark.parametrize(
    "failure", [ImportError("No module"), OSError("libllama.so"), RuntimeError("lib")]
)
def test_without_the_binding_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(_name: str) -> None:
        raise failure

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(EmbeddingError) as caught:
        import_llama_cpp()
    assert caught.value.hint == "pip install 'dustlocal[llama]'"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingError, match=r"gone\.gguf.*No such file"):
        GgufEmbedder(tmp_path / "gone.gguf")


@pytest.mark.llama
def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    path = tmp_path / "text.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(EmbeddingError, match=r"text\.gguf"):
        GgufEmbedder(path)
