"""The commit leg: found by words alone, and put among passages by a share of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from indexer.model import Kind, Passage, Source
from indexer.search import legs
from indexer.search.filters import allowed_commits
from indexer.search.query import Query
from indexer.store.read import marks
from indexer.store.sqlite import Connection

# A commit is found by words alone, so it can score what a passage can score without vectors.
_SHARE: Final = 0.6


def find_commits(
    connection: Connection, trees: Mapping[int, Source], query: Query, terms: Sequence[str]
) -> list[Passage]:
    """The best commits of one shard; `bm25` holds their measure, `score` is not set yet."""
    numbers = list(trees)
    among = allowed_commits(connection, numbers, query)
    found = legs.history_words(connection, among, terms, max(query.k, legs.DEPTH))
    return [_commit(connection, trees, number, score) for number, score in found.items()]


def _commit(
    connection: Connection, trees: Mapping[int, Source], number: int, score: float
) -> Passage:
    sha, time, text, tree = connection.execute(
        "SELECT sha, time, text, min(tree) FROM history JOIN reachable ON history = id"
        f" WHERE id = ? AND tree IN ({marks(list(trees))})",
        (number, *trees),
    ).fetchone()
    source = trees[tree]
    return Passage(
        source=source.id,
        source_name=source.name,
        path="",
        start_line=0,
        end_line=0,
        symbol=text.split("\n", 1)[0],
        kind=Kind.COMMIT,
        language="",
        score=0.0,
        text=text,
        blob=sha,
        commit=sha,
        time=time,
        bm25=score,
    )


def with_commits(passages: list[Passage], commits: Iterable[Passage]) -> list[Passage]:
    """Passages and commits, best first; the best commit gets the whole share."""
    found = list(commits)
    if not found:
        return passages
    best = max(commit.bm25 or 0.0 for commit in found) or 1.0
    scored = [replace(commit, score=_SHARE * (commit.bm25 or 0.0) / best) for commit in found]
    return sorted([*passages, *scored], key=lambda passage: -passage.score)
