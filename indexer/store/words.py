"""Deleting rows of the word tables, together with their share in what BM25 divides by.

An FTS5 table without content (`contentless_delete`) forgets a deleted row's words, but goes on
counting the row and its tokens, so that every edit of a file would make all words look rarer than
they are. The counts are one record of the table `…_data`: the number of rows, then the tokens of
each column, as SQLite's variable-length integers (https://sqlite.org/fts5.html, section 9).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from indexer.store.sqlite import Connection

TABLES: Final = ("chunk_words", "file_words", "history_words")
_COUNTS: Final = 1
_LONGEST: Final = 9


def delete_words(connection: Connection, table: str, rows: Iterable[int]) -> None:
    """Delete rows of one of `TABLES`, inside a transaction."""
    gone: list[list[int]] = []
    for row in rows:
        stored = connection.execute(
            f"SELECT sz FROM {table}_docsize WHERE id = ?", (row,)
        ).fetchone()
        if stored is not None:
            gone.append([1, *_decoded(stored[0])])
            connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,))
    if gone:
        _subtract(connection, table, [sum(column) for column in zip(*gone, strict=True)])


def counted(connection: Connection, table: str) -> list[int]:
    """What BM25 divides by: the number of rows, and the tokens of each column."""
    stored = connection.execute(
        f"SELECT block FROM {table}_data WHERE id = ?", (_COUNTS,)
    ).fetchone()
    return _decoded(stored[0])


def _subtract(connection: Connection, table: str, gone: Sequence[int]) -> None:
    # FTS5 holds its counts in memory during a transaction; a savepoint makes it write them.
    connection.execute("SAVEPOINT counts")
    left = [before - less for before, less in zip(counted(connection, table), gone, strict=True)]
    connection.execute(
        f"UPDATE {table}_data SET block = ? WHERE id = ?",
        (b"".join(map(_encoded, left)), _COUNTS),
    )
    connection.execute("RELEASE counts")


def _decoded(stored: bytes) -> list[int]:
    """SQLite's varints: seven bits a byte, the highest first; a ninth byte has all eight."""
    numbers: list[int] = []
    value = length = 0
    for byte in stored:
        length += 1
        if length == _LONGEST:
            numbers.append(value << 8 | byte)
        elif byte & 0x80:
            value = value << 7 | byte & 0x7F
            continue
        else:
            numbers.append(value << 7 | byte)
        value = length = 0
    return numbers


def _encoded(number: int) -> bytes:
    """The varint of a number below 2**56: more tokens than any disk holds."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(number & 0x7F | 0x80)
    return bytes(reversed(parts))
