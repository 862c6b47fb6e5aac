"""Vectors in the store: which are missing, writing them, and which embedder they belong to.

A vector is found by the key of its embedded text (`indexer.prepare.vector_key`), so a chunk that
moves to another version of its file, or back with a branch, keeps its vector. Unused vectors
stay for that reason until they outnumber a quarter of those in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.identity import embedded_text
from indexer.store.documents import unpack_text
from indexer.store.sqlite import Connection

EMBEDDER: Final = "embedder"
EPOCH: Final = "vector_epoch"
# Written with the schema: tells one file from the next that takes its place.
IDENTITY: Final = "identity"
# Raised by every transaction that writes (`Shard.writing`).
GENERATION: Final = "generation"
# Below this many unused vectors a purge is not worth a rewrite of the table.
_MIN_UNUSED: Final = 1000


@dataclass(frozen=True, slots=True)
class PendingChunk:
    """A chunk without a vector: its key, and the text to embed (header first)."""

    key: int
    text: str


def read_setting(connection: Connection, name: str) -> str:
    """A value of the shard's manifest, "" when it was never set."""
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def write_setting(connection: Connection, name: str, value: str) -> None:
    """Set a value of the shard's manifest."""
    connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))


def pin_embedder(connection: Connection, embedder: str, dimension: int) -> bool:
    """Make the shard's vectors belong to `embedder`; True if those of another one were dropped."""
    if is_pinned(connection, embedder, dimension):
        return False
    before = read_setting(connection, EMBEDDER)
    drop_vectors(connection)
    connection.execute("DROP TABLE vector")
    connection.execute(f"CREATE VIRTUAL TABLE vector USING vec0 (embedding int8[{int(dimension)}])")
    write_setting(connection, EMBEDDER, f"{embedder}/{dimension}")
    return bool(before)


def is_pinned(connection: Connection, embedder: str, dimension: int) -> bool:
    """Whether the shard's vectors belong to `embedder`."""
    return read_setting(connection, EMBEDDER) == f"{embedder}/{dimension}"


def drop_vectors(connection: Connection) -> None:
    """Delete every vector and tell readers that what they hold in memory is void."""
    connection.execute("DELETE FROM vector")
    connection.execute("DELETE FROM vector_key")
    _next_epoch(connection)


def _next_epoch(connection: Connection) -> None:
    write_setting(connection, EPOCH, str(int(read_setting(connection, EPOCH) or 0) + 1))


_PENDING: Final = """
FROM entry JOIN chunk ON chunk.document = entry.document
WHERE entry.tree = ? AND NOT EXISTS (SELECT 1 FROM vector_key WHERE vector_key.key = chunk.key)
"""


def count_pending(connection: Connection, tree: int) -> int:
    """How many chunks that the work tree has are still without a vector."""
    (count,) = connection.execute(f"SELECT count(*) {_PENDING}", (tree,)).fetchone()
    return int(count)


def pending_chunks(connection: Connection, tree: int, limit: int) -> list[PendingChunk]:
    """Chunks without a vector, most recently touched file first."""
    rows = connection.execute(
        "SELECT chunk.key, chunk.document, start_char, end_char, symbol, entry.path"
        f" {_PENDING} ORDER BY entry.mtime_ns DESC, entry.path, chunk.id LIMIT ?",
        (tree, limit),
    ).fetchall()
    texts: dict[int, str] = {}
    pending = []
    for key, document, start, end, symbol, path in rows:
        if document not in texts:
            (stored,) = connection.execute(
                "SELECT text FROM document WHERE id = ?", (document,)
            ).fetchone()
            texts[document] = unpack_text(stored)
        pending.append(PendingChunk(key, embedded_text(path, symbol, texts[document][start:end])))
    return pending


def quantise(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Unit vectors (n, d) as int8: each component times 127, rounded. Cosine error is below .01."""
    scaled: npt.NDArray[np.int8] = np.rint(np.clip(vectors, -1, 1) * 127.0).astype(np.int8)
    return scaled


def insert_vectors(
    connection: Connection, keys: Sequence[int], vectors: npt.NDArray[np.float32]
) -> None:
    """Store unit vectors (n, d) under their keys; a key that is there already is left alone."""
    for key, row in zip(keys, quantise(vectors), strict=True):
        cursor = connection.execute("INSERT OR IGNORE INTO vector_key (key) VALUES (?)", (key,))
        if cursor.rowcount:
            connection.execute(
                "INSERT INTO vector (rowid, embedding) VALUES (?, vec_int8(?))",
                (cursor.lastrowid, row.tobytes()),
            )


def _unused(connection: Connection) -> list[int]:
    rows = connection.execute(
        "SELECT id FROM vector_key WHERE NOT EXISTS"
        " (SELECT 1 FROM chunk WHERE chunk.key = vector_key.key)"
    )
    return [number for (number,) in rows]


def too_many_unused(connection: Connection) -> bool:
    """Whether unused vectors have come to outnumber a quarter of those in use."""
    (total,) = connection.execute("SELECT count(*) FROM vector_key").fetchone()
    unused = len(_unused(connection))
    return bool(unused >= max(_MIN_UNUSED, (total - unused) // 4))


def purge_unused(connection: Connection) -> int:
    """Delete the vectors that no chunk uses; returns how many."""
    unused = _unused(connection)
    for number in unused:
        connection.execute("DELETE FROM vector WHERE rowid = ?", (number,))
        connection.execute("DELETE FROM vector_key WHERE id = ?", (number,))
    if unused:
        _next_epoch(connection)
    return len(unused)
