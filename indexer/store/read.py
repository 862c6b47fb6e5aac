"""Reading what a work tree has: passages, lines of the indexed version, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.model import Coverage, Kind, Passage, SkipReason, Source
from indexer.store.documents import unpack_text
from indexer.store.sqlite import Connection

# Reasons that mean "we tried and could not", told apart from those that mean "not wanted".
FAILED = (SkipReason.UNREADABLE, SkipReason.EXTRACTION_FAILED)


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Where a chunk stands, and which tree (`tree` numbers the source) shows it."""

    id: int
    document: int
    tree: int
    path: str
    start_line: int
    end_line: int
    start_char: int
    end_char: int
    symbol: str
    defines: frozenset[str]
    kind: Kind
    language: str
    blob: bytes


def marks(values: Sequence[object]) -> str:
    """Placeholders for an SQL list."""
    return ",".join("?" * len(values))


def read_chunks(
    connection: Connection, trees: Sequence[int], chunks: Sequence[int]
) -> dict[int, ChunkRow]:
    """The named chunks as far as the trees show them, by id."""
    rows = connection.execute(
        "SELECT chunk.id, chunk.document, (SELECT min(tree) FROM entry"
        f" WHERE entry.document = chunk.document AND tree IN ({marks(trees)})) AS shown, path,"
        " start_line, end_line, start_char, end_char, symbol, defines, kind, language, blob"
        " FROM chunk JOIN document ON document.id = chunk.document"
        f" WHERE chunk.id IN ({marks(chunks)}) AND shown IS NOT NULL",
        (*trees, *chunks),
    )
    return {row[0]: _chunk_row(*row) for row in rows}


def _chunk_row(*row: Any) -> ChunkRow:
    defines, kind = frozenset(row[9].split()), Kind(row[10])
    return ChunkRow(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8],
        defines, kind, row[11], row[12],
    )  # fmt: skip


def first_chunks(connection: Connection, documents: Sequence[int]) -> list[int]:
    """The first chunk of each document that has any."""
    rows = connection.execute(
        f"SELECT min(id) FROM chunk WHERE document IN ({marks(documents)}) GROUP BY document",
        documents,
    )
    return [number for (number,) in rows]


def read_text(connection: Connection, document: int) -> str:
    """The (redacted) text of a document."""
    (stored,) = connection.execute("SELECT text FROM document WHERE id = ?", (document,)).fetchone()
    return unpack_text(stored)


def read_lines(connection: Connection, tree: int, path: str, start: int, end: int) -> str | None:
    """Lines `start` to `end` of the version that the tree has; None when they do not exist."""
    row = connection.execute(
        "SELECT text FROM document JOIN entry ON entry.document = document.id"
        " WHERE entry.tree = ? AND entry.path = ?",
        (tree, path),
    ).fetchone()
    if row is None or start < 1 or end < start:
        return None
    lines = unpack_text(row[0]).split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return None if end > len(lines) else "\n".join(lines[start - 1 : end])


def read_manifest(connection: Connection, tree: int) -> dict[str, int]:
    """The paths of a tree, each with the number of the document it shows."""
    rows = connection.execute("SELECT path, document FROM entry WHERE tree = ?", (tree,))
    return dict(rows.fetchall())


def read_commit(connection: Connection, tree: int, sha: str) -> str | None:
    """The stored text of a commit that the tree's HEAD reaches; `sha` may be abbreviated."""
    row = connection.execute(
        "SELECT text FROM history JOIN reachable ON reachable.history = history.id"
        " WHERE tree = ? AND sha >= ? AND sha < ? LIMIT 1",
        (tree, sha, sha + "g"),
    ).fetchone()
    return str(row[0]) if row else None


def read_coverage(connection: Connection, trees: Sequence[int]) -> Coverage:
    """Files and commits stored for some trees; chunks and vectors are counted by the `View`."""

    among = f"WHERE tree IN ({marks(trees)})"

    def count(table: str, condition: str = "", values: Sequence[object] = ()) -> int:
        row = connection.execute(
            f"SELECT count(*) FROM {table} {among} {condition}", (*trees, *values)
        ).fetchone()
        return int(row[0])

    failed = count("skip", f"AND reason IN ({marks(FAILED)})", FAILED)
    return Coverage(
        indexed=count("entry"),
        commits=count("reachable"),
        skipped=count("skip") - failed,
        failed=failed,
    )


def passage(source: Source, row: ChunkRow, text: str, **measures: float | None) -> Passage:
    """A chunk row with its text and scores as a search hit."""
    return Passage(
        source=source.id,
        source_name=source.name,
        path=row.path,
        start_line=row.start_line,
        end_line=row.end_line,
        symbol=row.symbol,
        kind=row.kind,
        language=row.language,
        score=measures.get("score") or 0.0,
        text=text,
        blob=row.blob.hex(),
        cosine=measures.get("cosine"),
        bm25=measures.get("bm25"),
    )
