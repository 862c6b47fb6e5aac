"""Commits in the store: their text, their words, and which work tree's HEAD reaches them.

Commits have no vectors: their subjects and paths are words that people search for as words, and
embedding a long history would cost more than embedding the code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from indexer.store.sqlite import Connection

if TYPE_CHECKING:
    from indexer.prepare import PreparedCommit
from indexer.store.words import delete_words


def insert_commit(connection: Connection, tree: int, commit: PreparedCommit) -> None:
    """Store a commit, if no other work tree brought it, and say that this one reaches it."""
    row = connection.execute("SELECT id FROM history WHERE sha = ?", (commit.sha,)).fetchone()
    number = int(row[0]) if row else _insert_text(connection, commit)
    connection.execute(
        "INSERT OR IGNORE INTO reachable (tree, history) VALUES (?, ?)", (tree, number)
    )


def _insert_text(connection: Connection, commit: PreparedCommit) -> int:
    cursor = connection.execute(
        "INSERT INTO history (sha, time, text) VALUES (?, ?, ?)",
        (commit.sha, commit.time, commit.text),
    )
    number = int(cursor.lastrowid or 0)
    connection.execute(
        "INSERT INTO history_words (rowid, subject, body, paths) VALUES (?, ?, ?, ?)",
        (number, commit.subject_words, commit.body_words, commit.path_words),
    )
    return number


def known_commits(connection: Connection, tree: int) -> set[str]:
    """The commits that are recorded as reachable from this work tree's HEAD."""
    rows = connection.execute(
        "SELECT sha FROM reachable JOIN history ON history.id = reachable.history WHERE tree = ?",
        (tree,),
    )
    return {sha for (sha,) in rows}


def adopt_commits(connection: Connection, tree: int, shas: Iterable[str]) -> set[str]:
    """Mark stored commits as reachable from this work tree too; returns those it had to leave."""
    missing = set()
    for sha in shas:
        row = connection.execute("SELECT id FROM history WHERE sha = ?", (sha,)).fetchone()
        if row is None:
            missing.add(sha)
            continue
        connection.execute(
            "INSERT OR IGNORE INTO reachable (tree, history) VALUES (?, ?)", (tree, row[0])
        )
    return missing


def forget_commits(connection: Connection, tree: int, shas: Iterable[str]) -> None:
    """Say that HEAD no longer reaches these commits (a rebase, an amend, another branch)."""
    for sha in shas:
        connection.execute(
            "DELETE FROM reachable WHERE tree = ? AND history ="
            " (SELECT id FROM history WHERE sha = ?)",
            (tree, sha),
        )


def delete_unreachable(connection: Connection) -> None:
    """Delete the commits that no work tree reaches any more."""
    rows = connection.execute(
        "SELECT id FROM history WHERE id NOT IN (SELECT history FROM reachable)"
    ).fetchall()
    delete_words(connection, "history_words", [number for (number,) in rows])
    for (number,) in rows:
        connection.execute("DELETE FROM history WHERE id = ?", (number,))


def forget_everywhere(connection: Connection, shas: Iterable[str]) -> None:
    """Let every work tree forget these commits, so that their text is made anew.

    The texts themselves go with `delete_unreachable`.
    """
    for sha in shas:
        connection.execute(
            "DELETE FROM reachable WHERE history = (SELECT id FROM history WHERE sha = ?)", (sha,)
        )


def completed(connection: Connection, tree: int) -> str:
    """What was last completed for this work tree, as `set_completed` was told; "" for nothing."""
    return str(connection.execute("SELECT head FROM tree WHERE id = ?", (tree,)).fetchone()[0])


def set_completed(connection: Connection, tree: int, aim: str) -> None:
    """Say what is complete: all commits of a HEAD, in the manner in which they are told."""
    connection.execute("UPDATE tree SET head = ? WHERE id = ?", (aim, tree))
