"""Filters: which documents and commits of a shard a query may answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from indexer.model import Kind, Source
from indexer.search.query import Query, glob_pattern
from indexer.search.view import Ints, View
from indexer.store.read import marks
from indexer.store.sqlite import Connection


def allowed_documents(
    connection: Connection, view: View, trees: Mapping[int, Source], query: Query
) -> Ints:
    """The documents that the trees show and the filters let through."""
    accept = _document_filter(query)
    parts = []
    for tree, source in trees.items():
        shown = view.shown.get(tree)
        if shown is None:
            continue
        prefix = query.prefix.get(source.id, "").strip("/")
        if query.since:
            shown = _touched_since(connection, tree, query.since)
        if accept is None and not prefix:
            parts.append(shown)
            continue
        kept = [
            number
            for number in shown.tolist()
            if _below(view.documents[number].path, prefix)
            and (accept is None or accept(view, number))
        ]
        parts.append(np.array(kept, dtype=np.int64))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(prefix + "/")


def _touched_since(connection: Connection, tree: int, since: int) -> Ints:
    rows = connection.execute(
        "SELECT document FROM entry WHERE tree = ? AND mtime_ns >= ?", (tree, since * 10**9)
    ).fetchall()
    return np.array(rows, dtype=np.int64).reshape(-1)


def _document_filter(query: Query) -> Callable[[View, int], bool] | None:
    pattern = glob_pattern(query.path_glob) if query.path_glob else None
    language = query.language.lower()
    every_kind = {Kind.CODE, Kind.DOCUMENT} <= query.kinds
    if pattern is None and not language and every_kind:
        return None

    def accept(view: View, number: int) -> bool:
        row = view.documents[number]
        return (
            (every_kind or row.kind in query.kinds)
            and (not language or row.language == language)
            and (pattern is None or pattern.match(row.path) is not None)
        )

    return accept


def allowed_commits(connection: Connection, trees: Sequence[int], query: Query) -> Ints:
    """The commits that the trees' HEADs reach and the filters let through.

    A commit passes a path filter when it touched such a path, a language filter never.
    """
    if query.language:
        return np.empty(0, dtype=np.int64)
    tail = f"WHERE tree IN ({marks(trees)})"
    if not query.path_glob and not query.since:
        rows = connection.execute(f"SELECT DISTINCT history FROM reachable {tail}", trees)
        return np.array(rows.fetchall(), dtype=np.int64).reshape(-1)
    pattern = glob_pattern(query.path_glob or "*")
    rows = connection.execute(
        f"SELECT DISTINCT id, text FROM history JOIN reachable ON history = id {tail}"
        " AND time >= ?",
        (*trees, query.since),
    )
    kept = [
        number
        for number, text in rows
        if not query.path_glob or any(pattern.match(line) for line in text.split("\n")[2:])
    ]
    return np.array(kept, dtype=np.int64)
