"""Writing documents and the manifest of a work tree. Every function runs inside a transaction."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.identity import PIPELINE
from indexer.model import FileState, Skip, SkipReason
from indexer.store.sqlite import Connection, DatabaseError
from indexer.store.words import delete_words

if TYPE_CHECKING:
    from indexer.prepare import PreparedDocument

# Level 1 costs a third of level 6's time and comes within 10 % of its size on source code.
_ZLIB_LEVEL = 1


def pack_text(text: str) -> bytes:
    """A document's text as it is stored."""
    return zlib.compress(text.encode("utf-8"), _ZLIB_LEVEL)


def unpack_text(stored: bytes) -> str:
    """The inverse of `pack_text`. A text that fails its checksum is a damaged database."""
    try:
        return zlib.decompress(stored).decode("utf-8")
    except (zlib.error, UnicodeDecodeError) as error:
        raise DatabaseError(f"a stored text is malformed: {error}") from error


def find_document(connection: Connection, path: str, blob: bytes) -> int | None:
    """The id of a document that is stored already with this content at this path."""
    row = connection.execute(
        "SELECT id FROM document WHERE path = ? AND blob = ? AND pipeline = ?",
        (path, blob, PIPELINE),
    ).fetchone()
    return int(row[0]) if row else None


def insert_document(connection: Connection, document: PreparedDocument) -> int:
    """Store a document with its chunks and words; returns its id."""
    cursor = connection.execute(
        "INSERT INTO document (path, blob, pipeline, kind, language, size, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            document.path,
            document.blob,
            PIPELINE,
            document.kind,
            document.language,
            len(document.text),
            pack_text(document.text),
        ),
    )
    number = int(cursor.lastrowid or 0)
    _insert_chunks(connection, number, document)
    connection.execute(
        "INSERT INTO file_words (rowid, path, body) VALUES (?, ?, ?)",
        (number, document.path_words, " ".join(piece.body_words for piece in document.chunks)),
    )
    return number


def _insert_chunks(connection: Connection, number: int, document: PreparedDocument) -> None:
    for piece in document.chunks:
        chunk = piece.chunk
        cursor = connection.execute(
            "INSERT INTO chunk (document, start_line, end_line, start_char, end_char,"
            " symbol, defines, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                chunk.start_line,
                chunk.end_line,
                piece.start_char,
                piece.end_char,
                chunk.symbol,
                " ".join(chunk.defines),
                piece.key,
            ),
        )
        connection.execute(
            "INSERT INTO chunk_words (rowid, path, symbol, body) VALUES (?, ?, ?, ?)",
            (cursor.lastrowid, document.path_words, piece.symbol_words, piece.body_words),
        )


def delete_if_unused(connection: Connection, number: int) -> None:
    """Delete a document that no work tree has any more. Its vectors stay until they are purged."""
    used = connection.execute(
        "SELECT 1 FROM entry WHERE document = ? LIMIT 1", (number,)
    ).fetchone()
    if used:
        return
    chunks = connection.execute("SELECT id FROM chunk WHERE document = ?", (number,)).fetchall()
    delete_words(connection, "chunk_words", [chunk for (chunk,) in chunks])
    delete_words(connection, "file_words", [number])
    connection.execute("DELETE FROM chunk WHERE document = ?", (number,))
    connection.execute("DELETE FROM document WHERE id = ?", (number,))


def set_entry(
    connection: Connection, tree: int, path: str, document: int, state: FileState
) -> None:
    """Say that the work tree has this document at `path`; what it had there before is released."""
    before = connection.execute(
        "SELECT document FROM entry WHERE tree = ? AND path = ?", (tree, path)
    ).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO entry (tree, path, document, size, mtime_ns, ctime_ns, inode)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (tree, path, document, state.size, state.mtime_ns, state.ctime_ns, state.inode),
    )
    connection.execute("DELETE FROM skip WHERE tree = ? AND path = ?", (tree, path))
    if before and before[0] != document:
        delete_if_unused(connection, int(before[0]))


