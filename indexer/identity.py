"""What makes two contents the same: the keys under which they are stored once."""

from __future__ import annotations

import hashlib
from typing import Final

# Part of a document's identity: raised whenever extraction, redaction, chunking or the lexical
# text changes, so that an update of the program re-reads what it would now store differently.
PIPELINE: Final = 1


def blob_of(data: bytes) -> bytes:
    """The identity of a content: SHA-256 of the bytes."""
    return hashlib.sha256(data).digest()


def embedded_text(path: str, symbol: str, text: str) -> str:
    """What is embedded for a chunk: the header `path > symbol`, then the chunk."""
    return f"{path} > {symbol}\n{text}" if symbol else f"{path}\n{text}"


def vector_key(path: str, symbol: str, text: str) -> int:
    """A signed 64-bit key of the embedded text, the row id under which its vector is found."""
    digest = hashlib.blake2b(
        embedded_text(path, symbol, text).encode("utf-8", "surrogatepass"), digest_size=8
    ).digest()
    return int.from_bytes(digest, "big", signed=True)
