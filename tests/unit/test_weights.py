"""Where the embedding model's files are found, and which files are refused."""

from __future__ import annotations

import hashlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.embed import weights
from indexer.embed.weights import MODEL_FOLDER, MiniLmFiles, PinnedFile, find_weights, mismatch
from indexer.errors import WeightsMissing

MODEL_BYTES = b"weights" * 100
TOKENIZER_BYTES = b'{"tokens": []}'


def pin(name: str, content: bytes, package: str) -> PinnedFile:
    return PinnedFile(name, len(content), hashlib.sha256(content).hexdigest(), package, name)


@pytest.fixture(autouse=True)
def small_pinned_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few bytes in place of the real ones, and no weights from the environment."""
    monkeypatch.setattr(weights, "MODEL", pin("model.onnx", MODEL_BYTES, "data_only_model"))
    tokenizer = pin("tokenizer.json", TOKENIZER_BYTES, "data_only_tokenizer")
    monkeypatch.setattr(weights, "TOKENIZER", tokenizer)
    monkeypatch.delenv("DUSTLOCAL_MODELS", raising=False)


def models_folder(
    folder: Path, model: bytes = MODEL_BYTES, tokenizer: bytes = TOKENIZER_BYTES
) -> Path:
    inside = folder / MODEL_FOLDER
    inside.mkdir(parents=True)
    (inside / "model.onnx").write_bytes(model)
    (inside / "tokenizer.json").write_bytes(tokenizer)
    return folder


def installed_package(site: Path, name: str, file: str, content: bytes) -> Path:
    """A package that must not be imported."""
    (site / name).mkdir(parents=True)
    (site / name / "__init__.py").write_text("raise RuntimeError('imported')")
    (site / name / file).write_bytes(content)
    return site / name / file


def files_in(folder: Path) -> MiniLmFiles:
    return MiniLmFiles(
        folder / MODEL_FOLDER / "model.onnx", folder / MODEL_FOLDER / "tokenizer.json"
    )


def test_finds_both_files_in_a_folder_of_models(tmp_path: Path) -> None:
    assert find_weights([models_folder(tmp_path)]) == files_in(tmp_path)


def test_finds_files_that_lie_loose_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(MODEL_BYTES)
    (tmp_path / "tokenizer.json").write_bytes(TOKENIZER_BYTES)
    found = find_weights([tmp_path])
    assert found == MiniLmFiles(tmp_path / "model.onnx", tmp_path / "tokenizer.json")


def test_the_environment_goes_before_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, data = models_folder(tmp_path / "named"), models_folder(tmp_path / "data")
    monkeypatch.setenv("DUSTLOCAL_MODELS", str(named))
    assert find_weights([data]) == files_in(named)


def test_an_installed_package_goes_first_and_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    model = installed_package(site, "data_only_model", "model.onnx", MODEL_BYTES)
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    monkeypatch.setenv("DUSTLOCAL_MODELS", str(models_folder(tmp_path / "named")))
    found = find_weights([])
    assert found == MiniLmFiles(model, files_in(tmp_path / "named").tokenizer)
    assert "data_only_model" not in sys.modules


def test_a_damaged_file_is_passed_over_for_a_good_one(tmp_path: Path) -> None:
    damaged = models_folder(tmp_path / "damaged", model=MODEL_BYTES[:-1] + b"?")
    good = models_folder(tmp_path / "good")
    found = find_weights([damaged, good])
    assert found.model == files_in(good).model
    assert found.tokenizer == files_in(damaged).tokenizer


def test_says_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"model\.onnx and tokenizer\.json") as caught:
        find_weights([tmp_path, tmp_path / "not there"])
    assert caught.value.hint == "run: dustlocal models pull embedding"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (MODEL_BYTES[:-1], "699 bytes, expected 700"),
        (b"", "0 bytes, expected 700"),
        (b"?" + MODEL_BYTES[1:], "sha256 .*, expected "),
    ],
)
def test_says_which_file_differs_and_how(tmp_path: Path, content: bytes, reason: str) -> None:
    models_folder(tmp_path, model=content)
    with pytest.raises(WeightsMissing, match=rf"lacks model\.onnx on.*model\.onnx: {reason}"):
        find_weights([tmp_path])


def test_a_folder_in_a_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / MODEL_FOLDER / "model.onnx").mkdir(parents=True)
    with pytest.raises(WeightsMissing, match="not a regular file"):
        find_weights([tmp_path])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
def test_a_fifo_in_a_files_place_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / MODEL_FOLDER).mkdir()
    os.mkfifo(tmp_path / MODEL_FOLDER / "model.onnx")
    with pytest.raises(WeightsMissing, match="not a regular file"):
        find_weights([tmp_path])


def test_a_file_in_the_folders_place_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / MODEL_FOLDER).write_text("not a folder")
    with pytest.raises(WeightsMissing, match=r"lacks model\.onnx and tokenizer\.json"):
        find_weights([tmp_path])


def test_one_changed_byte_anywhere_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    for position in range(len(TOKENIZER_BYTES)):
        changed = bytearray(TOKENIZER_BYTES)
        changed[position] ^= 1
        path.write_bytes(bytes(changed))
        assert mismatch(path, weights.TOKENIZER) is not None
    path.write_bytes(TOKENIZER_BYTES)
    assert mismatch(path, weights.TOKENIZER) is None


def test_importing_the_package_loads_no_runtime() -> None:
    code = (
        "import sys, indexer.embed; "
        "heavy = {'numpy', 'onnxruntime', 'tokenizers', 'llama_cpp'} & set(sys.modules); "
        "sys.exit(', '.join(heavy) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
