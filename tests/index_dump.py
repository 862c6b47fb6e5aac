"""What an index says of a source, in a form in which two indexes can be compared."""

from typing import Any

from indexer.index import Index
from indexer.model import Kind, SourceId
from indexer.search.query import Query
from indexer.store.words import TABLES, counted

QUERIES = ("alpha", "retries words", "gamma beta", "function return", "line", "title below")


def dump(index: Index, source: SourceId) -> dict[str, Any]:
    """Manifest, texts, chunks, vectors, skips, and what searches answer, scores included."""
    shard, _ = index._shard(source)
    with shard.reading() as connection:
        if connection is None:
            return {}
        tree = connection.execute("SELECT id FROM tree WHERE source = ?", (source,)).fetchone()[0]
        files = connection.execute(
            "SELECT entry.path, blob, kind, language, text FROM entry"
            " JOIN document ON document.id = entry.document WHERE tree = ? ORDER BY 1",
            (tree,),
        ).fetchall()
        chunks = connection.execute(
            "SELECT entry.path, start_line, end_line, start_char, end_char, symbol, defines,"
            " EXISTS (SELECT 1 FROM vector_key WHERE vector_key.key = chunk.key)"
            " FROM entry JOIN chunk ON chunk.document = entry.document WHERE tree = ?"
            " ORDER BY 1, 4",
            (tree,),
        ).fetchall()
        orphans = connection.execute(
            "SELECT count(*) FROM document WHERE id NOT IN (SELECT document FROM entry)"
        ).fetchone()
        commits = connection.execute(
            "SELECT sha, text FROM history JOIN reachable ON history.id = history"
            " WHERE tree = ? ORDER BY sha",
            (tree,),
        ).fetchall()
        # A table that was emptied counts zeros, one that never held a row counts nothing.
        statistics = {table: [n for n in counted(connection, table) if n] for table in TABLES}
    skips = [(skip.path, skip.reason, skip.detail) for skip in index.skips(source)]
    return {
        "files": files,
        "chunks": chunks,
        "orphans": orphans,
        "commits": commits,
        "statistics": statistics,
        "skips": skips,
        "answers": {query: answers(index, source, query) for query in QUERIES},
    }


def answers(index: Index, source: SourceId, text: str) -> list[tuple[Any, ...]]:
    """The passages of a search, with rounded scores."""
    kinds = frozenset({Kind.CODE, Kind.DOCUMENT, Kind.COMMIT})
    result = index.search(Query(text, (source,), k=30, kinds=kinds))
    return [
        (p.path, p.start_line, p.end_line, p.commit, round(p.score, 6), p.text)
        for p in result.passages
    ]
