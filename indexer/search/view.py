"""What a shard holds, as arrays in memory: the part of a search that SQL would do row by row.

Per chunk its document, and where its vector stands; per vector 48 bytes of signs (384
dimensions), which a query is compared with in one pass (Hamming distance). The best candidates
are then compared exactly: with int8 vectors in memory as long as they are few, else as read from
sqlite-vec. 100,000 chunks take 8 MB, and 38 MB more for their vectors. A view belongs to one
generation of its shard; the next one is made from it by reading what was added.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from indexer.model import Coverage, Kind
from indexer.store.sqlite import Connection, DatabaseError
from indexer.store.vectors import EMBEDDER, EPOCH, GENERATION, IDENTITY, read_setting

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int8]

# 58 MB of 384-dimensional vectors. 400 look-ups in sqlite-vec cost 4 ms, in memory .1 ms.
MAX_CODES = 150_000


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document's path, kind and language, for filters."""

    path: str
    kind: Kind
    language: str


@dataclass(frozen=True, slots=True)
class View:
    """A shard at one generation. Row i of `chunk`, `document`, `key` and `place` is one chunk.

    `place[i]` is the row of the chunk's vector in `vector`, `bits` and `codes`, -1 where it has
    none yet; `codes` is None beyond `MAX_CODES` vectors. `coverage` and `frequency` remember what
    was counted at this generation, `shown` which documents each tree has.
    """

    identity: str
    generation: int
    epoch: str
    embedder: str
    chunk: Ints
    document: Ints
    key: Ints
    place: Ints
    vector: Ints
    vector_key: Ints
    bits: Bits
    codes: Codes | None
    documents: dict[int, DocumentRow]
    shown: dict[int, Ints] = field(default_factory=dict)
    coverage: dict[tuple[int, ...], Coverage] = field(default_factory=dict)
    frequency: dict[tuple[str, str], int] = field(default_factory=dict)

    def visible(self, trees: Sequence[int]) -> Mask:
        """Which chunks the trees show."""
        parts = [self.shown[tree] for tree in trees if tree in self.shown]
        if not parts:
            return np.zeros(len(self.chunk), dtype=np.bool_)
        return np.isin(self.document, np.concatenate(parts))


def _empty() -> View:
    none: Ints = np.empty(0, dtype=np.int64)
    bits: Bits = np.empty((0, 1), dtype=np.uint64)
    codes: Codes = np.empty((0, 0), dtype=np.int8)
    return View("", 0, "", "", none, none, none, none, none, none, bits, codes, {})


