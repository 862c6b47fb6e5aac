"""The legs: each finds its best candidates in one shard and gives them its own measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from indexer.lexical import match_any
from indexer.search.query import Vector
from indexer.search.view import Codes, Ints, Mask, View, sign_bits
from indexer.store.sqlite import Connection

# How many candidates a leg brings to the fusion.
DEPTH: Final = 50
# How many candidates by sign bits are compared exactly. See docs/decisions for the recall.
RESCORED: Final = 400
_BATCH: Final = 256
# How many terms' counts are remembered: some hundred kilobytes.
_MAX_COUNTS: Final = 4096

# Columns path, symbol, body. The path's weight is worth .03 recall@5 over six repositories.
_CHUNK_RANK: Final = "bm25(4.0, 1.0, 1.0)"
_FILE_RANK: Final = "bm25(4.0, 1.0)"
_HISTORY_RANK: Final = "bm25(3.0, 1.0, 1.0)"


def chunk_words(
    connection: Connection, view: View, allowed: Mask, terms: Sequence[str], depth: int = DEPTH
) -> dict[int, float]:
    """BM25 over chunks: chunk id -> score, higher is better."""
    found: dict[int, float] = {}
    for ids, scores in _ranked(connection, "chunk_words", _CHUNK_RANK, terms):
        _keep(found, ids, scores, _allowed(view, allowed, ids), depth)
        if len(found) >= depth:
            break
    return found


def telling(
    connection: Connection, view: View, table: str, terms: Sequence[str], rows: int
) -> list[str]:
    """The terms less those that most of the table's `rows` hold.

    FTS5 gives a term of more than half of the rows a weight of 1e-6, yet looks at every row that
    holds it. Where all terms are of that kind, all are kept.
    """
    counts = term_frequency(connection, view, terms, table)
    return [term for term in terms if counts[term] <= rows / 2] or list(terms)


def definitions(
    connection: Connection, view: View, allowed: Mask, names: Sequence[str], depth: int = DEPTH
) -> list[int]:
    """Chunks whose symbol or definitions hold one of the names, however often others use it."""
    if not names:
        return []
    rows = connection.execute(
        "SELECT rowid FROM chunk_words WHERE chunk_words MATCH ? ORDER BY rank LIMIT ?",
        (f"symbol : ({match_any(names)})", 4 * depth),
    ).fetchall()
    ids = np.array(rows, dtype=np.int64).reshape(-1)
    return [int(number) for number in ids[_allowed(view, allowed, ids)][:depth]]


def file_words(
    connection: Connection, documents: Ints, terms: Sequence[str], depth: int = DEPTH
) -> dict[int, float]:
    """BM25 over whole files, as far as they are among `documents`: document id -> score."""
    return _restricted(connection, "file_words", _FILE_RANK, terms, documents, depth)


def history_words(
    connection: Connection, commits: Ints, terms: Sequence[str], depth: int = DEPTH
) -> dict[int, float]:
    """BM25 over commits, as far as they are among `commits`: history id -> score."""
    return _restricted(connection, "history_words", _HISTORY_RANK, terms, commits, depth)


def _allowed(view: View, allowed: Mask, ids: Ints) -> Mask:
    """Which of the chunk ids are in the view and allowed there."""
    if not len(view.chunk) or not len(ids):
        return np.zeros(len(ids), dtype=np.bool_)
    places = np.minimum(np.searchsorted(view.chunk, ids), len(view.chunk) - 1)
    return np.asarray((view.chunk[places] == ids) & allowed[places], dtype=np.bool_)


def _restricted(
    connection: Connection, table: str, rank: str, terms: Sequence[str], among: Ints, depth: int
) -> dict[int, float]:
    found: dict[int, float] = {}
    for ids, scores in _ranked(connection, table, rank, terms):
        _keep(found, ids, scores, np.isin(ids, among), depth)
        if len(found) >= depth:
            break
    return found


def _keep(found: dict[int, float], ids: Ints, scores: list[float], good: Mask, depth: int) -> None:
    for place in np.flatnonzero(good)[: depth - len(found)]:
        found[int(ids[place])] = scores[place]


def _ranked(
    connection: Connection, table: str, rank: str, terms: Sequence[str]
) -> Iterator[tuple[Ints, list[float]]]:
    """Matches of any term, best first, in batches: as many are read as the filters make needed."""
    if not terms:
        return
    cursor = connection.execute(
        f"SELECT rowid, rank FROM {table} WHERE {table} MATCH ? AND rank MATCH ? ORDER BY rank",
        (match_any(terms), rank),
    )
    try:
        while rows := cursor.fetchmany(_BATCH):
            yield np.array([row[0] for row in rows], dtype=np.int64), [-row[1] for row in rows]
    finally:
        cursor.close()


def nearest(
    connection: Connection, view: View, allowed: Mask, vector: Vector, depth: int = DEPTH
) -> dict[int, float]:
    """Chunks nearest to a unit vector: chunk id -> cosine similarity.

    Candidates by the Hamming distance of sign bits, then exact cosines from sqlite-vec.
    """
    rows = np.flatnonzero(allowed & (view.place >= 0))
    if not len(rows):
        return {}
    asked = sign_bits(vector[None, :])
    distance = np.bitwise_count(view.bits[view.place[rows]] ^ asked).sum(axis=1, dtype=np.uint16)
    wanted = min(RESCORED, len(rows))
    best = rows[np.argpartition(distance, wanted - 1)[:wanted]]
    places = view.place[best]
    codes = _stored(connection, view.vector[places]) if view.codes is None else view.codes[places]
    cosines = _cosines(codes, vector)
    order = np.argsort(-cosines, kind="stable")[:depth]
    return {int(view.chunk[best[i]]): float(cosines[i]) for i in order}


def _stored(connection: Connection, numbers: Ints) -> Codes:
    """Stored vectors in the order of `numbers`.

    One look-up each: sqlite-vec answers a list of row ids ten times slower.
    """
    statement = "SELECT embedding FROM vector WHERE rowid = ?"
    rows = [connection.execute(statement, (int(number),)).fetchone()[0] for number in numbers]
    return np.frombuffer(b"".join(rows), dtype=np.int8).reshape(len(rows), -1)


def _cosines(codes: Codes, vector: Vector) -> npt.NDArray[np.float32]:
    """Similarities of int8 vectors (n, d) with a unit vector (d,)."""
    rows = codes.astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return np.asarray(rows @ vector, dtype=np.float32)


def term_frequency(
    connection: Connection, view: View, terms: Sequence[str], table: str = "chunk_words"
) -> dict[str, int]:
    """In how many chunks (or rows of another table of words) of the shard each term occurs."""
    statement = f"SELECT count(*) FROM {table} WHERE {table} MATCH ?"
    counts = {}
    for term in terms:
        known = view.frequency.get((table, term))
        if known is None:
            if len(view.frequency) >= _MAX_COUNTS:
                view.frequency.clear()
            known = int(connection.execute(statement, (match_any([term]),)).fetchone()[0])
            view.frequency[table, term] = known
        counts[term] = known
    return counts