def drop_entry(connection: Connection, tree: int, path: str) -> None:
    """Say that the work tree has nothing indexed at `path`."""
    before = connection.execute(
        "SELECT document FROM entry WHERE tree = ? AND path = ?", (tree, path)
    ).fetchone()
    if before is None:
        return
    connection.execute("DELETE FROM entry WHERE tree = ? AND path = ?", (tree, path))
    delete_if_unused(connection, int(before[0]))


def set_skip(connection: Connection, tree: int, skip: Skip) -> None:
    """Record why a file is not indexed, in place of whatever was known of it."""
    drop_entry(connection, tree, skip.path)
    state = skip.state
    connection.execute(
        "INSERT OR REPLACE INTO skip (tree, path, reason, detail, size, mtime_ns, ctime_ns, inode)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            tree,
            skip.path,
            skip.reason,
            skip.detail,
            state.size if state else None,
            state.mtime_ns if state else None,
            state.ctime_ns if state else None,
            state.inode if state else None,
        ),
    )


def drop_skip(connection: Connection, tree: int, path: str) -> None:
    """Forget a recorded skip."""
    connection.execute("DELETE FROM skip WHERE tree = ? AND path = ?", (tree, path))


def read_entries(connection: Connection, tree: int) -> dict[str, FileState]:
    """The manifest of a work tree: what was on disk when each indexed file was read.

    A file that an older pipeline prepared comes with a state that no file has: read it again.
    """
    rows = connection.execute(
        "SELECT entry.path, entry.size, mtime_ns, ctime_ns,"
        " CASE WHEN pipeline = ? THEN inode ELSE -1 END"
        " FROM entry JOIN document ON document.id = entry.document WHERE tree = ?",
        (PIPELINE, tree),
    )
    return {path: FileState(size, mtime, ctime, inode) for path, size, mtime, ctime, inode in rows}


def read_skips(connection: Connection, tree: int) -> Iterator[Skip]:
    """The recorded skips of a work tree, by path."""
    rows = connection.execute(
        "SELECT path, reason, detail, size, mtime_ns, ctime_ns, inode FROM skip"
        " WHERE tree = ? ORDER BY path",
        (tree,),
    )
    for path, reason, detail, size, mtime, ctime, inode in rows:
        state = None if size is None else FileState(size, mtime, ctime, inode)
        yield Skip(path, SkipReason(reason), detail, state)


def find_tree(connection: Connection, source: str) -> int | None:
    """The number of a source in this shard, None while it has none."""
    row = connection.execute("SELECT id FROM tree WHERE source = ?", (source,)).fetchone()
    return int(row[0]) if row else None


def tree_id(connection: Connection, source: str) -> int:
    """The number of a source in this shard, made when it is new."""
    connection.execute("INSERT OR IGNORE INTO tree (source) VALUES (?)", (source,))
    (number,) = connection.execute("SELECT id FROM tree WHERE source = ?", (source,)).fetchone()
    return int(number)


def is_complete(connection: Connection, tree: int) -> bool:
    """Whether all of a work tree was looked at, and by today's pipeline."""
    (pipeline,) = connection.execute("SELECT complete FROM tree WHERE id = ?", (tree,)).fetchone()
    return bool(pipeline == PIPELINE)


def set_complete(connection: Connection, tree: int) -> None:
    """Say that all of a work tree was looked at."""
    connection.execute("UPDATE tree SET complete = ? WHERE id = ?", (PIPELINE, tree))


def drop_tree(connection: Connection, tree: int) -> None:
    """Forget a work tree and every document and commit that no other one has."""
    documents = connection.execute("SELECT document FROM entry WHERE tree = ?", (tree,)).fetchall()
    connection.execute("DELETE FROM entry WHERE tree = ?", (tree,))
    for (number,) in documents:
        delete_if_unused(connection, number)
    connection.execute("DELETE FROM skip WHERE tree = ?", (tree,))
    connection.execute("DELETE FROM reachable WHERE tree = ?", (tree,))
    connection.execute("DELETE FROM tree WHERE id = ?", (tree,))