class ViewCache:
    """The newest view of a shard, shared by the threads that search it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._view: View | None = None

    def at(self, connection: Connection) -> View:
        """The view for the snapshot that `connection` reads."""
        identity = read_setting(connection, IDENTITY)
        generation = int(read_setting(connection, GENERATION) or 0)
        view = self._view
        if view is not None and (view.identity, view.generation) == (identity, generation):
            return view
        with self._lock:
            before = self._view or _empty()
            # Another file took the place of the one that was read: nothing of it stands.
            if before.identity != identity:
                before = _empty()
            if before.generation == generation and before.identity:
                return before
            # An older snapshot may ask after a newer one: keep the newer.
            if generation < before.generation:
                return _next_view(connection, identity, generation, _empty())
            self._view = _next_view(connection, identity, generation, before)
            return self._view


def _next_view(connection: Connection, identity: str, generation: int, base: View) -> View:
    epoch = read_setting(connection, EPOCH)
    embedder = read_setting(connection, EMBEDDER)
    chunk, document, key = _newer_chunks(connection, base)
    vector, vector_key, bits, codes = _newer_vectors(
        connection, base if base.epoch == epoch else _empty()
    )
    return View(
        identity=identity,
        generation=generation,
        epoch=epoch,
        embedder=embedder,
        chunk=chunk,
        document=document,
        key=key,
        place=_places(key, vector_key),
        vector=vector,
        vector_key=vector_key,
        bits=bits,
        codes=codes,
        documents=_documents(connection),
        shown=_shown(connection),
    )


def _newer_chunks(connection: Connection, base: View) -> tuple[Ints, Ints, Ints]:
    """Chunks added since `base`. Deleted ones stay in the arrays: their document shows nowhere."""
    last = int(base.chunk[-1]) if len(base.chunk) else 0
    rows = connection.execute(
        "SELECT id, document, key FROM chunk WHERE id > ? ORDER BY id", (last,)
    ).fetchall()
    added = np.array(rows, dtype=np.int64).reshape(-1, 3)
    alive = np.ones(len(base.chunk), dtype=np.bool_)
    if len(base.chunk) > 2 * max(1, _count(connection, "chunk")):
        living = np.array(connection.execute("SELECT id FROM chunk").fetchall(), dtype=np.int64)
        alive = np.isin(base.chunk, living.reshape(-1))
    return (
        np.concatenate([base.chunk[alive], added[:, 0]]),
        np.concatenate([base.document[alive], added[:, 1]]),
        np.concatenate([base.key[alive], added[:, 2]]),
    )


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _newer_vectors(connection: Connection, base: View) -> tuple[Ints, Ints, Bits, Codes | None]:
    last = int(base.vector[-1]) if len(base.vector) else 0
    keys = connection.execute(
        "SELECT id, key FROM vector_key WHERE id > ? ORDER BY id", (last,)
    ).fetchall()
    if not keys:
        return base.vector, base.vector_key, base.bits, base.codes
    stored = dict(
        connection.execute(
            "SELECT rowid, embedding FROM vector WHERE rowid > ?", (last,)
        ).fetchall()
    )
    if not all(number in stored for number, _ in keys):
        raise DatabaseError("the vectors are malformed: some that have a key are not there")
    added = np.array(keys, dtype=np.int64)
    joined = b"".join(stored[number] for number, _ in keys)
    rows = np.frombuffer(joined, dtype=np.int8).reshape(len(keys), -1)
    known = len(base.vector)
    keep = base.codes is not None and known + len(keys) <= MAX_CODES
    return (
        np.concatenate([base.vector, added[:, 0]]),
        np.concatenate([base.vector_key, added[:, 1]]),
        np.concatenate([base.bits, sign_bits(rows)]) if known else sign_bits(rows),
        (np.concatenate([base.codes, rows]) if known else rows) if keep else None,
    )


def sign_bits(rows: npt.NDArray[np.int8] | npt.NDArray[np.float32]) -> Bits:
    """The signs of (n, d) components packed into (n, d / 64) words."""
    packed = np.packbits(rows > 0, axis=1)
    padding = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, padding)))).view(np.uint64)


def _places(key: Ints, vector_key: Ints) -> Ints:
    """Where each chunk's key stands among the vectors' keys, -1 for nowhere."""
    if not len(vector_key):
        return np.full(len(key), -1, dtype=np.int64)
    order = np.argsort(vector_key)
    found = np.clip(np.searchsorted(vector_key, key, sorter=order), 0, len(order) - 1)
    place = order[found]
    return np.where(vector_key[place] == key, place, -1)


def _documents(connection: Connection) -> dict[int, DocumentRow]:
    rows = connection.execute("SELECT id, path, kind, language FROM document")
    return {
        number: DocumentRow(path, Kind(kind), language) for number, path, kind, language in rows
    }


def _shown(connection: Connection) -> dict[int, Ints]:
    trees = [number for (number,) in connection.execute("SELECT id FROM tree")]
    shown = {}
    for tree in trees:
        rows = connection.execute("SELECT document FROM entry WHERE tree = ?", (tree,)).fetchall()
        shown[tree] = np.array(rows, dtype=np.int64).reshape(-1)
    return shown


__all__ = ["Bits", "DocumentRow", "Ints", "Mask", "View", "ViewCache", "sign_bits"]
